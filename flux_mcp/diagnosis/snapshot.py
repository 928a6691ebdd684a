"""What a diagnosis is made from: the Flux objects with their references, and the evidence beside them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from flux_mcp.api.kind import HealthWait
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, labels, number, parse_time, text
from flux_mcp.diagnosis.catalog.lookup import find_failure
from flux_mcp.diagnosis.controllers import ControllerSet
from flux_mcp.diagnosis.evidence import Evidence
from flux_mcp.flux.graph import FluxNode, Graph, loops_by_source, view_node
from flux_mcp.flux.status import Flag, Health, ObjectStatus, newer_sources

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
SUCCEEDED: Final = "ReconciliationSucceeded"
_ACTIONS: Final = ("install", "upgrade")
OF_NETWORK: Final = frozenset(
    {"certificate-untrusted", "connection-refused", "connection-timeout", "dns-lookup-failed"}
)
"""Failures of the catalog that the way to a server may cause as well as the server."""
_WRITTEN: Final = (
    ("artifact", "lastUpdateTime"),
    ("history", "0", "lastReconciled"),
    ("lastScanResult", "scanTime"),
    ("lastAutomationRunTime",),
)
"""Times in a status that its controller wrote, beside those of the conditions."""


@dataclass(frozen=True, slots=True)
class Release:
    """An entry of the history of a HelmRelease.

    Attributes:
        version: of the Helm release, counted up.
        status: `deployed`, `failed`, `superseded` and so on.
        deployed: when the action ended.
        failed_tests: names of the Pods or Jobs of its tests that did not succeed.
    """

    name: str
    version: int
    chart: str
    chart_version: str
    status: str
    namespace: str
    deployed: datetime | None
    failed_tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures of one object, in a row or not.

    Attributes:
        reason: of the last one.
        succeeded: when a run succeeded, as far as that is known.
    """

    reason: str
    first: datetime
    last: datetime
    count: int
    succeeded: frozenset[datetime]


@dataclass(frozen=True, slots=True)
class OtherDependency:
    """An object of another kind that a ResourceSet depends on, or that a health check waits for.

    Attributes:
        must_be_ready: whether it must be ready, not only there.
    """

    ref: ObjectRef
    api_version: str
    must_be_ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotObject:
    """A Flux object and what its health depends on.

    Attributes:
        waits: it waits for the health of all that it applies.
        checked: what else it waits for (spec.healthChecks).
        target: the namespace that it applies to where its objects name none.
        labels: its own.
        generates: the ExternalArtifacts that an ArtifactGenerator declares.
        releases: of a HelmRelease, the newest first.
        failed_attempts: installs or upgrades of a HelmRelease that failed in a row, by the action.
        targets: objects of other kinds in spec.dependsOn.
        tags: of an ImageRepository: how many, and when they were scanned.
        written: the newest time in its status.
        failures: its failed runs in status.history, where that has others too.
        item: kind, names and spec as kubectl printed them, of an object that is not Ready, or drifted, and of a
            Receiver; of others nothing is kept.
    """

    node: FluxNode
    waits: bool
    checked: frozenset[ObjectRef]
    target: str
    labels: Mapping[str, str]
    generates: frozenset[ObjectRef]
    releases: tuple[Release, ...]
    failed_attempts: Mapping[str, int]
    targets: tuple[OtherDependency, ...]
    tags: tuple[int, datetime | None]
    written: datetime | None
    failures: Failures | None
    item: Mapping[str, Any] | None

    @property
    def ref(self) -> ObjectRef:
        return self.node.ref

    @property
    def charts(self) -> frozenset[str]:
        """Of a HelmRelease in trouble, the names of the chart that it declares and of those that it released."""
        declared = text(at(self.item, "spec"), "chart", "spec", "chart").rpartition("/")[2]
        return frozenset({declared, *(one.chart for one in self.releases)})


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that causes are found in.

    Attributes:
        objects: every Flux object that was read.
        graph: their relations.
        statuses: their health.
        read: the kinds of which everything is known; a target of another kind may exist.
        only: the one namespace that was read; None where all were.
        now: the moment of the reading.
        controllers: of Flux.
        evidence: what was read beside Flux objects and controllers.
        version: of Flux, `2.9.4`; empty where it is not known.
        logs: Pod and container → the last lines of the run in which it crashed.
        followed: objects that look well and whose workloads matter to the question, with the namespaces that it is
            about; none for all.
    """

    objects: Mapping[ObjectRef, SnapshotObject]
    graph: Graph
    statuses: Mapping[ObjectRef, ObjectStatus]
    read: Collection[str]
    now: datetime
    controllers: ControllerSet = field(default_factory=ControllerSet)
    evidence: Evidence = field(default_factory=Evidence)
    only: str | None = None
    version: str = ""
    logs: Mapping[tuple[ObjectRef, str], Sequence[str]] = field(default_factory=dict)
    followed: Mapping[ObjectRef, frozenset[str]] = field(default_factory=dict)

    def knows(self, ref: ObjectRef) -> bool:
        """Whether an object that is not among the objects does not exist."""
        return ref.kind in self.read and self.only in {None, ref.namespace}

    def awaits(self, applier: ObjectRef, ref: ObjectRef) -> bool:
        """Whether an object waits for the health of another one, which it applied or checks."""
        one = self.objects.get(applier)
        return one is not None and (ref in one.checked or (one.waits and ref in self.graph.children(applier)))

    @cached_property
    def runs(self) -> Mapping[str, tuple[ObjectRef, ...]]:
        """Kind → its objects of which a run goes on, and within its timeout."""
        found: dict[str, list[ObjectRef]] = {}
        for ref, one in self.statuses.items():
            ready = one.object.ready
            if one.health is Health.PROGRESSING and Flag.STUCK not in one.flags and ready and ready.status == "Unknown":
                found.setdefault(ref.kind, []).append(ref)
        return {kind: tuple(some) for kind, some in found.items()}

    def not_applied(self, ref: ObjectRef) -> str:
        """The revision that the source of an applier has, where it is another than was applied; else empty."""
        one = self.statuses[ref].object
        known = (self.statuses[source].object.artifact_revision for source in one.sources if source in self.statuses)
        return next((revision for revision in known if revision not in {"", one.applied_revision}), "")

    @cached_property
    def named(self) -> Mapping[str, tuple[ObjectRef, ...]]:
        """The Flux objects of each name."""
        found: dict[str, list[ObjectRef]] = {}
        for ref in self.objects:
            found.setdefault(ref.name, []).append(ref)
        return {name: tuple(sorted(refs)) for name, refs in found.items()}

    @cached_property
    def generators(self) -> Mapping[ObjectRef, ObjectRef]:
        """The ExternalArtifacts that ArtifactGenerators declare → the generator."""
        return {artifact: one.ref for one in self.objects.values() for artifact in one.generates}

    @cached_property
    def source_loops(self) -> Mapping[ObjectRef, tuple[ObjectRef, ...]]:
        """Sources → the Kustomizations of each that depend on each other in a loop."""
        return loops_by_source(self.graph)

    def untried(self, loop: Collection[ObjectRef]) -> tuple[ObjectRef, ...]:
        """The failing Kustomizations that have not tried the newest revision of a source that has this loop."""
        known = {ref: status.object for ref, status in self.statuses.items()}
        return tuple(
            ref
            for ref, status in self.statuses.items()
            if status.health is Health.FAILING
            and status.object.attempted_revision
            and any(
                set(loop) <= set(self.source_loops.get(source, ()))
                for source in newer_sources(status.object, known, status.object.attempted_revision, self.now)
            )
        )

    @cached_property
    def failing_domains(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """A controller and a failure of the network → the domains of the hosts that it is reported of: `github.com`."""
        found: dict[tuple[str, str], set[str]] = {}
        for ref, status in self.statuses.items():
            known = find_failure(ref.kind, status.reason, status.message) if status.trouble else None
            if known is not None and known.id in OF_NETWORK and (hosts := known.error(status.message)):
                found.setdefault((status.object.kind.controller, known.id), set()).update(
                    ".".join(host.split(".")[-2:]) for host in hosts
                )
        return {key: frozenset(hosts) for key, hosts in found.items()}

    @cached_property
    def deleting(self) -> Mapping[str, tuple[ObjectRef, ...]]:
        """The Flux objects of each namespace that are being deleted."""
        found: dict[str, list[ObjectRef]] = {}
        for ref, status in self.statuses.items():
            if status.object.deleted is not None:
                found.setdefault(ref.namespace, []).append(ref)
        return {namespace: tuple(refs) for namespace, refs in found.items()}


def view_snapshot_object(item: Mapping[str, Any]) -> SnapshotObject | None:
    """The view of one object; None if it is not a Flux object or has no name."""
    node = view_node(item)
    if node is None:
        return None
    spec, status, ready = at(item, "spec"), at(item, "status"), node.object.ready
    drifted = node.object.condition("Drifted")
    calm = ready is not None and ready.status == "True" and node.object.deleted is None and drifted is None
    names = {"name": node.ref.name, "namespace": node.ref.namespace}
    kept = {"apiVersion": text(item, "apiVersion"), "kind": node.ref.kind, "metadata": names, "spec": spec}
    times = [parse_time(found) for path in _WRITTEN if (found := text(status, *path))]
    return SnapshotObject(
        node=node,
        waits=_waits(node, spec),
        checked=frozenset(_checked(spec, node.ref.namespace)),
        target=text(spec, "targetNamespace") or node.ref.namespace,
        labels=labels(item, "metadata", "labels"),
        generates=frozenset(_generates(spec, node.ref)),
        releases=tuple(_releases(status)) if node.ref.kind == "HelmRelease" else (),
        failed_attempts={action: failed for action in _ACTIONS if (failed := number(status, f"{action}Failures"))},
        targets=tuple(_targets(spec)) if node.ref.kind == "ResourceSet" else (),
        tags=(number(status, "lastScanResult", "tagCount"), parse_time(text(status, "lastScanResult", "scanTime"))),
        written=max(filter(None, (*times, *(one.changed for one in node.object.conditions))), default=None),
        failures=_failures(items(status, "history")) if node.object.history_status else None,
        item=None if calm and node.ref.kind != "Receiver" else kept,
    )


def _waits(node: FluxNode, spec: object) -> bool:
    """Whether it waits for the health of all that it applies."""
    match node.object.kind.health_wait:
        case HealthWait.ALWAYS:
            return True
        case HealthWait.OPT_IN:
            return at(spec, "wait") is True
        case HealthWait.OPT_OUT:
            return at(spec, "wait") is not False
        case HealthWait.NEVER:
            return False


def _checked(spec: object, namespace: str) -> Iterator[ObjectRef]:
    for entry in items(spec, "healthChecks"):
        if name := text(entry, "name"):
            yield ObjectRef(text(entry, "kind"), text(entry, "namespace") or namespace, name)


def _generates(spec: object, ref: ObjectRef) -> Iterator[ObjectRef]:
    for entry in items(spec, "artifacts") if ref.kind == "ArtifactGenerator" else ():
        if name := text(entry, "name"):
            yield ObjectRef("ExternalArtifact", text(entry, "namespace") or ref.namespace, name)


def _releases(status: object) -> Iterator[Release]:
    """Newest first: helm-controller writes them in no order."""
    found = (
        Release(
            name=text(entry, "name"),
            version=number(entry, "version"),
            chart=text(entry, "chartName"),
            chart_version=text(entry, "chartVersion"),
            status=text(entry, "status"),
            namespace=text(entry, "namespace"),
            deployed=parse_time(text(entry, "lastDeployed")),
            failed_tests=tuple(_failed_tests(at(entry, "testHooks"))),
        )
        for entry in items(status, "history")
    )
    yield from sorted(found, key=lambda one: (-one.version, -(one.deployed or _NEVER).timestamp()))


def _failed_tests(tests: object) -> Iterator[str]:
    hooks = tests if isinstance(tests, dict) else {}
    yield from (name for name, one in hooks.items() if text(one, "phase") != "Succeeded")


def _failures(history: Sequence[object]) -> Failures | None:
    """The failed runs of what was run last, where other runs of the same succeeded: they are entries of one digest.

    Source: https://github.com/fluxcd/pkg/blob/main/apis/meta/history.go.
    """
    runs = [
        (text(entry, "lastReconciledStatus"), first, last, number(entry, "totalReconciliations"))
        for entry in (history if len(history) > 1 else ())
        if text(entry, "digest") == text(history[0], "digest")
        if (first := parse_time(text(entry, "firstReconciled"))) and (last := parse_time(text(entry, "lastReconciled")))
    ]
    good = frozenset(moment for reason, first, last, _ in runs for moment in (first, last) if reason == SUCCEEDED)
    failed = max((one for one in runs if one[0] != SUCCEEDED), key=lambda one: one[2], default=None)
    return Failures(*failed, good) if failed is not None and good else None


def _targets(spec: object) -> Iterator[OtherDependency]:
    for entry in items(spec, "dependsOn"):
        if name := text(entry, "name"):
            ref = ObjectRef(text(entry, "kind"), text(entry, "namespace"), name)
            ready = at(entry, "ready") is True or bool(text(entry, "readyExpr"))
            yield OtherDependency(ref, text(entry, "apiVersion"), must_be_ready=ready)
