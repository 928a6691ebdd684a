"""Reads that run at the same time: what fails or is slow is reported as unread, and the rest is answered."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, TypeVar

import anyio
import anyio.abc

from flux_mcp.cluster.result import ListResult, Named, Unread
from flux_mcp.errors import BadArgument, BadOutput, KubectlError, TimedOut, first_of
from flux_mcp.kubectl.base import UNFINISHED
from flux_mcp.kubectl.output import unfinished

T = TypeVar("T")
N = TypeVar("N", bound=Named)
RESERVE: Final = 0.1
"""The part of a call's time that is kept for the answer."""


class Pending(Generic[T]):
    """One read. Its value is there once the block of `gather` has ended.

    Attributes:
        error: why it failed; None if it did not.
    """

    def __init__(self, what: tuple[str, ...], value: T, *, required: bool) -> None:
        self.what, self.value, self.required = what, value, required
        self.error: KubectlError | None = None
        self.late = False


class Gather:
    """The reads of one block."""

    def __init__(self, group: anyio.abc.TaskGroup, deadline: float, required_deadline: float) -> None:
        self._group, self._deadlines = group, {False: deadline, True: required_deadline}
        self._reads: list[Pending[Any]] = []

    def start(
        self, what: str | Sequence[str], read: Awaitable[T], otherwise: T, *, required: bool = False
    ) -> Pending[T]:
        """Start a read.

        Args:
            what: what it reads, for the line that says what could not be read.
            read: the read.
            otherwise: its value where it fails.
            required: without it there is no answer: its error is raised.
        """
        pending = Pending((what,) if isinstance(what, str) else tuple(what), otherwise, required=required)
        self._reads.append(pending)
        self._group.start_soon(self._run, pending, read)
        return pending

    def read(
        self, what: str | Sequence[str], read: Awaitable[ListResult[N]], *, required: bool = False
    ) -> Pending[ListResult[N]]:
        """Start a read of a list; where it fails its value is an empty list that says so."""
        return self.start(what, read, ListResult((), frozenset()), required=required)

    async def _run(self, pending: Pending[T], read: Awaitable[T]) -> None:
        with anyio.CancelScope(deadline=self._deadlines[pending.required]) as scope:
            try:
                pending.value = await read
            except KubectlError as error:
                pending.error = error
            except BadArgument as error:
                # What an object names need be no name that kubectl can be given.
                pending.error = BadOutput(str(error))
        if scope.cancelled_caught:
            late = f"{', '.join(pending.what)}: kubectl did not answer in time and was ended."
            login = unfinished(UNFINISHED.get() or (), None)
            pending.late, pending.error = True, login or TimedOut(late, brief="timeout")

    def _end(self) -> None:
        for pending in self._reads:
            if pending.required and pending.late:
                raise TimeoutError
            if pending.required and pending.error is not None:
                raise pending.error
        for pending in self._reads:
            if isinstance(pending.value, ListResult) and pending.error is not None:
                pending.value = ListResult((), frozenset(), unread=self._unread_of(pending))

    @staticmethod
    def _unread_of(pending: Pending[Any]) -> tuple[Unread, ...]:
        return () if pending.error is None else (Unread(pending.what, pending.error.brief, pending.error),)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What could not be read, of all reads, in the order in which they were started."""
        return tuple(
            unread
            for pending in self._reads
            for unread in (pending.value.unread if isinstance(pending.value, ListResult) else self._unread_of(pending))
        )


@asynccontextmanager
async def task_group() -> AsyncIterator[anyio.abc.TaskGroup]:
    """A group of tasks that raises the first of their errors, and no group of errors."""
    try:
        async with anyio.create_task_group() as group:
            yield group
    except ExceptionGroup as several:
        raise first_of(several) from None


@asynccontextmanager
async def gather(share: float = 1.0) -> AsyncIterator[Gather]:
    """Run reads at the same time, and wait for all of them at the end of the block.

    Args:
        share: the part of the time left for the call that reads may take without which there is an answer; less than
            all where others follow. Required reads may take all of it: those that follow are then unread instead.

    Raises:
        KubectlError: a required read failed.
        TimeoutError: a required read took too long.
    """
    left = anyio.current_effective_deadline() - anyio.current_time()
    until = [anyio.current_time() + left * part * (1 - RESERVE) for part in (share, 1.0)]
    async with task_group() as group:
        reads = Gather(group, *until)
        yield reads
    reads._end()  # noqa: SLF001 (the block has ended)
