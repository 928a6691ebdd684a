"""Conditions as no API server would store them, but a recording or a broken controller may hold them."""

import pytest

from flux_mcp.kubernetes.conditions import conditions


@pytest.mark.parametrize("other", ["False", "Unknown", ""])
@pytest.mark.parametrize("true_first", [True, False])
def test_of_two_conditions_of_one_type_the_one_that_is_not_true_comes_first(other: str, *, true_first: bool) -> None:
    entries = [{"type": "Ready", "status": "True"}, {"type": "Ready", "status": other}]
    found = list(conditions({"status": {"conditions": entries if true_first else entries[::-1]}}))
    assert found[0].status != "True"
    assert len(found) == 2


def test_conditions_of_different_types_keep_their_order() -> None:
    entries = [{"type": "Ready", "status": "True"}, {"type": "Stalled", "status": "False"}]
    assert [one.type for one in conditions({"status": {"conditions": entries}})] == ["Ready", "Stalled"]
