"""What one entry of a timeline tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.history import Content


class ChangeType(Enum):
    """What happened. The order is that of changes of one second."""

    FAILED = "began to fail"
    RECOVERED = "recovered"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    EDITED = "edited"
    DELETED = "deleted"
    DELETING = "deletion requested"
    MISSING = "missing"
    CREATED = "created"
    SCALED = "scaled"
    DRIFT = "drift"
    APPLIED = "applied"
    CONFIGURED = "configured"
    RELEASED = "released"
    PUSHED = "pushed"
    REQUESTED = "requested"
    FETCHED = "fetched"

    # As for Content.
    __hash__ = object.__hash__


class Action(Enum):
    """What Helm did."""

    INSTALL = "install"
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"
    UNINSTALL = "uninstall"


class WorkloadChange(NamedTuple):
    """What became of a workload. A tuple, as there are many.

    Attributes:
        images: container, image before, image now.
        replicas: before and now.
        args: of a Flux controller: the arguments that were taken away, and those that were added.
        template: its Pod template changed.
        replaced: the image that it runs again, where this one was rolled back.
    """

    ref: ObjectRef
    at: datetime
    images: tuple[tuple[str, str, str], ...] = ()
    replicas: tuple[int, int] | None = None
    args: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    template: bool = False
    created: bool = False
    replaced: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmRun:
    """What Helm did to a release, repeated failures of one upgrade as one.

    Attributes:
        version: of the release; 0 where it is not recorded.
        before: the chart's version before; empty where it is not recorded.
        content: whether the values are other ones.
        failed: when it failed.
        upgrades: when it failed as an upgrade, after an install that had failed.
        rolled_back: when it was rolled back.
        target: the chart's version that it was rolled back to.
        target_version: the release that it was rolled back to first.
        forced: somebody requested it though nothing had changed.
    """

    action: Action
    version: int = 0
    chart: str = ""
    chart_version: str = ""
    before: str = ""
    content: Content = Content.UNKNOWN
    failed: tuple[datetime, ...] = ()
    upgrades: tuple[datetime, ...] = ()
    rolled_back: tuple[datetime, ...] = ()
    target: str = ""
    target_version: int = 0
    forced: bool = False


# Not frozen, as everything else here is: of 10,000 objects there are 75,000, which took twice as long to make.
@dataclass(slots=True, kw_only=True)
class Change:
    """One change; nothing changes it.

    Attributes:
        at: None where the time is not recorded.
        times: how many changes of this kind there were, `since` when, of which this is the newest.
        alike: more objects of which the same is true at that time.
        cause: the applier that did it.
        client: the name in managedFields; empty where none is recorded, None where there are no managedFields at all.
        revision: that was fetched, applied or run.
        objects: created, configured or deleted → which.
        content: of an applier, whether it applied other content than before.
        again: it applied a revision that it had applied before.
        last_revision: the newest revision with that content, where `revision` is not recorded.
        reverted: the changes made in the cluster that an applier of the same content undid.
        requests_removed: objects of which it removed no more than the annotations of a request.
        unexplained: objects that had been changed otherwise.
        fields: the paths that the client owns.
        requests: the annotations of a request: requestedAt, forceAt, resetAt.
        unchanged: source → those of its appliers that took its revision without a change to any object.
        by_appliers: that a source fetched a revision is known from its appliers only, which had it at this time.
        ended: how an applier's run ended where it did not succeed.
        recovered: why the object failed until then.
        corrected: drift was corrected.
        gone: the object does not exist now.
        appliers: that apply an object which somebody changed, or whose inventories name one that is missing.
        last_good: of a failure whose beginning is not recorded, when the object last succeeded.
    """

    type: ChangeType
    ref: ObjectRef
    at: datetime | None
    until: datetime | None = None
    times: int = 1
    since: datetime | None = None
    alike: tuple[ObjectRef, ...] = ()
    cause: ObjectRef | None = None
    client: str | None = ""
    revision: str = ""
    origin: str = ""
    subject: str = ""
    objects: Mapping[str, tuple[ObjectRef, ...]] = field(default_factory=dict)
    workloads: tuple[WorkloadChange, ...] = ()
    content: Content = Content.UNKNOWN
    again: bool = False
    last_revision: str = ""
    reverted: "tuple[Change, ...]" = ()
    requests_removed: tuple[ObjectRef, ...] = ()
    unexplained: tuple[ObjectRef, ...] = ()
    fields: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    unchanged: Mapping[ObjectRef, tuple[ObjectRef, ...]] = field(default_factory=dict)
    by_appliers: bool = False
    helm: HelmRun | None = None
    reason: str = ""
    ended: str = ""
    recovered: str = ""
    corrected: bool = False
    gone: bool = False
    appliers: tuple[ObjectRef, ...] = ()
    last_good: datetime | None = None

    @property
    def order(self) -> tuple[float, int, ObjectRef]:
        """Newest first, those without a time last."""
        return -self.at.timestamp() if self.at is not None else float("inf"), _ORDER[self.type], self.ref

    @property
    def refs(self) -> frozenset[ObjectRef]:
        """Every object that it changed."""
        if not (self.objects or self.alike or self.workloads):
            return frozenset((self.ref,))
        objects = (each for some in self.objects.values() for each in some)
        return frozenset({self.ref, *self.alike, *objects, *(one.ref for one in self.workloads)})


_ORDER = {kind: position for position, kind in enumerate(ChangeType)}
