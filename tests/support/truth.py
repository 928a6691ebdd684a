"""What really changed between the recordings before and after, written down as each change was made.

Each row: what was done, what must stand in one entry of the timeline of `after` since `before`, and what must stand in
one line of the comparison of the two. What nothing in the recordings shows has no facts: that somebody suspended and
resumed a Kustomization shows only as an apply of a commit that does not touch it.
"""

from typing import Final, NamedTuple


class Row(NamedTuple):
    """One change.

    Attributes:
        number: of the change; several rows may be of one.
        timeline: sets of texts, each set of one entry of get_flux_changes.
        comparison: sets of texts, each set of one line of compare_flux.
    """

    number: str
    did: str
    timeline: tuple[tuple[str, ...], ...] = ()
    comparison: tuple[tuple[str, ...], ...] = ()


SINCE: Final = "424s"
"""From `before` (08:33:02) to `after` (08:40:06)."""

ROWS: Final = (
    Row(
        "1",
        "commit 09236db: blackbox-exporter v0.28.0",
        (
            ("08:33:4", "GitRepository flux-system/apps-src", 'main@09236db "monitoring: blackbox-exporter v0.28.0"'),
            (
                "08:33:44 Kustomization flux-system/monitoring",
                "main@09236db",
                "Deployment monitoring/blackbox-exporter: image quay.io/prometheus/blackbox-exporter v0.27.1 → v0.28.0",
            ),
        ),
        (("Deployment monitoring/blackbox-exporter", "quay.io/prometheus/blackbox-exporter v0.27.1 → v0.28.0"),),
    ),
    Row(
        "2",
        "chart ingress-nginx 4.13.1 published, flux reconcile source helm charts",
        (
            ("08:33:06 HelmRepository flux-system/charts", "requested by flux"),
            ("08:33:06 HelmRepository flux-system/charts fetched sha256:9186b74…",),
            ("08:33:06 HelmRelease ingress-nginx/ingress-nginx", "4.13.1 from 4.13.0", "v2", "its spec did not change"),
        ),
        (
            ("HelmRepository flux-system/charts", "sha256:227ff4d… → sha256:9186b74…"),
            ("HelmRelease ingress-nginx/ingress-nginx", "4.13.0 → 4.13.1"),
        ),
    ),
    Row(
        "3",
        "tag acme/tenants:latest pushed again",
        (
            ("08:33:21 OCIRepository flux-system/tenants", "latest@b7ab2d3…", "main@sha1:9d41c2e07"),
            (
                "08:33:21 Kustomization flux-system/tenant-a",
                "main@sha1:9d41c2e07",
                "Deployment tenant-a/tenant-a: image ghcr.io/acme/tenant 1.0 → 1.1",
            ),
        ),
        (
            ("OCIRepository flux-system/tenants", "1df20ed… → ", "b7ab2d3…"),
            ("Deployment tenant-a/tenant-a", "ghcr.io/acme/tenant 1.0 → 1.1"),
        ),
    ),
    Row(
        "4",
        "kubectl annotate forceAt of cert-manager, which a later apply takes off",
        (
            ("08:33:56 HelmRelease cert-manager/cert-manager", "v2", "same chart and values", "forced", "not recorded"),
            (
                "08:34:39 Kustomization flux-system/infra-controllers",
                "main@2cc5d0c",
                "configured HelmRelease cert-manager/cert-manager",
                "with the same manifests as before; this removed the annotations of requested reconciliations",
            ),
        ),
        (("HelmRelease cert-manager/cert-manager", "v1 → v2"),),
    ),
    Row(
        "5",
        "commit 2cc5d0c: web 2.4.0",
        (
            ("08:34:4", 'main@2cc5d0c "web 2.4.0"'),
            (
                "08:34:40 Kustomization flux-system/web",
                "main@2cc5d0c",
                "Deployment web/web: image ghcr.io/acme/web 2.3.0 → 2.4.0",
            ),
        ),
        (("Deployment web/web", "ghcr.io/acme/web 2.3.0 → 2.4.0"),),
    ),
    Row(
        "6",
        "commit eae1b73: basket chart 1.3.0, image 1.1, which fails and is rolled back twice",
        (
            ("08:35:4", 'main@eae1b73 "basket: chart 1.3.0, image 1.1"'),
            ("08:35:42 Kustomization flux-system/shop", "main@eae1b73", "configured HelmRelease shop/basket"),
            (
                "HelmRelease shop/basket",
                "began to upgrade to chart webapp 1.3.0 from 1.2.0; failed at 08:35:58 and 08:36:29",
                "rolled back to 1.2.0 at 08:36:03 and 08:36:34",
                "Kustomization flux-system/shop at main@eae1b73",
                "Deployment shop/basket: image ghcr.io/acme/basket 1.0 → 1.1-broken",
                "runs ghcr.io/acme/basket:1.0 again",
            ),
        ),
        (
            ("HelmRelease shop/basket", "spec.chart.spec.version 1.2.0 → 1.3.0", "spec.values.images.0"),
            ("HelmRelease shop/basket", "v9 → v13"),
            ("HelmRelease shop/basket", "Ready → Stalled"),
            ("Deployment shop/basket", "generation 9 → 13"),
        ),
    ),
    Row(
        "7a",
        "commit b5bbb3c: loki with two replicas and sidecar 1.30.3",
        (
            ("08:36:4", 'main@b5bbb3c "loki: two replicas, sidecar 1.30.3; payments 3.8.1"'),
            ("08:36:43 Kustomization flux-system/monitoring", "main@b5bbb3c", "configured HelmRelease monitoring/loki"),
            (
                "08:36:43 HelmRelease monitoring/loki",
                "v4",
                "same chart, other values",
                "Deployment monitoring/loki: replicas 1 → 2",
                "Deployment monitoring/loki-1: image docker.io/kiwigrid/k8s-sidecar 1.30.0 → 1.30.3",
            ),
        ),
        (
            ("HelmRelease monitoring/loki", "spec.values.images.1", "spec.values.replicaCount"),
            ("HelmRelease monitoring/loki", "v3 → v4"),
            ("Deployment monitoring/loki", "spec.replicas 1 → 2"),
            ("Deployment monitoring/loki-1", "docker.io/kiwigrid/k8s-sidecar 1.30.0 → 1.30.3"),
        ),
    ),
    Row(
        "7b",
        "the same commit: payments recovers",
        (
            (
                "08:36:58 HelmRelease apps/payments",
                "v3",
                "other values",
                "spec changed by Kustomization flux-system/apps at main@b5bbb3c",
                "failed until then",
                "Deployment apps/payments: image ghcr.io/acme/payments broken → 3.8.1",
            ),
            ("08:36:58 Kustomization flux-system/apps applied main@b5bbb3c: configured HelmRelease apps/payments",),
        ),
        (
            ("HelmRelease apps/payments", "spec.values.images.0"),
            ("HelmRelease apps/payments", "v2 → v3"),
            ("Deployment apps/payments", "not ready", "→ ready"),
            ("Deployment apps/payments", "ghcr.io/acme/payments broken → 3.8.1"),
            ("HelmRelease apps/payments", "→ Ready"),
            ("Kustomization flux-system/apps", "HealthCheckFailed", "another message"),
        ),
    ),
    Row(
        "8a",
        "kubectl patch suspends calm, undone by the parent's next apply",
        (
            (
                "08:37:41 Kustomization flux-system/flux-system",
                "main@ea8e03c",
                "configured Kustomization flux-system/calm",
                "with the same manifests as before; it had been changed in the cluster, how and by whom is not recorded",
            ),
        ),
        (("Kustomization flux-system/calm", "generation 4 → 6"),),
    ),
    Row(
        "8b",
        "kubectl patch suspends slow",
        (("08:36:46 Kustomization flux-system/slow", "suspended by kubectl-patch"),),
        (
            ("Kustomization flux-system/slow", "spec.suspend", "true"),
            ("Kustomization flux-system/slow, web", "main@0bf8913 → main@b5bbb3c"),
            ("Kustomization flux-system/slow", "Ready → Suspended"),
        ),
    ),
    Row(
        "9a",
        "kubectl scale podinfo to 5, flux reconcile hr podinfo: drift is only warned about",
        (
            ("08:37:11 Deployment podinfo/podinfo", "2 → 5", "by kubectl"),
            ("08:37:17 HelmRelease podinfo/podinfo", "drift", "Deployment podinfo/podinfo", "not corrected"),
            ("08:37:17", "HelmRelease podinfo/podinfo", "requested by flux"),
        ),
        (("Deployment podinfo/podinfo", "spec.replicas 2 → 5"), ("HelmRelease podinfo/podinfo", "drifted")),
    ),
    Row(
        "9b",
        "kubectl scale kube-prometheus-stack-1 to 3, corrected by drift detection",
        (
            ("08:37:11 Deployment monitoring/kube-prometheus-stack-1", "1 → 3", "client not recorded"),
            (
                "08:37:19 HelmRelease monitoring/kube-prometheus-stack",
                "drift",
                "corrected",
                "Deployment monitoring/kube-prometheus-stack-1: replicas 3 → 1",
            ),
            ("08:37:17", "HelmRelease monitoring/kube-prometheus-stack", "requested by flux"),
        ),
        (("Deployment monitoring/kube-prometheus-stack-1", "generation 1 → 3"),),
    ),
    Row(
        "9c",
        "kubectl scale team-red/app to 4",
        (("08:37:11 Deployment team-red/app", "1 → 4", "by kubectl"),),
        (("Deployment team-red/app", "spec.replicas 1 → 4"),),
    ),
    Row(
        "9d",
        "kubectl scale slow/slow to 1",
        (("08:37:11 Deployment slow/slow", "2 → 1", "by kubectl"),),
        (("Deployment slow/slow", "spec.replicas 2 → 1"),),
    ),
    Row(
        "10",
        "commit ea8e03c: web's kustomization names a file that is not there",
        (
            ("08:37:4", 'main@ea8e03c "web: ingress"', "apps-src"),
            ("08:37:41 Kustomization flux-system/web", "main@ea8e03c", "BuildFailed"),
        ),
        (
            ("Kustomization flux-system/web", "Ready → Failing", "BuildFailed"),
            ("Kustomization flux-system/slow, web", "main@0bf8913 → main@b5bbb3c"),
        ),
    ),
    Row(
        "11a",
        "commit 63f6a77 takes orphan-source and bitnami-gone out",
        (
            ("08:38:4", 'main@63f6a77 "extras: cache; tidy orphan-source and bitnami-gone'),
            (
                "08:38:45 Kustomization flux-system/flux-system",
                "main@63f6a77",
                "deleted HelmRepository flux-system/bitnami-gone; Kustomization flux-system/orphan-source",
            ),
        ),
        (("Only in before", "HelmRepository flux-system/bitnami-gone", "Kustomization flux-system/orphan-source"),),
    ),
    Row(
        "11b",
        "the same commit brings extras",
        (
            ("08:38:45 Kustomization flux-system/flux-system", "created Kustomization flux-system/extras"),
            ("08:38:47 Kustomization flux-system/extras", "created HelmRelease extras/cache; Namespace extras"),
            ("HelmRelease extras/cache", "installed chart webapp 1.3.0", "v1", "Deployment extras/cache: created"),
        ),
        (("Only in after", "Deployment extras/cache", "HelmRelease extras/cache", "Kustomization flux-system/extras"),),
    ),
    Row(
        "11c",
        "the same commit lets apps-src follow release/1",
        (
            ("08:38:45 Kustomization flux-system/flux-system", "configured GitRepository flux-system/apps-src"),
            ("08:38:45 GitRepository flux-system/apps-src", "release/1@0bf8913"),
        ),
        (
            ("GitRepository flux-system/apps-src", "spec.ref.branch main → release/1"),
            ("GitRepository flux-system/apps-src", "main@0bf8913 → release/1@0bf8913"),
        ),
    ),
    Row(
        "12",
        "kubectl patch of the FluxInstance: one more argument of kustomize-controller",
        (
            ("08:39:01 FluxInstance flux-system/flux", "by kubectl-patch", "spec.kustomize.patches"),
            (
                "08:39:07 FluxInstance flux-system/flux",
                "v2.9.4@8be1bf2…",
                "Deployment flux-system/kustomize-controller: argument added",
                "--requeue-dependency=5s",
            ),
        ),
        (
            ("FluxInstance flux-system/flux", "spec.kustomize.patches"),
            ("FluxInstance flux-system/flux", "59aa0f6… → ", "8be1bf2…"),
            ("Deployment flux-system/kustomize-controller", "--requeue-dependency=5s"),
        ),
    ),
    Row(
        "tidying",
        "what kubectl annotate had set before, and flux-system's apply took off",
        (
            (
                "08:33:41 Kustomization flux-system/flux-system",
                "main@09236db",
                "configured Kustomization",
                "this removed the annotations of requested reconciliations of Kustomization flux-system/jobs",
            ),
        ),
    ),
)

FAILING: Final = (
    (
        "Kustomization flux-system/web",
        "BuildFailed",
        "last good: main@b5bbb3c at 08:36:43",
        "main@2cc5d0c",
        'first seen failing: main@ea8e03c "web: ingress" at 08:37:41',
    ),
    (
        "HelmRelease shop/basket",
        "RollbackSucceeded",
        "last good: chart 1.2.0, v9",
        "v13",
        "first seen failing: chart 1.3.0 at 08:35:58",
        'Kustomization flux-system/shop applied main@eae1b73 "basket: chart 1.3.0, image 1.1"',
    ),
)
"""What fails in `after` and was Ready before: object, reason, last good revision, first bad one."""

REVISION: Final = ("GitRepository flux-system/flux-system", "main@0bf8913 → main@63f6a77", "followed by")
"""What differs after every commit and is no change of an object: one line, with how many follow."""

NEVER_READY: Final = (
    "apps", "apply-error", "build-error", "checkout", "db", "from-private", "gpu", "jobs", "missing-vars", "no-crd",
    "pods", "pods-noconfig", "pods-oom", "pods-unready", "remote", "sops-error", "squeezed", "wrong-path", "backend",
)  # fmt: skip
"""What failed in `before` too, and of which no recording shows that it was ever Ready."""

LAST_ATTEMPTED: Final = "63f6a77"
"""The newest revision, which broke nothing."""
