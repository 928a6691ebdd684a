"""Rules of the audit about how objects refer to each other, and what every kind may get wrong.

The numbers are those of our knowledge file, section 6.
"""

from collections.abc import Iterator
from typing import Final

from flux_mcp.api.kinds import FLUX_KINDS, by_kind
from flux_mcp.audit.rule import Blind, Facts, Hit, Rule, Severity
from flux_mcp.audit.specs import SourceSpec
from flux_mcp.flux.graph import loops

__all__ = ["FLOW_RULES"]

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


def _loops(facts: Facts) -> Iterator[Hit]:
    found = list(loops(facts.graph))
    for members in found:
        # One loop needs no name; of several, the first member tells which is meant.
        yield from (Hit(ref, members[0] if len(found) > 1 else None) for ref in members)


def _missing_dependencies(facts: Facts) -> Iterator[Hit | Blind]:
    for one in facts.objects:
        for target in one.linked.depends_on:
            # A ResourceSet may depend on any kind; what is not Flux's was not looked for.
            missing = facts.missing(target) if target.kind in by_kind else Blind(target.kind)
            if missing:
                yield missing if isinstance(missing, Blind) else Hit(one.ref, target)


def _suspended_dependencies(facts: Facts) -> Iterator[Hit]:
    for one in facts.objects:
        for target in one.linked.depends_on:
            if target in facts.known and facts.known[target].linked.object.disabled:
                yield Hit(one.ref, target)


def _missing_sources(facts: Facts) -> Iterator[Hit | Blind]:
    """By what the spec names, once: not again for the HelmChart that helm-controller made of a HelmRelease."""
    for one in facts.objects:
        if isinstance(one.spec, SourceSpec) and one.spec.generated:
            continue
        for target in one.sources:
            if missing := facts.missing(target):
                yield missing if isinstance(missing, Blind) else Hit(one.ref, target)


def _foreign_sources(facts: Facts) -> Iterator[Hit]:
    for one in facts.objects:
        if any(target.namespace != one.ref.namespace for target in one.sources):
            yield Hit(one.ref)
        elif isinstance(one.spec, SourceSpec) and one.spec.opened:
            yield Hit(one.ref, "accessFrom")


def _forgotten(facts: Facts) -> Iterator[Hit]:
    """Suspended, and nothing happened to it for a week: its last run, else its creation, is as long ago.

    Not of kinds without a status, of which nothing tells when they last did something.
    """
    for one in facts.objects:
        entry = facts.judged[one.ref]
        told = not one.linked.object.kind.static and not one.linked.object.oci_helm_repository
        if one.linked.object.disabled and told and facts.seconds(entry.since) > FORGOTTEN:
            yield Hit(one.ref, f"{facts.seconds(entry.since) // 86400:.0f}d")


def _literals(facts: Facts) -> Iterator[Hit]:
    for one in facts.objects:
        if one.credentials:
            yield Hit(one.ref, one.credentials[0], len(one.credentials) - 1)


def _unwatched(facts: Facts) -> Iterator[Hit]:
    for one in facts.objects:
        for config in one.configs:
            if facts.watched.get(config) is False:
                yield Hit(one.ref, config)


def _in_default(facts: Facts) -> Iterator[Hit]:
    yield from (Hit(one.ref) for one in facts.objects if one.ref.namespace == "default")


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
