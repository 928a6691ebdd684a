"""The filter for credentials in free text: condition messages, events, what kubectl says on stderr.

It is a guard rail, not a proof: it knows the shapes in which credentials travel, not the credentials. Digests
(`sha256:…`), commits, names and versions are left as they are, since people search by them. The places are those of
our knowledge file, "Secret leaks through Flux objects".

Every pattern is bounded, so that the time for a text grows with its length only.
"""

import functools
import re
from collections.abc import Callable
from typing import Final

MASK: Final = "***"
_VALUE: Final = r"""(?:(?P<e>\\*)(?P<q>["'])(?:(?!(?<!\\)(?P=e)(?P=q))(?s:.)){0,4096}(?:(?P=e)(?P=q))?|\S{1,4096})"""
# The first letters stand before the words, since most positions of a text are passed over by them alone.
_KEYWORD: Final = (
    r"(?=[abcdpst])(?:bearer|password|passwd|passphrase|secret|token|credential|api[-_]?key|access[-_]?key"
    r"|private[-_]?key|account[-_]?key|client[-_]?key[-_]?data|dockerconfigjson|\bsig\b|signature\b|\bpwd\b|\bpass(?==))"
)


@functools.cache
def _rules() -> tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]:
    """The patterns, compiled when a first text is filtered: a start need not wait for them."""
    return (
        # -----BEGIN … PRIVATE KEY----- up to its end, or to the end of a text that was cut.
        (
            re.compile(
                r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)",
                re.DOTALL,
            ),
            MASK,
        ),
        # https://user:password@host, also where the password holds a slash; a port is not a password.
        (re.compile(r"://[^/\s\"'<>]{1,2048}@"), f"://{MASK}@"),
        (re.compile(r"://[^/:@\s\"'<>]{1,256}:(?!\d{1,5}/)[^@\s\"'<>]{1,512}@"), f"://{MASK}@"),
        # Webhooks, whose path is the credential.
        (
            re.compile(
                r"((?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks"
                r"|webhook\.office\.com|logic\.azure\.com|chat\.googleapis\.com/v1/spaces"
                r"|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot)/)[^\s\"'<>]+"
            ),
            rf"\1{MASK}",
        ),
        (re.compile(r"(api\.telegram\.org/bot)[^/\s\"'<>]+"), rf"\1{MASK}"),
        (re.compile(r"(/hook/[0-9a-f]{6})[0-9a-f]{10,}"), r"\1…"),
        (re.compile(r"(://[^/\s\"'<>]{1,255}/(?:hooks|webhooks?)/)[^\s\"'<>]+"), rf"\1{MASK}"),
        # ?key=value&key=value, #key=value, and a URL's query that is a bare value
        (re.compile(r"([?&#][\w.~%+\[\]-]{1,100}=)[^&\s\"'<>#]+"), rf"\1{MASK}"),
        (re.compile(r"(://(?:(?!://)[^?\s\"'<>]){1,512}+\?)(?![^&\s\"'<>#]{1,100}=)[^&\s\"'<>#*]+"), rf"\1{MASK}"),
        # Authorization: Bearer …
        (
            re.compile(
                r"(?i)(authorization\\*[\"']?\s{0,8}[:=]\s{0,8}\\*[\"']?(?:(?:bearer|basic|token|digest)\s{1,8})?)[^\s\"',]+"
            ),
            rf"\1{MASK}",
        ),
        (re.compile(r"(?i)(\bbearer\s{1,8})[A-Za-z0-9._~+/=-]{12,}"), rf"\1{MASK}"),
        # A word of small letters alone is one of a sentence.
        (re.compile(r"((?i:\bbasic)\s{1,8})(?=[A-Za-z0-9+/]{0,200}[0-9A-Z+/=])[A-Za-z0-9+/]{16,}={0,2}"), rf"\1{MASK}"),
        (
            re.compile(r"(?i)(\b(?:set-)?cookie\\*[\"']?\s{0,8}:\s{0,8}\\*[\"']?)[^\s\"',][^\n\"']{0,4096}"),
            rf"\1{MASK}",
        ),
        # "auth": "dXNlcjpwYXNz" of a registry's configuration
        (re.compile(r"(?i)(\bauth\\*[\"']\s{0,8}:\s{0,8}\\*[\"'])[A-Za-z0-9+/]{8,}={0,2}"), rf"\1{MASK}"),
        (re.compile(r"(\b_auth\s{0,8}=\s{0,8})[A-Za-z0-9+/]{8,}={0,2}"), rf"\1{MASK}"),
        # password: x, DB_PASSWORD=x, "token":"x"; names of references (secretRef, tokenName) are not values.
        (
            re.compile(
                rf"(?i)({_KEYWORD}(?![\w-]{{0,20}}(?:ref|name|file)\b)[\w-]{{0,40}}\\*[\"']?\s{{0,8}}"
                rf"(?::=|=>|=|:(?!//))\s{{0,8}}(?:Invalid value: )?)(?!secrets?\s|\*\*\*){_VALUE}"
            ),
            rf"\1{MASK}",
        ),
        # "name": "DB_PASSWORD", "value": "x"
        (
            re.compile(
                rf"(?i)(\bname\\*[\"']?\s{{0,8}}:\s{{0,8}}\\*[\"']?[\w.-]{{0,40}}{_KEYWORD}[\w.-]{{0,40}}\\*[\"']?,?\s{{0,40}}\\*[\"']?value\\*[\"']?\s{{0,8}}:\s{{0,8}}){_VALUE}"
            ),
            rf"\1{MASK}",
        ),
        # password "x"; secret "x" is the name of one.
        (
            re.compile(
                r"(?i)(\bpass(?:word|wd|phrase)\s{1,8}(?:is\s{1,8}|was\s{1,8})?\\*)(?:\"[^\"]{1,4096}\"?|'[^']{1,4096}'?)"
            ),
            rf"\1{MASK}",
        ),
        # --password x, --user name:x
        (re.compile(rf"(?i)((?<![\w-])--?[\w-]{{0,40}}{_KEYWORD}\s{{1,8}})(?!-){_VALUE}"), rf"\1{MASK}"),
        (re.compile(r"((?:\s-u|--user)[ =][^\s:\"']{1,200}:)[^\s\"']+"), rf"\1{MASK}"),
        # Tokens that carry their maker's prefix.
        (
            re.compile(
                r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|gl(?:pat|dt|rt|ptt|cbt|ft|soat)-[A-Za-z0-9_.-]{16,}"
                r"|xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}"
                r"|ya29\.[A-Za-z0-9_-]{16,}|hv[sbr]\.[A-Za-z0-9_-]{16,}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}"
                r"|pypi-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9_-]{20,}|ATATT[A-Za-z0-9_=-]{16,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
                r"|gl(?:sa|c)_[A-Za-z0-9_=]{16,}|dop_v1_[a-f0-9]{32,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,}"
                r"|AGE-SECRET-KEY-1[A-Z0-9]{20,}|age-secret-key-1[a-z0-9]{20,}"
                r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?|eyJ[A-Za-z0-9+/_-]{40,}={0,2})"
            ),
            MASK,
        ),
    )


_ANSI: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,16}[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[PX^_][^\x1b\x9c]{0,4096}(?:\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,4}[0-~]"
)
_SPACE: Final = re.compile(r"[\s\x00-\x1f\x7f\x85\u2028\u2029]+")
# Cc, Cf and what else is not seen: fillers, variation selectors, tags, private use, surrogates.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U000110bd\U000110cd\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]+"
)
_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,40}://)(?:[^/@\s]{1,2048}@)?([^/?#@\s]{1,255})(/?\Z)?")


def scrub(text: str) -> str:
    """Mask what looks like a credential."""
    for pattern, replacement in _rules():
        text = pattern.sub(replacement, text)
    return text


def visible(text: str) -> str:
    """A text on one line, without ANSI sequences and without characters that are not seen."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub("", _SPACE.sub(" ", _ANSI.sub("", text))).strip()


def address(text: str) -> str:
    """Of an address whose path may be the credential: scheme and host, and whether there is more."""
    found = _ADDRESS.match(text)
    if found is None:
        return MASK if text else ""
    return found[1] + found[2] + ("" if found[3] is not None and "@" not in text else f"/{MASK}")
