"""An event loop in a thread of its own, on which tools compute, so that the loop of the protocol always answers."""

import asyncio
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from typing import Any, Final, TypeVar

import anyio

from flux_mcp.api.remember import forget
from flux_mcp.memory import WORTH, collect

T = TypeVar("T")

SOON: Final = 1.0
"""Seconds after which work is done that nobody waits for: a client that has listed tools is not kept from a call."""
TURN: Final = 0.0005
"""Seconds after which a thread that computes lets another one run, a tenth of Python's own. An answer to a ping takes a
dozen turns of the threads that read, answer and write, and waits before each for all that compute."""
IDLE: Final = 20.0
"""Seconds without a call after which nothing that was computed is kept."""


class Worker:
    """The loop. It starts with the first work and lasts as long as the process.

    Attributes:
        worth: seconds of CPU time after which a collection is worth its own.
    """

    worth = WORTH

    def __init__(self) -> None:
        self._loop, self._running, self._collected = asyncio.new_event_loop(), 0, 0.0
        self._idle: asyncio.TimerHandle | None = None
        sys.setswitchinterval(TURN)
        threading.Thread(target=self._loop.run_forever, name="fluxcd-mcp tools", daemon=True).start()

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do some work on the loop, and wait for it without waiting in this one; cancelling one cancels the other."""
        scope = anyio.CancelScope()
        results: list[T] = []

        async def start() -> None:
            self._running += 1
            try:
                with scope:
                    results.append(await work())
            finally:
                self._running -= 1
                # After this task has ended, and let go of what it read.
                self._loop.call_soon(self._rest)

        future = asyncio.run_coroutine_threadsafe(start(), self._loop)
        try:
            await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            # Not the task itself: that would abandon a kubectl that is just being started.
            self._loop.call_soon_threadsafe(scope.cancel)
            future.add_done_callback(lambda ended: ended.exception())
            raise
        return results[0]

    def soon(self, work: Callable[[], None]) -> None:
        """Do some work on the loop a little later, and wait for nothing."""
        self._loop.call_soon_threadsafe(self._loop.call_later, SOON, work)

    def _rest(self) -> None:
        """No call runs: collect, unless hardly anything was done since; after a while forget what was computed, too."""
        if self._running:
            return
        if time.process_time() - self._collected > self.worth:
            self._collect()
        if self._idle is not None:
            self._idle.cancel()
        self._idle = self._loop.call_later(IDLE, self._forget)

    def _forget(self) -> None:
        # The end of a call that runs now starts the time again.
        if not self._running:
            forget()
            self._collect()

    def _collect(self) -> None:
        collect()
        self._collected = time.process_time()


@cache
def worker() -> Worker:
    """The one of this process: locks and limits of what the tools share belong to its loop."""
    return Worker()


def on_this_loop(call: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Awaitable[None]]:
    """A function that calls another one on the loop that runs now, wherever it is called itself."""
    here = asyncio.get_running_loop()

    async def call_there(*arguments: Any) -> None:  # noqa: ANN401 (those of the function)
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call(*arguments), here))

    return call_there
