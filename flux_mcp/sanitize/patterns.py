"""The filter for credentials in free text: condition messages, events, logs, what kubectl says on stderr.

It is a guard rail, not a proof: it knows the shapes in which credentials travel, not the credentials. Digests
(`sha256:…`), commits, names and versions are left as they are, since people search by them; a text that is known to be
a name does not pass here at all (quote.value). What the filter knows stands in credentials.toml, which says how to add
a shape. The time for a text grows with its length only.
"""

import base64
import re
import unicodedata
from binascii import Error
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Final

from flux_mcp.sanitize.pairs import TRIGGER, pairs
from flux_mcp.sanitize.shapes import MASK, Span, hints, shapes
from flux_mcp.sanitize.table import table
from flux_mcp.sanitize.urls import urls
from flux_mcp.sanitize.words import is_opaque

__all__ = ["MASK", "mask_below", "masked", "scrub", "scrub_name"]

_PASSES: Final = 4
"""How often a text is looked through: what is masked brings other words together."""
_KEY_BLOCK: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL
)
_KEY_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_OPENS: Final = re.compile(r"[:=]\s{0,8}(?P<block>[|>][+-]?[0-9]?)?\s{0,8}$")
"""What a line ends with whose value stands below it."""
_LONGEST_LINE: Final = 4096
_LINE: Final = re.compile(r"(?<!\\)[^\s\\]+")
_KEY_LINE: Final = re.compile(r"[A-Za-z0-9+/]{16,100}")
_LAST_KEY_LINE: Final = re.compile(r"[A-Za-z0-9+/]{2,100}={0,2}")
_ENCODED: Final = re.compile(r"(?P<body>[A-Za-z0-9+/]{20,8192})={0,2}")
_DIGITS: Final = re.compile(r"(?:[0-9a-fA-F]{2})+")
_WORD: Final = re.compile(r"(?<![\w./+@%=-])[A-Za-z][A-Za-z0-9]{0,11}(?:[_.-][A-Za-z0-9_]{1,512})++(?![/@=]|[.:][\w/])")
_USER: Final = re.compile(
    r"(?:(?<=[\s='\"`(])|^)(?P<user>[a-z][\w.+$@-]{0,127}):(?P<secret>[\w+-]{16,512}+)(?![/@=]|[.:][\w/])"
)
_IDENTIFIER: Final = re.compile(
    r"(?i)(?:id|etag|digest|hash|sum|fingerprint|trace|request|revision|version)[\"']?\s?[:=]\s?[\"']?$"
)
"""What stands before a word that is the name of something, however random."""


def scrub(text: str) -> str:
    """Mask what looks like a credential."""
    for _ in range(_PASSES):
        masked = _once(text)
        if masked == text:
            break
        text = masked
    return text


def mask_below(lines: Sequence[str]) -> list[str]:
    """Lines of a log, each of which is filtered for itself, without the values that stand below their keys.

    Such a value is deeper than its key, as in a block of YAML (`password: |`) or in JSON of one word a line.
    """
    kept, key, is_block = list(lines), "", False
    for position, line in enumerate(lines):
        if key and line[: _depth(key) + 1].isspace() and len(line) <= _LONGEST_LINE:
            kept[position] = scrub(f"{key}\n{line}").rpartition("\n")[2]
            if is_block:
                continue
        opened = _OPENS.search(line, max(0, len(line) - _LONGEST_LINE))
        key, is_block = (line, bool(opened["block"])) if opened and len(line) <= _LONGEST_LINE else ("", False)
    return kept


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def scrub_name(text: str) -> str:
    """Mask what is a credential in an address, such as `user:password@registry/image`, and nothing else."""
    is_address = "@" in text or "?" in text or "://" in text
    return masked(text, sorted(urls(text, names=True))) if is_address else text


def _once(text: str) -> str:
    seen, places = (text, None) if text.isascii() else _folded(text)
    spans = sorted(_spans(seen))
    if not spans:
        return text
    if places is not None:
        spans = [Span(places[start], places[end - 1] + 1, stands) for start, end, stands in spans]
    return masked(text, spans)


def _spans(text: str) -> Iterator[Span]:
    low = text.lower()
    low = low if _hints().search(low) else ""
    yield from urls(text)
    yield from shapes(text, low)
    yield from pairs(text, low)
    if "PRIVATE KEY" in text:
        yield from _private_keys(text)
    yield from _encoded(text)
    yield from _prefixed(text)


@cache
def _hints() -> re.Pattern[str]:
    """What stands in every text with a credential by its key, or of a shape without a beginning of its own."""
    return re.compile(f"{TRIGGER.pattern}|{hints()}")


def masked(text: str, spans: Iterable[Span]) -> str:
    """A text with these parts masked, which are in their order and may overlap."""
    parts, position = list[str](), 0
    for start, end, stands in spans:
        if start >= position:
            parts += [text[position:start], stands]
        position = max(position, end)
    return "".join((*parts, text[position:]))


def _private_keys(text: str) -> Iterator[Span]:
    """Blocks of PEM, and what stands before the end of one whose beginning was cut off."""
    yield from (Span(*block.span(), MASK) for block in _KEY_BLOCK.finditer(text))
    position = 0
    for end in _KEY_END.finditer(text):
        begin, pattern = end.start(), _LAST_KEY_LINE
        for line in reversed(list(_LINE.finditer(text, position, begin))):
            if not pattern.fullmatch(line[0]):
                break
            begin, pattern = line.start(), _KEY_LINE
        yield Span(begin, end.end(), MASK)
        position = end.end()


def _encoded(text: str) -> Iterator[Span]:
    """What is a credential when it is decoded from base64 or from hexadecimal digits."""
    for found in _ENCODED.finditer(text):
        if any(True for decoded in _decoded(found["body"]) for _ in _spans(decoded)):
            yield Span(*found.span(), MASK)


def _decoded(body: str) -> Iterator[str]:
    """The texts that a text is an encoding of; of a digest there is none."""
    with suppress(Error, UnicodeDecodeError):
        yield base64.b64decode(body + "=" * (-len(body) % 4)).decode()
    if _DIGITS.fullmatch(body):
        with suppress(UnicodeDecodeError):
            yield bytes.fromhex(body).decode()


def _prefixed(text: str) -> Iterator[Span]:
    """Tokens of any issuer: a short word, `_`, `-` or `.`, and something random, as in `acme_…`; so `user:…`."""
    for word in _WORD.finditer(text):
        issuer, *rest = re.split("[_.-]", word[0])
        names = issuer.lower() in table().objects or _IDENTIFIER.search(text, max(0, word.start() - 24), word.start())
        if not names and any(map(is_opaque, rest)):
            yield Span(*word.span(), MASK)
    for pair in _USER.finditer(text):
        if is_opaque(pair["secret"]) and not _IDENTIFIER.search(f"{pair['user']}:"):
            yield Span(*pair.span("secret"), MASK)


def _folded(text: str) -> tuple[str, list[int]]:
    """A text in the letters of ASCII that its own look like, and where each stands in it."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        plain = letter if letter.isascii() else _plain(letter)
        if plain:
            letters.append(plain)
            places.append(place)
    return "".join(letters), places


def _plain(letter: str) -> str:
    """A letter of ASCII for one that looks like it; nothing for a mark on another, or for what is not seen."""
    if alike := table().look_alikes.get(letter):
        return alike
    if unicodedata.category(letter) in {"Mn", "Cf"}:
        return ""
    parts = [part for part in unicodedata.normalize("NFKD", letter) if unicodedata.category(part) != "Mn"]
    return parts[0] if len(parts) == 1 and parts[0].isascii() else letter
