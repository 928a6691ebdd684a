"""What a rule of the audit is, and what its check is given to decide.

The rules are in audit/rules/: texts and examples in the .toml files, checks of the same id in the .py files.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, Final, Self

from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import FluxNode, Graph
from flux_mcp.flux.installation import Crd, Distribution, distribution
from flux_mcp.flux.status import ObjectStatus, assess
from flux_mcp.flux.versions import Minor, Patch
from flux_mcp.kubernetes.pods import Pod
from flux_mcp.kubernetes.workloads import Workload

Value = str | ObjectRef
"""What an object is found for: a value from the cluster, or another object."""


class Severity(Enum):
    """How bad a finding is, the worst first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    def covers(self, other: "Severity") -> bool:
        """Whether the other one is as bad or worse."""
        order = list(Severity)
        return order.index(other) <= order.index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """An object that a rule finds, and what it is found for; no values where the rule's texts say it all."""

    ref: ObjectRef
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a check needed and could not see: a kind, or `other namespaces`."""

    what: str


OTHER_NAMESPACES: Final = Unknown("other namespaces")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A Flux object while it is read. Its spec may hold credentials and is not kept.

    Attributes:
        item: as kubectl printed it.
        spec: its spec.
        sources: what its spec names as its source, in whatever namespace.
    """

    item: Mapping[str, Any]
    spec: Any
    node: FluxNode
    sources: tuple[ObjectRef, ...]

    @property
    def generated(self) -> bool:
        """Whether helm-controller made it from the chart template of a HelmRelease, where the same things are found."""
        releases = [owner for owner in self.node.owners if owner.kind == "HelmRelease"]
        if self.node.ref.kind == "OCIRepository":
            # One that a chart brings has the same labels.
            return any(self.node.ref.name == f"{release.namespace}-{release.name}" for release in releases)
        return self.node.ref.kind == "HelmChart" and bool(releases)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedObject:
    """What is kept of a Flux object for the audit. Durations are seconds, None where the spec sets none.

    Attributes:
        findings: rule id → what the checks of single objects find in it.
        waits: a Kustomization waits for the health of what it applies.
        path: the parts of a Kustomization's path without `.`; none for the root of the source.
        target: the cluster, namespace, prefix and suffix that a Kustomization applies with.
        last_run: when a Kustomization was last reconciled.
        updated: when the artifact of a source was stored, or an ImageUpdateAutomation last pushed.
        branch: that a source follows, or that an ImageUpdateAutomation checks out.
        push: the branch that an ImageUpdateAutomation pushes to; None where it names a refspec alone.
        events: what an Alert reports; a name may be `*`.
        distribution: what a FluxInstance or a FluxReport says of the installation.
    """

    ref: ObjectRef
    node: FluxNode
    findings: Mapping[str, Finding]
    interval: float | None
    waits: bool
    path: tuple[str, ...]
    target: tuple[str, ...]
    last_run: datetime | None
    updated: datetime | None
    branch: str
    push: str | None
    events: tuple[ObjectRef, ...]
    distribution: Distribution | None


@dataclass(frozen=True, kw_only=True)
class AuditContext:
    """What was read.

    Attributes:
        read: the kinds of which these are all.
        now: the moment of the answer.
        namespace: the only one that was read; None where all were.
        crds: those of Flux; of these and the next two, none where `read` lacks the kind.
        controllers: the Deployments of Flux.
        pods: those of the controllers.
        watched: the ConfigMaps → whether Flux acts on a change to it at once.
        kubernetes: the version of the API server; empty where it was not read.
        target: the version of Flux that an upgrade leads to.
    """

    objects: tuple[AuditedObject, ...]
    read: frozenset[str]
    now: datetime
    namespace: str | None = None
    crds: tuple[Crd, ...] = ()
    controllers: tuple[Workload, ...] = ()
    pods: tuple[Pod, ...] = ()
    watched: Mapping[ObjectRef, bool] = field(default_factory=dict)
    kubernetes: str = ""
    target: Minor = (0, 0)

    @cached_property
    def known(self) -> dict[ObjectRef, AuditedObject]:
        return {one.ref: one for one in self.objects}

    @cached_property
    def flux_version(self) -> str:
        """The version of Flux that runs, such as `v2.9.4`; empty where nothing shows it."""
        known = (one.distribution for one in self.objects if one.distribution is not None)
        # Flux Operator labels its own CRDs with its own version.
        crds = (crd for crd in self.crds if not crd.ref.name.endswith(".controlplane.io"))
        return distribution(known, crds, self.controllers).version

    @cached_property
    def graph(self) -> Graph:
        return Graph(one.node for one in self.objects)

    @cached_property
    def statuses(self) -> dict[ObjectRef, ObjectStatus]:
        """Health and flags of each."""
        return {status.object.ref: status for status in assess((one.node.object for one in self.objects), self.now)}

    @cached_property
    def found_alone(self) -> Mapping[str, list[Finding]]:
        """Rule id → what the checks of single objects find."""
        found: dict[str, list[Finding]] = defaultdict(list)
        for one in self.objects:
            for rule, finding in one.findings.items():
                found[rule].append(finding)
        return found

    def of_kind(self, kind: str) -> Iterator[AuditedObject]:
        return (one for one in self.objects if one.ref.kind == kind)

    def missing(self, ref: ObjectRef) -> bool | Unknown:
        """Whether an object does not exist, or why that cannot be seen."""
        if ref in self.known:
            return False
        if ref.kind not in self.read:
            return Unknown(ref.kind)
        return OTHER_NAMESPACES if self.namespace not in {None, ref.namespace} else True

    def missing_targets(self, rule: str) -> Iterator[Finding | Unknown]:
        """Of the objects that the rule's check of single objects names, those that do not exist."""
        for finding in self.found_alone[rule]:
            for target in finding.values:
                if isinstance(target, ObjectRef) and (missing := self.missing(target)):
                    yield missing if isinstance(missing, Unknown) else Finding(finding.ref, (target,))

    def seconds(self, since: datetime | None) -> float:
        """How long ago that was; 0 where it is not known."""
        return 0.0 if since is None else (self.now - since).total_seconds()


ObjectCheck = Callable[[Manifest], bool | str | Iterable[Value]]
"""Decides by one object alone: whether it is found, or what it is found for."""
ContextCheck = Callable[[AuditContext], Iterable[Finding | Unknown]]
"""Decides by all that was read. Where an object check has the same id, `found_alone` holds what that one finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the audit.

    Attributes:
        id: what people search for; it does not change.
        kinds: what it finds.
        summary: what is wrong and what follows from it.
        detail: how the values of a finding read, with `{}` for all of them, or one for each.
        fix: what to write instead.
        docs: where Flux documents that; in the .toml file a whole address, or one below fluxcd.io/flux.
        needs: kinds without which it cannot be decided.
        wide: it looks at objects that may be in other namespaces.
        trips: objects of which it finds the first one, as in the .toml file.
        spares: objects in which it finds nothing.
        since: of a change in Flux, the version that brings it.
    """

    id: str
    severity: Severity
    kinds: tuple[str, ...]
    summary: str
    detail: str
    fix: str
    docs: str
    needs: tuple[str, ...]
    wide: bool
    trips: tuple[Mapping[str, Any], ...]
    spares: tuple[Mapping[str, Any], ...]
    alone: ObjectCheck | None
    across: ContextCheck | None
    since: Patch | None = None

    @classmethod
    def of(cls, rule: str, entry: Mapping[str, Any], kinds: Iterable[str], **more: Any) -> Self:  # noqa: ANN401 (fields)
        """The rule of an entry in a .toml file, which has its texts and examples.

        Raises:
            KeyError: the entry lacks one.
        """
        return cls(
            id=rule,
            severity=Severity(entry["severity"]),
            kinds=tuple(dict.fromkeys(kinds)),
            summary=entry["summary"],
            detail=entry.get("detail", "{}"),
            fix=entry["fix"],
            docs=entry["docs"] if "://" in entry["docs"] else f"https://fluxcd.io/flux/{entry['docs']}",
            needs=tuple(entry.get("needs", ())),
            wide=entry.get("wide", False),
            trips=tuple(entry["trips"]),
            spares=tuple(entry["spares"]),
            **more,
        )
