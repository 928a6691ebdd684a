"""What a deletion waits for: finalizers, their controllers, an uninstall that fails, a namespace around it."""

from typing import Final

from flux_mcp.api.kubernetes_kinds import NAMESPACE
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, text
from flux_mcp.diagnosis.catalog.lookup import failure, find_failure
from flux_mcp.diagnosis.cause import Cause, CauseType, Detail, Fact
from flux_mcp.diagnosis.hooks import follow_hook
from flux_mcp.diagnosis.search import Search
from flux_mcp.diagnosis.snapshot import Snapshot
from flux_mcp.flux.status import Flag, Health

_OWN_FINALIZERS: Final = ("fluxcd.io", "fluxcd.controlplane.io")
SHARED: Final = 5
"""Objects that a deletion takes along and others apply too that are named."""


def follow_deletion(search: Search) -> None:
    """What holds the deletion of an object, and what it takes along."""
    flux = search.status.object
    search.details.append(Detail(Fact.DELETED, (search.ref,), flux.finalizers, flux.deleted))
    search.need("", (NAMESPACE,))
    search.details += namespace_details(search.ref.namespace, search.snapshot)
    for one in search.subject.node.applied or () if not search.subject.node.remote else ():
        status = search.snapshot.statuses.get(one.ref) if one.is_flux and one.ref != search.ref else None
        if status is not None and status.health is Health.DELETING:
            search.by[one.ref] = None
    _shared(search)
    ready = flux.ready
    found = find_failure(search.ref.kind, ready.reason, ready.message) if ready is not None else None
    if ready is not None and ready.status == "False" and found is not None:
        search.own = True
        search.failures.append(found)
        if search.ref.kind == "HelmRelease":
            follow_hook(search, ready.message)
        return
    foreign = [one for one in flux.finalizers if not one.partition("/")[0].endswith(_OWN_FINALIZERS)]
    if search.by or search.follow_controller():
        return
    controllers = search.snapshot.controllers
    if controllers.in_full and not controllers.found and len(foreign) < len(flux.finalizers):
        key = ("deletion-without-controller", search.ref.namespace)
        search.blame("deletion-without-controller", Detail(Fact.NO_CONTROLLER), key=key)
    elif foreign:
        search.blame("deletion-foreign-finalizer")
    else:
        search.blame("deletion-waiting" if Flag.STUCK in search.status.flags else "deletion-in-progress")


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


def namespace_details(name: str, snapshot: Snapshot) -> tuple[Detail, ...]:
    """That a namespace is being deleted, and what remains in it."""
    found = snapshot.evidence.namespace(name)
    if found is None or found.deleted is None:
        return ()
    remaining = next(
        (
            one.message
            for kind in ("NamespaceFinalizersRemaining", "NamespaceContentRemaining", "NamespaceDeletionContentFailure")
            for one in found.conditions
            if one.type == kind and one.status == "True"
        ),
        "",
    )
    return (Detail(Fact.NAMESPACE, (found.ref,), (remaining,), found.deleted),)


def follow_namespace(search: Search, name: str) -> None:
    """A namespace that is being deleted: the Flux objects in it that hold it, else the namespace itself."""
    search.need("", (NAMESPACE,))
    holding = [ref for ref in search.snapshot.deleting.get(name, ()) if ref != search.ref]
    if holding:
        search.by |= dict.fromkeys(holding)
        return
    evidence = search.snapshot.evidence
    if evidence.was_read("", NAMESPACE.kind) and (found := evidence.namespace(name)) is not None and not found.deleted:
        search.ready[found.ref] = None
        return
    details = namespace_details(name, search.snapshot)
    ref = ObjectRef(NAMESPACE.kind, "", name)
    known = (failure("namespace-being-deleted"),)
    search.add(Cause(CauseType.KUBERNETES, (ref,), known, details, key=("namespace", name)))
