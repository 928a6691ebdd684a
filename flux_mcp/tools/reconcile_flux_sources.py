"""reconcile_flux_sources: ask Flux to reconcile every source, wait, and tell how each ended."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import BadArgument, KindNotInstalled, KubectlError
from flux_mcp.reconcile.outcome import SOURCE_KINDS, Outcome, ReconcileResult, Target, refusal, source_of, view_target
from flux_mcp.reconcile.preflight import Preflight
from flux_mcp.reconcile.request import Requester
from flux_mcp.reconcile.wait import Waiter
from flux_mcp.render.reconcile_flux_sources import ReconciledSources
from flux_mcp.sanitize.quote import name_of
from flux_mcp.tools.arguments import Context, Namespace, SourceKinds, WaitSeconds

CHART: Final = "HelmChart"
"""The kind that is asked after what it comes from."""
MOST: Final = 200
"""Sources that are asked with one call."""
_BLOCKED: Final = {
    Outcome.FAILED: "failed",
    Outcome.WAITING: "waits",
    Outcome.RUNNING: "has not ended",
    Outcome.REQUESTED: "has not been seen to end",
}
"""How a source ended whose HelmCharts are not asked."""


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
    reading = await cluster.read(request, wanted, view_target, namespace=namespace, insist=kinds or ())
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
    return ReconciledSources(
        request=request, unread=reading.unread, ended=tuple(waves.ended.values()), asked=waves.asked
    )


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
