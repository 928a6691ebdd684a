"""Label selectors: to refuse a broken one before kubectl is started, and to answer one from a recording.

The grammar is that of the Kubernetes documentation ("Labels and Selectors"): requirements joined by commas,
`key`, `!key`, `key=value`, `key==value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.remember import remembered

_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY = rf"(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_NAME}"
_VALUE = rf"(?:{_NAME})?"
_REQUIREMENT: Final = re.compile(
    rf" *(?P<absent>! *)?(?P<key>{_KEY})"
    rf"(?: *(?P<sign>==|=|!=) *(?P<value>{_VALUE})| +(?P<set>in|notin) *\((?P<values>[^()]*)\))? *"
)
_SET_VALUE: Final = re.compile(_VALUE)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement: `key` is (or with `negated`, is not) one of `values`; without values, is there (or not)."""

    key: str
    negated: bool
    values: frozenset[str] | None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it. As in Kubernetes `!=` and `notin` also match where the label is absent."""
        found = self.key in labels if self.values is None else labels.get(self.key) in self.values
        return found is not self.negated


@remembered(256)
def parse_selector(text: str) -> tuple[Requirement, ...]:
    """The requirements of a selector, all of which must hold.

    Raises:
        ValueError: it is not a label selector; the message says where.
    """
    requirements: list[Requirement] = []
    position = 0
    while True:
        found = _REQUIREMENT.match(text, position)
        if found is None or not _well_formed(found):
            raise ValueError(f"not understood at character {position + 1}")
        requirements.append(_requirement(found))
        position = found.end()
        if position == len(text):
            return tuple(requirements)
        if text[position] != ",":
            raise ValueError(f"not understood at character {position + 1}")
        position += 1


def _well_formed(found: re.Match[str]) -> bool:
    values = [value.strip(" ") for value in (found["values"] or "").split(",")]
    return not (found["absent"] and (found["sign"] or found["set"])) and all(map(_SET_VALUE.fullmatch, values))


def _requirement(found: re.Match[str]) -> Requirement:
    if found["sign"]:
        return Requirement(found["key"], found["sign"] == "!=", frozenset([found["value"]]))
    if found["set"]:
        values = frozenset(value.strip() for value in found["values"].split(","))
        return Requirement(found["key"], found["set"] == "notin", values)
    return Requirement(found["key"], bool(found["absent"]), None)


def matches(selector: tuple[Requirement, ...], labels: Mapping[str, str]) -> bool:
    """Whether labels meet every requirement."""
    return all(requirement.matches(labels) for requirement in selector)
