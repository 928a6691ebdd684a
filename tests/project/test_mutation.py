"""The faults that `make mutants` puts into modules: each kind, and that reasons are about mutants that there are."""

import re

import pytest

from tests.mutation.__main__ import ROOT, SURVIVORS, TESTS, reasons
from tests.mutation.faults import mutants, names
from tests.mutation.patterns import faulty


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        pytest.param("a = b < 1", {"a = b <= 1", "a = b < 2"}, id="comparison"),
        pytest.param("a = b or not c", {"a = b and (not c)", "a = not c", "a = b", "a = b or c"}, id="condition"),
        pytest.param("check(a)", {"pass"}, id="call"),
        pytest.param("f(a, b=c)", {"pass", "f(a)"}, id="keyword"),
        pytest.param("raise E", {"pass"}, id="raise"),
        pytest.param("a = f('x', *b)", {"a = f('XXxXX', *b)"}, id="text"),
        pytest.param("a = f(('x', b))", {"a = f((b,))", "a = f(('x',))", "a = f(('XXxXX', b))"}, id="entry"),
        pytest.param("a = 'this is a sentence of ours'", set(), id="sentence"),
        pytest.param("a = x.fullmatch(b)", {"a = x.match(b)"}, id="method"),
        pytest.param("a: bool = True", {"a: bool = False"}, id="value"),
        pytest.param('"""Docs."""', set(), id="docstring"),
        pytest.param("class A(IntEnum):\n    B = 1", set(), id="enumeration"),
        pytest.param("class A(dict[str, 'A']):\n    b = 1", {"class A(dict[str, 'A']):\n    b = 2"}, id="bases"),
        pytest.param(
            "a = re.compile('x|y+')", {"a = re.compile('y+')", "a = re.compile('x')", "a = re.compile('x|y')"}
        ),
    ],
)
def test_the_faults_of_a_module(source: str, faults: set[str]) -> None:
    assert {one.source for one in mutants(source)} == faults


@pytest.mark.parametrize(
    ("pattern", "faults"),
    [
        (r"a|b|c", {r"b|c", r"a|c", r"a|b"}),
        (r"(?:a|b)c", {r"(?:b)c", r"(?:a)c"}),
        (r"(?i)a\bb", {r"a\bb", r"(?i)ab"}),
        (r"a(?!b)(?<=c)d", {r"a(?<=c)d", r"a(?!b)d"}),
        (r"a{2,5}b{3,}c{4}", {r"a{3,5}b{3,}c{4}", r"a{2}b{3,}c{4}", r"a{2,5}b{4,}c{4}", r"a{2,5}b{3}c{4}", r"a{2,5}b{3,}c{5}"}),
        (r"[^a|b]*\|\*?", {r"[a|b]*\|\*?", r"[^a|b]+\|\*?", r"[^a|b]*\|\*"}),
        (r"a.*?b++$", {r"a.+?b++$", r"a.*b++$", r"a.*?b+$", r"a.*?b++"}),
        ("[\u200b-\u200f\u2060]", {"[\u2060]", "[\u200b-\u200f]"}),
    ],
)  # fmt: skip
def test_the_faults_of_a_pattern(pattern: str, faults: set[str]) -> None:
    found = {pattern[: one.start] + one.instead + pattern[one.end :] for one in faulty(pattern)}
    assert found == faults
    for each in found:
        re.compile(each)


@pytest.mark.parametrize("module", TESTS)
def test_a_reason_is_about_a_mutant_that_there_is(module: str) -> None:
    """Whoever changes a rule looks at its reasons again."""
    found = names((ROOT / module).read_text())
    assert len(set(found)) == len(found)
    assert set(reasons(module)) <= set(found)
    assert len(reasons(module)) <= len(found) / 10


def test_reasons_are_about_the_modules_that_are_tested() -> None:
    told = re.findall(r'^\["([^"]+)"\]', SURVIVORS.read_text(), re.MULTILINE)
    assert set(told) <= set(TESTS)
