"""Rules of the audit about how objects refer to each other, and what every kind may get wrong.

The numbers are those of our knowledge file, section 6.
"""

from collections.abc import Iterator
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.audit.rule import AuditContext, Finding, Rule, Severity, Unknown
from flux_mcp.audit.specs import SourceSpec
from flux_mcp.flux.graph import loops

FORGOTTEN: Final = 7 * 86400.0
"""Seconds after which a suspended object is taken to be forgotten."""
_DEPENDANTS: Final = ("Kustomization", "HelmRelease", "ResourceSet")
_USERS: Final = (
    "Kustomization",
    "HelmRelease",
    "HelmChart",
    "GitRepository",
    "ArtifactGenerator",
    "ImagePolicy",
    "ImageUpdateAutomation",
)
_ALL: Final = tuple(kind.kind for kind in FLUX_KINDS)
_DEPENDENCIES: Final = "kustomize/kustomizations#dependencies"


def _loops(context: AuditContext) -> Iterator[Finding]:
    found = list(loops(context.graph))
    for members in found:
        # One loop needs no name; of several, the first member tells which is meant.
        yield from (Finding(ref, members[0] if len(found) > 1 else None) for ref in members)


def _missing_dependencies(context: AuditContext) -> Iterator[Finding | Unknown]:
    for one in context.objects:
        for target in one.node.depends_on:
            # A ResourceSet may depend on any kind; what is not Flux's was not looked for.
            missing = context.missing(target) if target.kind in by_kind else Unknown(target.kind)
            if missing:
                yield missing if isinstance(missing, Unknown) else Finding(one.ref, target)


def _suspended_dependencies(context: AuditContext) -> Iterator[Finding]:
    for one in context.objects:
        for target in one.node.depends_on:
            if target in context.known and context.known[target].node.object.disabled:
                yield Finding(one.ref, target)


def _missing_sources(context: AuditContext) -> Iterator[Finding | Unknown]:
    """By what the spec names, once: not again for the HelmChart that helm-controller made of a HelmRelease."""
    for one in context.objects:
        if isinstance(one.spec, SourceSpec) and one.spec.generated:
            continue
        for target in one.sources:
            if missing := context.missing(target):
                yield missing if isinstance(missing, Unknown) else Finding(one.ref, target)


def _foreign_sources(context: AuditContext) -> Iterator[Finding]:
    for one in context.objects:
        if any(target.namespace != one.ref.namespace for target in one.sources):
            yield Finding(one.ref)
        elif isinstance(one.spec, SourceSpec) and one.spec.opened:
            yield Finding(one.ref, "accessFrom")


def _forgotten(context: AuditContext) -> Iterator[Finding]:
    """Suspended, and nothing happened to it for a week: its last run, else its creation, is as long ago.

    Not of kinds without a status, of which nothing tells when they last did something.
    """
    for one in context.objects:
        entry = context.statuses[one.ref]
        told = not one.node.object.kind.static and not one.node.object.oci_helm_repository
        if one.node.object.disabled and told and context.seconds(entry.since) > FORGOTTEN:
            yield Finding(one.ref, f"{context.seconds(entry.since) // 86400:.0f}d")


def _literals(context: AuditContext) -> Iterator[Finding]:
    for one in context.objects:
        if one.credentials:
            yield Finding(one.ref, one.credentials[0], len(one.credentials) - 1)


def _unwatched(context: AuditContext) -> Iterator[Finding]:
    for one in context.objects:
        for config in one.configs:
            if context.watched.get(config) is False:
                yield Finding(one.ref, config)


def _in_default(context: AuditContext) -> Iterator[Finding]:
    yield from (Finding(one.ref) for one in context.objects if one.ref.namespace == "default")


FLOW_RULES: Final = (
    Rule(  # 38, by the names of keys alone
        id="credential-inline",
        severity=Severity.HIGH,
        kinds=("HelmRelease", "Kustomization", "ResourceSet", "ResourceSetInputProvider"),
        check=_literals,
        why="it stands in the source and in every read",
        fix="valuesFrom, substituteFrom a Secret",
        link="helm/helmreleases#values-references",
    ),
    Rule(  # 20
        id="depends-on-loop",
        severity=Severity.HIGH,
        kinds=_DEPENDANTS,
        check=_loops,
        why="none of them ever becomes ready",
        fix="take one out of dependsOn",
        link=_DEPENDENCIES,
        wide=True,
    ),
    Rule(  # 21
        id="depends-on-missing",
        severity=Severity.HIGH,
        kinds=_DEPENDANTS,
        check=_missing_dependencies,
        why="it waits for ever",
        fix="a name that exists, in dependsOn",
        link=_DEPENDENCIES,
    ),
    Rule(  # 21
        id="depends-on-suspended",
        severity=Severity.HIGH,
        kinds=_DEPENDANTS,
        check=_suspended_dependencies,
        why="it waits until that is resumed",
        fix="resume it, or take it out of dependsOn",
        link=_DEPENDENCIES,
        wide=True,
    ),
    Rule(  # 22
        id="source-missing",
        severity=Severity.HIGH,
        kinds=_USERS,
        check=_missing_sources,
        why="nothing is fetched",
        fix="a sourceRef that exists",
        link="kustomize/kustomizations#source-reference",
    ),
    Rule(  # 8
        id="suspended-long",
        severity=Severity.MEDIUM,
        kinds=_ALL,
        check=_forgotten,
        why="changes do not arrive, and nobody is told",
        fix="suspend: false, or delete it",
        link="kustomize/kustomizations#suspend",
    ),
    Rule(  # 19
        id="source-cross-namespace",
        severity=Severity.MEDIUM,
        kinds=(*_USERS, "ImageRepository"),
        check=_foreign_sources,
        why="blocked under --no-cross-namespace-refs",
        fix="a source in the same namespace",
        link="https://fluxcd.io/flux/installation/configuration/multitenancy/",
    ),
    Rule(  # 39, of ConfigMaps: Secrets are never read
        id="config-unwatched",
        severity=Severity.LOW,
        kinds=("HelmRelease", "Kustomization"),
        check=_unwatched,
        why="a change to it waits an interval",
        fix="label it reconcile.fluxcd.io/watch: Enabled",
        link="helm/helmreleases#reacting-immediately-to-configuration-dependencies",
        needs=("ConfigMap",),
    ),
    Rule(  # 59, the half that needs no knowledge of tenants
        id="namespace-default",
        severity=Severity.LOW,
        kinds=_ALL,
        check=_in_default,
        why="access cannot be told apart there",
        fix="a namespace of its own",
        link="https://fluxcd.io/flux/security/best-practices/",
    ),
)
