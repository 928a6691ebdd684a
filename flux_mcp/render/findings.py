"""Lines about the findings of an audit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.rule import BEYOND, Finding
from flux_mcp.audit.run import Audit
from flux_mcp.sanitize.quote import value

SHOWN: Final = 3
"""Values of one finding about one object that are told."""


def found_objects(findings: Sequence[Finding]) -> Iterator[str]:
    """`">=9.0.0": HelmRelease apps/: backend frontend; monitoring/loki`: by what was found, kind, namespace."""
    by_told: dict[tuple[str | ObjectRef | None, int], list[ObjectRef]] = defaultdict(list)
    for finding in findings:
        by_told[finding.told, finding.more].append(finding.ref)
    for (told, more), refs in by_told.items():
        start = f"{_told(told, more)}: " if told is not None else ""
        for kind, of_kind in groupby(sorted(refs), key=lambda ref: ref.kind):
            spaces = groupby(of_kind, key=lambda ref: ref.namespace)
            yield f"{start}{value(kind)} " + "; ".join(_names(namespace, list(names)) for namespace, names in spaces)
            start = ""


def _names(namespace: str, refs: Sequence[ObjectRef]) -> str:
    names = " ".join("*" if ref.name == "*" else value(ref.name) for ref in refs)
    if not namespace:
        return names
    return f"{value(namespace)}/{names}" if len(refs) == 1 else f"{value(namespace)}/: {names}"


def _told(told: str | ObjectRef, more: int) -> str:
    named = value(told) if isinstance(told, str) else f"{value(told.kind)} {value(told.namespace)}/{value(told.name)}"
    return f"{named} and {more} more" if more else named


def wanting(unknown: Iterable[str]) -> str:
    """What could not be seen; a kind may be anybody's, since a dependency names it."""
    return ", ".join(what if what == BEYOND.what else value(what) for what in sorted(unknown))


def finding_lines(audit: Audit) -> Iterator[str]:
    """A line for each finding about one object, and one for the rules of which a Flux kind was not read."""
    for found in audit.found:
        told = [_told(finding.told, finding.more) for finding in found.findings if finding.told is not None]
        shown = f" {', '.join(told[:SHOWN])}" + (f" and {len(told) - SHOWN} more" if len(told) > SHOWN else "")
        yield f"audit {found.rule.severity.value} {found.rule.id}{shown if told else ''}: {found.rule.fix}"
    open_ones = [one for one in audit.unchecked if by_kind.keys() & set(one.unknown)]
    if open_ones:
        unknown = {kind for one in open_ones for kind in one.unknown if kind in by_kind}
        ids = ", ".join(one.rule.id for one in open_ones)
        yield f"audit not checked, or in part, for want of {wanting(unknown)}: {ids}"
