"""Private keys that are printed over several lines of a log, each of which may have a time stamp before it."""

import re
from collections.abc import Sequence
from typing import Final

_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])*+(?=[\"']|$)")
_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_BODY: Final = re.compile(
    r"\s*+(?:[A-Za-z0-9+/]{1,100}={0,2}|(?:Proc-Type|DEK-Info|Version|Comment): [\w,. -]{1,80})?\s*"
)
_RUN: Final = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,100}+={0,2}(?![A-Za-z0-9+/=-])")
"""What a whole line of a key holds, whatever stands around it."""
_LAST: Final = re.compile(
    r"(?:^|(?<=[\s\"']))(?=[a-z+/]{0,76}[A-Z0-9=])[A-Za-z0-9+/]{1,76}={0,2}(?:\\n)?[\"']?(?:\s{0,8}$|,\s?\"stream\")"
)
"""The last line of a key may be a short one."""


def drop_keys(lines: Sequence[str]) -> list[str]:
    """The lines without the bodies of private keys, which stand on lines of their own.

    A key whose first or last line is not among the lines is dropped as far as it is there. Its BEGIN and END stay.
    """
    dropped = [False] * len(lines)
    for position, line in enumerate(lines):
        if (begin := _BEGIN.search(line)) and not _END.search(line):
            _drop(lines, dropped, range(position + 1, len(lines)), begin.start() > 0)
        elif (end := _END.search(line)) and not _BEGIN.search(line):
            _drop(lines, dropped, range(position - 1, -1, -1), end.start() > 0)
    return [line for line, gone in zip(lines, dropped, strict=True) if not gone]


def _drop(lines: Sequence[str], dropped: list[bool], positions: range, has_prefix: bool) -> None:  # noqa: FBT001
    """Drop the lines at these positions as long as they are of a key."""
    for position in positions:
        line = lines[position]
        beside = lines[position + 1] if position + 1 < len(lines) else ""
        last = has_prefix and _END.search(beside) and _LAST.search(line)
        if dropped[position] or not (_BODY.fullmatch(line) or (has_prefix and _RUN.search(line)) or last):
            return
        dropped[position] = True
