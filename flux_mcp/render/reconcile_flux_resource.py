"""The answer of reconcile_flux_resource."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flux_mcp.reconcile.outcome import Outcome, ReconcileResult
from flux_mcp.render.answer import Answer
from flux_mcp.render.outcomes import STANDS, ended_line

_OPEN: Final = frozenset({Outcome.REQUESTED, Outcome.RUNNING, Outcome.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled(Answer):
    """How each step ended: the sources first, where they were asked, the object last."""

    title = "reconcile_flux_resource"

    steps: tuple[ReconcileResult, ...]

    def lines(self) -> Iterator[str]:
        yield from (ended_line(step) for step in self.steps)
        if any(step.outcome in _OPEN for step in self.steps):
            yield STANDS
