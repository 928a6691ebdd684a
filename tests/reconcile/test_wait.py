"""Waiting: how often is looked, and when the waiting ends."""

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.errors import Unreachable
from flux_mcp.reconcile.outcome import Outcome, ReconcileRequest, Target, Why, view_target
from flux_mcp.reconcile.wait import Pace, Waiter
from tests.support.controller import Clock, Item, ends, stays, works
from tests.support.items import item

pytestmark = pytest.mark.anyio

TOKEN = "2026-02-03T04:05:06.000000001Z"


def asked(name: str = "apps", kind: str = "Kustomization", **more: Any) -> Item:
    return item(kind, name, metadata={"annotations": {"reconcile.fluxcd.io/requestedAt": TOKEN}}, **more)


def target(one: Item) -> Target:
    found = view_target(one)
    assert found is not None
    return found


class Looks:
    """What is seen at each look; a look takes some seconds of the clock."""

    def __init__(self, clock: Clock, *seen: Sequence[Item] | Exception, takes: float = 0.0) -> None:
        self.clock, self.takes, self.seen = clock, takes, list(seen)
        self.at: list[float] = []
        self.of: list[list[str]] = []

    async def __call__(self, pending: Sequence[ReconcileRequest]) -> ListResult[Target]:
        self.at.append(self.clock.now)
        self.of.append([one.ref.name for one in pending])
        self.clock.now += self.takes
        seen = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        if isinstance(seen, Exception):
            raise seen
        return ListResult(tuple(map(target, seen)), frozenset({"Kustomization", "HelmChart"}))


def after(step: Any, one: Item) -> Item:
    copy = {**one, "status": {**one["status"]}}
    step(copy)
    return copy


async def watch(seconds: float, clock: Clock, looks: Looks, *items: Item) -> list[Outcome]:
    waiter = Waiter(Pace(clock=clock, sleep=clock.sleep))
    waiter.allow(seconds)
    requests = [ReconcileRequest(target(item(one["kind"], one["metadata"]["name"])), TOKEN) for one in items]
    return [ended.outcome for ended in await waiter.watch(requests, looks)]


async def test_it_looks_after_half_a_second_a_second_and_then_every_two() -> None:
    clock, one = Clock(), asked()
    looks = Looks(clock, [after(works(), one)])
    assert await watch(8, clock, looks, one) == [Outcome.RUNNING]
    assert [at - 1000 for at in looks.at] == [0.5, 1.5, 3.5, 5.5, 7.5, 8.0]


@pytest.mark.parametrize("takes", [0.1, 0.2, 0.4])
async def test_an_answer_lies_unseen_for_two_seconds_at_most(takes: float) -> None:
    """From a look that just missed it to the end of the next one."""
    clock, one = Clock(), asked()
    looks = Looks(clock, [after(works(), one)], takes=takes)
    await watch(30, clock, looks, one)
    assert all(later + takes - look <= 2.0001 for look, later in zip(looks.at, looks.at[1:], strict=False))


@pytest.mark.parametrize("takes", [0.6, 1.0, 4.0])
async def test_a_slow_kubectl_is_left_alone_three_times_as_long_as_it_took(takes: float) -> None:
    """A login plugin may run at each look."""
    clock, one = Clock(), asked()
    looks = Looks(clock, [after(works(), one)], takes=takes)
    await watch(60, clock, looks, one)
    assert len(looks.at) > 2
    assert all(pause >= 3 * takes - 0.0001 for pause in clock.slept[1:])


@pytest.mark.parametrize(("seconds", "takes"), [(1, 0.1), (10, 0.3), (30, 0.15), (5, 4.0)])
async def test_no_look_begins_after_the_bound(seconds: float, takes: float) -> None:
    clock, one = Clock(), asked()
    looks = Looks(clock, [after(works(), one)], takes=takes)
    await watch(seconds, clock, looks, one)
    assert looks.at[0] <= 1000.5
    assert looks.at[-1] <= 1000 + seconds
    assert clock.now <= 1000 + seconds + takes


async def test_only_what_has_not_ended_is_looked_at_again() -> None:
    clock = Clock()
    first, second = asked("first"), asked("second")
    looks = Looks(clock, [after(ends(), first), after(works(), second)], [after(ends("False", "BuildFailed"), second)])
    assert await watch(30, clock, looks, first, second) == [Outcome.SUCCEEDED, Outcome.FAILED]
    assert looks.of == [["first", "second"], ["second"]]


async def test_three_looks_that_fail_end_it_and_two_do_not() -> None:
    one, error = asked(), Unreachable("Cannot reach the cluster", brief="cannot reach the cluster")
    clock = Clock()
    looks = Looks(clock, error, error, [after(works(), one)], error, error, [after(ends(), one)])
    assert await watch(60, clock, looks, one) == [Outcome.SUCCEEDED]
    clock = Clock()
    looks = Looks(clock, [after(works(), one)], error)
    assert await watch(600, clock, looks, one) == [Outcome.REQUESTED]
    assert len(looks.at) == 4


async def test_a_kind_that_could_not_be_read_is_not_taken_for_deleted() -> None:
    clock, one = Clock(), asked()
    waiter = Waiter(Pace(clock=clock, sleep=clock.sleep))
    waiter.allow(30)
    gap = Unread(("Kustomization",), "forbidden: dev-user may not list here")

    async def look(_: Sequence[ReconcileRequest]) -> ListResult[Target]:
        return ListResult((), frozenset(), (), (gap,))

    (ended,) = await waiter.watch([ReconcileRequest(target(one), TOKEN)], look)
    assert ended.outcome is Outcome.REQUESTED
    assert (ended.why, ended.detail) == (Why.UNOBSERVED, "forbidden: dev-user may not list here")


async def test_a_look_that_hangs_is_broken_off_in_time_for_an_answer() -> None:
    """The call as a whole has an end of its own, at which there would be an error and no answer."""
    waiter = Waiter(Pace(intervals=(0.0,), patience=60.0))
    waiter.allow(0.1)

    async def look(_: Sequence[ReconcileRequest]) -> ListResult[Target]:
        await anyio.sleep_forever()
        raise AssertionError

    with anyio.fail_after(0.6):
        (ended,) = await waiter.watch([ReconcileRequest(target(asked()), TOKEN)], look)
    assert ended.outcome is Outcome.REQUESTED
    assert (ended.why, ended.detail) == (Why.UNOBSERVED, "kubectl did not answer in time")


async def test_nothing_to_wait_for() -> None:
    clock = Clock()
    assert await watch(30, clock, Looks(clock, []), *[]) == []
    assert clock.slept == []


async def test_without_seconds_nothing_is_looked_at() -> None:
    clock, one = Clock(), asked()
    looks = Looks(clock, [after(stays, one)])
    assert await watch(0, clock, looks, one) == [Outcome.REQUESTED]
    assert looks.at == []
