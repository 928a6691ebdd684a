"""Flux objects as kubectl prints them, for the fake kubectl."""

from typing import Any

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind

READY = {
    "type": "Ready",
    "status": "True",
    "reason": "ReconciliationSucceeded",
    "message": "Applied revision: main@sha1:0123456789012345678901234567890123456789",
    "lastTransitionTime": "2026-01-02T03:04:05Z",
}
EVERY_RESOURCE = tuple(kind.resource for kind in FLUX_KINDS)


def item(
    kind: str = "Kustomization", name: str = "apps", namespace: str = "flux-system", **more: Any
) -> dict[str, Any]:
    """A Flux object that is Ready; `metadata=`, `spec=` and `status=` are added to it."""
    return {
        "apiVersion": f"{by_kind[kind].group}/v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "generation": 1,
            **more.get("metadata", {}),
        },
        "spec": {"interval": "10m", **more.get("spec", {})},
        "status": {"observedGeneration": 1, "conditions": [READY], **more.get("status", {})},
    }


def failing(message: str = "boom", reason: str = "BuildFailed", **more: Any) -> dict[str, Any]:
    """A Kustomization that is Failing with this message."""
    ready = {**READY, "status": "False", "reason": reason, "message": message}
    return item(**{**more, "status": {"conditions": [ready], **more.get("status", {})}})
