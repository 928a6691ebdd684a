"""Free text, as people and programs write it: messages that hold no credential, and every way in which one travels."""

from pathlib import Path

import pytest

from flux_mcp.sanitize.patterns import MASK, scrub
from flux_mcp.sanitize.quote import message
from flux_mcp.sanitize.visible import visible
from tests.support.made_up import filled, made_up

HERE = Path(__file__).parent


def lines(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text().splitlines() if line and not line.startswith("# ")]


HARMLESS = [*lines("harmless.txt"), *lines("harmless_values.txt")]
MASKED_ALL_THE_SAME: dict[str, str] = {}
"""Of the lines above those that are not whole, and why."""


@pytest.mark.parametrize("text", HARMLESS)
def test_a_message_without_a_credential_comes_out_whole(text: str) -> None:
    if text in MASKED_ALL_THE_SAME:
        assert scrub(text) != text, "it comes out whole: it need not be excused"
        return
    assert scrub(text) == text
    assert scrub(visible(text)) == visible(text)


def test_few_lines_are_excused() -> None:
    assert len(HARMLESS) > 300
    assert set(MASKED_ALL_THE_SAME) <= set(HARMLESS)
    assert len(MASKED_ALL_THE_SAME) <= 0.05 * len(HARMLESS)


NOT_TOLD_APART = {
    "scp-like git": "what stands there is the name of a repository, which people search by",
    "hex of pw": "it is a row of digits as of a digest, with nothing beside it",
}
"""Shapes that are not masked, and why not."""


def credentials() -> list[object]:
    rows = [line.split("\t") for line in lines("credentials.tsv")]
    return [pytest.param(text.replace("\\n", "\n").replace("\\t", "\t"), id=label) for label, text in rows]


@pytest.mark.parametrize("text", credentials())
def test_a_credential_is_masked_in_whatever_way_it_travels(text: str, request: pytest.FixtureRequest) -> None:
    label = request.node.callspec.id
    for seed in range(10):
        secrets = made_up(text, seed)
        assert secrets
        for shown in (scrub(filled(text, seed)), scrub(visible(filled(text, seed))), message(filled(text, seed))):
            if label in NOT_TOLD_APART:
                assert MASK not in shown, "it is masked: it need not be excused"
            else:
                assert not [secret for secret in secrets if secret in shown]
                assert MASK in shown or "…" in shown


def test_every_excuse_is_of_a_row() -> None:
    assert set(NOT_TOLD_APART) <= {line.split("\t")[0] for line in lines("credentials.tsv")}
