"""reconcile_flux_resource: request the reconciliation of one object, wait, and report how it ended."""

from dataclasses import dataclass, field
from functools import partial

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FORCE, RESET, FluxKind
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.get import find_one
from flux_mcp.errors import BadArgument, KubectlError
from flux_mcp.reconcile.dependencies import read_dependencies
from flux_mcp.reconcile.explanation import explain
from flux_mcp.reconcile.outcome import (
    WITH_SOURCE,
    Outcome,
    ReconcileRequest,
    ReconcileResult,
    Target,
    Why,
    skipped,
    view_target,
)
from flux_mcp.reconcile.preflight import Preflight, SourceChain
from flux_mcp.reconcile.request import Requester
from flux_mcp.reconcile.wait import Waiter
from flux_mcp.render.reconcile_flux_resource import Reconciled
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of
from flux_mcp.tools.arguments import Context, FluxName, Force, OneFluxKind, Reset, TheNamespace, WaitSeconds, WithSource


def _check(kind: FluxKind, *, with_source: bool, force: bool, reset: bool, wait_seconds: int) -> None:
    """Whether the options fit the kind, before any kubectl is started.

    Raises:
        BadArgument: they do not.
    """
    if not kind.reconcilable:
        allowed = ", ".join(allowed_kind.kind for allowed_kind in FLUX_KINDS if allowed_kind.reconcilable)
        raise BadArgument("kind", f"must be a kind that reconciles on request ({allowed}), not {kind.kind}")
    for argument, key, given in (("force", FORCE, force), ("reset", RESET, reset)):
        if given and key not in kind.options:
            takes = " and ".join(allowed_kind.kind for allowed_kind in FLUX_KINDS if key in allowed_kind.options)
            raise BadArgument(argument, f"only for {takes}, not for {kind.kind}")
    if with_source and kind.kind not in WITH_SOURCE:
        raise BadArgument("with_source", f"only for {', '.join(WITH_SOURCE)}, not for {kind.kind}")
    if with_source and not wait_seconds:
        raise BadArgument("wait_seconds", "must be more than 0 with with_source: the source has to end first")


async def reconcile_flux_resource(  # noqa: PLR0913 (the parameters of the tool)
    cluster: Cluster,
    waiter: Waiter,
    *,
    kind: OneFluxKind,
    name: FluxName,
    namespace: TheNamespace,
    with_source: WithSource = False,
    force: Force = False,
    reset: Reset = False,
    wait_seconds: WaitSeconds = 30,
    context: Context = None,
) -> Reconciled:
    """Request the reconciliation of one Flux object, wait, and report the outcome."""
    _check(kind, with_source=with_source, force=force, reset=reset, wait_seconds=wait_seconds)
    request = await cluster.open(context)
    preflight = Preflight(cluster, request)
    target = await preflight.find(kind, name, namespace)
    preflight.check(target)
    chain = await preflight.source_chain(target) if with_source else SourceChain()
    requested = [source for stage in (*chain.stages, (target,)) for source in stage if source.object.kind.reconcilable]
    for refused in (await preflight.forbidden(requested)).values():
        raise refused
    waiter.allow(wait_seconds)
    steps = _Steps(cluster, request, waiter, Requester(cluster, request))
    steps.results += [skipped(ref, Why.WITHOUT_EFFECT, why) for ref, why in chain.left_out.items()]
    for stage in chain.stages:
        await steps.sources(stage)
    await steps.target(target, force=force, reset=reset)
    dependencies = waiter.dependencies if steps.results[-1].outcome is Outcome.WAITING else None
    explanation = await explain(cluster, request, steps.results, dependencies)
    return Reconciled(request=request, unread=explanation.unread, steps=tuple(steps.results), explanation=explanation)


@dataclass(slots=True)
class _Steps:
    """The requests of one call, one stage after the other. Once something was requested, no failure is an error.

    Attributes:
        requests: that were made.
        blocked: the name of a source that has not succeeded; nothing is requested after it.
    """

    _cluster: Cluster
    _request: RequestContext
    _waiter: Waiter
    _requester: Requester
    results: list[ReconcileResult] = field(default_factory=list)
    requests: list[ReconcileRequest] = field(default_factory=list)
    blocked: str = ""

    async def sources(self, stage: tuple[Target, ...]) -> None:
        """Request the sources of one stage at once, and wait for all of them.

        Raises:
            KubectlError: nothing was requested.
        """
        if self.blocked:
            self.results += [skipped(source.ref, Why.SOURCE_NOT_SUCCEEDED, self.blocked) for source in stage]
            return
        made, errors = await self._requester.make_all([source for source in stage if source.object.kind.reconcilable])
        self.requests += made
        for error in errors.values() if not self.requests else ():
            raise error
        results = {result.ref: result for result in await self._waiter.watch(made, self._requester.look)}
        for source in stage:
            if source.ref in errors:
                results[source.ref] = skipped(source.ref, Why.NOT_REQUESTED, errors[source.ref].brief)
            elif source.ref not in results:
                results[source.ref] = await self._watched(source)
        self.results += [results[source.ref] for source in stage]
        ill = (name_of(result.ref) for result in results.values() if result.outcome is not Outcome.SUCCEEDED)
        self.blocked = next(ill, "")

    async def _watched(self, before: Target) -> ReconcileResult:
        """An object that its generator writes, as it is once the generator has finished."""
        ref = before.ref
        try:
            now = await find_one(self._cluster, self._request, before.object.kind, ref.name, ref.namespace, view_target)
        except KubectlError as error:
            return skipped(ref, Why.WATCHED, error.brief)
        ready = now.object.ready
        return ReconcileResult(
            ref=ref,
            outcome=Outcome.SUCCEEDED if ready is not None and ready.status == "True" else Outcome.FAILED,
            why=Why.WATCHED,
            reason=ready.reason if ready is not None else "",
            message=ready.message if ready is not None else "",
            revisions=(before.object.revision, now.object.revision),
            after=now,
        )

    async def target(self, target: Target, *, force: bool, reset: bool) -> None:
        """Request the object itself, and wait for it.

        Raises:
            KubectlError: nothing was requested.
        """
        if self.blocked:
            self.results.append(skipped(target.ref, Why.SOURCE_NOT_SUCCEEDED, self.blocked))
            return
        fetched = {
            result.ref: result.after.object.artifact_revision for result in self.results if result.after is not None
        }
        revision = next((fetched[ref] for ref in target.object.sources if ref in fetched), "")
        try:
            made = await self._requester.make(target, force=force, reset=reset, revision=revision)
        except KubectlError as error:
            if not self.requests:
                raise
            self.results.append(skipped(target.ref, Why.NOT_REQUESTED, error.brief))
            return
        depends = partial(read_dependencies, self._cluster, self._request)
        self.results += await self._waiter.watch((made,), self._requester.look, depends)
