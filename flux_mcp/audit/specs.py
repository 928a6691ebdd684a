"""How a Flux object of each kind is configured, as far as the audit looks at it: typed, tolerant views.

Of an address only whether it holds a credential is kept, never the credential. Source: the CRDs of Flux 2.6 to 2.9 and
of Flux Operator 0.58.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, number, parse_duration, parse_time, text
from flux_mcp.audit.inline_credentials import holds_credential
from flux_mcp.flux.graph import FluxNode


@dataclass(frozen=True, slots=True, kw_only=True)
class KustomizationSpec:
    """A Kustomization. Durations are seconds; None where they are not told.

    Attributes:
        path: its parts, without `.`; none for the whole source.
        target: which cluster, namespace, prefix and suffix it applies with.
        last_run: when the last run ended.
    """

    interval: float | None
    retry_interval: float | None
    timeout: float | None
    wait: bool
    health_checks: bool
    prune: bool
    force: bool
    path: tuple[str, ...]
    target: tuple[str, ...]
    last_run: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSpec:
    """A HelmRelease.

    Attributes:
        chart: the version of its chart template; None where it refers to a chart instead.
        verified: the chart template asks for a signature.
        anybody: anybody's signature will do.
        unremediated: the actions, of install and upgrade, whose failure nothing follows.
        endless: the actions that are tried again without end.
        drift: spec.driftDetection.mode.
        crds: spec.upgrade.crds.
        undeclared: fields of upgrade that make the result depend on more than the spec.
        unwaited: the actions that do not wait for readiness.
    """

    chart: str | None
    verified: bool
    anybody: bool
    unremediated: tuple[str, ...]
    endless: tuple[str, ...]
    drift: str
    max_history: int | None
    crds: str
    target_namespace: str
    storage_namespace: str
    undeclared: tuple[str, ...]
    unwaited: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """A source, an ImageRepository or a ResourceSetInputProvider: where something is fetched from.

    Attributes:
        wanted: the keys of spec.ref and their values; empty where there is none.
        version: of a HelmChart, the one that is asked for.
        url: its scheme and host, or of an image the host.
        verified: it asks for a signature.
        anybody: anybody's signature will do.
        updated: when its artifact was stored.
        generated: a HelmChart that helm-controller made for a HelmRelease.
    """

    wanted: Mapping[str, str]
    version: str
    url: str
    provider: str
    insecure: bool
    verified: bool
    anybody: bool
    pass_credentials: bool
    secret: bool
    opened: bool
    updated: datetime | None
    generated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySpec:
    """An ImagePolicy: its sort of policy (semver, alphabetical, numerical), and whether it filters tags."""

    sort: str
    filtered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationSpec:
    """An ImageUpdateAutomation: the branch that it reads (empty: its source's), and where it pushes to."""

    checkout: str
    push: str
    refspec: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSpec:
    """A Receiver."""

    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSpec:
    """An Alert. A source of events is a kind, a namespace and a name, which may be `*`."""

    provider: ObjectRef
    events: tuple[ObjectRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """A Provider: the fields (address, proxy) that hold a credential."""

    inline: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSpec:
    """A FluxInstance."""

    network_policy: bool
    size: str


Spec = (
    KustomizationSpec
    | ReleaseSpec
    | SourceSpec
    | PolicySpec
    | AutomationSpec
    | ReceiverSpec
    | AlertSpec
    | ProviderSpec
    | InstanceSpec
)


def _kustomization(item: Mapping[str, Any], node: FluxNode) -> KustomizationSpec:
    spec = at(item, "spec")
    elsewhere = at(spec, "kubeConfig")
    return KustomizationSpec(
        interval=parse_duration(text(spec, "interval")),
        retry_interval=parse_duration(text(spec, "retryInterval")),
        timeout=parse_duration(text(spec, "timeout")),
        wait=at(spec, "wait") is True,
        health_checks=bool(items(spec, "healthChecks")),
        prune=at(spec, "prune") is True,
        force=at(spec, "force") is True,
        path=tuple(part for part in node.object.path.split("/") if part not in {"", "."}),
        target=(
            "here" if elsewhere is None else "",
            text(elsewhere, "secretRef", "name"),
            text(elsewhere, "configMapRef", "name"),
            *(text(spec, field) for field in ("targetNamespace", "namePrefix", "nameSuffix")),
        ),
        last_run=parse_time(text(item, "status", "history", "0", "lastReconciled")),
    )


_ACTIONS: Final = ("install", "upgrade")


def _release(item: Mapping[str, Any], _: FluxNode) -> ReleaseSpec:
    spec = at(item, "spec")
    chart = at(spec, "chart", "spec")
    history = at(spec, "maxHistory")
    return ReleaseSpec(
        chart=text(chart, "version") if isinstance(chart, dict) else None,
        verified=at(chart, "verify") is not None,
        anybody=_anybody(at(chart, "verify")),
        unremediated=tuple(action for action in _ACTIONS if not _remediated(at(spec, action))),
        endless=tuple(action for action in _ACTIONS if number(spec, action, "remediation", "retries") < 0),
        drift=text(spec, "driftDetection", "mode"),
        max_history=history if isinstance(history, int) else None,
        crds=text(spec, "upgrade", "crds"),
        target_namespace=text(spec, "targetNamespace"),
        storage_namespace=text(spec, "storageNamespace"),
        undeclared=tuple(f"upgrade.{key}" for key in ("force", "preserveValues") if at(spec, "upgrade", key) is True),
        unwaited=tuple(action for action in _ACTIONS if at(spec, action, "disableWait") is True),
    )


def _remediated(action: object) -> bool:
    return text(action, "strategy", "name") == "RetryOnFailure" or number(action, "remediation", "retries") != 0


def _anybody(verify: object) -> bool:
    """Whether a verification by cosign, the default, names neither a key nor an identity."""
    named = text(verify, "secretRef", "name") or items(verify, "matchOIDCIdentity")
    return verify is not None and text(verify, "provider") in {"", "cosign"} and not named


def _source(item: Mapping[str, Any], node: FluxNode) -> SourceSpec:
    spec = at(item, "spec")
    ref = at(spec, "ref")
    # git@host:path and registry/image have no scheme.
    scheme, sign, rest = (text(spec, "url") or text(spec, "image")).rpartition("://")
    host = rest.partition("/")[0].rpartition("@")[2]
    return SourceSpec(
        wanted={key: told for key in ref if (told := text(ref, key))} if isinstance(ref, dict) else {},
        version=text(spec, "version"),
        url=f"{scheme}{sign}{host}",
        provider=text(spec, "provider"),
        insecure=at(spec, "insecure") is True,
        verified=at(spec, "verify") is not None,
        anybody=_anybody(at(spec, "verify")),
        pass_credentials=at(spec, "passCredentials") is True,
        secret=bool(text(spec, "secretRef", "name")),
        opened=at(spec, "accessFrom") is not None,
        updated=parse_time(text(item, "status", "artifact", "lastUpdateTime")),
        generated=any(owner.kind == "HelmRelease" for owner in node.owners),
    )


def _policy(item: Mapping[str, Any], _: FluxNode) -> PolicySpec:
    sorts = ("semver", "alphabetical", "numerical")
    return PolicySpec(
        sort=next((sort for sort in sorts if at(item, "spec", "policy", sort) is not None), ""),
        filtered=bool(text(item, "spec", "filterTags", "pattern")),
    )


def _automation(item: Mapping[str, Any], _: FluxNode) -> AutomationSpec:
    git = at(item, "spec", "git")
    return AutomationSpec(
        checkout=text(git, "checkout", "ref", "branch"),
        push=text(git, "push", "branch"),
        refspec=bool(text(git, "push", "refspec")),
    )


def _receiver(item: Mapping[str, Any], _: FluxNode) -> ReceiverSpec:
    return ReceiverSpec(type=text(item, "spec", "type"))


def _alert(item: Mapping[str, Any], node: FluxNode) -> AlertSpec:
    namespace = node.ref.namespace
    return AlertSpec(
        provider=ObjectRef("Provider", namespace, text(item, "spec", "providerRef", "name")),
        events=tuple(
            ObjectRef(text(entry, "kind"), text(entry, "namespace") or namespace, text(entry, "name"))
            for entry in items(item, "spec", "eventSources")
        ),
    )


def _provider(item: Mapping[str, Any], _: FluxNode) -> ProviderSpec:
    spec = at(item, "spec")
    fields = ("address", "proxy")
    kind = text(spec, "type")
    return ProviderSpec(inline=tuple(field for field in fields if holds_credential(text(spec, field), kind, field)))


def _instance(item: Mapping[str, Any], _: FluxNode) -> InstanceSpec:
    cluster = at(item, "spec", "cluster")
    return InstanceSpec(network_policy=at(cluster, "networkPolicy") is not False, size=text(cluster, "size"))


_SPECS: Final[Mapping[str, Callable[[Mapping[str, Any], FluxNode], Spec]]] = {
    "Kustomization": _kustomization,
    "HelmRelease": _release,
    **dict.fromkeys(("GitRepository", "OCIRepository", "Bucket", "HelmRepository", "HelmChart"), _source),
    **dict.fromkeys(("ImageRepository", "ResourceSetInputProvider"), _source),
    "ImagePolicy": _policy,
    "ImageUpdateAutomation": _automation,
    "Receiver": _receiver,
    "Alert": _alert,
    "Provider": _provider,
    "FluxInstance": _instance,
}
"""Kind → what makes the view of its spec."""


def spec_of(item: Mapping[str, Any], node: FluxNode) -> Spec | None:
    """The view of an object's spec; None for a kind that has none here."""
    make = _SPECS.get(node.ref.kind)
    return make(item, node) if make is not None else None
