"""What stands in the way of one object in trouble: other objects, causes that are no object's trouble, or itself.

Source: how the controllers wait for sources, dependencies and health, from their documentation and source.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, text
from flux_mcp.diagnosis.catalog.failure import Advice, Failure, Upstream
from flux_mcp.diagnosis.catalog.lookup import failure, find_failure
from flux_mcp.diagnosis.snapshot import SnapshotObject, named_objects
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Flag, Health, ObjectStatus


class CauseType(Enum):
    """What a cause is. The order is that in which causes are told."""

    CONTROLLER = "controller"
    LOOP = "loop"
    MISSING = "missing"
    SUSPENDED = "suspended"
    FAILURE = "failure"
    RUNNING = "running"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Cause:
    """A first cause.

    Attributes:
        members: where it is: the object that fails, the objects of a loop, a target that is not there; several where
            they fail alike. Of a controller the Deployment.
        advice: causes and fixes; more than one where several apply.
        known: whether the catalog or our own rules know it.
    """

    sort: CauseType
    members: tuple[ObjectRef, ...]
    advice: tuple[Advice, ...] = ()
    known: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that blocking is told from.

    Attributes:
        objects: every Flux object that was read.
        judged: their verdicts.
        read: the kinds of which everything is known; a target of another kind may exist.
        only: the one namespace that was read; None where all were.
        down: controllers that do not run, by the name that kinds give them → the Deployment.
        one_namespace: controllers refuse references into other namespaces.
    """

    objects: Mapping[ObjectRef, SnapshotObject]
    statuses: Mapping[ObjectRef, ObjectStatus]
    read: Collection[str]
    down: Mapping[str, ObjectRef]
    only: str | None = None
    one_namespace: bool = False

    def knows(self, ref: ObjectRef) -> bool:
        """Whether an object that is not among the objects does not exist."""
        return ref.kind in self.read and self.only in {None, ref.namespace}


@dataclass(frozen=True, slots=True)
class Blocked:
    """What one object waits for.

    Attributes:
        by: other objects in trouble.
        causes: what ends the search.
        failures: those of the catalog that the object itself reports, the Ready condition's first.
        workloads: what it applied and is said not to be healthy, or may not be.
    """

    by: tuple[ObjectRef, ...] = ()
    causes: tuple[Cause, ...] = ()
    failures: tuple[Failure, ...] = ()
    workloads: tuple[InventoryEntry, ...] = ()


_UNSEEN: Final = frozenset({Health.PENDING, Health.STALE})

PENDING: Final = Advice(
    "no controller has reported on it yet",
    "check the log of its controller, and whether a controller watches its label sharding.fluxcd.io/key",
)
STALE: Final = Advice(
    "the latest generation is not yet observed; the status is about an older one",
    "check the log and the load of its controller",
)
DELETING: Final = Advice(
    "its deletion waits for the controllers of its finalizers",
    "check that controller, and what it must delete first; remove a finalizer by hand only if that is gone",
)
DRIFTED: Final = Advice(
    "something other than Flux changed its objects",
    "revert the change, declare it, or list it in driftDetection.ignore",
)
BEHIND: Final = Advice(
    "it is Ready, but its source has a newer revision than it has applied", "wait for its interval, or reconcile it"
)
REQUESTED: Final = Advice(
    "a reconcile request is not yet handled", "check its controller if that takes more than a minute"
)
STUCK: Final = Advice("its run takes longer than its timeout", "check restarts and load of its controller")
LOOP: Final = Advice("the objects depend on each other in a loop", "remove one of these dependsOn")
ITSELF: Final = Advice("it depends on itself", "remove it from its own dependsOn")
MISSING: Final = Advice("it does not exist", "create it, or correct the reference in what waits for it")
SUSPENDED: Final = Advice("it is suspended, so it neither becomes Ready nor gets a newer revision", "resume it")
RUNNING: Final = Advice("it is being reconciled now", "wait for its run to end")
MADE: Final = Advice("it does not exist; helm-controller creates it", "reconcile the HelmRelease")
REMOTE: Final = Advice(
    "it applies to another cluster (spec.kubeConfig), which is not read here", "check the named objects there"
)
OTHER: Final = Advice("it is not a Flux object, and its status is not read here", "check it with kubectl get -o yaml")
UNREAD: Final = Advice("it could not be read, so its state is not known", "retry with an identity that may read it")
DOWN: Final = Advice("the controller does not run: nothing of its kinds is reconciled or retried", "restore it first")


def blocked(entry: ObjectStatus, snapshot: Snapshot) -> Blocked:
    """What an object in trouble waits for; never nothing."""
    down = snapshot.down.get(entry.object.kind.controller)
    ends = (Cause(CauseType.CONTROLLER, (down,), (DOWN,)),) if down is not None else ()
    if entry.health in _UNSEEN or entry.health is Health.DELETING:
        silent = _unreported(snapshot.objects[entry.object.ref], snapshot) if entry.health is Health.PENDING else ()
        return Blocked(causes=ends or (_own(entry, silent),), failures=silent)
    fitting = _failures(entry)
    found = _Search(entry, snapshot, fitting[0].upstream if fitting else _guess(entry)).run()
    causes = (*ends, *found.causes)
    if found.own or not (found.by or causes):
        causes = (*causes, _own(entry, fitting, remote=snapshot.objects[entry.object.ref].node.remote))
    return Blocked(found.by, causes, fitting, found.workloads)


def _unreported(one: SnapshotObject, snapshot: Snapshot) -> tuple[Failure, ...]:
    """The failures for which helm-controller writes no status, recognized from the spec of the HelmRelease."""
    spec = at(one.item, "spec")
    if one.ref.kind != "HelmRelease":
        return ()
    if (at(spec, "chart") is None) == (at(spec, "chartRef") is None):
        return (failure("helm-chart-reference-invalid"),)
    elsewhere = text(spec, "chart", "spec", "sourceRef", "namespace") not in {"", one.ref.namespace}
    return (failure("helm-chart-source-cross-namespace"),) if elsewhere and snapshot.one_namespace else ()


def _failures(entry: ObjectStatus) -> tuple[Failure, ...]:
    """Those that the Ready condition reports, and Stalled where that gives another reason."""
    kind = entry.object.kind.kind
    told = [(entry.reason, entry.message)]
    stalled = entry.object.condition("Stalled")
    if stalled is not None and stalled.status == "True":
        told.append((stalled.reason, stalled.message))
    if Flag.STUCK in entry.flags:
        return (failure("reconciliation-overdue"),) if kind == "Kustomization" else ()
    if entry.health is Health.READY:
        told = []
    found = (find_failure(kind, reason, message) for reason, message in told)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _guess(entry: ObjectStatus) -> Upstream:
    return Upstream.DEPENDENCY if entry.health is Health.WAITING else Upstream.OWN


def _own(entry: ObjectStatus, fitting: Iterable[Failure], *, remote: bool = False) -> Cause:
    """The cause that lies in the object itself; what is not healthy on another cluster is not seen."""
    advice = tuple(REMOTE if remote and each.upstream is Upstream.HEALTH else each.advice for each in fitting) or tuple(
        _of_state(entry)
    )
    return Cause(CauseType.FAILURE, (entry.object.ref,), advice, known=bool(advice))


def _of_state(entry: ObjectStatus) -> Iterator[Advice]:
    """What a health or a flag says where no condition says more."""
    match entry.health:
        case Health.PENDING:
            yield PENDING
        case Health.STALE:
            yield STALE
        case Health.DELETING:
            yield DELETING
        case _:
            told = {
                Flag.STUCK: STUCK,
                Flag.DRIFTED: DRIFTED,
                Flag.REVISION_BEHIND: BEHIND,
                Flag.REQUEST_PENDING: REQUESTED,
            }
            yield from (told[flag] for flag in entry.flags if flag in told)


class _Search:
    """The search for what one object waits for.

    Args:
        entry: the object.
        world: everything else.
        upstream: where to look.
    """

    def __init__(self, entry: ObjectStatus, snapshot: Snapshot, upstream: Upstream) -> None:
        """Nothing is found yet."""
        self._entry, self._snapshot, self._upstream = entry, snapshot, upstream
        self._one = snapshot.objects[entry.object.ref]
        self._by: dict[ObjectRef, None] = {}
        self._causes: dict[Cause, None] = {}
        self._unread: dict[ObjectRef, None] = {}
        self._late: dict[Cause, None] = {}
        self._children = 0
        self.workloads: tuple[InventoryEntry, ...] = ()
        self.own = upstream is Upstream.OWN and not self._only_source_fails()

    @property
    def by(self) -> tuple[ObjectRef, ...]:
        """Other objects in trouble."""
        return tuple(self._by)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What ends the search; what is not sure to be in the way, or was not read, where nothing else was found."""
        if self._by or self._causes or self.own:
            return tuple(self._causes)
        unread = (Cause(CauseType.UNREAD, (ref,), (UNREAD if ref.kind in by_kind else OTHER,)) for ref in self._unread)
        return (*self._late, *unread)

    def run(self) -> "_Search":
        """Look at sources, dependencies or health, as the failure says."""
        if self._upstream is Upstream.SOURCE or Flag.SOURCE_FAILING in self._entry.flags:
            for ref in self._entry.object.sources:
                self._source(ref)
        if self._upstream is Upstream.DEPENDENCY:
            for ref in self._one.node.depends_on:
                self._dependency(ref)
        if self._upstream is Upstream.HEALTH:
            self._health()
        return self

    def _only_source_fails(self) -> bool:
        """Whether it is Ready, and nothing is to be said of it but that its source fails."""
        return self._entry.health is Health.READY and self._entry.flags == (Flag.SOURCE_FAILING,)

    def _absent(self, ref: ObjectRef) -> None:
        if self._snapshot.knows(ref):
            made = ref.kind == "HelmChart" and self._one.ref.kind == "HelmRelease"
            self._causes[Cause(CauseType.MISSING, (ref,), (MADE if made else MISSING,))] = None
        else:
            self._unread[ref] = None

    def _source(self, ref: ObjectRef) -> None:
        entry = self._snapshot.statuses.get(ref)
        if entry is None:
            self._absent(ref)
        elif entry.trouble:
            self._by[ref] = None
        elif entry.health is Health.SUSPENDED:
            sure = not entry.object.artifact_revision
            (self._causes if sure else self._late)[Cause(CauseType.SUSPENDED, (ref,), (SUSPENDED,))] = None
        elif not entry.object.artifact_revision and entry.health is Health.PROGRESSING:
            self._causes[Cause(CauseType.RUNNING, (ref,), (RUNNING,))] = None

    def _dependency(self, ref: ObjectRef) -> None:
        entry = self._snapshot.statuses.get(ref)
        if entry is None:
            self._absent(ref)
        elif entry.health is Health.SUSPENDED:
            ready = entry.object.ready
            sure = ready is None or ready.status != "True"
            (self._causes if sure else self._late)[Cause(CauseType.SUSPENDED, (ref,), (SUSPENDED,))] = None
        elif entry.trouble and (entry.health is not Health.READY or Flag.REVISION_BEHIND in entry.flags):
            self._by[ref] = None
        elif entry.health is Health.PROGRESSING:
            self._causes[Cause(CauseType.RUNNING, (ref,), (RUNNING,))] = None

    def _health(self) -> None:
        if self._one.node.remote:
            self.own = True
            return
        applied = self._one.node.applied or ()
        named = tuple(dict.fromkeys(self._resolved(one) for one in self._named()))
        for one in dict.fromkeys(one for one in (*named, *applied) if one.is_flux):
            self._child(one.ref, named=one in named)
        running = named or applied
        self.workloads = tuple(one for one in running if one.workload is not None)
        self.own = bool(self.workloads) or not (self._children or self._unread)

    def _named(self) -> tuple[InventoryEntry, ...]:
        return named_objects(self._entry.message, self._one.target)

    def _resolved(self, named: InventoryEntry) -> InventoryEntry:
        """An object that a message names without its API group: the inventory tells the group, else what was read.

        Other vendors have kinds called like Flux's and Kubernetes'; one that neither knows has no group.
        """
        for one in self._one.node.applied or ():
            if (one.kind, one.name) == (named.kind, named.name) and one.namespace in {"", named.namespace}:
                return one
        ref = named.ref
        unread = named.kind in by_kind and not self._snapshot.knows(ref)
        if named.kind not in by_kind or ref in self._snapshot.statuses or unread:
            return named
        return InventoryEntry(named.kind, "", named.namespace, named.name)

    def _child(self, ref: ObjectRef, *, named: bool) -> None:
        entry = self._snapshot.statuses.get(ref)
        if ref == self._entry.object.ref or not (named or self._one.waits or ref in self._one.checked):
            return
        if entry is None:
            if named:
                self._absent(ref)
            return
        before = len(self._by) + len(self._causes)
        if entry.health is Health.PROGRESSING and not entry.trouble:
            self._causes[Cause(CauseType.RUNNING, (ref,), (RUNNING,))] = None
        elif entry.health is Health.SUSPENDED and named:
            self._causes[Cause(CauseType.SUSPENDED, (ref,), (SUSPENDED,))] = None
        elif entry.trouble and entry.health is not Health.READY:
            self._by[ref] = None
        self._children += len(self._by) + len(self._causes) - before
