"""Each entry of credentials.toml against its own samples: they are its tests."""

import re

import pytest

from flux_mcp.sanitize.patterns import MASK, scrub
from flux_mcp.sanitize.shapes import shapes
from flux_mcp.sanitize.table import Shape, table
from tests.support.made_up import filled, made_up

SHAPES = table().shapes


def found(text: str) -> list[str]:
    """What the shapes alone find in a text."""
    return [text[span.start : span.end] for span in shapes(text, text.lower())]


@pytest.mark.parametrize("seed", range(10), ids="seed-{}".format)
def test_what_a_sample_holds_is_masked(seed: int) -> None:
    for shape in SHAPES:
        assert shape.masked
        for sample in shape.masked:
            for text in (filled(sample, seed), f"got {filled(sample, seed)} here"):
                assert shape.pattern.search(text), text
                assert found(text), text
                masked = scrub(text)
                assert MASK in masked
                assert not [part for part in made_up(sample, seed) if part in masked]


@pytest.mark.parametrize("seed", range(10), ids="seed-{}".format)
def test_what_only_looks_like_it_stays(seed: int) -> None:
    samples = [filled(sample, seed) for shape in SHAPES for sample in shape.stays]
    assert [text for text in samples if scrub(text) != text] == []


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_an_entry_is_whole(shape: Shape) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", shape.id)
    assert bool(shape.begins) != ("body" not in shape.pattern.groupindex)
    assert all(near == near.lower() for near in shape.near)
    assert not {"secret", "body"} < shape.pattern.groupindex.keys()


def test_every_entry_has_a_name_of_its_own() -> None:
    assert len({shape.id for shape in SHAPES}) == len(SHAPES)


@pytest.mark.parametrize(
    "text",
    ["my_ghp_<an36>", "a,ghp_<an36>;b", "(glpat-<an20>)", "key/sk_live_<an24>"],
)
def test_a_token_is_found_within_other_text(text: str) -> None:
    assert not [part for part in made_up(text) if part in scrub(filled(text))]


def test_the_name_of_a_pod_is_no_token() -> None:
    pods = ("sk-api-5d9f8b7c6d-x2k4z", "sk-apiserver-5d9f8b7c-x2k4z", "sk-apiserver-v2-5d9f8b7c6d-q7x2k")
    assert [name for name in pods if scrub(f"pod {name} failed") != f"pod {name} failed"] == []
    assert found("got sk-api-5d9f8b7c6d-x2k4zQ7rK2vN8sXw here") == ["sk-api-5d9f8b7c6d-x2k4zQ7rK2vN8sXw"]


def test_a_token_may_begin_as_those_of_another_issuer_do() -> None:
    assert len(found(filled("got MDAx<an22>.<an6>.<an38> here"))) == 1
