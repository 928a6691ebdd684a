"""A root cause: where it is, which failures it is, and the facts that speak for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.catalog.failure import Failure
from flux_mcp.diagnosis.workload_health import WorkloadFailure
from flux_mcp.kubernetes.events import Event


class CauseType(Enum):
    """What a cause is. The order is that in which causes are listed where they block as much."""

    CONTROLLER = "controller"
    LOOP = "loop"
    MISSING = "missing"
    SUSPENDED = "suspended"
    FAILURE = "failure"
    KUBERNETES = "kubernetes"
    RUNNING = "running"
    UNREAD = "unread"


class Fact(Enum):
    """What a detail of a cause says; render/causes.py has the words."""

    CONDITION = "a condition beside the one in the title"
    EXISTS = "an object of that name elsewhere, or of another kind"
    READY_NOW = "an object that is waited for is Ready"
    SHARD_OF = "the shard label of an object"
    SHARDS = "the labels that the controllers select"
    WORKLOAD = "a workload, with its replicas"
    WORKLOAD_UNKNOWN = "a workload of which nothing says why it is not ready"
    WORKLOAD_MISSING = "a workload that does not exist"
    WORKLOAD_UNREAD = "a workload that was not read"
    UNREAD = "an object that is not read here"
    UNREPORTED = "an object whose status says nothing"
    RELEASE = "the chart version that runs, and the one that is wanted"
    DEPLOYED = "the release is deployed"
    SAME_RELEASE = "who has the release that is in use"
    ATTEMPTS = "attempts of a release that failed in a row, and what follows each"
    PENDING_RELEASE = "an action on the release that did not end"
    DELETED = "since when an object is being deleted, and its finalizers"
    NAMESPACE = "a Namespace that is being deleted"
    WRITTEN = "when a controller last wrote a status"
    RESTARTS = "restarts of a controller, and how it ended last"
    REPLICAS = "replicas of a controller"
    NO_CONTROLLER = "no Deployment has the label of Flux's controllers"
    SCANNED = "an ImageRepository with its tags"
    DRIFT = "an object that drifted, and in which field"
    DRIFT_UNKNOWN = "an object that drifted; nothing says in which field"
    REMAINS = "objects of a release that are left, and how many"
    SHARED = "objects that pruning takes along and others apply too"
    NEWER = "a source of the same repository with a newer revision"
    OLD_MESSAGE = "a message about another chart version than the wanted one"
    PRUNED = "who deleted an object that is missing"
    APPLIED_BY = "who applies an object"
    AUTOMATION = "automations, none of which sees a policy"
    EVENT = "an Event of the object itself"
    PROVIDER = "the Provider of an Alert, with its type"
    WEBHOOK = "the Service of a webhook"
    WEBHOOK_MISSING = "the Service of a webhook, which does not exist"
    NEEDED_BY = "who refers to an object that does not exist"
    CREDENTIALS = "what credentials come from: a Secret, the source of an object, a provider"
    CREDENTIALS_NONE = "that an object names no credentials"
    INDEX = "when the index of a HelmRepository last changed"
    OWN_SOURCE = "who applies a source and gets its content from that same source"
    CRDS_SKIPPED = "that an action leaves out the CRDs of the chart"
    STEP = "the run that goes on"
    RUN_ENDS = "when the timeout of the run that goes on is over"
    BUSY = "the objects that a controller reconciles now, and how many it does at once"
    TIMEOUT = "the interval that a timeout is derived from"
    MAY_MAKE = "an object that may make a Secret that is missing"
    FLAPS = "how often an object that is Ready failed, and when"
    HELD = "objects from which a fix would come, and which are suspended or fail"
    HELD_RUN = "those from which a fix would come once the run of an older revision has ended"
    HELD_SPEC = "those from which a change of its spec would come"


@dataclass(frozen=True, slots=True)
class Detail:
    """A fact of a cause.

    Attributes:
        refs: objects that it is about.
        texts: of the cluster.
        when: a moment that it is about.
        since: a moment before that, when it began.
    """

    fact: Fact
    refs: tuple[ObjectRef, ...] = ()
    texts: tuple[str, ...] = ()
    when: datetime | None = None
    since: datetime | None = None


def event_detail(event: Event) -> Detail:
    """An Event as a fact about its object."""
    return Detail(Fact.EVENT, (event.about,), (event.reason, event.message, str(event.count)), event.seen)


@dataclass(frozen=True, slots=True)
class Cause:
    """A root cause.

    Attributes:
        members: where it is: the object that fails, the objects of a loop, an object that does not exist; several
            where they have the same failure. Of a controller the Deployment.
        failures: of the catalog, the most telling first; none where it has none.
        details: facts that speak for it.
        workloads: what is wrong with the workloads behind it.
        key: causes with the same key are one; empty for none.
    """

    type: CauseType
    members: tuple[ObjectRef, ...]
    failures: tuple[Failure, ...] = ()
    details: tuple[Detail, ...] = ()
    workloads: tuple[WorkloadFailure, ...] = ()
    key: tuple[object, ...] = ()
