"""The search for what one object in trouble waits for: where it stands, and what it has found."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, EVENT
from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.catalog.failure import Failure
from flux_mcp.diagnosis.catalog.lookup import failure, find_failure
from flux_mcp.diagnosis.cause import Cause, CauseType, Detail, Fact, event_detail
from flux_mcp.diagnosis.controllers import SHARD, Watch, selects, watches
from flux_mcp.diagnosis.snapshot import OtherDependency, Snapshot, SnapshotObject
from flux_mcp.diagnosis.workload_health import WorkloadFailure, workload_failures
from flux_mcp.flux.installation import Controller
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.kubernetes.events import Event

FLUX_OPERATOR: Final = "flux-operator"
KILLED: Final = 137
"""The exit code of a container that was killed (SIGKILL)."""
FRESH: Final = timedelta(minutes=2)
"""A controller that wrote a status so recently works, whatever its Pods report."""
STARTS: Final = timedelta(minutes=2)
"""How long the Pods of a controller may take to become ready: images are pulled, and another one leads until then."""
_STARTING: Final = frozenset(
    {"NotReady", "ContainerCreating", "PodInitializing", "Initializing", "MinimumReplicasUnavailable"}
)
"""What Pods report that have only just been created."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """What one object waits for.

    Attributes:
        by: other objects in trouble.
        causes: where the search ends.
        via: the webhook through which it waits.
        needs: namespace and kind of what more must be read to know; the namespace is empty for a kind without.
        targets: objects of kinds that are read by their name alone.
    """

    by: tuple[ObjectRef, ...] = ()
    causes: tuple[Cause, ...] = ()
    via: str = ""
    needs: frozenset[tuple[str, str]] = frozenset()
    targets: tuple[OtherDependency, ...] = ()


@dataclass(slots=True)
class Search:
    """What is known of one object so far.

    Attributes:
        by: other objects in trouble.
        causes: that are certain.
        late: causes that count where nothing else is found.
        ready: what it waits for by its message and is Ready.
        failures, details, workloads: of a cause that lies in the object itself.
        via: the webhook through which it waits.
        own: whether there is such a cause.
        key: of that cause, where others have it too.
    """

    status: ObjectStatus
    snapshot: Snapshot
    by: dict[ObjectRef, None] = field(default_factory=dict)
    causes: dict[Cause, None] = field(default_factory=dict)
    late: dict[Cause, None] = field(default_factory=dict)
    ready: dict[ObjectRef, None] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    workloads: list[WorkloadFailure] = field(default_factory=list)
    needs: set[tuple[str, str]] = field(default_factory=set)
    targets: list[OtherDependency] = field(default_factory=list)
    via: str = ""
    own: bool = False
    key: tuple[object, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        return self.status.object.ref

    @property
    def subject(self) -> SnapshotObject:
        return self.snapshot.objects[self.ref]

    @property
    def found(self) -> bool:
        """Whether something else than the object itself was found."""
        return bool(self.by or self.causes)

    def need(self, namespace: str, kinds: Iterable[Kind]) -> None:
        self.needs |= {(namespace, kind.kind) for kind in kinds}

    def add(self, cause: Cause, *, late: bool = False) -> None:
        (self.late if late else self.causes)[cause] = None

    def blame(self, name: str, *details: Detail, key: tuple[object, ...] = ()) -> None:
        """There is a cause in the object itself: a failure of the catalog."""
        self.own = True
        self.failures.append(failure(name))
        self.details += details
        self.key = key or self.key

    def quote(self, event: Event) -> Failure | None:
        """Show an Event of the object, and the failure that it reports, which is None where the catalog has none."""
        self.details.append(event_detail(event))
        found = find_failure(self.ref.kind, event.reason, event.message)
        self.failures += [found] if found is not None else []
        return found

    def applied_by(self, entry: InventoryEntry) -> tuple[ObjectRef, ...]:
        """Show who else applies an object, and return those; nothing is shown where nobody does."""
        others = tuple(ref for ref in self.snapshot.graph.holders(entry) if ref != self.ref)
        if others:
            self.details.append(Detail(Fact.APPLIED_BY, (entry.ref, *others)))
        return others

    def wait_for(self, refs: Iterable[ObjectRef]) -> bool:
        """Wait for those of these objects that are in trouble; whether there is one."""
        known = ((ref, self.snapshot.statuses.get(ref)) for ref in refs if ref != self.ref)
        troubled = [ref for ref, one in known if one is not None and one.trouble and one.health is not Health.READY]
        self.by |= dict.fromkeys(troubled)
        return bool(troubled)

    def pruned(self, ref: ObjectRef) -> tuple[Detail, ...]:
        """Which applier deleted an object that is missing: what applies the object here often applied that one too."""
        for applier in self.snapshot.graph.owners(self.ref) if self.status.object.revision else ():
            # Once it had a revision, so that what is missing was there.
            self.need(applier.namespace, (EVENT,))
        event = self.snapshot.evidence.pruned.get(ref)
        return (Detail(Fact.PRUNED, (ref, event.about), (), event.seen),) if event is not None else ()

    def watch(self) -> tuple[Watch, tuple[Controller, ...]]:
        """How the controller of the object is."""
        return self.watch_of(self.subject)

    def watch_of(self, one: SnapshotObject) -> tuple[Watch, tuple[Controller, ...]]:
        component = one.node.object.kind.controller
        return self.snapshot.controllers.watch(component, one.ref.namespace, one.labels, self.snapshot.now)

    def watch_unread(self, ref: ObjectRef) -> tuple[Watch, tuple[Controller, ...]]:
        """The same of an object that was not read, as if it had no labels."""
        component = by_kind[ref.kind].controller if ref.kind in by_kind else ""
        return self.snapshot.controllers.watch(component, ref.namespace, {}, self.snapshot.now)

    def follow_controller(self) -> bool:
        """Whether the controller of the object is why nothing happens to it; then it is a cause."""
        watch, controllers = self.watch()
        match watch:
            case Watch.DOWN | Watch.CRASHING:
                for one in controllers:
                    self.add(controller_cause(one, self.snapshot))
            case Watch.NOBODY:
                found = not_watched(self, self.subject)
                self.blame(found.failures[0].id, *found.details, key=found.key)
            case Watch.UNKNOWN if self.status.object.kind.controller == FLUX_OPERATOR:
                self.need("", (DEPLOYMENT,))
                return False
            case _:
                return False
        return True

    def _shared_error(self) -> tuple[object, ...]:
        """The one error that all of its Pods report, such as of a registry: who else reports it has the same cause."""
        errors = {
            (one.failure.id, *one.failure.error(one.message)) if one.failure is not None else ()
            for one in self.workloads
            if one.failure is None or one.failure.place == "pods"
        }
        error = errors.pop() if len(errors) == 1 and len(self.failures) <= 1 else ()
        return error if len(error) > 1 else ()

    def result(self) -> Blocked:
        """What was found; never nothing."""
        causes = [*self.causes]
        if not self.own and not self.found:
            causes += self.late
        if self.own or not (self.by or causes):
            causes.append(
                Cause(
                    CauseType.FAILURE,
                    (self.ref,),
                    tuple(dict.fromkeys(self.failures)),
                    tuple(dict.fromkeys(self.details)),
                    tuple(dict.fromkeys(self.workloads)),
                    self.key or self._shared_error(),
                )
            )
        via = self.via if self.by else ""
        return Blocked(tuple(self.by), tuple(causes), via, frozenset(self.needs), tuple(self.targets))


def not_watched(search: Search, one: SnapshotObject) -> Cause:
    """The cause that no controller selects an object: those that take its labels watch another namespace."""
    component, key = one.node.object.kind.controller, one.labels.get(SHARD, "")
    elsewhere = [
        Detail(Fact.REPLICAS, (each.ref,), (str(each.ready), str(each.wanted)))
        for each in search.snapshot.controllers.found
        if each.runs(component) and selects(each, one.labels)
    ]
    if elsewhere:
        known = (failure("namespace-not-watched"),)
        return Cause(CauseType.FAILURE, (one.ref,), known, tuple(elsewhere), key=("unwatched", component))
    details = (
        Detail(Fact.SHARD_OF, (one.ref,), (key,)),
        Detail(Fact.SHARDS, (), (component, *search.snapshot.controllers.shard_keys(component))),
    )
    names = (failure("shard-not-watched"),)
    return Cause(CauseType.FAILURE, (one.ref,), names, details, key=("shard", key, key or one.ref.namespace))


def controller_cause(one: Controller, snapshot: Snapshot) -> Cause:
    """The cause that a controller is down, or crashes."""
    evidence = snapshot.controllers.evidence
    failed = workload_failures(one.ref, evidence, snapshot.now)
    details = [Detail(Fact.REPLICAS, (one.ref,), (str(one.ready), str(one.wanted)))]
    if one.failure is not None and not failed and one.wanted:
        details.append(Detail(Fact.CONDITION, (one.ref,), one.failure))
    if one.stuck:
        name = "controller-rollout-stuck"
    elif not one.down:
        name = "controller-evicted" if snapshot.controllers.evicted(one, snapshot.now) else "controller-crashing"
    elif one.wanted == 0:
        name = "controller-scaled-to-zero"
    elif _starts(one, failed, snapshot):
        name, failed = "controller-starting", ()
    else:
        name = "controller-down"
    if one.down and (written := _written(one, snapshot)) is not None:
        when, ref = written
        details.append(Detail(Fact.WRITTEN, (ref,), (), when))
        if name == "controller-down" and when >= snapshot.now - FRESH:
            name = "controller-unready"
    if (end := snapshot.controllers.last_end(one)) is not None and not failed:
        container, when = end
        texts = (str(one.restarts or 0), container.last_reason, str(container.last_exit))
        details.append(Detail(Fact.RESTARTS, (one.ref,), texts, when))
        if name == "controller-crashing" and container.last_exit == KILLED and container.last_reason != "OOMKilled":
            name = "controller-killed"
    known = dict.fromkeys(each.failure.id if each.failure is not None else each.reason for each in failed)
    reported = one.failure if one.failure is not None and not failed else ()
    return Cause(
        CauseType.CONTROLLER,
        (one.ref,),
        (failure(name),),
        tuple(details),
        failed,
        ("controller", name, *known, *reported) if one.down or (one.stuck and failed) else ("controller", one.ref),
    )


def _starts(one: Controller, failed: Iterable[WorkloadFailure], snapshot: Snapshot) -> bool:
    """Whether the Pods of a controller are new, and nothing but the time they need keeps them from being ready."""
    pods = [pod for pod in snapshot.controllers.evidence.pods_of(one.ref) if pod.deleted is None]
    oldest = snapshot.now - STARTS
    new = bool(pods) and all(pod.created is not None and pod.created >= oldest and not pod.restarts for pod in pods)
    return new and all(each.reason in _STARTING for each in failed)


def _written(one: Controller, snapshot: Snapshot) -> tuple[datetime, ObjectRef] | None:
    """The newest status of the objects of a controller, and whose."""
    return max(
        (
            (found.written, ref)
            for ref, found in snapshot.objects.items()
            if found.written is not None
            and watches(one, found.node.object.kind.controller, ref.namespace, found.labels)
        ),
        default=None,
    )
