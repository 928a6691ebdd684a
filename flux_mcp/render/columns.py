"""One line about an object of any kind: what people look for first, and whether it is in trouble.

Of most kinds the line is made of the columns in their entry in the tables of kinds; of a kind without columns it shows
the conditions. A kind whose line follows from several fields at once has a function here, in the table at the end.
Only fields that may be shown are read, so that a recording shows the same.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flux_mcp.api.kind import Column
from flux_mcp.api.kinds import known_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, labels, number, parse_time, text
from flux_mcp.kubernetes.conditions import Condition, conditions
from flux_mcp.kubernetes.events import WARNING, event
from flux_mcp.kubernetes.pods import pod
from flux_mcp.kubernetes.rollout_status import rollout
from flux_mcp.kubernetes.workloads import containers
from flux_mcp.render.text import age
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import abbreviated, message, name_of

Item = Mapping[str, Any]
MOST: Final = 12
"""Values of one column that are shown."""
_POSITIVE: Final = frozenset({"Ready", "Available", "Established", "Healthy", "Accepted", "Programmed", "Succeeded"})
"""Conditions that are True where nothing is wrong, in the words of most controllers."""
_PRESSURES: Final = frozenset({"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"})
_ROLE: Final = "node-role.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a line.

    Attributes:
        words: ours, with a `{}` for each value.
        values: from the cluster.
        message: from the cluster; it ends the line.
        when: a time that is shown behind the words, as `3m ago`.
    """

    words: str
    values: tuple[str, ...] = ()
    message: str = ""
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What the line about one object is made of.

    Attributes:
        trouble: whether somebody may want to look at the object.
    """

    ref: ObjectRef
    fragments: tuple[Fragment, ...]
    trouble: bool
    created: datetime | None

    @property
    def order(self) -> tuple[bool, ObjectRef]:
        return not self.trouble, self.ref


Parts = Iterator[Fragment | bool]
"""What is shown; True among it says that there is trouble."""


def summary(item: Item) -> Summary | None:
    """The line of one object; None without a name."""
    kind, api_version, name = text(item, "kind"), text(item, "apiVersion"), text(item, "metadata", "name")
    if not name:
        return None
    known = known_kind(api_version, kind)
    function = _LINES.get((known.kind, known.group)) if known is not None else None
    if function is not None:
        parts = [*function(item)]
    elif known is not None and known.columns:
        parts = [part for column in known.columns for part in _column(item, column)]
    else:
        parts = [*_conditions(item)]
    if text(item, "metadata", "deletionTimestamp"):
        finalizers = tuple(name for name in items(item, "metadata", "finalizers") if isinstance(name, str))
        parts += [Fragment("being deleted"), *_values("finalizers", finalizers), True]
    return Summary(
        ref=ObjectRef(kind, text(item, "metadata", "namespace"), name),
        fragments=tuple(part for part in parts if isinstance(part, Fragment)),
        trouble=any(part is True for part in parts),
        created=parse_time(text(item, "metadata", "creationTimestamp")),
    )


def summary_line(summary: Summary, request: RequestContext) -> str:
    """`Service apps/web: ClusterIP, cluster IP 10.0.0.1, ports 80/TCP, created 3d ago`."""
    parts = [_written(fragment, request) for fragment in summary.fragments]
    if not any(fragment.message for fragment in summary.fragments) and (created := age(summary.created, request.now)):
        parts.append(f"created {created} ago")
    return f"{name_of(summary.ref)}: {', '.join(parts)}" if parts else name_of(summary.ref)


def _written(fragment: Fragment, request: RequestContext) -> str:
    words = fragment.words.format(*map(abbreviated, fragment.values))
    if fragment.when is not None:
        words += f" {age(fragment.when, request.now)} ago"
    return f"{words}: {message(fragment.message)}" if fragment.message else words


def _values(label: str, values: tuple[str, ...]) -> Iterator[Fragment]:
    """Values behind a label, the first of many; nothing where there are none."""
    found = tuple(filter(None, values))
    if found:
        words = " ".join((label, *["{}"] * len(found[:MOST]))).lstrip()
        yield Fragment(words + (f" and {len(found) - MOST} more" if len(found) > MOST else ""), found[:MOST])


def _column(item: Item, column: Column) -> Parts:
    values = tuple(dict.fromkeys(found for path in column.paths for found in _at(item, path.split("."))))
    yield from _values(column.label, values)
    if not values and column.absent:
        yield Fragment(column.absent)
    yield bool(column.healthy) and not set(values) & set(column.healthy)


def _at(node: object, path: list[str]) -> Iterator[str]:
    if isinstance(node, list):
        for inner in node:
            yield from _at(inner, path)
    elif path:
        yield from _at(at(node, path[0]), path[1:])
    elif isinstance(node, dict):
        yield from map(str, node)
    elif isinstance(node, bool):
        yield str(node).lower()
    elif isinstance(node, str | int):
        yield str(node)


def _conditions(item: Item) -> Parts:
    for condition in [*conditions(item)][:MOST]:
        yield from _condition(condition, positive=condition.type in _POSITIVE)


def _condition(condition: Condition, *, positive: bool) -> Parts:
    bad = positive and condition.status != "True"
    shown = (condition.type, condition.status)
    yield Fragment("{}={} ({})", (*shown, condition.reason)) if bad and condition.reason else Fragment("{}={}", shown)
    yield bad


def _pod(item: Item) -> Parts:
    view = pod(item)
    if view is None:
        return
    ordinary = [container for container in view.containers if not container.init and not container.ephemeral]
    yield from _values("", (view.reason or view.phase,))
    yield Fragment(f"{sum(container.ready for container in ordinary)} of {len(ordinary)} containers ready")
    if view.restarts:
        yield Fragment(f"{view.restarts} restart{'s' if view.restarts > 1 else ''}")
    for container in view.containers[:MOST]:
        init = "init container" if container.init else "container"
        if not container.ready and container.state == "waiting":
            yield Fragment(f"{init} {{}} in {{}}", (container.name, container.reason or "waiting"))
        elif not container.ready and container.state == "terminated" and not container.succeeded:
            reason = container.reason or "Error"
            yield Fragment(
                f"{init} {{}} terminated with {{}} exit code {container.exit_code}", (container.name, reason)
            )
    for condition in view.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            yield from _values("not scheduled:", (condition.reason,))
    yield from _values("on node", (text(item, "spec", "nodeName"),))
    yield not view.ready and view.phase != "Succeeded"


def _workload(item: Item) -> Parts:
    status = rollout(item)
    if status is None:
        return
    if status.counts:
        yield Fragment(status.counts)
    yield from _values("schedule", (status.schedule,))
    yield from _values("", status.reasons)
    yield from map(Fragment, status.notes)
    if status.last_run is not None:
        yield Fragment("last run", when=status.last_run)
    if status.last_success is not None:
        yield Fragment("last success", when=status.last_success)
    images = tuple(dict.fromkeys(container.image for container in containers(item)))
    yield from _values("image" if len(images) == 1 else "images", images)
    yield status.state.trouble


def _service(item: Item) -> Parts:
    kind = text(item, "spec", "type")
    yield from _values("", (kind,))
    yield from _values("cluster IP", (text(item, "spec", "clusterIP"),))
    yield from _values("external name", (text(item, "spec", "externalName"),))
    ingress = items(item, "status", "loadBalancer", "ingress")
    addresses = tuple(filter(None, (text(entry, "ip") or text(entry, "hostname") for entry in ingress)))
    yield from _values("address", addresses)
    if pending := kind == "LoadBalancer" and not addresses:
        yield Fragment("no address yet")
    ports = items(item, "spec", "ports")
    yield from _values("ports", tuple(map(_port, ports)))
    targets = tuple(
        str(number(port, "targetPort") or text(port, "targetPort") or number(port, "port")) for port in ports
    )
    if targets != tuple(str(number(port, "port")) for port in ports):
        yield from _values("target ports", targets)
    selector = labels(item, "spec", "selector")
    yield from _values("selector", tuple(f"{key}={label}" for key, label in selector.items()))
    if not selector and kind != "ExternalName":
        yield Fragment("no selector")
    yield pending


def _port(port: object) -> str:
    """`80:30080/TCP` as in kubectl's PORT(S): port, node port, protocol."""
    node = number(port, "nodePort")
    return f"{number(port, 'port')}{f':{node}' if node else ''}/{text(port, 'protocol') or 'TCP'}"


def _autoscaler(item: Item) -> Parts:
    target = at(item, "spec", "scaleTargetRef")
    if text(target, "name"):
        yield Fragment("scales {} {}", (text(target, "kind"), text(target, "name")))
    status = at(item, "status")
    yield Fragment(f"{number(status, 'currentReplicas')} replicas, {number(status, 'desiredReplicas')} desired")
    yield Fragment(f"minimum {number(item, 'spec', 'minReplicas') or 1}, maximum {number(item, 'spec', 'maxReplicas')}")
    current = {
        name: amount for name, amount, _ in (_metric(metric, "current") for metric in items(status, "currentMetrics"))
    }
    for metric in items(item, "spec", "metrics")[:MOST]:
        name, target, unit = _metric(metric, "target")
        if name and current.get(name):
            yield Fragment(f"{{}} {{}}{unit} (target {{}}{unit})", (name, current[name], target))
        elif name:
            yield Fragment(f"{{}} unknown (target {{}}{unit})", (name, target))
    for condition in conditions(item):
        if condition.type in {"AbleToScale", "ScalingActive"} and condition.status != "True":
            yield from _condition(condition, positive=True)
        elif condition.type == "ScalingLimited" and condition.status == "True":
            yield Fragment("scaling limited ({})", (condition.reason,))


def _metric(metric: object, which: str) -> tuple[str, str, str]:
    """The name of a metric, its current or target utilization or value, and `%` for a utilization."""
    for source in ("resource", "containerResource", "pods", "object", "external"):
        found = at(metric, source)
        if isinstance(found, dict):
            name = text(found, "name") or text(found, "metric", "name")
            if utilization := number(found, which, "averageUtilization"):
                return name, str(utilization), "%"
            return name, text(found, which, "averageValue") or text(found, which, "value"), ""
    return "", "", ""


def _node(item: Item) -> Parts:
    found = {condition.type: condition for condition in conditions(item)}
    ready = found.get("Ready")
    healthy = ready is not None and ready.status == "True"
    yield Fragment("Ready") if healthy else Fragment("not Ready")
    yield from _values("", () if healthy or ready is None else (ready.reason,))
    if cordoned := at(item, "spec", "unschedulable") is True:
        yield Fragment("cordoned")
    pressures = tuple(kind for kind, condition in found.items() if kind in _PRESSURES and condition.status == "True")
    yield from _values("", pressures)
    yield from _values("taints", tuple(map(_taint, items(item, "spec", "taints"))))
    roles = (key[len(_ROLE) :] for key in labels(item, "metadata", "labels") if key.startswith(_ROLE))
    yield from _values("roles", tuple(roles))
    yield from _values("kubelet", (text(item, "status", "nodeInfo", "kubeletVersion"),))
    for resource in ("cpu", "memory", "pods"):
        yield from _values(f"allocatable {resource}", (text(item, "status", "allocatable", resource),))
    yield not healthy or cordoned or bool(pressures)


def _taint(taint: object) -> str:
    label = text(taint, "value")
    return f"{text(taint, 'key')}{f'={label}' if label else ''}:{text(taint, 'effect')}"


def _event(item: Item) -> Parts:
    view = event(item)
    if view is None:
        return
    yield from _values("", (view.type,))
    yield from _values("", (view.reason,))
    if view.count > 1:
        yield Fragment(f"{view.count} times")
    if view.seen is not None:
        yield Fragment("last seen", when=view.seen)
    about = "/".join(filter(None, (view.about.namespace, view.about.name)))
    yield Fragment("about {} {}", (view.about.kind, about), view.message)
    yield view.type == WARNING


def _crd(item: Item) -> Parts:
    yield from _values("kind", (text(item, "spec", "names", "kind"),))
    yield from _values("scope", (text(item, "spec", "scope"),))
    versions = items(item, "spec", "versions")
    served, storage, deprecated = (
        tuple(text(version, "name") for version in versions if at(version, which) is True)
        for which in ("served", "storage", "deprecated")
    )
    stored = tuple(version for version in items(item, "status", "storedVersions") if isinstance(version, str))
    yield from _values("serves", served)
    yield from _values("deprecated", deprecated)
    if storage != served:
        yield from _values("storage version", storage)
    if stored != storage:
        yield from _values("stored versions", stored)
    for condition in conditions(item):
        if condition.type == "Established" and condition.status != "True":
            yield from _condition(condition, positive=True)


_LINES: Final[Mapping[tuple[str, str], Callable[[Item], Parts]]] = {
    **dict.fromkeys(((kind, "apps") for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")), _workload),
    **dict.fromkeys(((kind, "batch") for kind in ("Job", "CronJob")), _workload),
    ("Pod", ""): _pod,
    ("Service", ""): _service,
    ("HorizontalPodAutoscaler", "autoscaling"): _autoscaler,
    ("Node", ""): _node,
    ("Event", ""): _event,
    ("CustomResourceDefinition", "apiextensions.k8s.io"): _crd,
}
"""The kind and its API group → the parts of its line."""
