"""No secret comes out of any tool, however it is asked, nor into what `record` writes."""

import json
import logging
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.extension import advertise
from mcp_types import TextContent
from typer.testing import CliRunner

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import CONFIG_MAP, DEPLOYMENT, EVENT, POD, REPLICA_SET
from flux_mcp.cli import app
from flux_mcp.kubectl.base import Kubectl
from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Access, Recording, Settings
from tests.support.arguments import Make, Named, few, just_one, many
from tests.support.fake import FIXTURES, FakeKubectl, kubeconfig
from tests.support.planted import PLACES, Items, Seed, event, planted, write
from tests.support.stdio import StdioServer

KINDS = (*FLUX_KINDS, DEPLOYMENT, REPLICA_SET, POD, EVENT, CONFIG_MAP)


@dataclass(frozen=True)
class Heard:
    """All that came out: where from, with what was asked, and the text."""

    texts: list[tuple[str, str]]

    def telling(self, secrets: Sequence[str]) -> list[str]:
        return [f"{where}: {secret}" for where, text in self.texts for secret in secrets if secret in text]


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def named(items: Items, per_kind: int = 1) -> list[Named]:
    """Some objects of each kind."""
    return [
        Named(kind.kind, item["metadata"]["namespace"], item["metadata"]["name"])
        for kind in KINDS
        for item in items[kind.resource][:per_kind]
    ]


async def ask_all(
    settings: Settings, objects: Sequence[Named], how: Make = many, kubectl: Kubectl | None = None
) -> list[tuple[str, str]]:
    """Every tool in tools/list with these arguments: where a text came from, and the text, with the data of the page."""
    kubectl = kubectl or connect(settings)
    heard = []
    pages = [advertise("io.modelcontextprotocol/ui", {"mimeTypes": ["text/html;profile=mcp-app"]})]
    async with Client(build(kubectl, settings), extensions=pages) as client:
        for tool in (await client.list_tools()).tools:
            for arguments in how(tool.input_schema, objects):
                result = await client.call_tool(tool.name, arguments)
                text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
                heard.append(
                    (
                        f"{tool.name} {json.dumps(arguments)}",
                        f"{text}\n{result.structured_content}\n{json.dumps(result.meta)}",
                    )
                )
    return heard


def drawn(folder: Path, recording: Path) -> Iterator[tuple[str, str]]:
    """What `graph` prints and writes."""
    for output in ("html", "mermaid"):
        file = folder / output
        result = CliRunner().invoke(app, ["graph", f"--recording={recording}", f"--output={output}", str(file)])
        assert result.exit_code == 0, result.output
        yield f"graph {output}", f"{result.output}\n{file.read_text()}"


def record(folder: Path, *flags: str) -> Iterator[tuple[str, str]]:
    """What `record` prints and writes."""
    result = CliRunner().invoke(app, ["record", str(folder), *flags])
    assert result.exit_code == 0, result.output
    yield "record", result.output
    for path in folder.iterdir():
        yield f"record {path.name}", path.read_text()


def a_fake(folder: Path, seed: Seed, recording: Path) -> FakeKubectl:
    """A kubectl that serves the seeded objects, and says on stderr what a talkative one says."""
    fake = FakeKubectl(folder)
    fake.holds(recording)
    fake.says("config", json.dumps({**kubeconfig(), "users": [{"name": "dev-user", "user": seed.user}]}))
    fake.says("version", (recording / "version.json").read_text(), "\n".join(seed.noise))
    fake.says("logs", "\n".join(seed.logs))
    (folder / "get.noise").write_text("\n".join(seed.noise) + "\n")
    return fake


@pytest.fixture(scope="module")
def seed() -> Seed:
    return planted()


@pytest.fixture(scope="module")
def heard(seed: Seed, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """Every tool, asked of a recording, of a kubectl that works and of one that fails; and a record."""
    folder = tmp_path_factory.mktemp("planted")
    recording = write(seed.items, folder / "staging")
    fake = a_fake(folder / "fake", seed, recording)
    live = Settings(kubectl=str(fake.path), timeout=20.0)
    objects, log = named(seed.items), _Log()
    texts: list[tuple[str, str]] = []
    logging.getLogger().addHandler(log)
    try:
        texts += anyio.run(ask_all, Settings(recording=recording), objects)
        # The two differ in all that is planted.
        pair = (Recording(recording, "dev"), Recording(FIXTURES / "staging", "prod"))
        texts += anyio.run(ask_all, Settings(recordings=pair), objects[::4], few)
        # Processes cost most of the time of this test: one object of every fourth kind is enough to pass by kubectl.
        texts += anyio.run(ask_all, live, objects[::4], few)
        texts += drawn(folder, recording)
        texts += record(folder / "recorded", f"--kubectl={fake.path}")
        texts += anyio.run(ask_all, Settings(recording=folder / "recorded"), objects[1::3], few)
        calls = fake.calls()
        for error in seed.errors:
            fake.says("get", "", "\n".join((*seed.noise, error)), 1)
            fake.says("annotate", "", error, 1)
            fake.says("logs", "", error, 1)
            texts += anyio.run(ask_all, live, objects, just_one, fake.connect(live))
        for verb in ("api-resources", "config"):
            fake.says(verb, "", seed.errors[0], 1)
            texts += anyio.run(ask_all, live, objects, just_one, fake.connect(live))
    finally:
        logging.getLogger().removeHandler(log)
    assert len(texts) > 100
    texts += [("log", line) for line in log.lines]
    texts += [("argv", " ".join(word for call in calls for word in call if "secret" in word.lower()))]
    return Heard(texts)


ROW_OF = {
    **dict.fromkeys(("06", "07", "08", "09", "18", "19", "20", "22"), 47),
    **dict.fromkeys(("01", "02", "03", "04", "10", "11", "14"), 48),
    **dict.fromkeys(("05", "12", "13", "17"), 49),
}
"""The row of tests/support/rows.py that a place belongs to."""


def row_of(place: str) -> str:
    number = ROW_OF.get(place[:2])
    return f"row{number}-{place}" if number else place


@pytest.mark.parametrize("place", PLACES, ids=row_of)
def test_no_secret_of_this_place_comes_out(heard: Heard, seed: Seed, place: str) -> None:
    assert seed.secrets[place]
    assert heard.telling(seed.secrets[place]) == []


def test_an_event_in_a_recording_does_not_repeat_what_its_object_hides(tmp_path: Path) -> None:
    """`record` reads the object that an Event is about, whichever of the two comes first."""
    seed = planted()
    release = seed.items[by_kind["HelmRelease"].resource][0]
    pod = seed.items[POD.resource][0]
    pod["spec"]["containers"][0]["env"] = [{"name": "MOTD", "value": "Gre3ting-x"}]
    hidden = release["spec"]["values"]["motd"]
    seed.items[EVENT.resource] += [event(release, f"bad value {hidden} here"), event(pod, "panic: gre3ting-X here")]
    fake = a_fake(tmp_path / "fake", seed, write(seed.items, tmp_path / "staging"))
    dict(record(tmp_path / "recorded", f"--kubectl={fake.path}"))
    recorded = json.loads((tmp_path / "recorded" / "events.json").read_text())["items"]
    messages = {one["message"] for one in recorded}
    assert {"bad value *** here", "panic: *** here"} <= messages
    assert len(recorded) == len(seed.items[EVENT.resource])
    answers = anyio.run(ask_all, Settings(recording=tmp_path / "recorded"), named(seed.items), just_one)
    assert Heard(answers).telling([hidden, "re3ting"]) == []


def test_the_page_has_its_part_in_what_is_looked_through(heard: Heard) -> None:
    for where in ("get_flux_graph {}", "diagnose_flux {}", "graph html"):
        assert any("PlantedFailure" in text and '"conditions"' in text for place, text in heard.texts if place == where)


def test_no_kubectl_names_secrets(heard: Heard) -> None:
    assert dict(heard.texts)["argv"] == ""


def test_what_people_search_by_is_still_there(heard: Heard) -> None:
    """The answers and the recording are not empty of it: names, reasons, hosts, revisions."""
    everything = "\n".join(text for _, text in heard.texts)
    for word in ("PlantedFailure", "git.example.com", "main@b649360", "sha256:", "flux-system/apps-backend", "ghcr.io"):
        assert word in everything


def test_a_server_writes_no_secret_to_stderr(seed: Seed, tmp_path: Path) -> None:
    fake = a_fake(tmp_path / "fake", seed, write(seed.items, tmp_path / "staging"))
    with StdioServer(fake) as server:
        server.call("list_flux_resources")
        fake.says("get", "", "\n".join(seed.errors), 1)
        server.call("list_flux_resources")
        errors = server.errors()
    assert [secret for secrets in seed.secrets.values() for secret in secrets if secret in errors] == []


def kubectl(*args: str, given: str | None = None) -> str:
    run = subprocess.run(["kubectl", *args], input=given, capture_output=True, text=True, timeout=60, check=True)
    return run.stdout


@pytest.fixture
def live_seed() -> Iterator[tuple[str, list[str]]]:
    """Seeded objects on the cluster of KUBECONFIG, in a namespace of their own, and their secrets."""
    if shutil.which("kubectl") is None or not os.environ.get("KUBECONFIG"):
        pytest.skip("no kubectl, or KUBECONFIG names no cluster")
    namespace, secrets = f"planted-{os.getpid()}", [f"pl4ntLIVEx{number}Qz7Rk9Xw2" for number in range(12)]
    made = a_live_list(namespace, secrets)
    try:
        kubectl("create", "namespace", namespace)
        kubectl("apply", "--filename=-", given=made)
        for resource, name, status in live_status(secrets):
            patch = f"--patch={json.dumps({'status': status})}"
            kubectl("patch", resource, name, "--namespace", namespace, "--subresource=status", "--type=merge", patch)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the seeded objects cannot be made here: {error.stderr}")
    else:
        yield namespace, secrets
    finally:
        kubectl("delete", "--ignore-not-found", "--filename=-", given=made)
        kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
        # A bare API server has nobody who finishes the deletion of a namespace.
        done = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}, "spec": {"finalizers": []}}
        finalize = ["kubectl", "replace", "--raw", f"/api/v1/namespaces/{namespace}/finalize", "--filename=-"]
        subprocess.run(finalize, input=json.dumps(done), text=True, capture_output=True, timeout=60, check=False)


def a_live_list(namespace: str, secrets: Sequence[str]) -> str:
    url = f"https://me:{secrets[0]}@git.example.com/x?token={secrets[1]}"
    specs: list[tuple[str, str, dict[str, Any]]] = [
        ("source.toolkit.fluxcd.io/v1", "GitRepository", {"spec": {"interval": "1h", "suspend": True, "url": url}}),
        (
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            {
                "spec": {
                    "interval": "1h",
                    "prune": True,
                    # Else a controller writes a status of its own.
                    "suspend": True,
                    "sourceRef": {"kind": "GitRepository", "name": "planted"},
                    "postBuild": {"substitute": {"motd": secrets[2]}},
                    "patches": [{"patch": f"a: {secrets[3]}"}],
                }
            },
        ),
        (
            "helm.toolkit.fluxcd.io/v2",
            "HelmRelease",
            {
                "spec": {
                    "interval": "1h",
                    "suspend": True,
                    "chartRef": {"kind": "OCIRepository", "name": "planted"},
                    "values": {"motd": secrets[4]},
                }
            },
        ),
        (
            "notification.toolkit.fluxcd.io/v1beta3",
            "Provider",
            {
                "spec": {
                    "type": "generic",
                    "address": f"https://alerts.example.com/{secrets[5]}",
                    "username": secrets[6],
                }
            },
        ),
        ("v1", "ConfigMap", {"data": {"motd": secrets[7]}}),
    ]
    metadata = {"name": "planted", "namespace": namespace, "annotations": {"acme.example.com/motd": secrets[8]}}
    items = [{"apiVersion": version, "kind": kind, "metadata": metadata, **more} for version, kind, more in specs]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def live_status(secrets: Sequence[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for resource, message in (
        ("gitrepositories.source.toolkit.fluxcd.io", f"unable to clone 'https://me:{secrets[9]}@git.example.com/x'"),
        ("kustomizations.kustomize.toolkit.fluxcd.io", f'dry-run failed: Invalid value: "{secrets[2]}"'),
        ("helmreleases.helm.toolkit.fluxcd.io", f"install failed: {secrets[4]} is no number, password={secrets[10]}"),
    ):
        ready = {"type": "Ready", "status": "False", "reason": "PlantedFailure", "message": message}
        stamp = {"lastTransitionTime": "2026-11-22T09:26:00Z", "observedGeneration": 1}
        yield resource, "planted", {"observedGeneration": 1, "conditions": [{**ready, **stamp}]}


@pytest.mark.live
def test_no_secret_comes_out_of_a_real_cluster(live_seed: tuple[str, list[str]], tmp_path: Path) -> None:
    namespace, secrets = live_seed
    kinds = ("Kustomization", "HelmRelease", "GitRepository", "Provider", "ConfigMap")
    objects = [Named(kind, namespace, "planted") for kind in kinds]
    context = kubectl("config", "current-context").strip()
    # Reconciling is not asked of a cluster that is somebody's.
    settings = Settings(access=Access(context=context), read_only=True)
    texts = anyio.run(ask_all, settings, objects, few)
    texts += record(tmp_path / "recorded", f"--namespace={namespace}", f"--kube-context={context}")
    assert any("PlantedFailure" in text for _, text in texts)
    assert Heard(texts).telling(secrets) == []
