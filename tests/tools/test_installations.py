"""get_flux_instance and diagnose_flux on every way to install Flux: the facts of the table in questions.md."""

import re
from pathlib import Path

import pytest

from tests.cases.case import Ask, answer
from tests.support.installations import INSTALLATIONS, write_installation

pytestmark = pytest.mark.anyio

TABLE = (Path(__file__).parent / "questions.md").read_text().partition("## Installations\n")[2].partition("\n## ")[0]
ROWS = {
    name.strip(): {"get_flux_instance": instance, "diagnose_flux": diagnosis}
    for name, instance, diagnosis in re.findall(r"^\| ([^|`]+) \|(.*?)\|([^|]*)\|$", TABLE, re.MULTILINE)
    if name.strip() in INSTALLATIONS
}


def test_every_installation_has_a_row() -> None:
    assert ROWS.keys() == INSTALLATIONS.keys()


@pytest.mark.parametrize("tool", ["get_flux_instance", "diagnose_flux"])
@pytest.mark.parametrize("name", INSTALLATIONS)
async def test_the_facts_of_an_installation(name: str, tool: str, tmp_path: Path) -> None:
    result = await answer(write_installation(name, tmp_path), Ask(tool=tool))
    says, _, never = ROWS[name][tool].partition("not:")
    text = result.text.lower()
    facts = re.findall(r"`([^`]+)`", says)
    assert facts
    assert [fact for fact in facts if fact.lower() not in text] == [], result.text
    assert [fact for fact in re.findall(r"`([^`]+)`", never) if fact.lower() in text] == []
