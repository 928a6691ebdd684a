"""The catalogue of failures: every row is found by what a controller says, and nothing in it is made up."""

import re
from collections import Counter

import pytest

from flux_mcp.api.kinds import by_kind
from flux_mcp.diagnosis.catalog.lookup import ROWS, find_failure, silent_failures
from flux_mcp.diagnosis.catalog.pods import POD_FAILURES
from tests.support.failures import SAMPLES, WITHOUT_A_REASON, Sample


def test_the_catalogue_has_each_of_the_124_rows() -> None:
    """A row of which a part means another thing stands twice."""
    assert {row.number for row in ROWS} == set(range(1, 125))
    twice = [number for number, count in Counter(row.number for row in ROWS).items() if count > 1]
    assert sorted(twice) == [26, 42, 117]


def test_every_row_that_has_a_reason_has_a_sample() -> None:
    assert {sample.number for sample in SAMPLES} | WITHOUT_A_REASON == set(range(1, 125))


@pytest.mark.parametrize("sample", [pytest.param(one, id=f"{n}: row {one.number}") for n, one in enumerate(SAMPLES)])
def test_what_a_controller_says_is_found(sample: Sample) -> None:
    found = find_failure(sample.kind, sample.reason, sample.message)
    assert found is not None
    assert found.number == sample.number


@pytest.mark.parametrize(
    ("kind", "reason", "message"),
    [
        pytest.param("Kustomization", "SomethingNew", "x", id="a reason that no controller has"),
        pytest.param("Kustomization", "ReconciliationFailed", "x", id="a message that no row knows"),
        pytest.param("Kustomization", "GitOperationFailed", "authentication required", id="another kind's reason"),
        pytest.param("Kustomization", "", "", id="nothing"),
        pytest.param("HelmRelease", "installfailed", "x", id="reasons are told as they are, case included"),
    ],
)
def test_what_is_not_in_the_catalogue_is_not_found(kind: str, reason: str, message: str) -> None:
    assert find_failure(kind, reason, message) is None


def test_rows_name_kinds_that_there_are_and_fields_that_can_be_shown() -> None:
    for row in ROWS:
        assert row.kinds
        assert set(row.kinds) <= set(by_kind)
        assert row.advice.meaning
        assert row.advice.do
        assert all(re.fullmatch(r"[A-Za-z]+(\.[A-Za-z]+)*", field) for field in row.look)


def test_what_is_wrong_in_circulation_is_not_in_it() -> None:
    """Named in other texts, and written by no controller: our knowledge file, the end of section 5.4."""
    told = " ".join(
        (*(f"{row.reasons} {row.hint} {row.advice} {row.look}" for row in ROWS), *map(str, POD_FAILURES.items()))
    )
    for wrong in ("RemediationFailed", "latestImage", "ArtifactOutOfDate", "retries exhausted"):
        assert wrong.lower() not in told.lower()


def test_no_advice_is_a_write_of_ours_but_a_reconcile_request() -> None:
    for row in ROWS:
        assert not re.search(r"kubectl (apply|delete|patch|edit|scale|create)", row.advice.do)


def test_failures_without_a_word_are_told_of_their_kinds_only() -> None:
    assert [row.number for row in silent_failures("Kustomization")] == [38]
    assert [row.number for row in silent_failures("ImageUpdateAutomation")] == [109]
    assert [row.number for row in silent_failures("Alert")] == [112]
    assert silent_failures("GitRepository") == ()
