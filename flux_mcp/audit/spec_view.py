"""What the audit keeps of a Flux object. Past this module nothing is untyped."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from flux_mcp.api.kind import Relation
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import references
from flux_mcp.api.unstructured import at, items, parse_duration, parse_time, text
from flux_mcp.audit.rule import AuditedObject, Finding, Manifest, ObjectCheck, Rule
from flux_mcp.audit.rules import all_rules
from flux_mcp.flux.graph import view_node
from flux_mcp.flux.installation import reported_distribution

Checks = Mapping[str, Sequence[tuple[str, ObjectCheck]]]
"""Kind → the ids of rules and their checks of single objects."""


def audited(item: Mapping[str, Any], checks: Checks | None = None) -> AuditedObject | None:
    """The view of one object as kubectl printed it; None if it is not a Flux object or has no name.

    Args:
        checks: of single objects; None for those of the audit.
    """
    node = view_node(item)
    if node is None:
        return None
    ref, kind, spec = node.ref, node.object.kind, at(item, "spec")
    sources = (*references(item, kind), *references(item, kind, Relation.TEMPLATE))
    cluster = at(spec, "kubeConfig")
    git = at(spec, "git")
    push = text(git, "push", "branch")
    return AuditedObject(
        ref=ref,
        node=node,
        findings=dict(_findings(Manifest(item, spec, node, sources), every_check() if checks is None else checks)),
        interval=parse_duration(text(spec, "interval")),
        waits=at(spec, "wait") is True or bool(items(spec, "healthChecks")),
        path=tuple(part for part in node.object.path.split("/") if part not in {"", "."}),
        target=(
            "here" if cluster is None else "",
            text(cluster, "secretRef", "name"),
            text(cluster, "configMapRef", "name"),
            *(text(spec, field) for field in ("targetNamespace", "namePrefix", "nameSuffix")),
        ),
        last_run=parse_time(text(item, "status", "history", "0", "lastReconciled")),
        updated=parse_time(text(item, "status", "artifact", "lastUpdateTime") or text(item, "status", "lastPushTime")),
        branch=text(git, "checkout", "ref", "branch") or text(spec, "ref", "branch"),
        push=None if not push and text(git, "push", "refspec") else push,
        events=tuple(
            ObjectRef(text(entry, "kind"), text(entry, "namespace") or ref.namespace, text(entry, "name"))
            for entry in items(spec, "eventSources")
        ),
        distribution=reported_distribution(item),
    )


def checks_of(rules: Iterable[Rule]) -> Checks:
    """The checks of single objects, by kind."""
    found: dict[str, list[tuple[str, ObjectCheck]]] = defaultdict(list)
    for rule in rules:
        for kind in rule.kinds:
            if rule.alone is not None:
                found[kind].append((rule.id, rule.alone))
    return found


@cache
def every_check() -> Checks:
    """The checks of every rule, by kind."""
    return checks_of(all_rules())


def _findings(manifest: Manifest, checks: Checks) -> Iterator[tuple[str, Finding]]:
    for rule, check in checks.get(manifest.node.ref.kind, ()):
        found = check(manifest)
        values = () if isinstance(found, bool) else (found,) if isinstance(found, str) else tuple(found)
        if found is True or (values and values != ("",)):
            yield rule, Finding(manifest.node.ref, values)
