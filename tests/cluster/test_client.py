"""What the server learns before its first answer, how long it remembers it, and what it says when it cannot learn it."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import POD
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import KubectlError, ServerError
from flux_mcp.kubectl.command import Annotate, CanI
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
    (fake.folder / "prod").write_text(table("pods"))
    fake.does("api-resources", 'case "$*" in *--context=prod*) cat "$dir/prod"; exit 0;; esac')
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
    assert "Could not read" not in reply.text


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
    assert "Could not read" not in reply.text
    assert "Not installed" not in reply.text
    assert "metrics" not in reply.text


async def test_a_broken_flux_group_is_not_read_rather_than_not_installed(fake: FakeKubectl, ask_fake: Ask) -> None:
    rest = [name for name in EVERY_RESOURCE if not name.endswith(".helm.toolkit.fluxcd.io")]
    fake.says("api-resources", table(*rest), BROKEN.format("helm.toolkit.fluxcd.io/v2"), 1)
    fake.lists(item())
    reply = await ask_fake(LIST)
    assert not reply.is_error
    (line,) = [line for line in reply.lines if line.startswith("Could not read: ")]
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
    assert any(line.startswith("Context dev (in use): ") for line in contexts.lines)


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
    assert 'Invalid "context": not an argument of' in refused.text
    assert fake.calls() == []
    reply = await ask_fake(LIST, settings=pinned)
    assert " · context prod · user prod-user · " in reply.lines[0]
    assert words(fake.calls("get"), "--context") == ["--context=prod"]


async def test_in_a_pod_a_kubeconfig_without_contexts_leaves_the_choice_to_kubectl(
    fake: FakeKubectl, ask_fake: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kubectl then uses the service account of the Pod."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    fake.says("config", json.dumps({"kind": "Config", "contexts": None, "current-context": "", "users": None}))
    fake.lists(item())
    reply = await ask_fake(LIST)
    assert not reply.is_error
    assert ": 1 of 1 " in reply.lines[0]
    assert "context (none: the service account of the Pod)" in reply.lines[0]
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
    (line,) = [line for line in reply.lines if line.startswith("Could not read: ")]
    assert "HelmRelease" in line
    assert "OCIRepository" in line
    assert "GitRepository, Kustomization (read in part: " in line
    assert ": 2 of 2 " in reply.lines[0]


async def test_a_time_out_may_have_cut_a_kind_after_a_full_chunk(fake: FakeKubectl, ask_fake: Ask) -> None:
    """kubectl asks for 500 objects at a time, so a list that ends at 500 may go on."""
    fake.says("get", a_list(*(item(name=f"app-{n}") for n in range(500)), item("GitRepository")), SLOW, 1)
    reply = await ask_fake(LIST)
    (line,) = [line for line in reply.lines if line.startswith("Could not read: ")]
    assert "Kustomization (read in part: " in line


async def test_a_kind_that_is_forbidden_is_named_and_the_rest_is_kept(fake: FakeKubectl, ask_fake: Ask) -> None:
    """An empty kind beside one that is known to be forbidden is empty."""
    forbidden = (
        'Error from server (Forbidden): helmreleases.helm.toolkit.fluxcd.io is forbidden: User "viewer" cannot list '
        'resource "helmreleases" in API group "helm.toolkit.fluxcd.io" at the cluster scope\n'
    )
    fake.says("get", a_list(item(status={"conditions": [READY]})), forbidden, 1)
    reply = await ask_fake(LIST)
    assert not reply.is_error
    (line,) = [line for line in reply.lines if line.startswith("Could not read: ")]
    assert "HelmRelease" in line
    assert "viewer" in line
    assert "OCIRepository" not in line
    assert ": 1 of 1 " in reply.lines[0]


# A kuberc, a version and a name that mean something else than was asked for (tests/live/test_live_discovery.py has
# the same over a real kubectl)


@pytest.mark.parametrize(
    ("kept", "hidden"),
    [
        (lambda row: " apps/v1 " in row, "Kustomization"),
        (lambda row: " v1 " in row, "Kustomization"),
        (lambda row: " true " in row and "kustomizations" not in row, "Kustomization"),
        (lambda row: " false " in row, "HelmRelease"),
    ],
    ids=["one-group", "the-core-group", "namespaced", "not-namespaced"],
)
async def test_a_table_that_a_kuberc_filters_says_nothing_of_what_it_lacks(
    fake: FakeKubectl, ask_fake: Ask, kept: Callable[[str], bool], hidden: str
) -> None:
    """--api-group and --namespaced filter, and no value on the command line undoes that."""
    names = (*EVERY_RESOURCE, "pods", "namespaces", "deployments.apps")
    rows = [row for row in table(*names).splitlines() if kept(row)]
    fake.says("api-resources", "\n".join(rows))
    for _ in range(2):
        reply = await ask_fake(LIST)
        assert "kuberc" in reply.text
        assert hidden in reply.text
        assert "Not installed" not in reply.text
        assert "does not serve" not in reply.text
    assert len(fake.calls("api-resources")) == 2, "it is not remembered"


GONE = "the server could not find the requested resource (get kustomizations.kustomize.toolkit.fluxcd.io{})"
NO_SUCH_TYPE = 'error: the server doesn\'t have a resource type "kustomizations"'


@pytest.mark.parametrize(
    ("arguments", "stderr"),
    [
        ({}, f'Error from server (NotFound): Unable to list "kustomize.toolkit.fluxcd.io/v1, Resource=kustomizations": {GONE}'),
        ({"name": "apps"}, f"Error from server (NotFound): {GONE}"),
        ({"name": "apps", "namespace": "flux-system"}, f"Error from server (NotFound): {GONE.format(' apps')}"),
        ({}, NO_SUCH_TYPE),
        ({"name": "apps", "namespace": "flux-system"}, NO_SUCH_TYPE),
    ],
    ids=["list", "by-name", "one", "list-fresh", "one-fresh"],
)  # fmt: skip
async def test_a_version_that_is_no_longer_served_is_asked_for_in_another(
    fake: FakeKubectl, ask_fake: Ask, arguments: dict[str, str], stderr: str
) -> None:
    tool = "get_flux_resource" if arguments else LIST
    fake.lists(item())
    assert not (await ask_fake(LIST)).is_error
    newer = fake.folder / "newer"
    newer.write_text(
        table("pods", *EVERY_RESOURCE).replace("kustomize.toolkit.fluxcd.io/v1 ", "kustomize.toolkit.fluxcd.io/v2 ")
    )
    fake.does("api-resources", 'cat "$dir/newer"; exit 0')
    (fake.folder / "gone").write_text(stderr.format(""))
    fake.does(
        "get",
        f'case "$*" in *kustomizations.v1.*) cat "$dir/gone" >&2; echo \'{json.dumps({"kind": "List", "items": []})}\'; exit 1;; esac',
    )
    more = {"kind": "Kustomization", **arguments} if arguments else {}
    reply = await ask_fake(tool, **more)
    assert not reply.is_error, reply.text
    assert "flux-system/" in reply.text
    assert "NOT READ" not in reply.text


async def test_a_version_that_is_listed_and_not_served_is_not_an_empty_list(fake: FakeKubectl, ask_fake: Ask) -> None:
    said = f'Error from server (NotFound): Unable to list "kustomize.toolkit.fluxcd.io/v1, Resource=kustomizations": {GONE.format("")}'
    fake.says("get", a_list(), said, 1)
    reply = await ask_fake(LIST)
    (line,) = [line for line in reply.lines if line.startswith("Could not read: ")]
    assert "Kustomization" in line


async def test_an_object_of_another_group_is_not_the_one_that_was_asked_for(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists({**item(), "apiVersion": "v1.kustomize.toolkit.fluxcd.io/v1"}, item(name="ours"))
    reply = await ask_fake(LIST)
    assert ": 1 of 1 " in reply.lines[0]
    assert "ours" in reply.text
    assert "Could not read: 1 item not understood" in reply.text


@pytest.mark.parametrize("tool", [LIST, "get_flux_resource", "diagnose_flux"])
@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"kind": "Status", "apiVersion": "v1", "status": "Success"}, id="success"),
        pytest.param({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": []}, id="table"),
        pytest.param(
            {"kind": "KustomizationList", "apiVersion": f"{by_kind['Kustomization'].group}/v1"}, id="no-items"
        ),
        pytest.param({**item(name="app"), "kind": "Secret", "apiVersion": "v1"}, id="another-kind"),
        pytest.param({**item(), "metadata": None}, id="no-metadata"),
    ],
)
async def test_what_is_not_understood_is_neither_an_empty_list_nor_an_object_that_does_not_exist(
    fake: FakeKubectl, ask_fake: Ask, tool: str, document: dict[str, Any]
) -> None:
    """kubectl makes an item of whatever an API server answers instead of a list."""
    fake.lists(document)
    one = {"kind": "Kustomization", "name": "app", "namespace": "flux-system"}
    reply = await ask_fake(tool, **({"kinds": ["Kustomization"]} if tool == LIST else one))
    assert reply.is_error
    assert "not understood" in reply.text
    assert "There is no" not in reply.text


async def test_an_object_that_two_pages_repeat_is_one(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists(item(name="app"), item(name="web"), item(name="app"))
    reply = await ask_fake("get_flux_resource", kind="Kustomization", name="app")
    assert not reply.is_error


async def test_what_is_not_understood_is_of_its_kind_and_leaves_none_of_it_missing(
    fake: FakeKubectl, ask_fake: Ask
) -> None:
    """An object of a kind that has no name, and one that is not of any kind that was asked for."""
    source = {"sourceRef": {"kind": "GitRepository", "name": "git"}}
    app = item(name="app", spec=source)
    nameless = {"kind": "GitRepository", "apiVersion": "source.toolkit.fluxcd.io/v1"}
    for odd, line in (
        (nameless, "Could not read: GitRepository (read in part: 1 item not understood)"),
        ({"kind": "Secret", "apiVersion": "v1"}, "Could not read: 1 item not understood"),
    ):
        fake.lists(odd, app)
        reply = await ask_fake("get_flux_resource", kind="Kustomization", name="app", namespace="flux-system")
        assert line in reply.lines
        assert "git: missing" not in reply.text
    fake.lists(app)
    reply = await ask_fake("get_flux_resource", kind="Kustomization", name="app", namespace="flux-system")
    assert "git: missing" in reply.text
    assert not [line for line in reply.lines if line.startswith("Could not read")]


async def test_core_pods_that_another_group_may_stand_for_are_not_an_empty_list(
    fake: FakeKubectl, ask_fake: Ask
) -> None:
    """kubectl takes `pods.v1.` for pods.acme.io where it cannot discover the core group."""
    served = table("pods", "pods.acme.io", "namespaces", *EVERY_RESOURCE)
    fake.says("api-resources", served)
    fake.lists()
    reply = await ask_fake("get_kubernetes_resources", kind="Pod")
    assert "No object matches" in reply.text
    without = "\n".join(row for row in served.splitlines() if " v1 " not in row)
    fake.says("api-resources", without, BROKEN.format("v1"), 1)
    reply = await ask_fake("get_kubernetes_resources", kind="Pod")
    assert "Pod" in (reply.text if reply.is_error else reply.lines[1])
    assert reply.is_error or reply.lines[1].startswith("NOT READ: ")


@pytest.mark.parametrize(
    ("stdout", "stderr", "code", "allowed"),
    [
        ("yes\n", "", 0, True),
        ("no\n", "", 1, False),
        ("no - no RBAC policy matched\n", "", 1, False),
        ("", "", 1, None),
        ("no\n", "", 0, True),
        ("yes\n", "", 1, None),
        ("nothing\n", "", 1, None),
        ("", "Unable to connect to the server: net/http: TLS handshake timeout\n", 1, None),
    ],
)
async def test_only_no_and_exit_code_1_mean_no(
    fake: FakeKubectl, stdout: str, stderr: str, code: int, allowed: bool | None
) -> None:
    """Where it is not known the annotation itself is tried, or the error is raised."""
    fake.says("auth", stdout, stderr, code)
    settings = Settings(kubectl=str(fake.path))
    cluster = Cluster(connect(settings))
    request = await cluster.open()
    question = CanI(by_kind["Kustomization"], "v1", "patch", "apps", "app")
    if allowed is None:
        with pytest.raises(KubectlError):
            await cluster.may_patch(request, question)
    else:
        assert await cluster.may_patch(request, question) is allowed


async def test_a_question_about_a_version_that_is_gone_is_asked_again(fake: FakeKubectl) -> None:
    """`auth can-i` asks about a resource as it is spelled then, and answers yes or no all the same."""
    warning = (
        "Warning: the server doesn't have a resource type 'kustomizations' in group 'v1.kustomize.toolkit.fluxcd.io'"
    )
    settings = Settings(kubectl=str(fake.path))
    cluster = Cluster(connect(settings))
    request = await cluster.open()
    await cluster.version_of(request, by_kind["Kustomization"])
    fake.says(
        "api-resources",
        table("pods", *EVERY_RESOURCE).replace("kustomize.toolkit.fluxcd.io/v1 ", "kustomize.toolkit.fluxcd.io/v2 "),
    )
    fake.says("auth", "yes\n")
    fake.does("auth", f'case "$*" in *.v1.*) echo "{warning}" >&2; echo no; exit 1;; esac')
    question = CanI(by_kind["Kustomization"], "v1", "patch", "apps", "app")
    assert await cluster.may_patch(request, question)
    assert [call[-1].split(".")[1] for call in fake.calls("auth")] == ["v1", "v2"]
    token = "2026-11-22T09:27:06.000000001Z"
    fake.does(
        "annotate",
        f"case \"$*\" in *.v1.*) echo 'Error from server (NotFound): {GONE.format(' app')}' >&2; exit 1;; esac",
    )
    await cluster.annotate(request, Annotate(by_kind["Kustomization"], "v1", "apps", "app", token))
    assert [call[call.index("--") + 1].split(".")[1] for call in fake.calls("annotate")] == ["v1", "v2"]


@pytest.mark.parametrize(
    ("stderr", "broken"),
    [
        (BROKEN.format("toolkit.fluxcd.io/kustomize"), "toolkit.fluxcd.io"),
        (BROKEN.format("v1"), ""),
        (BROKEN.format("apps/v1: the server is currently unable to handle the request, batch/v1"), "batch"),
        (
            BROKEN.format("metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1, apps/v1"),
            "apps",
        ),
    ],
)
async def test_groups_that_discovery_could_not_list(fake: FakeKubectl, stderr: str, broken: str) -> None:
    fake.says("api-resources", table("namespaces", *EVERY_RESOURCE), stderr, 1)
    settings = Settings(kubectl=str(fake.path))
    cluster = Cluster(connect(settings))
    request = await cluster.open()
    with pytest.raises(ServerError, match="did not report"):
        await cluster.version_of(request, replace(POD, group=broken, plural="others"))


@pytest.mark.parametrize("code", [137, 143, 1, -9])
async def test_half_a_table_is_not_remembered(fake: FakeKubectl, ask_fake: Ask, code: int) -> None:
    half = table("pods", "namespaces", *EVERY_RESOURCE[:5])
    fake.says("api-resources", half)
    (fake.folder / "half").write_text(half)
    end = f"kill {code} $$" if code < 0 else f"exit {code}"
    fake.does("api-resources", f'cat "$dir/half"; {end}')
    reply = await ask_fake(LIST)
    assert "did not report" in reply.text
    assert "ot installed: " not in reply.text
    fake.serves("pods", "namespaces", *EVERY_RESOURCE)
    reply = await ask_fake(LIST)
    assert "did not report" not in reply.text
