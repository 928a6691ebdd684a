"""Finds credentials in addresses: what stands before the host, and values of a query by their keys."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from flux_mcp.sanitize.shapes import MASK, Span
from flux_mcp.sanitize.table import table
from flux_mcp.sanitize.words import Key, Looks, is_opaque, key, looks

_AUTHORITY: Final = re.compile(r"[^/?#\s\"'<>\\]{0,2048}")
_REST: Final = re.compile(r"[^\s@]{0,512}@(?=[\w.-])")
_PORT: Final = re.compile(r":[0-9]{1,5}$|\]")
_PLAIN_USERS: Final = frozenset({"git", MASK})
"""Users of an address that are the same for everybody."""
_SLASHES: Final = re.compile(r":(?:\\{0,8}/){2}|%(?:25){0,2}3[aA](?:%(?:25){0,2}2[fF]){2}")
_ENCODED_USER: Final = re.compile(
    r"(?:(?!%(?:25){0,2}3[aA]%(?:25){0,2}2[fF])[^\s&\"'<>/?]){1,512}?(?P<at>%(?:25){0,2}40)"
)
_BARE_USER: Final = re.compile(
    r"(?<![\w@/.+-])(?P<user>[\w.+-]{1,64}):(?P<password>[^\s@/\"'<>:]{1,256})@(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})(?P<behind>[/:(]|)"
)
_COLON_BEFORE: Final = re.compile(r":[^\s@/\"'<>:]{1,256}@")
_DIGESTS: Final = re.compile(r"sha[0-9]{1,3}$")
_PARAMETER: Final = re.compile(r"(?<=[?&;#])(?P<key>[\w.~%+\[\]-]{1,100})=(?P<value>[^&\s\"'<>#;\\]{1,4096})")
_QUERY: Final = re.compile(r"\?(?P<value>[^?&=\s\"'<>#;\\]{1,512}+)(?=[\s\"'<>#\\]|$)")
_HOOK: Final = re.compile(
    r"(?i)/(?:web)?hooks?/(?P<secret>[^\s\"'<>/?#]{6,512}+)(?<!\.[a-z]{2})(?<!\.[a-z]{3})(?<!\.[a-z]{4})"
)
_HOOK_HOST: Final = re.compile(r"(?i)://(?:web)?hooks?\.[\w.-]{1,253}(?::\d{1,5})?/(?=[^\s/])")
_HOST: Final = re.compile(r"://[^\s/\"'<>?#@]{1,512}/(?=[^\s/])")
_PUBLIC: Final = ".well-known/acme-challenge/"
"""What an ACME server asks for without authentication."""
_KEY_PATH: Final = re.compile(r"(?i)/(?:integrations?|triggers?|catch|robots?|api-?keys?|keys?)/(?=[^\s/])")
_PATH: Final = re.compile(r"[^\s\"'<>?#]{1,512}")
_SEGMENT: Final = re.compile(r"[^/\\…]+")
_PIECE: Final = re.compile(r"[^/\\…;=,]+")
_FILE: Final = re.compile(r"\.[a-z]{2,4}$")
_SHORTEST_SEGMENT: Final = 6
_RECEIVER: Final = re.compile(r"/hook/[0-9a-f]{6}(?P<secret>[0-9a-f]{10,512}|(?![^\s\"'<>/?#…]))")
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
        for slashes in _SLASHES.finditer(text):
            yield from _user(text, slashes.end(), encoded=slashes[0].startswith("%"))
        if _COLON_BEFORE.search(text):
            yield from _bare_users(text, names=names)
    if "=" in text or "?" in text:
        yield from _query(text)
    for found in _KEY_PATH.finditer(text):
        yield from _segments(text, found.end(), Looks.RANDOM if "key" in found[0].lower() else Looks.DIGITS)
    if "://" in text and not names:
        yield from _paths(text)
    if "hook" in text:
        yield from _hooks(text)


def _hooks(text: str) -> Iterator[Span]:
    for found in _HOOK.finditer(text):
        if receiver := _RECEIVER.match(text, found.start()):
            if receiver["secret"]:
                yield Span(*receiver.span("secret"), "…")
        else:
            yield from _segments(text, found.start("secret"), Looks.MIXED)


def _paths(text: str) -> Iterator[Span]:
    """What looks random of the path of an address: who knows it may post there, or read."""
    for host in _HOST.finditer(text):
        path = _PATH.match(text, host.end())
        for found in _PIECE.finditer(path[0] if path and _PUBLIC not in path[0] else ""):
            if is_opaque(value := found[0].rstrip(",;.:)]}")) and not _FILE.search(value):
                yield Span(host.end() + found.start(), host.end() + found.start() + len(value), MASK)
    for host in _HOOK_HOST.finditer(text):
        yield from _segments(text, host.end(), Looks.MIXED)


def _segments(text: str, start: int, least: Looks) -> Iterator[Span]:
    """The parts of a path that look like that at least; from the second on what looks random."""
    path = _PATH.match(text, start)
    for number, found in enumerate(_SEGMENT.finditer(path[0] if path else "")):
        value = found[0].rstrip(",;.:)]}")
        enough = len(value) >= _SHORTEST_SEGMENT and not _FILE.search(value)
        if enough and looks(value) >= (max(least, Looks.DIGITS) if number else least):
            yield Span(start + found.start(), start + found.start() + len(value), MASK)


def _user(text: str, start: int, *, encoded: bool) -> Iterator[Span]:
    """What stands between the slashes and the host."""
    if encoded:
        if found := _ENCODED_USER.match(text, start):
            yield Span(start, found.start("at"), MASK)
        return
    found = _AUTHORITY.match(text, start)
    authority = found[0] if found else ""
    user, at, _ = authority.rpartition("@")
    if at:
        # A token stands alone there, and so does the name of an organization: `https://acme@dev.azure.com/acme`.
        if user not in _PLAIN_USERS and (":" in user or looks(user) > Looks.WORD):
            yield Span(start, start + len(user), MASK)
    elif ":" in authority and not _PORT.search(authority) and (rest := _REST.match(text, start)):
        # A password with a slash, a quote or the like in it.
        yield Span(start, rest.end() - 1, MASK)


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
        said, look = key(found["key"]), looks(unquote(found["value"]) if "%" in found["value"] else found["value"])
        least = Looks.WORD if said >= Key.NAMED else Looks.MIXED if said is Key.WEAK else Looks.RANDOM
        if look >= least or found["key"].lower() in table().signed:
            yield Span(*found.span("value"), MASK)
    if "://" in text:
        for found in _QUERY.finditer(text):
            if looks(found["value"]) >= Looks.MIXED:
                yield Span(*found.span("value"), MASK)
