"""What changed and what differs, on a running API server with Flux's own controllers."""

from pathlib import Path

import pytest

from flux_mcp.cluster.client import Cluster
from flux_mcp.kubectl.connect import connect
from flux_mcp.settings import Access, Recording, Settings
from flux_mcp.tools.registry import Toolbox
from tests.recording.test_record import record
from tests.support.live import NAMESPACE, Fleet, ask, kubectl, run

pytestmark = [pytest.mark.anyio, pytest.mark.live]

WHERE = ("kustomizations.kustomize.toolkit.fluxcd.io", "app", f"--namespace={NAMESPACE}")


def suspend(value: str) -> None:
    run("patch", *WHERE, "--type=merge", f'--patch={{"spec":{{"suspend":{value}}}}}')


@pytest.fixture
def context() -> str:
    return kubectl("config", "current-context").strip()


@pytest.fixture
def earlier(objects: Fleet, tmp_path: Path, context: str) -> Path:
    """A recording of the objects."""
    folder = tmp_path / "earlier"
    assert record(folder, f"--kube-context={context}", f"--namespace={NAMESPACE}").exit_code == 0
    return folder


async def test_a_change_by_hand_is_found_by_both(earlier: Path, context: str) -> None:
    suspend("true")
    try:
        changes = await ask("get_flux_changes", namespace=NAMESPACE, since="10m")
        settings = Settings(access=Access(context=context), recordings=(Recording(earlier),))
        toolbox = Toolbox(Cluster(connect(settings), settings.access), settings)
        two = {"context": "earlier", "with_context": context, "namespace": NAMESPACE}
        differs = (await toolbox.call("compare_flux", two)).splitlines()
    finally:
        suspend("null")
    assert f"Kustomization {NAMESPACE}/app suspended by kubectl-patch" in changes.text
    assert f"  Kustomization {NAMESPACE}/app: spec.suspend unset → true" in differs


async def test_a_commit_is_in_the_timeline(objects: Fleet) -> None:
    reply = await ask("get_flux_changes", namespace=NAMESPACE)
    revision = objects.read("Kustomization", "app")["status"]["lastAppliedRevision"]
    assert not reply.is_error
    assert f"Kustomization {NAMESPACE}/app applied" in reply.text
    assert revision.rpartition(":")[2][:7] in reply.text


@pytest.mark.usefixtures("objects")
async def test_a_cluster_equals_itself(context: str) -> None:
    reply = await ask("compare_flux", context=context, with_context=context, namespace=NAMESPACE)
    assert len(reply.lines) == 1, reply.text
