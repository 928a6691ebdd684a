"""Work that ends in order when a signal ends this process."""

import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from flux_mcp.errors import Signalled, first_of

T = TypeVar("T")


async def unless_signalled(work: Callable[[], Awaitable[T]]) -> T:
    """Do some work; at SIGINT, SIGTERM or SIGHUP it is cancelled, and cleans up behind itself.

    Raises:
        Signalled: by one of them.
    """
    results: list[T] = []
    signals: list[int] = []
    try:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as received:
            async with anyio.create_task_group() as group:

                async def watch() -> None:
                    async for number in received:
                        signals.append(number)
                        group.cancel_scope.cancel()

                group.start_soon(watch)
                results.append(await work())
                group.cancel_scope.cancel()
    except ExceptionGroup as several:
        raise first_of(several) from None
    if not results:
        raise Signalled(signals[0])
    return results[0]
