"""What one line says of an object: for each kind that people ask for, what they look for first.

Only fields that shapes_kubernetes.py allows are read, so that a recording tells the same. Adding a kind is one function
and one entry in the table at the end; of any other kind a line tells its conditions.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, labels, number, parse_time, text
from flux_mcp.kubernetes.conditions import Condition, conditions
from flux_mcp.kubernetes.events import WARNING, event
from flux_mcp.kubernetes.pods import pod
from flux_mcp.kubernetes.rollout_status import rollout
from flux_mcp.kubernetes.workloads import view_workload

Item = Mapping[str, Any]
MOST: Final = 12
"""Values of one sort that are told."""
_GOOD: Final = frozenset({"Ready", "Available", "Established", "Healthy", "Accepted", "Programmed", "Succeeded"})
"""Conditions that ought to be True, in the words of most controllers."""
_PRESSURES: Final = frozenset({"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"})
_ROLE: Final = "node-role.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a line.

    Attributes:
        ours: words of ours, numbers among them.
        data: what the cluster tells.
        message: a text of the cluster that is more than a word.
        when: a moment, told as an age behind the words.
    """

    ours: str = ""
    data: tuple[str, ...] = ()
    message: str = ""
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What is said of one object.

    Attributes:
        trouble: whether somebody may want to look at it.
    """

    ref: ObjectRef
    told: tuple[Fragment, ...]
    trouble: bool
    created: datetime | None

    @property
    def order(self) -> tuple[bool, ObjectRef]:
        """Trouble first."""
        return not self.trouble, self.ref


Parts = Iterator[Fragment | bool]
"""What is said; True among it says that there is trouble."""


def summary(item: Item, group: str) -> Summary | None:
    """The line of one object of an API group; None without a name."""
    kind, name = text(item, "kind"), text(item, "metadata", "name")
    if not name:
        return None
    parts = [*_SUMMARIES.get((kind, group), _any)(item)]
    if text(item, "metadata", "deletionTimestamp"):
        finalizers = tuple(one for one in items(item, "metadata", "finalizers") if isinstance(one, str))
        parts += [Fragment("being deleted"), *_some("finalizers", finalizers), True]
    return Summary(
        ref=ObjectRef(kind, text(item, "metadata", "namespace"), name),
        told=tuple(part for part in parts if isinstance(part, Fragment)),
        trouble=any(part is True for part in parts),
        created=parse_time(text(item, "metadata", "creationTimestamp")),
    )


def _some(ours: str, data: tuple[str, ...]) -> Iterator[Fragment]:
    """Values behind a word, the first of many; nothing where there are none."""
    found = tuple(filter(None, data))
    if found:
        yield Fragment(ours, found[:MOST])
        if len(found) > MOST:
            yield Fragment(f"{len(found) - MOST} more {ours}".rstrip())


def _any(item: Item) -> Parts:
    for condition in [*conditions(item)][:MOST]:
        yield from _condition(condition, good=condition.type in _GOOD)


def _condition(condition: Condition, *, good: bool) -> Parts:
    bad = good and condition.status != "True"
    yield Fragment(data=(condition.type, condition.status, *((condition.reason,) if bad and condition.reason else ())))
    yield bad


def _pod(item: Item) -> Parts:
    one = pod(item)
    if one is None:
        return
    running = [container for container in one.containers if not container.init and not container.ephemeral]
    yield from _some("", (one.reason or one.phase,))
    yield Fragment(f"ready {sum(container.ready for container in running)}/{len(running)}")
    if one.restarts:
        yield Fragment(f"restarts {one.restarts}")
    for container in one.containers[:MOST]:
        if not container.ready and not container.finished and container.state in {"waiting", "terminated"}:
            said = (container.name, container.state, container.reason)
            yield Fragment("init container" if container.init else "container", tuple(filter(None, said)))
    for condition in one.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            yield from _some("not scheduled", (condition.reason,))
    yield from _some("node", (text(item, "spec", "nodeName"),))
    yield not one.ready and one.phase != "Succeeded"


def _workload(item: Item) -> Parts:
    how, one = rollout(item), view_workload(item)
    if how is None or one is None:
        return
    if how.counts:
        yield Fragment(how.counts)
    yield from _some("", (how.schedule,))
    yield from _some("", how.reasons)
    yield from map(Fragment, how.notes)
    if how.last_run is not None:
        yield Fragment("last run", when=how.last_run)
    if how.last_success is not None:
        yield Fragment("last success", when=how.last_success)
    yield from _some("images", tuple(dict.fromkeys(container.image for container in one.containers)))
    yield how.state.trouble


def _service(item: Item) -> Parts:
    kind = text(item, "spec", "type")
    yield from _some("", (kind,))
    yield from _some("ip", (text(item, "spec", "clusterIP"),))
    yield from _some("external name", (text(item, "spec", "externalName"),))
    addresses = _addresses(item)
    yield from _some("address", addresses)
    if waiting := kind == "LoadBalancer" and not addresses:
        yield Fragment("no address yet")
    yield from _some("ports", tuple(map(_port, items(item, "spec", "ports"))))
    selector = labels(item, "spec", "selector")
    yield from _some("selector", tuple(f"{key}={told}" for key, told in selector.items()))
    if not selector and kind != "ExternalName":
        yield Fragment("no selector")
    yield waiting


def _addresses(item: Item) -> tuple[str, ...]:
    entries = items(item, "status", "loadBalancer", "ingress")
    return tuple(filter(None, (text(entry, "ip") or text(entry, "hostname") for entry in entries)))


def _port(entry: object) -> str:
    """`80:30080/TCP=http`: port, node port, protocol, target."""
    node = number(entry, "nodePort")
    target = number(entry, "targetPort") or text(entry, "targetPort")
    port = number(entry, "port")
    behind = f"={target}" if target and target != port else ""
    return f"{port}{f':{node}' if node else ''}/{text(entry, 'protocol') or 'TCP'}{behind}"


def _ingress(item: Item) -> Parts:
    rules = items(item, "spec", "rules")
    yield from _some("class", (text(item, "spec", "ingressClassName"),))
    yield from _some("hosts", tuple(dict.fromkeys(text(rule, "host") for rule in rules)))
    backends = [at(path, "backend") for rule in rules for path in items(rule, "http", "paths")]
    backends.append(at(item, "spec", "defaultBackend"))
    yield from _some("to", tuple(dict.fromkeys(text(backend, "service", "name") for backend in backends)))
    hosts = [host for entry in items(item, "spec", "tls") for host in items(entry, "hosts") if isinstance(host, str)]
    yield from _some("tls", tuple(dict.fromkeys(hosts)))
    addresses = _addresses(item)
    yield from _some("address", addresses)
    if not addresses:
        yield Fragment("no address")


def _autoscaler(item: Item) -> Parts:
    target = at(item, "spec", "scaleTargetRef")
    yield from _some("scales", (f"{text(target, 'kind')}/{text(target, 'name')}" if text(target, "name") else "",))
    status = at(item, "status")
    yield Fragment(f"replicas {number(status, 'currentReplicas')}, wanted {number(status, 'desiredReplicas')}")
    yield Fragment(f"from {number(item, 'spec', 'minReplicas') or 1} to {number(item, 'spec', 'maxReplicas')}")
    there = (_metric(one, "current") for one in items(status, "currentMetrics"))
    current = {(sort, name): amount for sort, name, amount in there}
    for metric in items(item, "spec", "metrics")[:MOST]:
        sort, name, wanted = _metric(metric, "target")
        if name:
            yield Fragment(sort, (name, f"{current.get((sort, name)) or 'unknown'}/{wanted}"))
    for condition in conditions(item):
        if condition.type in {"AbleToScale", "ScalingActive"} and condition.status != "True":
            yield from _condition(condition, good=True)
        elif condition.type == "ScalingLimited" and condition.status == "True":
            yield Fragment(data=(condition.type, condition.reason))


def _metric(metric: object, which: str) -> tuple[str, str, str]:
    """Utilization (percent) or value of a metric, its name, and how much is wanted or there."""
    for sort in ("resource", "containerResource", "pods", "object", "external"):
        entry = at(metric, sort)
        if isinstance(entry, dict):
            name = text(entry, "name") or text(entry, "metric", "name")
            if share := number(entry, which, "averageUtilization"):
                return "percent of", name, str(share)
            return "value of", name, text(entry, which, "averageValue") or text(entry, which, "value")
    return "", "", ""


def _claim(item: Item) -> Parts:
    phase = text(item, "status", "phase")
    yield from _some("", (phase,))
    size, asked = text(item, "status", "capacity", "storage"), text(item, "spec", "resources", "requests", "storage")
    yield from _some("size", (size,))
    if asked != size:
        yield from _some("asks for", (asked,))
    yield from _some("class", (text(item, "spec", "storageClassName"),))
    yield from _some("modes", tuple(mode for mode in items(item, "spec", "accessModes") if isinstance(mode, str)))
    yield from _some("volume", (text(item, "spec", "volumeName"),))
    yield phase != "Bound"


def _node(item: Item) -> Parts:
    found = {condition.type: condition for condition in conditions(item)}
    ready = found.get("Ready")
    good = ready is not None and ready.status == "True"
    yield Fragment("Ready" if good else "NOT READY", () if good or ready is None else (ready.reason,))
    if cordoned := at(item, "spec", "unschedulable") is True:
        yield Fragment("cordoned")
    pressed = tuple(kind for kind, one in found.items() if kind in _PRESSURES and one.status == "True")
    yield from _some("", pressed)
    yield from _some("taints", tuple(map(_taint, items(item, "spec", "taints"))))
    roles = (key[len(_ROLE) :] for key in labels(item, "metadata", "labels") if key.startswith(_ROLE))
    yield from _some("roles", tuple(roles))
    yield from _some("kubelet", (text(item, "status", "nodeInfo", "kubeletVersion"),))
    allocatable = at(item, "status", "allocatable")
    for resource in ("cpu", "memory", "pods"):
        yield from _some(resource, (text(allocatable, resource),))
    yield not good or cordoned or bool(pressed)


def _taint(entry: object) -> str:
    told = text(entry, "value")
    return f"{text(entry, 'key')}{f'={told}' if told else ''}:{text(entry, 'effect')}"


def _namespace(item: Item) -> Parts:
    phase = text(item, "status", "phase")
    yield from _some("", (phase,))
    yield phase != "Active"


def _config_map(item: Item) -> Parts:
    parts = (at(item, field) for field in ("data", "binaryData"))
    keys = tuple(key for part in parts if isinstance(part, dict) for key in part)
    yield Fragment(f"keys {len(keys)}")
    yield from _some("", keys)
    if at(item, "immutable") is True:
        yield Fragment("immutable")


def _event(item: Item) -> Parts:
    one = event(item)
    if one is None:
        return
    yield from _some("", (one.type,))
    yield from _some("about", (one.about.kind, "/".join(filter(None, (one.about.namespace, one.about.name)))))
    yield Fragment(f"x{one.count}", (one.reason,) if one.reason else (), one.message, one.seen)
    yield one.type == WARNING


def _crd(item: Item) -> Parts:
    yield from _some("kind", (text(item, "spec", "names", "kind"), text(item, "spec", "scope")))
    versions = items(item, "spec", "versions")
    served, storage, deprecated = (
        tuple(text(one, "name") for one in versions if at(one, what) is True)
        for what in ("served", "storage", "deprecated")
    )
    stored = tuple(one for one in items(item, "status", "storedVersions") if isinstance(one, str))
    yield from _some("serves", served)
    yield from _some("deprecated", deprecated)
    if storage != served:
        yield from _some("stores", storage)
    if stored != storage:
        yield from _some("may hold objects stored as", stored)
    for condition in conditions(item):
        if condition.type == "Established" and condition.status != "True":
            yield from _condition(condition, good=True)


_SUMMARIES: Final[Mapping[tuple[str, str], Callable[[Item], Parts]]] = {
    **dict.fromkeys(((kind, "apps") for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")), _workload),
    **dict.fromkeys(((kind, "batch") for kind in ("Job", "CronJob")), _workload),
    ("Pod", ""): _pod,
    ("Service", ""): _service,
    ("Ingress", "networking.k8s.io"): _ingress,
    ("HorizontalPodAutoscaler", "autoscaling"): _autoscaler,
    ("PersistentVolumeClaim", ""): _claim,
    ("Node", ""): _node,
    ("Namespace", ""): _namespace,
    ("ConfigMap", ""): _config_map,
    ("Event", ""): _event,
    ("CustomResourceDefinition", "apiextensions.k8s.io"): _crd,
}
"""The kind and its API group → what is said of an object."""
