"""A server process, what it takes of time and memory, and when each answer comes."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from tests.bench.kubectl import Cost
from tests.support.fake import ROOT

SERVE: Final = (sys.executable, "-m", "flux_mcp", "serve")
PATIENCE: Final = 300.0
"""Seconds after which an answer is not waited for any more."""
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Reply(NamedTuple):
    """A text, and how it came to be."""

    text: str
    is_error: bool
    cost: Cost


class Server:
    """One server over stdio, past its handshake. Use it with `with`: it is killed at the end.

    Attributes:
        start: from the start of the process to the answer to `initialize`.
    """

    def __init__(self, *command: str, **settings: str) -> None:
        env = {f"FLUX_MCP_{name.upper()}": value for name, value in settings.items()}
        begin = time.perf_counter()
        self._process = subprocess.Popen(
            command or SERVE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, **env},
        )
        self._last = 0
        self._answers: dict[int, tuple[float, dict[str, Any]]] = {}
        self._came = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        who = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        self.wait(self.send("initialize", who))
        self.start = Cost(time.perf_counter() - begin, self._cpu())
        self._write({"method": "notifications/initialized"})
        # As every client does.
        self.wait(self.send("tools/list"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def send(self, method: str, params: dict[str, Any] | None = None) -> int:
        """Send a request and return its id."""
        self._last += 1
        self._write({"id": self._last, "method": method, "params": params or {}})
        return self._last

    def wait(self, request: int) -> tuple[float, dict[str, Any]]:
        """When a request was answered, and with what."""
        with self._came:
            assert self._came.wait_for(lambda: request in self._answers, PATIENCE), "no answer"
            return self._answers.pop(request)

    def answered(self, request: int) -> bool:
        """Whether a request was answered."""
        return request in self._answers

    def start_call(self, tool: str, arguments: dict[str, Any]) -> int:
        """Call a tool without waiting for its answer."""
        return self.send("tools/call", {"name": tool, "arguments": arguments})

    def call(self, tool: str, arguments: dict[str, Any]) -> Reply:
        """Call a tool."""
        begin, cpu = time.perf_counter(), self._cpu()
        end, message = self.wait(self.start_call(tool, arguments))
        result = message["result"]
        cost = Cost(end - begin, self._cpu() - cpu)
        return Reply(result["content"][0]["text"], result.get("isError", False), cost)

    def ping(self) -> float:
        """Seconds that the answer to a ping takes."""
        begin = time.perf_counter()
        return self.wait(self.send("ping"))[0] - begin

    def memory(self, field: str = "VmRSS") -> int:
        """Bytes; of VmHWM those that were held at most since `forget_peak`. 0 where the system does not report it."""
        status = Path(f"/proc/{self._process.pid}/status")
        found = re.search(rf"{field}:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return int(found[1]) << 10 if found else 0

    def forget_peak(self) -> None:
        """From now on the peak is counted anew."""
        references = Path(f"/proc/{self._process.pid}/clear_refs")
        if references.exists():
            references.write_text("5")

    def _cpu(self) -> float:
        """Seconds of CPU, those of ended children included; 0 where the system does not report them."""
        stat = Path(f"/proc/{self._process.pid}/stat")
        if not stat.exists():
            return 0.0
        # The clock of another process, as clock_getcpuclockid(3) makes its id: stat counts hundredths of a second.
        own = time.clock_gettime((~self._process.pid << 3) | 2)
        return own + sum(map(int, stat.read_text().rpartition(") ")[2].split()[13:15])) / _TICKS

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            now, message = time.perf_counter(), json.loads(line)
            with self._came:
                if "id" in message:
                    self._answers[message["id"]] = now, message
                self._came.notify_all()
