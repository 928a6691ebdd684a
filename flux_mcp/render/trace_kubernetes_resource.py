"""The answer of trace_kubernetes_resource."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.kubernetes_kinds import JOB
from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.history import History
from flux_mcp.changes.managed_fields import FieldOwner
from flux_mcp.flux.graph import FluxNode, Graph
from flux_mcp.flux.ownership import EXEMPTIONS, OwnershipClaim, TracedObject
from flux_mcp.flux.status import ObjectStatus
from flux_mcp.render.answer import Answer
from flux_mcp.render.changes import SUBJECT, at_revision, when
from flux_mcp.render.objects import short_line
from flux_mcp.render.text import revision
from flux_mcp.sanitize.quote import message, name_of, value

OTHERS: Final = 3
"""Clients beside Flux that are named."""
PATHS: Final = 3
"""Fields of a client that are named."""
_OF_KUBERNETES: Final = frozenset({"kube-controller-manager", "kubelet", "k3s", "rke2"})
"""Managers of Kubernetes itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace(Answer):
    """The way up from one object: it and its owners, then each applier with its source.

    Attributes:
        chain: the object, its owner, and so on.
        missing: why the object itself was not read; empty where it was.
        claims: the appliers of the first of the chain that has any.
        owners: of the fields of the first of the chain that is managed.
        history: which revisions were applied when, as far as status and Events show it.
        incomplete: of what leads to the appliers something could not be read.
    """

    title = "trace_kubernetes_resource"

    chain: tuple[TracedObject, ...]
    missing: str
    claims: tuple[OwnershipClaim, ...]
    graph: Graph
    statuses: dict[ObjectRef, ObjectStatus]
    read: frozenset[str]
    owners: tuple[FieldOwner, ...]
    history: History
    incomplete: bool

    def lines(self) -> Iterator[str]:
        traced, shown = self.chain[0], set[ObjectRef]()
        status, node = self.statuses.get(traced.ref), self.graph.nodes.get(traced.ref)
        first = short_line(status, self.request) if status is not None else name_of(traced.ref)
        state = self.missing or (_state(traced) if status is None else "")
        yield f"{first}: {state}" if state else first
        for owner in self.chain[1:]:
            yield f"  owned by {name_of(owner.ref)}{'' if owner.read else ', which was not read'}"
        for claim in self.claims:
            yield f"  managed by {name_of(claim.applier)} ({_why(claim)}){self._absent(claim.applier)}"
        if self.claims and (managed := self.claims[0].traced).read:
            which = "" if managed == traced else f"{name_of(managed.ref)} "
            yield from self._changed(managed.ref, self.owners, self.claims[0].applier, which)
            yield from self._others(which)
            for key, found in managed.exemptions:
                yield f"  {which}{key}: {found} is set on it, so {EXEMPTIONS[key][found]}"
        if not self.claims:
            yield from self._unmanaged(traced)
        if node is not None:
            shown.add(traced.ref)
            yield from self._origin(node, shown)
        for claim in self.claims:
            for ref in (claim.applier, *self.graph.ancestors(claim.applier)):
                yield from self._applier(ref, shown)

    def _absent(self, ref: ObjectRef) -> str:
        if ref in self.statuses:
            return ""
        return ", which was not found" if ref.kind in self.read else ", which was not read"

    def _unmanaged(self, traced: TracedObject) -> Iterator[str]:
        unsure = bool(self.incomplete or self.missing or self.chain[-1].owner is not None or not self.chain[-1].read)
        caveat = " as far as could be read" if unsure else ""
        if traced.ref not in self.graph.nodes:
            yield f"  not managed by Flux{caveat}: no label, owner reference or inventory leads to a Flux object"
        else:
            yield (
                "  applies itself" if self.graph.applies_itself(traced.ref) else f"  applied by no Flux object{caveat}"
            )

    def _applier(self, ref: ObjectRef, shown: set[ObjectRef]) -> Iterator[str]:
        status, node = self.statuses.get(ref), self.graph.nodes.get(ref)
        if ref in shown or status is None or node is None:
            return
        shown.add(ref)
        yield short_line(status, self.request)
        owners = self.graph.owners(ref)
        record = self.history.flux[ref]
        yield from self._changed(ref, record.owners, next(iter(owners), None))
        yield from self._origin(node, shown)
        for owner in owners:
            yield f"  applied by {name_of(owner)}{self._absent(owner)}"
        if not owners and self.graph.applies_itself(ref):
            yield "  applies itself"

    def _origin(self, node: FluxNode, shown: set[ObjectRef]) -> Iterator[str]:
        if details := ", ".join(_details(node)):
            yield f"  {details}"
        for line in self._revisions(node):
            yield f"  {line}"
        yield from self._sources(node.ref, shown)

    def _sources(self, ref: ObjectRef, shown: set[ObjectRef]) -> Iterator[str]:
        users = {ref: ""}
        for source in self.graph.source_chain(ref):
            user = next(user for user in users if source in self.graph.nodes[user].object.sources)
            if source in self.graph.nodes:
                users[source] = f" of {name_of(source)}"
            status = self.statuses.get(source)
            if status is None:
                yield f"  source{users[user]}: {name_of(source)}{self._absent(source)}"
            elif source in shown:
                yield f"  source{users[user]}: {name_of(source)}, as above"
            else:
                shown.add(source)
                yield f"  source{users[user]}: {short_line(status, self.request)}"
                if details := ", ".join(_source_details(status)):
                    yield f"    {details}"
                if subject := self.history.subject(status.object.artifact_revision):
                    yield f"    commit {message(subject, SUBJECT)}"

    def _changed(
        self, ref: ObjectRef, owners: Sequence[FieldOwner], applier: ObjectRef | None, which: str = ""
    ) -> Iterator[str]:
        """Which applier changed an object last, and the commit that it applied then."""
        if (last := self.history.last_change(ref, owners, applier)) is not None:
            time, by, found = last
            known = f" at {at_revision(found, self.history.subject(found))}" if found else ""
            if found and by.kind == "HelmRelease":
                known = f" with chart version {value(found)}"
            # Without managedFields there may be a later change of which the Event is gone.
            sure = "" if owners else ", as far as Events show"
            yield f"  {which}last changed at {when(time, self.request.now)} by {name_of(by)}{known}{sure}"

    def _others(self, which: str) -> Iterator[str]:
        """The clients beside Flux whose fields an object has, the latest last: nothing of Flux may show them."""
        others = [one for one in self.owners if not one.controller and one.manager not in _OF_KUBERNETES]
        for one in sorted(others, key=lambda one: (one.time is None, one.time or self.request.now))[-OTHERS:]:
            at = f"at {when(one.time, self.request.now)}" if one.time is not None else "at a time that is not recorded"
            more = f" and {len(one.paths) - PATHS} more fields" if len(one.paths) > PATHS else ""
            fields = f"{', '.join(map(value, one.paths[:PATHS]))}{more}"
            yield f"  {which}also changed by {value(one.manager)} {at}: {fields}"

    def _revisions(self, node: FluxNode) -> Iterator[str]:
        """The revisions of an applier: what it applied, since when that is its content, and what it attempted last."""
        applier = node.object
        applied, attempted = applier.applied_revision, applier.attempted_revision
        record = self.history.flux.get(applier.ref)
        if applier.kind.kind == "HelmRelease":
            newest = record.releases[-1] if record is not None and record.releases else None
            if newest is not None and (newest.status, newest.action) == ("deployed", "rollback"):
                yield f"rolled back: v{newest.version} runs what an earlier release ran, not its spec as last changed"
            if attempted and applier.revision and attempted != applier.revision:
                yield f"runs chart version {value(applier.revision)}; version {value(attempted)} was attempted last"
            return
        unhealthy = record is not None and any(
            one.revision == attempted and one.status == "HealthCheckFailed" for one in record.history
        )
        subject = self.history.subject
        in_source = any(
            (status := self.statuses.get(source)) is not None and status.object.artifact_revision == applied
            for source in applier.sources
        )
        older, since = self.history.content_since(applier.ref, applied or (attempted if unhealthy else ""))
        # A source that has this revision is shown with its commit.
        if applied and applier.sources and (applied != attempted or older or not in_source):
            yield f"last applied revision {at_revision(applied, subject(applied))}"
        if since is not None:
            brought = f", from {at_revision(older, subject(older))}" if older else ""
            yield f"same content since {when(since, self.request.now)} at the latest{brought}"
        if attempted not in {"", applied}:
            end = ": applied, but its health check failed" if unhealthy else ""
            never = "" if applied else "; no revision has succeeded so far"
            yield f"last attempted revision {at_revision(attempted, subject(attempted))}{end}{never}"


def _state(traced: TracedObject) -> str:
    """How an object that is none of Flux is, as far as its status tells."""
    if traced.replicas is not None:
        ready, wanted = traced.replicas
        return f"{ready} of {wanted} {'completed' if traced.ref.kind == JOB.kind else 'ready'}"
    reported = {"True": "Ready", "False": "not Ready"}.get(traced.ready, "")
    shown = (value(traced.phase) if traced.phase else "", reported if traced.phase != "Succeeded" else "")
    return ", ".join(filter(None, shown))


def _why(claim: OwnershipClaim) -> str:
    if not claim.by_label:
        return "by its inventory alone"
    if claim.in_inventory is None:
        return "by label alone" + ("; it has no inventory of this cluster" if claim.applier_read else "")
    return "by label and inventory" if claim.in_inventory else "by label, but not in its inventory"


def _details(node: FluxNode) -> Iterator[str]:
    applier = node.object
    if applier.path:
        yield f"path {value(applier.path)}"
    if node.remote:
        yield "applies to another cluster (spec.kubeConfig)"


def _source_details(status: ObjectStatus) -> Iterator[str]:
    source = status.object
    if source.url:
        yield f"url {value(source.url)}"
    if source.wanted_ref[1]:
        yield f"ref {source.wanted_ref[0]} {value(source.wanted_ref[1])}"
    repository, commit = source.origin
    if commit:
        yield f"built from {revision(commit)}" + (f" of {value(repository)}" if repository else "")
    elif repository:
        yield f"built from {value(repository)}"
