"""diagnose_flux: why objects fail, root causes first, and what waits for each."""

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.evidence import FluxEvidence, read_evidence, read_health
from flux_mcp.cluster.get import find_among
from flux_mcp.diagnosis.blockers import Snapshot
from flux_mcp.diagnosis.root_causes import diagnose
from flux_mcp.errors import BadArgument
from flux_mcp.flux.installation import Controller, down_controllers
from flux_mcp.flux.status import assess
from flux_mcp.render.diagnose_flux import OPERATOR, FluxDiagnosis
from flux_mcp.tools.arguments import Context, Namespace, OnlyFluxKind, OnlyFluxName


async def diagnose_flux(
    cluster: Cluster,
    *,
    kind: OnlyFluxKind = None,
    name: OnlyFluxName = None,
    namespace: Namespace = None,
    context: Context = None,
) -> FluxDiagnosis:
    """Why Flux objects fail or wait: root causes first, with evidence, meaning, advice and what waits for each."""
    if name is not None and kind is None:
        raise BadArgument("name", "needs kind")
    request = await cluster.open(context)
    evidence = await read_evidence(cluster, request, namespace, insist=() if kind is None else (kind,))
    statuses = assess((one.node.object for one in evidence.flux.objects), request.now)
    wanted = (kind,) if kind is not None else FLUX_KINDS
    asked = find_among(evidence.flux, request, wanted[0], name, namespace).ref if name is not None else None
    into = _applied_into(evidence, namespace)
    selected = tuple(
        entry
        for entry in statuses
        if (entry.object.ref == asked)
        or (
            asked is None
            and entry.object.kind in wanted
            and (namespace in {None, entry.object.namespace} or (entry.trouble and entry.object.ref in into))
        )
    )
    diagnosis = diagnose(
        Snapshot(
            objects={one.ref: one for one in evidence.flux.objects},
            statuses={entry.object.ref: entry for entry in statuses},
            read=evidence.flux.read,
            only=evidence.only,
            down=down_controllers(evidence.controllers.controllers),
            one_namespace=any(_forbids_other_namespaces(one) for one in evidence.controllers.controllers),
        )
    )
    positions = tuple(sorted({each for entry in selected for each in diagnosis.causes_of(entry.object.ref)}))
    members = [ref for position in positions for ref in diagnosis.causes[position].members]
    health, unread = await read_health(cluster, request, diagnosis.workloads(members))
    needed = {entry.object.kind.controller for entry in selected}
    known = {entry.object.ref: entry for entry in statuses}
    needed |= {known[ref].object.kind.controller for ref in members if ref in known}
    needed |= {one.component for one in evidence.controllers.controllers if one.ref in members}
    operator = OPERATOR in needed
    needed -= {"", OPERATOR}
    return FluxDiagnosis(
        request=request,
        objects={one.ref: one for one in evidence.flux.objects},
        read=frozenset(evidence.flux.read),
        absent=evidence.flux.absent,
        only=evidence.only,
        flux_in_full=not evidence.flux.unread,
        evidence=evidence.controllers,
        diagnosis=diagnosis,
        health=health,
        unread=(*evidence.flux.unread, *evidence.unread, *unread),
        selected=selected,
        troubled=tuple(entry for entry in selected if entry.trouble),
        only_kind=wanted[0].kind if kind is not None else "",
        namespace=namespace,
        asked=asked,
        positions=positions,
        needed=frozenset(needed) if kind is not None or namespace is not None else frozenset(),
        operator=operator,
        expected=tuple(sorted(needed - {one.component for one in evidence.controllers.controllers}))
        if _sure(evidence)
        else (),
    )


def _applied_into(evidence: FluxEvidence, namespace: str | None) -> frozenset[ObjectRef]:
    """The appliers that apply into a namespace, by inventory or spec: their trouble is that namespace's too."""
    return frozenset(
        one.ref
        for one in evidence.flux.objects
        if namespace is not None
        and not one.node.remote
        and (one.target == namespace or any(managed.namespace == namespace for managed in one.node.applied or ()))
    )


def _forbids_other_namespaces(one: Controller) -> bool:
    told = next((arg for arg in one.args if arg.lstrip("-").startswith("no-cross-namespace-refs")), "")
    return bool(told) and not told.endswith("=false")


def _sure(evidence: FluxEvidence) -> bool:
    """Whether a controller that was not found is not there: with none at all, the label may be another."""
    return bool(evidence.controllers.controllers) and not evidence.unread
