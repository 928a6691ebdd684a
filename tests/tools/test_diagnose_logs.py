"""The last log lines of containers that crashed, in the answer of diagnose_flux."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, POD, REPLICA_SET
from flux_mcp.cluster.client import Cluster
from flux_mcp.kubectl.connect import connect
from flux_mcp.render.documents import document
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Toolbox
from tests.diagnosis.test_root_causes import bad
from tests.recording.test_record_logs import CRASH_LOOP, CRASHED, Printing
from tests.support.api import thing
from tests.support.items import READY, item
from tests.support.tokens import tokens

pytestmark = pytest.mark.anyio

TOOL = "diagnose_flux"
AT = datetime(2026, 1, 2, 4, tzinfo=UTC)
RESTARTED: dict[str, Any] = {
    "state": {"running": {}},
    "lastState": CRASHED,
    "restartCount": 4,
    "ready": False,
}
PULLING: dict[str, Any] = {"state": {"waiting": {"reason": "ImagePullBackOff"}}, "restartCount": 0, "ready": False}
PANIC = [*(f"step {number}" for number in range(1, 40)), "panic: dial tcp 10.0.0.7:5432: connection refused"]
FORBIDDEN = (
    'Error from server (Forbidden): pods "web-1" is forbidden: User "dev-user" cannot get resource "pods/log" in API '
    'group "" in the namespace "apps"'
)


def crashing(api: Printing, state: dict[str, Any], *names: str) -> None:
    """Deployments of one container each, that a Kustomization waits for in vain."""
    said = ", ".join(f"Deployment/apps/{name} status: 'InProgress'" for name in names)
    api.holds(bad("HealthCheckFailed", f"timeout waiting for: [{said}]", name="apps"))
    for name in names:
        web = thing(DEPLOYMENT, name, "apps", spec={"replicas": 1}, status={"replicas": 1})
        pod = thing(POD, f"{name}-1", "apps", owner=web, spec={"containers": [{"name": name}]})
        pod["status"] = {"phase": "Running", "containerStatuses": [{"name": name, **state}]}
        api.holds(web, pod)


async def logs_of(api: Printing) -> list[list[str]]:
    """The quoted lines as fields."""
    fields = await Toolbox(Cluster(api), Settings()).answer(TOOL, {}, document)
    return [log["lines"] for cause in fields["causes"] for log in cause["logs"]]


def logs_read(api: Printing) -> list[tuple[str, ...]]:
    return [call for call in api.calls if call[0] == "logs"]


async def from_recording(folder: Path, **arguments: Any) -> str:
    chosen = Settings(recording=folder)
    return await Toolbox(Cluster(connect(chosen)), chosen).call(TOOL, arguments)


async def test_what_a_container_wrote_before_it_crashed_stands_below_it() -> None:
    api = Printing(web=PANIC)
    crashing(api, CRASH_LOOP, "web")
    lines = (await api.ask(TOOL)).lines
    (at,) = [at for at, line in enumerate(lines) if "Pod apps/web-1: container web in CrashLoopBackOff" in line]
    assert lines[at + 1].strip() == "last log lines of the run that ended:"
    quoted = [line.strip() for line in lines[at + 2 : at + 12]]
    assert quoted == PANIC[-10:]
    indent = len(lines[at]) - len(lines[at].lstrip())
    assert all(len(line) - len(line.lstrip()) > indent for line in lines[at + 2 : at + 12])
    (call,) = logs_read(api)
    assert "--previous=false" in call
    assert await logs_of(api) == [PANIC[-20:]]


async def test_one_object_has_twenty_lines_and_no_more() -> None:
    api = Printing(web=PANIC)
    crashing(api, CRASH_LOOP, "web")
    reply = await api.ask(TOOL, kind="Kustomization", name="apps")
    assert [line.strip() for line in reply.lines if "step " in line or "panic" in line] == PANIC[-20:]


async def test_of_a_container_that_runs_again_it_is_the_run_before() -> None:
    api = Printing()
    crashing(api, RESTARTED, "web")
    reply = await api.ask(TOOL)
    assert "web before" in reply.text
    (call,) = logs_read(api)
    assert "--previous=true" in call


async def test_a_container_that_never_ran_has_no_log() -> None:
    api = Printing()
    crashing(api, PULLING, "web")
    reply = await api.ask(TOOL)
    assert "ImagePullBackOff" in reply.text
    assert logs_read(api) == []


async def test_credentials_are_masked_and_a_long_line_is_cut() -> None:
    secret = "hunter2hunter2"
    key = ["-----BEGIN RSA PRIVATE KEY-----", f"MIIE{secret}", "-----END RSA PRIVATE KEY-----"]
    api = Printing(web=[*key, f"DB_PASSWORD={secret}", f"url=https://user:{secret}@db.internal/x", "x" * 5000])
    crashing(api, CRASH_LOOP, "web")
    reply = await api.ask(TOOL)
    assert "DB_PASSWORD=" in reply.text
    assert secret not in reply.text
    assert max(map(len, reply.lines)) < 500


async def test_without_the_right_to_read_logs_the_rest_is_answered() -> None:
    api = Printing()
    api.refusal = FORBIDDEN
    crashing(api, CRASH_LOOP, "web")
    reply = await api.ask(TOOL)
    assert not reply.is_error
    assert reply.lines[1].startswith("Could not read: log of container web of Pod apps/web-1 (")
    assert "forbidden" in reply.lines[1]
    assert "Pod apps/web-1: container web in CrashLoopBackOff" in reply.text
    assert "cause: the container exits soon after it starts" in reply.text


async def test_flux_alone_has_no_logs() -> None:
    api = Printing(web=PANIC)
    crashing(api, CRASH_LOOP, "web")
    text = await Toolbox(Cluster(api), Settings(flux_only=True)).call(TOOL, {})
    assert "panic" not in text
    assert logs_read(api) == []


async def test_no_more_processes_than_are_allowed() -> None:
    """Five, and one for the namespace of the health checks."""
    api = Printing()
    names = [f"web{number}" for number in range(9)]
    crashing(api, CRASH_LOOP, *names)
    await api.ask("list_flux_resources")
    api.calls.clear()
    await api.ask(TOOL)
    assert len(logs_read(api)) == 3
    assert len(api.calls) == 6


async def test_a_recording_with_logs_has_those_of_five_containers(tmp_path: Path) -> None:
    api = Printing()
    names = [f"web{number}" for number in range(9)]
    crashing(api, CRASH_LOOP, *names)
    await api.record(tmp_path / "rec")
    text = await from_recording(tmp_path / "rec")
    assert sum(f"{name} now" in text for name in names) == 5
    assert "Could not read" not in text


@pytest.mark.parametrize("arguments", [{}, {"kind": "Kustomization", "name": "apps"}])
async def test_long_logs_share_little_room(tmp_path: Path, arguments: dict[str, Any]) -> None:
    """An answer stays within its bound of tokens, and each of five logs has its newest lines."""
    names = [f"web{number}" for number in range(5)]
    api = Printing(**{name: [f"{name} {number} " + "word " * 30 for number in range(50)] for name in names})
    crashing(api, CRASH_LOOP, *names)
    await api.record(tmp_path / "rec")
    text = await from_recording(tmp_path / "rec", **arguments)
    assert tokens(text) <= 1_200
    assert all(f"{name} 49 word" in text for name in names)


async def test_a_recording_without_logs_answers_the_rest(tmp_path: Path) -> None:
    api = Printing(web=PANIC)
    crashing(api, CRASH_LOOP, "web")
    await api.record(tmp_path / "rec")
    for path in sorted((tmp_path / "rec" / "logs").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    text = await from_recording(tmp_path / "rec")
    assert "Could not read: log of container web of Pod apps/web-1 (not recorded)" in text
    (tmp_path / "rec" / "logs").rmdir()
    text = await from_recording(tmp_path / "rec")
    assert "log of container" not in text
    assert "Pod apps/web-1: container web in CrashLoopBackOff" in text


async def test_a_controller_that_restarts_again_and_again() -> None:
    label = {"app.kubernetes.io/part-of": "flux"}
    api = Printing(manager=["fatal: leader election lost"])
    done = thing(
        DEPLOYMENT,
        "kustomize-controller",
        "flux-system",
        labels=label,
        spec={"replicas": 1, "template": {"spec": {"containers": [{"name": "manager"}]}}},
        status={"replicas": 1, "readyReplicas": 1},
    )
    made = thing(REPLICA_SET, "kustomize-controller-5c", "flux-system", labels=label, owner=done)
    pod = thing(POD, "kustomize-controller-5c-1", "flux-system", labels=label, owner=made)
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-02T03:59:00Z"}
    status = {"state": {"running": {}}, "lastState": {"terminated": ended}, "restartCount": 5, "ready": True}
    pod["status"] = {
        "phase": "Running",
        "conditions": [READY],
        "containerStatuses": [{"name": "manager", **status}],
    }
    api.now = AT
    api.holds(done, made, pod, item(status={"conditions": []}))
    reply = await api.ask(TOOL)
    assert "fatal: leader election lost" in reply.text
    (call,) = logs_read(api)
    assert "--previous=true" in call
    assert await logs_of(api) == [["fatal: leader election lost"]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param('{"msg":"problem running manager","error":"leader election lost"}', "leader lease", id="lease"),
        pytest.param("unknown flag: --aws-autologin-for-ecr", "does not know an argument", id="argument"),
        pytest.param(
            """{"msg":"unable to load feature gates","error":"feature-gate 'CancelChecks' not supported"}""",
            "a feature gate is misspelled",
            id="feature-gate",
        ),
        pytest.param(
            'no matches for kind \\"HelmRelease\\" in version \\"helm.toolkit.fluxcd.io/v2\\"',
            "CRDs of Flux",
            id="crds",
        ),
    ],
)
async def test_the_last_line_that_is_known_is_the_cause(line: str, said: str) -> None:
    api = Printing(web=[*PANIC[:5], line, "exiting"])
    crashing(api, CRASH_LOOP, "web")
    text = (await api.ask(TOOL)).text
    assert said in text
    assert "read the log of its previous run" not in text


async def test_what_a_container_left_as_its_message_counts_without_its_log() -> None:
    api = Printing(web=[])
    ended = {"terminated": {"reason": "Error", "exitCode": 1, "message": "error: leader election lost"}}
    crashing(api, {**CRASH_LOOP, "lastState": ended}, "web")
    assert "leader lease" in (await api.ask(TOOL)).text
