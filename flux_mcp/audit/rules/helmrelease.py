"""Checks of HelmReleases."""

from collections.abc import Iterator, Mapping
from typing import Final

from flux_mcp.api.kubernetes_kinds import CRD, DEPLOYMENT
from flux_mcp.api.unstructured import at, number, text
from flux_mcp.audit.controller import feature_gates
from flux_mcp.audit.rule import (
    OTHER_NAMESPACES,
    AuditContext,
    ContextCheck,
    Finding,
    Manifest,
    ObjectCheck,
    Unknown,
    Value,
)

RETRY_GATE: Final = "DefaultToRetryOnFailure=true"
"""The feature gate of helm-controller with which every failed release is retried."""
_ACTIONS: Final = ("install", "upgrade")


def _unremediated(manifest: Manifest) -> Iterator[str]:
    for action in _ACTIONS:
        spec = at(manifest.spec, action)
        if text(spec, "strategy", "name") != "RetryOnFailure" and number(spec, "remediation", "retries") == 0:
            yield action


def _unremediated_by_default(context: AuditContext) -> Iterator[Finding | Unknown]:
    if RETRY_GATE in feature_gates(context.controllers):
        return
    if context.namespace is not None:
        yield OTHER_NAMESPACES
    elif DEPLOYMENT.kind not in context.read:
        yield Unknown(DEPLOYMENT.kind)
    yield from context.found_alone["helm-remediation-unset"]


def _endless(manifest: Manifest) -> Iterator[str]:
    return (action for action in _ACTIONS if number(manifest.spec, action, "remediation", "retries") < 0)


def _crds_stay(manifest: Manifest) -> bool:
    """A release with CRDs, of which those of the chart's folder crds/ are not updated."""
    applied = manifest.node.applied or ()
    return text(manifest.spec, "upgrade", "crds") != "CreateReplace" and any(one.kind == CRD.kind for one in applied)


def _drift(manifest: Manifest) -> bool | str:
    mode = text(manifest.spec, "driftDetection", "mode")
    return False if mode == "enabled" else mode or True


def _stored_elsewhere(manifest: Manifest) -> str:
    target = text(manifest.spec, "targetNamespace")
    return "" if text(manifest.spec, "storageNamespace") or target == manifest.node.ref.namespace else target


def _flags(manifest: Manifest, *fields: str) -> Iterator[Value]:
    """The fields below spec that are true."""
    return (field for field in fields if at(manifest.spec, *field.split(".")) is True)


def _is_unlimited(manifest: Manifest) -> bool:
    history = at(manifest.spec, "maxHistory")
    return isinstance(history, int) and not isinstance(history, bool) and history == 0


ALONE: Final[Mapping[str, ObjectCheck]] = {
    "helm-remediation-unset": _unremediated,
    "helm-retries-endless": _endless,
    "helm-history-unlimited": _is_unlimited,
    "helm-crds-not-updated": _crds_stay,
    "helm-upgrade-undeclared": lambda manifest: _flags(manifest, "upgrade.force", "upgrade.preserveValues"),
    "helm-drift-detection-off": _drift,
    "helm-storage-namespace-unset": _stored_elsewhere,
    "helm-wait-disabled": lambda manifest: _flags(manifest, "install.disableWait", "upgrade.disableWait"),
}
ACROSS: Final[Mapping[str, ContextCheck]] = {"helm-remediation-unset": _unremediated_by_default}
