"""Faults in a regular expression: what a reader of it could get wrong, one at a time."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_OPENS = re.compile(r"\((?:\?(?:P<\w+>|[aimsux-]*:|<?[=!]))?")
_FLAGS = re.compile(r"\(\?[aimsux]+\)")
_BACK = re.compile(r"\(\?P=\w+\)")
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_CLASS = re.compile(r"\[(\^?)(\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)
_REPEAT = re.compile(r"\{(\d+)(,?)(\d*)\}")
_RARE = re.compile("[^\x00-\x7f](?:-[^\x00-\x7f])?")


class Fault(NamedTuple):
    """A piece of a pattern, and what stands there instead."""

    start: int
    end: int
    instead: str


def faulty(pattern: str) -> Iterator[Fault]:  # noqa: C901, PLR0912 (one branch a token)
    """Every fault: a branch, an assertion or a flag that is missing, a repetition or a negation that is another.

    The upper bounds of repetitions are only taken down to the lower ones: one more or less of thousands is no rule.
    """
    at, open_groups = 0, [_Group(0, 0)]
    while at < len(pattern):
        char = pattern[at]
        if escape := _ESCAPE.match(pattern, at):
            if escape[0][1] in "bBAZ":
                yield Fault(at, escape.end(), "")
            at = escape.end()
        elif found := _CLASS.match(pattern, at):
            yield from _in_class(found)
            at = found.end()
        elif char == "(":
            if found := _FLAGS.match(pattern, at):
                yield Fault(at, found.end(), "")
                at = found.end()
            elif found := _BACK.match(pattern, at):
                at = found.end()
            else:
                found = _OPENS.match(pattern, at)
                assert found
                open_groups.append(_Group(at, found.end(), asserts=found[0][-1] in "=!"))
                at = found.end()
        elif char == ")":
            group = open_groups.pop()
            at += 1
            yield from group.without_branches(at - 1)
            if group.asserts:
                yield Fault(group.start, at, "")
        elif char == "|":
            open_groups[-1].bars.append(at)
            at += 1
        elif char in "*+?{" and (repeat := _repetition(pattern, at)):
            yield from repeat[1]
            at = repeat[0]
        else:
            if char in "^$":
                yield Fault(at, at + 1, "")
            at += 1
    yield from open_groups[0].without_branches(len(pattern))


class _Group:
    def __init__(self, start: int, inside: int, *, asserts: bool = False) -> None:
        self.start, self.inside, self.asserts = start, inside, asserts
        self.bars: list[int] = []

    def without_branches(self, end: int) -> Iterator[Fault]:
        """The group without one of its branches each."""
        if self.bars:
            yield Fault(self.inside, self.bars[0] + 1, "")
            for bar, until in zip(self.bars, [*self.bars[1:], end], strict=True):
                yield Fault(bar, until, "")


def _in_class(found: re.Match[str]) -> Iterator[Fault]:
    """Another negation, and without one of the characters beyond ASCII, which nobody would miss by reading."""
    if found[1]:
        yield Fault(found.start(1), found.end(1), "")
    yield from (
        Fault(found.start(2) + rare.start(), found.start(2) + rare.end(), "") for rare in _RARE.finditer(found[2])
    )


def _repetition(pattern: str, at: int) -> tuple[int, list[Fault]] | None:
    """Where a repetition ends, and the others that it could be; None for a brace that is none."""
    numbers = _REPEAT.match(pattern, at)
    if pattern[at] == "{" and not numbers:
        return None
    end = numbers.end() if numbers else at + 1
    if numbers:
        low, comma, high = numbers.groups()
        more = f"{{{int(low) + 1}{comma}{high}}}" if not high or int(high) > int(low) else ""
        once = f"{{{low}}}" if comma and high != low else ""
        found = [Fault(at, end, other) for other in (more, once) if other]
    else:
        found = [Fault(at, end, {"*": "+", "+": "", "?": ""}[pattern[at]])]
    if pattern[end : end + 1] in {"?", "+"}:
        found.append(Fault(end, end + 1, ""))
        end += 1
    return end, found
