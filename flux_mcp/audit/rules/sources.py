"""Checks of sources, and of the charts and images that are fetched."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, text
from flux_mcp.audit.rule import AuditContext, ContextCheck, Finding, Manifest, ObjectCheck, Unknown

_COMPARISON: Final = re.compile(r"(?P<op>[=!<>~^]{0,2})\s{0,9}v?(?P<version>[0-9A-Za-z*][^\s,]*)")
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


def _spec(manifest: Manifest, kind: str) -> object:
    """The spec of a source of this kind: its own, or the chart template of a HelmRelease; None where it is neither."""
    if manifest.node.ref.kind == "HelmRelease":
        template = at(manifest.spec, "chart")
        return at(template, "spec") if (text(template, "kind") or "HelmChart") == kind else None
    return manifest.spec if manifest.node.ref.kind == kind and not manifest.generated else None


def _repositories(manifest: Manifest) -> tuple[ObjectRef, ...]:
    """The HelmRepositories that a chart comes from: with a chart from Git or a Bucket, the version is ignored."""
    return tuple(ref for ref in manifest.sources if ref.kind == "HelmRepository")


def _open_version(manifest: Manifest) -> str:
    if isinstance(chart := _spec(manifest, "HelmChart"), dict):
        version = text(chart, "version")
        return (version or "*") if _repositories(manifest) and is_open(version) else ""
    ref = at(_spec(manifest, "OCIRepository") or _spec(manifest, "GitRepository"), "ref")
    semver = text(ref, "semver")
    return semver if semver and not text(ref, "digest") and is_open(semver) else ""


def _host(manifest: Manifest) -> str:
    """Scheme and host of an address: no user, and no path, which can hold a token. `git@host:path` has no scheme."""
    scheme, sign, rest = (text(manifest.spec, "url") or text(manifest.spec, "image")).rpartition("://")
    return f"{scheme}{sign}{rest.partition('/')[0].rpartition('@')[2]}"


def _without_tls(manifest: Manifest) -> str:
    if manifest.generated:
        return ""
    scheme = next((scheme for scheme in ("http://", "git://") if _host(manifest).lower().startswith(scheme)), "")
    template = _spec(manifest, "OCIRepository")
    return scheme or ("insecure" if at(template or manifest.spec, "insecure") is True else "")


def _moving_tag(manifest: Manifest) -> bool:
    spec = _spec(manifest, "OCIRepository")
    ref = at(spec, "ref")
    moves = not (text(ref, "digest") or text(ref, "semver")) and text(ref, "tag") in {"", "latest"}
    return isinstance(spec, dict) and moves


def _no_ref(manifest: Manifest) -> bool:
    ref = at(manifest.spec, "ref")
    return not (isinstance(ref, dict) and any(text(ref, key) for key in ref))


def _unverified(manifest: Manifest) -> bool | tuple[ObjectRef, ...]:
    """Git and OCI sources; of a chart the repositories, of which Flux verifies those of type oci."""
    source = _spec(manifest, "OCIRepository") or _spec(manifest, "GitRepository")
    if isinstance(source, dict):
        return at(source, "verify") is None
    chart = _spec(manifest, "HelmChart")
    return _repositories(manifest)[:1] if isinstance(chart, dict) and at(chart, "verify") is None else ()


def _unverified_charts(context: AuditContext) -> Iterator[Finding | Unknown]:
    for finding in context.found_alone["verify-unset"]:
        ref = next(iter(finding.values), None)
        if not isinstance(ref, ObjectRef):
            yield finding
        elif ref in context.known:
            if context.known[ref].node.object.oci_helm_repository:
                yield Finding(finding.ref)
        elif isinstance(missing := context.missing(ref), Unknown):
            yield missing


def _by_anybody(manifest: Manifest) -> bool:
    """Whether a verification by cosign, the default, names neither a key nor an identity."""
    verify = at(_spec(manifest, "HelmChart") or _spec(manifest, "OCIRepository"), "verify")
    named = text(verify, "secretRef", "name") or items(verify, "matchOIDCIdentity")
    return verify is not None and text(verify, "provider") in {"", "cosign"} and not named


def _static_credentials(manifest: Manifest) -> bool:
    return (
        bool(text(manifest.spec, "secretRef", "name"))
        and text(manifest.spec, "provider") in {"", "generic"}
        and _CLOUD_REGISTRY.search(_host(manifest)) is not None
    )


ALONE: Final[Mapping[str, ObjectCheck]] = {
    "version-open": _open_version,
    "transport-insecure": _without_tls,
    "oci-tag-moving": _moving_tag,
    "git-ref-unset": _no_ref,
    "verify-unset": _unverified,
    "verify-anybody": _by_anybody,
    "helm-repository-passes-credentials": lambda manifest: at(manifest.spec, "passCredentials") is True,
    "helm-repository-oci": lambda manifest: manifest.node.object.oci_helm_repository,
    "registry-static-credentials": _static_credentials,
}
ACROSS: Final[Mapping[str, ContextCheck]] = {"verify-unset": _unverified_charts}
