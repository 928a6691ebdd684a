"""The ledger of hostile inputs is true: each row is carried by tests that are there, and none is carried by another."""

import re

import pytest

from tests.conftest import COLLECTED
from tests.support.rows import MUST_ACCEPT, ROWS

NUMBER = re.compile(r"row[-_]?0*(\d{1,2})(?!\d)")
CARRIERS = {*MUST_ACCEPT.values(), *(carrier for row in ROWS.values() for carrier in row.by)}


@pytest.fixture
def collected(request: pytest.FixtureRequest) -> dict[str, set[int]]:
    """file::function → the rows in its name or its ids, of all tests; marks leave none out."""
    found: dict[str, set[int]] = {}
    for node in request.config.stash[COLLECTED]:
        function = node.rpartition("/")[2] if "[" not in node else node.partition("[")[0].rpartition("/")[2]
        found.setdefault(function, set()).update(int(number) for number in NUMBER.findall(node))
    missing = {carrier.partition("::")[0] for carrier in CARRIERS} - {test.partition("::")[0] for test in found}
    if missing:
        pytest.skip(f"only a part of the tests was collected: not {', '.join(sorted(missing))}")
    return found


def test_the_ledger_has_the_66_rows() -> None:
    assert list(ROWS) == list(range(1, 67))
    assert all(row.slot and row.what for row in ROWS.values())
    assert all(bool(row.by) is not bool(row.cannot_apply) for row in ROWS.values())


@pytest.mark.parametrize("number", ROWS)
def test_the_tests_of_a_row_are_there_and_carry_its_number(collected: dict[str, set[int]], number: int) -> None:
    for carrier in ROWS[number].by:
        assert number in collected.get(carrier, set()), carrier


def test_what_must_be_accepted_is_tested(collected: dict[str, set[int]]) -> None:
    assert set(MUST_ACCEPT.values()) <= set(collected)


def test_no_test_carries_a_row_that_is_not_in_the_ledger(collected: dict[str, set[int]]) -> None:
    assert {number for numbers in collected.values() for number in numbers} <= set(ROWS)
