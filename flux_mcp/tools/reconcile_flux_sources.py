"""reconcile_flux_sources: request the reconciliation of every source, wait, and report how each ended."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import BadArgument, KubectlError
from flux_mcp.reconcile.explanation import Explanation, explain
from flux_mcp.reconcile.outcome import (
    SOURCE_KINDS,
    Outcome,
    ReconcileResult,
    Target,
    Why,
    refusal,
    skipped,
    sources_of,
    view_target,
)
from flux_mcp.reconcile.preflight import Preflight
from flux_mcp.reconcile.request import Requester
from flux_mcp.reconcile.wait import Waiter
from flux_mcp.render.reconcile_flux_sources import ReconciledSources
from flux_mcp.sanitize.quote import name_of
from flux_mcp.tools.arguments import Context, Namespace, SourceKinds, WaitSeconds

CHART: Final = "HelmChart"
"""The kind that is requested after what it comes from."""
MOST: Final = 200
"""Sources that are requested with one call."""


async def reconcile_flux_sources(
    cluster: Cluster,
    waiter: Waiter,
    *,
    namespace: Namespace = None,
    kinds: SourceKinds = None,
    wait_seconds: WaitSeconds = 30,
    context: Context = None,
) -> ReconciledSources:
    """Request the reconciliation of all sources, wait, and report how each ended."""
    wanted = kinds or SOURCE_KINDS
    request = await cluster.open(context)
    reading = await cluster.read(request, wanted, view_target, namespace=namespace, insist=kinds or ())
    reading.require(request.where)
    if len(reading.objects) > MOST:
        narrower = " and ".join(("kinds",) if namespace is not None else ("namespace", "kinds"))
        raise BadArgument(
            "namespace" if namespace is None else "kinds",
            f"must narrow this down: {len(reading.objects)} sources match, at most {MOST} are requested with one call "
            f"(use {narrower}); {request.where}",
        )
    waves = _Waves(Requester(cluster, request), waiter, namespace)
    waves.skip({source.ref: why for source in reading.objects if (why := refusal(source))}, Why.WITHOUT_EFFECT)
    targets = [source for source in reading.objects if source.ref not in waves.results]
    forbidden = await Preflight(cluster, request).forbidden(targets)
    waves.skip({ref: error.brief for ref, error in forbidden.items()})
    waiter.allow(wait_seconds)
    charts = [source for source in targets if source.ref.kind == CHART]
    others = [source for source in targets if source.ref.kind != CHART]
    # Without a wait nobody knows how the first wave ends, and there is nothing to hold the second one back for.
    errors = [*forbidden.values(), *await waves.request(others if wait_seconds else targets)]
    if wait_seconds:
        errors += await waves.request(waves.unblocked(charts))
    if errors and not waves.requested:
        raise errors[0]
    results = tuple(waves.results.values())
    explanation = await explain(cluster, request, results) if results else Explanation()
    return ReconciledSources(
        request=request,
        unread=(*reading.unread, *explanation.unread),
        results=results,
        requested=waves.requested,
        explanation=explanation,
    )


class _Waves:
    """How the sources ended so far, wave by wave."""

    def __init__(self, requester: Requester, waiter: Waiter, namespace: str | None) -> None:
        self._requester, self._waiter, self._namespace = requester, waiter, namespace
        self.results: dict[ObjectRef, ReconcileResult] = {}
        self.requested = 0

    def skip(self, details: Mapping[ObjectRef, str], why: Why = Why.NOT_REQUESTED) -> None:
        """Note that these were not requested, and why."""
        self.results |= {ref: skipped(ref, why, detail) for ref, detail in details.items()}

    def unblocked(self, charts: Iterable[Target]) -> list[Target]:
        """The charts whose source did not fail, as far as it was requested; the others are skipped."""
        free = []
        for chart in charts:
            source = next((self.results[ref] for ref in sources_of(chart) if ref in self.results), None)
            if source is not None and source.outcome not in {Outcome.SUCCEEDED, Outcome.SKIPPED}:
                self.results[chart.ref] = skipped(chart.ref, Why.SOURCE_NOT_SUCCEEDED, name_of(source.ref))
            elif chart.ref not in self.results:
                free.append(chart)
        return free

    async def request(self, targets: Iterable[Target]) -> list[KubectlError]:
        """Request these at once, and wait for them; the errors of those that could not be requested."""
        made, errors = await self._requester.make_all([target for target in targets if target.ref not in self.results])
        self.skip({ref: error.brief for ref, error in errors.items()})
        self.requested += len(made)
        look = partial(self._requester.look, namespace=self._namespace)
        self.results |= {result.ref: result for result in await self._waiter.watch(made, look)}
        return list(errors.values())
