"""`fluxcd-mcp serve` as a process of its own, spoken to line by line: for what a client in memory cannot show."""

import json
import os
import re
import select
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import anyio

from tests.conftest import Reply
from tests.support.fake import FakeKubectl
from tests.support.warm import Process

PATIENCE = 20.0
"""Seconds after which a test gives the server up."""


class StdioServer:
    """One server process over a fake kubectl, past its handshake. Use it with `with`: it is killed at the end."""

    def __init__(self, fake: FakeKubectl, *flags: str, env: dict[str, str] | None = None) -> None:
        self._process = Process("serve", f"--kubectl={fake.path}", *flags, env={**os.environ, **(env or {})})
        self._left, self._last = b"", 0
        self.capabilities: dict[str, Any] = {}

    def __enter__(self) -> Self:
        who = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
        self.capabilities = self.answer(self.send("initialize", who))["result"]["capabilities"]
        self._write({"method": "notifications/initialized"})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.__exit__()

    def send(self, method: str, params: dict[str, Any]) -> int:
        """Send a request and return its id, without waiting for an answer."""
        self._last += 1
        self._write({"id": self._last, "method": method, "params": params})
        return self._last

    def start(self, tool: str, **arguments: Any) -> int:
        """Call a tool without waiting for its answer."""
        return self.send("tools/call", {"name": tool, "arguments": arguments})

    def call(self, tool: str, **arguments: Any) -> Reply:
        """Call a tool."""
        result = self.answer(self.start(tool, **arguments))["result"]
        return Reply(result["content"][0]["text"], result.get("isError", False))

    def cancel(self, request: int) -> None:
        """Tell the server that nobody waits for this request any more."""
        self._write({"method": "notifications/cancelled", "params": {"requestId": request}})

    def answer(self, request: int) -> dict[str, Any]:
        """The answer to a request. Every line that the server prints is a whole JSON-RPC message."""
        while True:
            message: dict[str, Any] = json.loads(self._line())
            assert message["jsonrpc"] == "2.0"
            if message.get("id") == request:
                return message

    def signal(self, number: signal.Signals) -> int:
        """Send the process a signal and return the code that it ends with."""
        self._process.signal(number)
        return self._process.wait()

    def end_input(self) -> int:
        """Hang up, as a client does that goes away, and return the code that the process ends with."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.stdin = None
        return self._process.wait()

    def vanish(self) -> None:
        """Go away without a word: both ends of the pipes are closed, and the process ends."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.stdin.close()
        self._process.stdin = self._process.stdout = None
        self._process.wait()

    def most_memory(self) -> int:
        """Bytes that the process has held at most so far; 0 where the system does not tell."""
        status = Path(f"/proc/{self._process.pid}/status")
        told = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return int(told[1]) << 10 if told else 0

    def errors(self) -> str:
        """End the process; what it wrote to stderr."""
        self._process.signal(signal.SIGTERM)
        self._process.wait()
        return self._process.errors()

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._process.stdin.flush()

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._left:
            ready, _, _ = select.select([descriptor], [], [], PATIENCE)
            chunk = os.read(descriptor, 1 << 16) if ready else b""
            assert chunk, "the server said nothing, or has ended"
            self._left += chunk
        line, _, self._left = self._left.partition(b"\n")
        return line


def soon(holds: Callable[[], bool], within: float = 1.0) -> bool:
    """Whether something comes to hold within that many seconds."""
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


async def until(holds: Callable[[], bool], within: float = PATIENCE) -> None:
    """Wait until something holds."""
    with anyio.fail_after(within):
        while not holds():  # noqa: ASYNC110 (what is waited for happens in another process)
            await anyio.sleep(0.01)


def words(calls: Iterable[list[str]], start: str) -> list[str]:
    """Every argument of these calls that starts so."""
    return [word for call in calls for word in call if word.startswith(start)]
