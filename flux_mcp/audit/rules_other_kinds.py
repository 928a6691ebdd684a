"""Rules of the audit about images, notifications and Flux Operator. Numbers: our knowledge file, section 6."""

from collections.abc import Iterator
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.rule import BEYOND, AuditContext, Finding, Rule, Severity, Unknown, each
from flux_mcp.audit.specs import (
    AlertSpec,
    AutomationSpec,
    InstanceSpec,
    PolicySpec,
    ProviderSpec,
    ReceiverSpec,
    SourceSpec,
)

SMALL: Final = 100
"""Appliers up to which Flux Operator's size small is meant."""
_APPLIERS: Final = ("Kustomization", "HelmRelease")


def _pushes_to_source(context: AuditContext) -> Iterator[Finding]:
    for one, spec in context.of(AutomationSpec):
        sources = [source for ref in one.sources if (source := context.spec(ref, SourceSpec)) is not None]
        followed = {spec.checkout} if spec.checkout else {source.wanted.get("branch", "") for source in sources}
        if spec.push in followed or (not spec.push and not spec.refspec):
            yield Finding(one.ref)


def _uncovered(context: AuditContext) -> Iterator[Finding | Unknown]:
    """The kinds and namespaces with appliers of which no Alert tells; an Alert by labels is taken to tell."""
    if context.namespace is not None:
        yield BEYOND
        return
    alerts = (spec for one, spec in context.of(AlertSpec) if not one.node.object.disabled)
    covered = {event for spec in alerts for event in spec.events}
    found: dict[tuple[str, str], bool] = {}
    for one in context.objects:
        kind, namespace = one.ref.kind, one.ref.namespace
        if kind in _APPLIERS and not found.get((kind, namespace)):
            # A name may be `*`; a namespace may not.
            found[kind, namespace] = not covered.isdisjoint((ObjectRef(kind, namespace, "*"), one.ref))
    yield from (
        Finding(ObjectRef(kind, namespace, "*")) for (kind, namespace), told in sorted(found.items()) if not told
    )


def _silent(context: AuditContext) -> Iterator[Finding | Unknown]:
    for one, spec in context.of(AlertSpec):
        if spec.provider.name and (missing := context.missing(spec.provider)):
            yield missing if isinstance(missing, Unknown) else Finding(one.ref, spec.provider)


def _deprecated(context: AuditContext) -> Iterator[Finding]:
    yield from (Finding(one.ref, "+".join(one.deprecated)) for one in context.objects if one.deprecated)


def _too_small(context: AuditContext) -> Iterator[Finding]:
    appliers = sum(one.ref.kind in _APPLIERS for one in context.objects)
    if appliers > SMALL:
        yield from each(InstanceSpec, lambda spec: spec.size == "small")(context)


OTHER_RULES: Final = (
    Rule(  # 46
        id="provider-address-inline",
        severity=Severity.HIGH,
        kinds=("Provider",),
        check=each(ProviderSpec, lambda spec: spec.inline),
        why="who reads the Provider can post there",
        fix="secretRef to a Secret with the address",
        link="notification/providers#address",
    ),
    Rule(  # 44
        id="receiver-generic",
        severity=Severity.HIGH,
        kinds=("Receiver",),
        check=each(ReceiverSpec, lambda spec: spec.type == "generic"),
        why="requests are not authenticated",
        fix="type: generic-hmac, or your host's",
        link="notification/receivers#type",
    ),
    Rule(  # 43
        id="image-automation-pushes-to-source",
        severity=Severity.MEDIUM,
        kinds=("ImageUpdateAutomation",),
        check=_pushes_to_source,
        why="new images are applied without review",
        fix="git: {push: {branch: image-updates}}",
        link="image/imageupdateautomations/",
    ),
    Rule(  # 42
        id="image-policy-unfiltered",
        severity=Severity.MEDIUM,
        kinds=("ImagePolicy",),
        check=each(PolicySpec, lambda spec: spec.sort in {"alphabetical", "numerical"} and not spec.filtered),
        why="any tag may win, such as latest",
        fix="filterTags",
        link="image/imagepolicies/",
    ),
    Rule(  # 45: medium, since such an Alert is a mistake and not a choice
        id="alert-provider-missing",
        severity=Severity.MEDIUM,
        kinds=("Alert",),
        check=_silent,
        why="nothing is sent",
        fix="a providerRef that exists",
        link="notification/alerts#provider-reference",
    ),
    Rule(  # 47
        id="instance-network-policy-off",
        severity=Severity.MEDIUM,
        kinds=("FluxInstance",),
        check=each(InstanceSpec, lambda spec: not spec.network_policy),
        why="any pod reaches the artifacts and the webhooks",
        fix="cluster: {networkPolicy: true}",
        link="https://fluxoperator.dev/docs/crd/fluxinstance/",
    ),
    Rule(  # 47
        id="instance-size-small",
        severity=Severity.MEDIUM,
        kinds=("FluxInstance",),
        check=_too_small,
        why="more than 100 Kustomizations and HelmReleases",
        fix="cluster: {size: medium}",
        link="https://fluxoperator.dev/docs/crd/fluxinstance/",
        wide=True,
    ),
    Rule(  # 10
        id="field-deprecated",
        severity=Severity.LOW,
        kinds=("HelmRelease", "Alert", "Provider"),
        check=_deprecated,
        why="it does nothing, or has a successor",
        fix="install.crds: Skip; eventMetadata; proxySecretRef; else leave it out",
        link="https://github.com/fluxcd/flux2/releases",
    ),
    Rule(  # 45
        id="alert-unset",
        severity=Severity.LOW,
        kinds=_APPLIERS,
        check=_uncovered,
        why="no Alert tells of failures there",
        fix="an Alert with eventSources",
        link="notification/alerts#event-sources",
        needs=("Alert",),
    ),
)
