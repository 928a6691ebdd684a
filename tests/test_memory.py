"""Python's collector stops nothing while a call runs, and runs in full afterwards."""

import gc
import sys
import time
from collections.abc import Iterator
from typing import Any
from weakref import ref

import anyio
import pytest

from flux_mcp.api.remember import remembered
from flux_mcp.memory import WORTH, collect_at_rest
from flux_mcp.worker import TURN, Worker
from tests.support.stdio import until

pytestmark = pytest.mark.anyio


class Cycle:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """The generations that were collected so far."""
    found: list[int] = []

    def see(phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            found.append(info["generation"])

    thresholds = gc.get_threshold()
    collect_at_rest()
    gc.callbacks.append(see)
    yield found
    gc.callbacks.remove(see)
    gc.unfreeze()
    gc.set_threshold(*thresholds)


async def test_all_objects_are_looked_at_only_when_no_call_runs(
    collections: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "worth", WORTH)
    seen: list[int] = []
    garbage: list[ref[Cycle]] = []

    async def work() -> None:
        garbage.append(ref(Cycle()))
        end = time.process_time() + 2 * WORTH
        while time.process_time() < end:
            assert len([[number] for number in range(100_000)]) == 100_000
        seen.extend(collections)

    await Worker().run(work)
    assert not seen
    await until(lambda: garbage[0]() is None)
    assert 2 in collections


async def test_what_was_remembered_is_forgotten_when_no_call_has_run_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []

    @remembered(10)
    def compute(text: str) -> int:
        calls.append(text)
        return len(text)

    async def work() -> None:
        compute("x")

    monkeypatch.setattr("flux_mcp.worker.IDLE", 0.05)
    worker = Worker()
    await worker.run(work)
    await worker.run(work)
    assert calls == ["x"]
    await anyio.sleep(0.3)
    await worker.run(work)
    assert calls == ["x", "x"]


async def test_threads_that_compute_take_short_turns() -> None:
    """With the turns of Python, a ping among ten calls that filter texts of 100 kB took more than a second."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(10 * TURN)
    try:
        Worker()
        assert sys.getswitchinterval() == pytest.approx(TURN)
    finally:
        sys.setswitchinterval(before)
