"""Lines about the findings of an audit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.rule import OTHER_NAMESPACES, Finding, Rule, Value
from flux_mcp.audit.run import Audit
from flux_mcp.sanitize.quote import name_of, value

SHOWN: Final = 3
"""Values of one finding that are shown."""


def object_lines(rule: Rule, findings: Iterable[Finding]) -> Iterator[str]:
    """`HelmRelease apps/web: ">=9.0.0"`; of one namespace, found for the same: `HelmReleases in apps: web, api (…)`."""
    refs: dict[tuple[tuple[Value, ...], str, str], list[ObjectRef]] = defaultdict(list)
    for finding in findings:
        refs[finding.values, finding.ref.kind, finding.ref.namespace].append(finding.ref)
    for (values, kind, namespace), same in refs.items():
        names = ", ".join("*" if ref.name == "*" else value(ref.name) for ref in sorted(same))
        shown = detail(rule, same[0], values) if values else ""
        if len(same) > 1:
            place = f" in {value(namespace)}" if namespace else ""
            yield f"{_plural(value(kind))}{place}: {names}" + (f" ({shown})" if shown else "")
        else:
            place = f"{value(namespace)}/" if namespace else ""
            yield f"{value(kind)} {place}{names}" + (f": {shown}" if shown else "")


def _plural(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def detail(rule: Rule, ref: ObjectRef, values: Sequence[Value]) -> str:
    """What an object is found for, in the words of the rule."""
    shown = [_shown(one, ref) for one in values[:SHOWN]]
    if rule.detail.count("{}") == len(shown):
        return rule.detail.format(*shown)
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return rule.detail.format(", ".join(shown) + more)


def _shown(found: Value, ref: ObjectRef) -> str:
    """A value; another object of the same kind and namespace by its name."""
    if isinstance(found, str):
        return value(found)
    return value(found.name) if (found.kind, found.namespace) == (ref.kind, ref.namespace) else name_of(found)


def unknown_kinds(unknown: Iterable[str]) -> str:
    """What could not be read; a kind may be of any group, since a dependency names it."""
    return ", ".join(what if what == OTHER_NAMESPACES.what else value(what) for what in sorted(unknown))


def finding_lines(audit: Audit) -> Iterator[str]:
    """The findings about one object, and the rules that were skipped since a Flux kind could not be read."""
    for found in audit.found:
        rule = found.rule
        details = "; ".join(detail(rule, one.ref, one.values) for one in found.findings[:SHOWN] if one.values)
        more = f" and {len(found.findings) - SHOWN} more" if len(found.findings) > SHOWN else ""
        yield f"audit, {rule.severity.value} {rule.id}: {rule.summary}" + (f" ({details}{more})" if details else "")
        yield f"  fix: {rule.fix}"
    unchecked = [one for one in audit.unchecked if by_kind.keys() & set(one.unknown)]
    if unchecked:
        unknown = {kind for one in unchecked for kind in one.unknown if kind in by_kind}
        ids = ", ".join(one.rule.id for one in unchecked)
        yield f"audit, skipped or checked in part (could not read {unknown_kinds(unknown)}): {ids}"
