"""Whatever goes wrong with kubectl is a clear error or a partial answer, leaves no process, and spoils no later call.

The ids carry the numbers of the rows of our list of hostile inputs.
"""

import re
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from flux_mcp.cluster.client import Cluster
from flux_mcp.kubectl.live import LiveKubectl
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.conftest import Reply, ask_server
from tests.support.fake import ROOT, FakeKubectl, a_list
from tests.support.items import item
from tests.support.stdio import StdioServer, soon, until

pytestmark = pytest.mark.anyio

LIST = "list_flux_resources"
EMPTY = a_list()
STUBBORN = "(trap '' TERM INT HUP; sleep 60) & sleep 60"
"""A kubectl that does not end, with a login plugin that does not even end when it is asked to."""


def server_of(fake: FakeKubectl, *, timeout: float = 20.0, max_output: int = 1 << 20) -> Any:
    """A server over the fake that reads a MiB of output at most."""
    settings = Settings(kubectl=str(fake.path), timeout=timeout)
    kubectl = LiveKubectl(settings.kubectl, settings.access, timeout=timeout, max_output=max_output)
    return build(kubectl, settings)


def says(verb: str, stdout: str | bytes = "", stderr: str = "", code: int = 0) -> Callable[[FakeKubectl], None]:
    return lambda fake: fake.says(verb, stdout, stderr, code)


def does(verb: str, script: str) -> Callable[[FakeKubectl], None]:
    return lambda fake: fake.does(verb, script)


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        breaks: what makes it go wrong.
        told: what the error must say.
        place: whether there was a context by then, which the error must name.
        context: the argument of the call.
    """

    name: str
    breaks: Callable[[FakeKubectl], Any]
    told: tuple[str, ...]
    place: bool = True
    timeout: float = 20.0
    context: str | None = None


FAULTS = (
    Fault("row58-missing", lambda fake: fake.path.unlink(), ("not found", "PATH", "FLUX_MCP_KUBECTL"), place=False),
    Fault(
        "row58-not-executable", lambda fake: fake.path.chmod(0o644), ("not executable", "FLUX_MCP_KUBECTL"), place=False
    ),
    Fault(
        "row58-no-interpreter",
        lambda fake: fake.path.write_text("#!/no/such/shell\n"),
        ("cannot be started", "FLUX_MCP_KUBECTL"),
        place=False,
    ),
    Fault(
        "row58-too-old",
        says("version", '{"clientVersion": {"gitVersion": "v1.27.9"}}'),
        ("1.27.9", "1.28"),
        place=False,
    ),
    Fault("row28-unknown-context", lambda fake: None, ('"nope"', '"dev"', '"prod"'), context="nope", place=False),
    Fault(
        "row54-broken-kubeconfig",
        says("config", "", 'error: error loading config file "/k": yaml: line 1: did not find expected key\n', 1),
        ("kubeconfig",),
        place=False,
    ),
    Fault(
        "row54-unreachable",
        says(
            "get",
            EMPTY,
            "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host?\n",
            1,
        ),
        ("Cannot reach the cluster",),
    ),
    Fault(
        "row54-no-such-host",
        says("api-resources", "", "Unable to connect to the server: dial tcp: lookup api.example: no such host\n", 1),
        ("Cannot reach the cluster", "api.example"),
    ),
    Fault(
        "row54-not-logged-in",
        says("get", EMPTY, "error: You must be logged in to the server (Unauthorized)\n", 1),
        ("Not logged in",),
    ),
    Fault(
        "row54-login-plugin-fails",
        says(
            "get",
            EMPTY,
            "Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255\n",
            1,
        ),
        ("credential plugin", "aws"),
    ),
    Fault(
        "row60-asks-for-a-user-name",
        does("get", 'printf "Please enter Username: "; read name || { echo "error: EOF" >&2; exit 1; }'),
        ("Not logged in", "EOF"),
    ),
    Fault(
        "row54-forbidden",
        says("get", EMPTY, 'Error from server (Forbidden): unknown: User "viewer" cannot list these\n', 1),
        ("Forbidden", "viewer"),
    ),
    Fault(
        "row54-server-error",
        says("get", EMPTY, "Error from server (InternalError): etcd is down\n", 1),
        ("etcd is down",),
    ),
    Fault("row54-fails-without-a-word", says("get", EMPTY, "", 1), ("exit code 1",)),
    Fault("row59-hangs", does("get", STUBBORN), ("within 2 seconds", "--timeout"), timeout=2.0),
    Fault(
        "row56-garbage",
        says("get", b"\x00\xff garbage {{{"),
        ("not understood", "garbage"),
    ),
    Fault("row56-nothing", says("get"), ("printed nothing",)),
    Fault(
        "row56-another-shape",
        says("get", '{"kind": "Status", "message": "odd"}'),
        ("Status", "odd"),
    ),
    Fault("row46-too-much", does("get", "yes"), ("more than 1 MiB",)),
    Fault("row58-killed", does("get", "kill -9 $$"), ("ended by signal 9",)),
    Fault("row58-out-of-memory-in-a-shell", says("get", "", "", 137), ("exit code 137",)),
)


async def ask(server: Any, **arguments: Any) -> Reply:
    return await ask_server(server, LIST, arguments)


@dataclass(frozen=True)
class Outcome:
    """What a fault led to: the answer, the processes left a second later, the next answer once it is mended."""

    reply: Reply
    left: list[int]
    next: Reply


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Every fault, each with a kubectl and a server of its own, a few at a time."""
    found: dict[str, Outcome] = {}

    async def run(fault: Fault, several: anyio.CapacityLimiter) -> None:
        async with several:
            fake = FakeKubectl(tmp_path_factory.mktemp("fault") / "fake")
            server = server_of(fake, timeout=fault.timeout)
            fault.breaks(fake)
            reply = await ask(server, **({"context": fault.context} if fault.context else {}))
            with anyio.move_on_after(1.0):
                await until(lambda: not fake.running())
            left = fake.running()
            FakeKubectl(fake.folder).lists(item())
            found[fault.name] = Outcome(reply, left, await ask(server))

    async def run_all() -> None:
        several = anyio.CapacityLimiter(4)
        async with anyio.create_task_group() as group:
            for fault in FAULTS:
                group.start_soon(run, fault, several)

    anyio.run(run_all)
    return found


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in FAULTS])
def test_a_fault_is_an_error_that_says_what_it_is_and_the_next_call_works(
    outcomes: dict[str, Outcome], fault: Fault
) -> None:
    outcome = outcomes[fault.name]
    assert outcome.reply.is_error
    for phrase in fault.told:
        assert phrase in outcome.reply.text
    assert "Traceback" not in outcome.reply.text
    assert outcome.left == []
    assert not outcome.next.is_error
    assert ": 1 of 1 " in outcome.next.lines[0]


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in FAULTS if fault.place])
def test_an_error_names_the_context(outcomes: dict[str, Outcome], fault: Fault) -> None:
    assert "context dev" in outcomes[fault.name].reply.text


def test_no_two_faults_read_the_same(outcomes: dict[str, Outcome]) -> None:
    """But for the path of kubectl. One sentence tells of a missing kubectl and of one that cannot be executed."""
    texts = [
        re.sub(r"/\S*/kubectl", "kubectl", outcome.reply.text)
        for name, outcome in outcomes.items()
        if name != "row58-not-executable"
    ]
    assert len(texts) == len(FAULTS) - 1
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("version", ["v1.28.0", "v1.36.1+k3s1", "v1.32.4-dispatcher", "v2.0.0"])
async def test_a_newer_kubectl_will_do(fake: FakeKubectl, version: str) -> None:
    fake.says("version", f'{{"clientVersion": {{"gitVersion": "{version}"}}}}')
    assert not (await ask(server_of(fake))).is_error


@pytest.mark.parametrize(
    "told", ['{"gitVersion": "v1.9.9"}', '{"gitVersion": "main"}', '{"gitVersion": 1}', "{}", "null"]
)
async def test_a_kubectl_that_is_too_old_or_does_not_say_is_refused(fake: FakeKubectl, told: str) -> None:
    fake.says("version", f'{{"clientVersion": {told}}}')
    reply = await ask(server_of(fake))
    assert reply.is_error
    assert "1.28" in reply.text
    assert fake.calls("get") == []


# Partial answers


@pytest.mark.parametrize(
    ("stderr", "unread", "read"),
    [
        pytest.param(
            'Error from server (Forbidden): helmreleases.helm.toolkit.fluxcd.io is forbidden: User "viewer" cannot list '
            'resource "helmreleases" in API group "helm.toolkit.fluxcd.io" at the cluster scope\n',
            {"HelmRelease"},
            {"Kustomization", "Alert"},
            id="forbidden",
        ),
        pytest.param(
            "Error from server (InternalError): conversion webhook for source.toolkit.fluxcd.io/v1, Kind=Bucket failed\n",
            {"HelmRelease", "Bucket", "Alert"},
            {"Kustomization"},
            id="of-some-kind",
        ),
        pytest.param("", {"HelmRelease", "Bucket", "Alert"}, {"Kustomization"}, id="without-a-word"),
    ],
)
async def test_row55_a_partial_list_is_kept_and_the_gap_is_named(
    fake: FakeKubectl, stderr: str, unread: set[str], read: set[str]
) -> None:
    fake.says("get", a_list(item()), stderr, 1)
    reply = await ask(server_of(fake))
    assert not reply.is_error
    assert ": 1 of 1 " in reply.lines[0]
    assert reply.lines[1].startswith("Could not read: ")
    assert all(kind in reply.lines[1] for kind in unread)
    assert not any(kind in reply.lines[1].partition(" (")[0] for kind in read)
    assert "Kustomization flux-system/: apps" in reply.text


async def test_a_partial_list_that_broke_off_is_an_error(fake: FakeKubectl) -> None:
    """Half a JSON text is no answer, whatever the exit code."""
    fake.says("get", a_list(item(), item(name="other"))[:900])
    reply = await ask(server_of(fake))
    assert reply.is_error
    assert "not understood" in reply.text


async def test_row57_noise_on_stderr_is_not_a_failure(fake: FakeKubectl) -> None:
    for verb in ("version", "config", "api-resources", "get"):
        (fake.folder / f"{verb}.err").write_text("Warning: v1beta1 is deprecated\nE1122 memcache.go: error: x\n" * 500)
    reply = await ask(server_of(fake))
    assert not reply.is_error
    assert "Could not read" not in reply.text
    assert "deprecated" not in reply.text


async def test_row59_a_login_plugin_that_holds_the_pipe_does_not_hold_the_answer(fake: FakeKubectl) -> None:
    """kubectl has ended and said all; what it left behind is ended too."""
    fake.lists(item())
    fake.does("get", "sleep 60 &")
    with anyio.fail_after(10):
        reply = await ask(server_of(fake, timeout=20.0))
    assert not reply.is_error
    assert ": 1 of 1 " in reply.lines[0]
    assert soon(lambda: fake.running() == [])


async def test_row59_slow_output_is_waited_for(fake: FakeKubectl) -> None:
    fake.lists(item())
    fake.does("get", 'head -c 50 "$dir/get.out"; sleep 0.3; tail -c +51 "$dir/get.out"; exit 0')
    assert ": 1 of 1 " in (await ask(server_of(fake))).lines[0]


# Nothing is left behind


async def test_row64_no_process_is_left_after_a_time_out(fake: FakeKubectl) -> None:
    fake.does("get", STUBBORN)
    reply = await ask(server_of(fake, timeout=1.0))
    assert reply.is_error
    assert len(fake.calls("get")) == 1
    assert soon(lambda: fake.running() == [])


async def cancel_and_call_again(client: Client, fake: FakeKubectl) -> None:
    """Cancel a call once its kubectl runs; then the same session answers."""
    async with anyio.create_task_group() as group:
        group.start_soon(client.call_tool, LIST, {})
        await until(lambda: bool(fake.calls("get")))
        assert fake.running() != []
        group.cancel_scope.cancel()
    await until(lambda: fake.running() == [], within=1.0)
    FakeKubectl(fake.folder).lists(item())
    result = await client.call_tool(LIST, {})
    assert not result.is_error


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_row64_no_process_is_left_after_a_cancellation(fake: FakeKubectl, mode: str) -> None:
    fake.does("get", STUBBORN)
    async with Client(server_of(fake), mode=mode) as client:
        await cancel_and_call_again(client, fake)


async def test_row64_no_process_is_left_after_a_cancellation_over_stdio(fake: FakeKubectl) -> None:
    fake.does("get", STUBBORN)
    arguments = ["-m", "flux_mcp", "serve", f"--kubectl={fake.path}"]
    async with Client(StdioServerParameters(command=sys.executable, args=arguments, cwd=ROOT)) as client:
        await cancel_and_call_again(client, fake)


async def test_row64_a_client_that_gives_up_by_itself_leaves_no_process(fake: FakeKubectl) -> None:
    fake.does("get", STUBBORN)
    async with Client(server_of(fake)) as client:
        with anyio.move_on_after(0.7):
            await client.call_tool(LIST, {})
        await until(lambda: fake.running() == [], within=1.0)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        pytest.param(lambda server: server.end_input(), 0, id="end-of-input"),
        pytest.param(lambda server: server.signal(signal.SIGTERM), 143, id="SIGTERM"),
        pytest.param(lambda server: server.signal(signal.SIGINT), 130, id="SIGINT"),
        pytest.param(lambda server: server.signal(signal.SIGHUP), 129, id="SIGHUP"),
    ],
)
def test_row64_no_process_is_left_when_the_server_ends(
    fake: FakeKubectl, end: Callable[[StdioServer], int], code: int
) -> None:
    """However it ends, with several calls under way, and within the two seconds that a client waits."""
    with StdioServer(fake) as server:
        server.call(LIST)
        fake.forget()
        fake.does("get", STUBBORN)
        for _ in range(5):
            server.start(LIST)
        assert soon(lambda: len(fake.calls("get")) == 5, within=10.0)
        assert end(server) == code
        assert soon(lambda: fake.running() == [])


def test_row60_a_kubectl_that_reads_its_input_does_not_take_the_next_message(fake: FakeKubectl) -> None:
    """It gets end-of-file at once, and what the client sent meanwhile is answered."""
    fake.does("get", 'printf "Please enter Username: "; cat > "$dir/stolen"; sleep 0.3; echo "error: EOF" >&2; exit 1')
    with StdioServer(fake) as server:
        first = server.start(LIST)
        assert soon((fake.folder / "stolen").exists, within=10.0)
        second = server.send("tools/list", {})
        assert server.answer(second)["result"]["tools"]
        result = server.answer(first)["result"]
        assert result["isError"]
        assert "Not logged in" in result["content"][0]["text"]
        FakeKubectl(fake.folder).lists(item())
        assert not server.call(LIST).is_error
    assert (fake.folder / "stolen").read_bytes() == b""


def test_a_server_logs_no_arguments_and_no_answers(fake: FakeKubectl) -> None:
    """stderr of the server ends up in the client's log files."""
    fake.says("get", EMPTY, "Error from server (InternalError): \x1b[31mtoken=abcdef0123456789\n", 1)
    with StdioServer(fake) as server:
        assert server.call(LIST, name_contains="argument-word").is_error
        assert server.call(LIST, namesapce="argument-word").is_error
        errors = server.errors()
    assert not any(word in errors for word in ("argument-word", "abcdef0123456789", "\x1b", "--context", "Traceback"))


@pytest.mark.parametrize("group", [False, True], ids=["alone", "in-a-group"])
async def test_a_defect_of_our_own_tells_where_it_is_and_no_data(
    fake: FakeKubectl, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, group: bool
) -> None:
    """Messages and tracebacks of Python hold whatever was at hand: to the client and to its log goes neither."""

    async def fails(*_: Any, **__: Any) -> None:
        error = KeyError("s3cr3t-of-the-cluster")
        raise ExceptionGroup("several s3cr3t", [error]) if group else error

    server = server_of(fake)
    monkeypatch.setattr(Cluster, "open", fails)
    reply = await ask(server)
    assert reply.is_error
    assert re.fullmatch(
        r"Error executing tool list_flux_resources: internal error in fluxcd-mcp \(KeyError(?: at test_faults\.py:\d+)?\), "
        r"not caused by the cluster\.",
        reply.text,
    )
    assert "s3cr3t" not in caplog.text
    assert "Traceback" not in caplog.text
    monkeypatch.undo()
    fake.lists(item())
    assert not (await ask(server)).is_error


async def test_row59_descriptors_and_threads_do_not_grow(fake: FakeKubectl) -> None:
    """Thirty calls that fail, in every way, leave what the first ones left."""
    server = server_of(fake, timeout=1.0)
    breaks = [
        says("get", "row56-garbage"),
        says("get", EMPTY, "error", 1),
        does("get", "kill -9 $$"),
        does("get", "yes"),
    ]

    async def fail() -> None:
        assert (await ask(server)).is_error

    async def round_of_failures() -> None:
        for fault in (*breaks, *breaks):
            fault(fake)
            await fail()
        fake.does("get", STUBBORN)
        async with anyio.create_task_group() as group:
            for _ in range(7):
                group.start_soon(fail)

    def used() -> tuple[int, int]:
        return len(list(Path("/dev/fd").iterdir())), threading.active_count()

    await round_of_failures()
    await anyio.sleep(0.5)  # what was just killed is still being cleaned up
    descriptors, threads = used()
    await round_of_failures()
    await round_of_failures()
    await until(lambda: used()[0] <= descriptors and used()[1] <= threads, within=5.0)
    assert fake.running() == []
