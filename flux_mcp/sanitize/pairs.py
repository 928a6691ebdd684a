"""Finds credentials by the key or the word that stands at them: `password: x`, `token=x`, `the password is x`.

What decides is what the key says (words.key) and what the value looks like (words.looks): a value of `password` is
masked unless it is a word of a sentence, one of `secret` is often the name of a Secret, and one of `key` is masked where
it looks random.
"""

import re
from collections.abc import Iterator
from typing import Final

from flux_mcp.sanitize.shapes import Span
from flux_mcp.sanitize.words import LEAST, Key, Looks, ends_in_key, is_prose, is_random, is_spelled, key, looks

_TRIGGER: Final = re.compile(
    r"pass|pwd|psw|secret|senha|sess|seed|salt|s(?:ig|id|as)(?=[\w\"'\\\]-]{0,20}\s{0,8}[=:(%])|token|totp|cred|contrasena"
    r"|cookie|key|kennwort|auth|bearer|haslo|dockerconfigjson|dsn|license|nonce|p(?:in|sk)(?=[\w\"'\\\]-]{0,20}\s{0,8}[=:%])"
    r"|otp|webhook"
)
_KEY: Final = re.compile(r"[\w.-]{0,80}")
_LONGEST_KEY: Final = 80
_QUOTE: Final = r"\\{0,16}[\"'“”‘’`]"
_TIE: Final = re.compile(
    rf"(?:{_QUOTE})?\]?\s{{0,8}}"
    r"(?:(?P<sign>:=|=>|->|→|={1,3}|:(?!//)|•|%3[aAdD])|(?P<verb>(?:is\s{1,4}set\s{1,4}to|set\s{1,4}to|is|was)(?=\s))|(?P<call>\())?"
    r"\s{0,40}(?:[|>][+-]?[0-9]?\s{1,40})?(?:Invalid value:\s{0,8})?[\[(&]{0,2}"
)
"""What stands between a key and its value."""
_SCHEME: Final = re.compile(r"(?i)(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)\s{1,8}(?=[^\s\"'])")
_COOKIES: Final = re.compile(r"(?:\\{0,16}[\"'])?(?P<secret>[\w.-]{1,80}=[^\n\"']{1,4096})")
"""One or more cookies, with their attributes."""
_OPEN: Final = re.compile(r"(?P<escapes>\\{0,16})(?P<quote>[\"'“‘`])")
_CLOSES: Final = {"“": "”", "‘": "’"}
_LONGEST: Final = 4096
"""Characters of a value."""
_BARE: Final = re.compile(rf"[^\s]{{1,{_LONGEST}}}")
_TAIL: Final = ",;.:)]}>\"'\\”’"
"""What ends a bare value without being part of it."""
_CLAUSE: Final = re.compile(r"[^\n,;:.!?()\[\]{}\"]{0,200}")
_PASSPHRASE: Final = 8
"""Words of the longest one."""
_LABEL: Final = re.compile(rf"(?<![\w-])(?:name|key)(?:{_QUOTE})?\s{{0,8}}[:=]\s{{0,8}}(?:{_QUOTE})?$")
_VALUE: Final = re.compile(rf"(?:{_QUOTE})?,?\s{{0,40}}(?:-\s)?(?:{_QUOTE})?value(?:{_QUOTE})?\s{{0,8}}[:=]\s{{0,40}}")
_VALUE_BEFORE: Final = re.compile(
    rf"(?<!\w)value(?:{_QUOTE})?\s{{0,8}}[:=]\s{{0,8}}(?:{_QUOTE})?(?P<secret>[^\s\"',]{{1,512}})(?:{_QUOTE})?"
    rf"[,\s]{{1,40}}(?:{_QUOTE})?name(?:{_QUOTE})?\s{{0,8}}[:=]\s{{0,8}}(?:{_QUOTE})?$"
)
"""An entry of an environment: the name of a variable stands beside its value, before or behind it."""
_WORD: Final = re.compile(r"[^\s\"'“”‘’`(),;<>\[\]{}|•]{1,4096}")
_AROUND: Final = 64
"""Characters around a key in which something random belongs to it."""
_BETWEEN: Final = 3
"""Words that may stand between."""
_SHORTEST: Final = 16
_LABELED: Final = re.compile(r"[\w.-]{1,40}[:=]")
_MASK: Final = "***"


def pairs(text: str, low: str) -> Iterator[Span]:
    """What is a value of a key that names a credential; `low` is the text in lower case."""
    position = 0
    while hit := _TRIGGER.search(low, position):
        start, end = _whole_key(text, hit.start(), hit.end())
        spans = list(_of_key(text, start, end))
        yield from spans
        position = max(hit.end(), end, *(span.end for span in spans))


def _whole_key(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the key begins and ends in which a word was found."""
    least = max(0, start - _LONGEST_KEY)
    while start > least and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
        start -= 1
    rest = _KEY.match(text, end)
    end = rest.end() if rest else end
    while end > start and text[end - 1] in ".-":
        end -= 1
    return start, end


def _of_key(text: str, start: int, end: int) -> Iterator[Span]:
    before = text[start - 1 : start]
    said = _said(text, start, end)
    if said is Key.NONE:
        return
    tie = _TIE.match(text, end)
    if tie is None:
        return
    option = text[start] == "-"
    named = _LABEL.search(text, max(0, start - 40), start)
    if named and said >= Key.NAMED:
        yield from _entry(text, start, end)
        return
    span = None
    if tie["sign"] or tie["call"] or (option and tie.end() > end):
        name = text[start:end]
        span = _value(
            text, tie, said, before, option=option, is_cookie=name.lower().endswith("cookie"), names_value=ends_in_key(name)
        )
    elif is_spelled(text[start:end]):
        span = _told(text, tie, said)
    if span is not None:
        yield span
    elif not is_spelled(text[start:end]) and not tie["sign"]:
        return
    elif said >= Key.NAMED and before != "/":
        yield from _random_near(text, start, end)
    elif said >= Key.NAMED:
        yield from _random_behind(text, end)


def _said(text: str, start: int, end: int) -> Key:
    """What a key says: its last part behind a dot, or two of them, or with the word before it (`api key`)."""
    parts = text[start:end].split(".")
    said = key(parts[-1])
    if said is Key.NONE and len(parts) > 1:
        both = key("_".join(parts[-2:]))
        return both if both >= Key.NAMED and key(parts[-2]) >= Key.NAMED and parts[-1] in {"value", "data"} else Key.NONE
    if said is Key.WEAK and text[start - 1 : start] == " ":
        word = text[max(0, start - 16) : start - 1].rpartition(" ")[2]
        return max(said, min(key(f"{word}_{parts[-1]}"), Key.NAMED))
    return said


def _value(
    text: str, tie: re.Match[str], said: Key, before: str, *, option: bool, is_cookie: bool, names_value: bool
) -> Span | None:
    """The value behind a sign, or behind an option of a command."""
    start = tie.end()
    if cookies := _COOKIES.match(text, start) if is_cookie else None:
        return Span(*cookies.span("secret"), _MASK)
    if tie["sign"] and (scheme := _SCHEME.match(text, start)):
        start = scheme.end()
    opened = _OPEN.match(text, start)
    if opened is not None:
        return _quoted(text, opened, said)
    bare = _BARE.match(text, start)
    if bare is None or tie["call"] or (option and not tie["sign"] and bare[0].startswith("-")):
        return None
    value = bare[0]
    if tie["sign"] and tie["sign"].startswith("%"):
        value = re.split("%26|&", value, maxsplit=1)[0]
    value = value.rstrip(_TAIL)
    look = _looks(value)
    touching = tie["sign"] == ":" and tie.end() == tie.end("sign")
    if touching and before not in {"[", "{", "\"", "'"} and not text[: tie.start()].endswith(("\"", "'")):
        # `image:tag`, `host:port`, the parts of an ARN or of a subject; of a Go struct or map it is a field.
        if before in {"/", ":"} or (said is not Key.STRONG and "{" not in text[:start] and look is not Looks.RANDOM):
            return None
    least = LEAST[said]
    if option and said >= Key.NAMED and names_value:
        least = Looks.WORD
    if before == "/":
        least = Looks.RANDOM
    if look < least:
        return None
    if look is Looks.WORD and tie["sign"] == ":" and not option:
        return _passphrase(text, start)
    return Span(start, start + len(value), _MASK)


def _looks(value: str) -> Looks:
    """What a bare value looks like, up to where another pair begins in it."""
    pieces = []
    for piece in re.split("[,;&]", value, maxsplit=4):
        if pieces and _LABELED.match(piece):
            break
        pieces.append(min(looks(piece), Looks.WORD) if re.match(r"[A-Za-z.]+=", piece) else looks(piece))
    return max(pieces)


def _quoted(text: str, opened: re.Match[str], said: Key) -> Span | None:
    """A value in quotes, which may be cut off before the closing one."""
    inside = opened.end()
    if scheme := _SCHEME.match(text, inside):
        inside = scheme.end()
    end = _closing(text, inside, opened)
    value = text[inside:end]
    if is_prose(value, 0.5) and not _has_random(value):
        return None
    if looks(value) < LEAST[said]:
        return None
    if scheme:
        return Span(inside, end, _MASK)
    return Span(opened.start(), min(len(text), end + len(opened[0])), _MASK)


def _closing(text: str, start: int, opened: re.Match[str]) -> int:
    """Where the quote ends that was opened: the same one, with as many backslashes before it."""
    escapes, quote = len(opened["escapes"]), _CLOSES.get(opened["quote"], opened["quote"])
    limit = min(len(text), start + _LONGEST)
    at = text.find(quote, start, limit)
    while at >= 0:
        before = at
        while before > start and text[before - 1] == "\\":
            before -= 1
        if at - before == escapes:
            return before
        at = text.find(quote, at + 1, limit)
    return limit


def _passphrase(text: str, start: int) -> Span | None:
    """Words behind `password: `, unless they are a sentence about one."""
    clause = _CLAUSE.match(text, start)
    words = clause[0].rstrip() if clause else ""
    if not words or is_prose(words, 0.33) or len(words.split()) > _PASSPHRASE:
        return None
    return Span(start, start + len(words), _MASK)


def _told(text: str, tie: re.Match[str], said: Key) -> Span | None:
    """`the password is x`, `password "x"`."""
    opened = _OPEN.match(text, tie.end())
    if opened is not None and said is Key.STRONG and tie.end() > tie.start():
        return _quoted(text, opened, said)
    bare = _BARE.match(text, tie.end())
    if not tie["verb"] or bare is None:
        return None
    value = bare[0].rstrip(_TAIL)
    return Span(bare.start(), bare.start() + len(value), _MASK) if looks(value) >= max(LEAST[said], Looks.MIXED) else None


def _entry(text: str, start: int, end: int) -> Iterator[Span]:
    """The value of an entry of an environment with this name."""
    label = _VALUE.match(text, end)
    if label is not None:
        opened = _OPEN.match(text, label.end())
        if opened is not None:
            span = _quoted(text, opened, Key.STRONG)
        else:
            bare = _BARE.match(text, label.end())
            value = bare[0].rstrip(_TAIL) if bare else ""
            span = Span(label.end(), label.end() + len(value), _MASK) if looks(value) > Looks.NOTHING else None
        if span is not None:
            yield span
    elif (found := _VALUE_BEFORE.search(text, max(0, start - 600), start)) and looks(found["secret"]) > Looks.NOTHING:
        yield Span(*found.span("secret"), _MASK)


def _random_near(text: str, start: int, end: int) -> Iterator[Span]:
    yield from _random_behind(text, end)
    words = list(_WORD.finditer(text, max(0, start - _AROUND), start))
    for word in words[-_BETWEEN - 1 :]:
        if word.start() > max(0, start - _AROUND):
            yield from _if_random(text, word)


def _random_behind(text: str, end: int) -> Iterator[Span]:
    for number, word in enumerate(_WORD.finditer(text, end)):
        if number > _BETWEEN or word.start() > end + _AROUND:
            return
        found = list(_if_random(text, word))
        yield from found
        if found:
            return


def _if_random(text: str, word: re.Match[str]) -> Iterator[Span]:
    """What looks random of a word that has no label of its own and is no address."""
    value = word[0].rstrip(_TAIL)
    if len(value) < _SHORTEST or _LABELED.match(value) or "@" in value or "." in value.partition("/")[0]:
        return
    label = text[max(0, word.start() - 24) : word.start()].rstrip("\"' ")
    if label.endswith((":", "=")) and key(re.split(r"[\s\"']", label[:-1].rstrip("\"'"))[-1]) is Key.NONE and not label.endswith(("value:", "->", "=>")):
        return
    position = word.start()
    for piece in value.split("/") if not re.search(r"[+=]", value) else [value]:
        if len(piece) >= _SHORTEST and looks(piece) is Looks.RANDOM:
            yield Span(position, position + len(piece), _MASK)
        position += len(piece) + 1


def _has_random(text: str) -> bool:
    return any(len(word) >= _SHORTEST and is_random(word, _SHORTEST) for word in text.split())
