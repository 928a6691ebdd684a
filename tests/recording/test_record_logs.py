"""`record --logs`: which logs are recorded, masked, and that get_kubernetes_logs answers from them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, POD
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import FluxMcpError
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command, Logs
from flux_mcp.kubectl.connect import connect
from flux_mcp.kubectl.replay import RecordedKubectl
from flux_mcp.recording.logs import MOST
from flux_mcp.recording.record import Recorded, record
from flux_mcp.settings import Access, Recording, Settings
from flux_mcp.tools.registry import Toolbox
from tests.support.api import Api, thing
from tests.support.fake import FIXTURES

pytestmark = pytest.mark.anyio

LOGS = "get_kubernetes_logs"
CRASHED = {"terminated": {"exitCode": 1, "reason": "Error"}}
CRASH_LOOP: dict[str, Any] = {
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": CRASHED,
    "restartCount": 4,
    "ready": False,
}
RUNNING: dict[str, Any] = {"state": {"running": {}}, "restartCount": 0, "ready": True}
UNREADY: dict[str, Any] = {"state": {"running": {}}, "restartCount": 0, "ready": False}
PULLING: dict[str, Any] = {"state": {"waiting": {"reason": "ImagePullBackOff"}}, "restartCount": 0, "ready": False}
DONE: dict[str, Any] = {"state": {"terminated": {"exitCode": 0}}, "restartCount": 0, "ready": True}


def a_pod(name: str, labels: dict[str, str] | None = None, **containers: dict[str, Any]) -> dict[str, Any]:
    made = thing(POD, name, "apps", labels=labels or {}, spec={"containers": [{"name": each} for each in containers]})
    made["status"]["containerStatuses"] = [{"name": each, **state} for each, state in containers.items()]
    return made


class Printing(Api):
    """Containers that print what `lines` holds for them; others print their name, and say whether it was before."""

    def __init__(self, **lines: Sequence[str]) -> None:
        super().__init__()
        self.lines, self.refusal = lines, ""

    async def run(self, command: Command, context: str | None = None) -> Output:
        if not isinstance(command, Logs):
            return await super().run(command, context)
        self.calls.append(command.args())
        if self.refusal:
            return Output(1, b"", self.refusal)
        when = "before" if command.previous else "now"
        lines = self.lines.get(command.container, [f"{command.container} {when}"])
        return Output(0, "".join(f"{line}\n" for line in lines[-command.tail :]).encode(), "")

    async def record(self, folder: Path, **more: Any) -> Recorded:
        return await record(Cluster(self), folder, logs=True, **more)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder / "logs")) for path in (folder / "logs").rglob("*.log")}


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def ask(folder: Path, **arguments: Any) -> str:
    settings = Settings(recording=folder)
    return await Toolbox(Cluster(connect(settings)), settings).call(LOGS, arguments)


async def test_the_logs_of_controllers_and_of_what_is_not_ready(tmp_path: Path) -> None:
    api = Printing()
    api.holds(
        a_pod("source-controller-1", {"app.kubernetes.io/part-of": "flux"}, manager=RUNNING),
        a_pod("web-1", app=CRASH_LOOP, sidecar=RUNNING, slow=UNREADY, pulling=PULLING, setup=DONE),
        a_pod("calm-1", app=RUNNING),
    )
    done = await api.record(tmp_path / "rec")
    assert files(tmp_path / "rec") == {
        "apps/source-controller-1/manager.log",
        "apps/web-1/app.log",
        "apps/web-1/app.previous.log",
        "apps/web-1/slow.log",
    }
    assert done.render().endswith(", 4 logs")


async def test_no_more_than_the_newest_lines_and_no_credential(tmp_path: Path) -> None:
    secret = "hunter2hunter2"
    key = ["-----BEGIN RSA PRIVATE KEY-----", f"MIIE{secret}", "-----END RSA PRIVATE KEY-----"]
    api = Printing(app=[*(f"line {number}" for number in range(500)), f"DB_PASSWORD={secret}", *key])
    api.holds(a_pod("web-1", app=UNREADY))
    await api.record(tmp_path / "rec")
    text = (tmp_path / "rec" / "logs" / "apps" / "web-1" / "app.log").read_text()
    assert "line 499" in text
    assert len(text.splitlines()) <= 200
    assert secret not in text
    assert secret not in await ask(tmp_path / "rec", kind="Pod", name="web-1", namespace="apps")


async def test_a_recording_answers_as_the_cluster_did(tmp_path: Path) -> None:
    web = thing(DEPLOYMENT, "web", "apps", spec={"selector": {"matchLabels": {"app": "web"}}})
    api = Printing(app=["\x1b[31mstarting\x1b[0m", "panic: no route", "", '{"level":"error","<b>":1}', "x" * 5000])
    made = a_pod("web-1", {"app": "web"}, app=CRASH_LOOP)
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True}
    ]
    api.holds(web, made)
    await api.record(tmp_path / "rec")
    for more in ({}, {"previous": True}, {"contains": "PANIC"}, {"tail": 1}, {"container": "app"}):
        arguments = {"kind": "Deployment", "name": "web", "namespace": "apps", **more}
        live = await api.ask(LOGS, **arguments)
        recorded = await ask(tmp_path / "rec", **arguments)
        assert recorded.splitlines()[1:] == live.lines[1:]
    assert "panic: no route" in recorded


async def test_what_was_not_recorded_is_said(tmp_path: Path) -> None:
    api = Printing()
    api.holds(a_pod("web-1", app=UNREADY, calm=RUNNING))
    await api.record(tmp_path / "rec")
    text = await ask(tmp_path / "rec", kind="Pod", name="web-1", namespace="apps")
    assert "app now" in text
    assert "not recorded" in text
    with pytest.raises(FluxMcpError, match="recorded without times: leave out since"):
        await ask(tmp_path / "rec", kind="Pod", name="web-1", namespace="apps", since="10m", container="app")


async def test_logs_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    api = Printing()
    api.refusal = (
        'Error from server (Forbidden): pods "web-1" is forbidden: User "viewer" cannot get resource "pods/log" in API '
        'group "" in the namespace "apps"'
    )
    api.holds(a_pod("web-1", app=UNREADY, other=UNREADY))
    line = (await api.record(tmp_path / "rec")).render()
    assert ", 0 logs; Could not read: 2 logs (forbidden: viewer may not get in namespace apps)" in line
    assert LOGS in Toolbox(Cluster(Api()), Settings(recording=tmp_path / "rec")).tools


async def test_there_is_a_bound(tmp_path: Path) -> None:
    api = Printing()
    api.holds(*(a_pod(f"web-{number}", app=UNREADY) for number in range(MOST + 3)))
    line = (await api.record(tmp_path / "rec")).render()
    assert f", {MOST} logs; Could not read: 3 logs ({MOST} are recorded at most)" in line
    assert len(files(tmp_path / "rec")) == MOST


async def test_a_name_that_is_no_name_leads_nowhere(tmp_path: Path) -> None:
    api = Printing()
    api.holds(a_pod("..", app=UNREADY), a_pod("web-1", **{"../../../evil": UNREADY}))
    await api.record(tmp_path / "rec")
    assert files(tmp_path / "rec") == set()
    assert names_in(tmp_path) == ["rec"]


async def test_a_link_out_of_a_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("hunter2\n")
    folder = tmp_path / "rec" / "logs" / "apps" / "web-1"
    folder.mkdir(parents=True)
    (folder / "app.log").symlink_to(tmp_path / "outside")
    kubectl = RecordedKubectl(tmp_path / "rec")
    with pytest.raises(FluxMcpError, match="leads out of the recording"):
        await kubectl.run(Logs("apps", "web-1", "app"))


@pytest.mark.parametrize(
    ("settings", "offered"),
    [
        pytest.param(Settings(recording=FIXTURES / "staging"), False, id="without-logs"),
        pytest.param(
            Settings(recordings=(Recording(FIXTURES / "staging"),), access=Access(context="dev")),
            True,
            id="beside-a-cluster",
        ),
    ],
)
async def test_where_logs_are_offered(settings: Settings, offered: bool) -> None:
    assert (LOGS in Toolbox(Cluster(Api()), settings).tools) is offered
