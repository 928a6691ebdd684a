"""Rules of the audit about sources. The numbers are those of our knowledge file, section 6."""

import re
from collections.abc import Iterator
from typing import Final

from flux_mcp.audit.rule import AuditContext, Finding, Rule, Severity, Unknown, each
from flux_mcp.audit.spec_view import Audited
from flux_mcp.audit.specs import ReleaseSpec, SourceSpec

_COMPARISON: Final = re.compile(r"(?P<op>[=!<>~^]*)\s*v?(?P<version>[0-9A-Za-z*][^\s,]*)")
_ANY_MAJOR: Final = re.compile(r"[*xX](?:\.|$)")
_CLOUD_REGISTRY: Final = re.compile(
    r"(?:^|://)(?:[\w.-]+\.dkr\.ecr\.[\w-]+\.amazonaws\.com|[\w-]+\.azurecr\.io|[\w.-]+-docker\.pkg\.dev"
    r"|(?:[a-z]+\.)?gcr\.io)(?:\.cn)?$"
)
"""Registries for which Flux gets short-lived credentials itself."""


def is_open(constraint: str) -> bool:
    """Whether a semver constraint allows every later major version: `*`, `>=9.0.0`, `1.x || >3`; empty is `*`."""
    return any(_unbounded(part) for part in constraint.split("||"))


def _unbounded(part: str) -> bool:
    if re.search(r"\s-\s", part):
        return False
    comparisons = list(_COMPARISON.finditer(part))
    if not comparisons:
        return not part.strip()
    return all(
        found["op"] in {">", ">=", "=>", "!="} or _ANY_MAJOR.match(found["version"]) is not None
        for found in comparisons
    )


def _open_versions(context: AuditContext) -> Iterator[Finding]:
    for one, release in context.of(ReleaseSpec):
        # Of a chart from Git or a Bucket the version is ignored.
        versioned = any(ref.kind == "HelmRepository" for ref in one.sources)
        if versioned and release.chart is not None and is_open(release.chart):
            yield Finding(one.ref, release.chart or "*")
    for one, spec in context.of(SourceSpec):
        own_chart = one.ref.kind == "HelmChart" and not spec.generated
        if own_chart and any(ref.kind == "HelmRepository" for ref in one.sources) and is_open(spec.version):
            yield Finding(one.ref, spec.version or "*")
        elif "semver" in spec.wanted and "digest" not in spec.wanted and is_open(spec.wanted["semver"]):
            yield Finding(one.ref, spec.wanted["semver"])


def _moving_tag(spec: SourceSpec) -> str:
    if spec.wanted.keys() & {"digest", "semver"}:
        return ""
    tag = spec.wanted.get("tag", "")
    return "latest" if tag in {"", "latest"} else ""


def _in_the_clear(spec: SourceSpec) -> str:
    scheme = next((scheme for scheme in ("http://", "git://") if spec.url.lower().startswith(scheme)), "")
    return scheme or ("insecure=true" if spec.insecure else "")


def _unverified(context: AuditContext) -> Iterator[Finding | Unknown]:
    """Git and OCI sources, and charts from OCI registries: what Flux can verify."""
    for one, spec in context.of(SourceSpec, "GitRepository", "OCIRepository"):
        if not spec.verified:
            yield Finding(one.ref)
    charts = [(one, not spec.verified) for one, spec in context.of(SourceSpec, "HelmChart") if not spec.generated]
    charts += [(one, not spec.verified) for one, spec in context.of(ReleaseSpec) if spec.chart is not None]
    for one, bare in charts:
        if bare and (found := _from_registry(context, one)):
            yield Finding(one.ref) if found is True else found


def _by_anybody(context: AuditContext) -> Iterator[Finding]:
    """Not of a GitRepository, which always needs a key; nor of a HelmChart that a HelmRelease stands for."""
    for one, spec in context.of(SourceSpec, "OCIRepository", "HelmChart"):
        if spec.anybody and not spec.generated:
            yield Finding(one.ref)
    yield from each(ReleaseSpec, lambda spec: spec.anybody)(context)


def _from_registry(context: AuditContext, one: Audited) -> bool | Unknown:
    """Whether a chart comes from a HelmRepository of type oci."""
    for ref in one.sources:
        if ref.kind == "HelmRepository":
            known = context.known.get(ref)
            if known is not None:
                return known.node.object.oci_helm_repository
            missing = context.missing(ref)
            return missing if isinstance(missing, Unknown) else False
    return False


def _oci_repositories(context: AuditContext) -> Iterator[Finding]:
    yield from (Finding(one.ref) for one in context.objects if one.node.object.oci_helm_repository)


_FETCHERS: Final = (
    "GitRepository",
    "OCIRepository",
    "Bucket",
    "HelmRepository",
    "ImageRepository",
    "ResourceSetInputProvider",
)

SOURCE_RULES: Final = (
    Rule(  # 14; the semver of Git and OCI sources too, as charts and manifests come from there as well
        id="version-open",
        severity=Severity.HIGH,
        kinds=("HelmRelease", "HelmChart", "OCIRepository", "GitRepository"),
        check=_open_versions,
        why="a new major version comes unattended",
        fix="a range within a major version",
        link="source/helmcharts#version",
    ),
    Rule(  # 17
        id="transport-insecure",
        severity=Severity.HIGH,
        kinds=_FETCHERS,
        check=each(SourceSpec, _in_the_clear, *_FETCHERS),
        why="anybody on the way can change what is applied",
        fix="https://, no insecure",
        link="https://fluxcd.io/flux/security/best-practices/",
    ),
    Rule(  # 11
        id="oci-tag-moving",
        severity=Severity.HIGH,
        kinds=("OCIRepository",),
        check=each(SourceSpec, _moving_tag, "OCIRepository"),
        why="what the tag means changes",
        fix="ref: {semver: 1.x} or a digest",
        link="source/ocirepositories#reference",
    ),
    Rule(  # 13, the half that is no question of production
        id="git-ref-unset",
        severity=Severity.MEDIUM,
        kinds=("GitRepository",),
        check=each(SourceSpec, lambda spec: not spec.wanted, "GitRepository"),
        why="it follows the branch master",
        fix="ref: {branch: main}, a tag or semver",
        link="source/gitrepositories#reference",
    ),
    Rule(  # 15
        id="verify-unset",
        severity=Severity.MEDIUM,
        kinds=("GitRepository", "OCIRepository", "HelmChart", "HelmRelease"),
        check=_unverified,
        why="who can push can deploy",
        fix="spec.verify (HelmRelease: chart.spec.verify)",
        link="source/gitrepositories#verification",
    ),
    Rule(  # 16
        id="verify-anybody",
        severity=Severity.MEDIUM,
        kinds=("OCIRepository", "HelmChart", "HelmRelease"),
        check=_by_anybody,
        why="a signature by anybody will do",
        fix="verify.matchOIDCIdentity or secretRef",
        link="source/ocirepositories#verification",
    ),
    Rule(  # 18
        id="helm-repository-passes-credentials",
        severity=Severity.MEDIUM,
        kinds=("HelmRepository",),
        check=each(SourceSpec, lambda spec: spec.pass_credentials),
        why="credentials go to any host that the index names",
        fix="passCredentials: false",
        link="source/helmrepositories#pass-credentials",
    ),
    Rule(  # 34
        id="helm-repository-oci",
        severity=Severity.LOW,
        kinds=("HelmRepository",),
        check=_oci_repositories,
        why="it has no status",
        fix="an OCIRepository, and chartRef",
        link="source/helmrepositories#helm-oci-repository",
    ),
    Rule(  # 55
        id="registry-static-credentials",
        severity=Severity.LOW,
        kinds=("OCIRepository", "HelmRepository", "ImageRepository"),
        check=each(
            SourceSpec,
            lambda spec: (
                spec.secret and spec.provider in {"", "generic"} and _CLOUD_REGISTRY.search(spec.url) is not None
            ),
            "OCIRepository",
            "HelmRepository",
            "ImageRepository",
        ),
        why="credentials that do not rotate",
        fix="provider: aws, azure or gcp",
        link="source/ocirepositories#provider",
    ),
)
