"""Finds credentials in addresses: what stands before the host, and values of a query by their keys."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final
from urllib.parse import unquote

from flux_mcp.sanitize.shapes import MASK, Span
from flux_mcp.sanitize.table import table
from flux_mcp.sanitize.words import Key, Looks, is_opaque, key, looks

_SLASHES: Final = re.compile(r":(?:\\{0,8}/){2}|%(?:25){0,2}3[aA](?:%(?:25){0,2}2[fF]){2}")
_USER: Final = re.compile(
    r"(?P<user>[^/?#\s\"'<>\\]+(?=@)"
    # No port, but a password with a slash, a quote or the like in it.
    r"|(?!\[|[^/?#\s\"'<>\\:]{0,256}:[0-9]{1,5}[/?#\s\"'<>\\])[^/?#\s\"'<>\\:]{0,256}:[^\s@]{1,512}(?=@))"
)
_ENCODED_USER: Final = re.compile(
    r"(?P<user>(?:(?!%(?:25){0,2}3[aA]%(?:25){0,2}2[fF])[^\s&\"'<>/?]){1,512}?)%(?:25){0,2}40"
)
_BARE_USER: Final = re.compile(
    r"(?<![\w/.+-])(?P<user>[\w.+-]{1,64}):(?P<password>[^\s@/\"'<>:]{1,256})@(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})(?P<behind>[/:(]?)"
)
_COLON_BEFORE: Final = re.compile(r":[^\s@/\"'<>:]{1,256}@")
_DIGESTS: Final = re.compile(r"sha[0-9]{1,3}$")
_PARAMETER: Final = re.compile(r"(?<=[?&;#])(?P<key>[\w.~%+\[\]-]{1,100})=(?P<value>[^&\s\"'<>#;\\]{1,4096})")
_QUERY: Final = re.compile(r"\?(?P<value>[^?&=\s\"'<>#;\\]{4,512})(?=[\s\"'<>#\\]|$)")
_PATH: Final = r"/(?=(?P<path>[^\s/\"'<>?#][^\s\"'<>?#]{5,512}))"
_HOOK: Final = re.compile(rf"(?i)/(?:web)?hooks?{_PATH}")
_HOOK_HOST: Final = re.compile(rf"(?i)://(?:web)?hooks?\.[\w.-]+(?::[0-9]+)?{_PATH}")
_HOST: Final = re.compile(rf"://[^\s/\"'<>?#]{{1,512}}{_PATH}")
_KEY_PATH: Final = re.compile(rf"(?i)/(?:integrations|triggers?|catch|robots?|(?P<key>(?:api-?)?keys?)){_PATH}")
_PUBLIC: Final = ".well-known/acme-challenge/"
"""What an ACME server asks for without authentication."""
_PIECE: Final = re.compile(r"[^/\\;=,]+")
_FILE: Final = re.compile(r"\.[a-z]{2,4}$")
_SHORTEST_PIECE: Final = 6
_RECEIVER: Final = re.compile(r"/hook/[0-9a-f]{6}(?:(?P<secret>[0-9a-f]{10,512}+)(?!\.[a-z])|(?![^\s\"'<>/?#…]))")
"""The path of a Receiver of Flux, of which six digits are shown, as the Flux documentation has it."""
_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,40}://)(?:[^/@\s]{1,2048}@)?([^/?#@\s]{1,255})(/?\Z)?")


def address(text: str) -> str:
    """Of an address whose path may be the credential: scheme and host, and whether there is more."""
    found = _ADDRESS.match(text)
    if found is None:
        return MASK if text else ""
    return found[1] + found[2] + ("" if found[3] is not None and "@" not in text else f"/{MASK}")


def urls(text: str, *, names: bool = False) -> Iterator[Span]:
    """Users and passwords before a host, values of queries, the path of a Receiver.

    Args:
        names: the text is a name, such as one of an image or a user: `oidc:jane@example.com` is one.
    """
    if "@" in text or "%40" in text or "%2540" in text:
        yield from _users(text)
        if _COLON_BEFORE.search(text):
            yield from _bare_users(text, names=names)
    if "=" in text or "?" in text:
        yield from _query(text)
    for found in _KEY_PATH.finditer(text):
        yield from _pieces(found, Looks.RANDOM if found["key"] else Looks.DIGITS)
    for found in _HOOK.finditer(text):
        if receiver := _RECEIVER.match(text, found.start()):
            if receiver["secret"]:
                yield Span(*receiver.span("secret"), "…")
        else:
            yield from _pieces(found, Looks.MIXED)
    yield from (Span(*found.span("secret"), MASK) for found in _token_path().finditer(text))
    if not names:
        yield from _paths(text)


def _paths(text: str) -> Iterator[Span]:
    """What looks random of the path of an address: who knows it may post there, or read."""
    for host in _HOST.finditer(text):
        for span, value in _parts(host) if _PUBLIC not in host["path"] else ():
            if is_opaque(value):
                yield span
    for host in _HOOK_HOST.finditer(text):
        yield from _pieces(host, Looks.MIXED)


@cache
def _token_path() -> re.Pattern[str]:
    """A part of a path that is a token, whatever it looks like, by what stands before it."""
    before = "|".join(re.escape(text) for text in sorted(table().tokens))
    return re.compile(rf"(?:{before})(?P<secret>[A-Za-z0-9]{{16,128}})(?![A-Za-z0-9])")


def _pieces(found: re.Match[str], least: Looks) -> Iterator[Span]:
    """The parts of a path that look like that at least; from the second on what looks random."""
    for number, (span, value) in enumerate(_parts(found)):
        if len(value) >= _SHORTEST_PIECE and looks(value) >= (max(least, Looks.DIGITS) if number else least):
            yield span


def _parts(found: re.Match[str]) -> Iterator[tuple[Span, str]]:
    """The parts of a path that are not the name of a file, and where they stand."""
    for part in _PIECE.finditer(found["path"]):
        value, start = part[0].rstrip(",;.:)]}"), found.start("path") + part.start()
        if not _FILE.search(value):
            yield Span(start, start + len(value), MASK), value


def _users(text: str) -> Iterator[Span]:
    """What stands between the slashes and the host.

    A token stands alone there, and so does the name of an organization: `https://acme@dev.azure.com/acme`.
    """
    for slashes in _SLASHES.finditer(text):
        encoded = slashes[0].startswith("%")
        found = _ENCODED_USER.match(text, slashes.end()) if encoded else _USER.match(text, slashes.end())
        if found and (":" in found["user"] or looks(found["user"]) > Looks.WORD):
            yield Span(*found.span("user"), MASK)


def _bare_users(text: str, *, names: bool) -> Iterator[Span]:
    """`user:password@host` without a scheme; `name:tag@sha256:…` is an image."""
    for found in _BARE_USER.finditer(text):
        if _DIGESTS.match(found["host"]):
            continue
        look = looks(found["password"])
        known = found["user"].lower() in table().identities
        if found["behind"] or (look >= Looks.MIXED and not known and not names):
            yield Span(*found.span("password"), MASK)


def _query(text: str) -> Iterator[Span]:
    for found in _PARAMETER.finditer(text):
        said, look = key(found["key"]), looks(unquote(found["value"]))
        least = Looks.WORD if said >= Key.NAMED else Looks.MIXED if said is Key.WEAK else Looks.RANDOM
        if look >= least or found["key"].lower() in table().signed:
            yield Span(*found.span("value"), MASK)
    if "://" in text:
        for found in _QUERY.finditer(text):
            if looks(found["value"]) >= Looks.MIXED:
                yield Span(*found.span("value"), MASK)
