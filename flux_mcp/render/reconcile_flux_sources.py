"""The answer of reconcile_flux_sources."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final

from flux_mcp.reconcile.explanation import Explanation
from flux_mcp.reconcile.outcome import SOURCE_KINDS, Outcome, ReconcileResult, Why
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.outcomes import STANDS, controller_lines, loop_lines, outcome_line, revisions
from flux_mcp.render.text import Line
from flux_mcp.sanitize.quote import name_of, value

_ORDER: Final = {outcome: place for place, outcome in enumerate(Outcome)}
_KINDS: Final = {kind.kind: place for place, kind in enumerate(SOURCE_KINDS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledSources(Answer):
    """How each source ended, or why it was not requested.

    Attributes:
        requested: how many were.
        unread: kinds that could not be read, so that none of them was requested, among others.
    """

    title = "reconcile_flux_sources"

    results: tuple[ReconcileResult, ...]
    requested: int
    explanation: Explanation

    def count(self, named: int) -> tuple[int, int]:
        del named
        return self.requested, len(self.results)

    def head(self, named: int) -> Sequence[str]:
        del named
        unfinished = {Outcome.REQUESTED, Outcome.RUNNING, Outcome.WAITING}
        stands = [STANDS] if any(result.outcome in unfinished for result in self.results) else []
        idle = next((result for result in self.results if result.why is Why.NOT_TAKEN_UP), None)
        more = (*controller_lines(idle, self.explanation), *loop_lines(self.explanation))
        return (_counts(self.results), *stands, *more)

    def levels(self) -> Sequence[Level]:
        """What failed or was not requested first, a line each; what succeeded by kind and namespace."""
        rows = sorted(self.results, key=lambda result: (_ORDER[result.outcome], _KINDS[result.ref.kind], result.ref))
        return (
            partial(_lines, rows),
            partial(_lines, rows, folded=True),
        )

    def left_out(self, rest: int) -> str:
        return f"… {rest} more sources are left out: pass namespace or kinds, or ask list_flux_resources."


def _counts(ended: Iterable[ReconcileResult]) -> str:
    counts = {outcome: sum(result.outcome is outcome for result in ended) for outcome in Outcome}
    return ", ".join(f"{number} {outcome.value}" for outcome, number in counts.items() if number) or "No sources."


def _lines(rows: Sequence[ReconcileResult], *, folded: bool = False) -> list[Line]:
    """The lines; folded, those of which only how they ended is to be shown are counted and not named."""
    lines = [Line(outcome_line(result), 1, 1, name_of(result.ref)) for result in rows if not _calm(result)]
    calm = (result for result in rows if _calm(result))
    for (outcome, kind, namespace), group in groupby(
        calm, key=lambda result: (result.outcome.value, result.ref.kind, result.ref.namespace)
    ):
        found = list(group)
        shown = f"{len(found)} objects" if folded else "; ".join(_brief(result) for result in found)
        lines.append(Line(f"{outcome} {kind} {value(namespace)}/: {shown}", 0 if folded else len(found), len(found)))
    return lines


def _calm(result: ReconcileResult) -> bool:
    return result.outcome in {Outcome.SUCCEEDED, Outcome.REQUESTED} and not result.why and not result.notes


def _brief(result: ReconcileResult) -> str:
    return " ".join(filter(None, (value(result.ref.name), revisions(result))))
