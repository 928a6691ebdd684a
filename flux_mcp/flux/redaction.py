"""The filter for credentials in free text: condition messages, events, what kubectl says on stderr.

It is a guard rail, not a proof: it knows the shapes in which credentials travel, not the credentials. Digests
(`sha256:…`), commits, names and versions are left as they are, since people search by them. The places are those of
our knowledge file, "Secret leaks through Flux objects".

Every pattern is bounded, so that the time for a text grows with its length only.
"""

import re
from collections.abc import Callable
from typing import Final

__all__ = ["scrub"]

_MASK: Final = "***"
_VALUE: Final = r"""(?:\\*"[^"]{0,4096}"?|\\*'[^']{0,4096}'?|[^\s,;}\])"'\\]{1,4096})"""
# The first letters stand before the words, since most positions of a text are passed over by them alone.
_KEYWORD: Final = (
    r"(?=[acpst])(?:password|passwd|passphrase|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|account[-_]?key"
    r"|\bsig\b|signature\b|\bpwd\b)"
)

_RULES: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    # -----BEGIN … PRIVATE KEY----- up to its end, or to the end of a text that was cut.
    (
        re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL),
        _MASK,
    ),
    # https://user:password@host
    (re.compile(r"://[^/\s\"'<>]{1,2048}@"), f"://{_MASK}@"),
    # Webhooks, whose path is the credential.
    (
        re.compile(
            r"((?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks"
            r"|webhook\.office\.com|logic\.azure\.com|chat\.googleapis\.com/v1/spaces)/)[^\s\"'<>]+"
        ),
        rf"\1{_MASK}",
    ),
    (re.compile(r"(api\.telegram\.org/bot)[^/\s\"'<>]+"), rf"\1{_MASK}"),
    (re.compile(r"(/hook/[0-9a-f]{6})[0-9a-f]{10,}"), r"\1…"),
    # ?key=value&key=value
    (re.compile(r"([?&][\w.~%+\[\]-]{1,100}=)[^&\s\"'<>#]+"), rf"\1{_MASK}"),
    # Authorization: Bearer …
    (
        re.compile(
            r"(?i)(authorization\\*[\"']?\s{0,8}[:=]\s{0,8}\\*[\"']?(?:(?:bearer|basic|token|digest)\s{1,8})?)[^\s\"',]+"
        ),
        rf"\1{_MASK}",
    ),
    (re.compile(r"(?i)(\bbearer\s{1,8})[A-Za-z0-9._~+/=-]{12,}"), rf"\1{_MASK}"),
    (re.compile(r"(?i)(\bbasic\s{1,8})(?=[A-Za-z0-9+/]{0,200}[0-9A-Z+/=])[A-Za-z0-9+/]{16,}={0,2}"), rf"\1{_MASK}"),
    # password: x, DB_PASSWORD=x, "token":"x"; names of references (secretRef, tokenName) are not values.
    (
        re.compile(
            rf"(?i)({_KEYWORD}(?![\w-]{{0,20}}(?:ref|name|file)\b)[\w-]{{0,40}}\\*[\"']?\s{{0,8}}(?::=|=|:(?!//))\s{{0,8}}){_VALUE}"
        ),
        rf"\1{_MASK}",
    ),
    # --password x
    (re.compile(rf"(?i)(--?[\w-]{{0,40}}{_KEYWORD}\s{{1,8}})(?!-){_VALUE}"), rf"\1{_MASK}"),
    # Tokens that carry their maker's prefix.
    (
        re.compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|gl(?:pat|dt|rt|ptt|cbt|ft|soat)-[A-Za-z0-9_.-]{16,}"
            r"|xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}"
            r"|ya29\.[A-Za-z0-9_-]{16,}|hv[sbr]\.[A-Za-z0-9_-]{16,}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}"
            r"|pypi-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9_-]{20,}|ATATT[A-Za-z0-9_=-]{16,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
            r"|AGE-SECRET-KEY-1[A-Z0-9]{20,}|age-secret-key-1[a-z0-9]{20,}"
            r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?)"
        ),
        _MASK,
    ),
)


def scrub(text: str) -> str:
    """Mask what looks like a credential."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
