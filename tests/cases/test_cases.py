"""Every case of fixtures/cases/: what its answers must and must not say, and what they may cost."""

import json
from pathlib import Path

import pytest

from flux_mcp.sanitize.patterns import scrub
from flux_mcp.sanitize.project import project
from tests.cases.case import CALLS, CASES, Ask, Case, answer, read_cases
from tests.cases.trim import MOST_BYTES

pytestmark = pytest.mark.anyio

EVERY = tuple(read_cases())
ASKS = [pytest.param(case, ask, id=f"{case.name}: {ask}") for case in EVERY for ask in case.asks]


@pytest.mark.parametrize(("case", "ask"), ASKS)
async def test_a_case_holds(case: Case, ask: Ask) -> None:
    result = await answer(case.recording, ask)
    assert (result.missing, result.wrong) == ((), ()), result.text
    assert result.tokens <= ask.tokens, result.text
    assert result.calls <= CALLS + max(0, result.namespaces - 1)


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.name)
def test_every_call_of_a_case_expects_something(case: Case) -> None:
    assert case.asks
    assert all(ask.says or ask.never for ask in case.asks)


FOLDERS = sorted(folder for folder in CASES.iterdir() if folder.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_recording_of_a_case_is_small_and_redacted(folder: Path) -> None:
    files = [file for file in sorted((folder / "recording").rglob("*")) if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= MOST_BYTES
    for file in files:
        if file.suffix == ".log":
            assert scrub(file.read_text()) == file.read_text()
            continue
        document = json.loads(file.read_text())
        for item in document.get("items", []):
            assert project(item) == item
