"""get_flux_changes: every change that something in a recording shows, nothing else, and which revision broke what fails."""

import pytest

from tests.conftest import Ask, Reply
from tests.support import truth, truth_edits
from tests.support.tokens import tokens
from tests.support.truth import Row

pytestmark = pytest.mark.anyio


def entries(reply: Reply) -> list[str]:
    """The entries of a timeline, each with its indented lines."""
    found: list[str] = []
    for line in reply.lines[: reply.lines.index("Failing now:") if "Failing now:" in reply.lines else None]:
        if line[:2].isdigit() and line[2:3] == ":":
            found.append(line)
        elif line.startswith("  ") and found:
            found[-1] += f"\n{line}"
    return found


PAIRS = {"after": truth, "edits-after": truth_edits}
"""Recordings with known changes, and what changed."""
each_pair = pytest.mark.parametrize("pair", PAIRS)
each_row = pytest.mark.parametrize(
    ("pair", "row"), [pytest.param(pair, row, id=f"{pair}-{row.number}") for pair in PAIRS for row in PAIRS[pair].ROWS]
)


@pytest.fixture
async def after(ask_recording: Ask, pair: str) -> Reply:
    return await ask_recording(pair, "get_flux_changes", since=PAIRS[pair].SINCE)


@each_row
async def test_each_change_that_something_shows_is_found(after: Reply, row: Row) -> None:
    for facts in row.timeline:
        assert any(all(fact in entry for fact in facts) for entry in entries(after)), (row.did, facts)


@each_pair
async def test_nothing_else_is_found(after: Reply, pair: str) -> None:
    expected = [facts for row in PAIRS[pair].ROWS for facts in row.timeline]
    assert [
        entry for entry in entries(after) if not any(all(fact in entry for fact in facts) for facts in expected)
    ] == []


@each_pair
async def test_the_last_good_and_the_first_bad_revision_of_what_fails_now(after: Reply, pair: str) -> None:
    tail = after.text.partition("\nFailing now:\n")[2]
    for facts in PAIRS[pair].FAILING:
        block = tail[tail.index(facts[0]) :].split("\n")
        block = [block[0], *(line for line in block[1:6] if line.startswith("  "))]
        assert all(fact in "\n".join(block) for fact in facts), facts
    never = tail.partition("\nNever Ready, as far as is recorded; first seen failing at:\n")[2]
    for name in PAIRS[pair].NEVER_READY:
        assert name in never
    # The newest revision that was attempted is an unrelated commit.
    assert PAIRS[pair].LAST_ATTEMPTED not in tail


@each_pair
async def test_a_default_answer_is_short_and_has_every_change(ask_recording: Ask, pair: str) -> None:
    reply = await ask_recording(pair, "get_flux_changes")
    assert tokens(reply.text) <= 2_500
    for row in PAIRS[pair].ROWS:
        for facts in row.timeline:
            assert any(all(fact in entry for fact in facts) for entry in entries(reply)), (row.did, facts)
    if pair == "after":
        assert any("older changes: narrow with since" in line for line in reply.lines)


@pytest.mark.parametrize("recording", ["before", "staging", "bootstrap", "limited", "noflux"])
async def test_a_default_answer_of_any_recording_is_short(ask_recording: Ask, recording: str) -> None:
    reply = await ask_recording(recording, "get_flux_changes")
    assert not reply.is_error
    assert tokens(reply.text) <= 2_500
