"""The pages of docs/ that are written from data are what the data say."""

import re

import pytest

from tests.docs import PAGES
from tests.support.fake import ROOT


@pytest.mark.parametrize("path", PAGES)
def test_generated_pages_are_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path](), f"{path} is stale: run make docs"


def test_what_is_said_of_the_live_tests_is_so() -> None:
    """Each test that the page names exists, and it lists every variable that the tests take from the environment."""
    page = (ROOT / "docs" / "reconcile.md").read_text(encoding="utf-8")
    files = [*(ROOT / "tests" / "live").glob("*.py"), ROOT / "tests" / "support" / "live.py"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) > 30
    assert named <= set(re.findall(r"def (test_\w+)\(", code))
    variable = r"FLUX_MCP_TEST_[A-Z_]*[A-Z]"
    assert set(re.findall(variable, page)) == set(re.findall(variable, code))
