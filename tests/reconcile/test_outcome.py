"""What an object says of a request, on every object of the recording staging, and tokens.

Expected outcomes follow from the verdicts of tests/support/expected.py, which were read from the JSON.
"""

import copy
import json
import threading
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.reconcile import request as requesting
from flux_mcp.reconcile.outcome import (
    SOURCE_KINDS,
    Outcome,
    ReconcileRequest,
    Target,
    Why,
    final_result,
    interim_result,
    refusal,
    sources_of,
    to_token,
    view_target,
)
from flux_mcp.reconcile.request import Requester
from flux_mcp.request import ErrorContext, RequestContext
from tests.support.expected import STAGING, Expected
from tests.support.fake import FIXTURES
from tests.support.items import item

TOKEN = "2026-11-22T10:00:00.000000001Z"
REQUESTED = "reconcile.fluxcd.io/requestedAt"
OUTCOMES = {
    "Ready": Outcome.SUCCEEDED,
    "Failing": Outcome.FAILED,
    "Stalled": Outcome.FAILED,
    "Waiting": Outcome.WAITING,
    "Suspended": Outcome.SKIPPED,
    "Pending": None,
}
"""How a request ends on an object that its controller leaves as it is, by its verdict; None: nothing tells yet."""


def recorded(row: Expected) -> dict[str, Any]:
    items = json.loads((FIXTURES / "staging" / f"{by_kind[row.kind].resource}.json").read_text())["items"]
    (found,) = (
        one for one in items if (one["metadata"]["namespace"], one["metadata"]["name"]) == (row.namespace, row.name)
    )
    return dict(found)


def target(one: Any) -> Target:
    found = view_target(one)
    assert found is not None
    return found


def after(one: dict[str, Any], handled: str = TOKEN) -> Target:
    """The object once it was asked, and its controller took down this token and changed nothing else."""
    now = copy.deepcopy(one)
    now["metadata"].setdefault("annotations", {})[REQUESTED] = TOKEN
    now.setdefault("status", {})["lastHandledReconcileAt"] = handled
    return target(now)


ASKED = [row for row in STAGING if row.verdict != "Static" and row.kind not in {"FluxReport", "ExternalArtifact"}]


@pytest.mark.parametrize("row", ASKED, ids=lambda row: f"{row.kind}-{row.name}")
def test_a_request_ends_as_the_object_is(row: Expected) -> None:
    one = recorded(row)
    request = ReconcileRequest(target(one), TOKEN)
    ended = final_result(request, after(one))
    # The verdict of a SourceNotReady that lasts is Failing; a request that ends so waits for the source.
    expected = Outcome.WAITING if row.reason == "SourceNotReady" else OUTCOMES[row.verdict]
    assert (ended.outcome if ended else None) is expected
    if ended is not None and expected is not Outcome.SKIPPED:
        assert ended.reason == row.reason
    assert bool(refusal(target(one))) is (row.verdict == "Suspended")


@pytest.mark.parametrize("row", ASKED, ids=lambda row: f"{row.kind}-{row.name}")
def test_what_an_object_said_before_is_no_end(row: Expected) -> None:
    """Until the token is taken down, the conditions are those of an earlier run."""
    one = recorded(row)
    if row.verdict != "Suspended":
        assert final_result(ReconcileRequest(target(one), TOKEN), after(one, handled="an-older-token")) is None
        assert final_result(ReconcileRequest(target(one), TOKEN), after(one, handled="")) is None
        told = interim_result(ReconcileRequest(target(one), TOKEN), after(one, handled=""))
        assert told.outcome is Outcome.REQUESTED


@pytest.mark.parametrize("row", [row for row in STAGING if row.verdict == "Static"], ids=lambda row: row.name)
def test_static_objects_are_not_asked(row: Expected) -> None:
    assert refusal(target(recorded(row)))


def test_where_the_content_of_staging_comes_from() -> None:
    """spec.sourceRef, spec.chartRef, and status.helmChart of the JSON."""
    roads = {
        ("Kustomization", "flux-system", "apps"): ("GitRepository", "flux-system", "flux-system"),
        ("Kustomization", "flux-system", "tenant-a"): ("OCIRepository", "flux-system", "tenants"),
        ("Kustomization", "flux-system", "orphan-source"): ("GitRepository", "flux-system", "nope"),
        ("HelmRelease", "monitoring", "loki"): ("HelmChart", "flux-system", "monitoring-loki"),
        ("HelmRelease", "podinfo", "podinfo"): ("OCIRepository", "flux-system", "podinfo"),
        ("HelmChart", "flux-system", "monitoring-loki"): ("HelmRepository", "flux-system", "charts-oci"),
        ("GitRepository", "flux-system", "flux-system"): None,
        ("ResourceSet", "flux-system", "teams"): None,
    }
    for row in STAGING:
        if row[:3] in roads:
            road = roads.pop((row.kind, row.namespace, row.name))
            assert sources_of(target(recorded(row))) == ((ObjectRef(*road),) if road else ())
    assert roads == {}


def test_the_kinds_of_sources_and_the_one_that_comes_last() -> None:
    assert [kind.kind for kind in SOURCE_KINDS] == [
        "GitRepository",
        "OCIRepository",
        "Bucket",
        "HelmRepository",
        "HelmChart",
    ]


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, [None], {"conditions": "x"}, {"nextSchedule": [1]}])
@pytest.mark.parametrize("kind", [kind.kind for kind in FLUX_KINDS])
def test_odd_objects_are_read_all_the_same(kind: str, odd: Any) -> None:
    one = item(kind)
    assert view_target({**one, "metadata": odd}) is None
    for broken in ({**one, "status": odd}, {**one, "spec": odd}, {**one, "metadata": {**one["metadata"], "uid": odd}}):
        now = target(broken)
        refusal(now)
        sources_of(now)
        final_result(ReconcileRequest(target(one), TOKEN), now)
        interim_result(ReconcileRequest(target(one), TOKEN), now)


# Tokens


def test_a_token_is_a_time_with_nanoseconds() -> None:
    assert to_token(0) == "1970-01-01T00:00:00.000000000Z"
    assert to_token(1_795_339_626_000_000_007) == "2026-11-22T09:27:06.000000007Z"


def test_no_token_is_taken_twice_whatever_the_clock_does() -> None:
    """A clock that stands still or is set back."""
    moments = iter([5, 5, 5, 3, 1, 9] + [9] * 1000)
    tokens = requesting._Tokens(lambda: next(moments))
    taken = [tokens.take(besides=()) for _ in range(1000)]
    assert len(set(taken)) == 1000
    assert taken == sorted(taken)


def test_a_token_is_none_that_the_object_knows() -> None:
    assert requesting._Tokens(lambda: 5).take(besides=(to_token(5), to_token(6))) == to_token(7)


def test_threads_take_different_tokens() -> None:
    tokens, taken = requesting._Tokens(), list[str]()

    def take() -> None:
        taken.extend([tokens.take(besides=()) for _ in range(500)])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == len(taken) == 2000


def test_a_request_that_gave_way_to_the_one_before_it_has_not_ended() -> None:
    """A manifest that is applied again may bring the last annotation back, which was handled long ago."""
    one = item(metadata={"annotations": {REQUESTED: "old"}}, status={"lastHandledReconcileAt": "old"})
    request = ReconcileRequest(target(one), TOKEN)
    assert final_result(request, target(one)) is None
    told = interim_result(request, target(one))
    assert (told.outcome, told.why) == (Outcome.REQUESTED, Why.REMOVED)


def test_a_suspended_helm_repository_of_type_oci_is_refused_for_its_type() -> None:
    one = item("HelmRepository", spec={"type": "oci", "suspend": True})
    assert "type oci" in refusal(target(one))


class _Slow:
    """A cluster whose first writes arrive, and whose later ones hang."""

    def __init__(self, quick: int) -> None:
        self.quick = quick

    async def version_of(self, *_: object) -> str:
        return "v1"

    async def annotate(self, *_: object) -> None:
        self.quick -= 1
        if self.quick < 0:
            await anyio.sleep_forever()


@pytest.mark.anyio
async def test_what_was_asked_until_the_time_is_up_is_told() -> None:
    targets = [target(item(name=f"k{number}")) for number in range(20)]
    scope = RequestContext("dev", ("user", "me"), datetime.now(UTC), ErrorContext("dev"))
    requester = Requester(_Slow(8), scope)  # type: ignore[arg-type]
    with anyio.fail_after(requesting.MARGIN + 0.3):
        made, errors = await requester.make_all(targets)
    assert len(made) == 8
    known = [ref for ref, error in errors.items() if "may or may not have been applied" not in str(error)]
    assert (len(errors), len(known)) == (12, 4)
