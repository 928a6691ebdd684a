"""The shapes that a value must have to become part of a question to kubectl, and the sentence for what has not.

Each check returns the value, or raises BadArgument with the name of the argument and what is allowed.

Sources: the Kubernetes documentation on object names and label selectors; kubectl's own behavior where it accepts more
than it should (an empty value silently means the default, a name that starts with `-` is a flag).
"""

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from flux_mcp.api.selector import parse_selector
from flux_mcp.errors import BadArgument
from flux_mcp.sanitize.quote import without_markup

_NAME_MAX: Final = 253
SELECTOR_MAX: Final = 512
SUBSTRING_MAX: Final = 200
_ECHO_MAX: Final = 80
_NEAR: Final = 0.7
"""How like a value must be to what was given to be named beside it."""

_RESOURCE: Final = re.compile(r"[a-z][a-z0-9]{0,62}(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_VERSIONED: Final = re.compile(
    r"[a-z][a-z0-9]{0,62}\.[a-z0-9]{1,32}\.([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)?"
)
_API_VERSION: Final = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?v[0-9]{1,3}((alpha|beta)[0-9]{1,3})?")
_DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def echo(value: str) -> str:
    """A refused value as a short and harmless JSON string, for an error's sentence."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in value[:_ECHO_MAX])
    shown = without_markup(json.dumps(shown.encode("utf-8", "replace").decode(), ensure_ascii=False))
    return shown + (f" ({len(value)} characters)" if len(value) > _ECHO_MAX else "")


def nearest(given: str, allowed: Iterable[str], names: Mapping[str, str] | None = None) -> str:
    """` (did you mean X?)` for the value that is most like what was given; nothing where none is.

    Args:
        given: the refused value.
        allowed: the values that are taken.
        names: what to call a value, where that is not the value itself.
    """
    words = {value.lower(): value for value in allowed}
    near = difflib.get_close_matches(given.lower(), words, 1, _NEAR)
    return f" (did you mean {(names or words)[near[0]]}?)" if near else ""


def check_dns_name(value: str, argument: str = "name") -> str:
    """A DNS subdomain: the name of a Flux object or a workload."""
    if len(value) > _NAME_MAX or not _DNS_SUBDOMAIN.fullmatch(value):
        raise BadArgument(
            argument,
            "must be an object's name: lower-case letters, digits, '-' and '.', at most 253, "
            f"starting and ending with a letter or digit, not {echo(value)}",
        )
    return value


def check_path_segment(value: str, argument: str = "name") -> str:
    """Any name that the Kubernetes API takes in a path, `system:node` among them.

    Raises:
        BadArgument: empty, over 253 characters, `.` or `..`, a leading `-`, or a character that is `/`, `%`,
            white space, a control character or invisible.
    """
    if (
        not value
        or len(value) > 253  # noqa: PLR2004 (the API's own limit for names)
        or value in {".", ".."}
        or value.startswith("-")
        or any(c in "/%" or c.isspace() or unicodedata.category(c)[0] in "CZ" or not c.isprintable() for c in value)
    ):
        raise BadArgument(
            argument,
            "must be an object's name: at most 253 characters, no '/', '%' or white space, "
            f"no invisible character, not starting with '-', not {echo(value)}",
        )
    return value


def check_namespace(value: str, argument: str = "namespace") -> str:
    """A DNS label."""
    # "all" is what a model writes for all namespaces; as a name it would make an answer out of nothing.
    if not _DNS_LABEL.fullmatch(value) or value == "all":
        raise BadArgument(
            argument,
            "must be a namespace: lower-case letters, digits and '-', at most 63, starting and ending with a letter "
            f"or digit, not {echo(value)}; leave it out for all namespaces",
        )
    return value


def check_context(value: str, argument: str = "context") -> str:
    """The name of a context. Kubeconfigs hold almost anything, so only what could mislead is refused.

    Raises:
        BadArgument: empty, white space at an end, over 253 characters, a control or invisible character.
    """
    if (
        not value
        or value != value.strip()
        or len(value) > 253  # noqa: PLR2004
        or any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in value)
    ):
        raise BadArgument(
            argument,
            "must be the name of a context of the kubeconfig (get_kubeconfig_contexts lists them), "
            f"not {echo(value)}; leave it out for the one in use",
        )
    return value


def check_selector(value: str, argument: str = "selector") -> str:
    """A label selector as kubectl takes it.

    Raises:
        BadArgument: over 512 characters, or not a label selector.
    """
    if len(value) > SELECTOR_MAX:
        raise BadArgument(argument, f"must be at most {SELECTOR_MAX} characters, not {len(value)}")
    try:
        parse_selector(value)
    except ValueError as error:
        raise BadArgument(
            argument, f"must be a label selector such as app=web,tier!=db or 'env in (dev,qa)': {error}"
        ) from None
    return value


def check_substring(value: str, argument: str) -> str:
    """A text to look for.

    Raises:
        BadArgument: empty, blank, over 200 characters, or with a control character.
    """
    if not value.strip() or len(value) > SUBSTRING_MAX or any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        raise BadArgument(argument, f"must be 1 to {SUBSTRING_MAX} printable characters, not {echo(value)}")
    return value


def is_resource(value: str) -> bool:
    """Whether a text is a `plural.group` name, or a bare plural."""
    return len(value) <= _NAME_MAX and _RESOURCE.fullmatch(value) is not None


def check_kind(value: str, argument: str = "kind") -> str:
    """A kind name, plural, short name or `plural.group`, of one kind, and not of Secret."""
    lower = value.lower()
    plural = lower.partition(".")[0]
    # `all` is a category: kubectl would choose the kinds.
    if not value.isascii() or not is_resource(lower) or plural == "all":
        raise BadArgument(argument, f"must be one kind of the API, such as Deployment, not {echo(value)}")
    if plural in {"secret", "secrets"}:
        raise BadArgument(argument, "must not be Secret: this server never reads Secrets")
    return value


def check_api_version(value: str, argument: str = "api_version") -> str:
    """`apps/v1`, or `v1` for the core group."""
    if not _API_VERSION.fullmatch(value):
        raise BadArgument(argument, f"must be an apiVersion such as apps/v1 or v1, not {echo(value)}")
    return value


def check_container(value: str, argument: str = "container") -> str:
    """The name of a container: a DNS label."""
    if not _DNS_LABEL.fullmatch(value):
        raise BadArgument(
            argument,
            "must be a container's name: lower-case letters, digits and '-', at most 63, starting and ending with a "
            f"letter or digit, not {echo(value)}",
        )
    return value


def check_resource(value: str) -> str:
    """A `plural.version.group` name, `plural.version.` for the core group, of one kind, and not of Secret."""
    if len(value) > _NAME_MAX or not _VERSIONED.fullmatch(value) or value.partition(".")[0] in {"secret", "secrets"}:
        raise BadArgument("kind", f"must be a plural.version.group name of one kind, not of Secret: {echo(value)}")
    return value


def split_resource(value: str) -> tuple[str, str]:
    """`plural.group` (`plural` for the core group) and the version of a `plural.version.group` name."""
    plural, version, group = value.split(".", 2)
    return f"{plural}.{group}" if group else plural, version
