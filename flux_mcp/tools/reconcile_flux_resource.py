"""reconcile_flux_resource: ask Flux to reconcile one object, wait, and tell how it ended."""

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FORCE, RESET, FluxKind
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import BadArgument, KubectlError
from flux_mcp.reconcile.outcome import WITH_SOURCE, Outcome, ReconcileResult, Target
from flux_mcp.reconcile.preflight import Preflight
from flux_mcp.reconcile.request import Requester
from flux_mcp.reconcile.wait import Waiter
from flux_mcp.render.reconcile_flux_resource import Reconciled
from flux_mcp.tools.arguments import Context, FluxName, Force, OneFluxKind, Reset, TheNamespace, WaitSeconds, WithSource


def _check(kind: FluxKind, *, with_source: bool, force: bool, reset: bool, wait_seconds: int) -> None:
    """Whether the options fit the kind, before anything is asked.

    Raises:
        BadArgument: they do not.
    """
    if not kind.reconcilable:
        allowed = ", ".join(one.kind for one in FLUX_KINDS if one.reconcilable)
        raise BadArgument("kind", f"must be a kind that reconciles on request ({allowed}), not {kind.kind}")
    for argument, key, given in (("force", FORCE, force), ("reset", RESET, reset)):
        if given and key not in kind.options:
            takes = " and ".join(one.kind for one in FLUX_KINDS if key in one.options)
            raise BadArgument(argument, f"is for {takes}, not for {kind.kind}")
    if with_source and kind.kind not in WITH_SOURCE:
        raise BadArgument("with_source", f"is for {', '.join(WITH_SOURCE)}, not for {kind.kind}")
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
    """Ask Flux to reconcile one object, wait, and report the outcome."""
    _check(kind, with_source=with_source, force=force, reset=reset, wait_seconds=wait_seconds)
    request = await cluster.open(context)
    preflight = Preflight(cluster, request)
    target = await preflight.find(kind, name, namespace)
    sources, passed = await preflight.road(target) if with_source else ((), ())
    targets = (*sources, target)
    preflight.check(targets)
    for refused in (await preflight.forbidden(targets)).values():
        raise refused
    requester = Requester(cluster, request)
    steps = [ReconcileResult(ref=ref, outcome=Outcome.SKIPPED, why=why) for ref, why in passed]
    waiter.allow(wait_seconds)
    for source in sources:
        steps.append(await _step(requester, waiter, source, first=source is sources[0]))
        if steps[-1].outcome is not Outcome.SUCCEEDED:
            why = "not asked, because its source has not succeeded"
            left = targets[targets.index(source) + 1 :]
            steps += [ReconcileResult(ref=one.ref, outcome=Outcome.SKIPPED, why=why) for one in left]
            return Reconciled(request=request, unread=(), steps=tuple(steps))
    steps.append(await _step(requester, waiter, target, force=force, reset=reset, first=not sources))
    return Reconciled(request=request, unread=(), steps=tuple(steps))


async def _step(
    requester: Requester,
    waiter: Waiter,
    target: Target,
    *,
    force: bool = False,
    reset: bool = False,
    first: bool,
) -> ReconcileResult:
    """Ask one object and wait for it. Once something was asked, what fails is part of the answer.

    Raises:
        KubectlError: the first object was not asked.
    """
    try:
        requested = await requester.ask(target, force=force, reset=reset)
    except KubectlError as error:
        if first:
            raise
        return ReconcileResult(ref=target.ref, outcome=Outcome.SKIPPED, why=f"not asked: {error.brief}")
    (ended,) = await waiter.watch((requested,), requester.look)
    return ended
