"""Processes of `fluxcd-mcp` that start at once: forks of one that has imported it.

A start takes half a second, nearly all of it imports that are the same each time, and a hundred tests want one. What is
forked has a single thread and has opened nothing; streams, arguments, working directory and environment are a test's own.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, Self

from tests.support.fake import ROOT

COMMAND = "fluxcd-mcp"


class Process:
    """A running `fluxcd-mcp` with these arguments. Use it with `with`: it is killed at the end.

    A stream that is not given is a pipe, for stdin and stdout, or a file, for stderr, so that nobody must read it.
    """

    def __init__(
        self,
        *arguments: str,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        theirs = []
        if stdin is None:
            stdin, ours = os.pipe()
            self.stdin = os.fdopen(ours, "wb")
            theirs.append(stdin)
        if stdout is None:
            ours, stdout = os.pipe()
            self.stdout = os.fdopen(ours, "rb")
            theirs.append(stdout)
        ended, end = os.pipe()
        theirs.append(end)
        self._ended = os.fdopen(ended, "rb")
        given = {"arguments": arguments, "cwd": str(cwd), "env": dict(os.environ if env is None else env)}
        _forker(os.getpid()).ask(given, [stdin, stdout, self._said.fileno() if stderr is None else stderr, end])
        for descriptor in theirs:
            os.close(descriptor)
        self.pid = int(self._ended.readline())
        self.returncode: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGKILL)
        self.wait()
        for stream in (self.stdin, self.stdout, self._said, self._ended):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing where it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def wait(self, seconds: float = 20.0) -> int:
        """The code that it ends with, negative after a signal. Raises TimeoutError where it goes on for so long."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], seconds)[0]:
                raise TimeoutError(f"process {self.pid} has not ended")
            self.returncode = os.waitstatus_to_exitcode(int(self._ended.readline()))
        return self.returncode

    def errors(self) -> str:
        """What it has written to stderr so far."""
        self._said.seek(0)
        return self._said.read().decode()


def run(
    *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None, seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run it to its end with nothing on stdin."""
    with tempfile.TemporaryFile() as out, Path(os.devnull).open() as nothing:
        with Process(*arguments, stdin=nothing.fileno(), stdout=out.fileno(), cwd=cwd, env=env) as process:
            code = process.wait(seconds)
            errors = process.errors()
        out.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read().decode(), errors)


class _Forker:
    """The process that is forked, in a test's own process a socket to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        self._socket = ours

    def ask(self, given: Mapping[str, Any], descriptors: list[int]) -> None:
        body = json.dumps(given).encode()
        socket.send_fds(self._socket, [len(body).to_bytes(4, "big")], descriptors)
        self._socket.sendall(body)


@cache
def _forker(_pid: int) -> _Forker:
    """One for each process: a fork of this one, as mutants are run in, must not ask in the middle of its question."""
    return _Forker()


def _serve(asked: socket.socket) -> None:
    """Fork for each request, until nobody asks any more."""
    import gc  # noqa: PLC0415

    from flux_mcp import cli, server  # noqa: F401, PLC0415 (what a start imports)

    gc.collect()
    gc.freeze()
    # Those who wait for a fork and have told of its end are nobody's to wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        size, descriptors, _, _ = socket.recv_fds(asked, 4, 4)
        if not size:
            return
        wanted, body = int.from_bytes(size, "big"), b""
        while len(body) < wanted:
            body += asked.recv(wanted - len(body))
        if not os.fork():
            asked.close()
            _keep(json.loads(body), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _keep(given: dict[str, Any], descriptors: list[int]) -> None:
    """Start what was asked for, and write its process id and then its status."""
    *streams, end = descriptors
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if not child:
        os.close(end)
        _become(given, streams)
    for stream in streams:
        os.close(stream)
    for standard in (0, 1, 2):
        os.close(standard)
    os.write(end, f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    os.write(end, f"{status}\n".encode())
    os._exit(0)


def _become(given: dict[str, Any], streams: list[int]) -> None:
    """Be `fluxcd-mcp` from here on, as if just started."""
    from flux_mcp.cli import main  # noqa: PLC0415

    for standard, stream in enumerate(streams):
        os.dup2(stream, standard)
        os.close(stream)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", 1, closefd=False)
    os.chdir(given["cwd"])
    os.environ.clear()
    os.environ.update(given["env"])
    # A command that a package installed says its own name in usage and completion, and not `python -m …`.
    sys.modules["__main__"].__package__ = None
    sys.argv = [COMMAND, *given["arguments"]]
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 (what the interpreter does at its end)
        sys.excepthook(*sys.exc_info())
        code = 1
    for written in (sys.stdout, sys.stderr):
        try:
            written.flush()
        except OSError:
            code = code or 120
    os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
