"""get_flux_fleet: how all contexts are, each on one line, whatever becomes of the others."""

from collections import Counter
from datetime import UTC, datetime
from math import ceil
from typing import Final

import anyio

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.evidence import read_evidence
from flux_mcp.diagnosis.root_causes import diagnose
from flux_mcp.diagnosis.snapshot import Snapshot
from flux_mcp.errors import FluxMcpError, KubectlError, UnknownContext
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.status import assess, count
from flux_mcp.render.get_flux_fleet import Fleet, FleetCause, FleetContext
from flux_mcp.request import ErrorContext, RequestContext
from flux_mcp.tools.arguments import Contexts, Limit

MOST: Final = 20
"""Contexts that are looked at."""
AT_ONCE: Final = 8
"""Contexts that are looked at at the same time: as many as kubectl processes may run."""
SECONDS: Final = 15.0
"""For one context at most."""
SHARE: Final = 0.9
"""The part of a call's time that all contexts together may take."""


async def get_flux_fleet(cluster: Cluster, *, contexts: Contexts = None, limit: Limit = None) -> Fleet:
    """All contexts, one a line: Flux version, health, worst causes, or why unread. Runs every credential plugin."""
    kubeconfig = await cluster.kubeconfig()
    known = [entry.name for entry in kubeconfig.contexts]
    for name in contexts or ():
        kubeconfig.find(name)
    wanted = [*dict.fromkeys(contexts or known)]
    if not wanted:
        raise UnknownContext("The kubeconfig has no contexts.", brief="no contexts")
    looked = wanted[: limit or MOST][:MOST]
    left = anyio.current_effective_deadline() - anyio.current_time()
    seconds = min(SECONDS, left * SHARE / ceil(len(looked) / AT_ONCE))
    found: dict[str, FleetContext] = {}
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def look(name: str) -> None:
        async with limiter:
            found[name] = await _look(cluster, name, seconds)

    async with anyio.create_task_group() as group:
        for name in looked:
            group.start_soon(look, name)
    requests = [each.request for each in found.values() if each.request is not None]
    newest = max(requests, key=lambda each: each.now, default=None)
    identity, now = (newest.identity, newest.now) if newest is not None else (("user", ""), datetime.now(UTC))
    where = ErrorContext(None)
    return Fleet(
        request=RequestContext(None, identity, now, where, tools=cluster.tools, several=True),
        unread=(),
        contexts=tuple(sorted((found[name] for name in looked), key=lambda each: each.order)),
        left_out_contexts=tuple(wanted[len(looked) :]),
    )


async def _look(cluster: Cluster, name: str, seconds: float) -> FleetContext:
    """One context: three kubectl, and no more time than it may take."""
    request = None
    try:
        with anyio.fail_after(seconds):
            request = await cluster.open(name)
            return await _summary(cluster, request)
    except TimeoutError:
        problem = f"no answer within {seconds:.3g} s"
    except KubectlError as error:
        problem = error.brief
    except FluxMcpError as error:
        problem = str(error)
    return FleetContext(name=name, request=request, problem=problem)


async def _summary(cluster: Cluster, request: RequestContext) -> FleetContext:
    evidence = await read_evidence(cluster, request, None, share=1.0)
    objects = {each.ref: each for each in evidence.flux.objects}
    statuses = {each.object.ref: each for each in assess((one.node.object for one in objects.values()), request.now)}
    controllers = evidence.controllers.found
    diagnosis = diagnose(
        Snapshot(
            objects=objects,
            graph=Graph(one.node for one in objects.values()),
            statuses=statuses,
            read=evidence.flux.read,
            now=request.now,
            controllers=evidence.controllers,
        )
    )
    causes = tuple(
        FleetCause(cause.members, statuses.get(cause.members[0]), len(blocks))
        for cause, blocks in zip(diagnosis.causes, diagnosis.blocks, strict=True)
        if cause.members[0] in statuses
    )
    versions = Counter(each.version for each in controllers if each.version)
    return FleetContext(
        name=request.context or "",
        request=request,
        recorded=cluster.recorded(request),
        installed=len(evidence.flux.absent) < len(FLUX_KINDS),
        version=versions.most_common(1)[0][0] if versions else "",
        health=count(statuses.values()),
        trouble=sum(status.trouble for status in statuses.values()),
        down=tuple(sorted(one.ref for one in controllers if one.down)),
        controllers=len(controllers),
        causes=causes,
        unread=(*evidence.flux.unread, *evidence.unread),
    )
