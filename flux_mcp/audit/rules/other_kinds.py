"""Checks of images, notifications and Flux Operator."""

from collections.abc import Iterator, Mapping
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import notified
from flux_mcp.api.unstructured import at, text
from flux_mcp.audit.inline_credentials import holds_credential
from flux_mcp.audit.rule import OTHER_NAMESPACES, AuditContext, ContextCheck, Finding, Manifest, ObjectCheck, Unknown

SMALL: Final = 100
"""Kustomizations and HelmReleases up to which Flux Operator's size small is meant."""
_APPLIERS: Final = ("Kustomization", "HelmRelease")


def _credential_fields(manifest: Manifest) -> Iterator[str]:
    provider = text(manifest.spec, "type")
    return (field for field in ("address", "proxy") if holds_credential(text(manifest.spec, field), provider, field))


def _unfiltered(manifest: Manifest) -> bool:
    policy = at(manifest.spec, "policy")
    ordered = any(at(policy, order) is not None for order in ("alphabetical", "numerical"))
    return ordered and at(policy, "semver") is None and not text(manifest.spec, "filterTags", "pattern")


def _pushes_to_source(context: AuditContext) -> Iterator[Finding]:
    for one in context.of_kind("ImageUpdateAutomation"):
        sources = (context.known[ref] for ref in one.node.object.sources if ref in context.known)
        deployed = {one.branch} if one.branch else {source.branch for source in sources}
        if one.push == "" or one.push in deployed:
            yield Finding(one.ref)


def _provider(manifest: Manifest) -> tuple[ObjectRef, ...]:
    name = text(manifest.spec, "providerRef", "name")
    return (ObjectRef("Provider", manifest.node.ref.namespace, name),) if name else ()


def _named_objects(manifest: Manifest) -> Iterator[ObjectRef]:
    return notified(manifest.spec, manifest.node.ref.namespace)


def _unreported(context: AuditContext) -> Iterator[Finding | Unknown]:
    """By kind and namespace; an Alert that selects by labels is taken to report all that it may."""
    if context.namespace is not None:
        yield OTHER_NAMESPACES
        return
    alerts = (one for one in context.of_kind("Alert") if not one.node.object.disabled)
    reported = {event for alert in alerts for event in alert.events}
    found: dict[tuple[str, str], bool] = {}
    for one in context.objects:
        kind, namespace = one.ref.kind, one.ref.namespace
        if kind in _APPLIERS and not found.get((kind, namespace)):
            # A name may be `*`; a namespace may not.
            found[kind, namespace] = not reported.isdisjoint((ObjectRef(kind, namespace, "*"), one.ref))
    for (kind, namespace), is_reported in sorted(found.items()):
        if not is_reported:
            yield Finding(ObjectRef(kind, namespace, "*"))


def _too_small(context: AuditContext) -> Iterator[Finding]:
    if sum(one.ref.kind in _APPLIERS for one in context.objects) > SMALL:
        yield from context.found_alone["instance-size-small"]


ALONE: Final[Mapping[str, ObjectCheck]] = {
    "provider-address-inline": _credential_fields,
    "receiver-generic": lambda manifest: text(manifest.spec, "type") == "generic",
    "image-policy-unfiltered": _unfiltered,
    "alert-provider-missing": _provider,
    "notification-object-missing": _named_objects,
    "instance-network-policy-off": lambda manifest: at(manifest.spec, "cluster", "networkPolicy") is False,
    "instance-size-small": lambda manifest: text(manifest.spec, "cluster", "size") == "small",
    "field-deprecated": lambda manifest: (
        ".".join(path) for path in manifest.node.object.kind.deprecated if at(manifest.spec, *path) is not None
    ),
}
ACROSS: Final[Mapping[str, ContextCheck]] = {
    "image-automation-pushes-to-source": _pushes_to_source,
    "alert-provider-missing": lambda context: context.missing_targets("alert-provider-missing"),
    "notification-object-missing": lambda context: context.missing_targets("notification-object-missing"),
    "instance-size-small": _too_small,
    "alert-unset": _unreported,
}
