"""What every Flux object of the two recordings must be judged to be.

Written by hand from the raw JSON of the recordings, object by object, by the rules of the Flux documentation, before
there was a program to compare it with. It is a measure of the program, never a copy of its output.

A verdict is the first rule that matches: Deleting, Suspended, Static, Stalled, Pending, Stale, Waiting, Progressing,
Failing, Ready. An age counts the seconds since the Ready condition last changed, else since the object was made, up to
the recording's moment: the newest timestamp in its items. A revision is short, as the answers show it. Rows stand in
the order of trouble: verdict, then kind, namespace, name.

Two objects carry a flag, source-failing: a HelmRelease whose chart is Stalled and a Kustomization whose repository is
Failing. Nothing is being deleted and nothing is still running, so nothing is stuck or runs again after a failure. Every
Ready Kustomization has applied what its source holds, no release has drifted, and every request was handled, but for
FluxReport's, which is never marked as handled and so is never pending.
"""

from typing import NamedTuple


class Expected(NamedTuple):
    """One object: what it is, and what is to be said of it."""

    kind: str
    namespace: str
    name: str
    verdict: str
    flags: tuple[str, ...]
    reason: str
    age: int
    revision: str


STAGING_MOMENT = "2026-11-22T09:27:06Z"

STAGING: tuple[Expected, ...] = (
    # Stalled=True for the current generation: neither is retried by itself.
    Expected("HelmChart", "flux-system", "apps-backend", "Stalled", (), "InvalidChartReference", 106, ""),
    Expected("HelmRelease", "apps", "payments", "Stalled", (), "InstallFailed", 64, "1.3.0"),
    # Ready=False for a reason of its own. The release's SourceNotReady is older than a minute, so it is no start-up.
    Expected("Bucket", "flux-system", "artifacts", "Failing", (), "BucketOperationFailed", 228, ""),
    Expected("GitRepository", "flux-system", "private-repo", "Failing", (), "GitOperationFailed", 228, ""),
    Expected("GitRepository", "flux-system", "wrong-branch", "Failing", (), "GitOperationFailed", 228, ""),
    Expected("HelmRelease", "apps", "backend", "Failing", ("source-failing",), "SourceNotReady", 101, ""),
    Expected("HelmRepository", "flux-system", "bitnami-gone", "Failing", (), "Failed", 228, ""),
    Expected("Kustomization", "flux-system", "apply-error", "Failing", (), "ReconciliationFailed", 137, ""),
    Expected("Kustomization", "flux-system", "apps", "Failing", (), "HealthCheckFailed", 2, ""),
    Expected("Kustomization", "flux-system", "build-error", "Failing", (), "BuildFailed", 137, ""),
    Expected("Kustomization", "flux-system", "checkout", "Failing", (), "HealthCheckFailed", 102, ""),
    Expected("Kustomization", "flux-system", "from-private", "Failing", ("source-failing",), "ArtifactFailed", 657, ""),
    Expected("Kustomization", "flux-system", "missing-vars", "Failing", (), "BuildFailed", 137, ""),
    Expected("Kustomization", "flux-system", "no-crd", "Failing", (), "ReconciliationFailed", 136, ""),
    # Its source does not exist: a missing source has no verdict, so it is not failing.
    Expected("Kustomization", "flux-system", "orphan-source", "Failing", (), "ArtifactFailed", 641, ""),
    Expected("Kustomization", "flux-system", "remote", "Failing", (), "ReconciliationFailed", 136, ""),
    Expected("Kustomization", "flux-system", "sops-error", "Failing", (), "BuildFailed", 136, ""),
    Expected("Kustomization", "flux-system", "wrong-path", "Failing", (), "ArtifactFailed", 136, ""),
    Expected("OCIRepository", "flux-system", "manifests-missing-tag", "Failing", (), "OCIArtifactPullFailed", 228, ""),
    # No condition at all, observedGeneration -1.
    Expected("ImagePolicy", "flux-system", "podinfo", "Pending", (), "", 687, ""),
    Expected("ImageRepository", "flux-system", "podinfo", "Pending", (), "", 687, ""),
    # Ready=False, DependencyNotReady. The release's own chart is Ready.
    Expected("HelmRelease", "apps", "frontend", "Waiting", (), "DependencyNotReady", 106, ""),
    Expected("Kustomization", "flux-system", "cycle-a", "Waiting", (), "DependencyNotReady", 671, ""),
    Expected("Kustomization", "flux-system", "cycle-b", "Waiting", (), "DependencyNotReady", 671, ""),
    Expected("Kustomization", "flux-system", "waits-for-broken", "Waiting", (), "DependencyNotReady", 626, ""),
    # spec.suspend, each since it was made: none has conditions.
    Expected("GitRepository", "flux-system", "frozen", "Suspended", (), "", 687, ""),
    Expected("HelmRelease", "apps", "ledger", "Suspended", (), "", 107, ""),
    Expected("Kustomization", "flux-system", "paused", "Suspended", (), "", 687, ""),
    # Ready=True for the current generation.
    Expected("FluxInstance", "flux-system", "flux", "Ready", (), "ReconciliationSucceeded", 199, "v2.9.4@59aa0f6…"),
    Expected("FluxReport", "flux-system", "flux", "Ready", (), "Succeeded", 18, ""),
    Expected("GitRepository", "flux-system", "flux-system", "Ready", (), "Succeeded", 219, "main@b649360"),
    Expected("HelmChart", "flux-system", "apps-frontend", "Ready", (), "ChartPullSucceeded", 105, "1.3.0"),
    Expected("HelmChart", "flux-system", "apps-payments", "Ready", (), "ChartPullSucceeded", 105, "1.3.0"),
    Expected("HelmChart", "flux-system", "cert-manager-cert-manager", "Ready", (), "ChartPullSucceeded", 349, "1.18.2"),
    Expected(
        "HelmChart", "flux-system", "ingress-nginx-ingress-nginx", "Ready", (), "ChartPullSucceeded", 349, "4.13.0"
    ),
    Expected(
        "HelmChart", "flux-system", "monitoring-kube-prometheus-stack", "Ready", (), "ChartPullSucceeded", 130, "75.4.0"
    ),
    Expected("HelmChart", "flux-system", "monitoring-loki", "Ready", (), "ChartPullSucceeded", 129, "6.30.1"),
    Expected("HelmRelease", "cert-manager", "cert-manager", "Ready", (), "InstallSucceeded", 343, "1.18.2"),
    Expected("HelmRelease", "ingress-nginx", "ingress-nginx", "Ready", (), "InstallSucceeded", 343, "4.13.0"),
    Expected("HelmRelease", "monitoring", "kube-prometheus-stack", "Ready", (), "InstallSucceeded", 124, "75.4.0"),
    Expected("HelmRelease", "monitoring", "loki", "Ready", (), "InstallSucceeded", 114, "6.30.1"),
    Expected("HelmRelease", "podinfo", "podinfo", "Ready", (), "InstallSucceeded", 101, "6.14.1+a7b62a6e3d6d"),
    Expected("HelmRepository", "flux-system", "charts", "Ready", (), "Succeeded", 671, "sha256:8eb887a…"),
    Expected(
        "Kustomization", "flux-system", "flux-system", "Ready", (), "ReconciliationSucceeded", 136, "main@b649360"
    ),
    Expected(
        "Kustomization", "flux-system", "infra-configs", "Ready", (), "ReconciliationSucceeded", 131, "main@b649360"
    ),
    Expected(
        "Kustomization", "flux-system", "infra-controllers", "Ready", (), "ReconciliationSucceeded", 136, "main@b649360"
    ),
    Expected("Kustomization", "flux-system", "monitoring", "Ready", (), "ReconciliationSucceeded", 111, "main@b649360"),
    Expected(
        "Kustomization", "flux-system", "tenant-a", "Ready", (), "ReconciliationSucceeded", 136, "latest@a7ba7d5…"
    ),
    Expected("OCIRepository", "flux-system", "podinfo", "Ready", (), "Succeeded", 656, "6.14.1@a7b62a6…"),
    Expected("OCIRepository", "flux-system", "tenants", "Ready", (), "Succeeded", 671, "latest@a7ba7d5…"),
    Expected("Receiver", "flux-system", "github", "Ready", (), "Succeeded", 566, ""),
    Expected("ResourceSet", "flux-system", "teams", "Ready", (), "ReconciliationSucceeded", 207, "sha256:d4bae30…"),
    Expected(
        "ResourceSetInputProvider",
        "flux-system",
        "static",
        "Ready",
        (),
        "ReconciliationSucceeded",
        207,
        "sha256:56f6bf5…",
    ),
    # Kinds without a status of their own.
    Expected("Alert", "flux-system", "on-call", "Static", (), "", 687, ""),
    Expected("HelmRepository", "flux-system", "charts-oci", "Static", (), "", 687, ""),
    Expected("Provider", "flux-system", "slack", "Static", (), "", 687, ""),
)

BOOTSTRAP_MOMENT = "2026-11-22T09:52:36Z"

BOOTSTRAP: tuple[Expected, ...] = (
    Expected("GitRepository", "flux-system", "flux-system", "Ready", (), "Succeeded", 83, "main@508f5fd"),
    Expected("HelmChart", "ingress", "ingress-ingress-nginx", "Ready", (), "ChartPullSucceeded", 81, "4.13.0"),
    Expected("HelmRelease", "ingress", "ingress-nginx", "Ready", (), "InstallSucceeded", 76, "4.13.0"),
    Expected("HelmRepository", "ingress", "charts", "Ready", (), "Succeeded", 81, "sha256:8eb887a…"),
    Expected("Kustomization", "flux-system", "apps", "Ready", (), "ReconciliationSucceeded", 62, "main@508f5fd"),
    Expected("Kustomization", "flux-system", "flux-system", "Ready", (), "ReconciliationSucceeded", 83, "main@508f5fd"),
    Expected(
        "Kustomization", "flux-system", "infrastructure", "Ready", (), "ReconciliationSucceeded", 72, "main@508f5fd"
    ),
)
