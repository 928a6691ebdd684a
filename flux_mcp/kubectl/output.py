"""What kubectl's answer meant: its errors by kind, and its JSON item by item.

The exit code is judged before the JSON: a list that failed still prints a valid, empty list. stderr alone is never a
failure, and it is never merged into stdout. The texts are those of kubectl 1.28 to 1.36 and of client-go.
"""

import codecs
import functools
import json
import re
import signal
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from flux_mcp.errors import (
    BadKubeconfig,
    BadOutput,
    Conflict,
    Forbidden,
    ForbiddenEverywhere,
    ImpersonationForbidden,
    KindNotInstalled,
    KubectlError,
    KubectlFailed,
    NotFound,
    NotLoggedIn,
    NotRecorded,
    RecordedInPart,
    ServerError,
    TimedOut,
    UnknownContext,
    Unreachable,
)
from flux_mcp.kubectl.base import Output
from flux_mcp.request import ErrorContext
from flux_mcp.sanitize.patterns import scrub
from flux_mcp.sanitize.quote import MESSAGE, SHORT_MESSAGE, message, shorten_messages, value

T = TypeVar("T")
JsonObject = dict[str, Any]

_EXCERPT: Final = 200
_MOST: Final = 1500
"""Bytes of a sentence above which what it quotes is shortened."""
MOST_LINES: Final = 40
"""Different lines of stderr that are looked at, half of them the first and half the last ones."""
LONGEST_LINE: Final = 4000
"""Characters of a line that are looked at, half of them its head and half its tail."""
_NOISE: Final = re.compile(r"[EWIF]\d{4} \d\d:\d\d:\d\d|Warning:|Flag --|$")
_OF_PLUGIN: Final = re.compile(r"[EF]\d{4} \d\d:\d\d:\d\d[^\]]{0,100}\] (?P<said>.{0,3000})")
"""What a credential plugin logs, which may use the logger of kubectl; kubectl itself repeats its error so."""
_PLUGIN_FAILED: Final = re.compile(
    "getting credentials: |auth plugin has been removed|exec plugin|credential plugin|no Auth Provider found"
    "|acquiring a token for authorization header"
)
_LOGIN_PROMPT: Final = re.compile(
    r"(?i)sign in|log ?in|web browser|in your browser|device ?code|enter (?:the |your )?(?:code|password|pin|otp|mfa)"
    r"|authenticat|one-time|session has expired|passcode|verification code|touch your|tap your|https?://(?:localhost|127\.0\.0\.1)"
)
"""What a credential plugin writes that waits for somebody."""


@functools.cache
def _hints() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "hints.toml").read_text(encoding="utf-8"))


def _hint(about: str, *lines: str) -> str:
    """The advice of the first pattern that one of these lines matches; empty for none."""
    return next(
        (hint for pattern, hint in _hints()[about].items() if any(re.search(pattern, line) for line in lines)), ""
    )


def _said(text: str, limit: int = _EXCERPT) -> str:
    """A piece of somebody else's text, quoted, for a sentence of ours."""
    return message(text, limit)


def _fit(sentence: str) -> str:
    """A sentence with what it quotes as long as there is room for."""
    for limit in (2 * SHORT_MESSAGE, SHORT_MESSAGE):
        if len(sentence.encode()) > _MOST:
            sentence = shorten_messages(sentence, limit)
    return sentence


def problems(output: Output, error_context: ErrorContext) -> tuple[KubectlError, ...]:
    """Every error that a failed kubectl reported, in its order; empty when it exited with 0.

    An error whose `resources` are empty is one of which kubectl did not say what it is about.
    """
    if output.exit_code == 0:
        return ()
    lines = _lines(output.stderr)
    if output.exit_code < 0:
        name = signal.strsignal(-output.exit_code) or "unknown"
        ended = f"kubectl was ended by signal {-output.exit_code} ({name}); {error_context}.{_also(lines)}"
        return (KubectlFailed(ended, brief="kubectl was killed"),)
    understood = {line: _understand(line, error_context) for line in lines}
    found = [error for error in understood.values() if error is not None]
    others = [line for line, error in understood.items() if error is None]
    if any(map(_PLUGIN_FAILED.search, lines)):
        found, others = [_plugin_failed(output.stderr, lines, error_context)], []
    if any(isinstance(error, NotLoggedIn) for error in found):
        return tuple(_with_lines(error, others) for error in found)
    if found:
        # What is not understood may be about any kind.
        also = KubectlFailed(
            f"kubectl failed; {error_context}.{_also(others)}", brief=f"kubectl failed:{_also(others)}"
        )
        return (*found, *((also,) if others else ()))
    if output.stdout[:64].startswith(b"Please enter"):
        return (_not_logged_in("kubectl prompted for a user name", error_context),)
    said = _also(others) or _also([_words(output.stdout)]) or " It printed no error."
    return (
        KubectlFailed(
            f"kubectl failed with exit code {output.exit_code}; {error_context}.{said}", brief=f"kubectl failed:{said}"
        ),
    )


def _plugin_failed(stderr: str, lines: Sequence[str], error_context: ErrorContext) -> KubectlError:
    """The words of the plugin, whatever they look like, before what kubectl makes of them."""
    logged = (found["said"] for line in stderr.splitlines()[:MOST_LINES] if (found := _OF_PLUGIN.match(line.strip())))
    logged = (said for said in logged if not _PLUGIN_FAILED.search(said))
    of_kubectl = next(line for line in lines if _PLUGIN_FAILED.search(line))
    words = dict.fromkeys((*logged, *(line for line in lines if line != of_kubectl and not _NOISE.match(line))))
    error = _not_logged_in(_said(of_kubectl, MESSAGE), error_context, " ".join(words))
    error.said = scrub(of_kubectl)
    return error


def unfinished(written: Sequence[str], error_context: ErrorContext | None) -> KubectlError | None:
    """What commands were waiting for that were ended: a login; None where nothing says so."""
    lines = dict.fromkeys(line for text in written for line in _lines(text) if not _NOISE.match(line))
    if not any(map(_LOGIN_PROMPT.search, lines)):
        return None
    where = f"; {error_context}" if error_context is not None else ""
    return NotLoggedIn(
        _fit(
            f"Not logged in{where}: the credential plugin waits for a login, and was ended. It wrote: "
            f"{_said(' '.join(lines), MESSAGE)} Log in once in a terminal where kubectl is used, or "
            "configure the plugin for a login that needs nobody."
        ),
        brief=f"not logged in, the credential plugin waits: {_said(' '.join(lines))}",
    )


def _lines(stderr: str) -> tuple[str, ...]:
    """The different lines that say something; noise only where there is nothing else."""
    lines = dict.fromkeys(_shorten(line.strip()) for line in stderr.splitlines() if line.strip())
    telling = tuple(line for line in lines if not _NOISE.match(line)) or tuple(lines)
    return telling if len(telling) <= MOST_LINES else (*telling[: MOST_LINES // 2], *telling[-MOST_LINES // 2 :])


def _shorten(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE // 2]} … {line[-LONGEST_LINE // 2 :]}"


def _also(lines: Sequence[str]) -> str:
    """What kubectl wrote, as one more sentence."""
    written = " ".join(lines)
    return f" kubectl wrote: {_said(written)}" if written.strip() else ""


def _with_lines(error: KubectlError, lines: Sequence[str]) -> KubectlError:
    if not lines or not isinstance(error, NotLoggedIn):
        return error
    more = NotLoggedIn(f"{error}{_also(lines)}", brief=error.brief, resources=error.resources)
    more.said = error.said
    return more


def _understand(line: str, error_context: ErrorContext) -> KubectlError | None:
    for pattern, build in _KNOWN:
        if match := pattern.search(line):
            error = build(match, line, error_context)
            error.said = scrub(line)
            return error
    return None


_ATTRIBUTION: Final = (
    re.compile(r'resource "(?P<plural>[a-z0-9]{1,63})(?:/\w{1,63})?" in API group "(?P<group>[a-z0-9.-]{0,253})"'),
    re.compile(
        r'Unable to (?:list|find) "(?:(?P<group>[a-z0-9.-]{0,253})/)?\w{1,63}, Resource=(?P<plural>[a-z0-9]{1,63})"'
    ),
    re.compile(
        r"\((?:get|list|patch) (?P<plural>[a-z0-9]{1,63})(?:\.(?P<group>[a-z0-9.-]{1,253}))?(?: [^()]{0,300})?\)$"
    ),
    re.compile(r'\): (?P<plural>[a-z0-9]{1,63})(?:\.(?P<group>[a-z0-9.-]{1,253}))?(?: "[^"]{0,300}")? (?:is|not) '),
)


def _about(line: str) -> tuple[str, ...]:
    for pattern in _ATTRIBUTION:
        if match := pattern.search(line):
            group = match["group"]
            return (f"{match['plural']}.{group}" if group else match["plural"],)
    return ()


def _forbidden(_: re.Match[str], line: str, error_context: ErrorContext) -> KubectlError:
    resources = _about(line)
    if "cannot impersonate" in line or (error_context.impersonating and not resources):
        return ImpersonationForbidden(
            f"Forbidden: the user of {error_context} may not act as the identity of --kube-as ({_said(line)}).",
            brief="the impersonation is forbidden",
        )
    who = re.search(r'User "([^"]{0,253})"', line)
    verb = re.search(r"cannot (\w{1,63}) resource", line)
    part = re.search(r'resource "[a-z0-9]{1,63}(/[a-z]{1,63})"', line)
    namespace = re.search(r'in the namespace "([^"]{0,63})"', line)
    user = value(who[1]) if who else "this identity"
    many = verb is not None and verb[1] == "list"
    where = (
        f"in namespace {value(namespace[1])}" if namespace else "in all namespaces" if many else "at the cluster scope"
    )
    kind = ForbiddenEverywhere if many and not namespace else Forbidden
    return kind(
        f"Forbidden: {user} may not {verb[1] if verb else 'read'} {', '.join(resources) or 'this'}"
        f"{part[1] if part else ''} {where}; {error_context}.",
        brief=f"forbidden: {user} may not {verb[1] if verb else 'read'} {where}",
        resources=resources,
    )


def _not_logged_in(why: str, error_context: ErrorContext, words: str = "") -> NotLoggedIn:
    plugin = f" The credential plugin wrote: {_said(words, MESSAGE)}" if words.strip() else ""
    missing = re.search(r"executable ([\w.+/-]{1,100}) not found", why)
    hint = (
        f"{value(missing[1])} is not in PATH of this process: set PATH in the MCP client's configuration."
        if missing
        else _hint("login", why, words)
    )
    return NotLoggedIn(
        _fit(f"Not logged in, or the credential plugin failed; {error_context}: {why}.{plugin} {hint}"),
        brief="not logged in",
    )


_Build = Callable[[re.Match[str], str, ErrorContext], KubectlError]


def _unknown_context(match: re.Match[str], _line: str, error_context: ErrorContext) -> KubectlError:
    return UnknownContext(f"The kubeconfig has no context {value(match[1])}; {error_context}.", brief="unknown context")


def _unreachable(_: re.Match[str], line: str, error_context: ErrorContext) -> KubectlError:
    hint = _hint("network", line)
    return Unreachable(
        f"Cannot reach the cluster; {error_context}: {_said(line)}{'. ' if hint else ''}{hint}",
        brief="cannot reach the cluster",
    )


def _slow(_: re.Match[str], line: str, error_context: ErrorContext) -> KubectlError:
    hint = _hint("network", line)
    return TimedOut(
        f"The API server did not answer in time; {error_context}: {_said(line)}{'. ' if hint else ''}{hint}",
        brief="timeout",
        resources=_about(line),
    )


def _kubeconfig(_: re.Match[str], line: str, error_context: ErrorContext) -> KubectlError:
    return BadKubeconfig(f"The kubeconfig cannot be used; {error_context}: {_said(line)}", brief="bad kubeconfig")


def _kind(match: re.Match[str], _line: str, error_context: ErrorContext) -> KubectlError:
    return KindNotInstalled(
        f"The cluster does not serve the kind {value(match[1])}; {error_context}.",
        brief="not installed",
        resources=(match[1],),
    )


def _version_gone(_: re.Match[str], line: str, error_context: ErrorContext) -> KubectlError:
    resources = _about(line)
    return KindNotInstalled(
        f"The cluster no longer serves {', '.join(resources)} in the version that it listed; {error_context}.",
        brief="version no longer served",
        resources=resources,
    )


def _server(match: re.Match[str], line: str, error_context: ErrorContext) -> KubectlError:
    reason, resources = match[1], _about(line)
    if reason == "Forbidden":
        return _forbidden(match, line, error_context)
    if reason == "Unauthorized":
        return _not_logged_in(_said(line), error_context)
    if reason in {"Timeout", "GatewayTimeout"}:
        return _slow(match, line, error_context)
    if reason == "NotFound":
        return NotFound(f"Not found; {error_context}: {_said(match[2])}", brief="not found", resources=resources)
    if reason == "NotRecorded":
        return _not_recorded(match[2], resources)
    sort = Conflict if reason == "Conflict" else ServerError
    return sort(
        f"The API server answered {reason}; {error_context}: {_said(match[2])}",
        brief=f"{reason}: {_said(match[2], 120)}",
        resources=resources,
    )


def _not_recorded(said: str, resources: tuple[str, ...]) -> KubectlError:
    why = said.partition(" is ")[2]
    sentence = f"Not in this recording: {_said(said)}."
    if re.fullmatch(RecordedInPart.BEGIN + r"[a-z0-9-]+(?:, [a-z0-9-]+)*", why):
        return RecordedInPart(sentence, brief=why, resources=resources)
    return NotRecorded(sentence, brief=why if why == "not recorded" else _said(why), resources=resources)


def _kubelet(match: re.Match[str], _line: str, error_context: ErrorContext) -> KubectlError:
    said = match[1] or match[2]
    return ServerError(
        f"The API server cannot reach the kubelet of the Pod's node, which has the logs; {error_context}: "
        f"{_said(said)}",
        brief=f"the node's kubelet does not answer: {_said(said, 120)}",
    )


def _other(match: re.Match[str], line: str, error_context: ErrorContext) -> KubectlError:
    error = match[1] or match[2]
    return ServerError(
        f"The API server answered an error; {error_context}: {_said(error)}",
        brief=_said(error, 120),
        resources=_about(line),
    )


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases))


_KNOWN: Final[tuple[tuple[re.Pattern[str], _Build], ...]] = (
    (_any(r"context was not found for specified context: ([^,\]]+)"), _unknown_context),
    (_any(r"context \"([^\"]{1,300})\" does not exist"), _unknown_context),
    (_any(r"the server doesn't have a resource type \"([^\"]{1,300})"), _kind),
    (_any(r"the server could not find the requested resource \((?:get|list|patch) [a-z]"), _version_gone),
    (
        _any(
            r"^Error from server(?: \(\w{1,60}\))?: (.*(?:/containerLogs/|no preferred address|No agent available).*)",
            r"(the server has asked for the client to provide credentials \( ?pods/log .*)",
        ),
        _kubelet,
    ),
    (
        _any(
            "You must be logged in",
            "asked for the client to provide credentials",
            "^error: EOF$",
            'User "system:anonymous"',
            "No valid id-token",
            "failed to refresh token",
            "oauth2: ",
            "remote error: tls: (?:expired|bad|unknown) certificate",
            "remote error: tls: (?:certificate required|unknown certificate authority)",
        ),
        lambda _, line, error_context: _not_logged_in(_said(line, MESSAGE), error_context),
    ),
    (_any(r"Error from server \((\w{1,60})\): (.*)"), _server),
    (
        _any(
            r"Client\.Timeout",
            "request canceled",
            "context deadline exceeded",
            "Timeout: request did not complete",
            "TLS handshake timeout",
            "i/o timeout",
        ),
        _slow,
    ),
    (
        _any(
            "error loading config file",
            "invalid configuration",
            "Error in configuration",
            "^error: stat .*no such file",
            "^error: open .*(?:no such file|permission denied)",
            "couldn't get version/kind; json parse error",
            "unable to read (?:client-(?:cert|key)|certificate-authority)",
            "unable to load root certificates",
            "specifying a root certificates file",
            "failed to find any PEM data",
            "private key does not match public key",
            '(?:auth info|cluster) "[^"]{1,300}" does not exist',
            'unsupported scheme "',
            "requesting uid, groups or user-extra",
        ),
        _kubeconfig,
    ),
    (
        _any(
            "Unable to connect to the server",
            "^The connection to the server .* was refused",
            "no such host",
            "connection refused",
            "connection reset",
            "no route to host",
            "network is unreachable",
            "x509: ",
            "server gave HTTP response to HTTPS",
            "proxyconnect",
        ),
        _unreachable,
    ),
    (_any("Error from server: (.*)", r"^error: (an error on the server .*)"), _other),
)


def map_items(stdout: bytes, project: Callable[[JsonObject], T], *, single: bool = False) -> list[T | None]:
    """Project every item of the list that kubectl printed, one at a time, so that a large list is never held as a tree.

    Of an item that is nested deeper than can be read apiVersion and kind alone are projected: whoever may write one
    object, such as the values of a HelmRelease, must not be able to hide all others.

    Args:
        stdout: what kubectl printed.
        project: makes what is kept of an item.
        single: one object was requested by its name, so it stands there without a list.

    Raises:
        BadOutput: it is not a JSON list of objects as kubectl prints one.
    """
    if single:
        return [project(parse_document(stdout))]
    cut = _cut_items(stdout)
    if cut is not None:
        with suppress(ValueError):
            return [_project(piece, project) for piece in cut]
    try:
        return [project(_object(item)) for item in _items(parse_document(stdout))]
    except ValueError:
        raise BadOutput(
            "kubectl printed a list whose items are not all objects.", brief="output not understood"
        ) from None


_CONTINUES: Final = re.compile(rb'"(?:continue"\s{0,9}:\s{0,9}"[^"]|remainingItemCount"\s{0,9}:\s{0,9}[1-9])')


def continues(stdout: bytes) -> bool:
    """Whether the metadata of a list says that there is more of it than was printed."""
    head, end = stdout.find(b'"items"'), stdout.rfind(_LAST)
    return any(
        _CONTINUES.search(part) for part in (stdout[: max(0, head)], stdout[end:] if end >= 0 else stdout[-4096:])
    )


_ITEM_TYPE: Final = re.compile(
    rb'\s{0,99}\{\s{0,99}"apiVersion":\s?"(?P<apiVersion>[\w./-]{1,300})",\s{0,99}"kind":\s?"(?P<kind>\w{1,99})"'
)


def _project(piece: memoryview, project: Callable[[JsonObject], T]) -> T | None:
    try:
        return project(_object(load_json(piece)))
    except RecursionError:
        # Of what it is stands at its beginning, where kubectl prints it.
        head = _ITEM_TYPE.match(piece)
        return project({key: found.decode() for key, found in head.groupdict().items()}) if head else None


def parse_document(stdout: bytes) -> JsonObject:
    """The one JSON object that kubectl printed.

    Raises:
        BadOutput: it printed nothing, or something else.
    """
    if not stdout.strip():
        raise BadOutput("kubectl printed nothing where JSON was expected.", brief="kubectl printed nothing")
    try:
        return _object(load_json(stdout))
    except (ValueError, RecursionError):
        said = glimpse(stdout)
        raise BadOutput(
            f"kubectl printed something that is not understood: {said}", brief=f"output not understood: {said}"
        ) from None


def glimpse(stdout: bytes) -> str:
    """What kubectl printed, for an error; of JSON nothing, since it may hold what is never shown."""
    words = _words(stdout)
    return _said(words) if words.strip() else f"{len(stdout)} bytes that begin as JSON and do not end so"


_DATA: Final = re.compile(rb"\{|^\s*\[")
"""Where in an output no words of a program stand, but what may be a part of an object."""


def _words(stdout: bytes) -> str:
    """What stands before the first object in what was printed."""
    return _DATA.split(stdout[:1024], maxsplit=1)[0].removeprefix(codecs.BOM_UTF8).decode(errors="replace")


_HEAD: Final = re.compile(rb'\{\n    "apiVersion": "v1",\n    "items": \[\n(?=        \{\n)')
NEXT_ITEM: Final = b"\n        },\n        {\n"
_LAST: Final = b"\n        }\n    ],\n"


def _cut_items(stdout: bytes) -> Iterator[memoryview] | None:
    """The items as kubectl indents them; None where the text is laid out otherwise.

    A JSON string holds no raw line break, so a line of eight spaces and a brace can only be an item's.
    """
    head = _HEAD.match(stdout)
    end = stdout.rfind(_LAST)
    if head is None or end < 0 or not _ends_list(stdout[end:]):
        return None
    return _pieces(stdout, head.end(), end)


def _ends_list(end: bytes) -> bool:
    """Whether a list ends so: with all that it says of itself, such as that there is more of it, and nothing behind."""
    try:
        return _object(load_json(b'{"items": [{' + end)).get("kind") == "List"
    except (ValueError, RecursionError):
        return False


def _pieces(stdout: bytes, start: int, end: int) -> Iterator[memoryview]:
    view = memoryview(stdout)
    while (cut := stdout.find(NEXT_ITEM, start, end)) >= 0:
        yield view[start : cut + 10]
        start = cut + len(NEXT_ITEM) - 10
    yield view[start : end + 10]


def _items(document: JsonObject) -> list[Any]:
    kind = document.get("kind")
    items = document.get("items")
    is_list = isinstance(kind, str) and kind.endswith("List") and "items" in document
    if not is_list or not isinstance(items, list | None):
        text = document.get("message")
        said = f": {_said(text)}" if isinstance(text, str) else "."
        raise BadOutput(
            f"kubectl printed {value(str(kind))} where a list was expected{said}",
            brief="output not understood",
        )
    return items or []


def _object(value: object) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 (one sort of error for bad JSON)
    return value


def load_json(text: bytes | memoryview) -> object:
    """Any JSON.

    Raises:
        ValueError: it is none.
        RecursionError: it is nested deeper than can be read.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Bad UTF-8, a byte order mark, a lone surrogate: the standard library reads on where orjson is strict.
        return json.loads(bytes(text).decode("utf-8-sig", "replace"))
