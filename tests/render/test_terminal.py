"""An answer on a terminal: wrapped, colored, and otherwise the same."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.render.terminal import for_terminal, show

ANSWER = """\
list_flux_resources: 3 of 3 · context staging · user admin · 2026-11-22T09:27:06Z
1 Stalled, 2 Ready
HelmRelease apps/ready-failing, Stalled, InstallFailed, 64s: "Ready is not Failing, \\"Stalled\\" stands in a message"
  1. a cause that is indented and longer than the line
Kustomization flux-system/apps, succeeded, main@b649360"""


def test_a_pipe_gets_the_text_as_it_is() -> None:
    assert show(ANSWER, io.StringIO()) == ANSWER


def plain(text: str) -> str:
    return re.sub(r"\x1b\[\d*m", "", text)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_color_where_it_is_not_wanted(environment: dict[str, str]) -> None:
    assert "\x1b" not in show(ANSWER, Terminal(), environment)
    assert "\x1b" in show(ANSWER, Terminal(), {})


def test_health_is_colored_outside_of_messages_and_names() -> None:
    lines = for_terminal(ANSWER, color=True).split("\n")
    assert lines[1] == "1 \x1b[31mStalled\x1b[0m, 2 \x1b[32mReady\x1b[0m"
    assert lines[2].startswith("HelmRelease apps/ready-failing, \x1b[31mStalled\x1b[0m, InstallFailed")
    assert lines[2].count("\x1b") == 2
    assert "\x1b[32msucceeded\x1b[0m" in lines[4]


def test_long_lines_hang() -> None:
    assert for_terminal("  " + "word " * 12 + "end", width=40).split("\n") == [
        "  word word word word word word word",
        "      word word word word word end",
    ]


def test_a_diagram_is_not_wrapped() -> None:
    text = "```mermaid\n" + "x" * 30 + " " + "y" * 30 + "\n```"
    assert for_terminal(text, width=40) == text


@given(st.text(alphabet=st.sampled_from('ab "\\\n ,:`Ready'), max_size=200), st.integers(40, 100))
def test_wrapping_loses_no_word(text: str, width: int) -> None:
    assert for_terminal(text, width=width).split() == text.split()
    assert plain(for_terminal(text, color=True)) == text
