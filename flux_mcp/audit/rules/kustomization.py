"""Checks of Kustomizations, and of inventories that overlap."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, parse_duration, text
from flux_mcp.audit.rule import AuditContext, AuditedObject, ContextCheck, Finding, Manifest, ObjectCheck

SHORTEST: Final = 60.0
"""Seconds: the shortest interval that Flux advises."""
LONG: Final = 300.0
"""Seconds of interval from which on a failure should not wait for the next one."""


def _interval(manifest: Manifest) -> float | None:
    return parse_duration(text(manifest.spec, "interval"))


def _waits_long(manifest: Manifest) -> bool:
    interval = _interval(manifest)
    retry = parse_duration(text(manifest.spec, "retryInterval"))
    return interval is not None and interval >= LONG and retry is None


def _timeout(manifest: Manifest) -> str:
    timeout, interval = parse_duration(text(manifest.spec, "timeout")), _interval(manifest)
    if timeout is None:
        checks = at(manifest.spec, "wait") is True or items(manifest.spec, "healthChecks")
        return "unset" if checks else ""
    return text(manifest.spec, "timeout") if interval is not None and timeout >= interval else ""


def _short_interval(manifest: Manifest) -> str:
    interval = _interval(manifest)
    return text(manifest.spec, "interval") if interval is not None and interval < SHORTEST else ""


def _unhealthy_dependency(context: AuditContext) -> Iterator[Finding]:
    """A dependency that is Ready as soon as it is applied."""
    for one in context.of_kind("Kustomization"):
        needed = any(ref.kind == "Kustomization" for ref in context.graph.dependents(one.ref))
        if needed and not one.waits:
            yield Finding(one.ref)


_Applied = tuple[tuple[str, ...], AuditedObject]
"""A path, and the Kustomization that applies it."""


def _by_place(context: AuditContext) -> Iterator[list[_Applied]]:
    """For each source and target the paths that are applied from there to there."""
    found: dict[tuple[object, ...], list[_Applied]] = defaultdict(list)
    for one in context.of_kind("Kustomization"):
        if sources := one.node.object.sources:
            found[sources[0], *one.target].append((one.path, one))
    yield from found.values()


def _same_path(context: AuditContext) -> Iterator[Finding]:
    for place in _by_place(context):
        by_path = defaultdict(list)
        for path, one in place:
            by_path[path].append(one)
        for path, several in by_path.items():
            if len(several) > 1:
                yield from (Finding(one.ref, (f"./{'/'.join(path)}",)) for one in several)


def _nested_path(context: AuditContext) -> Iterator[Finding]:
    """A path inside another one; not where both have an inventory and these have nothing in common."""
    for place in _by_place(context):
        around: list[_Applied] = []
        inventories: dict[ObjectRef, frozenset[str]] = {}
        for path, one in sorted(place, key=lambda applied: (applied[0], applied[1].ref)):
            while around and around[-1][0] != path[: len(around[-1][0])]:
                around.pop()
            outer = next((other for where, other in reversed(around) if len(where) < len(path)), None)
            if outer is not None and not _disjoint(outer, one, inventories):
                yield Finding(one.ref, (outer.ref,))
            if not around or around[-1][0] != path:
                around.append((path, one))


def _disjoint(outer: AuditedObject, inner: AuditedObject, inventories: dict[ObjectRef, frozenset[str]]) -> bool:
    """Whether the inventories show that the outer one leaves out what the inner one applies."""
    if not inner.node.applied or not outer.node.applied:
        return False
    if outer.ref not in inventories:
        inventories[outer.ref] = frozenset(outer.node.applied.ids)
    return inventories[outer.ref].isdisjoint(inner.node.applied.ids)


def _two_appliers(context: AuditContext) -> Iterator[Finding]:
    """Objects in more than one inventory of this cluster, together by their appliers."""
    shared = defaultdict(list)
    for entry, holders in context.graph.shared():
        shared[holders].append(entry.ref)
    for holders, refs in shared.items():
        values = tuple(sorted(refs))
        yield from (Finding(ref, values) for ref in holders)


ALONE: Final[Mapping[str, ObjectCheck]] = {
    "kustomization-force-on": lambda manifest: at(manifest.spec, "force") is True,
    "kustomization-retry-interval-unset": _waits_long,
    "kustomization-timeout": _timeout,
    "kustomization-prune-off": lambda manifest: at(manifest.spec, "prune") is not True,
    "kustomization-interval-short": _short_interval,
    "kustomization-health-checks-ignored": lambda manifest: (
        at(manifest.spec, "wait") is True and bool(items(manifest.spec, "healthChecks"))
    ),
}
ACROSS: Final[Mapping[str, ContextCheck]] = {
    "kustomization-same-path": _same_path,
    "object-two-appliers": _two_appliers,
    "kustomization-path-nested": _nested_path,
    "kustomization-dependency-unwaited": _unhealthy_dependency,
}
