"""Finds credentials by the key or the word that stands at them: `password: x`, `token=x`, `the password is x`.

What decides is what the key says (words.key) and what the value looks like (words.looks): a value of `password` is
masked unless it is a word of a sentence, one of `secret` is often the name of a Secret, and one of `key` is masked
where it looks random. What looks random beside a word for a credential is masked too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from flux_mcp.sanitize.shapes import MASK, Span
from flux_mcp.sanitize.words import LEAST, Key, Looks, ends_in_key, is_prose, is_random, is_spelled, key, looks

_SHORT: Final = r"(?=[\w\"'\\\]-]{0,20}\s{0,8}[=:(%])"
"""A short word is a key only where a sign follows: so `design` and `pinned` are passed over."""
TRIGGER: Final = re.compile(
    rf"pass|pw|psw|secret|senha|sess|seed|salt|s(?:ig|id|as){_SHORT}|token|cred|contrasen|cookie|key|kennwort|recovery"
    rf"|auth|bearer|haslo|dockerconfigjson|dsn|license|nonce|psk|p(?:in|at){_SHORT}|otp|webhook|encrypt|community{_SHORT}"
    r"|crumb|hmac|honeycomb|verifier|assertion|saml|appid|wachtwoord|losenord|adgangskode|salasana|parola|sifre|jelszo|heslo"
    r"|lozinka|parool|geslo|slaptazod|pasahitz"
)
"""What stands in every key of credentials.toml."""
_HIT: Final = re.compile(rf"(?:{TRIGGER.pattern})[\w.-]{{0,80}}")
_LONGEST_KEY: Final = 80
_QUOTES: Final = "\"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
_QUOTE: Final = rf"\\{{0,16}}[{_QUOTES}]"
_TIE: Final = re.compile(
    rf"(?:{_QUOTE}){{0,3}}\]?\s{{0,8}}"
    r"(?:(?P<sign>:=|=>|->|\u2192|={1,3}|::(?=\s)|(?:is|was)\s?:|:|\u2022|%3[aAdD])"
    r"|(?P<verb>(?:(?:is\s{1,4})?set\s{1,4}to|is|was)(?=\s))|(?P<call>\())?"
    r"\s{0,40}(?:[|>][+-]?[0-9]?\s{1,40})?(?:Invalid value: )?(?:!{1,2}[A-Za-z]{1,20}\s)?(?:\[\]string\{|[\[(&]{0,2})"
)
"""What stands between a key and its value."""
_SCHEME: Final = re.compile(
    r"(?i)(?:bearer|basic|token|digest|negotiate|apikey|hawk|oauth|ntlm|aws4-hmac-sha256)\s{1,8}"
)
_COOKIES: Final = re.compile(r"(?:\\{0,16}[\"'])?(?P<secret>[\w.-]{1,80}=[^\n\"'\\]{1,4096})")
"""One or more cookies, with their attributes."""
_OPEN: Final = re.compile(
    "(?P<escapes>\\\\{0,16})(?P<quote>\"\"\"|'''|(?P<twice>[\"'])(?P=twice)(?=[\\w!#$%^*?~+-])|[\"'`\u2018\u201c\u201e\u00ab])"
)
"""The quote before a value: one, or as YAML, CSV and Python double it."""
_CLOSES: Final = {"\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c", "\u00ab": "\u00bb"}
_KEY_NAME: Final = re.compile(rf"(?:{_QUOTE})?(?P<name>[a-z]{{2,20}}(?:[-_.][a-z]{{2,20}})+)(?![\w./+=-])")
_ITEMS: Final = re.compile(r"[^\s,\[\]{}:=]+(?:,\s*[^\s,\[\]{}:=]+)+")
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+=")
"""A variable of an environment: `IMGPROXY_KEY=…`."""
_PARAMETER: Final = r"[\w-]{1,40}=\\?\"[^\"\n]*\""
_PARAMETERS: Final = re.compile(rf"(?P<secret>{_PARAMETER}(?:,\s*{_PARAMETER})*)")
"""What stands behind the scheme of `Authorization: Digest username="x", response="…"`."""
_LONGEST: Final = 4096
"""Characters of a value."""
_BARE: Final = re.compile(rf"\S{{0,{_LONGEST}}}")
_TAIL: Final = f",;.:)]}}>\\{_QUOTES}"
"""What ends a bare value without being part of it."""
_END_OF_CLAUSE: Final = re.compile(r"[\n,;:.!?()\[\]{}\"]")
_LONGEST_CLAUSE: Final = 200
_IN_LIST: Final = re.compile(rf"(?:,\s{{1,8}}(?=[\w!#$%^&*?~+/-])|{_QUOTE},\s{{0,8}}(?={_QUOTE}))")
_TELLS_DIGITS: Final = re.compile(r"(?i)(?:token|passw(?:or)?d|passphrase|pwd)$")
_PASSPHRASE: Final = 8
"""Words of the longest one."""
_OF_TEMPLATE: Final = r"(?:Parameter|Variable|Env)?"
_LABEL: Final = re.compile(
    rf"(?<![\w-]){_OF_TEMPLATE}(?:[nN]ame|[kK]ey)(?:{_QUOTE})?\s{{0,8}}[:=]\s{{0,8}}(?:{_QUOTE})?$"
)
_VALUE: Final = re.compile(
    rf"(?:{_QUOTE})?,?\s{{0,40}}(?:-\s)?(?:{_QUOTE})?{_OF_TEMPLATE}[vV]alue(?:{_QUOTE})?\s{{0,8}}[:=]\s{{0,40}}"
    r"(?![A-Z]\w{1,40}:)"
)
_VALUE_BEFORE: Final = re.compile(
    rf"value(?:{_QUOTE})?\s?[:=]\s?(?:{_QUOTE})?(?P<secret>[^\s\"',]+)(?:{_QUOTE})?"
    rf"[,\s]{{1,40}}(?:{_QUOTE})?name(?:{_QUOTE})?\s?[:=]\s?(?:{_QUOTE})?$"
)
"""An entry of an environment: the name of a variable stands beside its value, before or behind it."""
_TAG: Final = re.compile(r"(?:<|&lt;)(?:[\w-]{1,40}:)?$")
_ELEMENT: Final = re.compile(
    r"[\"']?(?:\s[^<>]{0,200})?(?:>|&gt;)\s{0,40}+(?:<!\[CDATA\[)?(?P<secret>(?:[^]<>&]|&(?!lt;)|\](?!\]>)){1,4096}+)(?:\]\]>)?"
    r"(?:<|&lt;)/"
)
"""The value of an element of XML, behind its name."""
_CHOSEN: Final = re.compile(
    r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])(?!.*(?:a-z|A-Z|0-9|%[0-9A-F]{2}))"
    r"[A-Za-z0-9](?=[^!#$%^&*?~]{0,62}[!#$%^&*?~])[A-Za-z0-9!@#$%^&*?~+_-]{7,63}"
)
"""What people choose where a policy asks for letters of both cases, digits and another sign."""
_WORD: Final = re.compile(rf"[^\s{_QUOTES}(),;<>\[\]{{}}|\u2022]+")
_AROUND: Final = 64
"""Characters around a key in which something random belongs to it."""
_BETWEEN: Final = 6
"""Words that may stand between."""
_CHAIN: Final = re.compile(r"[a-z][\w-]+: ")
"""A part of a chain of errors, as Go wraps them: `cannot refresh the token: oauth2: invalid_grant`."""
_SHORTEST: Final = 16
"""Characters of what is masked for its looks, beside a key."""
_LABELED: Final = re.compile(r"[\"']?[\w.-]+[\"']?[:=]")
_NO_LABELS: Final = frozenset(
    {"provided", "given", "received", "supplied", "specified", "got", "found", "used", "mismatch"}
)
"""Words before a colon that say nothing of what stands behind it: `incorrect API key provided: x`."""


def pairs(text: str, low: str) -> Iterator[Span]:
    """What is a value of a key that names a credential; `low` is the text in lower case."""
    position = 0
    while hit := _HIT.search(low, position):
        start, end = _whole_key(text, hit.start(), hit.end())
        spans = list(_Keyed(text, start, end).spans())
        yield from spans
        position = max(hit.end(), end, *(span.end for span in spans))


def _whole_key(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the key begins and ends in which a word was found."""
    least = max(0, start - _LONGEST_KEY)
    while start > least and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
        start -= 1
    return start, start + len(text[start:end].rstrip(".-"))


@dataclass(frozen=True, slots=True)
class _Keyed:
    """A key in a text."""

    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        return self.text[self.start : self.end]

    @property
    def before(self) -> str:
        """The character before it, if there is one."""
        return self.text[max(0, self.start - 1) : self.start]

    @property
    def is_option(self) -> bool:
        return self.name.startswith("-")

    def spans(self) -> Iterator[Span]:
        """What is masked of its value, or of what stands around it."""
        said = self._said()
        tie = next(_TIE.finditer(self.text, self.end))
        # `${TOKEN:?not set}` is what a shell says where there is none.
        if said is Key.NONE or self._names_another(tie.end()) or self.text.startswith(":?", self.end):
            return
        if said >= Key.NAMED and _LABEL.search(self.text, max(0, self.start - 40), self.start):
            span = self._entry()
        elif _TAG.search(self.text, max(0, self.start - 45), self.start):
            span = self._element(LEAST[said])
        elif self.is_option and said >= Key.NAMED and (behind := _IN_LIST.match(self.text, self.end)):
            span = self._in_list(behind.end(), said)
        elif tie["sign"] or tie["call"] or (self.is_option and tie.end() > self.end):
            span = self._value(tie, said)
        else:
            span = self._told(tie, said) if is_spelled(self.name) else None
        if span is not None:
            yield span
        elif said >= Key.NAMED and self.before not in {"?", "&"}:
            strong = said is Key.STRONG
            yield from self._random_behind(strong)
            if self.before != "/":
                yield from self._random_before(strong)

    def _names_another(self, start: int) -> bool:
        """Whether what stands there is the name of another key: `secretKey: client-secret`."""
        other = _KEY_NAME.match(self.text, start) if self.name.lower().endswith("key") else None
        return other is not None and key(other["name"]) >= Key.WEAK

    def _said(self) -> Key:
        """What it says: its last part behind a dot, or two of them, or with the word before it (`api key`)."""
        parts = self.name.split(".")
        said = key(parts[-1])
        if parts[-1] in {"value", "data"}:
            return key(parts[-2])
        if said is Key.WEAK:
            word = self.text[max(0, self.start - 16) : self.start - 1].rpartition(" ")[2]
            if word.lower() in {"public", "pub"}:
                return Key.NONE
            return max(said, min(key(f"{word}_{parts[-1]}"), Key.NAMED))
        return said

    def _value(self, tie: re.Match[str], said: Key) -> Span | None:
        """The value behind a sign, or behind an option of a command."""
        text, start = self.text, tie.end()
        scheme = _SCHEME.match(text, start)
        start = scheme.end() if scheme else start
        several = _PARAMETERS if scheme else _COOKIES if self.name.lower().endswith("cookie") else None
        if several is not None and (pairs_in_it := several.match(text, start)):
            return Span(*pairs_in_it.span("secret"), MASK)
        if opened := _OPEN.match(text, start):
            return _quoted(text, opened, LEAST[said])
        value = _bare(text, start)
        if tie["call"] or value.startswith("--" if tie["sign"] else "-"):
            return None
        if self.before in {"?", "&"} or str(tie["sign"]).startswith("%"):
            value = re.split("%26|[&;#]", value)[0]
        value = value.rstrip(_TAIL)
        look = _looks(unquote(value))
        chain = said is not Key.STRONG and tie["sign"] == ":" and _CHAIN.match(text, start) and look < Looks.DIGITS
        touches = tie["sign"] == ":" and tie.end() == tie.end("sign")
        # What an option such as `--sops-age-secret` names: an object of Kubernetes.
        is_object = said is Key.NAMED and look is Looks.WORD and "-" in value
        if is_object or chain or look < self._least(said) or (touches and self._is_part(said, look)):
            return None
        if look is Looks.WORD and tie["sign"] == ":":
            return _passphrase(text, start)
        return Span(start, self._end_of_list(start) or start + len(value), MASK)

    def _end_of_list(self, start: int) -> int:
        """Where the list ends that begins before a value, `passwords: [a, b]`; 0 without one."""
        found = self.text[start - 1] == "[" and _ITEMS.match(self.text, start)
        return found.end() if found else 0

    def _least(self, said: Key) -> Looks:
        if self.before == "/":
            return Looks.RANDOM
        if said is Key.WEAK and _VARIABLE.match(self.text, self.start):
            return Looks.DIGITS
        return Looks.WORD if self.is_option and said >= Key.NAMED and ends_in_key(self.name) else LEAST[said]

    def _is_part(self, said: Key, look: Looks) -> bool:
        """Whether what a colon ties without a blank are parts of one name: `image:tag`, `host:port`, an ARN.

        Of a struct or a map, as Go prints it, it is a field.
        """
        if self.before in {"[", '"', "'"}:
            return False
        known = said is Key.STRONG or "{" in self.text[: self.start] or look is Looks.RANDOM
        return self.before in {"/", ":"} or not known

    def _told(self, tie: re.Match[str], said: Key) -> Span | None:
        """`the password is x`, `password "x"`."""
        opened = _OPEN.match(self.text, tie.end())
        if opened is not None and said is Key.STRONG:
            # `pass` is a verb, too: `you must pass '--namespace=apps'`; a cookie has a name.
            return _quoted(self.text, opened, Looks.MIXED if self.name in {"pass", "cookie"} else LEAST[said])
        value = _bare(self.text, tie.end()).rstrip(_TAIL)
        if not tie["verb"]:
            # A commit stands behind `revision` or `commit`, the id of a public key behind `signing key`.
            is_digits = _TELLS_DIGITS.search(self.name) and looks(value) is Looks.DIGITS
            return Span(tie.end(), tie.end() + len(value), MASK) if is_digits else None
        masked = looks(value) >= max(LEAST[said], Looks.MIXED)
        return Span(tie.end(), tie.end() + len(value), MASK) if masked else None

    def _entry(self) -> Span | None:
        """The value of an entry of an environment with this name."""
        label = _VALUE.match(self.text, self.end)
        if label is None and (span := self._element(Looks.WORD)):
            return span
        if label is None:
            found = _VALUE_BEFORE.search(self.text, max(0, self.start - 600), self.start)
            return Span(*found.span("secret"), MASK) if found and looks(found["secret"]) > Looks.NOTHING else None
        if opened := _OPEN.match(self.text, label.end()):
            return _quoted(self.text, opened, Looks.WORD)
        value = _bare(self.text, label.end()).rstrip(_TAIL)
        return Span(label.end(), label.end() + len(value), MASK) if looks(value) > Looks.NOTHING else None

    def _in_list(self, start: int, said: Key) -> Span | None:
        """The argument behind an option in a list of arguments: `[--password, x]`, `["--password", "x"]`."""
        if self.text.rfind("[", max(0, self.start - _LONGEST_CLAUSE), self.start) < 0:
            return None
        if opened := _OPEN.match(self.text, start):
            return _quoted(self.text, opened, self._least(said))
        value = _bare(self.text, start).rstrip(_TAIL)
        masked = not value.startswith("-") and looks(value) >= self._least(said)
        return Span(start, start + len(value), MASK) if masked else None

    def _element(self, least: Looks) -> Span | None:
        """The value of the element of XML that is called so, or whose name is."""
        found = _ELEMENT.match(self.text, self.end)
        return Span(*found.span("secret"), MASK) if found and looks(found["secret"]) >= least else None

    def _random_behind(self, strong: bool) -> Iterator[Span]:  # noqa: FBT001
        for number, word in enumerate(_WORD.finditer(self.text, self.end)):
            if number > _BETWEEN or word.start() > self.end + _AROUND:
                return
            found = list(_random_parts(self.text, word, strong))
            yield from found
            if found:
                return

    def _random_before(self, strong: bool) -> Iterator[Span]:  # noqa: FBT001
        least = max(0, self.start - _AROUND)
        words = [word for word in _WORD.finditer(self.text, least, self.start) if word.start() > least or not least]
        for word in words[-_BETWEEN - 1 :]:
            yield from _random_parts(self.text, word, strong)


def _bare(text: str, start: int) -> str:
    """What stands there up to a blank."""
    return next(_BARE.finditer(text, start))[0]


def _looks(value: str) -> Looks:
    """What a bare value looks like, up to where another pair begins in it."""
    found = Looks.NOTHING
    for number, piece in enumerate(re.split("[,;&]", value, maxsplit=4)):
        if number and _LABELED.match(piece):
            break
        look = looks(piece)
        found = max(found, min(look, Looks.WORD) if re.match(r"[A-Za-z.]+=", piece) else look)
    return found


def _quoted(text: str, opened: re.Match[str], least: Looks) -> Span | None:
    """A value in quotes, which may be cut off before the closing one."""
    scheme = _SCHEME.match(text, opened.end())
    start = scheme.end() if scheme else opened.end()
    end = _closing(text, start, opened)
    value = text[start:end]
    random = any(is_random(word, _SHORTEST) for word in value.split())
    if value.startswith("--") or (not random and (is_prose(value, 0.5) or looks(value) < least)):
        return None
    return Span(start, end, MASK) if scheme else Span(opened.start(), min(len(text), end + len(opened[0])), MASK)


def _closing(text: str, start: int, opened: re.Match[str]) -> int:
    """Where the quote ends that was opened: at the same one, with as many backslashes before it."""
    quote = _CLOSES.get(opened["quote"], opened["quote"])
    limit = min(len(text), start + _LONGEST)
    at = text.find(quote, start, limit)
    while at != -1:
        before = at - len(text[start:at]) + len(text[start:at].rstrip("\\"))
        if at - before == len(opened["escapes"]):
            return before
        at = text.find(quote, at + 1, limit)
    return limit


def _passphrase(text: str, start: int) -> Span | None:
    """Words behind `password: `, unless they are a sentence about one."""
    words = _END_OF_CLAUSE.split(text[start : start + _LONGEST_CLAUSE])[0].rstrip()
    if is_prose(words, 0.33) or len(words.split()) > _PASSPHRASE:
        return None
    return Span(start, start + len(words), MASK)


def _random_parts(text: str, word: re.Match[str], strong: bool) -> Iterator[Span]:  # noqa: FBT001
    """What looks random of a word that has no label of its own and is no address; what people choose for a password."""
    value = word[0].rstrip(f"{_TAIL}*").lstrip("=*")
    if strong and value != value.lower():
        chosen = word[0].rstrip(f"{_TAIL}?").rpartition("/")[2]
        if _CHOSEN.fullmatch(chosen) and not _is_labeled(text[max(0, word.start() - 24) : word.start()]):
            start = word.start() + word[0].index(chosen)
            yield Span(start, start + len(chosen), MASK)
            return
    if len(value) < _SHORTEST or _LABELED.match(value) or "@" in value or "." in value.partition("/")[0]:
        return
    if _is_labeled(text[max(0, word.start() - 24) : word.start()]):
        return
    position = word.start() + len(word[0]) - len(word[0].lstrip("=*"))
    pieces = [value] if re.search("[+=]", value) else value.split("/")
    if not any(len(piece) >= _SHORTEST and looks(piece) is Looks.RANDOM for piece in pieces):
        return
    for piece in pieces:
        # In base64 a slash may stand anywhere; the parts of a path are in lower case.
        if piece != piece.lower() or looks(piece) is Looks.RANDOM:
            yield Span(position, position + len(piece), MASK)
        position += len(piece) + 1


def _is_labeled(before: str) -> bool:
    """Whether what stands before a word says that it is something else, such as `request id: `."""
    label = before.rstrip("\"' ")
    if not label.endswith((":", "=")) or label.endswith("value:"):
        return False
    word = re.split(r"[\s\"']", label[:-1].rstrip("\"' "))[-1].lower()
    return key(word) is Key.NONE and word not in _NO_LABELS and word[:1].isalnum()
