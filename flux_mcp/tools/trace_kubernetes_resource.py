"""trace_kubernetes_resource: who manages an object, and from which commit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, FLUX_KINDS, JOB, REPLICA_SET, STATEFUL_SET, Kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster, Scope
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.get import find_one
from flux_mcp.cluster.result import Gap, Reading
from flux_mcp.errors import Forbidden, KindNotInstalled, NotFound, NotRecorded
from flux_mcp.flux.graph import Graph, Linked, view_linked
from flux_mcp.flux.inventory import Managed
from flux_mcp.flux.ownership import Thing, Tie, owner_chain, ties, view_thing
from flux_mcp.flux.status import Judged, judge
from flux_mcp.render.objects import short_line
from flux_mcp.render.text import DEFAULT_BOUND, Line, first_line, fit, gap_line, revision
from flux_mcp.sanitize.quote import name_of, value
from flux_mcp.tools.arguments import ApiVersion, Context, OneKind, OneName, OneNamespace
from flux_mcp.tools.choices import check_target

__all__ = ["Trace", "trace_kubernetes_resource"]

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

    scope: Scope
    chain: tuple[Thing, ...]
    missing: str
    ties: tuple[Tie, ...]
    graph: Graph
    judged: dict[ObjectRef, Judged]
    read: frozenset[str]
    gaps: tuple[Gap, ...]

    def render(self) -> str:
        """The object first, then its owners, then for each applier its source and who applied it, up to the top."""
        return fit(
            lambda _: (first_line("trace_kubernetes_resource", self.scope), *gap_line(self.gaps)),
            (lambda: [Line(line, 0, 1) for line in self._lines()],),
            DEFAULT_BOUND,
            lambda rest: f"… {rest} more lines left out.",
        )

    def _lines(self) -> Iterator[str]:
        thing = self.chain[0]
        yield f"{name_of(thing.ref)}{f': {self.missing}' if self.missing else ''}"
        for owner in self.chain[1:]:
            yield f"owned by {name_of(owner.ref)}{'' if owner.read else ', which was not read'}"
        if not self.ties:
            yield from self._nobody(thing)
        told: set[ObjectRef] = set()
        for tie in self.ties:
            yield from self._applier("managed by", tie.applier, told, _why(tie))
            for ref in self.graph.ancestors(tie.applier):
                yield from self._applier("applied by", ref, told)

    def _absent(self, ref: ObjectRef) -> str:
        return "was not found" if ref.kind in self.read else "was not read"

    def _nobody(self, thing: Thing) -> Iterator[str]:
        unsure = bool(self.gaps or self.missing or self.chain[-1].owner is not None or not self.chain[-1].read)
        caveat = " as far as could be read" if unsure else ""
        if thing.ref not in self.graph.nodes:
            yield f"not managed by Flux{caveat}: no label, no owner and no inventory leads to a Flux object."
            return
        if self.graph.applies_itself(thing.ref):
            yield "it applies itself"
        else:
            yield f"no other Flux object applies it{caveat}"
        yield from self._sources(thing.ref, set())

    def _applier(self, how: str, ref: ObjectRef, told: set[ObjectRef], why: str = "") -> Iterator[str]:
        if ref in told:
            return
        told.add(ref)
        entry, node = self.judged.get(ref), self.graph.nodes.get(ref)
        if entry is None or node is None:
            yield f"{how} {name_of(ref)}{why}: it {self._absent(ref)}"
            return
        yield f"{how} {short_line(entry, self.scope)}"
        if more := "; ".join(filter(None, (why.strip(", "), *_told_of(node)))):
            yield f"  {more}"
        yield from self._sources(ref, told)

    def _sources(self, ref: ObjectRef, told: set[ObjectRef]) -> Iterator[str]:
        for source in self.graph.source_chain(ref):
            entry = self.judged.get(source)
            if entry is None:
                yield f"  source {name_of(source)}: it {self._absent(source)}"
            elif source in told:
                yield f"  source {name_of(source)}, as above"
            else:
                told.add(source)
                yield f"  source {short_line(entry, self.scope)}"
                if more := "; ".join(_told_of_source(entry)):
                    yield f"    {more}"


def _why(tie: Tie) -> str:
    if not tie.labelled:
        return ", by its inventory alone"
    if tie.held is None:
        return ", by label alone" + (": it has no inventory of this cluster" if tie.known else "")
    return ", by label and inventory" if tie.held else ", by label, but its inventory does not name the object"


def _told_of(node: Linked) -> Iterator[str]:
    one = node.object
    if one.path:
        yield f"path {value(one.path)}"
    if one.attempted_revision not in {"", one.applied_revision} and one.kind.kind != "HelmRelease":
        yield f"last attempted {revision(one.attempted_revision)}"
        if not one.applied_revision:
            yield "no revision applied with success yet"
    if node.remote:
        yield "it applies to another cluster (spec.kubeConfig)"


def _told_of_source(entry: Judged) -> Iterator[str]:
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
    scope = await cluster.open(context)
    flux = await cluster.read(scope, FLUX_KINDS, view_linked)
    graph = Graph(flux.objects)
    thing, missing = await _find(cluster, scope, Asked(kind, name, namespace, api_version), graph)
    gaps = list(flux.gaps)
    known: dict[ObjectRef, Thing] = {}
    if thing.owner is not None and (thing.owner.kind, thing.owner_group) in _ABOVE:
        kinds = _ABOVE[thing.owner.kind, thing.owner_group]
        above: Reading[Thing] = await cluster.read(scope, kinds, view_thing, namespace=thing.ref.namespace)
        known = {one.ref: one for one in above.objects}
        gaps += above.gaps
    chain = owner_chain(thing, known)
    return Trace(
        scope=scope,
        chain=chain,
        missing=missing,
        ties=ties(chain, graph),
        graph=graph,
        judged={entry.object.ref: entry for entry in judge((one.object for one in flux.objects), scope.now)},
        read=flux.read,
        gaps=tuple(gaps),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The object that was asked for, as the caller spells it."""

    kind: str
    name: str
    namespace: str | None
    api_version: str | None


async def _find(cluster: Cluster, scope: Scope, asked: Asked, graph: Graph) -> tuple[Thing, str]:
    """The object; where it is not there but an inventory names it, what the inventory says and why it was not read.

    Raises:
        NotFound: there is no such object, and no inventory names it.
        KindNotInstalled: the kind is not served, and no inventory names such an object.
        BadArgument: the kind or the name is not clear.
    """
    wanted: Kind | None = None
    try:
        wanted = await cluster.resolve(scope, asked.kind, asked.api_version)
        return await find_one(cluster, scope, wanted, asked.name, asked.namespace, view_thing), ""
    except (NotFound, NotRecorded, Forbidden, KindNotInstalled) as error:
        named = _named(asked, wanted, graph)
        if named is None:
            raise
        ref = named.ref
        thing = Thing(ref=ref, group=named.group, owner=None, owner_group="", labelled=())
        if isinstance(error, NotFound):
            return thing, "the object itself was not found"
        unserved = isinstance(error, KindNotInstalled)
        why = "its kind is not served, or not recorded" if unserved else error.brief
        return thing, f"the object itself was not {'found' if unserved else 'read'} ({why})"


def _named(asked: Asked, wanted: Kind | None, graph: Graph) -> Managed | None:
    """The one object that inventories name so; of a kind that is not served, by the spelling of the kind."""
    found = [
        managed
        for managed in graph.held()
        if managed.name == asked.name
        and asked.namespace in {None, managed.namespace}
        and _is_of(managed, asked, wanted)
    ]
    return found[0] if len(found) == 1 else None


def _is_of(managed: Managed, asked: Asked, wanted: Kind | None) -> bool:
    if wanted is not None:
        return (managed.kind, managed.group) == (wanted.kind, wanted.group)
    kind, _, group = asked.kind.lower().partition(".")
    version_group = (asked.api_version or "").rpartition("/")[0] if asked.api_version else managed.group
    return (
        kind in {managed.kind.lower(), f"{managed.kind.lower()}s"}
        and group in {"", managed.group}
        and version_group == managed.group
    )
