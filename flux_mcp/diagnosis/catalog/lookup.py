"""What a failure means, where to look and what to do: by the reason of a condition first, by its message as a hint.

The rows stand in failures_*.py, by kind; adding a failure is one entry there. Source: the controllers of Flux 2.9 and
Flux Operator 0.58 (our knowledge file, section 5, whose numbers the rows carry). Reasons are the controllers' own; many
messages are those of libraries and of the API server, so a message that no row knows is no failure of the table: the
reason's general row answers, else nothing does and the caller says so.
"""

import functools
import re
from typing import Final

from flux_mcp.diagnosis.catalog.failure import Failure
from flux_mcp.diagnosis.catalog.helmrelease import RELEASES
from flux_mcp.diagnosis.catalog.kustomization import KUSTOMIZATIONS
from flux_mcp.diagnosis.catalog.other_kinds import OTHERS
from flux_mcp.diagnosis.catalog.sources import SOURCES

ROWS: Final = (*KUSTOMIZATIONS, *RELEASES, *SOURCES, *OTHERS)
"""The whole catalogue; a row with a narrower hint stands before a wider one."""


def find_failure(kind: str, reason: str, message: str) -> Failure | None:
    """The row for a condition or an Event of an object of this kind; None where the catalogue has none."""
    general = None
    for row in _by_reason().get((kind, reason), ()):
        if not row.hint:
            general = general or row
        elif _pattern(row.hint).search(message):
            return row
    return general


def silent_failures(kind: str) -> tuple[Failure, ...]:
    """What goes wrong with objects of this kind without their status showing it."""
    return tuple(row for row in ROWS if row.silent and kind in row.kinds)


@functools.cache
def _by_reason() -> dict[tuple[str, str], list[Failure]]:
    found: dict[tuple[str, str], list[Failure]] = {}
    for row in ROWS:
        for kind in row.kinds:
            for reason in row.reasons:
                found.setdefault((kind, reason), []).append(row)
    return found


@functools.cache
def _pattern(hint: str) -> re.Pattern[str]:
    return re.compile(hint, re.IGNORECASE)
