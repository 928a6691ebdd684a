"""`fluxcd-mcp record`: what it writes, that answers from it are those of the cluster, and that it is whole or not there."""

import errno
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import TextContent
from typer.testing import CliRunner, Result

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS
from flux_mcp.cli import app
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from flux_mcp.kubectl.connect import connect
from flux_mcp.kubectl.live import LiveKubectl
from flux_mcp.kubectl.replay import RecordedKubectl
from flux_mcp.recording.record import MANAGED
from flux_mcp.sanitize.project import project
from flux_mcp.server import build
from flux_mcp.settings import Access, Settings
from tests.support.arguments import Named, few, just_one
from tests.support.fake import FIXTURES, FakeKubectl, a_list, in_process
from tests.support.items import item
from tests.support.stdio import PATIENCE, soon
from tests.support.warm import Process

STAGING = FIXTURES / "staging"
OBJECTS = [
    Named("Kustomization", "flux-system", "apps"),
    Named("HelmRelease", "podinfo", "podinfo"),
    Named("Deployment", "apps", "payments"),
    Named("GitRepository", "flux-system", "private-repo"),
]
NOT_COMPARED = frozenset({"get_kubeconfig_contexts", "get_kubernetes_logs"})
"""The kubeconfig and what containers print are not recorded."""


@pytest.fixture
def staging(fake: FakeKubectl) -> Iterator[FakeKubectl]:
    """A kubectl that serves the recording staging."""
    fake.holds(STAGING)
    with in_process(fake):
        yield fake


@dataclass(frozen=True)
class Recorded:
    """A record of the recording staging that several tests look at."""

    folder: Path
    fake: FakeKubectl
    result: Result


def a_record(folder: Path, *flags: str, source: Path = STAGING) -> Recorded:
    fake = FakeKubectl(folder / "fake")
    fake.holds(source)
    with in_process(fake):
        return Recorded(folder / "rec", fake, record(folder / "rec", f"--kubectl={fake.path}", *flags))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return a_record(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def two_namespaces(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return a_record(tmp_path_factory.mktemp("two"), "--namespace=apps", "--namespace=podinfo")


def record(folder: Path, *flags: str) -> Result:
    return CliRunner(env={"TYPER_USE_RICH": "0", "NO_COLOR": "1"}).invoke(app, ["record", str(folder), *flags])


def about(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "recording.json").read_text())
    return told


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if "rec" in path.name]


class Still:
    """A kubectl for which time stands still, so that ages are those of a recording."""

    def __init__(self, kubectl: LiveKubectl, moment: datetime) -> None:
        self._kubectl, self._moment = kubectl, moment

    def moment(self, context: str | None) -> datetime:
        return self._moment

    def impersonated(self, context: str | None) -> str | None:
        return self._kubectl.impersonated(context)

    async def run(self, command: Command, context: str | None = None) -> Output:
        return await self._kubectl.run(command, context)


async def answers(
    server: Any, how: Any = just_one, objects: Sequence[Named] = OBJECTS, only: str = ""
) -> dict[str, list[str]]:
    """What each reading tool answers, or one of them, line by line, without the first."""
    heard = {}
    async with Client(server) as client:
        for tool in (await client.list_tools()).tools:
            schema = {**tool.input_schema, "properties": dict(tool.input_schema["properties"])}
            if (
                tool.name in NOT_COMPARED
                or only not in {"", tool.name}
                or not (tool.annotations and tool.annotations.read_only_hint)
            ):
                continue
            for arguments in how(schema, objects):
                result = await client.call_tool(tool.name, arguments)
                text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
                # A recording knows of a refusal only how it was refused the list; which verb and where differs.
                refused = re.sub(r"^(Forbidden: \S+ may not ).*", r"\1", text)
                lines = [refused] if result.is_error else text.splitlines()[1:]
                heard[f"{tool.name} {json.dumps(arguments)}"] = lines
    return heard


def compare(kubectl: LiveKubectl, settings: Settings, folder: Path, how: Any = just_one) -> None:
    """Every reading tool answers the same from the recording as from what was recorded."""
    recorded = Settings(recording=folder)
    live = build(Still(kubectl, RecordedKubectl(folder).moment()), settings)
    from_files = anyio.run(answers, build(connect(recorded), recorded), how)
    assert from_files == anyio.run(answers, live, how)
    assert any(from_files.values())


def test_every_reading_tool_answers_the_same_from_what_was_recorded(whole: Recorded) -> None:
    # A pinned context, as a recording is: the tools then have the same parameters.
    settings = Settings(kubectl=str(whole.fake.path), access=Access(context="dev"))
    compare(whole.fake.connect(settings), settings, whole.folder, few)


@pytest.fixture(scope="module")
def of_after(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A record of a cluster that tells who owns which fields, compared with what was recorded before."""
    folder = tmp_path_factory.mktemp("after")
    return a_record(folder, f"--compare-to={FIXTURES / 'before'}", source=FIXTURES / "after")


def test_changes_are_the_same_from_what_was_recorded(of_after: Recorded, tmp_path: Path) -> None:
    settings = Settings(kubectl=str(of_after.fake.path), access=Access(context="dev"))
    # Its moment is that of the changes: whoever runs this later looks back as far.
    folder = tmp_path / of_after.folder.name
    shutil.copytree(of_after.folder, folder)
    about = json.loads((folder / "recording.json").read_text())
    about["recordedAt"] = json.loads((FIXTURES / "after" / "recording.json").read_text())["recordedAt"]
    (folder / "recording.json").write_text(json.dumps(about))
    recorded = Settings(recording=folder)
    kubectl = of_after.fake.connect(settings)
    live = build(Still(kubectl, RecordedKubectl(folder).moment()), settings)
    from_files = anyio.run(answers, build(connect(recorded), recorded), few, OBJECTS, "get_flux_changes")
    assert from_files == anyio.run(answers, live, few, OBJECTS, "get_flux_changes")
    assert "suspended by kubectl-patch" in str(from_files)
    for kind in MANAGED:
        path = of_after.folder / f"{kind.resource}.json"
        assert '"k:{\\"' not in path.read_text()


def test_it_says_what_differs_from_another_recording(of_after: Recorded) -> None:
    assert of_after.result.exit_code == 0
    lines = of_after.result.stdout.splitlines()
    assert lines[0].startswith("record ")
    assert lines[1].startswith("compare_flux · context before · ")
    assert lines[2].startswith("with context rec · ")
    assert "  Kustomization flux-system/slow: spec.suspend unset → true" in lines


def test_how_far_it_is_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    """Everything but the line of what was recorded goes to stderr, over one line that is empty at the end."""
    fake = FakeKubectl(tmp_path / "fake")
    fake.holds(FIXTURES / "noflux")
    ours, theirs = os.openpty()
    with Process("record", str(tmp_path / "rec"), f"--kubectl={fake.path}", stderr=theirs) as process:
        assert process.stdout is not None
        assert process.wait() == 0
        told = process.stdout.read()
    os.close(theirs)
    shown = b""
    # A terminal hands over what was written in parts; where nobody has it open any more, Linux reports an error.
    with suppress(OSError):
        while chunk := os.read(ours, 1 << 16):
            shown += chunk
    os.close(ours)
    steps = shown.decode().split("\r\033[K")[1:]
    assert re.fullmatch(r"0 of (\d+) kinds", steps[0])
    assert len(steps) > 2
    assert steps[-1] == ""
    assert len(told.splitlines()) == 1


def test_it_prints_one_line_of_what_it_recorded(whole: Recorded) -> None:
    assert (whole.result.exit_code, whole.result.stderr) == (0, "")
    (line,) = whole.result.stdout.splitlines()
    assert line.startswith(f"record {whole.folder} · context dev · user dev-user · ")
    assert "20 Kustomization, 9 HelmRelease" in line
    assert "19 CustomResourceDefinition" in line
    assert "Could not read" not in line


def by_name(items: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(item["metadata"].get("namespace", ""), item["metadata"]["name"]): item for item in items}


def test_it_writes_one_list_a_kind_as_kubectl_prints_it(whole: Recorded) -> None:
    kinds = {kind.resource for kind in (*FLUX_KINDS, *KUBERNETES_KINDS)}
    held = {path.stem for path in STAGING.glob("*.json")}
    assert {path.stem for path in whole.folder.iterdir()} == (kinds & held) | {"version", "recording"}
    for resource in kinds & held:
        text = (whole.folder / f"{resource}.json").read_text()
        items = json.loads((STAGING / f"{resource}.json").read_text())["items"]
        found = json.loads(text)
        assert found["kind"] == "List"
        assert by_name(found["items"]) == by_name([project(item) for item in items])
        assert text == json.dumps(found, indent=4, ensure_ascii=False) + "\n"


def test_recording_json_says_when_what_as_whom_and_with_what(whole: Recorded) -> None:
    told = about(whole.folder)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["recordedAt"])
    assert (told["context"], told["user"], told["unreadable"]) == ("dev", "dev-user", [])
    assert told["kubectl"].startswith("v1.")
    assert told["origin"]
    assert "kustomizations.kustomize.toolkit.fluxcd.io" in told["served"]
    assert not {"as", "namespaces"} & set(told)


def test_it_never_asks_for_secrets_and_asks_for_crds_by_name(whole: Recorded) -> None:
    gets = [call[call.index("--") + 1 :] for call in whole.fake.calls("get") if "--output=json" in call]
    assert not [word for call in whole.fake.calls() for word in call if "secret" in word.lower()]
    named = [call[1:] for call in gets if call[0].startswith("customresourcedefinitions.")]
    assert {name for call in named for name in call} == {kind.resource for kind in FLUX_KINDS}
    assert max(len(call) for call in named) <= 10
    assert [] in [call[1:] for call in gets]


@pytest.mark.parametrize(
    ("flags", "identity"),
    [
        pytest.param([], "user dev-user", id="user"),
        pytest.param(["--kube-as=system:serviceaccount:a:b"], "as system:serviceaccount:a:b", id="as"),
    ],
)
def test_answers_from_it_name_the_identity(
    staging: FakeKubectl, tmp_path: Path, flags: list[str], identity: str
) -> None:
    record(tmp_path / "rec", f"--kubectl={staging.path}", *flags)
    result = CliRunner().invoke(app, ["call", "list_flux_resources", f"--recording={tmp_path / 'rec'}"])
    assert f" · context dev · {identity} · {about(tmp_path / 'rec')['recordedAt']}" in result.stdout


def test_a_kind_that_may_not_be_read_is_said_and_said_again(staging: FakeKubectl, tmp_path: Path) -> None:
    told = (
        'helmreleases.helm.toolkit.fluxcd.io is forbidden: User "x" cannot list resource "helmreleases" in API group '
        '"helm.toolkit.fluxcd.io" at the cluster scope'
    )
    held = (staging.folder / "get.sh").read_text()
    refuse = f"""case "$*" in *"-- helmreleases"*)
      printf '{{"apiVersion": "v1", "items": [], "kind": "List"}}'
      echo 'Error from server (Forbidden): {told}' >&2; exit 1;; esac
    """
    staging.does("get", refuse + held)
    result = record(tmp_path / "rec", f"--kubectl={staging.path}")
    assert result.exit_code == 0
    assert "Could not read: HelmRelease (forbidden: x may not list in all namespaces)" in result.stdout
    assert about(tmp_path / "rec")["unreadable"] == [
        {"resource": "helmreleases.helm.toolkit.fluxcd.io", "reason": "Forbidden", "message": told}
    ]
    assert not (tmp_path / "rec" / "helmreleases.helm.toolkit.fluxcd.io.json").exists()
    answer = CliRunner().invoke(app, ["call", "list_flux_resources", f"--recording={tmp_path / 'rec'}"]).stdout
    assert "Could not read: HelmRelease (forbidden: x may not list in all namespaces)" in answer


@pytest.mark.parametrize(
    "told",
    [
        pytest.param("Error from server (Timeout): the server was unable to return a response in time", id="time-out"),
        pytest.param("Error from server: etcdserver: request timed out", id="other"),
        pytest.param("something nobody knows", id="unknown"),
    ],
)
def test_an_error_that_names_no_kind_is_about_the_one_that_was_asked_for(
    staging: FakeKubectl, tmp_path: Path, told: str
) -> None:
    held = (staging.folder / "get.sh").read_text()
    staging.does("get", f"case \"$*\" in *'-- helmreleases'*) echo '{told}' >&2; exit 1;; esac\n" + held)
    assert record(tmp_path / "rec", f"--kubectl={staging.path}").exit_code == 0
    answer = CliRunner().invoke(app, ["call", "list_flux_resources", f"--recording={tmp_path / 'rec'}"]).stdout
    (line,) = [line for line in answer.splitlines() if line.startswith("Could not read: ")]
    assert line.startswith("Could not read: HelmRelease (")


def test_a_kind_of_which_a_part_was_read_is_recorded_and_said(staging: FakeKubectl, tmp_path: Path) -> None:
    told = "the server was unable to return a response in time (get helmreleases.helm.toolkit.fluxcd.io)"
    (tmp_path / "chunk").write_text(a_list(*(item("HelmRelease", f"r{number}") for number in range(500))))
    held = (staging.folder / "get.sh").read_text()
    fail = f"cat {tmp_path / 'chunk'}; echo 'Error from server (Timeout): {told}' >&2; exit 1"
    staging.does("get", f"case \"$*\" in *'-- helmreleases'*) {fail};; esac\n" + held)
    assert record(tmp_path / "rec", f"--kubectl={staging.path}").exit_code == 0
    answer = CliRunner().invoke(app, ["call", "list_flux_resources", f"--recording={tmp_path / 'rec'}"]).stdout
    assert "Could not read: HelmRelease (read in part: timeout)" in answer
    assert " of 547 · " in answer


def test_a_kind_that_is_slow_is_said(staging: FakeKubectl, tmp_path: Path) -> None:
    held = (staging.folder / "get.sh").read_text()
    staging.does("get", 'case "$*" in *"-- helmreleases"*) sleep 60;; esac\n' + held)
    result = record(tmp_path / "rec", f"--kubectl={staging.path}", "--timeout=3")
    assert result.exit_code == 0
    assert "Could not read: HelmRelease (timeout)" in result.stdout
    assert soon(lambda: not staging.running(), PATIENCE)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        pytest.param(
            "Unable to connect to the server: dial tcp: refused", "Cannot reach the cluster", id="unreachable"
        ),
        pytest.param("error: You must be logged in to the server", "Not logged in", id="not-logged-in"),
        pytest.param('Error from server (Forbidden): pods is forbidden: User "x" cannot', "Forbidden", id="forbidden"),
    ],
)
def test_where_nothing_can_be_read_nothing_is_left(
    staging: FakeKubectl, tmp_path: Path, told: str, sentence: str
) -> None:
    staging.says("get", "", told, 1)
    result = record(tmp_path / "rec", f"--kubectl={staging.path}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(sentence)
    assert left(tmp_path) == []


def test_one_namespace_is_all_that_is_asked_for_and_all_that_is_claimed(two_namespaces: Recorded) -> None:
    assert about(two_namespaces.folder)["namespaces"] == ["apps", "podinfo"]
    for call in two_namespaces.fake.calls("get"):
        if "customresourcedefinitions.v1.apiextensions.k8s.io" not in call and "namespaces.v1." not in call:
            assert {"--namespace=apps", "--namespace=podinfo"} & set(call)
    items = json.loads((two_namespaces.folder / "namespaces.json").read_text())["items"]
    assert [item["metadata"]["name"] for item in items] == ["apps", "podinfo"]


@pytest.mark.parametrize(
    ("argument", "first", "gap"),
    [
        pytest.param("namespace=apps", "list_flux_resources: 4 of 4 · ", "", id="recorded"),
        pytest.param(
            "limit=500", "list_flux_resources: 5 of 5 · ", "namespaces other than apps, podinfo (not", id="all"
        ),
        pytest.param("namespace=monitoring", "Not in this recording: ", "recorded only for the", id="another"),
    ],
)
def test_an_answer_beyond_the_namespaces_is_no_whole_one(
    two_namespaces: Recorded, argument: str, first: str, gap: str
) -> None:
    flag = f"--recording={two_namespaces.folder}"
    result = CliRunner().invoke(app, ["call", "list_flux_resources", argument, flag])
    assert result.output.startswith(first)
    assert (gap in result.output) if gap else ("Could not read" not in result.output)


def test_a_namespace_that_is_forbidden_is_not_held_against_another(staging: FakeKubectl, tmp_path: Path) -> None:
    held = (staging.folder / "get.sh").read_text()
    told = 'helmreleases.helm.toolkit.fluxcd.io is forbidden: User "x" cannot list resource "helmreleases" in API group "helm.toolkit.fluxcd.io" in the namespace "podinfo"'
    refuse = f"case \"$*\" in *namespace=podinfo*helmreleases*) echo 'Error from server (Forbidden): {told}' >&2; exit 1;; esac\n"
    staging.does("get", refuse + held)
    record(tmp_path / "rec", f"--kubectl={staging.path}", "--namespace=apps", "--namespace=podinfo")
    (entry,) = about(tmp_path / "rec")["unreadable"]
    assert entry["namespace"] == "podinfo"
    asked = ["call", "list_flux_resources", f"--recording={tmp_path / 'rec'}"]
    assert "Could not read" not in CliRunner().invoke(app, [*asked, "namespace=apps"]).output
    assert "Could not read: HelmRelease (forbidden" in CliRunner().invoke(app, [*asked, "namespace=podinfo"]).output


def test_a_namespace_that_is_not_there_is_an_error(staging: FakeKubectl, tmp_path: Path) -> None:
    result = record(tmp_path / "rec", f"--kubectl={staging.path}", "--namespace=no-such-namespace")
    assert result.exit_code == 1
    assert "no-such-namespace" in result.stderr
    assert left(tmp_path) == []


def test_a_cluster_without_flux_is_recorded_as_such(staging: FakeKubectl, tmp_path: Path) -> None:
    staging.serves(*(kind.resource for kind in KUBERNETES_KINDS if (STAGING / f"{kind.resource}.json").exists()))
    assert record(tmp_path / "rec", f"--kubectl={staging.path}").exit_code == 0
    answer = CliRunner().invoke(app, ["call", "list_flux_resources", f"--recording={tmp_path / 'rec'}"]).stdout
    assert "Flux is not installed" in answer


@pytest.mark.parametrize(
    ("folder", "flags", "told"),
    [
        pytest.param("there", [], "must not exist yet", id="existing"),
        pytest.param("file", [], "must not exist yet", id="existing-file"),
        pytest.param("link", [], "must not exist yet", id="existing-link"),
        pytest.param("no/such/rec", [], "must be in a folder that exists", id="no-parent"),
        pytest.param("rec", ["--recording=."], "--recording", id="recording"),
        pytest.param("rec", ["--compare-to=/no/such/folder"], "/no/such/folder", id="compare-to"),
        pytest.param("rec", ["--namespace=A"], "--namespace: must be a namespace", id="namespace"),
        pytest.param("rec", ["--namespace="], "--namespace: must be a namespace", id="empty-namespace"),
    ],
)
def test_bad_usage_is_refused_before_anything_is_asked(
    staging: FakeKubectl, tmp_path: Path, folder: str, flags: list[str], told: str
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    result = record(tmp_path / folder, f"--kubectl={staging.path}", *flags)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert staging.calls() == []


def test_a_folder_that_appears_meanwhile_is_left_alone(staging: FakeKubectl, tmp_path: Path) -> None:
    staging.does("version", f"mkdir -p '{tmp_path / 'rec'}'")
    result = record(tmp_path / "rec", f"--kubectl={staging.path}")
    assert result.exit_code == 1
    assert "somebody else" in result.stderr
    assert left(tmp_path) == ["rec"]
    assert list((tmp_path / "rec").iterdir()) == []


@pytest.mark.parametrize(("writes", "number"), [(0, errno.ENOSPC), (5, errno.EDQUOT), (20, errno.EIO)])
def test_a_full_disk_leaves_nothing(
    staging: FakeKubectl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, writes: int
) -> None:
    synced: list[int] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) > writes:
            raise OSError(number, os.strerror(number))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    result = record(tmp_path / "rec", f"--kubectl={staging.path}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"{tmp_path / 'rec'} cannot be written: {os.strerror(number)}; nothing was recorded.\n"
    assert left(tmp_path) == []


def test_a_place_that_may_not_be_written_to_is_an_error(staging: FakeKubectl, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "closed").mkdir(mode=0o500)
    result = record(tmp_path / "closed" / "rec", f"--kubectl={staging.path}")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(staging: FakeKubectl, tmp_path: Path, number: signal.Signals) -> None:
    held = (staging.folder / "get.sh").read_text()
    staging.does("get", 'case "$*" in *pods*) touch "$dir/waits"; sleep 60;; esac\n' + held)
    with Process("record", str(tmp_path / "rec"), f"--kubectl={staging.path}") as process:
        assert process.stdout is not None
        assert soon((staging.folder / "waits").exists, PATIENCE)
        assert len(left(tmp_path)) == 1
        process.signal(number)
        assert process.wait() == 128 + number
        assert process.stdout.read() == b""
        assert process.errors() == f"Nothing was recorded: ended by {number.name}.\n"
    assert left(tmp_path) == []
    assert soon(lambda: not staging.running(), PATIENCE)


def test_a_recording_that_was_killed_is_not_taken_for_one(staging: FakeKubectl, tmp_path: Path) -> None:
    """Nobody can clean up after SIGKILL: what is left has another name, and does not stand in the way."""
    held = (staging.folder / "get.sh").read_text()
    staging.does("get", 'case "$*" in *pods*) touch "$dir/waits"; sleep 60;; esac\n' + held)
    with Process("record", str(tmp_path / "rec"), f"--kubectl={staging.path}"):
        assert soon((staging.folder / "waits").exists, PATIENCE)
    assert not (tmp_path / "rec").exists()
    (partial,) = left(tmp_path)
    assert partial.endswith(".partial")
    assert not (tmp_path / partial / "recording.json").exists()
    for group in staging.running():
        os.killpg(group, signal.SIGKILL)
    staging.does("get", held)
    assert record(tmp_path / "rec", f"--kubectl={staging.path}").exit_code == 0


def test_nobody_else_may_read_a_recording(fake: FakeKubectl, tmp_path: Path) -> None:
    """Whatever the umask is: it is redacted, and still says much of a cluster."""
    before = os.umask(0)
    try:
        assert record(tmp_path / "rec", f"--kubectl={fake.path}").exit_code == 0
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "rec").rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert (tmp_path / "rec").stat().st_mode & 0o777 == 0o700


def test_a_list_with_more_pages_is_recorded_as_a_part(fake: FakeKubectl, tmp_path: Path) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "metadata": {"continue": "abc"}, "items": [item()]}
    fake.says("get", json.dumps(listed, indent=4))
    done = record(tmp_path / "rec", f"--kubectl={fake.path}")
    assert "the list has more pages" in done.stdout
    noted = {entry["resource"] for entry in about(tmp_path / "rec")["unreadable"]}
    assert "kustomizations.kustomize.toolkit.fluxcd.io" in noted


def test_odd_items_are_recorded_as_far_as_they_are_understood(fake: FakeKubectl, tmp_path: Path) -> None:
    big = 1 << 70
    items = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "generation": big}})
    odd = '{"kind": 7, "metadata": [], "spec": "x", "status": {"conditions": "y"}}, {"metadata": {"name": "\\ud800"}}'
    fake.serves("pods")
    fake.says("get", f'{{"apiVersion": "v1", "kind": "List", "items": [{items}, {odd}, {{}}]}}')
    assert record(tmp_path / "rec", f"--kubectl={fake.path}").exit_code == 0
    found = json.loads((tmp_path / "rec" / "pods.json").read_text())["items"]
    assert found[0]["metadata"]["generation"] == big
    assert len(found) == 4
