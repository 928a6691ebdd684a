"""No text stops the server: the time of every compiled pattern of the package grows with the length of a text only.

Each pattern is run as the package runs it (search, match, fullmatch) on texts that make patterns slow: runs of one
character, repetitions of what the pattern itself consists of, and such repetitions that almost match.
"""

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import flux_mcp
from flux_mcp.sanitize.own_values import mask_values
from flux_mcp.sanitize.patterns import scrub, scrub_name
from flux_mcp.sanitize.table import table
from flux_mcp.sanitize.visible import visible
from tests.support.growth import GROWTH, growth

SMALL, LARGE = 1_000, 30_000
QUICK = 2e-8 * LARGE
"""Seconds below which nothing is to be compared: each character was looked at once or twice."""

CHARACTERS = ("a", "A", "0", ".", "-", "_", "/", ":", "=", " ", '"', "'", "\\", "@", "%", "(", "[", "{", "<", "|", "?", "&",
              ",", "\n", "\x1b", "\x9d", "\x9b", "\u2026", "\u00e9")  # fmt: skip


def patterns() -> dict[str, tuple[re.Pattern[str], frozenset[str]]]:
    """Every pattern: where it stands, and how it is used there."""
    found: dict[str, tuple[re.Pattern[str], frozenset[str]]] = {}
    known, seen = set[re.Pattern[str]](), dict[int, Any]()
    for info in pkgutil.walk_packages(flux_mcp.__path__, "flux_mcp."):
        if info.name.endswith(".__main__"):
            continue
        module = importlib.import_module(info.name)
        uses = cache(lambda module=module: _uses(Path(str(module.__file__)).read_text()))
        for name, value in vars(module).items():
            for place, pattern in _within(name, value, seen):
                if pattern not in known:
                    known.add(pattern)
                    where = place if place == name else f"{name} {pattern.pattern[:40]}"
                    found[f"{info.name}.{where}"] = (pattern, frozenset(uses()[name] or {"search"}))
    for shape in table().shapes:
        found[f"credentials.toml {shape.id}"] = (shape.pattern, frozenset({"search"}))
    return found


def _within(name: str, value: Any, seen: dict[int, Any], depth: int = 0) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The patterns in a value: it may be a table of entries that hold some, or a function without arguments that makes them.

    Args:
        seen: what was looked through, by its id: a table stands in every module that imports it.
    """
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield name, value
    elif id(value) in seen:
        return
    elif depth < 6 and hasattr(value, "cache_info") and not _parameters(value):
        yield from _within(f"{name}()", value(), seen, depth + 1)
    elif depth < 6 and isinstance(value, dict):
        seen[id(value)] = value
        for key, entry in value.items():
            yield from _within(f"{name}[{key!r}]", entry, seen, depth + 1)
    elif depth < 6 and isinstance(value, list | tuple | set | frozenset):
        seen[id(value)] = value
        for number, entry in enumerate(value):
            yield from _within(f"{name}[{number}]", entry, seen, depth + 1)
    elif depth < 6 and hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        seen[id(value)] = value
        for field in (*value.__dataclass_fields__, *_cached(type(value))):
            yield from _within(f"{name}.{field}", getattr(value, field, None), seen, depth + 1)


def _cached(sort: type) -> Iterator[str]:
    return (name for name, member in vars(sort).items() if isinstance(member, cached_property))


def _parameters(function: Any) -> bool:
    code = getattr(getattr(function, "__wrapped__", None), "__code__", None)
    return code is None or code.co_argcount > 0


def _uses(source: str) -> dict[str, set[str]]:
    """How a module uses each of its patterns; in every way where that is not seen, such as in another module."""
    found = defaultdict[str, set[str]](set)
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr=way, value=ast.Name(id=name))):
                found[name].add(way if way in {"match", "fullmatch"} else "search")
    return found


def pieces(pattern: re.Pattern[str]) -> Iterator[str]:
    """Parts of texts that the pattern would match: its literals, and one example of each group of it."""
    literals = re.findall(
        r"[A-Za-z0-9_:/=@.\"' -]{2,}", re.sub(r"\\[a-zA-Z]|[\[\](){}^$*+?|]|\d+,\d*", "\0", pattern.pattern)
    )
    yield from literals[:6]
    with_all = "".join(
        _example(node) for node in parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE & ~re.DEBUG)
    )
    yield with_all[:200]
    for size in (1, 3, 8):
        yield with_all[:size]
        yield with_all[len(with_all) // 2 :][:size]


def _example(node: tuple[Any, Any]) -> str:  # noqa: PLR0911 (one of each kind)
    """A text that a node of a parsed pattern matches, as far as that is easily said."""
    kind, value = node
    if kind is constants.LITERAL:
        return chr(value)
    if kind is constants.NOT_LITERAL:
        return "b" if value == ord("a") else "a"
    if kind is constants.ANY:
        return "a"
    if kind is constants.IN:
        return _of_class(value)
    if kind in {constants.MAX_REPEAT, constants.MIN_REPEAT, getattr(constants, "POSSESSIVE_REPEAT", None)}:
        times: int = min(max(value[0], 1), 40)
        return "".join(map(_example, value[2])) * times
    if kind is constants.SUBPATTERN:
        return "".join(map(_example, value[3]))
    if kind is getattr(constants, "ATOMIC_GROUP", None):
        return "".join(map(_example, value))
    if kind is constants.BRANCH:
        return "".join(map(_example, value[1][0]))
    return ""


def _of_class(items: list[tuple[Any, Any]]) -> str:
    negated = items[0][0] is constants.NEGATE
    source = "[" + "".join(_class_part(*item) for item in items if item[0] is not constants.NEGATE) + "]"
    for letter in "a0A_.-/:= \"'\\@+%\x9d\x1b\n":
        if bool(re.match(source, letter)) is not negated:
            return letter
    return "a"


def _class_part(kind: Any, value: Any) -> str:
    if kind is constants.RANGE:
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    if kind is constants.CATEGORY:
        name = str(value).rpartition("_")[2]
        letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name]
        return "\\" + (letter.upper() if "_NOT_" in str(value) else letter)
    return re.escape(chr(value))


def characters(pattern: re.Pattern[str]) -> Iterator[str]:
    """Those of CHARACTERS that differ for a pattern: of two that fit the same parts of it, it treats runs alike."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE & ~re.DEBUG)
    parts = [re.compile(part, pattern.flags & re.IGNORECASE) for part in {r"\w", r"\n", *_parts(tree)}]
    yield from {tuple(bool(part.match(one)) for part in parts): one for one in CHARACTERS}.values()


def _parts(node: Any) -> Iterator[str]:
    """A pattern for each character or set of characters below a node of a parsed pattern."""
    match node:
        case (constants.LITERAL | constants.NOT_LITERAL, int(letter)):
            yield re.escape(chr(letter))
        case (constants.IN, items):
            yield "[" + "".join(_class_part(*item) for item in items if item[0] is not constants.NEGATE) + "]"
        case (_, tuple() | list() | parser.SubPattern() as below):
            yield from _parts(below)
        case tuple() | list() | parser.SubPattern():
            for below in node:
                yield from _parts(below)


def texts(pattern: re.Pattern[str], size: int) -> Iterator[tuple[str, str]]:
    """Texts of about a size, each with what it was made of; one ends in what fits nothing."""
    for piece in dict.fromkeys((*characters(pattern), *pieces(pattern))):
        if piece:
            text = piece * (size // len(piece) + 1)
            yield piece, text[:size] + "\x00"
    yield "mixed", ("aA0.-_/:= " * (size // 10))[:size] + "\x00"


def run(pattern: re.Pattern[str], way: str) -> Callable[[str], object]:
    """A use of a pattern: to search is to go through the whole text, as a substitution does."""
    if way == "search":
        return lambda text: sum(1 for _ in pattern.finditer(text))
    return pattern.match if way == "match" else pattern.fullmatch


ALL = patterns()


@pytest.mark.parametrize("place", ALL)
def test_the_time_of_a_pattern_grows_with_the_length_of_a_text(place: str) -> None:
    pattern, ways = ALL[place]
    for way in ways:
        use = run(pattern, way)
        for (piece, small), (_, large) in zip(texts(pattern, SMALL), texts(pattern, LARGE), strict=True):
            grown = growth(use, small, large, LARGE / SMALL, quick=QUICK)
            assert grown <= GROWTH, f"{way} on {piece!r}: {grown:.0f} times as long as for its size"


def test_the_patterns_of_the_package_are_found() -> None:
    assert len(ALL) > 100


@pytest.mark.parametrize(
    "piece",
    [
        "password=hunter2 ",
        "password: ",
        'password"\\',
        "authorization: bearer ",
        "key ",
        "a:b@c ",
        "https://u:p@h?k=v ",
        "\x9d",
        "\x1b]",
        "\u00e9",
        "token \u2026",
        "eyJa.",
        "A1b2/C3d4+",
        "-----END PRIVATE KEY-----\n",
        "MIIEpAIBAAKCAQEA0001\n",
        "/hook/0f1e2d3c4b5a69788796 ",
        "hooks.slack.com/services/",
        "a",
        "password",
        "://",
        "-",
        "--password",
        " ",
        "\\",
        '"',
        "password=",
        "authorization",
        "basic ",
        "bearer ",
        "eyJ",
        "eyJaaaaaaaa.",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "?a=",
        "&",
        "a.",
        "://a",
        "://a:",
        "ghp_",
        "xoxb-",
        "SG.aaaaaaaaaaaaaaaa.",
        "/hook/aaaaaa",
        "sig\n",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("use", [scrub, visible, scrub_name])
def test_the_time_of_the_filter_grows_with_the_length_of_a_text(use: Callable[[str], str], piece: str) -> None:
    small, large = ((piece * (size // len(piece) + 1))[:size] for size in (SMALL, LARGE))
    assert growth(use, small, large, LARGE / SMALL, quick=QUICK) <= GROWTH


def test_the_time_to_find_an_objects_own_values_grows_with_the_length_of_a_text() -> None:
    def use(text: str) -> str:
        return mask_values(text, ("S3cr3t-x", "other-v4lue"))

    for piece in ("S3cr3t-x ", "%53", "\\u0053", "a\u2026", "UzNjcjN0LXg= ", "s3cr3t-"):
        small, large = (piece * (size // len(piece)) for size in (SMALL, LARGE))
        assert growth(use, small, large, LARGE / SMALL, quick=QUICK) <= GROWTH
