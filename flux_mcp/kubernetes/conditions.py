"""The conditions of any object."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from flux_mcp.api.unstructured import items, number, parse_time, text
from flux_mcp.sanitize.own_values import hidden_values, mask_values


class Condition(NamedTuple):
    """One condition. `status` is True, False or Unknown; anything else reads as Unknown. A tuple, as there are many.

    Attributes:
        message: without the values of the object that are not shown.
    """

    type: str
    status: str
    reason: str
    message: str
    changed: datetime | None
    observed_generation: int


def conditions(item: Mapping[str, Any]) -> Iterator[Condition]:
    """The conditions of any object that has status.conditions.

    Where two are of one type, which the API forbids, the one that is not True comes first.
    """
    entries = items(item, "status", "conditions")
    if len({text(condition, "type") for condition in entries}) < len(entries):
        entries = sorted(entries, key=lambda condition: text(condition, "status") == "True")
    values = hidden_values(item, "\n".join(text(condition, "message") for condition in entries))
    for condition in entries:
        if kind := text(condition, "type"):
            status = text(condition, "status")
            yield Condition(
                type=kind,
                status=status if status in {"True", "False"} else "Unknown",
                reason=text(condition, "reason"),
                message=mask_values(text(condition, "message"), values),
                changed=parse_time(text(condition, "lastTransitionTime")),
                observed_generation=number(condition, "observedGeneration"),
            )
