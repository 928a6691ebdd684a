"""Every question that is ever put to kubectl, and the shapes that values must have to become part of one.

The commands are a closed list of frozen dataclasses. There is no way to pass a flag: each value from a caller is
checked here against a shape, bound with `--flag=value` or stands behind `--`. No command can name Secrets.
Access flags (--context and its kin) are not built here: settings.Access.flags() adds them in one place.

Sources: the Kubernetes documentation on object names and label selectors; kubectl's own behaviour where it accepts more
than it should (an empty value silently means the default, a name that starts with `-` is a flag).
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Protocol

from flux_mcp.errors import BadArgument
from flux_mcp.kubectl.selector import parse_selector

__all__ = [
    "ApiResources",
    "Command",
    "ConfigView",
    "Get",
    "ServerVersion",
    "Version",
    "check_context",
    "check_dns_name",
    "check_namespace",
    "check_path_segment",
    "check_selector",
    "check_substring",
    "echo",
    "is_resource",
]

_NAME_MAX: Final = 253
SELECTOR_MAX: Final = 512
SUBSTRING_MAX: Final = 200
_ECHO_MAX: Final = 80

_RESOURCE: Final = re.compile(r"[a-z][a-z0-9]{0,62}(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


class Command(Protocol):
    """One question to kubectl."""

    def args(self) -> tuple[str, ...]:
        """Everything behind the access flags."""
        ...


@dataclass(frozen=True, slots=True)
class Get:
    """`kubectl get` of one or more kinds, in one namespace or in all, as one JSON list.

    Attributes:
        resources: `plural.group` names (`plural` for the core group).
        namespace: None asks in all namespaces, and for cluster-scoped kinds.
        names: objects of the one resource, all in one namespace; of a single one kubectl prints the object, not a list.
        selector: a label selector.
    """

    resources: tuple[str, ...]
    namespace: str | None = None
    names: tuple[str, ...] = ()
    selector: str | None = None

    def __post_init__(self) -> None:
        """The last gate: whatever was checked before, nothing else leaves from here."""
        if not self.resources:
            raise BadArgument("kinds", "must name at least one kind")
        for resource in self.resources:
            _check_resource(resource)
        if self.namespace is not None:
            check_namespace(self.namespace)
        if self.selector is not None:
            check_selector(self.selector)
        if self.names and (len(self.resources) != 1 or self.selector is not None):
            raise BadArgument("name", "needs exactly one kind and no selector")
        for name in self.names:
            check_path_segment(name)

    def args(self) -> tuple[str, ...]:
        """Explicit flags for all that a kuberc could default otherwise."""
        where = "--all-namespaces=true" if self.namespace is None else f"--namespace={self.namespace}"
        return (
            "get",
            "--output=json",
            "--watch=false",
            *(() if self.names and self.namespace is None else (where,)),
            *(() if self.selector is None else (f"--selector={self.selector}",)),
            "--",
            ",".join(self.resources),
            *self.names,
        )


@dataclass(frozen=True, slots=True)
class ApiResources:
    """`kubectl api-resources`: the `plural.group` names that the API server serves, one a line."""

    def args(self) -> tuple[str, ...]:
        """Always fresh: without --cached."""
        return ("api-resources", "--output=name", "--cached=false")


@dataclass(frozen=True, slots=True)
class ConfigView:
    """`kubectl config view`: the kubeconfig as kubectl merges it, credentials redacted by kubectl."""

    def args(self) -> tuple[str, ...]:
        """--raw is never given, so kubectl redacts tokens and keys."""
        return ("config", "view", "--output=json", "--raw=false")


@dataclass(frozen=True, slots=True)
class Version:
    """`kubectl version --client`: the version of kubectl itself."""

    def args(self) -> tuple[str, ...]:
        """No cluster is asked."""
        return ("version", "--client=true", "--output=json")


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """`kubectl version`: the versions of kubectl and of the API server."""

    def args(self) -> tuple[str, ...]:
        """The API server is asked."""
        return ("version", "--client=false", "--output=json")


def echo(value: str) -> str:
    """A refused value, short and harmless, for an error's sentence."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in value[:_ECHO_MAX])
    shown = shown.encode("utf-8", "replace").decode()
    return f'"{shown}"' + (f" ({len(value)} characters)" if len(value) > _ECHO_MAX else "")


def check_dns_name(value: str, argument: str = "name") -> str:
    """A DNS subdomain: the name of a Flux object or a workload.

    Raises:
        BadArgument: anything else.
    """
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
    """A DNS label.

    Raises:
        BadArgument: anything else.
    """
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


def _check_resource(value: str) -> None:
    plural = value.partition(".")[0]
    # `all` is a category: kubectl would choose the kinds.
    if not is_resource(value) or plural == "all":
        raise BadArgument("kind", f"must be one kind of the API, not {echo(value)}")
    if plural in {"secret", "secrets"}:
        raise BadArgument("kind", "must not be Secret: this server never reads Secrets")
