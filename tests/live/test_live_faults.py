"""An API server that is frozen, gone, or breaks off, and a real kubectl (`make test-live`).

Between kubectl and the cluster that KUBECONFIG names stands a gate of the tests' own, so that any cluster will do. One
test stops the API server itself: the process that FLUX_MCP_TEST_APISERVER_PID names, and no other.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from mcp import Client
from mcp_types import TextContent

from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Access, Settings
from tests.conftest import Reply
from tests.support.arguments import Named, one
from tests.support.live import kubectl, needs_cluster, process
from tests.support.stdio import soon

pytestmark = [pytest.mark.anyio, pytest.mark.live]

LIST = "list_flux_resources"
TIMEOUT = 3.0
TRIES = 5
"""Times that a list is read where others change the cluster meanwhile."""
ANY = (Named("Deployment", "flux-system", "source-controller"),)


class Gate(threading.Thread):
    """Passes connections on to the API server; `hold` passes nothing more, `cut` closes after that many bytes."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(daemon=True)
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.hold = threading.Event()
        self.cut: int | None = None

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def run(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for source, sink, counted in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._pass, args=(source, sink, counted), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(1 << 14):
                if self.hold.is_set():
                    return
                passed += len(data)
                sink.sendall(data)
                if counted and self.cut is not None and passed >= self.cut:
                    break
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Be gone: nobody listens here any more, and what is open breaks off."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # which wakes whoever waits for a connection
        self._listener.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    if shutil.which("kubectl") is None or not os.environ.get("KUBECONFIG"):
        pytest.skip("no kubectl on PATH, or KUBECONFIG names no cluster")
    view = json.loads(kubectl("config", "view", "--minify", "--output=json") or '{"clusters": []}')
    if not view["clusters"] or not kubectl("version", "--output=json", "--request-timeout=10s"):
        pytest.skip("the cluster of KUBECONFIG does not answer")
    server = urlsplit(view["clusters"][0]["cluster"]["server"])
    if server.scheme != "https" or server.path not in {"", "/"}:
        pytest.skip("the API server is not at the root of an https address")
    made = Gate(server.hostname or "", server.port or 443)
    made.start()
    yield made
    made.close()


def server_of(gate: Gate) -> Any:
    view = json.loads(kubectl("config", "view", "--minify", "--output=json"))
    name = urlsplit(view["clusters"][0]["cluster"]["server"]).hostname
    access = Access(context=view["current-context"], server=gate.address, tls_server_name=name)
    settings = Settings(access=access, timeout=TIMEOUT)
    return build(connect(settings), settings)


async def call(client: Client, tool: str, arguments: dict[str, Any]) -> Reply:
    result = await client.call_tool(tool, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    return Reply(content.text, bool(result.is_error))


def children() -> list[str]:
    """kubectl processes of this one, that have not ended."""
    listed = subprocess.run(
        ["ps", "-o", "stat=,comm=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    )
    return [line for line in listed.stdout.splitlines() if "kubectl" in line and not line.lstrip().startswith("Z")]


async def all_tools_end(client: Client) -> dict[str, Reply]:
    """What every tool says, all asked at once; none may take much longer than the time-out."""
    tools = (await client.list_tools()).tools
    replies: dict[str, Reply] = {}

    async def one_tool(name: str, arguments: dict[str, Any]) -> None:
        replies[name] = await call(client, name, arguments)

    begin = time.monotonic()
    async with anyio.create_task_group() as group:
        for tool in tools:
            group.start_soon(one_tool, tool.name, one(tool.input_schema, ANY))
    assert time.monotonic() - begin < TIMEOUT + 10
    return replies


def assert_no_answer(replies: dict[str, Reply]) -> None:
    """Of the cluster, that is: the contexts stand in a file, and the fleet says of each that it was not read."""
    for name, reply in replies.items():
        if name == "get_flux_fleet" and not reply.is_error:
            unread = [line for line in reply.lines if line.startswith("Could not read: context ")]
            assert unread
            assert reply.lines[1:] == [f"Contexts: {len(unread)} could not be read", *unread]
            continue
        assert reply.is_error or name == "get_kubeconfig_contexts", reply.text
        assert "Traceback" not in reply.text
        assert "Error executing tool" not in reply.text


async def works_again(client: Client) -> None:
    """It need not be the very next call: a server that was stopped has much to do."""
    with anyio.fail_after(30):
        while (await call(client, LIST, {})).is_error:
            pass


async def test_row59_an_api_server_that_is_frozen(gate: Gate) -> None:
    """It takes connections and never answers, from the first call on and later."""
    async with Client(server_of(gate)) as client:
        gate.hold.set()
        assert_no_answer(await all_tools_end(client))
        assert soon(lambda: children() == [])
        gate.hold.clear()
        await works_again(client)
        gate.hold.set()
        replies = await all_tools_end(client)
        assert_no_answer(replies)
        assert "within 3 seconds" in replies[LIST].text or "did not answer in time" in replies[LIST].text
        assert soon(lambda: children() == [])
        gate.hold.clear()
        await works_again(client)


async def test_row54_an_api_server_that_is_gone(gate: Gate) -> None:
    async with Client(server_of(gate)) as client:
        assert not (await call(client, LIST, {})).is_error
        gate.close()
        replies = await all_tools_end(client)
    assert_no_answer(replies)
    assert replies[LIST].text.startswith("Cannot reach the cluster; context ")
    assert children() == []


@pytest.mark.parametrize("passed", [1, 3000, 20_000, 60_000])
async def test_row55_an_answer_that_breaks_off(gate: Gate, passed: int) -> None:
    """Whatever came through: an error, or what could not be read is said; never a shorter list as if it were whole."""
    async with Client(server_of(gate)) as client:
        for _ in range(TRIES):
            whole = await call(client, LIST, {"limit": 500})
            gate.cut = passed
            broken = await call(client, LIST, {"limit": 500})
            gate.cut = None
            again = await call(client, LIST, {"limit": 500})
            if named(again) == named(whole):
                break
    assert broken.is_error or broken.lines[1].startswith("Could not read: ") or named(broken) == named(whole)
    assert not again.is_error
    assert named(again) == named(whole)


def named(reply: Reply) -> list[str]:
    """How many objects a list has, and their names; without ages and messages, which differ from one read to the next."""
    lines = [line if line.startswith("Ready ") else line.partition(", ")[0] for line in reply.lines[2:]]
    return [reply.lines[0].partition(" · ")[0], *(re.sub(r" \d+[smhd](?=;|$)", "", line) for line in lines)]


@pytest.fixture
def api_server() -> int:
    needs_cluster()
    view = json.loads(kubectl("config", "view", "--minify", "--output=json"))
    port = urlsplit(view["clusters"][0]["cluster"]["server"]).port
    return process("FLUX_MCP_TEST_APISERVER_PID", "apiserver", f"--secure-port={port}")


async def test_row59_an_api_server_that_is_stopped(api_server: int) -> None:
    settings = Settings(timeout=TIMEOUT)
    async with Client(build(connect(settings), settings)) as client:
        assert not (await call(client, LIST, {})).is_error
        os.kill(api_server, signal.SIGSTOP)
        try:
            assert_no_answer(await all_tools_end(client))
            assert soon(lambda: children() == [])
        finally:
            os.kill(api_server, signal.SIGCONT)
        await works_again(client)
