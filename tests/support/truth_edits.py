"""What really changed between the recordings edits-before and edits-after, written down as each change was made.

Rows as in tests/support/truth.py. What nothing in the recordings shows has no facts: a RoleBinding that was deleted,
the value of a ConfigMap that a Kustomization substitutes from, who set an image and restarted a Deployment (the fields
of kubectl-* are taken off at the next apply), and that a HelmRelease was suspended and resumed in between.
"""

from typing import Final

from tests.support.truth import Row

SINCE: Final = "1198s"
"""From edits-before (18:03:17) to edits-after (18:23:15)."""

ROWS: Final = (
    Row(
        "1",
        "commit 07ed52b: front 1.1.0; release-src is of the same repository and branch",
        (
            ("18:04:17 GitRepository gaps/fleet, release-src", 'main@07ed52b "front 1.1.0"'),
            (
                "18:04:18 Kustomization gaps/front",
                "main@07ed52b",
                "Deployment gaps-apps/front: image ghcr.io/acme/front 1.0.0 → 1.1.0",
            ),
        ),
        (("Deployment gaps-apps/front", "ghcr.io/acme/front 1.0.0 → 1.1.0"),),
    ),
    Row(
        "2",
        "commit 4b5a639 of branch release",
        (("18:04:21 GitRepository gaps/manual-src", 'release@4b5a639 "release: quiet and mended"'),),
        (("GitRepository gaps/manual-src", "release@b6b3389 → release@4b5a639"),),
    ),
    Row(
        "3",
        "kubectl edit of the interval of manual",
        (("18:05:04 Kustomization gaps/manual", "kubectl-edit", "spec.interval"),),
        (("Kustomization gaps/manual", "spec.interval 10m → 3m"),),
    ),
    Row(
        "4",
        "kubectl patch of the path of fixme, whose path did not exist",
        (
            ("18:05:05 Kustomization gaps/fixme", "kubectl-patch", "spec.path"),
            (
                "18:05:05 Kustomization gaps/fixme applied release@4b5a639",
                "created ConfigMap gaps-apps/mended",
                "failed until then (ArtifactFailed)",
            ),
        ),
        (
            ("Kustomization gaps/fixme", "spec.path", "./nope", "./mended"),
            ("Kustomization gaps/", "fixme", "none → release@4b5a639"),
            ("Kustomization gaps/fixme", "Failing, ArtifactFailed → Ready"),
        ),
    ),
    Row(
        "5",
        "kubectl patch of batch2: resumed, with another path",
        (
            ("18:05:11 Kustomization gaps/batch2", "kubectl-patch", "spec.path, spec.suspend"),
            ("18:05:11 Kustomization gaps/batch2 applied release@4b5a639", "created ConfigMap gaps-apps/quiet"),
        ),
        (
            ("Kustomization gaps/batch2", "spec.suspend true → unset", "./worker", "./quiet"),
            ("Kustomization gaps/batch2", "Suspended → Ready"),
        ),
    ),
    Row(
        "6",
        "kubectl patch suspends manual-src",
        (("18:05:19 GitRepository gaps/manual-src suspended by kubectl-patch",),),
        (
            ("GitRepository gaps/manual-src", "spec.suspend unset → true"),
            ("GitRepository gaps/manual-src", "Ready → Suspended"),
        ),
    ),
    Row(
        "7",
        "kubectl scale of typo to 3, which stays since its Kustomization fails",
        (("18:05:24 Deployment gaps-apps/typo scaled 1 → 3 by kubectl",),),
        (("Deployment gaps-apps/typo", "spec.replicas 1 → 3"),),
    ),
    Row(
        "8",
        "kubectl patch of the path of typo to one that does not exist",
        (
            ("18:05:24 Kustomization gaps/typo", "kubectl-patch", "spec.path"),
            ("18:05:24 Kustomization gaps/typo began to fail", "release@4b5a639", "ArtifactFailed"),
        ),
        (
            ("Kustomization gaps/typo", "spec.path", "./typo", "./typo-gone"),
            ("Kustomization gaps/typo", "Ready → Failing, ArtifactFailed"),
        ),
    ),
    Row(
        "9",
        "kubectl patch suspends and resumes the HelmRelease news; the next apply takes the field off",
        (("18:05:59 Kustomization gaps/root applied main@76f6921", "HelmRelease gaps-apps/cart, news"),),
        (("HelmRelease gaps-apps/news generation 1 → 4",),),
    ),
    Row(
        "10",
        "commit 76f6921: cart chart 1.1.0 with an image that does not exist, rolled back twice",
        (
            ("18:05:58 GitRepository gaps/fleet", 'main@76f6921 "cart: chart 1.1.0, image 6.0"'),
            (
                "18:05:59 HelmRelease gaps-apps/cart",
                "began to upgrade to chart gapsweb 1.1.0 from 1.0.0; failed at 18:06:12 and 18:06:40",
                "rolled back to 1.0.0 at 18:06:17 and 18:06:45",
                "Kustomization gaps/root at main@76f6921",
                "Deployment gaps-apps/cart: image ghcr.io/acme/cart 5.0 → 6.0-broken",
                "runs ghcr.io/acme/cart:5.0 again",
            ),
        ),
        (
            ("HelmRelease gaps-apps/cart, catalog: spec.chart.spec.version 1.0.0 → 1.1.0",),
            ("HelmRelease gaps-apps/cart", "v1 → v5"),
            ("HelmRelease gaps-apps/cart", "Ready → Stalled"),
            ("Deployment gaps-apps/cart generation 1 → 5",),
        ),
    ),
    Row(
        "11",
        "commit 2be491a: catalog chart 1.1.0; search 2.3 and three replicas",
        (
            ("18:07:01 GitRepository gaps/fleet, release-src", 'main@2be491a "catalog chart 1.1.0; search 2.3'),
            ("18:06:59 Kustomization gaps/root applied main@2be491a", "HelmRelease gaps-apps/catalog, search"),
            (
                "18:06:59 HelmRelease gaps-apps/catalog",
                "1.1.0 from 1.0.0",
                "v2",
                "Kustomization gaps/root at main@2be491a",
            ),
            (
                "18:06:59 HelmRelease gaps-apps/search",
                "v2",
                "other values",
                "Kustomization gaps/root at main@2be491a",
                "Deployment gaps-apps/search: image ghcr.io/acme/search 2.2 → 2.3",
            ),
        ),
        (
            ("HelmRelease gaps-apps/catalog", "chart gapsweb 1.0.0 → 1.1.0"),
            ("HelmRelease gaps-apps/search", "values in force differ", "v1 → v2"),
            ("Deployment gaps-apps/search", "spec.replicas 1 → 3", "ghcr.io/acme/search 2.2 → 2.3"),
        ),
    ),
    Row(
        "12",
        "commit c9c091b: dependsOn, serviceAccountName, a branch, a url, an Alert, and three workloads",
        (
            (
                "18:07:38 Kustomization gaps/root applied main@c9c091b",
                "Alert gaps/oncall",
                "GitRepository gaps/release-src",
                "HelmRepository gaps/mirror",
                "Kustomization gaps/api, worker",
            ),
            ("18:07:38 GitRepository gaps/release-src", 'release@4b5a639 "release: quiet and mended"'),
            (
                "18:07:37 Kustomization gaps/batch applied main@c9c091b",
                "CronJob gaps-apps/report",
                "DaemonSet gaps-apps/agent",
                "StatefulSet gaps-apps/queue",
            ),
        ),
        (
            ("Kustomization gaps/worker", "spec.dependsOn[front].name", "unset → front"),
            ("Kustomization gaps/api: spec.serviceAccountName unset → deployer",),
            ("GitRepository gaps/release-src: spec.ref.branch main → release",),
            ("GitRepository gaps/release-src", "main@b6b3389 → release@4b5a639"),
            ("HelmRepository gaps/mirror: spec.url", "127.0.0.1:17088/charts → http://localhost:17088/charts"),
            ("Alert gaps/oncall: spec.eventSeverity info → error",),
            ("CronJob gaps-apps/report: spec.schedule", "0 3 * * *", "0 4 * * *"),
            ("DaemonSet gaps-apps/agent", "ghcr.io/acme/agent 7.1 → 7.2"),
            ("StatefulSet gaps-apps/queue", "ghcr.io/acme/queue 4.0.0 → 4.1.0"),
        ),
    ),
    Row(
        "13",
        "kubectl set image of rel, which its Kustomization reverts at its interval",
        (
            (
                "18:08:24 Deployment gaps-apps/rel",
                "not recorded",
                "ghcr.io/acme/rel 1.0.0 → 1.0.1-hotfix",
                "runs ghcr.io/acme/rel:1.0.0 again",
            ),
            (
                "18:17:21 Kustomization gaps/rel applied release@4b5a639",
                "configured Deployment gaps-apps/rel",
                "with the same manifests as before; this reverted the change of Deployment gaps-apps/rel at 18:08:24",
            ),
        ),
        (("Deployment gaps-apps/rel generation 1 → 3",),),
    ),
    Row(
        "14",
        "kubectl delete of the Kustomization kept, which prunes",
        (("18:08:24 Kustomization gaps/kept deleted", "Deployment gaps-apps/kept"),),
        (("Only in edits-before", "Deployment gaps-apps/doomed, kept", "Kustomization gaps/doomed, kept"),),
    ),
    Row(
        "15",
        "a ConfigMap that front substitutes from, and kubectl annotate requestedAt",
        (
            ("18:08:25 Kustomization gaps/front: reconciliation requested", "not recorded"),
            (
                "18:08:25 Kustomization gaps/front applied main@c9c091b",
                "configured ConfigMap gaps-apps/front-config",
                "the revision is the same as before, its manifests are not",
            ),
        ),
    ),
    Row(
        "16",
        "kubectl annotate forceAt of the HelmRelease mail",
        (("18:08:30 HelmRelease gaps-apps/mail upgraded, v2", "same chart and values", "forced", "not recorded"),),
        (("HelmRelease gaps-apps/mail: release v1 → v2",),),
    ),
    Row(
        "17",
        "kubectl rollout restart of worker, which its next apply takes back",
        (
            ("18:08:3", "Deployment gaps-apps/worker", "Pod template changed, same images", "not recorded"),
            ("18:08:43 Kustomization gaps/worker applied main@6e2f609", "configured Deployment gaps-apps/worker"),
        ),
        (("Deployment gaps-apps/worker generation 1 → 3",),),
    ),
    Row(
        "18",
        "kubectl apply of a new Kustomization",
        (
            ("18:08:35 Kustomization gaps/adhoc created by kubectl-client-side-apply",),
            ("18:08:36 Kustomization gaps/adhoc applied release@4b5a639", "created ConfigMap gaps/quiet"),
        ),
        (("Only in edits-after", "Kustomization gaps/adhoc, fresh"),),
    ),
    Row(
        "19",
        "a RoleBinding deleted, so that api may not apply at the next revision",
        (("18:08:38 Kustomization gaps/api began to fail at main@6e2f609: ReconciliationFailed",),),
        (
            ("Kustomization gaps/api", "main@b6b3389 → main@c9c091b"),
            ("Kustomization gaps/api", "Ready → Failing, ReconciliationFailed"),
        ),
    ),
    Row(
        "20",
        "commit 6e2f609: doomed dropped, fresh and gift added",
        (
            (
                "18:08:40 Kustomization gaps/root applied main@6e2f609",
                "created HelmRelease gaps-apps/gift; Kustomization gaps/fresh",
                "deleted Kustomization gaps/doomed",
            ),
            ("18:08:37 Kustomization gaps/doomed began to fail at main@6e2f609: ArtifactFailed",),
            ("18:08:40 Kustomization gaps/doomed deleted", "Deployment gaps-apps/doomed"),
            ("18:08:41 Kustomization gaps/fresh applied main@6e2f609", "created Deployment gaps-apps/fresh"),
            ("18:08:41 HelmRelease gaps-apps/gift installed chart gapsweb 1.0.0, v1", "main@6e2f609"),
        ),
        (("Only in edits-after", "Deployment gaps-apps/fresh, gift", "HelmRelease gaps-apps/gift"),),
    ),
    Row(
        "21",
        "commit 05317e6: api 3.2.0, which is not applied",
        (
            ("18:09:38 GitRepository gaps/fleet fetched main@05317e6",),
            ("18:09:41 Kustomization gaps/api tried to apply new content of main@05317e6", "ReconciliationFailed"),
        ),
        (("GitRepository gaps/fleet", "main@b6b3389 → main@05317e6", "followed by"),),
    ),
    Row(
        "22",
        "revisions that appliers took without a change, where no Event of their source is left",
        (
            ("GitRepository gaps/fleet had fetched main@c9c091b; applied without a change by 3 Kustomizations",),
            ("GitRepository gaps/fleet had fetched main@6e2f609; applied without a change by Kustomization gaps/",),
        ),
    ),
)

FAILING: Final = (
    (
        "HelmRelease gaps-apps/cart",
        "RollbackSucceeded",
        "last good: chart 1.0.0, v1",
        "v5 runs it again",
        "first seen failing: chart 1.1.0 at 18:06:12",
        'Kustomization gaps/root applied main@76f6921 "cart: chart 1.1.0, image 6.0"',
    ),
    (
        "Kustomization gaps/api",
        "ReconciliationFailed",
        "last good: main@c9c091b at 18:07:42",
        "first seen failing: main@6e2f609 at 18:08:38",
    ),
    (
        "Kustomization gaps/typo",
        "ArtifactFailed",
        "last good: release@4b5a639 at 18:04:22",
        "first seen failing: release@4b5a639",
        "Kustomization gaps/typo edited by kubectl-patch: spec.path",
    ),
)
"""What fails in edits-after and was Ready before: api was not broken by the revision that it was last tried with."""

NEVER_READY: Final = ("always",)
"""What failed in edits-before too, and of which nothing shows that it was ever Ready."""
LAST_ATTEMPTED: Final = "05317e6"
"""The newest revision, which broke nothing."""
