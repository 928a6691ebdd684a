"""The answer of reconcile_flux_resource."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flux_mcp.reconcile.explanation import Explanation
from flux_mcp.reconcile.outcome import Outcome, ReconcileResult
from flux_mcp.render.answer import Answer
from flux_mcp.render.outcomes import STANDS, loop_lines, result_lines

_OPEN: Final = frozenset({Outcome.REQUESTED, Outcome.RUNNING, Outcome.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled(Answer):
    """How each step ended: the sources first, where they were requested, the object last."""

    title = "reconcile_flux_resource"

    steps: tuple[ReconcileResult, ...]
    explanation: Explanation

    def lines(self) -> Iterator[str]:
        for step in self.steps:
            yield from result_lines(step, self.explanation, self.request)
        yield from loop_lines(self.explanation)
        if any(step.outcome in _OPEN for step in self.steps):
            yield STANDS
