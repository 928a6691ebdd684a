"""The answer of trace_kubernetes_resource."""

from collections.abc import Iterator
from dataclasses import dataclass

from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import FluxNode, Graph
from flux_mcp.flux.ownership import OwnershipClaim, TracedObject
from flux_mcp.flux.status import ObjectStatus
from flux_mcp.render.answer import Answer
from flux_mcp.render.objects import short_line
from flux_mcp.render.text import revision
from flux_mcp.sanitize.quote import name_of, value


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace(Answer):
    """The way up from one object.

    Attributes:
        chain: the object, its owner, and so on.
        missing: why the object itself was not read; empty where it was.
        ties: the appliers of the first of the chain that has any.
    """

    title = "trace_kubernetes_resource"

    chain: tuple[TracedObject, ...]
    missing: str
    ties: tuple[OwnershipClaim, ...]
    graph: Graph
    statuses: dict[ObjectRef, ObjectStatus]
    read: frozenset[str]

    def lines(self) -> Iterator[str]:
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
