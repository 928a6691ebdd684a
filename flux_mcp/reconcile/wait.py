"""Waiting for requests to end, by polling: kubectl's own watch ends without saying so."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import anyio

from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.result import ListResult
from flux_mcp.errors import KubectlError
from flux_mcp.reconcile.dependencies import Dependencies, Progress
from flux_mcp.reconcile.outcome import (
    Outcome,
    ReconcileRequest,
    ReconcileResult,
    Target,
    final_result,
    interim_result,
)
from flux_mcp.sanitize.quote import name_of

Look = Callable[[Sequence[ReconcileRequest]], Awaitable[ListResult[Target]]]
"""Reads the objects that requests were made to."""
ReadDependencies = Callable[[Target], Awaitable[Dependencies]]
"""Reads what an object waits for."""
Report = Callable[[float, float, str], Awaitable[None]]
"""Takes the seconds waited so far, the seconds that the wait may take, and a message."""

FAILURES: Final = 3
"""Looks that fail one after the other until the waiting is given up."""
MARGIN: Final = 0.2
"""Seconds before the end of the whole call at which a look is broken off, so that there still is an answer."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often is looked.

    Attributes:
        intervals: seconds until the first look, until the second, and so on; the last for all that follow. Between the
            two an answer lies unseen no longer than that.
        restraint: no pause is shorter than so many times the last look: a credential plugin may run at each.
        patience: seconds that the last look may go on after the wait has ended.
        clock: in seconds.
        sleep: waits for seconds of the clock.
    """

    intervals: tuple[float, ...] = (0.5, 1.0, 2.0)
    restraint: float = 3.0
    patience: float = 5.0
    clock: Callable[[], float] = anyio.current_time
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep

    def pause(self, number: int, took: float) -> float:
        """Seconds until the look of that number (from 0), where the last one took so long."""
        interval = self.intervals[min(number, len(self.intervals) - 1)]
        return max(interval - 2 * took, self.restraint * took)


async def _report_nothing(*_: object) -> None:
    pass


class Waiter:
    """The wait of one call: one budget of seconds for all that it waits for.

    Args:
        pace: how often is looked.
        report: receives the progress.
    """

    def __init__(self, pace: Pace | None = None, report: Report | None = None) -> None:
        self._pace, self._report = pace or Pace(), report or _report_nothing
        self._seconds = self._reported = 0.0
        self._from: float | None = None
        self.dependencies: Dependencies | None = None

    def allow(self, seconds: float) -> None:
        """The wait takes so many seconds at most, from the first watch on."""
        self._seconds = seconds

    @property
    def left(self) -> float:
        """Seconds of the wait that are left; 0 if none."""
        return self._seconds if self._from is None else max(0.0, self._from + self._seconds - self._pace.clock())

    async def watch(
        self, requests: Sequence[ReconcileRequest], look: Look, depends: ReadDependencies | None = None
    ) -> tuple[ReconcileResult, ...]:
        """How each of the requests ended, or what is known of it at the end of the wait. It does not raise.

        Looks that fail are made again; after three in a row the waiting is given up. Where an object waits for others,
        the wait goes on while those move; what they were last is in `dependencies`.

        Args:
            requests: that were made.
            look: reads the objects.
            depends: reads what an object waits for; without it that ends the wait.
        """
        self._from = self._pace.clock() if self._from is None else self._from
        self.dependencies, progress = None, Progress()
        seen: dict[ObjectRef, Target | None] = {}
        ended: dict[ObjectRef, ReconcileResult] = {}
        unread: dict[ObjectRef, str] = {}
        number, failures, took = 0, 0, 0.0
        while (pending := [made for made in requests if made.ref not in ended]) and failures < FAILURES:
            await self._tell(pending, len(requests))
            pause = self._pace.pause(number, took)
            if self.left == 0 or (pause > self.left and self._pace.restraint * took > self.left):
                break
            await self._pace.sleep(min(pause, self.left))
            before = self._pace.clock()
            reading, why = await self._look(look, pending)
            for made in pending:
                now = next((each for each in reading.objects if each.ref == made.ref), None)
                if now is None and made.ref.kind not in reading.read:
                    unread[made.ref] = why
                    continue
                unread.pop(made.ref, None)
                seen[made.ref] = now
                result = final_result(made, now)
                self.dependencies = None
                if result is not None and not await self._goes_on(result, depends, progress):
                    ended[made.ref] = result
            number, took = number + 1, self._pace.clock() - before
            failures = failures + 1 if all(made.ref in unread for made in pending) else 0
        return tuple(
            ended.get(made.ref) or interim_result(made, seen.get(made.ref), unread.get(made.ref, ""))
            for made in requests
        )

    async def _look(self, look: Look, pending: Sequence[ReconcileRequest]) -> tuple[ListResult[Target], str]:
        """What was read, and why not all of it."""
        nothing: ListResult[Target] = ListResult((), frozenset())
        try:
            with anyio.fail_after(self._time_for_a_look()):
                reading = await look(pending)
        except TimeoutError:
            return nothing, "kubectl did not answer in time"
        except KubectlError as error:
            return nothing, error.brief
        return reading, next((part.why for part in reading.unread), "not read")

    def _time_for_a_look(self) -> float:
        end_of_call = anyio.current_effective_deadline() - anyio.current_time() - MARGIN
        return max(0.0, min(self.left + self._pace.patience, end_of_call))

    async def _goes_on(self, result: ReconcileResult, depends: ReadDependencies | None, progress: Progress) -> bool:
        """Whether an object that waits for others is worth waiting for."""
        if result.outcome is not Outcome.WAITING or result.after is None or depends is None:
            return False
        try:
            with anyio.fail_after(self._time_for_a_look()):
                self.dependencies = await depends(result.after)
        except (TimeoutError, KubectlError):
            return True  # what it waits for is not known; the look is made again
        return progress.goes_on(self.dependencies, self._pace.clock(), self.left)

    async def _tell(self, pending: Sequence[ReconcileRequest], total: int) -> None:
        """Report the progress; the seconds grow with each report, as MCP requires."""
        waited = round(self._seconds - self.left, 1)
        if waited > self._reported or self._reported == 0.0:
            self._reported = max(waited, 0.1)
            more = f" and {len(pending) - 1} more" if len(pending) > 1 else ""
            ended = f"{total - len(pending)} of {total} have ended, waiting for {name_of(pending[0].ref)}{more}"
            others = self.dependencies.blocking[:1] if self.dependencies is not None else ()
            behind = "".join(f", which waits for {name_of(one.ref)}" for one in others)
            await self._report(self._reported, max(self._seconds, self._reported), ended + behind)
