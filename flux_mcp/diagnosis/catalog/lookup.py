"""Finds the failure behind a condition or an Event: by its kind and reason first, then by its message.

Reasons are the controllers' own; many messages are those of libraries and of the API server, so a message that no
pattern matches is answered by the reason's general entry, else by none, and the caller says so. Under a reason of a
failure that the catalog does not have, the patterns of the Flux kind are tried.
"""

import functools
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.remember import remembered
from flux_mcp.diagnosis.catalog.failure import Advice, Failure, Upstream

PLACES: Final = ("build", "health", "helm", "apply", "sources", "images", "notifications", "operator", "pods", "state")
"""The files, in the order in which their patterns are tried."""
_FOLDER: Final = Path(__file__).parent
_BAD: Final = re.compile("(?i)fail|error|invalid")
"""Reasons of failures."""
_HELM_LOGS: Final = "\n\nLast Helm logs:"
"""What helm-controller appends to an error; the logs quote what did not fail too."""


def find_failure(kind: str, reason: str, message: str) -> Failure | None:
    """The failure that a condition or an Event of an object of this kind reports; None where the catalog has none."""
    return _find(kind, reason, message.partition(_HELM_LOGS)[0])


@remembered(128)
def _find(kind: str, reason: str, error: str) -> Failure | None:
    """Remembered, since in a large fleet many objects report one error."""
    found = _by_reason().get((kind, reason))
    if found is None:
        # Other versions give other reasons to the same errors.
        found = _by_kind().get(kind, ()) if _BAD.search(reason) else ()
    return next((entry for entry in found if not entry.pattern or entry.regex.search(error)), None)


def failure(name: str) -> Failure:
    """The failure with this id.

    Raises:
        KeyError: there is none.
    """
    return _by_id()[name]


def silent_failures(kind: str) -> tuple[Failure, ...]:
    """What can go wrong with objects of this kind without their status showing it."""
    return tuple(entry for entry in failures() if entry.silent and kind in entry.kinds)


@functools.cache
def failures() -> tuple[Failure, ...]:
    """Every failure, in the order in which patterns are tried."""
    return tuple(sorted((entry for place in PLACES for entry in _read(place)), key=lambda entry: -entry.priority))


@functools.cache
def _by_id() -> Mapping[str, Failure]:
    return {entry.id: entry for entry in failures()}


@functools.cache
def _by_kind() -> Mapping[str, Sequence[Failure]]:
    """By the kinds of Flux; those with a pattern alone."""
    return {kind: [entry for entry in failures() if entry.pattern and kind in entry.kinds] for kind in by_kind}


@functools.cache
def _by_reason() -> Mapping[tuple[str, str], Sequence[Failure]]:
    """By kind and reason; the general entry, which has no pattern, last."""
    found: dict[tuple[str, str], list[Failure]] = defaultdict(list)
    for entry in sorted(failures(), key=lambda entry: not entry.pattern):
        for kind in entry.kinds:
            for reason in entry.reasons:
                found[kind, reason].append(entry)
    return dict(found)


def _read(place: str) -> Iterator[Failure]:
    tables = tomllib.loads((_FOLDER / f"{place}.toml").read_text(encoding="utf-8"))
    defaults = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    for name, table in tables.items():
        if isinstance(table, dict):
            yield _failure(name, place, defaults | table)


def _failure(name: str, place: str, table: Mapping[str, Any]) -> Failure:
    return Failure(
        id=name,
        place=place,
        kinds=tuple(table["kinds"]),
        reasons=tuple(table.get("reasons", ())),
        advice=Advice(table["cause"], table["fix"]),
        pattern=table.get("pattern", ""),
        priority=table.get("priority", 0),
        look=tuple(table.get("look", ())),
        upstream=Upstream(table.get("upstream", "own")),
        same=table.get("same", ""),
        silent=table.get("silent", False),
        since=table.get("since", ""),
        until=table.get("until", ""),
        source=table.get("source", ""),
        samples=tuple(table.get("samples", ())),
        near_misses={other: tuple(messages) for other, messages in table.get("not", {}).items()},
    )
