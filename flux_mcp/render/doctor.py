"""The report of `fluxcd-mcp doctor`, as lines and as JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flux_mcp import __version__


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    Attributes:
        fix: what to do; empty where `detail` says it, and where there is nothing to do.
    """

    name: str
    result: Result
    detail: str
    fix: str = ""


def report_lines(checks: Sequence[Check]) -> Iterator[str]:
    """The report for a person."""
    for check in checks:
        yield f"{check.result:<8} {check.name}: {check.detail}"
        if check.fix:
            yield f"{'':8} fix: {check.fix}"
    counts = Counter(check.result for check in checks)
    found = [
        f"{counts[result]} {result}{'s' * (counts[result] > 1)}"
        for result in (Result.FAILURE, Result.WARNING)
        if counts[result]
    ]
    if counts[Result.FAILURE]:
        yield f"{', '.join(found)}: fluxcd-mcp cannot answer before the failures are fixed."
    else:
        yield f"fluxcd-mcp {__version__} can answer{f', with {found[0]}' if found else ''}."


def report_json(checks: Sequence[Check]) -> dict[str, Any]:
    """The report for a program: fluxcdMcp (the version), failed, and checks with name, result, detail, and fix."""
    entries = [
        {
            "name": check.name,
            "result": check.result,
            "detail": check.detail,
            **({"fix": check.fix} if check.fix else {}),
        }
        for check in checks
    ]
    return {"fluxcdMcp": __version__, "failed": failed(checks), "checks": entries}


def failed(checks: Sequence[Check]) -> bool:
    """Whether something stops answers."""
    return any(check.result is Result.FAILURE for check in checks)
