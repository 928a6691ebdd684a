"""Typed, tolerant views of Pods and of what owns them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owner_references
from flux_mcp.api.unstructured import at, items, number, parse_time, text
from flux_mcp.kubernetes.conditions import Condition, conditions
from flux_mcp.sanitize.own_values import hidden_values, mask_values

_OPERATORS: Final = {"In": "in", "NotIn": "notin"}
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodContainer:
    """One container of a Pod, and how it is.

    Attributes:
        init: it is an init container.
        ephemeral: it was added for debugging.
        state: `waiting`, `running` or `terminated`; empty where nothing is known yet.
        reason: why it waits or ended.
        message: of that reason.
        exit_code: of the run that ended; 0 where none did.
        last_reason: why the run before this one ended; empty where there was none.
        last_exit: with which exit code.
        last_message: what it or its runtime left to say of that.
        last_finished: when.
        ran_before: there was a run before this one.
    """

    name: str
    image: str = ""
    init: bool = False
    ephemeral: bool = False
    ready: bool = False
    restarts: int = 0
    state: str = ""
    reason: str = ""
    message: str = ""
    exit_code: int = 0
    last_reason: str = ""
    last_exit: int = 0
    last_message: str = ""
    last_finished: datetime | None = None
    ran_before: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it terminated with exit code 0."""
        return self.state == "terminated" and self.exit_code == 0

    @property
    def crashed(self) -> bool:
        """Whether a run of it failed and it is not ready since: its log may say why."""
        if self.state == "terminated":
            return self.exit_code != 0
        return self.ran_before and not self.ready and (self.state == "waiting" or self.last_exit != 0)

    @property
    def unready(self) -> bool:
        """Whether it runs for the first time, and is not ready: the log of this run may say why."""
        return self.state == "running" and not self.ready and not self.ran_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One Pod.

    Attributes:
        owners: kind and name of its owners, which live in its namespace. Not their uids: those of a restored cluster
            no longer fit.
        phase: Pending, Running, Succeeded, Failed or Unknown.
        reason: why it has that phase, such as Evicted; mostly empty.
        message: of that reason.
        revision: of the template of a StatefulSet or DaemonSet that it was made from.
        deleted: since when it is being deleted, its grace period included.
        finalizers: that hold its deletion.
        containers: init containers first, then the ordinary ones, then those for debugging.
    """

    ref: ObjectRef
    owners: frozenset[tuple[str, str]]
    created: datetime | None
    phase: str
    reason: str
    message: str
    revision: str
    deleted: datetime | None
    finalizers: tuple[str, ...]
    conditions: tuple[Condition, ...]
    containers: tuple[PodContainer, ...]

    @property
    def ready(self) -> bool:
        """Whether it takes part."""
        return any(one.type == "Ready" and one.status == "True" for one in self.conditions)

    @property
    def restarts(self) -> int:
        """Of all containers together."""
        return sum(container.restarts for container in self.containers)

    @property
    def order(self) -> tuple[int, float, ObjectRef]:
        """Unready ones first, then ready ones, then those that did their work; the newest first among equals."""
        rank = 1 if self.ready else 2 if self.phase == "Succeeded" else 0
        return rank, -(self.created or _NEVER).timestamp(), self.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class PodOwner:
    """A workload, as far as its Pods are found by it.

    Attributes:
        selector: of its Pods, as kubectl takes it; empty where it has none, or one that is not understood.
        succeeded: it did its work, as Jobs do.
    """

    ref: ObjectRef
    owners: frozenset[tuple[str, str]]
    created: datetime | None
    selector: str
    succeeded: bool

    @property
    def key(self) -> tuple[str, str]:
        """How those that it owns call it."""
        return self.ref.kind, self.ref.name

    @property
    def order(self) -> tuple[bool, float, ObjectRef]:
        """Those that did not succeed first; the newest first among equals."""
        return self.succeeded, -(self.created or _NEVER).timestamp(), self.ref


def view_pod_or_owner(item: Mapping[str, Any]) -> Pod | PodOwner | None:
    """The view of a Pod, or of what stands between a Pod and a workload."""
    return pod(item) if text(item, "kind") == "Pod" else view_pod_owner(item)


def view_pod_owner(item: Mapping[str, Any]) -> PodOwner | None:
    """The view of a workload; None if it has no name."""
    ref = _ref(item)
    if ref is None:
        return None
    return PodOwner(
        ref=ref,
        owners=_owners(item),
        created=parse_time(text(item, "metadata", "creationTimestamp")),
        selector=selector_of(at(item, "spec", "selector")),
        succeeded=number(item, "status", "succeeded") > 0,
    )


def pod(item: Mapping[str, Any]) -> Pod | None:
    """The view of a Pod; None if it has no name."""
    ref = _ref(item)
    if ref is None or ref.kind != "Pod":
        return None
    containers = tuple(_containers(item))
    said = text(item, "status", "message")
    values = hidden_values(item, "\n".join((said, *(f"{one.message}\n{one.last_message}" for one in containers))))
    return Pod(
        ref=ref,
        owners=_owners(item),
        created=parse_time(text(item, "metadata", "creationTimestamp")),
        phase=text(item, "status", "phase"),
        reason=text(item, "status", "reason"),
        message=mask_values(said, values),
        revision=text(item, "metadata", "labels", "controller-revision-hash"),
        deleted=parse_time(text(item, "metadata", "deletionTimestamp")),
        finalizers=tuple(one for one in items(item, "metadata", "finalizers") if isinstance(one, str)),
        conditions=tuple(conditions(item)),
        containers=tuple(
            replace(one, message=mask_values(one.message, values), last_message=mask_values(one.last_message, values))
            for one in containers
        ),
    )


def _ref(item: Mapping[str, Any]) -> ObjectRef | None:
    name = text(item, "metadata", "name")
    return ObjectRef(text(item, "kind"), text(item, "metadata", "namespace"), name) if name else None


def _owners(item: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((owner.kind, owner.name) for owner, _, _ in owner_references(item))


_SORTS: Final = (
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


def _containers(item: Mapping[str, Any]) -> Iterator[PodContainer]:
    """Every container that the spec or the status names: either may be missing in what others wrote."""
    for in_spec, in_status in _SORTS:
        statuses = {text(one, "name"): one for one in items(item, "status", in_status)}
        specs = {text(one, "name"): one for one in items(item, "spec", in_spec)}
        for name in dict.fromkeys((*specs, *statuses)):
            init, ephemeral = in_spec == "initContainers", in_spec == "ephemeralContainers"
            if name:
                yield _container(name, specs.get(name), statuses.get(name), init=init, ephemeral=ephemeral)


def _container(name: str, spec: object, status: object, *, init: bool, ephemeral: bool) -> PodContainer:
    state = next(
        (key for key in ("waiting", "running", "terminated") if isinstance(at(status, "state", key), dict)), ""
    )
    restarts = number(status, "restartCount")
    return PodContainer(
        name=name,
        image=text(spec, "image"),
        init=init,
        ephemeral=ephemeral,
        ready=at(status, "ready") is True,
        restarts=restarts,
        state=state,
        reason=text(status, "state", state, "reason"),
        message=text(status, "state", state, "message"),
        exit_code=number(status, "state", state, "exitCode"),
        last_reason=text(status, "lastState", "terminated", "reason"),
        last_exit=number(status, "lastState", "terminated", "exitCode"),
        last_message=text(status, "lastState", "terminated", "message"),
        last_finished=parse_time(text(status, "lastState", "terminated", "finishedAt")),
        ran_before=restarts > 0 or isinstance(at(status, "lastState", "terminated"), dict),
    )


def selector_of(selector: object) -> str:
    """A LabelSelector (matchLabels, matchExpressions) as kubectl takes one; empty if a part is not understood."""
    labels = at(selector, "matchLabels")
    parts = [f"{key}={value}" for key, value in sorted(labels.items())] if isinstance(labels, dict) else []
    for one in items(selector, "matchExpressions"):
        key, sign = text(one, "key"), text(one, "operator")
        values = ",".join(str(entry) for entry in items(one, "values"))
        if sign in _OPERATORS:
            parts.append(f"{key} {_OPERATORS[sign]} ({values})")
        elif sign in {"Exists", "DoesNotExist"}:
            parts.append(key if sign == "Exists" else f"!{key}")
        else:
            return ""
    return ",".join(parts)
