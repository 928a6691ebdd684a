"""Private keys that are printed over several lines of a log."""

import re
from collections.abc import Sequence
from typing import Final

_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----\s*$")
_END: Final = re.compile(r"^\s*-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_BODY: Final = re.compile(r"\s*(?:[A-Za-z0-9+/]{1,100}={0,2}|(?:Proc-Type|DEK-Info): [\w, -]{1,80})?\s*")


def drop_keys(lines: Sequence[str]) -> list[str]:
    """The lines without the bodies of private keys, which stand on lines of their own.

    A key whose first or last line is not among the lines is dropped as far as it is there. Its BEGIN and END stay.
    """
    dropped = [False] * len(lines)
    for position, line in enumerate(lines):
        if _BEGIN.search(line):
            _drop(lines, dropped, range(position + 1, len(lines)))
        elif _END.search(line):
            _drop(lines, dropped, range(position - 1, -1, -1))
    return [line for line, gone in zip(lines, dropped, strict=True) if not gone]


def _drop(lines: Sequence[str], dropped: list[bool], positions: range) -> None:
    for position in positions:
        if dropped[position] or not _BODY.fullmatch(lines[position]):
            return
        dropped[position] = True
