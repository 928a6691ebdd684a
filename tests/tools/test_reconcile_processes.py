"""The reconcile tools with real processes: what reaches kubectl, what a client hears, and that nothing is left behind."""

import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import TextContent

from flux_mcp.kubectl.connect import connect
from flux_mcp.reconcile.wait import Pace
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.conftest import Reply
from tests.hostile.test_faults import STUBBORN
from tests.support.fake import FakeKubectl
from tests.support.items import READY, item
from tests.support.stdio import StdioServer, soon, until
from tests.support.warm import Process

pytestmark = pytest.mark.anyio

TOOL = "reconcile_flux_resource"
APPS = {"kind": "Kustomization", "name": "apps", "namespace": "flux-system"}
TOKENS = {"annotations": {"reconcile.fluxcd.io/requestedAt": "@TOKEN@"}}
WORKING = {
    "conditions": [{"type": "Ready", "status": "Unknown", "reason": "Progressing", "message": "Building manifests"}]
}


def asked(**status: Any) -> dict[str, Any]:
    return item(metadata=TOKENS, status=status)


def server_of(fake: FakeKubectl, **settings: Any) -> Any:
    """A server that does not wait between its looks."""
    chosen = Settings(kubectl=str(fake.path), **settings)
    return build(connect(chosen), chosen, Pace(intervals=(0.0,), restraint=0.0))


async def call(client: Client, arguments: dict[str, Any], report: ProgressFnT | None = None) -> Reply:
    result = await client.call_tool(TOOL, {**APPS, **arguments}, progress_callback=report)
    (content,) = result.content
    assert isinstance(content, TextContent)
    return Reply(content.text, bool(result.is_error))


async def test_what_reaches_kubectl(fake: FakeKubectl) -> None:
    fake.reconciles(item(), asked(lastHandledReconcileAt="@TOKEN@"))
    async with Client(server_of(fake)) as client:
        reply = await call(client, {})
    assert reply.lines[1].startswith("Kustomization flux-system/apps, succeeded, ReconciliationSucceeded: ")
    (argv,) = fake.calls("annotate")
    assert argv[0] == "--context=dev"
    assert {"--dry-run=none", "--overwrite=true", "--field-manager=flux-client-side-apply"} <= set(argv)
    token = (fake.folder / "token").read_text().strip()
    assert argv[argv.index("--") + 1 :] == [
        "kustomizations.v1.kustomize.toolkit.fluxcd.io",
        "apps",
        f"reconcile.fluxcd.io/requestedAt={token}",
    ]
    order = [verb for argv in fake.calls() for verb in ("get", "auth", "annotate") if verb in argv]
    assert order == ["get", "auth", "annotate", "get"]


async def test_a_failure_is_an_answer_and_a_refusal_is_an_error(fake: FakeKubectl) -> None:
    ready = {**READY, "status": "False", "reason": "BuildFailed", "message": "boom"}
    fake.reconciles(item(), asked(lastHandledReconcileAt="@TOKEN@", conditions=[ready]))
    async with Client(server_of(fake)) as client:
        reply = await call(client, {})
        assert not reply.is_error
        assert ', failed, BuildFailed: "boom"' in reply.text
        fake.reconciles(item(spec={"suspend": True}), {})
        (fake.folder / "token").unlink()
        fake.forget()
        reply = await call(client, {})
    assert reply.is_error
    assert "is suspended" in reply.text
    assert fake.calls("annotate") == []


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_hears_how_far_it_is(fake: FakeKubectl, mode: str) -> None:
    fake.reconciles(item(), asked(**WORKING))
    heard: list[tuple[float, float | None, str | None]] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    async with Client(server_of(fake), mode=mode) as client:
        reply = await call(client, {"wait_seconds": 1}, report)
    assert ', running, Progressing: "Building manifests"' in reply.text
    assert len(heard) > 1
    assert [progress for progress, _, _ in heard] == sorted({progress for progress, _, _ in heard})
    assert {message for _, _, message in heard} == {
        "0 of 1 have ended, waiting for Kustomization flux-system/apps",
    }
    assert {total for _, total, _ in heard} == {1.0}


def hangs(verb: str, fake: FakeKubectl) -> None:
    """The object is at work for ever; this verb's kubectl does not end once the object was asked, or is being asked."""
    fake.reconciles(item(), asked(**WORKING))
    if verb == "annotate":
        fake.does("annotate", STUBBORN)
    elif verb == "get":
        script = (fake.folder / "get.sh").read_text()
        fake.does("get", f'if [ -f "$dir/token" ]; then {STUBBORN}; fi\n{script}')


def under_way(verb: str, fake: FakeKubectl) -> bool:
    """Whether it has come to that verb, and for `sleep` to the pause between two looks."""
    if verb == "annotate":
        return bool(fake.calls("annotate"))
    looks = len(fake.calls("get"))
    return (fake.folder / "token").exists() and looks >= 2 and (verb == "get" or fake.running() == [])


@pytest.mark.parametrize("verb", ["annotate", "get", "sleep"])
async def test_a_cancelled_wait_leaves_no_process(fake: FakeKubectl, verb: str) -> None:
    """Within a second, and the request stands: nothing is written to take it back."""
    hangs(verb, fake)
    pace = Pace(intervals=(0.0, 60.0 if verb == "sleep" else 0.0), restraint=0.0)
    settings = Settings(kubectl=str(fake.path))
    async with Client(build(connect(settings), settings, pace)) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(partial(call, client, {"wait_seconds": 600}))
            await until(lambda: under_way(verb, fake))
            group.cancel_scope.cancel()
        await until(lambda: fake.running() == [], within=1.0)
        annotates = len(fake.calls("annotate"))
        await anyio.sleep(0.2)
    assert len(fake.calls("annotate")) == annotates == 1


@pytest.mark.parametrize(
    ("verb", "end", "code"),
    [
        pytest.param("get", lambda server: server.end_input(), 0, id="end-of-input"),
        pytest.param("get", lambda server: server.signal(signal.SIGTERM), 143, id="SIGTERM"),
        pytest.param("annotate", lambda server: server.signal(signal.SIGINT), 130, id="SIGINT"),
    ],
)
def test_no_process_is_left_when_the_server_ends_meanwhile(
    fake: FakeKubectl, verb: str, end: Callable[[StdioServer], int], code: int
) -> None:
    hangs(verb, fake)
    with StdioServer(fake) as server:
        server.start(TOOL, **APPS, wait_seconds=600)
        assert soon(lambda: under_way(verb, fake), within=10.0)
        assert end(server) == code
        assert soon(lambda: fake.running() == [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_no_process_is_left_when_a_command_line_call_ends(fake: FakeKubectl, number: signal.Signals) -> None:
    hangs("get", fake)
    given = [f"{name}={told}" for name, told in APPS.items()]
    with Process("call", f"--kubectl={fake.path}", TOOL, *given) as process:
        assert soon(lambda: under_way("get", fake), within=10.0)
        process.signal(number)
        assert process.wait() == 128 + number
        errors = process.errors()
    assert soon(lambda: fake.running() == [])
    assert errors.endswith(f"\nThere is no answer: ended by {number.name}.\n")
    assert errors.startswith("0 of 1 have ended, waiting for Kustomization flux-system/apps\n")


async def test_a_look_that_hangs_ends_with_an_answer(fake: FakeKubectl) -> None:
    """Not with a time-out error: something was asked."""
    hangs("get", fake)
    chosen = Settings(kubectl=str(fake.path), timeout=20.0)
    pace = Pace(intervals=(0.0,), restraint=0.0, patience=0.3)
    async with Client(build(connect(chosen), chosen, pace)) as client:
        reply = await call(client, {"wait_seconds": 1})
    assert not reply.is_error
    assert "requested; completion not observed (kubectl did not answer in time)" in reply.text
    await until(lambda: fake.running() == [], within=1.0)
