"""The timeline, rule by rule: what each kind of evidence shows, and where it misleads."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, EVENT, NAMESPACE, REPLICA_SET, STATEFUL_SET
from flux_mcp.changes.evidence import request_time
from flux_mcp.changes.managed_fields import field_owners
from flux_mcp.sanitize.field_paths import field_paths, trimmed_managed_fields
from flux_mcp.sanitize.lookup import fields_of
from tests.support.api import Api, applied_by, inventory, thing
from tests.support.fake import unversioned
from tests.support.items import item
from tests.support.seen import assert_seen

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
OLD, NEW, NEWEST = (f"main@sha1:{digit * 40}" for digit in "abc")
NEVER = "Never Ready, as far as is recorded; first seen failing at:"
REVISION = "kustomize.toolkit.fluxcd.io/revision"


def ago(seconds: int) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(seconds: int) -> str:
    return ago(seconds)[11:19]


@pytest.fixture
def api() -> Api:
    api = Api()
    api.now = NOW
    return api


def event(about: dict[str, Any], reason: str, message: str, last: int, **more: Any) -> dict[str, Any]:
    """An Event as controllers write it; `first=` seconds ago of a repeated one, `revision=` its annotation."""
    meta = about["metadata"]
    name = f"{meta['name']}.{reason}.{last}.{more.get('first', last)}".lower()
    first = more.get("first", last)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "annotations": {REVISION: more["revision"]} if "revision" in more else {},
        },
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": meta["name"],
            "namespace": meta["namespace"],
        },
        "type": more.get("type", "Normal"),
        "reason": reason,
        "message": message,
        "count": 2 if "first" in more else 1,
        "firstTimestamp": ago(first),
        "lastTimestamp": ago(last),
    }


def old(made: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """The object, made long ago."""
    made["metadata"] |= {"creationTimestamp": "2025-01-01T00:00:00Z", **metadata}
    return made


def owner(manager: str, seconds: int | None, *paths: str, **more: str) -> dict[str, Any]:
    """An entry of managedFields."""
    fields: dict[str, Any] = {}
    for path in paths:
        node = fields
        for key in path.split(" "):
            node = node.setdefault(key, {})
    time = {} if seconds is None else {"time": ago(seconds)}
    return {"manager": manager, "operation": "Update", **more, **time, "fieldsType": "FieldsV1", "fieldsV1": fields}


def ready(status: str, reason: str, seconds: int) -> dict[str, Any]:
    return {"type": "Ready", "status": status, "reason": reason, "message": "x", "lastTransitionTime": ago(seconds)}


async def entries(api: Api, **arguments: Any) -> str:
    reply = await api.ask("get_flux_changes", **arguments)
    assert not reply.is_error, reply.text
    assert_seen(reply.text)
    return reply.text


async def test_a_repeated_event_tells_only_the_revision_of_its_first_time(api: Api) -> None:
    app = old(item(name="app"))
    api.holds(
        app,
        event(app, "Progressing", "Deployment/apps/web configured", 60, first=3000, revision=OLD),
        event(app, "ReconciliationSucceeded", "Reconciliation finished in 1s", 58, revision=NEW),
        event(app, "ReconciliationSucceeded", "Reconciliation finished in 2s", 2998, revision=OLD),
    )
    text = await entries(api)
    assert f"{clock(60)} Kustomization flux-system/app applied main@bbbbbbb: configured Deployment apps/web" in text
    assert f"{clock(3000)} Kustomization flux-system/app applied main@aaaaaaa: configured Deployment apps/web" in text


async def test_a_combined_event_tells_no_revision(api: Api) -> None:
    app = old(item(name="app", status={"conditions": []}))
    text = "(combined from similar events): Deployment/apps/web configured"
    api.holds(app, event(app, "Progressing", text, 60, first=3000, revision=OLD))
    told = await entries(api)
    assert f"{clock(60)} Kustomization flux-system/app applied a revision that is not recorded: configured" in told
    assert "aaaaaaa" not in told


def history(digest: str, first: int, last: int, status: str = "ReconciliationSucceeded", **more: Any) -> dict[str, Any]:
    return {
        "digest": digest,
        "firstReconciled": ago(first),
        "lastReconciled": ago(last),
        "lastReconciledStatus": status,
        "totalReconciliations": more.get("runs", 2),
        "metadata": {"revision": more.get("revision", NEW)},
    }


async def test_the_revision_of_a_history_entry_is_the_newest_with_its_content_and_dates_nothing(api: Api) -> None:
    app = old(item(name="app", status={"history": [history("d", 3000, 60, revision=NEWEST)]}))
    api.holds(app)
    text = await entries(api)
    assert (
        f"{clock(3000)} Kustomization flux-system/app applied new content, of main@ccccccc or an earlier revision; "
        "which objects it changed is not recorded"
    ) in text


def same_again(status: str = "ReconciliationSucceeded") -> dict[str, Any]:
    """A Kustomization of which one content is known, that it applied from 3000 to 59 seconds ago."""
    entry = history("d", 3000, 59, status, revision=NEW)
    return old(item(name="app", status={"history": [entry]}))


def configured(app: dict[str, Any], what: str, seconds: int = 60) -> dict[str, Any]:
    return event(app, "Progressing", f"{what} configured", seconds, revision=NEW)


async def test_the_same_manifests_again_revert_the_change_that_is_recorded(api: Api) -> None:
    app, web = same_again(), a_deployment()
    api.holds(app, web, scaled(web, 2, 5, 100), scaled(web, 1, 2, 2000), configured(app, "Deployment/apps/web", 1900))
    api.holds(configured(app, "Deployment/apps/web"))
    text = await entries(api)
    assert (
        f"{clock(60)} Kustomization flux-system/app applied main@bbbbbbb: configured Deployment apps/web; with the same "
        f"manifests as before; this reverted the change of Deployment apps/web at {clock(100)}"
    ) in text
    assert f"this reverted the change of Deployment apps/web at {clock(2000)}" in text


async def test_the_same_manifests_again_without_a_recorded_change_tell_only_that_there_was_one(api: Api) -> None:
    app = same_again()
    api.holds(app, configured(app, "Deployment/apps/web"))
    text = await entries(api)
    assert "it had been changed in the cluster, how and by whom is not recorded" in text
    assert "reverted" not in text


async def test_the_same_manifests_again_after_a_run_that_applied_in_part_revert_nothing(api: Api) -> None:
    """A run whose apply failed left objects as they were, so the next one changes them for the first time."""
    app = same_again("ReconciliationFailed")
    api.holds(app, configured(app, "Deployment/apps/web"))
    assert "same manifests" not in await entries(api)


async def test_an_annotation_that_an_apply_removed_is_no_change_that_was_reverted(api: Api) -> None:
    """kustomize-controller removes what kubectl-annotate owns; the handled request stays in the status."""
    app = same_again()
    asked = old(item(name="asked", status={"lastHandledReconcileAt": ago(100)}))
    api.holds(app, asked, configured(app, "Kustomization/flux-system/asked"))
    text = await entries(api)
    assert "same manifests as before; this removed the annotations of requested reconciliations" in text
    assert "reverted" not in text


@pytest.mark.parametrize("why", ["still there", "requested later", "applied since"])
async def test_an_annotation_that_an_apply_cannot_have_removed(api: Api, why: str) -> None:
    app = same_again()
    requested = 30 if why == "requested later" else 1000
    asked = old(item(name="asked", status={"lastHandledReconcileAt": ago(requested)}))
    if why == "still there":
        asked["metadata"]["annotations"] = {"reconcile.fluxcd.io/requestedAt": ago(1000)}
    api.holds(app, asked, configured(app, "Kustomization/flux-system/asked"))
    if why == "applied since":
        api.holds(configured(app, "Kustomization/flux-system/asked", 500))
    (line,) = (line for line in (await entries(api)).splitlines() if line.startswith(f"{clock(60)} Kust"))
    assert "it had been changed in the cluster, how and by whom is not recorded" in line


async def test_an_apply_that_only_managed_fields_tell_is_of_the_revision_that_its_source_had(api: Api) -> None:
    """The content's entry is of when the wait for health ended, minutes later; the revision in it is the newest."""
    source = {"sourceRef": {"kind": "GitRepository", "name": "repo"}, "timeout": "5m"}
    found = [history("e", 60, 60, "HealthCheckFailed", revision=NEWEST), history("d", 3000, 900, revision=OLD)]
    app = old(item(name="app", spec=source, status={"history": found}))
    web = old(item("HelmRelease", "web", "apps", status={"history": [release(2, 290, status="deployed")]}))
    web["metadata"] |= {
        "labels": applied_by("app"),
        "managedFields": [owner("kustomize-controller", 290, operation="Apply")],
    }
    repo = old(item("GitRepository", "repo"))
    api.holds(app, web, repo, stored(repo, 300), stored(repo, 100, "later", NEWEST))
    text = await entries(api)
    known = f"{clock(290)} Kustomization flux-system/app applied main@bbbbbbb: configured HelmRelease apps/web"
    assert known in text
    assert "spec changed by Kustomization flux-system/app at main@bbbbbbb" in text
    assert "new content" not in text.partition(known)[0]


async def test_a_revision_that_its_source_may_not_have_had_is_not_claimed(api: Api) -> None:
    """Another one was fetched right after, or the last one that is known is of long before."""
    source = {"sourceRef": {"kind": "GitRepository", "name": "repo"}}
    app = old(item(name="app", spec=source))
    web = old(item("HelmRelease", "web", "apps", status={"history": [release(2, 290, status="deployed")]}))
    web["metadata"] |= {
        "labels": applied_by("app"),
        "managedFields": [owner("kustomize-controller", 290, operation="Apply")],
    }
    repo = old(item("GitRepository", "repo"))
    api.holds(app, web, repo, stored(repo, 300), stored(repo, 285, "later", NEWEST))
    assert "spec changed by Kustomization flux-system/app\n" in f"{await entries(api)}\n"
    api = Api()
    api.now = NOW
    api.holds(app, web, repo, stored(repo, 900))
    assert "spec changed by Kustomization flux-system/app\n" in f"{await entries(api)}\n"


async def test_content_that_came_back_is_not_said_to_be_the_same(api: Api) -> None:
    entries_of = [history("d", 3000, 59), history("e", 2000, 1000)]
    app = old(item(name="app", status={"history": entries_of}))
    api.holds(app, event(app, "Progressing", "Deployment/apps/web configured", 60, revision=NEW))
    assert "reverted" not in await entries(api)


async def test_other_manifests_of_the_same_revision_came_from_elsewhere(api: Api) -> None:
    """Such as a ConfigMap of spec.postBuild.substituteFrom."""
    app = old(item(name="app", status={"history": [history("e", 59, 59, runs=1), history("d", 3000, 1000)]}))
    api.holds(app, event(app, "Progressing", "Deployment/apps/web configured", 60, revision=NEW))
    assert "the revision is the same as before, its manifests are not" in await entries(api)


async def test_the_last_attempted_revision_is_not_the_first_bad_one(api: Api) -> None:
    failed = {**ready("False", "BuildFailed", 10)}
    status = {
        "conditions": [failed],
        "lastAppliedRevision": OLD,
        "lastAttemptedRevision": NEWEST,
        "history": [history("d", 3000, 600, revision=OLD)],
    }
    app = old(item(name="app", status=status))
    api.holds(
        app,
        event(app, "BuildFailed", "kustomize build failed: 1", 300, type="Warning", revision=NEW),
        event(app, "BuildFailed", "kustomize build failed: 2", 10, type="Warning", revision=NEWEST),
    )
    text = await entries(api)
    assert f"  last good: main@aaaaaaa at {clock(600)}" in text
    assert f"  first seen failing: main@bbbbbbb at {clock(300)}" in text
    assert f"{clock(300)} Kustomization flux-system/app began to fail at main@bbbbbbb: BuildFailed" in text


async def test_without_events_the_first_bad_revision_is_not_recorded(api: Api) -> None:
    status = {
        "conditions": [ready("False", "BuildFailed", 10)],
        "lastAppliedRevision": OLD,
        "lastAttemptedRevision": NEWEST,
        "history": [history("d", 3000, 600, revision=OLD)],
    }
    api.holds(old(item(name="app", status=status)))
    text = await entries(api)
    assert f"first seen failing: a revision that is not recorded at {clock(10)}" in text
    assert "ccccccc" not in text
    assert "There are no Events" in text


async def test_what_was_never_well_is_not_said_to_have_broken(api: Api) -> None:
    api.holds(old(item(name="app", status={"conditions": [ready("False", "BuildFailed", 10)]})))
    text = await entries(api)
    assert f"{NEVER}\n  11:59: Kustomization flux-system/app" in text
    assert "first seen failing: " not in text
    assert "began to fail" not in text


async def test_what_changed_between_good_and_bad_near_the_object_is_named(api: Api) -> None:
    status = {
        "conditions": [ready("False", "HealthCheckFailed", 10)],
        "lastAppliedRevision": OLD,
        "history": [history("d", 3000, 600, revision=OLD)],
    }
    source = {"sourceRef": {"kind": "GitRepository", "name": "repo"}}
    api.holds(
        old(item(name="app", status=status, spec=source)),
        old(item("GitRepository", "repo"), managedFields=[owner("kubectl-edit", 400, "f:spec f:ref f:branch")]),
        old(item(name="other"), managedFields=[owner("kubectl-edit", 400, "f:spec f:path")]),
    )
    text = await entries(api)
    assert "in between: GitRepository flux-system/repo edited by kubectl-edit: spec.ref.branch" in text
    assert "1 object changed elsewhere" in text


async def test_besides_the_first_bad_revision_nothing_changed(api: Api) -> None:
    status = {
        "conditions": [ready("False", "BuildFailed", 10)],
        "lastAppliedRevision": OLD,
        "history": [history("d", 3000, 600, revision=OLD)],
    }
    app = old(item(name="app", status=status))
    api.holds(app, event(app, "BuildFailed", "kustomize build failed", 300, type="Warning", revision=NEW))
    assert "in between: besides this revision, no change to it, its sources" in await entries(api)


async def test_an_object_that_was_created_again_has_no_past_of_the_earlier_one(api: Api) -> None:
    """Events outlive their object: a success before creationTimestamp is of another object of that name."""
    status = {"conditions": [ready("False", "ReconciliationFailed", 10)]}
    again = item(name="app", status=status)
    again["metadata"]["creationTimestamp"] = ago(100)
    api.holds(
        again,
        event(again, "ReconciliationSucceeded", "Reconciliation finished in 1s", 600, revision=OLD),
        event(again, "ReconciliationFailed", "dry-run failed", 90, type="Warning", revision=NEW),
    )
    text = await entries(api)
    assert f"{NEVER}\n  11:58: Kustomization flux-system/app" in text
    assert "last good" not in text
    assert "began to fail" not in text


async def test_what_an_earlier_object_of_the_same_name_deleted_last_is_its_own_deletion(api: Api) -> None:
    again = item(name="app")
    again["metadata"]["creationTimestamp"] = ago(100)
    deleted = "ConfigMap/apps/settings deleted"
    api.holds(
        again,
        event(again, "ReconciliationSucceeded", deleted, 600, revision=OLD),
        event(again, "ReconciliationSucceeded", "Reconciliation finished in 1s", 601, revision=OLD),
        event(again, "Progressing", "ConfigMap/apps/other deleted", 60, revision=NEW),
    )
    text = await entries(api)
    assert f"{clock(600)} Kustomization flux-system/app deleted, and with it ConfigMap apps/settings" in text
    assert f"{clock(60)} Kustomization flux-system/app applied main@bbbbbbb: deleted ConfigMap apps/other" in text


async def test_each_deletion_of_an_object_that_was_made_again_is_told(api: Api) -> None:
    source = item("GitRepository", "repo")
    gone = "garbage collected artifacts for deleted resource"
    api.holds(
        old(item(name="other")),
        event(source, "NewArtifact", "stored artifact for commit 'one'", 700),
        event(source, "GarbageCollectionSucceeded", gone, 600),
        event(source, "NewArtifact", "stored artifact for commit 'one'", 500),
        event(source, "GarbageCollectionSucceeded", gone, 400),
    )
    text = await entries(api)
    for seconds in (600, 400):
        assert f"{clock(seconds)} GitRepository flux-system/repo deleted" in text


async def test_the_last_event_of_an_object_that_an_applier_deleted_is_no_second_deletion(api: Api) -> None:
    app, source = old(item(name="app")), item("GitRepository", "repo")
    gone = "garbage collected artifacts for deleted resource"
    api.holds(
        app,
        event(app, "Progressing", "GitRepository/flux-system/repo deleted", 600, revision=OLD),
        event(source, "GarbageCollectionSucceeded", gone, 560),
    )
    text = await entries(api)
    assert text.count("deleted GitRepository flux-system/repo") == 1
    assert "GitRepository flux-system/repo deleted" not in text


async def test_failures_of_one_upgrade_are_in_order_of_time(api: Api) -> None:
    """Whichever of them the short history still has, which tells when each started."""
    app = old(
        item("HelmRelease", "web", "apps", status={"conditions": [], "history": [release(4, 150, status="failed")]})
    )
    failed = "Helm upgrade failed for release apps/web with chart web@1.0.0: timeout"
    api.holds(app, *(event(app, "UpgradeFailed", failed, seconds, type="Warning") for seconds in (100, 130, 160)))
    assert f"failed at {clock(160)} and {clock(130)} and {clock(100)}" in await entries(api)


async def test_a_helm_release_that_was_created_again_has_no_past_of_the_earlier_one(api: Api) -> None:
    again = item("HelmRelease", "web", "apps", status={"conditions": [ready("False", "InstallFailed", 10)]})
    again["metadata"]["creationTimestamp"] = ago(100)
    web = "{} for release apps/web{} with chart web@1.0.0{}"
    api.holds(
        again,
        event(again, "InstallSucceeded", web.format("Helm install succeeded", ".v1", ""), 600),
        event(again, "InstallFailed", web.format("Helm install failed", "", ": timeout"), 90, type="Warning"),
    )
    assert f"{NEVER}\n  11:58: HelmRelease apps/web" in await entries(api)


async def test_when_an_earlier_failure_ended_is_not_claimed(api: Api) -> None:
    """Neither a rollback nor the last failure is when it recovered: a spec that is taken back needs no run of Helm."""
    app = old(item("HelmRelease", "web", "apps", status={"conditions": [ready("False", "UpgradeFailed", 50)]}))
    failed = "Helm upgrade failed for release apps/web with chart web@{}: timeout"
    back = "Helm rollback to previous release apps/web.v1 with chart web@1.0.0 succeeded"
    api.holds(
        app,
        event(app, "UpgradeFailed", failed.format("2.0.0"), 3000, type="Warning"),
        event(app, "RollbackSucceeded", back, 2990),
        event(app, "UpgradeFailed", failed.format("3.0.0"), 50, type="Warning"),
    )
    text = await entries(api)
    assert f"last seen at {clock(3000)}; when it recovered from that is not recorded" in text
    assert "until" not in text.partition("Failing now:")[2]


@pytest.mark.parametrize(
    ("selection", "end"),
    [
        ({}, ["Failing now:", NEVER]),
        ({"kind": "ks", "name": "good"}, ["No Flux object of this selection reports a failure."]),
        ({"namespace": "flux-system", "kind": "GitRepository"}, []),
        ({"kind": "Deployment"}, []),
        ({"namespace": "apps"}, []),
    ],
)
async def test_what_does_not_fail_is_said_of_the_selection_only(api: Api, selection: Any, end: list[str]) -> None:
    """And of nothing where the selection has no Flux object."""
    api.holds(old(item(name="good")), old(item(name="bad", status={"conditions": [ready("False", "BuildFailed", 10)]})))
    text = await entries(api, **selection)
    found = [line for line in text.splitlines() if line.startswith(("No Flux", "Failing", "Never"))]
    assert found == end


async def test_kinds_that_could_not_be_read_are_not_said_to_be_well(api: Api) -> None:
    api.holds(old(item(name="good")))
    api.forbids("helmreleases.helm.toolkit.fluxcd.io")
    assert "No Flux object that was read reports a failure." in await entries(api)


def follower(name: str, source: str) -> dict[str, Any]:
    """A Kustomization of a GitRepository."""
    return old(item(name=name, spec={"sourceRef": {"kind": "GitRepository", "name": source}}))


def finished(app: dict[str, Any], seconds: int, revision: str = NEW) -> dict[str, Any]:
    return event(app, "ReconciliationSucceeded", "Reconciliation finished in 1s", seconds, revision=revision)


def stored(repo: dict[str, Any], seconds: int, subject: str = "web 2", revision: str = NEW) -> dict[str, Any]:
    made = event(repo, "NewArtifact", f"stored artifact for commit '{subject}'", seconds)
    made["metadata"]["annotations"] = {"source.toolkit.fluxcd.io/revision": revision}
    return made


async def test_two_sources_of_one_revision_keep_each_its_own_appliers(api: Api) -> None:
    """Of `one` no Event is left: that it had the revision is known from its Kustomizations."""
    apps = [follower("a", "one"), follower("b", "one"), follower("c", "one"), follower("d", "two")]
    one, two = old(item("GitRepository", "one")), old(item("GitRepository", "two"))
    api.holds(one, two, *apps, stored(two, 60), *(finished(app, 58) for app in apps))
    text = await entries(api)
    assert (
        f'{clock(60)} GitRepository flux-system/one, two fetched main@bbbbbbb "web 2"; applied without a change by '
        "3 Kustomizations from one, Kustomization flux-system/d from two"
    ) in text
    text = await entries(api, kind="GitRepository", name="one")
    known = f'{clock(58)} GitRepository flux-system/one had fetched main@bbbbbbb "web 2"; applied without a change by 3'
    assert known in text
    assert "two" not in text
    text = await entries(api, kind="GitRepository", name="two")
    assert 'fetched main@bbbbbbb "web 2"; applied without a change by Kustomization flux-system/d' in text
    assert "one" not in text


async def test_a_revision_that_failed_everywhere_was_fetched_too(api: Api) -> None:
    app = follower("a", "one")
    failed = event(app, "BuildFailed", "kustomize build failed", 58, type="Warning", revision=NEW)
    api.holds(old(item("GitRepository", "one")), app, failed)
    assert f"{clock(58)} GitRepository flux-system/one had fetched main@bbbbbbb" in await entries(api)


async def test_who_applied_a_revision_and_is_gone_belongs_to_no_source_where_several_had_it(api: Api) -> None:
    one, two = old(item("GitRepository", "one")), old(item("GitRepository", "two"))
    api.holds(one, two, stored(one, 60), stored(two, 60), finished(item(name="gone"), 58))
    text = await entries(api, kind="GitRepository")
    assert "fetched main@bbbbbbb" in text
    assert "applied without a change" not in text


def revision_of(number: int) -> str:
    return f"main@sha1:{number:x}{'0' * 39}"


async def test_an_applier_that_changes_the_same_objects_again_and_again_is_one_entry(api: Api) -> None:
    """With the fetches that only it applied; a run that changed something else stays an entry of its own."""
    app, other = follower("app", "repo"), follower("other", "repo")
    repo = old(item("GitRepository", "repo"))
    api.holds(repo, app, other)
    for number in range(1, 7):
        seconds, revision = 60 * number, revision_of(number)
        api.holds(
            stored(repo, seconds + 1, f"try {number}", revision),
            event(app, "Progressing", "ConfigMap/apps/settings configured", seconds, revision=revision),
        )
    # This one went to another Kustomization too.
    api.holds(finished(other, 119, revision_of(2)))
    api.holds(event(app, "Progressing", "ConfigMap/apps/other created", 90, revision=revision_of(1)))
    text = await entries(api)
    assert (
        f"{clock(60)} Kustomization flux-system/app applied main@1000000: configured ConfigMap apps/settings; 6 runs "
        f"changed these objects since {clock(360)}"
    ) in text
    assert text.count("configured ConfigMap apps/settings") == 1
    assert f"{clock(90)} Kustomization flux-system/app applied main@1000000: created ConfigMap apps/other" in text
    fetches = [line for line in text.splitlines() if " fetched " in line]
    assert [line.split()[0] for line in fetches] == [clock(121)]


async def test_an_object_that_fails_and_recovers_over_and_over_is_one_entry(api: Api) -> None:
    app = old(item(name="app", status={"conditions": []}))
    api.holds(app)
    for number in range(3):
        api.holds(
            finished(app, 100 + 200 * number, NEW),
            event(app, "BuildFailed", "kustomize build failed", 200 + 200 * number, type="Warning", revision=NEW),
        )
    text = await entries(api)
    assert (
        f"{clock(100)} Kustomization flux-system/app recovered from BuildFailed; 5 failures and recoveries since "
        f"{clock(500)}"
    ) in text
    assert "began to fail" not in text


async def test_what_happened_a_few_times_or_long_apart_is_no_repetition(api: Api) -> None:
    app = old(item(name="app"))
    api.holds(app)
    for seconds in (60, 120, 180, 2000, 2060, 2120):
        api.holds(event(app, "Progressing", "ConfigMap/apps/settings configured", seconds, revision=NEW))
    assert (await entries(api)).count("configured ConfigMap apps/settings") == 6


async def test_since_when_objects_that_were_never_ready_fail_is_grouped_by_minute(api: Api) -> None:
    found = []
    for name, seconds in (("a", 600), ("b", 590), ("c", 3000)):
        found.append(old(item(name=name, status={"conditions": [ready("False", "BuildFailed", 10)]})))
        api.holds(event(found[-1], "BuildFailed", "kustomize build failed", seconds, type="Warning"))
    api.holds(*found)
    tail = (await entries(api)).partition(f"{NEVER}\n")[2]
    assert tail.splitlines() == ["  11:10: Kustomization flux-system/c", "  11:50: Kustomization flux-system/a, b"]


def release(version: int, seconds: int, **more: str) -> dict[str, Any]:
    return {
        "version": version,
        "status": more.get("status", "superseded"),
        "action": more.get("action", "upgrade"),
        "chartName": "web",
        "chartVersion": more.get("chart", "1.0.0"),
        "configDigest": more.get("config", "sha256:a"),
        "lastDeployed": ago(seconds),
    }


async def test_a_helm_history_in_no_order(api: Api) -> None:
    found = [release(3, 100, status="deployed", chart="1.1.0"), release(1, 900), release(2, 500, config="sha256:b")]
    api.holds(old(item("HelmRelease", "web", "apps", status={"history": found})))
    text = await entries(api)
    assert f"{clock(100)} HelmRelease apps/web upgraded to chart web 1.1.0 from 1.0.0, v3; values changed too" in text
    assert f"{clock(500)} HelmRelease apps/web upgraded, v2: same chart, other values, chart web 1.0.0" in text


async def test_a_forced_upgrade_has_the_same_chart_and_values(api: Api) -> None:
    token = str(int((NOW - timedelta(seconds=101)).timestamp() * 10**9))
    status = {
        "history": [release(2, 100, status="deployed"), release(1, 900)],
        "lastHandledForceAt": token,
        "lastHandledReconcileAt": token,
    }
    api.holds(
        old(
            item("HelmRelease", "web", "apps", status=status),
            managedFields=[owner("kubectl-edit", 90_000, "f:spec f:interval")],
        )
    )
    text = await entries(api)
    assert "upgraded, v2: same chart and values, chart web 1.0.0; forced, client not recorded" in text
    assert "requested" not in text


async def test_a_failed_upgrade_and_its_rollback_are_one_change(api: Api) -> None:
    app = old(item("HelmRelease", "web", "apps", status={"conditions": [ready("False", "RollbackSucceeded", 40)]}))
    failed = "Helm upgrade failed for release apps/web with chart web@2.0.0: timeout"
    back = "Helm rollback to previous release apps/web.v{} with chart web@1.0.0 succeeded"
    api.holds(
        app,
        event(app, "UpgradeFailed", failed, 100, type="Warning"),
        event(app, "RollbackSucceeded", back.format(4), 90),
        event(app, "UpgradeFailed", failed, 50, type="Warning"),
        event(app, "RollbackSucceeded", back.format(6), 40),
    )
    text = await entries(api)
    assert (
        f"HelmRelease apps/web tried to upgrade to chart web 2.0.0 from 1.0.0; failed at {clock(100)} and {clock(50)}; "
        f"rolled back to 1.0.0 at {clock(90)} and {clock(40)}"
    ) in text
    assert "last good: chart 1.0.0, v4" in text
    assert f"first seen failing: chart 2.0.0 at {clock(100)}" in text


def scaled(deployment: dict[str, Any], before: int, now: int, seconds: int, **more: Any) -> dict[str, Any]:
    message = f"Scaled {'up' if now > before else 'down'} replica set web-1 from {before} to {now}"
    return event(deployment, "ScalingReplicaSet", message, seconds, **more)


def a_deployment(replicas: int = 5, **metadata: Any) -> dict[str, Any]:
    made = thing(DEPLOYMENT, "web", "apps", labels=applied_by("app"), spec={"replicas": replicas})
    return old(made, **metadata)


async def test_kubectl_scale_leaves_no_time_so_the_last_time_of_the_event_is_taken(api: Api) -> None:
    web = a_deployment(managedFields=[owner("kubectl", None, "f:spec f:replicas", subresource="scale")])
    api.holds(web, item(name="app"), scaled(web, 2, 5, 60, first=3000))
    text = await entries(api)
    assert f"{clock(60)} Deployment apps/web scaled 2 → 5 by kubectl" in text


async def test_a_change_in_the_cluster_is_found_by_the_applier_of_what_was_changed(api: Api) -> None:
    web = a_deployment(managedFields=[owner("kubectl", None, "f:spec f:replicas", subresource="scale")])
    api.holds(web, item(name="app"), item(name="other"), scaled(web, 2, 5, 60))
    line = f"{clock(60)} Deployment apps/web scaled 2 → 5 by kubectl"
    assert line in await entries(api, kind="ks", name="app")
    assert line not in await entries(api, kind="ks", name="other")


async def test_without_an_event_the_time_of_a_scaling_is_not_recorded(api: Api) -> None:
    made = thing(STATEFUL_SET, "db", "apps", labels=applied_by("app"), spec={"replicas": 5})
    api.holds(
        item(name="app"),
        old(made, managedFields=[owner("kubectl", None, "f:spec f:replicas", subresource="scale")]),
    )
    assert "time not recorded: StatefulSet apps/db scaled by kubectl" in await entries(api)


async def test_the_time_of_a_scaling_is_that_of_the_last_pod_of_a_statefulset(api: Api) -> None:
    """Unless that Pod was deleted then too: it was replaced."""
    made = thing(STATEFUL_SET, "db", "apps", labels=applied_by("app"), spec={"replicas": 3})
    made = old(made, managedFields=[owner("kubectl", None, "f:spec f:replicas", subresource="scale")])
    api.holds(item(name="app"), made)
    api.holds(event(made, "SuccessfulCreate", "create Pod db-2 in StatefulSet db successful", 90))
    assert f"{clock(90)} StatefulSet apps/db scaled by kubectl" in await entries(api)
    api.holds(event(made, "SuccessfulDelete", "delete Pod db-2 in StatefulSet db successful", 92))
    assert "time not recorded: StatefulSet apps/db scaled by kubectl" in await entries(api)


def replica_set(name: str, revisions: str, image: str, seconds: int, web: dict[str, Any]) -> dict[str, Any]:
    made = thing(REPLICA_SET, name, "apps", owner=web)
    first, _, rest = revisions.rpartition(",")
    made["metadata"] |= {
        "creationTimestamp": ago(seconds),
        "annotations": {
            "deployment.kubernetes.io/revision": rest,
            **({"deployment.kubernetes.io/revision-history": first} if first else {}),
        },
    }
    made["spec"] = {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}
    return made


async def test_a_rollout_has_the_images_of_the_replica_sets(api: Api) -> None:
    web = a_deployment(managedFields=[owner("kubectl-set", 60, "f:spec f:template f:spec f:containers")])
    web["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    api.holds(
        item(name="app"),
        web,
        replica_set("a", "1", "acme/web:1", 90_000, web),
        replica_set("b", "2", "acme/web:2", 60, web),
    )
    assert f"{clock(60)} Deployment apps/web changed by kubectl-set" in (text := await entries(api))
    assert "image acme/web 1 → 2" in text


async def test_after_a_rollback_the_old_image_runs_again(api: Api) -> None:
    web = a_deployment()
    web["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3"}
    api.holds(
        item(name="app"),
        web,
        replica_set("a", "1,3", "acme/web:1", 90_000, web),
        replica_set("b", "2", "acme/web:2", 60, web),
    )
    assert "image acme/web 1 → 2; runs acme/web:1 again" in await entries(api)


async def test_the_scaling_of_a_rollout_is_nobodys(api: Api) -> None:
    web = a_deployment()
    other = event(web, "ScalingReplicaSet", "Scaled down replica set web-0 from 2 to 1", 58)
    api.holds(item(name="app"), web, scaled(web, 1, 2, 60), other)
    assert "scaled" not in await entries(api)


async def test_who_suspended_and_resumed(api: Api) -> None:
    path = "f:spec f:suspend"
    api.holds(
        old(item(name="off", spec={"suspend": True}), managedFields=[owner("flux", 60, path)]),
        old(item(name="on", spec={"suspend": False}), managedFields=[owner("kubectl-patch", 50, path)]),
    )
    text = await entries(api)
    assert f"{clock(60)} Kustomization flux-system/off suspended by flux" in text
    assert f"{clock(50)} Kustomization flux-system/on resumed by kubectl-patch" in text


async def test_requests_of_one_client_are_one(api: Api) -> None:
    path = "f:metadata f:annotations f:reconcile.fluxcd.io/requestedAt"
    for number in range(10):
        made = item(name=f"app-{number}", status={"lastHandledReconcileAt": ago(60 + number)})
        api.holds(old(made, managedFields=[owner("flux", 60 + number, path)]))
    text = await entries(api)
    (line,) = (line for line in text.splitlines() if "requested" in line)
    assert line.startswith(f"{clock(69)} Kustomization flux-system/app-0, app-1")
    assert line.endswith("and 6 more: reconciliation requested by flux")


async def test_what_controllers_write_is_no_change(api: Api) -> None:
    own = [
        owner("gotk-kustomize-controller", 60, 'f:metadata f:finalizers v:"finalizers.fluxcd.io"'),
        owner("gotk-kustomize-controller", 60, "f:status f:conditions", subresource="status"),
        owner("kubectl-annotate", 60, "f:metadata f:annotations"),
        owner("kcm", 60, "f:metadata f:annotations f:deployment.kubernetes.io/revision", subresource="status"),
    ]
    app = old(item(name="app"), managedFields=own)
    api.holds(app, event(app, "ReconciliationSucceeded", "Reconciliation finished in 1s", 60))
    text = await entries(api)
    assert "No change is recorded since" in text


async def test_a_namespace_that_an_inventory_names_and_that_is_gone(api: Api) -> None:
    """The applier stays Ready, and no Event is left: they went with the namespace."""
    made = item("ResourceSet", "teams", status=inventory("_team-red__Namespace", "team-red_app_apps_Deployment"))
    api.holds(old(made))
    text = await entries(api)
    assert (
        "time not recorded: Namespace team-red missing, and with it Deployment team-red/app: in the inventory of "
        "ResourceSet flux-system/teams, not in the cluster"
    ) in text
    api.forbids("namespaces")
    text = await entries(api)
    assert "Namespace team-red missing" not in text
    assert "Could not read: Namespace" in text


async def test_a_deletion_that_has_not_ended_is_a_change_and_may_be_why_others_fail(api: Api) -> None:
    """Nothing but the object itself tells of it, and what is created in a namespace that is being deleted is refused."""
    refused = "unable to create new content in namespace team-red because it is being terminated"
    app = old(
        item(name="app", status={"conditions": [ready("False", "ReconciliationFailed", 40) | {"message": refused}]})
    )
    api.holds(
        app,
        old(thing(NAMESPACE, "team-red"), deletionTimestamp=ago(60)),
        old(item(name="leaving"), deletionTimestamp=ago(50), finalizers=["finalizers.fluxcd.io"]),
        event(app, "ReconciliationSucceeded", "Reconciliation finished in 1s", 300, revision=OLD),
        event(app, "ReconciliationFailed", refused, 40, type="Warning", revision=NEW),
    )
    text = await entries(api)
    told = "Namespace team-red: deletion requested, client not recorded; it has not ended"
    assert f"{clock(60)} {told}" in text
    assert f"{clock(50)} Kustomization flux-system/leaving: deletion requested" in text
    assert told in text.partition("in between: ")[2]


async def test_what_had_been_in_a_namespace_that_is_empty_is_told_by_appliers_elsewhere(api: Api) -> None:
    app = old(item(name="app"))
    changed = "ConfigMap/team-red/settings created"
    api.holds(app, old(thing(NAMESPACE, "team-red")), event(app, "Progressing", changed, 60, revision=NEW))
    text = await entries(api, namespace="team-red")
    assert "Kustomization flux-system/app applied main@bbbbbbb: created ConfigMap team-red/settings" in text


async def test_controllers_of_which_no_pod_is_ready_are_named_first(api: Api) -> None:
    part = {"app.kubernetes.io/part-of": "flux"}
    api.holds(
        item(name="app"),
        *(
            old(
                thing(
                    DEPLOYMENT, name, "flux-system", labels=part, spec={"replicas": 1}, status={"readyReplicas": ready}
                )
            )
            for name, ready in (("kustomize-controller", 0), ("source-controller", 1))
        ),
    )
    text = await entries(api)
    assert "\nNo Pod is ready of Deployment flux-system/kustomize-controller: what depends on it does not" in text


async def test_a_flux_instance_whose_reconciliation_somebody_disabled_did_not_fail(api: Api) -> None:
    flux = old(item("FluxInstance", "flux"))
    api.holds(
        flux,
        event(flux, "ReconciliationSucceeded", "Reconciliation finished in 1s", 300),
        event(flux, "ReconciliationDisabled", "Reconciliation is disabled", 100, type="Warning"),
        event(flux, "ReconciliationSucceeded", "Reconciliation finished in 1s", 50),
    )
    text = await entries(api)
    assert "fail" not in text.partition("No Flux object")[0]
    assert "recovered" not in text


async def test_an_install_that_failed_and_then_failed_as_an_upgrade_says_which_was_which(api: Api) -> None:
    app = old(item("HelmRelease", "web", "apps", status={"conditions": [ready("False", "UpgradeFailed", 40)]}))
    failed = "Helm {} failed for release apps/web with chart web@2.0.0: timeout"
    api.holds(
        app,
        event(app, "InstallFailed", failed.format("install"), 100, type="Warning"),
        event(app, "UpgradeFailed", failed.format("upgrade"), 40, type="Warning"),
    )
    text = await entries(api)
    told = f"tried to install chart web 2.0.0; failed at {clock(100)}, as an upgrade at {clock(40)}"
    assert told in text
    assert f"{clock(100)[:5]}: HelmRelease apps/web" in text.partition(NEVER)[2]


async def test_what_inventories_name_and_is_missing_is_told_once_an_applier(api: Api) -> None:
    """Flux objects too; those of a namespace that is gone are told together for all appliers."""
    failed = {"type": "Ready", "status": "False", "reason": "ReconciliationFailed", "lastTransitionTime": ago(60)}
    names = (
        "apps_web_apps_Deployment",
        "apps_api_apps_Deployment",
        "flux-system_x_kustomize.toolkit.fluxcd.io_Kustomization",
    )
    one = item(name="one", status={**inventory(*names, "lost_a_apps_Deployment"), "conditions": [failed]})
    one["status"]["lastAppliedRevision"] = OLD
    two = item(name="two", status=inventory("lost_b_helm.toolkit.fluxcd.io_HelmRelease"))
    api.holds(old(one), old(two), event(one, "ReconciliationSucceeded", "Reconciliation finished in 1s", 90))
    text = await entries(api)
    assert (
        "Deployment apps/api, web missing: in the inventory of Kustomization flux-system/one, not in the cluster"
        in text
    )
    assert "Kustomization flux-system/x missing: in the inventory of Kustomization flux-system/one" in text
    assert (
        "Namespace lost missing, and with it Deployment lost/a; HelmRelease lost/b: in the inventories of "
        "Kustomization flux-system/one, two, not in the cluster"
    ) in text
    assert "missing now, since when is not recorded: " in text


async def test_a_failure_of_which_the_beginning_is_lost_did_not_begin_then(api: Api) -> None:
    """Events expire an hour after they were last seen, whenever they were first."""
    entry = {
        "digest": "sha256:1",
        "lastReconciledStatus": "ReconciliationSucceeded",
        "metadata": {"revision": OLD},
        "firstReconciled": ago(9000),
        "lastReconciled": ago(8000),
        "totalReconciliations": 5,
    }
    app = old(item(name="app", status={"history": [entry]}))
    api.holds(app, event(app, "ArtifactFailed", "kustomization path not found", 100, type="Warning"))
    text = await entries(api)
    assert (
        f"{clock(100)} Kustomization flux-system/app seen failing: ArtifactFailed; its last recorded success is of "
        f"{clock(8000)}"
    ) in text
    api.holds(event(item(name="other"), "ReconciliationSucceeded", "Reconciliation finished", 8500))
    assert f"{clock(100)} Kustomization flux-system/app began to fail: ArtifactFailed" in await entries(api)


async def test_who_created_and_what_is_gone(api: Api) -> None:
    gone = item(name="gone")
    made = item(name="new", metadata={"creationTimestamp": ago(60)})
    made["metadata"]["managedFields"] = [owner("kubectl-create", 60, "f:spec f:path")]
    api.holds(made, event(gone, "BuildFailed", "kustomize build failed", 100, type="Warning"))
    text = await entries(api)
    assert f"{clock(60)} Kustomization flux-system/new created by kubectl-create" in text
    assert f"{clock(100)} Kustomization flux-system/gone no longer exists; this is the time of its last Event" in text


async def test_what_an_object_deleted_at_its_end_went_with_it(api: Api) -> None:
    gone = item(name="gone")
    text = "ConfigMap/apps/config configured\nDeployment/apps/web configured"
    api.holds(
        event(gone, "Progressing", text, 102, revision=NEW),
        event(gone, "ReconciliationSucceeded", "ConfigMap/apps/config deleted\nDeployment/apps/web deleted", 100),
    )
    text = await entries(api)
    deleted = "Kustomization flux-system/gone deleted, and with it ConfigMap apps/config; Deployment apps/web"
    assert deleted in text
    assert "Kustomization flux-system/gone applied main@bbbbbbb: configured ConfigMap apps/config; Deployment" in text
    assert "no longer exists" not in text


@pytest.mark.parametrize("namespace", ["flux-system", None])
async def test_what_is_gone_is_found_in_a_namespace_too(api: Api, namespace: str | None) -> None:
    gone = item(name="gone")
    api.holds(item(name="app"), event(gone, "BuildFailed", "kustomize build failed", 100, type="Warning"))
    text = await entries(api, **({"namespace": namespace} if namespace else {}))
    assert "Kustomization flux-system/gone no longer exists" in text


async def test_a_run_that_failed_and_changed_nothing_did_not_apply(api: Api) -> None:
    """Its revision is the one that its source had fetched by then, and no newer one has this content."""
    source = {"sourceRef": {"kind": "GitRepository", "name": "repo"}}
    entry = {
        "digest": "sha256:2",
        "lastReconciledStatus": "ReconciliationFailed",
        "metadata": {"revision": NEWEST},
        "firstReconciled": ago(60),
        "lastReconciled": ago(10),
        "totalReconciliations": 5,
    }
    repo = old(item("GitRepository", "repo", status={"artifact": {"revision": NEWEST, "lastUpdateTime": ago(62)}}))
    api.holds(repo, old(item(name="app", spec=source, status={"history": [entry]})))
    assert "Kustomization flux-system/app tried to apply new content of main@ccccccc" in await entries(api)
    repo["status"]["artifact"]["lastUpdateTime"] = ago(30)
    assert "tried to apply new content, of main@ccccccc or an earlier revision; the run ended" in await entries(api)


async def test_without_managed_fields_no_client_is_missed_on_every_line(api: Api) -> None:
    web = a_deployment()
    api.holds(item(name="app"), web, scaled(web, 2, 5, 60))
    text = await entries(api)
    assert f"{clock(60)} Deployment apps/web scaled 2 → 5\n" in text
    assert "client" not in text


async def test_names_that_others_chose_are_quoted(api: Api) -> None:
    """Of clients, of fields, and the subject of a commit."""
    odd = 'x\n![a](http://evil) \u202e"'
    repo = old(item("GitRepository", "repo"), managedFields=[owner(odd, 60, "f:spec f:ref f:branch")])
    app = old(item("HelmRelease", "web"), managedFields=[owner("kubectl-edit", 60, f"f:spec f:values f:{odd}")])
    stored = event(repo, "NewArtifact", f"stored artifact for commit '{odd}'", 100)
    stored["metadata"]["annotations"] = {"source.toolkit.fluxcd.io/revision": NEW}
    api.holds(repo, app, stored)
    text = await entries(api)
    assert "![" not in text
    assert "edited by" in text
    assert "fetched main@bbbbbbb" in text


async def test_fields_that_hold_values_and_unknown_ones_are_not_named(api: Api) -> None:
    fields: dict[str, Any] = {
        "f:spec": {"f:hunter2": {}, 'k:{"name":"hunter2"}': {"f:path": {}}, "f:values": {"f:color": {}}}
    }
    made = old(item("HelmRelease", "web"))
    made["metadata"]["managedFields"] = [{**owner("kubectl-edit", 60), "fieldsV1": fields}]
    assert list(field_owners(made)[0].paths) == ["spec", "spec.values.color"]
    assert "hunter2" not in str(trimmed_managed_fields(made))
    api.holds(made)
    assert "hunter2" not in await entries(api)


def test_paths_are_the_same_from_what_a_recording_keeps() -> None:
    entry = {
        "f:spec": {
            ".": {},
            "f:replicas": {},
            "f:template": {
                "f:spec": {"f:containers": {'k:{"name":"a"}': {"f:image": {}, ".": {}}, 'k:{"name":"b"}': {}}}
            },
        },
        "f:metadata": {"f:finalizers": {'v:"x"': {}}},
    }
    made = thing(DEPLOYMENT, "web", "apps")
    made["metadata"]["managedFields"] = [{"manager": "m", "operation": "Update", "fieldsV1": entry}]
    kept = {**made, "metadata": {**made["metadata"], "managedFields": trimmed_managed_fields(made)}}
    paths = [{*field_paths(each["metadata"]["managedFields"][0]["fieldsV1"], fields_of(made))} for each in (made, kept)]
    assert paths[0] == paths[1]
    assert ("spec", "template", "spec", "containers", "image") in paths[0]
    assert field_owners(made) == field_owners(kept)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-27T08:33:06.416930109Z", datetime(2026, 11, 27, 8, 33, 6, 416930, tzinfo=UTC)),
        ("1795768436", datetime(2026, 11, 27, 8, 33, 56, tzinfo=UTC)),
        ("1795768436000", datetime(2026, 11, 27, 8, 33, 56, tzinfo=UTC)),
        ("1795768436000000000", datetime(2026, 11, 27, 8, 33, 56, tzinfo=UTC)),
        ("now", None),
        ("42", None),
        ("", None),
        ("9" * 400, None),
        ("²", None),
    ],
)
def test_the_time_of_a_request_is_in_its_value(value: str, expected: datetime | None) -> None:
    assert request_time(value) == expected


# Reading


def reads(api: Api) -> list[tuple[bool, str | None, set[str]]]:
    """Of each get: with managedFields or not, in which namespace, which kinds."""
    found = []
    for args in api.calls:
        if args[0] == "get":
            namespace = next((word.partition("=")[2] for word in args if word.startswith("--namespace=")), None)
            kinds = {unversioned(name) for name in args[args.index("--") + 1].split(",")}
            found.append(("--show-managed-fields=true" in args, namespace, kinds))
    return found


async def test_managed_fields_are_asked_for_of_flux_objects_and_workloads_only(api: Api) -> None:
    api.holds(item(name="app"))
    await entries(api)
    assert len(reads(api)) == 3
    allowed = {kind.resource for kind in FLUX_KINDS} | {f"{plural}.apps" for plural in ("deployments", "statefulsets")}
    allowed |= {"daemonsets.apps", "cronjobs.batch"}
    for managed_fields, namespace, kinds in reads(api):
        assert namespace is None
        assert kinds <= allowed if managed_fields else kinds == {"replicasets.apps", "events", "namespaces"}


async def test_in_a_namespace_four_kubectl_read_that_and_the_appliers_events(api: Api) -> None:
    app = old(item(name="app"))
    web = a_deployment(managedFields=[owner("kustomize-controller", 60, operation="Apply")])
    api.holds(app, web, event(app, "Progressing", "Deployment/apps/web configured", 60, revision=NEW))
    text = await entries(api, namespace="apps")
    assert "Kustomization flux-system/app applied main@bbbbbbb: configured Deployment apps/web" in text
    assert [namespace for _, namespace, _ in reads(api)] == [None, "apps", "apps", "flux-system"]


async def test_kind_and_name_narrow_to_an_object_and_what_it_applies(api: Api) -> None:
    path = "f:spec f:path"
    api.holds(
        old(item(name="one"), managedFields=[owner("kubectl-edit", 60, path)]),
        old(item(name="two"), managedFields=[owner("kubectl-edit", 60, path)]),
    )
    text = await entries(api, kind="ks", name="one")
    assert "Kustomization flux-system/one edited" in text
    assert "two" not in text
    assert (await api.ask("get_flux_changes", name="one")).is_error


async def test_since_and_limit_bound_the_timeline(api: Api) -> None:
    for number in range(5):
        made = item(name=f"app-{number}")
        api.holds(old(made, managedFields=[owner("kubectl-edit", 60 * (number + 1), "f:spec f:path")]))
    text = await entries(api, since="150s")
    assert text.startswith("get_flux_changes: 2 of 2")
    text = await entries(api, limit=2)
    assert text.startswith("get_flux_changes: 2 of 5")
    assert "3 older changes" in text


async def test_a_cluster_without_flux(api: Api) -> None:
    api.serves(DEPLOYMENT, STATEFUL_SET, REPLICA_SET, EVENT, NAMESPACE)
    reply = await api.ask("get_flux_changes")
    assert reply.lines[1] == "Flux is not installed: the API server serves none of its kinds."


async def test_a_subject_is_masked_like_any_message(api: Api) -> None:
    repo = old(item("GitRepository", "repo"))
    stored = event(repo, "NewArtifact", "stored artifact for commit 'rotate password: hunter2'", 100)
    stored["metadata"]["annotations"] = {f"{by_kind['GitRepository'].group}/revision": NEW}
    api.holds(repo, stored)
    assert "hunter2" not in await entries(api)
