"""What a deletion waits for: finalizers, their controllers, an uninstall that fails, a namespace around it."""

from typing import Final

from flux_mcp.api.kubernetes_kinds import CRD, EVENT, NAMESPACE, PERSISTENT_VOLUME_CLAIM, POD, SERVICE, WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owners_by_label
from flux_mcp.api.unstructured import at, text
from flux_mcp.diagnosis.catalog.lookup import failure, find_failure
from flux_mcp.diagnosis.cause import Cause, CauseType, Detail, Fact
from flux_mcp.diagnosis.controllers import Watch
from flux_mcp.diagnosis.search import Search
from flux_mcp.diagnosis.snapshot import Snapshot
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Flag, Health

_OWN_FINALIZERS: Final = ("fluxcd.io", "fluxcd.controlplane.io")
REMAINING: Final = 5
"""Objects of a release that are left and are named."""
_UNDISCOVERED: Final = "NamespaceDeletionDiscoveryFailure"
_REMAINING: Final = (
    _UNDISCOVERED,
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
    "NamespaceDeletionContentFailure",
)
"""Conditions of a Namespace that say what its deletion waits for."""
SHARED: Final = 5
"""Objects that a deletion takes along and others apply too that are named."""


def follow_deletion(search: Search) -> None:
    """What holds the deletion of an object, and what it takes along."""
    flux = search.status.object
    search.details.append(Detail(Fact.DELETED, (search.ref,), flux.finalizers, flux.deleted))
    search.need("", (NAMESPACE,))
    search.details += namespace_details(search.ref.namespace, search.snapshot)
    _follow_applied(search)
    _shared(search)
    ready = flux.ready
    found = find_failure(search.ref.kind, ready.reason, ready.message) if ready is not None else None
    if ready is not None and ready.status == "False" and found is not None:
        search.own = True
        search.failures.append(found)
        if found is failure("helm-uninstall-timeout"):
            _remaining(search)
        return
    foreign = [one for one in flux.finalizers if not one.partition("/")[0].endswith(_OWN_FINALIZERS)]
    if search.found or search.follow_controller() or _follow_event(search):
        return
    controllers = search.snapshot.controllers
    if controllers.in_full and not controllers.found and len(foreign) < len(flux.finalizers):
        key = ("deletion-without-controller", search.ref.namespace)
        search.blame("deletion-without-controller", Detail(Fact.NO_CONTROLLER), key=key)
    elif foreign:
        search.blame("deletion-foreign-finalizer")
    elif controllers.in_full and controllers.found and search.watch()[0] is Watch.UNKNOWN:
        component = flux.kind.controller
        search.blame("deletion-controller-missing", key=("deletion-controller-missing", component))
    elif Flag.STUCK in search.status.flags:
        search.blame("deletion-nothing-left" if _nothing_left(search) else "deletion-waiting")
    else:
        search.blame("deletion-in-progress")


def _nothing_left(search: Search) -> bool:
    """Whether it is known that nothing of the inventory exists any more, mostly since its namespaces do not."""
    snapshot, evidence = search.snapshot, search.snapshot.evidence
    entries = [*(search.subject.node.applied or ())] if not search.subject.node.remote else []

    def gone(one: InventoryEntry) -> bool:
        if one.is_flux:
            return one.ref not in snapshot.statuses and snapshot.knows(one.ref)
        place = one.namespace or (one.name if one.kind == NAMESPACE.kind else "")
        return bool(place) and evidence.was_read("", NAMESPACE.kind) and evidence.namespace(place) is None

    return bool(entries) and all(map(gone, entries))


def _follow_event(search: Search) -> bool:
    """Whether an Event says why the deletion fails: kustomize-controller does not write that into the status."""
    search.need(search.ref.namespace, (EVENT,))
    newest, deleted = search.snapshot.evidence.newest_warning(search.ref), search.status.object.deleted
    if newest is None or newest.seen is None or (deleted is not None and newest.seen < deleted):
        return False
    search.own = search.quote(newest) is not None
    return search.own


def _follow_applied(search: Search) -> None:
    """What it applied and is being deleted with it: Namespaces and Flux objects."""
    for one in search.subject.node.applied or () if not search.subject.node.remote else ():
        if one.kind == NAMESPACE.kind and not one.group:
            place = search.snapshot.evidence.namespace(one.name)
            if place is not None and place.deleted is not None:
                follow_namespace(search, one.name)
        status = search.snapshot.statuses.get(one.ref) if one.is_flux and one.ref != search.ref else None
        if status is not None and status.health is Health.DELETING:
            search.by[one.ref] = None


def _remaining(search: Search) -> None:
    """What is left of a release that cannot be uninstalled: by its label, and Pods that do not end."""
    releases = search.subject.releases
    namespace = releases[0].namespace if releases else search.subject.target
    search.need(namespace, (*WORKLOAD_KINDS, POD, PERSISTENT_VOLUME_CLAIM, SERVICE))
    evidence = search.snapshot.evidence
    views = (*evidence.workloads.values(), *evidence.others.values())
    left = [one.ref for one in views if search.ref in owners_by_label(getattr(one, "labels", {}))]
    if left:
        search.details.append(Detail(Fact.REMAINS, tuple(sorted(left)[:REMAINING]), (str(len(left)),)))
    ending = {one.ref: one for pods in evidence.pods.values() for one in pods if one.deleted is not None}
    for ref, pod in sorted(ending.items())[:REMAINING]:
        if ref.namespace == namespace:
            search.details.append(Detail(Fact.DELETED, (ref,), pod.finalizers, pod.deleted))


def _shared(search: Search) -> None:
    """What pruning deletes though another object applies it too."""
    spec = at(search.subject.item, "spec")
    prunes = search.ref.kind != "Kustomization" or (
        at(spec, "prune") is True and text(spec, "deletionPolicy") != "Orphan"
    )
    if not prunes or search.subject.node.remote or at(spec, "suspend") is True:
        return
    graph, deleting = search.snapshot.graph, search.snapshot.deleting
    shared = [
        one
        for one in search.subject.node.applied or ()
        if any(other != search.ref and other not in deleting.get(other.namespace, ()) for other in graph.holders(one))
    ]
    if shared:
        refs = tuple(one.ref for one in shared[:SHARED])
        search.details.append(Detail(Fact.SHARED, refs, (str(len(shared)),)))


def deleting_of_crd(snapshot: Snapshot, crd: ObjectRef) -> tuple[ObjectRef, ...]:
    """The Flux objects of a kind that are being deleted: the deletion of its CRD waits for them."""
    if crd.kind != CRD.kind:
        return ()
    return tuple(
        ref
        for ref, one in snapshot.statuses.items()
        if one.health is Health.DELETING and one.object.kind.resource == crd.name
    )


def namespace_details(name: str, snapshot: Snapshot) -> tuple[Detail, ...]:
    """That a namespace is being deleted, and what remains in it."""
    found = snapshot.evidence.namespace(name)
    if found is None or found.deleted is None:
        return ()
    remaining = [
        one.message for kind in _REMAINING for one in found.conditions if (one.type, one.status) == (kind, "True")
    ]
    return (Detail(Fact.NAMESPACE, (found.ref,), (" ".join(remaining),), found.deleted),)


def follow_namespace(search: Search, name: str) -> None:
    """A namespace that is being deleted: the Flux objects in it that hold it, else the namespace itself."""
    search.need("", (NAMESPACE,))
    holding = [ref for ref in search.snapshot.deleting.get(name, ()) if ref != search.ref]
    if holding:
        search.by |= dict.fromkeys(holding)
        return
    evidence = search.snapshot.evidence
    found = evidence.namespace(name)
    if evidence.was_read("", NAMESPACE.kind) and found is not None and not found.deleted:
        search.ready[found.ref] = None
        return
    details = namespace_details(name, search.snapshot)
    ref = ObjectRef(NAMESPACE.kind, "", name)
    stale = found is not None and any((one.type, one.status) == (_UNDISCOVERED, "True") for one in found.conditions)
    known = (failure("aggregated-api-unavailable" if stale else "namespace-being-deleted"),)
    search.add(Cause(CauseType.KUBERNETES, (ref,), known, details, key=("namespace", name)))
