"""trace_kubernetes_resource: who manages an object, and from which commit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, REPLICA_SET, STATEFUL_SET
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.get import find_one
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.errors import Forbidden, KindNotInstalled, NotFound, NotRecorded
from flux_mcp.flux.graph import FluxNode, Graph, view_node
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.ownership import OwnershipClaim, TracedObject, owner_chain, ties, view_thing
from flux_mcp.flux.status import ObjectStatus, assess
from flux_mcp.render.objects import short_line
from flux_mcp.render.text import DEFAULT_BOUND, Line, first_line, fit, revision, unread_line
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of, value
from flux_mcp.tools.arguments import ApiVersion, Context, OneKind, OneName, OneNamespace, check_target

_ABOVE: Final[dict[tuple[str, str], tuple[Kind, ...]]] = {
    **{(kind.kind, kind.group): (kind,) for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB)},
    (REPLICA_SET.kind, REPLICA_SET.group): (REPLICA_SET, DEPLOYMENT),
    (JOB.kind, JOB.group): (JOB, CRON_JOB),
}
"""The kind and group of an owner → the kinds to read for it and its own owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The way up from one object.

    Attributes:
        chain: the object, its owner, and so on.
        missing: why the object itself was not read; empty where it was.
        ties: the appliers of the first of the chain that has any.
    """

    request: RequestContext
    chain: tuple[TracedObject, ...]
    missing: str
    ties: tuple[OwnershipClaim, ...]
    graph: Graph
    statuses: dict[ObjectRef, ObjectStatus]
    read: frozenset[str]
    unread: tuple[Unread, ...]

    def render(self) -> str:
        """The object first, then its owners, then for each applier its source and who applied it, up to the top."""
        return fit(
            lambda _: (first_line("trace_kubernetes_resource", self.request), *unread_line(self.unread)),
            (lambda: [Line(line, 0, 1) for line in self._lines()],),
            DEFAULT_BOUND,
            lambda rest: f"… {rest} more lines left out.",
        )

    def _lines(self) -> Iterator[str]:
        traced = self.chain[0]
        yield f"{name_of(traced.ref)}{f': {self.missing}' if self.missing else ''}"
        for owner in self.chain[1:]:
            yield f"owned by {name_of(owner.ref)}{'' if owner.read else ', which was not read'}"
        if not self.ties:
            yield from self._nobody(traced)
        told: set[ObjectRef] = set()
        for tie in self.ties:
            yield from self._applier("managed by", tie.applier, told, _why(tie))
            for ref in self.graph.ancestors(tie.applier):
                yield from self._applier("applied by", ref, told)

    def _absent(self, ref: ObjectRef) -> str:
        return "was not found" if ref.kind in self.read else "was not read"

    def _nobody(self, traced: TracedObject) -> Iterator[str]:
        unsure = bool(self.unread or self.missing or self.chain[-1].owner is not None or not self.chain[-1].read)
        caveat = " as far as could be read" if unsure else ""
        if traced.ref not in self.graph.nodes:
            yield f"not managed by Flux{caveat}: no label, no owner and no inventory leads to a Flux object."
            return
        if self.graph.applies_itself(traced.ref):
            yield "it applies itself"
        else:
            yield f"no other Flux object applies it{caveat}"
        yield from self._sources(traced.ref, set())

    def _applier(self, how: str, ref: ObjectRef, told: set[ObjectRef], why: str = "") -> Iterator[str]:
        if ref in told:
            return
        told.add(ref)
        entry, node = self.statuses.get(ref), self.graph.nodes.get(ref)
        if entry is None or node is None:
            yield f"{how} {name_of(ref)}{why}: it {self._absent(ref)}"
            return
        yield f"{how} {short_line(entry, self.request)}"
        if more := "; ".join(filter(None, (why.strip(", "), *_told_of(node)))):
            yield f"  {more}"
        yield from self._sources(ref, told)

    def _sources(self, ref: ObjectRef, told: set[ObjectRef]) -> Iterator[str]:
        for source in self.graph.source_chain(ref):
            entry = self.statuses.get(source)
            if entry is None:
                yield f"  source {name_of(source)}: it {self._absent(source)}"
            elif source in told:
                yield f"  source {name_of(source)}, as above"
            else:
                told.add(source)
                yield f"  source {short_line(entry, self.request)}"
                if more := "; ".join(_told_of_source(entry)):
                    yield f"    {more}"


def _why(tie: OwnershipClaim) -> str:
    if not tie.labelled:
        return ", by its inventory alone"
    if tie.held is None:
        return ", by label alone" + (": it has no inventory of this cluster" if tie.known else "")
    return ", by label and inventory" if tie.held else ", by label, but its inventory does not name the object"


def _told_of(node: FluxNode) -> Iterator[str]:
    one = node.object
    if one.path:
        yield f"path {value(one.path)}"
    if one.attempted_revision not in {"", one.applied_revision} and one.kind.kind != "HelmRelease":
        yield f"last attempted {revision(one.attempted_revision)}"
        if not one.applied_revision:
            yield "no revision applied with success yet"
    if node.remote:
        yield "it applies to another cluster (spec.kubeConfig)"


def _told_of_source(entry: ObjectStatus) -> Iterator[str]:
    one = entry.object
    if one.url:
        yield f"url {value(one.url)}"
    if one.wanted_ref[1]:
        yield f"ref {one.wanted_ref[0]} {value(one.wanted_ref[1])}"
    if one.origin[1]:
        yield f"built from {revision(one.origin[1])}"
    if one.origin[0]:
        yield f"of {value(one.origin[0])}"


async def trace_kubernetes_resource(
    cluster: Cluster,
    *,
    kind: OneKind,
    name: OneName,
    namespace: OneNamespace = None,
    api_version: ApiVersion = None,
    context: Context = None,
) -> Trace:
    """Who manages an object: up from it (a Pod, too) to its Flux object, the source, revision and origin commit."""
    check_target(resolve_known(kind, api_version), name, namespace)
    request = await cluster.open(context)
    flux = await cluster.read(request, FLUX_KINDS, view_node)
    graph = Graph(flux.objects)
    traced, missing = await _find(cluster, request, Asked(kind, name, namespace, api_version), graph)
    unread = list(flux.unread)
    known: dict[ObjectRef, TracedObject] = {}
    if traced.owner is not None and (traced.owner.kind, traced.owner_group) in _ABOVE:
        kinds = _ABOVE[traced.owner.kind, traced.owner_group]
        above: ListResult[TracedObject] = await cluster.read(request, kinds, view_thing, namespace=traced.ref.namespace)
        known = {one.ref: one for one in above.objects}
        unread += above.unread
    chain = owner_chain(traced, known)
    return Trace(
        request=request,
        chain=chain,
        missing=missing,
        ties=ties(chain, graph),
        graph=graph,
        statuses={entry.object.ref: entry for entry in assess((one.object for one in flux.objects), request.now)},
        read=flux.read,
        unread=tuple(unread),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The object that was asked for, as the caller spells it."""

    kind: str
    name: str
    namespace: str | None
    api_version: str | None


async def _find(cluster: Cluster, request: RequestContext, asked: Asked, graph: Graph) -> tuple[TracedObject, str]:
    """The object; where it is not there but an inventory names it, what the inventory says and why it was not read.

    Raises:
        NotFound: there is no such object, and no inventory names it.
        KindNotInstalled: the kind is not served, and no inventory names such an object.
        BadArgument: the kind or the name is not clear.
    """
    wanted: Kind | None = None
    try:
        wanted = await cluster.resolve(request, asked.kind, asked.api_version)
        return await find_one(cluster, request, wanted, asked.name, asked.namespace, view_thing), ""
    except (NotFound, NotRecorded, Forbidden, KindNotInstalled) as error:
        named = _named(asked, wanted, graph)
        if named is None:
            raise
        ref = named.ref
        traced = TracedObject(ref=ref, group=named.group, owner=None, owner_group="", labelled=())
        if isinstance(error, NotFound):
            return traced, "the object itself was not found"
        unserved = isinstance(error, KindNotInstalled)
        why = "its kind is not served, or not recorded" if unserved else error.brief
        return traced, f"the object itself was not {'found' if unserved else 'read'} ({why})"


def _named(asked: Asked, wanted: Kind | None, graph: Graph) -> InventoryEntry | None:
    """The one object that inventories name so; of a kind that is not served, by the spelling of the kind."""
    found = [
        managed
        for managed in graph.held()
        if managed.name == asked.name
        and asked.namespace in {None, managed.namespace}
        and _is_of(managed, asked, wanted)
    ]
    return found[0] if len(found) == 1 else None


def _is_of(managed: InventoryEntry, asked: Asked, wanted: Kind | None) -> bool:
    if wanted is not None:
        return (managed.kind, managed.group) == (wanted.kind, wanted.group)
    kind, _, group = asked.kind.lower().partition(".")
    version_group = (asked.api_version or "").rpartition("/")[0] if asked.api_version else managed.group
    return (
        kind in {managed.kind.lower(), f"{managed.kind.lower()}s"}
        and group in {"", managed.group}
        and version_group == managed.group
    )
