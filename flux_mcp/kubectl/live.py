"""The one place that starts processes: kubectl.

Each kubectl leads a session of its own, has /dev/null for its input and the whole environment of this process
(credential plugins need it). Whatever ends the waiting (timeout, cancellation, end of input, too much output) kills the
whole group, credential plugins included; a process that is being ended by a signal calls `kill_all`.
"""

import fcntl
import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final

import anyio
from typing_extensions import Buffer

from flux_mcp.errors import KubectlMissing, TooMuchOutput
from flux_mcp.kubectl.base import UNFINISHED, Output
from flux_mcp.kubectl.command import Command
from flux_mcp.settings import Access

MAX_OUTPUT: Final = 256 << 20
"""Bytes of stdout that are read."""
LARGE: Final = 16 << 20
"""Bytes of stdout above which one output is held at a time, however many calls there are: kubectl waits meanwhile."""
MAX_ERRORS: Final = 1 << 20
"""Bytes of stderr that are kept; the rest is dropped."""
REQUEST_SHARE: Final = 0.5
"""The part of a call's time after which kubectl gives one request up, so that it still prints what else it has read."""
MAX_PROCESSES: Final = 8
PIPE: Final = 1 << 20
"""Bytes that a pipe may hold and that are read at once, as far as the system allows: a thread that reads waits for one
that computes each time, up to sys.getswitchinterval()."""
GRACE: Final = 2.0
"""Seconds for which a pipe is read on that a credential plugin keeps open after kubectl has ended."""
_LOOK: Final = 0.1
"""Seconds after which it is looked whether a kubectl that writes nothing has ended."""


class LiveKubectl:
    """Runs kubectl.

    Args:
        program: a name on PATH or a path; looked up at every call, so that one installed meanwhile is found.
        access: how to reach the cluster.
        timeout: seconds for one tool call.
    """

    def __init__(self, program: str, access: Access, *, timeout: float, max_output: int = MAX_OUTPUT) -> None:
        """Start nothing yet."""
        self._program, self._access, self._max_output = program, access, max_output
        self._request_timeout = f"--request-timeout={max(1, int(timeout * REQUEST_SHARE))}s"
        self._places = anyio.CapacityLimiter(MAX_PROCESSES)
        # Threads of our own, so that the protocol's reader and writer never wait for one; twice as many, since the
        # thread of a cancelled wait ends a little later than its place is given back.
        self._threads = anyio.CapacityLimiter(2 * MAX_PROCESSES)
        self._starting = threading.Lock()
        self._large = threading.Semaphore()
        self._ended = False
        self._groups: set[int] = set()

    def moment(self, context: str | None) -> None:
        del context

    def impersonated(self, context: str | None) -> str | None:
        del context
        return self._access.impersonate

    async def run(self, command: Command, context: str | None = None) -> Output:
        """Start kubectl, wait for its end, and leave no process behind however the waiting ends.

        Raises:
            KubectlMissing: there is no such program, or it cannot be executed.
            TooMuchOutput: it printed more than is read.
        """
        async with self._places:
            flags = (*self._access.flags(context), self._request_timeout, "--warnings-as-errors=false")
            return await self._run((*flags, *command.args()))

    async def _run(self, argv: tuple[str, ...]) -> Output:
        out, err = _Sink(self._max_output, self._large), _Sink(MAX_ERRORS)
        wanted = _Wanted()

        def work() -> int:
            return _read(self._start(argv, out, wanted), out, err)

        try:
            code = await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._threads)
        except BaseException as error:
            # A credential plugin that waits for a login says so here.
            unfinished = UNFINISHED.get() if isinstance(error, anyio.get_cancelled_exc_class()) else None
            if unfinished is not None and (written := err.getvalue()):
                unfinished.append(written.decode(errors="replace"))
            out.release()
            raise
        finally:
            self._end(wanted)
        if out.full:
            out.release()
            raise TooMuchOutput(
                f"kubectl printed more than {self._max_output >> 20} MiB and was ended: ask for one namespace or fewer "
                "kinds.",
                brief="too much output",
            )
        output = Output(code, out.take(), err.take().decode(errors="replace"))
        weakref.finalize(output, out.release)
        return output

    def kill_all(self) -> None:
        """End every kubectl, and start none any more. For the end of this process: waits for one that just starts."""
        self._ended = True
        with_lock = self._starting.acquire(timeout=1)
        for group in tuple(self._groups):
            _kill(group)
        if with_lock:
            self._starting.release()

    def _start(self, argv: tuple[str, ...], out: "_Sink", wanted: "_Wanted") -> "subprocess.Popen[bytes]":
        program = path_of(self._program)
        if program is None:
            raise self._missing("was not found, or is not executable")
        with self._starting:
            try:
                running = subprocess.Popen(  # noqa: S603 (kubectl, with arguments of ours; see SECURITY.md)
                    (program, *argv),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise self._missing(f"cannot be started ({str(error)[:200]})") from None
            wanted.group = running.pid
            self._groups.add(running.pid)
        out.when_full = lambda: _kill(running.pid)
        if self._ended or wanted.over:
            self._end(wanted)
        return running

    def _end(self, wanted: "_Wanted") -> None:
        # Whichever comes second, the start or this, sees the other.
        wanted.over = True
        if wanted.group is not None:
            # Also after an ordinary end: a credential plugin may have outlived kubectl.
            _kill(wanted.group)
            self._groups.discard(wanted.group)

    def _missing(self, what: str) -> KubectlMissing:
        return KubectlMissing(
            f"{self._program} {what}. PATH of this process: {os.environ.get('PATH', '(none)')}. Install kubectl, set "
            "--kubectl (FLUX_MCP_KUBECTL) to its full path, or set PATH in the MCP client's configuration."
        )


def path_of(program: str) -> str | None:
    """The path of a program: as it is given, or in the folders of PATH; None where there is none that can be executed.

    An empty or relative folder in PATH means the working directory, which may hold anything, and is left out.
    """
    if os.sep in program:
        return program if Path(program).is_file() and os.access(program, os.X_OK) else None
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder).is_absolute()]
    return shutil.which(program, path=os.pathsep.join(folders)) if folders else None


class _Wanted:
    """Whether a process is still wanted that is being started, and its group once it is."""

    group: int | None = None
    over: bool = False


class _Sink(BytesIO):
    """Takes a child's output up to a limit; past it, it drops the rest, remembers, and says so once.

    Args:
        limit: bytes.
        large: held by the one sink that may grow beyond LARGE; a child that writes into another one waits.
    """

    def __init__(self, limit: int, large: threading.Semaphore | None = None) -> None:
        super().__init__()
        self.full = False
        self.when_full: Callable[[], None] = lambda: None
        self._limit, self._size = limit, 0
        self._large, self._holds, self._ended, self._changing = large, False, False, threading.Lock()

    def write(self, chunk: Buffer, /) -> int:
        size = memoryview(chunk).nbytes
        self._size += size
        if self._size > self._limit:
            self.full = True
            self.when_full()
            return size
        if self._large is not None and self._size > LARGE and not self._may_grow(self._large):
            return size
        return super().write(chunk)

    def _may_grow(self, large: threading.Semaphore) -> bool:
        """Wait until no other large output is held; false where nobody wants this one any more."""
        while not self._holds and not self._ended:
            if large.acquire(timeout=0.1):
                with self._changing:
                    self._holds = not self._ended
                if not self._holds:
                    large.release()
        return self._holds

    def release(self) -> None:
        """Take no more, and let another output be large: this one is not needed any more."""
        with self._changing:
            holds, self._holds, self._ended = self._holds, False, True
        if holds and self._large is not None:
            self._large.release()

    def take(self) -> bytes:
        """The bytes, without a copy; the thread that filled it holds it until it has other work, so it is emptied."""
        taken = self.getvalue()
        self.close()
        return taken


def _read(running: "subprocess.Popen[bytes]", out: _Sink, err: _Sink) -> int:
    """Read what a process writes, wait for its end, and return its exit code.

    A credential plugin may outlive it and keep a pipe open: then what came until a little later is all.
    """
    assert running.stdout is not None and running.stderr is not None  # noqa: S101, PT018 (for the type checker)
    piece = bytearray(_enlarged(running.stdout.fileno()))
    looked, ended = time.monotonic(), None
    with running.stdout, running.stderr, selectors.DefaultSelector() as selector, memoryview(piece) as view:
        selector.register(running.stdout, selectors.EVENT_READ, out)
        selector.register(running.stderr, selectors.EVENT_READ, err)
        while selector.get_map():
            for key, _ in selector.select(_LOOK):
                if size := os.readv(key.fd, [piece]):
                    key.data.write(view[:size])
                else:
                    selector.unregister(key.fileobj)
            if (now := time.monotonic()) - looked >= _LOOK:
                looked = now
                if running.poll() is not None:
                    ended = ended or now
                    if now - ended > GRACE:
                        break
    return running.wait()


def _enlarged(pipe: int) -> int:
    """Let a pipe hold more, and return how much is worth reading of it at once."""
    if sys.platform == "linux":
        # Refused to a user who has many such pipes.
        with suppress(OSError):
            return fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)
    return 1 << 16


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
