"""The pages of docs/ that are written from data are what the data say."""

import pytest

from tests.docs import PAGES
from tests.support.fake import ROOT


@pytest.mark.parametrize("path", PAGES)
def test_generated_pages_are_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path](), f"{path} is stale: run make docs"
