"""Every question that is ever put to kubectl.

The commands are a closed list of frozen dataclasses, of which only Annotate writes. There is no way to pass a flag:
each value from a caller is checked against a shape (kubectl/validate.py), bound with `--flag=value` or stands behind
`--`. No command can name Secrets. Each __post_init__ is the last gate: whatever was checked before, nothing else leaves
from here. Each args() has an explicit flag for all that a kuberc could default otherwise. Access flags (--context and
others) are not built here: settings.Access.flags() adds them in one place.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from flux_mcp.api.kind import FORCE, RESET, FluxKind, Kind
from flux_mcp.api.kinds import by_kind
from flux_mcp.errors import BadArgument
from flux_mcp.kubectl.validate import (
    check_container,
    check_dns_name,
    check_namespace,
    check_path_segment,
    check_resource,
    check_selector,
    echo,
)

MOST_NAMES: Final = 10
"""Objects that one command names. kubectl reads each with a request of its own, and slows down after some: 19 names
take twenty times as long as 10."""
LOG_LINES: Final = 2000
"""Lines of a container's log that are read at most."""
LOG_BYTES: Final = 1 << 20
"""Bytes of a container's log that are read at most."""
_TOKEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z")


class Command(Protocol):
    """One question to kubectl."""

    def args(self) -> tuple[str, ...]:
        """Everything behind the access flags."""
        ...


@dataclass(frozen=True, slots=True)
class Get:
    """`kubectl get` of one or more kinds, in one namespace or in all, as one JSON list.

    Attributes:
        resources: `plural.version.group` names (`plural.version.` for the core group): kubectl takes a shorter name
            for whatever matches first, a category or another vendor's version among them.
        namespace: None asks in all namespaces, and for cluster-scoped kinds.
        names: objects of the one resource, all in one namespace, at most ten; of a single one kubectl prints the
            object, not a list.
        selector: a label selector.
        named: only objects of this name, in a list: the way to ask for one whose namespace is not known.
        warnings: only Warning Events that are not about Pods, of which there may be very many.
        managed_fields: with metadata.managedFields, which kubectl leaves out otherwise.
    """

    resources: tuple[str, ...]
    namespace: str | None = None
    names: tuple[str, ...] = ()
    selector: str | None = None
    named: str | None = None
    warnings: bool = False
    managed_fields: bool = False

    def __post_init__(self) -> None:
        if not self.resources:
            raise BadArgument("kinds", "must name at least one kind")
        for resource in self.resources:
            check_resource(resource)
        if self.namespace is not None:
            check_namespace(self.namespace)
        if self.selector is not None:
            check_selector(self.selector)
        if self.names and (len(self.resources) != 1 or self.selector is not None):
            raise BadArgument("name", "needs exactly one kind and no selector")
        if len(self.names) > MOST_NAMES:
            raise BadArgument("name", f"must be at most {MOST_NAMES} names")
        for name in (*self.names, *(() if self.named is None else (self.named,))):
            check_path_segment(name)

    def args(self) -> tuple[str, ...]:
        everywhere = self.namespace is None and not self.names
        fields = [] if self.named is None else [f"metadata.name={_escape_field(self.named)}"]
        fields += ["type=Warning", "involvedObject.kind!=Pod"] if self.warnings else []
        return (
            "get",
            "--output=json",
            "--watch=false",
            "--watch-only=false",
            "--chunk-size=500",
            "--ignore-not-found=false",
            f"--show-managed-fields={str(self.managed_fields).lower()}",
            "--subresource=",
            "--sort-by=",
            "--raw=",
            "--filename=",
            "--kustomize=",
            f"--all-namespaces={str(everywhere).lower()}",
            *(() if self.namespace is None else (f"--namespace={self.namespace}",)),
            f"--selector={self.selector or ''}",
            f"--field-selector={','.join(fields)}",
            "--",
            ",".join(self.resources),
            *self.names,
        )


@dataclass(frozen=True, slots=True)
class ApiResources:
    """`kubectl api-resources` as a table: name, short names, apiVersion, namespaced or not, kind and verbs."""

    def args(self) -> tuple[str, ...]:
        """Always fresh. --api-group and --namespaced filter as soon as they are given, whatever their value."""
        return (
            "api-resources",
            "--output=wide",
            "--cached=false",
            "--no-headers=true",
            "--verbs=",
            "--categories=",
            "--sort-by=",
        )


@dataclass(frozen=True, slots=True)
class Logs:
    """`kubectl logs` of one container of one Pod, oldest line first.

    kubectl takes a bare name for a Pod's; with a kind before it (`secret/x`) it would look for something else, so
    nothing but a DNS name passes.

    Attributes:
        tail: the last so many lines.
        since: only of the last so many seconds; 0 for all.
        previous: of the container's run before this one.
    """

    namespace: str
    pod: str
    container: str
    tail: int = LOG_LINES
    since: int = 0
    previous: bool = False

    def __post_init__(self) -> None:
        check_namespace(self.namespace)
        check_dns_name(self.pod)
        check_container(self.container)

    def args(self) -> tuple[str, ...]:
        return (
            "logs",
            f"--namespace={self.namespace}",
            f"--container={self.container}",
            f"--tail={self.tail:d}",
            f"--since={self.since:d}s",
            f"--previous={'true' if self.previous else 'false'}",
            f"--limit-bytes={LOG_BYTES}",
            "--since-time=",
            "--selector=",
            "--follow=false",
            "--timestamps=false",
            "--prefix=false",
            "--all-containers=false",
            "--ignore-errors=false",
            # kubectl before 1.32 has no --all-pods; of one Pod it only sets --prefix.
            "--",
            self.pod,
        )


@dataclass(frozen=True, slots=True)
class Annotate:
    """`kubectl annotate`, the one command that writes: it asks the controller of one Flux object to reconcile.

    All keys go in one call with one value: after two calls the first run would start without force or reset.

    Attributes:
        kind: an entry of the table of Flux kinds whose controller acts on requests.
        version: that the API server serves it in.
        token: an RFC 3339 time with nanoseconds, the value of every key.
        force: also reconcile.fluxcd.io/forceAt, of the kinds that take it.
        reset: also reconcile.fluxcd.io/resetAt, of the kinds that take it.
    """

    kind: FluxKind
    version: str
    namespace: str
    name: str
    token: str
    force: bool = False
    reset: bool = False

    def __post_init__(self) -> None:
        """The last gate before a write: it does not trust that anything was checked before."""
        if by_kind.get(self.kind.kind) is not self.kind or not self.kind.reconcilable:
            raise BadArgument("kind", f"must be a Flux kind that reconciles on request, not {echo(self.kind.kind)}")
        check_resource(_resource(self.kind, self.version))
        check_namespace(self.namespace)
        check_dns_name(self.name)
        if not _TOKEN.fullmatch(self.token):
            raise BadArgument("token", f"must be a time as of RFC 3339 with nanoseconds, not {echo(self.token)}")
        for argument, key, given in (("force", FORCE, self.force), ("reset", RESET, self.reset)):
            if given and key not in self.kind.options:
                raise BadArgument(argument, f"must be false: {self.kind.kind} does not take it")

    def args(self) -> tuple[str, ...]:
        """Explicit flags for all that a kuberc could default otherwise: a dry run, more objects, another manager.

        kustomize-controller takes away the fields of managers whose names start with `kubectl`; the name here is the
        one that Flux's documentation gives for this.
        """
        keys = ("requestedAt", *((FORCE,) if self.force else ()), *((RESET,) if self.reset else ()))
        return (
            "annotate",
            f"--namespace={self.namespace}",
            "--overwrite=true",
            "--dry-run=none",
            "--field-manager=flux-client-side-apply",
            "--output=name",
            "--all=false",
            "--all-namespaces=false",
            "--selector=",
            "--field-selector=",
            "--filename=",
            "--kustomize=",
            "--list=false",
            "--local=false",
            "--record=false",
            "--recursive=false",
            "--resource-version=",
            "--",
            _resource(self.kind, self.version),
            self.name,
            *(f"reconcile.fluxcd.io/{key}={self.token}" for key in keys),
        )


@dataclass(frozen=True, slots=True)
class CanI:
    """`kubectl auth can-i`: whether the identity may do something with objects of a kind. It prints yes or no.

    Attributes:
        verb: list, patch (of Flux kinds, as an annotation needs it), or logs, which is to get the logs of Pods.
        namespace: None for all.
        name: of one object; empty for whatever is there.
    """

    kind: Kind
    version: str
    verb: Literal["list", "patch", "logs"] = "list"
    namespace: str | None = None
    name: str = ""

    def __post_init__(self) -> None:
        check_resource(_resource(self.kind, self.version))
        fits = {"list": True, "patch": by_kind.get(self.kind.kind) is self.kind, "logs": self.kind.resource == "pods"}
        if not fits.get(self.verb):
            raise BadArgument("kind", f"must be one that {echo(self.verb)} applies to, not {echo(self.kind.kind)}")
        if self.namespace is not None:
            check_namespace(self.namespace)
        if self.name:
            check_dns_name(self.name)

    def args(self) -> tuple[str, ...]:
        verb, subresource = ("get", "log") if self.verb == "logs" else (self.verb, "")
        resource = _resource(self.kind, self.version)
        return (
            "auth",
            "can-i",
            *(() if self.namespace is None else (f"--namespace={self.namespace}",)),
            f"--all-namespaces={str(self.namespace is None).lower()}",
            "--list=false",
            "--no-headers=false",
            "--quiet=false",
            f"--subresource={subresource}",
            "--",
            verb,
            f"{resource}/{self.name}" if self.name else resource,
        )


@dataclass(frozen=True, slots=True)
class ConfigView:
    """`kubectl config view`: the kubeconfig as kubectl merges it, credentials redacted by kubectl."""

    def args(self) -> tuple[str, ...]:
        """--raw is never given, so kubectl redacts tokens and keys."""
        return ("config", "view", "--output=json", "--raw=false", "--minify=false", "--flatten=false", "--merge=true")


@dataclass(frozen=True, slots=True)
class Version:
    """`kubectl version --client`: the version of kubectl itself."""

    def args(self) -> tuple[str, ...]:
        """No API server is contacted."""
        return ("version", "--client=true", "--output=json")


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """`kubectl version`: the versions of kubectl and of the API server."""

    def args(self) -> tuple[str, ...]:
        """The API server is contacted."""
        return ("version", "--client=false", "--output=json")


def _resource(kind: Kind, version: str) -> str:
    return f"{kind.plural}.{version}.{kind.group}"


def _escape_field(value: str) -> str:
    """As a value in a field selector, where a comma or an equals sign would end it."""
    return re.sub(r"([\\,=])", r"\\\1", value)
