"""Rules of the audit about HelmReleases. The numbers are those of our knowledge file, section 6."""

from collections.abc import Iterator
from typing import Final

from flux_mcp.api.kubernetes_kinds import DEPLOYMENT
from flux_mcp.audit.rule import BEYOND, AuditContext, Finding, Rule, Severity, Unknown, each
from flux_mcp.audit.specs import ReleaseSpec

RETRY_GATE: Final = "DefaultToRetryOnFailure=true"
"""The feature gate of helm-controller under which every release is tried again without remediation."""
_PAGE: Final = "helm/helmreleases"
_KIND: Final = ("HelmRelease",)


def _unremediated(context: AuditContext) -> Iterator[Finding | Unknown]:
    args = (arg for one in context.controllers for container in one.containers for arg in container.args)
    if any(arg.lstrip("-").startswith("feature-gates=") and RETRY_GATE in arg for arg in args):
        return
    if DEPLOYMENT.kind not in context.read or context.namespace is not None:
        yield Unknown(DEPLOYMENT.kind) if context.namespace is None else BEYOND
    yield from each(ReleaseSpec, lambda spec: spec.unremediated)(context)


def _crds_stay(context: AuditContext) -> Iterator[Finding]:
    """A release with CRDs, of which those of the chart's folder crds/ are not updated."""
    for one, spec in context.of(ReleaseSpec):
        has = any(managed.kind == "CustomResourceDefinition" for managed in one.node.applied or ())
        if has and spec.crds != "CreateReplace":
            yield Finding(one.ref)


def _stored_elsewhere(context: AuditContext) -> Iterator[Finding]:
    for one, spec in context.of(ReleaseSpec):
        if spec.target_namespace not in {"", one.ref.namespace} and not spec.storage_namespace:
            yield Finding(one.ref, spec.target_namespace)


HELM_RULES: Final = (
    Rule(  # 25
        id="helm-remediation-unset",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=_unremediated,
        why="a failure stays until the spec changes",
        fix="remediation: {retries: 3}",
        link=f"{_PAGE}#configuring-failure-handling",
    ),
    Rule(  # 26
        id="helm-retries-endless",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=each(ReleaseSpec, lambda spec: spec.endless),
        why="a broken release is removed and installed for ever",
        fix="retries: 3",
        link=f"{_PAGE}#configuring-failure-handling",
    ),
    Rule(  # 29
        id="helm-history-unlimited",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=each(ReleaseSpec, lambda spec: spec.max_history == 0),
        why="a Secret stays for each revision",
        fix="maxHistory: 5",
        link=f"{_PAGE}#max-history",
    ),
    Rule(  # 30
        id="helm-crds-not-updated",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=_crds_stay,
        why="upgrades leave the CRDs of the chart's crds/ folder as they are",
        fix="upgrade: {crds: CreateReplace}",
        link=f"{_PAGE}#controlling-the-lifecycle-of-custom-resource-definitions",
    ),
    Rule(  # 32
        id="helm-upgrade-undeclared",
        severity=Severity.MEDIUM,
        kinds=_KIND,
        check=each(ReleaseSpec, lambda spec: spec.undeclared),
        why="the result depends on what ran before, or objects are replaced",
        fix="leave it out",
        link=f"{_PAGE}#upgrade-configuration",
    ),
    Rule(  # 27
        id="helm-drift-detection-off",
        severity=Severity.LOW,
        kinds=_KIND,
        check=each(ReleaseSpec, lambda spec: spec.drift != "enabled" and (spec.drift or True)),
        why="manual changes stay",
        fix="driftDetection: {mode: enabled}",
        link=f"{_PAGE}#drift-detection",
    ),
    Rule(  # 31
        id="helm-storage-namespace-unset",
        severity=Severity.LOW,
        kinds=_KIND,
        check=_stored_elsewhere,
        why="its Secrets are not where the release is; a later change reinstalls it",
        fix="storageNamespace, from the start",
        link=f"{_PAGE}#storage-namespace",
    ),
    Rule(  # 33
        id="helm-wait-disabled",
        severity=Severity.LOW,
        kinds=_KIND,
        check=each(ReleaseSpec, lambda spec: spec.unwaited),
        why="Ready does not mean running",
        fix="disableWait: false",
        link=f"{_PAGE}#install-configuration",
    ),
)
