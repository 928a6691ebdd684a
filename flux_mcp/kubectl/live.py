"""The one place that starts processes: kubectl, over sh.

Each kubectl leads a session of its own, has /dev/null for its input and the whole environment of this process
(credential plugins need it). Whatever ends the waiting (timeout, cancellation, end of input, too much output) kills the
whole group, credential plugins included; a process that is being ended by a signal calls `kill_all`.
"""

import logging
import os
import shutil
import signal
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final

import anyio
import sh
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
_ANY_EXIT: Final = tuple(range(-64, 256))

# sh logs every argv at INFO.
logging.getLogger("sh").setLevel(logging.WARNING)


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
        """Time runs."""
        del context

    def impersonated(self, context: str | None) -> str | None:
        """Whom --kube-as names."""
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
        running: sh.RunningCommand | None = None
        try:
            running = await anyio.to_thread.run_sync(self._start, argv, out, err, limiter=self._threads)
            await anyio.to_thread.run_sync(_wait, running, abandon_on_cancel=True, limiter=self._threads)
        except BaseException as error:
            # A credential plugin that waits for a login says so here.
            unfinished = UNFINISHED.get() if isinstance(error, anyio.get_cancelled_exc_class()) else None
            if unfinished is not None and (written := err.getvalue()):
                unfinished.append(written.decode(errors="replace"))
            out.release()
            raise
        finally:
            if running is not None:
                self._end(running.pid)
        if out.full:
            out.release()
            raise TooMuchOutput(
                f"kubectl printed more than {self._max_output >> 20} MiB and was ended: ask for one namespace or fewer "
                "kinds.",
                brief="too much output",
            )
        output = Output(running.exit_code, out.take(), err.take().decode(errors="replace"))
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

    def _start(self, argv: tuple[str, ...], out: "_Sink", err: "_Sink") -> "sh.RunningCommand":
        try:
            program = sh.Command(find_program(self._program))
        except sh.CommandNotFound:
            raise self._missing("was not found, or is not executable") from None
        with self._starting, open(os.devnull, "rb") as nothing:  # noqa: PTH123 (a descriptor for the child)
            try:
                running: sh.RunningCommand = program(
                    *argv,
                    _in=nothing,
                    _out=out,
                    _err=err,
                    _tty_out=False,
                    # What a pipe holds: of pieces that are not full, sh makes full ones, and copies everything again.
                    _out_bufsize=1 << 16,
                    # By lines: a login prompt must be there while the credential plugin waits.
                    _err_bufsize=1,
                    _no_pipe=True,
                    _new_session=True,
                    _ok_code=_ANY_EXIT,
                    _bg=True,
                    _bg_exc=False,
                    _return_cmd=True,
                )
            except sh.ForkException as error:
                raise self._missing(f"cannot be started ({str(error).strip().splitlines()[-1][:200]})") from None
            self._groups.add(running.pid)
            if self._ended:
                _kill(running.pid)
        out.when_full = lambda: _kill(running.pid)
        return running

    def _end(self, group: int) -> None:
        # Also after an ordinary end: a credential plugin may have outlived kubectl.
        _kill(group)
        self._groups.discard(group)

    def _missing(self, what: str) -> KubectlMissing:
        return KubectlMissing(
            f"{self._program} {what}. PATH of this process: {os.environ.get('PATH', '(none)')}. Install kubectl, set "
            "--kubectl (FLUX_MCP_KUBECTL) to its full path, or set PATH in the MCP client's configuration."
        )


def find_program(program: str) -> str:
    """The path of a program: as it is given, or in the folders of PATH, never in the working directory.

    An empty or relative folder in PATH means the working directory, which may hold anything.

    Raises:
        CommandNotFound: there is no such program.
    """
    if os.sep in program:
        return program
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder).is_absolute()]
    found = shutil.which(program, path=os.pathsep.join(folders)) if folders else None
    if found is None:
        raise sh.CommandNotFound(program)
    return found


def path_of(program: str) -> str | None:
    """The path of a program as `find_program` finds it; None where there is none that can be executed."""
    try:
        found = find_program(program)
    except sh.CommandNotFound:
        return None
    return found if os.access(found, os.X_OK) else None


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
        """Never raises: this runs in sh's thread."""
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
        """The bytes, without a copy; sh keeps the sink alive, so it is emptied."""
        taken = self.getvalue()
        self.close()
        return taken


def _wait(running: "sh.RunningCommand") -> None:
    running.wait()


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
