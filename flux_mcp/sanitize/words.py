"""What a word of a free text looks like, and what a key says about its value."""

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import cache
from itertools import pairwise
from typing import Final

from flux_mcp.api.remember import remembered
from flux_mcp.sanitize.table import table


class Looks(IntEnum):
    """What a value looks like, from what is no credential to what can hardly be anything else."""

    NOTHING = 0
    """No value: a word of a sentence, a placeholder, a path, a number, a version."""
    WORD = 1
    """Letters, or a name as Kubernetes has them."""
    MIXED = 2
    """More than letters."""
    DIGITS = 3
    """A digest, a commit or a UUID may look so, and a credential too."""
    RANDOM = 4


class Key(IntEnum):
    """What a key says about its value."""

    NONE = 0
    ABOUT = 1
    """Something about a credential, such as its name."""
    WEAK = 2
    NAMED = 3
    STRONG = 4


LEAST: Final = {Key.ABOUT: Looks.RANDOM, Key.WEAK: Looks.RANDOM, Key.NAMED: Looks.MIXED, Key.STRONG: Looks.WORD}
"""What a value must look like at least to be masked, by its key."""

_SHORTEST_RANDOM: Final = 12
_SHORTEST_OPAQUE: Final = 16
_SHORTEST_PIECE: Final = 10
_SURPRISING: Final = 0.45
"""Of 100 pairs of a random text more than that are no pairs of a word, in 999 texts of 1,000."""
_FEW: Final = 5
"""Pairs that are too few to judge by."""
_ARTICLES: Final = frozenset({"a", "an"})
_GLUED: Final = 5
"""Letters of a word that is found at the end of another, as in `dbpassword`."""

_PIECES: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9]+")
_WHOLE: Final = re.compile(r"[0-9A-Za-z+=_-]+")
_UUID: Final = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_DIGEST: Final = re.compile(rf"(?:[a-z0-9]+[:/]){{0,4}}(?:[0-9a-f]{{16,}}|[0-9A-F]{{16,}}|{_UUID})")
_NAME: Final = re.compile(
    r"[A-Za-z]+(?:'[a-z]{1,2})?|[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)+|[A-Za-z]+(?:[-_./][A-Za-z]+)+|[0-9]+"
)
_NOTHING: Final = re.compile(
    r"[^0-9A-Za-z\x80-\uffff]*"  # no letter and no digit
    r"|[xX]{3,}|[\u2022\u25cf\u00b7\u2026*]+"
    r"|v[0-9]{1,3}|v?[0-9]+(?:\.[0-9]+)+(?::[0-9]+|[-+][0-9A-Za-z.+-]+)?"  # a version, an address
    r"|[0-9]{1,3}|[0-9]{1,5}(?:\.[0-9]+)?(?:[nuµm]?s|[mhdwy]|[kKMGTPE]i?B?|%)(?:[0-9]{1,5}m?[smh]){0,3}"  # an amount
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}.*"  # a date
    r"|[A-Za-z0-9+.-]+://.*"  # an address
    r"|(?i:sha[0-9]{1,3}|md5)[:-].+|[^\s@]+@sha[0-9]{1,3}:[0-9a-f]+"  # a digest
    r"|(?:invalid|missing|expired|unknown|unsupported|unauthorized|access|bad|wrong|not|no)(?:[_-][a-z]+){1,8}"
    r"|0x[0-9a-f]{1,16}"  # an address in memory
    r"|ENC\[.+"  # what SOPS encrypted
    r"|[A-Za-z]{2,20}:[a-z0-9_-]+(?:/[a-z0-9_.-]+)+(?:#[\w.-]+)?"  # where a store keeps it
    r"|(?:[A-Za-z_]+\.)+[A-Za-z_]+[\[(].+|(?i:env)[\[(].+"  # an expression of a program
    r"|[a-z][A-Za-z0-9_]{2,20}\([\"'$.].+"
    r"|age1[a-z0-9]+|AAAA[BCE][0-9A-Za-z+/=]+"  # public keys of age and ssh
    r"|(?i:sha|[hrep]s[0-9]{3}|rsa|ecdsa|ed25519|hmac|aes)(?i:[-_]?(?:with|rsa|ecdsa|encryption|gcm|cbc|sha|[0-9])){0,9}"
    r"|[*\w]*\)?\(nil\).*|(?:\[\]|\*|map\[|[&*]?[a-z0-9]+\.[A-Z][A-Za-z]+\{)[a-z].+",  # types and no value of Go
    re.DOTALL,
)
_AROUND: Final = re.compile(
    r"(?:\.{0,2}|~)/.+"  # a path
    r"|\$(?:[{(].+|[A-Za-z_]+)|%[+#]?[({A-Za-z].*|\{.+|<.+|\[[A-Za-z ]+\]?",  # a variable, a template, a placeholder
    re.DOTALL,
)
"""What stands for a value, unless it looks random itself."""


def looks(text: str) -> Looks:
    """What a value looks like."""
    if text.lower() in table().none or _NOTHING.fullmatch(text):
        return Looks.NOTHING
    if _AROUND.fullmatch(text):
        piece = text.strip("/.~$%({<[")
        whole = text.endswith("=") or _WHOLE.fullmatch(piece)
        return Looks.RANDOM if whole and is_random(piece, _SHORTEST_RANDOM) else Looks.NOTHING
    if _DIGEST.fullmatch(text):
        return Looks.DIGITS
    if is_random(text, _SHORTEST_RANDOM):
        return Looks.RANDOM
    return Looks.WORD if _NAME.fullmatch(text) else Looks.MIXED


@remembered(4096)
def is_random(text: str, least: int) -> bool:
    """Whether a text of at least so many characters looks like one that was drawn by chance.

    Names of Kubernetes are words and short suffixes in lower case between hyphens: of a text in one case each piece
    between separators is looked at for itself.
    """
    if len(text) < least:
        return False
    digits = any(letter.isdigit() for letter in text)
    low = text == text.lower()
    if low and not digits:
        return False
    if digits and not low and text != text.upper():
        pieces = [text]
    else:
        pieces = [piece for piece in _SEGMENT.findall(text) if len(piece) >= min(least, _SHORTEST_RANDOM)]
    return any(_surprise(piece) >= _SURPRISING + (0 if digits else 0.1) for piece in pieces)


def is_opaque(text: str) -> bool:
    """Whether a text looks random and holds letters of both cases and digits, as no name of Kubernetes does."""
    return (
        text != text.lower()
        and text != text.upper()
        and any(len(piece) >= _SHORTEST_PIECE for piece in _SEGMENT.findall(text))
        and any(letter.isdigit() for letter in text)
        and is_random(text, _SHORTEST_OPAQUE)
    )


def _surprise(text: str) -> float:
    """Which part of the pairs of neighboring letters and digits are not as in words."""
    known, pairs, strange = table().pairs, 0, 0
    for left, right in pairwise(text):
        if not (left.isalnum() and right.isalnum()) or (left.isdigit() and right.isdigit()) or left == right:
            continue
        pairs += 1
        strange += (left.islower() and right.isupper()) or (left + right).lower() not in known
    return strange / max(pairs, _FEW)


@remembered(4096)
def key(text: str) -> Key:
    """What a key such as `DB_PASSWORD`, `clientSecret` or `--token-file` says about its value."""
    words = _split(text)
    if "public" in words or "pub" in words:
        return Key.NONE
    known = table()
    for end in range(len(words), 0, -1):
        level = known.keys.get(" ".join(words[end - 2 : end]))
        if level is None:
            level = known.keys.get(words[end - 1])
            if words[end - 1] in known.neutral and any(word in known.keys for word in words[: end - 1]):
                continue
        if level is None:
            continue
        behind = [word for word in words[end:] if word not in known.neutral]
        if not behind:
            return Key[level.upper()]
        if known.about.intersection(behind):
            return Key.ABOUT
        return Key.NONE if level == "weak" else Key.NAMED
    return Key.NONE


def ends_in_key(text: str) -> bool:
    """Whether nothing stands in a key behind the word that names a credential."""
    words = _split(text)
    return bool(words) and (words[-1] in table().keys or " ".join(words[-2:]) in table().keys)


def is_spelled(text: str) -> bool:
    """Whether a key ends in a word of its own, and not in one that another is written together with (`bypassword`)."""
    words = _PIECES.findall(text)
    return bool(words) and words[-1].lower() in table().keys


def _split(text: str) -> list[str]:
    """The words of a key in lower case; `dbpassword`, `apikey` and `secretstore` are two each."""
    return [word for piece in _PIECES.findall(text) for word in _unglued(piece.lower())]


def _unglued(word: str) -> list[str]:
    known, glued = table(), _glued()
    for at in range(len(word)):
        if word[at:] in glued:
            return [*([word[:at]] if at else []), *glued[word[at:]]]
    for at in range(_GLUED, len(word)):
        if word[:at] in glued and word[at:] in known.about | known.neutral:
            return [*glued[word[:at]], word[at:]]
    return [word]


@cache
def _glued() -> Mapping[str, Sequence[str]]:
    """The words of keys that are found within others, as they are written together."""
    return {
        word.replace(" ", ""): word.split()
        for word in table().keys
        if len(word) >= _GLUED and word not in {"cookie", "bearer", "authorization"}
    }


def is_prose(text: str, part: float) -> bool:
    """Whether so many of a text's words are words of sentences about a credential; of one or two words all."""
    words = [word.strip(".,:;!?()'\"").lower() for word in text.split()]
    ordinary = sum(
        word in table().none or not word or word.endswith("n't") or (word in _ARTICLES and len(words) > 1)
        for word in words
    )
    return ordinary == len(words) or (len(words) > 2 and ordinary >= part * len(words))  # noqa: PLR2004
