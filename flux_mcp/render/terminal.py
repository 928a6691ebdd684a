"""An answer on a terminal: wrapped with a hanging indent, and health in color. Pipes get the text as it is."""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final, TextIO

_HANGING: Final = "    "
_NARROWEST: Final = 40
_QUOTED: Final = re.compile(r'("(?:[^"\\]|\\.)*")')
_COLORS: Final = {
    "31": ("Stalled", "Failing", "failed", "DOWN", "failure", "high"),
    "33": ("Deleting", "Pending", "Stale", "Waiting", "Progressing", "warning", "medium", "Could not read", "waiting"),
    "32": ("Ready", "ok", "succeeded"),
    "36": ("Suspended", "Static", "skipped"),
}
"""SGR parameters (ECMA-48) and the words in that color: health values, outcomes, results of doctor, severities."""
_CODES: Final = {word: code for code, words in _COLORS.items() for word in words}
_LOWER: Final = "|".join(word for word in _CODES if word.islower())
_UPPER: Final = "|".join(word for word in _CODES if not word.islower())
_WORD: Final = re.compile(rf"\b(?<![/.-])(?:{_UPPER})\b(?![/.-])|^\s*(?:{_LOWER})\b|(?<=, )(?:{_LOWER})(?=[,:]|$)")
"""A word of ours that is lower case stands first in a line or between commas; elsewhere it may be a name."""


def for_terminal(text: str, *, width: int = 0, color: bool = False) -> str:
    """The text as a person reads it.

    Args:
        text: of an answer.
        width: columns; 0 does not wrap. What stands between Markdown fences is never wrapped.
        color: whether to color health.
    """
    return "\n".join(_colored(line) if color else line for line in _wrapped(text, width))


def show(text: str, stream: TextIO | None = None, environment: Mapping[str, str] | None = None) -> str:
    """The text as it goes to a stream (standard output): unchanged unless that is a terminal."""
    stream = sys.stdout if stream is None else stream
    environment = os.environ if environment is None else environment
    if not stream.isatty():
        return text
    color = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return for_terminal(text, width=shutil.get_terminal_size().columns, color=color)


def _wrapped(text: str, width: int) -> Iterator[str]:
    fenced = False
    for line in text.split("\n"):
        fence = line.lstrip().startswith("```")
        fenced = fenced is not fence
        if fenced or fence or width < _NARROWEST or len(line) <= width:
            yield line
            continue
        indent = line[: len(line) - len(line.lstrip())]
        yield from textwrap.wrap(
            line,
            width,
            subsequent_indent=indent + _HANGING,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
            drop_whitespace=True,
        )


def _colored(line: str) -> str:
    parts = _QUOTED.split(line)
    return "".join(part if at % 2 else _WORD.sub(_paint, part) for at, part in enumerate(parts))


def _paint(found: re.Match[str]) -> str:
    word = found[0].lstrip()
    return f"{found[0][: -len(word)]}\x1b[{_CODES[word]}m{word}\x1b[0m"
