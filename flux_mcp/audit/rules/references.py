"""Checks of how objects refer to each other, and of what every kind can get wrong."""

from collections.abc import Iterator, Mapping
from typing import Final

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, text
from flux_mcp.audit.inline_credentials import credential_keys
from flux_mcp.audit.rule import AuditContext, ContextCheck, Finding, Manifest, ObjectCheck, Unknown
from flux_mcp.flux.graph import loops

FORGOTTEN: Final = 7 * 86400.0
"""Seconds without a change after which a suspended object counts as forgotten."""


def _credentials(manifest: Manifest) -> Iterator[str]:
    for field in manifest.node.object.kind.inline:
        yield from credential_keys(at(manifest.spec, *field))


def _configs(manifest: Manifest) -> Iterator[ObjectRef]:
    """The ConfigMaps that values or substitutions come from."""
    for entry in (*items(manifest.spec, "valuesFrom"), *items(manifest.spec, "postBuild", "substituteFrom")):
        if text(entry, "kind") == "ConfigMap" and (name := text(entry, "name")):
            yield ObjectRef("ConfigMap", manifest.node.ref.namespace, name)


def _unwatched(context: AuditContext) -> Iterator[Finding]:
    for finding in context.found_alone["config-unwatched"]:
        for config in finding.values:
            if isinstance(config, ObjectRef) and context.watched.get(config) is False:
                yield Finding(finding.ref, (config,))


def _loops(context: AuditContext) -> Iterator[Finding]:
    for members in loops(context.graph):
        for ref in members:
            yield Finding(ref, tuple(target for target in context.graph.nodes[ref].depends_on if target in members))


def _missing_dependencies(context: AuditContext) -> Iterator[Finding | Unknown]:
    for one in context.objects:
        for target in one.node.depends_on:
            # A ResourceSet may depend on any kind; what is not Flux's was not looked for.
            missing = context.missing(target) if target.kind in by_kind else Unknown(target.kind)
            if missing:
                yield missing if isinstance(missing, Unknown) else Finding(one.ref, (target,))


def _suspended_dependencies(context: AuditContext) -> Iterator[Finding]:
    for one in context.objects:
        for target in one.node.depends_on:
            if target in context.known and context.known[target].node.object.disabled:
                yield Finding(one.ref, (target,))


def _foreign_sources(manifest: Manifest) -> bool | str:
    if any(target.namespace != manifest.node.ref.namespace for target in manifest.sources):
        return True
    return "accessFrom" if at(manifest.spec, "accessFrom") is not None else False


def _forgotten(context: AuditContext) -> Iterator[Finding]:
    """By the last transition, else the creation; not of kinds without a status, which show neither."""
    for one in context.objects:
        seconds = context.seconds(context.statuses[one.ref].since)
        reports = not one.node.object.kind.static and not one.node.object.oci_helm_repository
        if one.node.object.disabled and reports and seconds > FORGOTTEN:
            yield Finding(one.ref, (f"{seconds // 86400:.0f}d",))


ALONE: Final[Mapping[str, ObjectCheck]] = {
    "credential-inline": _credentials,
    # Once: not again for the HelmChart that helm-controller made of a HelmRelease.
    "source-missing": lambda manifest: () if manifest.generated else manifest.sources,
    "source-cross-namespace": _foreign_sources,
    "config-unwatched": _configs,
    "namespace-default": lambda manifest: manifest.node.ref.namespace == "default",
}
ACROSS: Final[Mapping[str, ContextCheck]] = {
    "depends-on-loop": _loops,
    "depends-on-missing": _missing_dependencies,
    "depends-on-suspended": _suspended_dependencies,
    "source-missing": lambda context: context.missing_targets("source-missing"),
    "suspended-long": _forgotten,
    "config-unwatched": _unwatched,
}
