"""reconcile_flux_sources: ask Flux to reconcile every source, wait, and tell how each ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.result import Unread
from flux_mcp.errors import BadArgument, KindNotInstalled, KubectlError
from flux_mcp.reconcile.outcome import SOURCE_KINDS, Outcome, ReconcileResult, Target, refusal, source_of, view_target
from flux_mcp.reconcile.preflight import Preflight
from flux_mcp.reconcile.request import Requester
from flux_mcp.reconcile.wait import Waiter
from flux_mcp.render.outcomes import STANDS, ended_line, revisions
from flux_mcp.render.text import DEFAULT_BOUND, Line, first_line, fit, unread_line
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import LIST_MESSAGE, name_of, value
from flux_mcp.tools.arguments import Context, Namespace, SourceKinds, WaitSeconds

CHART: Final = "HelmChart"
"""The kind that is asked after what it comes from."""
MOST: Final = 200
"""Sources that are asked with one call."""
_ORDER: Final = {outcome: place for place, outcome in enumerate(Outcome)}
_KINDS: Final = {kind.kind: place for place, kind in enumerate(SOURCE_KINDS)}
_BLOCKED: Final = {
    Outcome.FAILED: "failed",
    Outcome.WAITING: "waits",
    Outcome.RUNNING: "has not ended",
    Outcome.REQUESTED: "has not been seen to end",
}
"""How a source ended whose HelmCharts are not asked."""


@dataclass(frozen=True, slots=True)
class ReconciledSources:
    """How each source ended, or why it was not asked.

    Attributes:
        asked: how many were.
        gaps: kinds that could not be read, so that none of them was asked.
    """

    request: RequestContext
    ended: tuple[ReconcileResult, ...]
    asked: int
    unread: tuple[Unread, ...]

    def render(self) -> str:
        """What failed or was not asked first, a line each; what succeeded by kind and namespace."""
        rows = sorted(self.ended, key=lambda one: (_ORDER[one.outcome], _KINDS[one.ref.kind], one.ref))
        waits = {Outcome.REQUESTED, Outcome.RUNNING, Outcome.WAITING}
        stands = [STANDS] if any(one.outcome in waits for one in self.ended) else []
        return fit(
            lambda _: (
                first_line("reconcile_flux_sources", self.request, self.asked, len(self.ended)),
                *unread_line(self.unread),
                _counts(self.ended),
                *stands,
            ),
            (
                partial(_lines, rows, LIST_MESSAGE),
                partial(_lines, rows, LIST_MESSAGE // 3),
                partial(_lines, rows, LIST_MESSAGE // 3, folded=True),
            ),
            DEFAULT_BOUND,
            lambda rest: f"… {rest} more sources are left out: pass namespace or kinds, or ask list_flux_resources.",
        )


def _counts(ended: Iterable[ReconcileResult]) -> str:
    counts = {outcome: sum(one.outcome is outcome for one in ended) for outcome in Outcome}
    return ", ".join(f"{number} {outcome.value}" for outcome, number in counts.items() if number) or "No sources."


def _lines(rows: Sequence[ReconcileResult], limit: int, *, folded: bool = False) -> list[Line]:
    """The lines; folded, those of which nothing is to be said but how they ended are counted and not named."""
    lines = [Line(ended_line(one, limit), 1, 1) for one in rows if not _calm(one)]
    calm = (one for one in rows if _calm(one))
    for (outcome, kind, namespace), group in groupby(
        calm, key=lambda one: (one.outcome.value, one.ref.kind, one.ref.namespace)
    ):
        found = list(group)
        told = f"{len(found)} objects" if folded else "; ".join(_brief(one) for one in found)
        lines.append(Line(f"{outcome} {kind} {value(namespace)}/: {told}", 0 if folded else len(found), len(found)))
    return lines


def _calm(one: ReconcileResult) -> bool:
    return one.outcome in {Outcome.SUCCEEDED, Outcome.REQUESTED} and not one.why and not one.notes


def _brief(one: ReconcileResult) -> str:
    return " ".join(filter(None, (value(one.ref.name), revisions(one))))


async def reconcile_flux_sources(
    cluster: Cluster,
    waiter: Waiter,
    *,
    namespace: Namespace = None,
    kinds: SourceKinds = None,
    wait_seconds: WaitSeconds = 30,
    context: Context = None,
) -> ReconciledSources:
    """Ask Flux to reconcile all sources, wait, and report how each ended."""
    wanted = kinds or SOURCE_KINDS
    request = await cluster.open(context)
    reading = await cluster.read(request, wanted, view_target, namespace=namespace)
    if len(reading.absent) == len(wanted):
        told = ", ".join(kind.kind for kind in wanted)
        raise KindNotInstalled(f"The cluster does not serve {told}; {request.where}.", brief="not installed")
    reading.require()
    if len(reading.objects) > MOST:
        narrower = " and ".join(("kinds",) if namespace is not None else ("namespace", "kinds"))
        raise BadArgument(
            "namespace" if namespace is None else "kinds",
            f"must narrow this down: {len(reading.objects)} sources match, at most {MOST} are asked with one call "
            f"(use {narrower}); {request.where}",
        )
    waves = _Waves(Requester(cluster, request), waiter, namespace)
    waves.refuse({one.ref: why for one in reading.objects if (why := refusal(one))})
    targets = [one for one in reading.objects if one.ref not in waves.ended]
    forbidden = await Preflight(cluster, request).forbidden(targets)
    waves.refuse({ref: error.brief for ref, error in forbidden.items()})
    waiter.allow(wait_seconds)
    charts = [one for one in targets if one.ref.kind == CHART]
    others = [one for one in targets if one.ref.kind != CHART]
    # Without a wait nobody knows how the first wave ends, and there is nothing to hold the second one back for.
    errors = [*forbidden.values(), *await waves.ask(others if wait_seconds else targets)]
    if wait_seconds:
        errors += await waves.ask(waves.unblocked(charts))
    if errors and not waves.asked:
        raise errors[0]
    return ReconciledSources(request, tuple(waves.ended.values()), waves.asked, reading.unread)


class _Waves:
    """How the sources ended so far, wave by wave."""

    def __init__(self, requester: Requester, waiter: Waiter, namespace: str | None) -> None:
        self._requester, self._waiter, self._namespace = requester, waiter, namespace
        self.ended: dict[ObjectRef, ReconcileResult] = {}
        self.asked = 0

    def refuse(self, why: Mapping[ObjectRef, str]) -> None:
        """Take down that these were not asked, and why."""
        for ref, told in why.items():
            self.ended[ref] = ReconcileResult(ref=ref, outcome=Outcome.SKIPPED, why=told)

    def unblocked(self, charts: Iterable[Target]) -> list[Target]:
        """The charts whose source did not fail, as far as it was asked; the others are refused."""
        free = []
        for chart in charts:
            ref = source_of(chart)
            source = self.ended.get(ref) if ref is not None else None
            if source is not None and source.outcome in _BLOCKED:
                self.refuse({chart.ref: f"not asked: its source {name_of(source.ref)} {_BLOCKED[source.outcome]}"})
            elif chart.ref not in self.ended:
                free.append(chart)
        return free

    async def ask(self, targets: Iterable[Target]) -> list[KubectlError]:
        """Ask these at once, and wait for them; the errors of those that could not be asked."""
        requests, errors = await self._requester.ask_all([one for one in targets if one.ref not in self.ended])
        self.refuse({ref: f"not asked: {error.brief}" for ref, error in errors.items()})
        self.asked += len(requests)
        look = partial(self._requester.look, namespace=self._namespace)
        for ended in await self._waiter.watch(requests, look):
            self.ended[ended.ref] = ended
        return list(errors.values())
