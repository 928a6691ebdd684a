"""What the server learns before its first answer, how long it remembers it, and what it says when it cannot learn it."""

import json
import os
from pathlib import Path

import anyio
import pytest

from flux_mcp.cluster.client import Cluster
from flux_mcp.kubectl.connect import connect
from flux_mcp.settings import Access, Settings
from flux_mcp.tools.registry import Toolbox
from tests.conftest import Ask, Reply
from tests.support.fake import FakeKubectl, a_list, kubeconfig, table, unversioned
from tests.support.items import EVERY_RESOURCE, READY, item
from tests.support.stdio import until, words

pytestmark = pytest.mark.anyio

LIST = "list_flux_resources"
BROKEN = "error: unable to retrieve the complete list of server APIs: {}: the server is currently unable to handle the request\n"
NOISE = (
    "E1122 09:27:06.123456   12345 memcache.go:287] couldn't get resource list for metrics.k8s.io/v1beta1: "
    "the server is currently unable to handle the request\n"
)


def of(plural: str) -> tuple[str, ...]:
    """All Flux resources but those of these plurals."""
    return tuple(name for name in EVERY_RESOURCE if name.partition(".")[0] not in plural.split())


def verbs(fake: FakeKubectl) -> list[str]:
    return [next(w for w in call if w in {"version", "config", "api-resources", "get"}) for call in fake.calls()]


def asked(fake: FakeKubectl) -> set[str]:
    """The resources that the last get asked for."""
    call = fake.calls("get")[-1]
    return set(map(unversioned, call[call.index("--") + 1].split(",")))


# How many processes, and which


async def test_the_first_call_asks_four_times_and_the_second_once(fake: FakeKubectl, ask_fake: Ask) -> None:
    """kubectl's version and the kubeconfig once, the kinds once in five minutes, then one get a question."""
    fake.lists(item())
    await ask_fake(LIST)
    assert sorted(verbs(fake)[:2]) == ["config", "version"]
    assert verbs(fake)[2:] == ["api-resources", "get"]
    fake.forget()
    reply = await ask_fake(LIST)
    assert verbs(fake) == ["get"]
    assert ": 1 of 1 " in reply.lines[0]


async def test_kinds_are_remembered_for_five_minutes(fake: FakeKubectl) -> None:
    clock = [0.0]
    settings = Settings(kubectl=str(fake.path))
    toolbox = Toolbox(Cluster(connect(settings), monotonic=lambda: clock[-1]), settings)
    for now, times in ((0.0, 1), (299.0, 1), (301.0, 2), (302.0, 2)):
        clock.append(now)
        await toolbox.call(LIST, {})
        assert len(fake.calls("api-resources")) == times


async def test_each_context_has_kinds_of_its_own(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.does("api-resources", 'case "$*" in *--context=prod*) echo pods po v1 true Pod get,list; exit 0;; esac')
    dev, prod = await ask_fake(LIST), await ask_fake(LIST, context="prod")
    assert "Flux is not installed" not in dev.text
    assert "Flux is not installed" in prod.text
    assert len(fake.calls("api-resources")) == 2


async def test_objects_are_never_remembered(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists(item(name="before"))
    assert "before" in (await ask_fake(LIST)).text
    fake.lists(item(name="after"))
    reply = await ask_fake(LIST)
    assert "after" in reply.text
    assert "before" not in reply.text


# Which kinds the API server serves


async def test_a_cluster_without_flux_is_said_to_have_none(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.serves("pods", "deployments.apps", "kustomizations.kustomize.config.k8s.io")
    reply = await ask_fake(LIST)
    assert not reply.is_error
    assert "Flux is not installed" in reply.text
    assert reply.lines[0].startswith("list_flux_resources: 0 of 0 · context dev · user dev-user · ")
    assert fake.calls("get") == []


async def test_kinds_of_an_older_flux_are_enough(fake: FakeKubectl, ask_fake: Ask) -> None:
    """Flux 2.6 without the image controllers and the operator: the rest is asked for, what is not there is named."""
    older = tuple(
        name
        for name in of("externalartifacts artifactgenerators")
        if ".image." not in name and "controlplane" not in name
    )
    fake.serves("pods", *older)
    fake.lists(item())
    reply = await ask_fake(LIST)
    assert not reply.is_error
    assert asked(fake) == set(older)
    (line,) = [line for line in reply.lines if line.startswith("Not installed: ")]
    assert set(line.removeprefix("Not installed: ").split(", ")) == {
        *("ExternalArtifact", "ArtifactGenerator"),
        *("ImageRepository", "ImagePolicy", "ImageUpdateAutomation"),
        *("FluxInstance", "FluxReport", "ResourceSet", "ResourceSetInputProvider"),
    }
    assert "NOT READ" not in reply.text


async def test_another_vendors_kind_of_the_same_name_is_not_asked_for(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.serves("kustomizations.kustomize.config.k8s.io", "buckets.example.com", *EVERY_RESOURCE)
    await ask_fake(LIST)
    assert asked(fake) == set(EVERY_RESOURCE)


async def test_a_broken_api_of_somebody_else_changes_nothing(fake: FakeKubectl, ask_fake: Ask) -> None:
    """The metrics API is down: api-resources exits with 1 after naming all else, every get is noisy."""
    names = table("pods", *EVERY_RESOURCE)
    fake.says("api-resources", names, BROKEN.format("metrics.k8s.io/v1beta1"), 1)
    fake.says("get", a_list(item()), NOISE * 3)
    reply = await ask_fake(LIST)
    assert not reply.is_error
    assert ": 1 of 1 " in reply.lines[0]
    assert "NOT READ" not in reply.text
    assert "Not installed" not in reply.text
    assert "metrics" not in reply.text


async def test_a_broken_flux_group_is_not_read_rather_than_not_installed(fake: FakeKubectl, ask_fake: Ask) -> None:
    rest = [name for name in EVERY_RESOURCE if not name.endswith(".helm.toolkit.fluxcd.io")]
    fake.says("api-resources", table(*rest), BROKEN.format("helm.toolkit.fluxcd.io/v2"), 1)
    fake.lists(item())
    reply = await ask_fake(LIST)
    assert not reply.is_error
    (line,) = [line for line in reply.lines if line.startswith("NOT READ: ")]
    assert "HelmRelease" in line
    assert "Kustomization" not in line
    assert "Not installed" not in reply.text
    assert "Kustomization flux-system/: apps" in reply.text


async def test_only_a_broken_flux_group_asked_for_is_an_error(fake: FakeKubectl, ask_fake: Ask) -> None:
    rest = [name for name in EVERY_RESOURCE if not name.endswith(".image.toolkit.fluxcd.io")]
    fake.says("api-resources", table(*rest), BROKEN.format("image.toolkit.fluxcd.io/v1"), 1)
    reply = await ask_fake(LIST, kinds=["ImageRepository"])
    assert reply.is_error
    assert "ImageRepository" in reply.text
    assert "context dev" in reply.text


@pytest.mark.parametrize(
    ("stdout", "stderr", "code"),
    [
        pytest.param("", "", 0, id="nothing-at-all"),
        pytest.param("Please enter Username: ", "error: EOF\n", 1, id="asks-for-a-user-name"),
        pytest.param("Please enter Username: ", "", 0, id="asks-for-a-user-name-and-is-content"),
        pytest.param("", "Unable to connect to the server: dial tcp: no such host\n", 1, id="unreachable"),
        pytest.param("", "error: You must be logged in to the server (Unauthorized)\n", 1, id="not-logged-in"),
        pytest.param("\x1b[31mplugin v1 is deprecated\x1b[0m\n", "", 0, id="a-banner"),
        pytest.param("<html><body>Sign in</body></html>\n", "", 0, id="a-sign-in-page"),
    ],
)
async def test_kinds_that_cannot_be_learned_are_not_kinds_that_are_not_there(
    fake: FakeKubectl, ask_fake: Ask, stdout: str, stderr: str, code: int
) -> None:
    fake.says("api-resources", stdout, stderr, code)
    reply = await ask_fake(LIST)
    assert reply.is_error
    assert "not installed" not in reply.text
    assert "context dev" in reply.text


async def test_kinds_that_could_not_be_learned_are_asked_for_again(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.says("api-resources", "", "Unable to connect to the server: dial tcp: no such host\n", 1)
    assert (await ask_fake(LIST)).is_error
    fake.serves(*EVERY_RESOURCE)
    assert not (await ask_fake(LIST)).is_error


async def test_a_kind_that_went_away_is_found_out(fake: FakeKubectl, ask_fake: Ask) -> None:
    """One missing kind fails a whole get, so the kinds are learned anew, once, and the rest is asked for."""
    await ask_fake(LIST)
    left = of("receivers")
    fake.serves(*left)
    fake.lists(item())
    fake.does(
        "get",
        'case "$*" in *receivers*) echo "error: the server doesn\'t have a resource type \\"receivers\\"" >&2; exit 1;; esac',
    )
    fake.forget()
    reply = await ask_fake(LIST)
    assert verbs(fake) == ["get", "api-resources", "get"]
    assert asked(fake) == set(left)
    assert ": 1 of 1 " in reply.lines[0]
    assert "Not installed: Receiver" in reply.lines


async def test_a_kind_that_comes_and_goes_does_not_keep_a_call_busy(fake: FakeKubectl, ask_fake: Ask) -> None:
    """Asked again once, whatever the API server says next."""
    fake.does(
        "api-resources",
        'echo >> "$dir/n"; echo "kinds$(wc -l < "$dir/n" | tr -d " ") example.com/v1 true Kind get,list"',
    )
    fake.says("get", "", 'error: the server doesn\'t have a resource type "receivers"\n', 1)
    reply = await ask_fake(LIST, settings={"timeout": 2})
    assert reply.is_error
    assert len(fake.calls("get")) <= 2


async def test_one_slow_context_does_not_hold_up_another(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.does("api-resources", 'case "$*" in *--context=prod*) sleep 60;; esac')
    fake.lists(item())

    async def ask(context: str) -> Reply:
        return await ask_fake(LIST, context=context)

    answers = []
    async with anyio.create_task_group() as group:
        group.start_soon(ask, "prod")
        await until(lambda: bool(fake.calls("api-resources")))
        with anyio.move_on_after(3):
            answers.append(await ask("dev"))
        group.cancel_scope.cancel()
    (reply,) = answers
    assert not reply.is_error


# Which context


async def test_a_context_may_be_named_with_each_call(fake: FakeKubectl, ask_fake: Ask) -> None:
    prod = await ask_fake(LIST, context="prod")
    dev = await ask_fake(LIST)
    assert " · context prod · user prod-user · " in prod.lines[0]
    assert " · context dev · user dev-user · " in dev.lines[0]
    assert words(fake.calls("get"), "--context") == ["--context=prod", "--context=dev"]


async def test_the_context_in_use_is_kept(
    fake: FakeKubectl, ask_fake: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kubectl config use-context` in another terminal does not redirect the next answer, but it is told of."""
    file = tmp_path / "kubeconfig"
    file.write_text("first")
    monkeypatch.setenv("KUBECONFIG", str(file))
    await ask_fake(LIST)
    file.write_text("then another")
    fake.says("config", json.dumps(kubeconfig("prod")))
    fake.forget()
    reply = await ask_fake(LIST)
    assert " · context dev · " in reply.lines[0]
    assert words(fake.calls("get"), "--context") == ["--context=dev"]
    contexts = await ask_fake("get_kubeconfig_contexts")
    assert " · context dev · " in contexts.lines[0]
    assert any("current context is now prod" in line for line in contexts.lines)
    assert any(line.startswith("dev (in use)") for line in contexts.lines)


async def test_the_kubeconfig_is_read_again_only_when_a_file_of_it_changed(
    fake: FakeKubectl, ask_fake: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "one", tmp_path / "two"
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
    await ask_fake(LIST)
    assert (await ask_fake(LIST, context="new")).is_error
    assert len(fake.calls("config")) == 1
    files[1].write_text("a second file that was not there before")
    fake.says("config", json.dumps(kubeconfig("dev", "dev", "new")))
    assert " · context new · " in (await ask_fake(LIST, context="new")).lines[0]


async def test_a_context_in_use_that_was_removed_is_an_error(
    fake: FakeKubectl, ask_fake: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(file))
    await ask_fake(LIST)
    file.write_text("changed")
    fake.says("config", json.dumps(kubeconfig("prod", "prod")))
    fake.forget()
    reply = await ask_fake(LIST)
    assert reply.is_error
    assert '"dev"' in reply.text
    assert '"prod"' in reply.text
    assert fake.calls("get") == []


async def test_a_pinned_context_cannot_be_changed_by_a_call(fake: FakeKubectl, ask_fake: Ask) -> None:
    pinned = {"access": Access(context="prod")}
    refused = await ask_fake(LIST, settings=pinned, context="dev")
    assert refused.is_error
    assert '"context" is not an argument' in refused.text
    assert fake.calls() == []
    reply = await ask_fake(LIST, settings=pinned)
    assert " · context prod · user prod-user · " in reply.lines[0]
    assert words(fake.calls("get"), "--context") == ["--context=prod"]


async def test_a_kubeconfig_without_contexts_leaves_the_choice_to_kubectl(fake: FakeKubectl, ask_fake: Ask) -> None:
    """As in a pod: kubectl then uses the pod's service account."""
    fake.says("config", json.dumps({"kind": "Config", "contexts": None, "current-context": "", "users": None}))
    fake.lists(item())
    reply = await ask_fake(LIST)
    assert not reply.is_error
    assert ": 1 of 1 " in reply.lines[0]
    assert words(fake.calls(), "--context") == []


async def test_contexts_of_which_none_is_current_are_an_error(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.says("config", json.dumps(kubeconfig("")))
    reply = await ask_fake(LIST)
    assert reply.is_error
    assert "no current context" in reply.text
    assert '"dev"' in reply.text
    assert '"prod"' in reply.text
    assert fake.calls("get") == []
    assert " · context prod · " in (await ask_fake(LIST, context="prod")).lines[0]


# What a get could not read


SLOW = "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)\n"


async def test_a_timeout_that_names_no_kind_leaves_every_kind_unread_or_in_part(
    fake: FakeKubectl, ask_fake: Ask
) -> None:
    """A kind that came back empty may be the one that was too slow, and any other may have been cut."""
    fake.says("get", a_list(item(), item("GitRepository", status={"artifact": {"revision": "main@sha1:0"}})), SLOW, 1)
    reply = await ask_fake(LIST)
    assert not reply.is_error
    (line,) = [line for line in reply.lines if line.startswith("NOT READ: ")]
    assert "HelmRelease" in line
    assert "OCIRepository" in line
    assert "GitRepository, Kustomization (read in part)" in line
    assert ": 2 of 2 " in reply.lines[0]


async def test_a_time_out_may_have_cut_a_kind_after_a_full_chunk(fake: FakeKubectl, ask_fake: Ask) -> None:
    """kubectl asks for 500 objects at a time, so a list that ends at 500 may go on."""
    fake.says("get", a_list(*(item(name=f"app-{n}") for n in range(500)), item("GitRepository")), SLOW, 1)
    reply = await ask_fake(LIST)
    (line,) = [line for line in reply.lines if line.startswith("NOT READ: ")]
    assert "Kustomization (read in part)" in line


async def test_a_kind_that_is_forbidden_is_named_and_the_rest_is_kept(fake: FakeKubectl, ask_fake: Ask) -> None:
    """An empty kind beside one that is known to be forbidden is empty."""
    forbidden = (
        'Error from server (Forbidden): helmreleases.helm.toolkit.fluxcd.io is forbidden: User "viewer" cannot list '
        'resource "helmreleases" in API group "helm.toolkit.fluxcd.io" at the cluster scope\n'
    )
    fake.says("get", a_list(item(status={"conditions": [READY]})), forbidden, 1)
    reply = await ask_fake(LIST)
    assert not reply.is_error
    (line,) = [line for line in reply.lines if line.startswith("NOT READ: ")]
    assert "HelmRelease" in line
    assert "viewer" in line
    assert "OCIRepository" not in line
    assert ": 1 of 1 " in reply.lines[0]
