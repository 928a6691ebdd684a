"""What credentials.toml holds: words, pairs of letters, shapes. It is read when a first text is filtered."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

_APART: Final = r"(?<![A-Za-z0-9])"
"""A token that begins within a word is none: `highp_…`; behind `_` it may be."""


@dataclass(frozen=True)
class Shape:
    """A shape of credentials.

    Attributes:
        begins: what it begins with; empty where it has a pattern of its own.
        near: texts in lower case of which one stands in every match; empty where any text is looked through.
        certain: whether the shape alone is enough; else what is masked must look random.
        masked: samples, and `stays` others that are left alone.
    """

    id: str
    begins: tuple[str, ...]
    near: tuple[str, ...]
    certain: bool
    masked: tuple[str, ...]
    stays: tuple[str, ...]
    source: str
    expression: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the credential, or what stands around its group `secret`."""
        return re.compile(self.expression)


@dataclass(frozen=True)
class Table:
    """What the filter for free text knows.

    Attributes:
        keys: the words of a key, one or two joined by a blank → how much they say (`strong`, `named`, `weak`).
        neutral: words behind them that keep that, and `about` those that do not.
        none: words that are no credential.
        pairs: pairs of letters that are frequent in words.
        identities: what stands before the address of a person or a robot, as in `oidc:jane@example.com`.
        objects: what the names of a service's objects begin with, which are no tokens.
        tokens: what stands in an address before a part of its path that is a token.
        signed: keys in the query of a signed address whose value is part of the signature.
        look_alikes: letters of other alphabets → those of ASCII that they look like.
    """

    keys: Mapping[str, str]
    neutral: frozenset[str]
    about: frozenset[str]
    none: frozenset[str]
    pairs: frozenset[str]
    identities: frozenset[str]
    signed: frozenset[str]
    tokens: frozenset[str]
    objects: frozenset[str]
    look_alikes: Mapping[str, str]
    shapes: tuple[Shape, ...]


def _shape(entry: Mapping[str, Any]) -> Shape:
    begins = tuple(entry.get("begins", ()))
    expression = entry.get("pattern") or f"{_APART}(?:{'|'.join(map(re.escape, begins))})(?P<body>{entry['then']})"
    return Shape(
        entry["id"],
        begins,
        tuple(entry.get("near", ())),
        entry.get("certain", False),
        tuple(entry["masked"]),
        tuple(entry.get("stays", ())),
        entry.get("source", ""),
        expression,
    )


def _words(text: str) -> list[str]:
    return ["".join(word.split("\n")).strip() for word in text.split("|")]


@cache
def table() -> Table:
    """The table, read once."""
    raw = tomllib.loads(files(__package__).joinpath("credentials.toml").read_text())
    key = raw["key"]
    followers = (entry.partition(":") for entry in raw["text"]["pairs"].split())
    return Table(
        {word: level for level in ("strong", "named", "weak") for word in _words(key[level])},
        frozenset(_words(key["neutral"])),
        frozenset(_words(key["about"])),
        frozenset(raw["value"]["none"].split()),
        frozenset(first + second for first, _, rest in followers for second in rest),
        frozenset(_words(raw["address"]["identities"])),
        frozenset(_words(raw["address"]["signed"])),
        frozenset(_words(raw["address"]["tokens"])),
        frozenset(_words(raw["text"]["objects"])),
        dict(zip(*raw["text"]["look_alikes"].split(), strict=True)),
        tuple(map(_shape, raw["shape"])),
    )
