"""Rules of the audit about Kustomizations. The numbers are those of our knowledge file, section 6."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.rule import AuditContext, Finding, Rule, Severity, each
from flux_mcp.audit.spec_view import Audited
from flux_mcp.audit.specs import KustomizationSpec
from flux_mcp.flux.inventory import InventoryEntry

SHORTEST: Final = 60.0
"""Seconds: the shortest interval that is advised."""
LONG: Final = 300.0
"""Seconds of interval from which on a failure should not wait for the next one."""
_PAGE: Final = "kustomize/kustomizations"
_KIND: Final = ("Kustomization",)


def _timeout(spec: KustomizationSpec) -> str | bool:
    if spec.timeout is None:
        return "unset" if spec.wait or spec.health_checks else False
    return "longer-than-interval" if spec.interval is not None and spec.timeout >= spec.interval else False


def _unhealthy_dependency(context: AuditContext) -> Iterator[Finding]:
    """A dependency that is Ready as soon as it is applied."""
    for one, spec in context.of(KustomizationSpec):
        waited_for = any(ref.kind == "Kustomization" for ref in context.graph.dependents(one.ref))
        if waited_for and not spec.wait and not spec.health_checks:
            yield Finding(one.ref)


def _places(context: AuditContext) -> Iterator[list[tuple[tuple[str, ...], Audited]]]:
    """For each source and target the paths that are applied from there to there, and by whom."""
    found: dict[tuple[object, ...], list[tuple[tuple[str, ...], Audited]]] = defaultdict(list)
    for one, spec in context.of(KustomizationSpec):
        if one.sources:
            found[one.sources[0], *spec.target].append((spec.path, one))
    yield from found.values()


def _same_path(context: AuditContext) -> Iterator[Finding]:
    for place in _places(context):
        by_path = defaultdict(list)
        for path, one in place:
            by_path[path].append(one)
        for path, several in by_path.items():
            if len(several) > 1:
                yield from (Finding(one.ref, f"./{'/'.join(path)}") for one in several)


def _nested_path(context: AuditContext) -> Iterator[Finding]:
    """A path inside another one; not where both have an inventory and these have nothing in common."""
    for place in _places(context):
        around: list[tuple[tuple[str, ...], Audited]] = []
        held: dict[ObjectRef, frozenset[InventoryEntry]] = {}
        for path, one in sorted(place, key=lambda entry: (entry[0], entry[1].ref)):
            while around and around[-1][0] != path[: len(around[-1][0])]:
                around.pop()
            outer = next((other for where, other in reversed(around) if len(where) < len(path)), None)
            if outer is not None and not _apart(outer, one, held):
                yield Finding(one.ref, outer.ref)
            if not around or around[-1][0] != path:
                around.append((path, one))


def _apart(outer: Audited, inner: Audited, held: dict[ObjectRef, frozenset[InventoryEntry]]) -> bool:
    """Whether the inventories tell that the outer one leaves out what the inner one applies."""
    ours, theirs = inner.node.applied, outer.node.applied
    if not ours or not theirs:
        return False
    if outer.ref not in held:
        held[outer.ref] = frozenset(theirs)
    return held[outer.ref].isdisjoint(ours)


def _two_appliers(context: AuditContext) -> Iterator[Finding]:
    """Objects that stand in more than one inventory of this cluster, together by those who hold them."""
    shared = defaultdict(list)
    for managed in context.graph.held():
        holders = context.graph.holders(managed)
        if len(holders) > 1:
            shared[holders].append(managed)
    for holders, several in shared.items():
        first = min(several)
        told = "/".join(filter(None, (first.kind, first.namespace, first.name)))
        yield from (Finding(ref, told, len(several) - 1) for ref in holders)


KUSTOMIZE_RULES: Final = (
    Rule(  # 7
        id="kustomization-force-on",
        severity=Severity.HIGH,
        kinds=_KIND,
        check=each(KustomizationSpec, lambda spec: spec.force),
        why="an immutable change deletes and recreates objects, with their data",
        fix="force: false; annotate single objects kustomize.toolkit.fluxcd.io/force: enabled",
        link=f"{_PAGE}#force",
    ),
    Rule(  # 23
        id="kustomization-same-path",
        severity=Severity.HIGH,
        kinds=_KIND,
        check=_same_path,
        why="they may prune each other's objects",
        fix="one Kustomization a path",
        link=f"{_PAGE}#path",
        wide=True,
    ),
    Rule(  # 23, from what was applied
        id="object-two-appliers",
        severity=Severity.HIGH,
        kinds=("Kustomization", "HelmRelease", "ResourceSet", "FluxInstance"),
        check=_two_appliers,
        why="several inventories hold one object, and each applies and prunes it",
        fix="take it out of all but one",
        link=f"{_PAGE}#prune",
        wide=True,
    ),
    Rule(  # 23, one path inside another: medium, since a kustomization.yaml may leave the inner one out
        id="kustomization-path-nested",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=_nested_path,
        why="the outer one applies the inner path too, unless its kustomization.yaml leaves it out",
        fix="paths beside each other",
        link=f"{_PAGE}#path",
        wide=True,
    ),
    Rule(  # 2
        id="kustomization-retry-interval-unset",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=each(
            KustomizationSpec,
            lambda spec: spec.interval is not None and spec.interval >= LONG and spec.retry_interval is None,
        ),
        why="a failure waits a whole interval",
        fix="retryInterval: 1m",
        link=f"{_PAGE}#retry-interval",
    ),
    Rule(  # 3
        id="kustomization-timeout",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=each(KustomizationSpec, _timeout),
        why="health checks may take up the interval and a worker",
        fix="timeout: shorter than interval",
        link=f"{_PAGE}#timeout",
    ),
    Rule(  # 4
        id="kustomization-dependency-unwaited",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=_unhealthy_dependency,
        why="dependants start as soon as it is applied",
        fix="wait: true",
        link=f"{_PAGE}#wait",
        wide=True,
    ),
    Rule(  # 6
        id="kustomization-prune-off",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=each(KustomizationSpec, lambda spec: not spec.prune),
        why="what is removed from the source stays in the cluster",
        fix="prune: true",
        link=f"{_PAGE}#prune",
    ),
    Rule(  # 1
        id="kustomization-interval-short",
        severity=Severity.LOW,
        kinds=_KIND,
        check=each(KustomizationSpec, lambda spec: spec.interval is not None and spec.interval < SHORTEST),
        why="load for nothing",
        fix="interval: 10m, and a Receiver for speed",
        link=f"{_PAGE}#interval",
    ),
    Rule(  # 5
        id="kustomization-health-checks-ignored",
        severity=Severity.LOW,
        kinds=_KIND,
        check=each(KustomizationSpec, lambda spec: spec.wait and spec.health_checks),
        why="wait: true ignores healthChecks",
        fix="one of the two",
        link=f"{_PAGE}#health-checks",
    ),
)
