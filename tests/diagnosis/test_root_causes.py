"""From objects in trouble to first causes: the pure part, on recordings, on small clusters, on arbitrary ones."""

import json
import string
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.cause import Cause, CauseType, Fact
from flux_mcp.diagnosis.controllers import ControllerSet
from flux_mcp.diagnosis.evidence import index_evidence, view_evidence
from flux_mcp.diagnosis.root_causes import Diagnosis, diagnose
from flux_mcp.diagnosis.snapshot import Snapshot, view_snapshot_object
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.graph_algorithms import components, downstream
from flux_mcp.flux.installation import Controller
from flux_mcp.flux.status import Health, assess
from tests.support.causes import STAGING_CAUSES
from tests.support.expected import STAGING_MOMENT
from tests.support.fake import FIXTURES
from tests.support.items import READY, item

NOW = datetime(2026, 1, 2, 4, 0, 0, tzinfo=UTC)
EVERY = frozenset(kind.kind for kind in FLUX_KINDS)


def world(items: Iterable[dict[str, Any]], now: datetime = NOW, **more: Any) -> Snapshot:
    """A cluster of Flux objects; `controllers=` their Deployments, `more=` what runs there, `seen=` what was read."""
    objects = [one for each in items if (one := view_snapshot_object(each)) is not None]
    statuses = assess((one.node.object for one in objects), now)
    known = {"read": EVERY, **more}
    views = [view for each in known.pop("beside", ()) if (view := view_evidence(each)) is not None]
    evidence = index_evidence(views, known.pop("seen", ()))
    return Snapshot(
        objects={one.ref: one for one in objects},
        graph=Graph(one.node for one in objects),
        statuses={status.object.ref: status for status in statuses},
        now=now,
        evidence=evidence,
        **known,
    )


def controller(name: str, ready: int = 0, wanted: int = 1, namespace: str = "flux-system", *args: str) -> Controller:
    return Controller(
        ref=ObjectRef("Deployment", namespace, name),
        ready=ready,
        wanted=wanted,
        image="",
        version="",
        restarts=0,
        last_ends=(),
        failure=None,
        args=args,
    )


def run_by(*found: Controller) -> ControllerSet:
    return ControllerSet(found, index_evidence(()), in_full=True)


def bad(reason: str, message: str, kind: str = "Kustomization", name: str = "apps", **more: Any) -> dict[str, Any]:
    """An object that is not ready for this reason."""
    ready = {**READY, "status": "False", "reason": reason, "message": message}
    return item(kind, name, **{**more, "status": {"conditions": [ready], **more.get("status", {})}})


def waiting(name: str, *on: str, kind: str = "Kustomization") -> dict[str, Any]:
    """An object that waits for others of its kind."""
    return bad(
        "DependencyNotReady",
        f"dependency 'flux-system/{on[0]}' is not ready",
        kind,
        name,
        spec={"dependsOn": [{"name": each} for each in on]},
    )


def ks(name: str) -> ObjectRef:
    return ObjectRef("Kustomization", "flux-system", name)


STRICT = run_by(controller("helm-controller", 1, 1, "flux-system", "--no-cross-namespace-refs=true"))
"""helm-controller as in a cluster of several tenants."""


def failures(found: Diagnosis, ref: ObjectRef) -> list[str]:
    """The ids of the failures of the causes that lie in an object."""
    return [one.id for cause in causes(found, ref) if ref in cause.members for one in cause.failures]


def causes(found: Diagnosis, ref: ObjectRef) -> list[Cause]:
    return [found.causes[position] for position in found.causes_of(ref)]


def told(found: Diagnosis, ref: ObjectRef) -> set[tuple[CauseType, ObjectRef]]:
    return {(cause.type, cause.members[0]) for cause in causes(found, ref)}


# The recordings


def recorded(name: str) -> list[dict[str, Any]]:
    paths = (FIXTURES / name / f"{kind.resource}.json" for kind in FLUX_KINDS)
    return [each for path in paths if path.exists() for each in json.loads(path.read_text())["items"]]


def test_on_staging_every_object_in_trouble_stands_behind_its_own_causes_and_no_other() -> None:
    found = diagnose(world(recorded("staging"), datetime.fromisoformat(STAGING_MOMENT)))

    def called(cause: Cause) -> str:
        if cause.type is CauseType.LOOP:
            return "loop"
        alike = {by_kind[ref.kind].controller for ref in cause.members}
        return str(cause.members[0]) if len(cause.members) == 1 else alike.pop()

    assert {str(ref): {called(cause) for cause in causes(found, ref)} for ref in found.blocking} == STAGING_CAUSES


def test_on_staging_the_loop_is_one_cause() -> None:
    found = diagnose(world(recorded("staging"), datetime.fromisoformat(STAGING_MOMENT)))
    (loop,) = [cause for cause in found.causes if cause.type is CauseType.LOOP]
    assert loop.members == (ks("cycle-a"), ks("cycle-b"))


def test_on_bootstrap_nothing_is_in_trouble() -> None:
    found = diagnose(world(recorded("bootstrap"), datetime(2026, 11, 22, 9, 52, 36, tzinfo=UTC)))
    assert found.causes == ()
    assert found.blocking == {}


# Dependencies


def test_a_chain_of_dependencies_leads_to_its_end() -> None:
    found = diagnose(world([waiting("a", "b"), waiting("b", "c"), bad("BuildFailed", "no such file", name="c")]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ks("c"))}
    assert found.blocks[0] == (ks("a"), ks("b"))
    assert found.path(ks("a"), 0) == (ks("a"), ks("b"), ks("c"))
    assert found.waiting_for(ks("c")) == (ks("a"), ks("b"))


def test_two_dependencies_that_fail_are_two_causes() -> None:
    broken = [bad("BuildFailed", "no such file", name="c"), bad("PruneFailed", "delete failed", name="d")]
    found = diagnose(world([waiting("a", "c", "d"), *broken]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ks("c")), (CauseType.FAILURE, ks("d"))}


def test_a_dependency_that_is_ready_is_no_cause() -> None:
    found = diagnose(world([waiting("a", "b", "c"), item(name="b"), bad("BuildFailed", "no such file", name="c")]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ks("c"))}


def test_a_dependency_that_does_not_exist_is_missing() -> None:
    assert told(diagnose(world([waiting("a", "b")])), ks("a")) == {(CauseType.MISSING, ks("b"))}


def test_a_dependency_of_a_kind_that_was_not_read_is_not_called_missing() -> None:
    assert told(diagnose(world([waiting("a", "b")], read=frozenset())), ks("a")) == {(CauseType.UNREAD, ks("b"))}


def test_a_dependency_in_a_namespace_that_was_not_read_is_not_called_missing() -> None:
    elsewhere = waiting("a", "b")
    elsewhere["spec"]["dependsOn"] = [{"name": "b", "namespace": "far"}]
    found = diagnose(world([elsewhere], only="flux-system"))
    assert told(found, ks("a")) == {(CauseType.UNREAD, ObjectRef("Kustomization", "far", "b"))}


def test_a_suspended_dependency_that_never_was_ready_is_a_cause() -> None:
    suspended = item(name="b", spec={"suspend": True}, status={"conditions": []})
    assert told(diagnose(world([waiting("a", "b"), suspended])), ks("a")) == {(CauseType.SUSPENDED, ks("b"))}


def test_a_suspended_dependency_that_is_ready_is_a_cause_where_there_is_no_other() -> None:
    """It will not become newer: who waits for a newer revision of it waits for ever."""
    suspended = item(name="b", spec={"suspend": True})
    assert told(diagnose(world([waiting("a", "b"), suspended])), ks("a")) == {(CauseType.SUSPENDED, ks("b"))}
    found = diagnose(world([waiting("a", "b", "c"), suspended, bad("BuildFailed", "no such file", name="c")]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ks("c"))}


def test_a_dependency_that_is_just_reconciled_is_waited_for() -> None:
    running = item(
        name="b", status={"conditions": [{**READY, "status": "Unknown", "lastTransitionTime": "2026-01-02T03:59:50Z"}]}
    )
    assert told(diagnose(world([waiting("a", "b"), running])), ks("a")) == {(CauseType.RUNNING, ks("b"))}


def test_a_dependency_whose_revision_is_behind_is_the_cause() -> None:
    source = item("GitRepository", "repo", status={"artifact": {"revision": "main@sha1:" + "2" * 40}})
    behind = item(
        name="b",
        spec={"sourceRef": {"kind": "GitRepository", "name": "repo"}},
        status={"lastAppliedRevision": "main@sha1:" + "1" * 40},
    )
    late = waiting("a", "b")
    late["status"]["conditions"][0]["message"] = "dependency 'flux-system/b' revision is not up to date"
    assert told(diagnose(world([late, behind, source])), ks("a")) == {(CauseType.FAILURE, ks("b"))}


def test_a_loop_is_one_cause_for_all_that_wait_for_it() -> None:
    found = diagnose(world([waiting("a", "b"), waiting("b", "c"), waiting("c", "a"), waiting("d", "a")]))
    (loop,) = found.causes
    assert (loop.type, loop.members) == (CauseType.LOOP, (ks("a"), ks("b"), ks("c")))
    assert found.blocks == ((ks("d"),),)


def test_an_object_that_depends_on_itself_is_a_loop() -> None:
    (loop,) = diagnose(world([waiting("a", "a")])).causes
    assert (loop.type, loop.members) == (CauseType.LOOP, (ks("a"),))


def test_a_loop_that_also_waits_for_a_failure_has_two_causes() -> None:
    found = diagnose(world([waiting("a", "b", "x"), waiting("b", "a"), bad("BuildFailed", "no such file", name="x")]))
    assert told(found, ks("b")) == {(CauseType.LOOP, ks("a")), (CauseType.FAILURE, ks("x"))}


# Sources


def test_a_release_leads_over_its_chart_to_the_repository() -> None:
    release = bad(
        "SourceNotReady",
        "HelmChart 'flux-system/apps-web' is not ready: does not have an artifact",
        "HelmRelease",
        "web",
        namespace="apps",
        spec={"chart": {"spec": {"chart": "web", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}},
        status={"helmChart": "flux-system/apps-web"},
    )
    chart = bad(
        "NoSourceArtifact",
        "no artifact available",
        "HelmChart",
        "apps-web",
        spec={"sourceRef": {"kind": "HelmRepository", "name": "charts"}},
    )
    repository = bad("Failed", "failed to fetch Helm repository index: 401", "HelmRepository", "charts")
    found = diagnose(world([release, chart, repository]))
    root = ObjectRef("HelmRepository", "flux-system", "charts")
    assert told(found, ObjectRef("HelmRelease", "apps", "web")) == {(CauseType.FAILURE, root)}
    assert told(found, ObjectRef("HelmChart", "flux-system", "apps-web")) == {(CauseType.FAILURE, root)}


def test_an_object_that_still_looks_ready_stands_behind_its_failing_source() -> None:
    source = bad("GitOperationFailed", "authentication required", "GitRepository", "repo")
    ready = item(name="a", spec={"sourceRef": {"kind": "GitRepository", "name": "repo"}})
    found = diagnose(world([source, ready]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ObjectRef("GitRepository", "flux-system", "repo"))}


def test_a_failure_of_its_own_beside_a_failing_source_is_told_too() -> None:
    source = bad("GitOperationFailed", "authentication required", "GitRepository", "repo")
    broken = bad("BuildFailed", "no such file", name="a", spec={"sourceRef": {"kind": "GitRepository", "name": "repo"}})
    found = diagnose(world([source, broken]))
    assert told(found, ks("a")) == {
        (CauseType.FAILURE, ObjectRef("GitRepository", "flux-system", "repo")),
        (CauseType.FAILURE, ks("a")),
    }


def test_a_suspended_source_without_an_artifact_is_the_cause() -> None:
    source = item("GitRepository", "repo", spec={"suspend": True}, status={"conditions": []})
    spec = {"sourceRef": {"kind": "GitRepository", "name": "repo"}}
    waits = bad("ArtifactFailed", "Source artifact not found, retrying in 30s", name="a", spec=spec)
    root = ObjectRef("GitRepository", "flux-system", "repo")
    assert told(diagnose(world([source, waits])), ks("a")) == {(CauseType.SUSPENDED, root)}


def test_a_path_that_is_not_in_a_healthy_source_is_a_failure_of_its_own() -> None:
    source = item("GitRepository", "repo", status={"artifact": {"revision": "main@sha1:" + "1" * 40}})
    spec = {"sourceRef": {"kind": "GitRepository", "name": "repo"}}
    broken = bad("ArtifactFailed", "kustomization path not found: stat x", name="a", spec=spec)
    assert told(diagnose(world([source, broken])), ks("a")) == {(CauseType.FAILURE, ks("a"))}


# Health


def holder(message: str, *ids: str, name: str = "a", **spec: Any) -> dict[str, Any]:
    return bad(
        "HealthCheckFailed",
        message,
        name=name,
        spec=spec,
        status={"inventory": {"entries": [{"id": each, "v": "v1"} for each in ids]}},
    )


CHILD = "flux-system_b_kustomize.toolkit.fluxcd.io_Kustomization"


def test_a_parent_that_waits_stands_behind_the_failure_of_its_child() -> None:
    parent = holder("timeout waiting for: [Kustomization/flux-system/b status: 'InProgress']", CHILD, wait=True)
    found = diagnose(world([parent, bad("BuildFailed", "no such file", name="b")]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ks("b"))}


def test_a_parent_that_does_not_wait_stands_behind_the_children_that_are_named_only() -> None:
    other = "flux-system_c_kustomize.toolkit.fluxcd.io_Kustomization"
    parent = holder("timeout waiting for: [Kustomization/flux-system/b status: 'InProgress']", CHILD, other)
    broken = [bad("BuildFailed", "no such file", name="b"), bad("PruneFailed", "x", name="c")]
    assert told(diagnose(world([parent, *broken])), ks("a")) == {(CauseType.FAILURE, ks("b"))}


def test_a_child_that_waits_for_its_waiting_parent_is_a_loop() -> None:
    parent = holder("timeout waiting for: [Kustomization/flux-system/b status: 'InProgress']", CHILD, wait=True)
    (loop,) = diagnose(world([parent, waiting("b", "a")])).causes
    assert (loop.type, set(loop.members)) == (CauseType.LOOP, {ks("a"), ks("b")})


def test_a_workload_that_failed_is_a_cause_beside_a_child_that_failed() -> None:
    message = "timeout waiting for: [Deployment/apps/web status: 'InProgress', Kustomization/flux-system/b status: 'InProgress']"
    found = diagnose(world([holder(message, CHILD), bad("BuildFailed", "no such file", name="b")]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ks("a")), (CauseType.FAILURE, ks("b"))}
    assert ("apps", "Deployment") in found.needs([ks("a")])


def test_a_child_that_could_not_be_read_is_said_to_be_unread() -> None:
    parent = holder("failed early due to stalled resources: [HelmRelease/apps/web status: 'Failed']")
    found = diagnose(world([parent], read=EVERY - {"HelmRelease"}))
    assert told(found, ks("a")) == {(CauseType.UNREAD, ObjectRef("HelmRelease", "apps", "web"))}


def test_the_inventory_of_another_cluster_is_not_looked_up() -> None:
    parent = holder("health check failed", CHILD, wait=True, kubeConfig={"secretRef": {"name": "x"}})
    found = diagnose(world([parent, bad("BuildFailed", "no such file", name="b")]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ks("a"))}


def test_what_another_cluster_says_is_not_looked_up_here() -> None:
    message = (
        "timeout waiting for: [Deployment/apps/web status: 'InProgress', HelmRelease/apps/db status: 'InProgress']"
    )
    found = diagnose(world([holder(message, kubeConfig={"secretRef": {"name": "x"}})]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ks("a"))}
    assert found.needs([ks("a")]) == frozenset()
    assert failures(found, ks("a")) == ["remote-cluster"]


def test_another_vendors_kind_of_a_name_of_flux_is_not_called_missing() -> None:
    message = "timeout waiting for: [Provider/provider-aws-s3 status: 'InProgress']"
    found = diagnose(world([holder(message, "_provider-aws-s3_pkg.crossplane.io_Provider", wait=True)]))
    assert told(found, ks("a")) == {(CauseType.FAILURE, ks("a"))}


def test_another_vendors_job_is_not_looked_for_among_those_of_kubernetes() -> None:
    message = "timeout waiting for: [Job/apps/train status: 'InProgress']"
    found = diagnose(world([holder(message, "apps_train_batch.volcano.sh_Job")]))
    assert ("apps", "Job") not in found.needs([ks("a")])


def test_a_child_that_is_named_and_suspended_is_a_cause() -> None:
    child = bad("BuildFailed", "no such file", name="b", spec={"suspend": True})
    found = diagnose(world([holder("timeout waiting for: [Kustomization/flux-system/b status: 'InProgress']"), child]))
    assert told(found, ks("a")) == {(CauseType.SUSPENDED, ks("b"))}


def test_a_release_that_timed_out_is_a_failure_of_its_own_beside_its_failing_source() -> None:
    source = bad("OCIArtifactPullFailed", "UNAUTHORIZED", "OCIRepository", "charts")
    release = bad(
        "UpgradeFailed",
        "Helm upgrade failed for release a/b: context deadline exceeded",
        "HelmRelease",
        "web",
        spec={"chartRef": {"kind": "OCIRepository", "name": "charts"}},
    )
    ref = ObjectRef("HelmRelease", "flux-system", "web")
    assert told(diagnose(world([source, release])), ref) == {
        (CauseType.FAILURE, ObjectRef("OCIRepository", "flux-system", "charts")),
        (CauseType.FAILURE, ref),
    }


def test_what_a_resource_set_may_not_apply_is_not_laid_to_a_child() -> None:
    child = bad("InstallFailed", "something else", "HelmRelease", "db")
    forbidden = bad(
        "ReconciliationFailed",
        "reconciliation failed: Namespace/team-b dry-run failed (Forbidden)",
        "ResourceSet",
        "teams",
        spec={"wait": True},
        status={"inventory": {"entries": [{"id": "flux-system_db_helm.toolkit.fluxcd.io_HelmRelease", "v": "v2"}]}},
    )
    ref = ObjectRef("ResourceSet", "flux-system", "teams")
    assert told(diagnose(world([child, forbidden])), ref) == {(CauseType.FAILURE, ref)}


def test_an_archive_that_cannot_be_downloaded_is_a_failure_of_its_own() -> None:
    source = bad("GitOperationFailed", "authentication required", "GitRepository", "repo")
    spec = {"sourceRef": {"kind": "GitRepository", "name": "repo"}}
    late = bad(
        "ArtifactFailed", "failed to download archive from http://source-controller (status: 503)", name="a", spec=spec
    )
    assert (CauseType.FAILURE, ks("a")) in told(diagnose(world([source, late])), ks("a"))


def test_releases_that_are_silent_for_other_reasons_are_not_one_cause() -> None:
    chart = {"spec": {"sourceRef": {"name": "x", "namespace": "far"}}}
    far = item("HelmRelease", "a", spec={"chart": chart}, status={"conditions": []})
    near = item("HelmRelease", "b", spec={"chart": {"spec": {"sourceRef": {"name": "x"}}}}, status={"conditions": []})
    found = diagnose(world([far, near], controllers=STRICT))
    assert sorted(len(cause.members) for cause in found.causes) == [1, 1]


def test_an_ordinary_rollout_is_no_trouble() -> None:
    """The revision that is attempted is written at the start of a run, the applied one at its end."""
    running = item(
        name="a",
        status={
            "conditions": [
                {**READY, "status": "Unknown", "reason": "Progressing", "lastTransitionTime": "2026-01-02T03:59:55Z"}
            ],
            "lastAttemptedRevision": "main@sha1:" + "2" * 40,
            "lastAppliedRevision": "main@sha1:" + "1" * 40,
            "history": [{"lastReconciledStatus": "ReconciliationSucceeded"}],
        },
    )
    assert diagnose(world([running])).causes == ()


def test_a_run_that_takes_longer_than_its_time_out_is_told_as_that() -> None:
    hung = item(name="a", status={"conditions": [{**READY, "status": "Unknown", "reason": "Progressing"}]})
    found = diagnose(world([hung]))
    assert failures(found, ks("a")) == ["reconciliation-overdue"]


def test_where_a_message_names_nothing_the_workloads_of_the_inventory_are_looked_at() -> None:
    release = bad(
        "UpgradeFailed",
        "Helm upgrade failed for release apps/web with chart web@1: context deadline exceeded",
        "HelmRelease",
        "web",
        namespace="apps",
        status={"inventory": {"entries": [{"id": "apps_web_apps_Deployment", "v": "v1"}]}},
    )
    ref = ObjectRef("HelmRelease", "apps", "web")
    assert ("apps", "Deployment") in diagnose(world([release])).needs([ref])


# What is in no condition


def test_what_no_controller_looked_at_is_one_cause_a_controller() -> None:
    silent = [item(name=name, status={"conditions": []}) for name in "ab"]
    chart = item(
        "HelmRelease", "c", spec={"chartRef": {"kind": "OCIRepository", "name": "x"}}, status={"conditions": []}
    )
    found = diagnose(world([*silent, chart]))
    assert [cause.members for cause in found.causes] == [
        (ObjectRef("HelmRelease", "flux-system", "c"),),
        (ks("a"), ks("b")),
    ]


def test_an_unseen_generation_is_a_cause_of_its_own() -> None:
    old = item(name="a", metadata={"generation": 2})
    old["status"]["conditions"] = [{**READY, "observedGeneration": 1}]
    assert told(diagnose(world([old])), ks("a")) == {(CauseType.FAILURE, ks("a"))}


def test_a_deletion_that_hangs_is_a_cause_of_its_own() -> None:
    gone = item(
        name="a", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["finalizers.fluxcd.io"]}
    )
    assert told(diagnose(world([gone])), ks("a")) == {(CauseType.FAILURE, ks("a"))}


def test_what_the_status_is_silent_about_is_behind_the_controller_that_is_down() -> None:
    down = ObjectRef("Deployment", "flux-system", "kustomize-controller")
    found = diagnose(
        world([item(name="a", status={"conditions": []})], controllers=run_by(controller("kustomize-controller")))
    )
    assert told(found, ks("a")) == {(CauseType.CONTROLLER, down)}


def test_a_controller_that_is_down_comes_first() -> None:
    items = [waiting("a", "c"), waiting("b", "c"), bad("GitOperationFailed", "x", "GitRepository", "c")]
    found = diagnose(world(items, controllers=run_by(controller("kustomize-controller"))))
    assert found.causes[0].type is CauseType.CONTROLLER


@pytest.mark.parametrize(
    ("spec", "refused", "expected"),
    [
        pytest.param({}, False, "helm-chart-reference-invalid", id="neither chart nor chartRef"),
        pytest.param(
            {"chart": {"spec": {}}, "chartRef": {"kind": "OCIRepository", "name": "x"}},
            False,
            "helm-chart-reference-invalid",
            id="both",
        ),
        pytest.param(
            {"chart": {"spec": {"sourceRef": {"name": "x", "namespace": "far"}}}},
            True,
            "helm-chart-source-cross-namespace",
            id="refused",
        ),
    ],
)
def test_a_release_without_a_status_is_told_from_its_spec(spec: dict, refused: bool, expected: str) -> None:
    silent = item("HelmRelease", "a", spec=spec, status={"conditions": []})
    found = diagnose(world([silent], controllers=STRICT if refused else ControllerSet()))
    assert failures(found, ObjectRef("HelmRelease", "flux-system", "a")) == [expected]


def test_objects_that_fail_alike_are_one_cause() -> None:
    message = 'Deployment/{0}/web dry-run failed: failed calling webhook "w.acme.io": connection refused after 1{0}s'
    items = [bad("ReconciliationFailed", message.format(n), name=f"k{n}") for n in range(5)]
    (cause,) = diagnose(world(items)).causes
    assert len(cause.members) == 5


def test_objects_that_fail_for_other_reasons_are_not_one_cause() -> None:
    one = bad("BuildFailed", "no such file x", name="a")
    assert len(diagnose(world([one, bad("BuildFailed", "no such file y", name="b")])).causes) == 2


def test_exhausted_retries_are_told_beside_the_failure() -> None:
    failed = bad("InstallFailed", "Helm install failed: timed out waiting for the condition", "HelmRelease", "a")
    stalled = {
        **READY,
        "type": "Stalled",
        "reason": "RetriesExceeded",
        "message": "Failed to install after 2 attempt(s)",
    }
    failed["status"]["conditions"].append(stalled)
    found = diagnose(world([failed]))
    ref = ObjectRef("HelmRelease", "flux-system", "a")
    assert failures(found, ref) == ["helm-wait-timeout", "helm-retries-exceeded"]


def test_a_rollback_that_succeeded_is_a_failure() -> None:
    """The wanted version is not running, though the reason sounds well."""
    found = diagnose(world([bad("RollbackSucceeded", "Helm rollback succeeded", "HelmRelease", "a")]))
    assert failures(found, ObjectRef("HelmRelease", "flux-system", "a")) == ["helm-rolled-back"]


# Arbitrary clusters

NAMES = st.sampled_from(string.ascii_lowercase[:6])
KINDS = st.sampled_from(["Kustomization", "HelmRelease", "GitRepository", "HelmChart", "ResourceSet", "ImagePolicy"])
REASONS = st.sampled_from(
    ["DependencyNotReady", "ArtifactFailed", "SourceNotReady", "HealthCheckFailed", "BuildFailed", "Nothing", ""]
)


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    kind, namespace = draw(KINDS), draw(NAMES)
    refs = st.fixed_dictionaries({"kind": KINDS, "name": NAMES, "namespace": NAMES})
    found = item(
        kind,
        draw(NAMES),
        namespace=namespace,
        spec={
            "dependsOn": draw(st.lists(refs, max_size=3)),
            "sourceRef": draw(refs),
            "chartRef": draw(refs),
            "wait": draw(st.booleans()),
            "suspend": draw(st.booleans()),
        },
        status={
            "conditions": [
                {
                    **READY,
                    "status": draw(st.sampled_from(["True", "False", "Unknown"])),
                    "reason": draw(REASONS),
                    "message": f"[{draw(KINDS)}/{draw(NAMES)}/{draw(NAMES)} status: 'Failed'] not found",
                }
            ],
            "inventory": {
                "entries": [
                    {"id": f"{each['namespace']}_{each['name']}_{by_kind[each['kind']].group}_{each['kind']}"}
                    for each in draw(st.lists(refs, max_size=3))
                ]
            },
        },
    )
    if draw(st.booleans()):
        found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return found


def clusters(most: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Up to so many objects, no two called the same."""
    return st.lists(
        objects(),
        max_size=most,
        unique_by=lambda one: (one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]),
    )


@given(clusters(25))
def test_every_object_in_trouble_has_a_cause_and_every_cause_is_somebodys(items: list[dict[str, Any]]) -> None:
    cluster = world(items)
    found = diagnose(cluster)
    troubled = {ref for ref, entry in cluster.statuses.items() if entry.trouble}
    troubled |= {
        ref
        for ref, entry in cluster.statuses.items()
        if entry.health is Health.READY and any(one not in cluster.statuses for one in entry.object.sources)
    }
    assert set(found.blocking) == troubled
    assert all(found.causes_of(ref) for ref in troubled)
    assert {position for ref in troubled for position in found.causes_of(ref)} == set(range(len(found.causes)))
    for ref in troubled:
        for position in found.causes_of(ref):
            way = found.path(ref, position)
            assert way[0] == ref
            assert all(target in found.blocked[step].by for step, target in pairwise(way))
    turned = diagnose(world(reversed(items)))
    assert (turned.causes, turned.blocks) == (found.causes, found.blocks)


@pytest.mark.parametrize("closed", [False, True], ids=["chain", "loop"])
def test_two_thousand_in_a_row_are_walked(closed: bool) -> None:
    size = 2000
    items = [waiting(f"k{n}", f"k{n + 1}") for n in range(size - 1)]
    items.append(waiting(f"k{size - 1}", "k0") if closed else bad("BuildFailed", "no such file", name=f"k{size - 1}"))
    found = diagnose(world(items))
    (cause,) = found.causes
    assert cause.type is (CauseType.LOOP if closed else CauseType.FAILURE)
    assert len(cause.members) + len(found.blocks[0]) == size
    assert len(found.path(ks("k0"), 0)) == (1 if closed else size)


def test_two_thousand_sources_in_a_row_are_judged() -> None:
    """A failure at the top is said of every user down the chain, in time that grows with the length only."""
    size = 2000
    top = bad("SourceFetchFailed", "x", "ArtifactGenerator", "g0", spec={"sources": []})
    items = [top]
    for n in range(size):
        items.append(
            item("ExternalArtifact", f"e{n}", spec={"sourceRef": {"kind": "ArtifactGenerator", "name": f"g{n}"}})
        )
        items.append(
            item("ArtifactGenerator", f"g{n + 1}", spec={"sources": [{"kind": "ExternalArtifact", "name": f"e{n}"}]})
        )
    found = diagnose(world(items))
    (cause,) = found.causes
    assert cause.members == (ObjectRef("ArtifactGenerator", "flux-system", "g0"),)
    assert len(found.blocks[0]) == 2 * size


# The walks themselves


def test_components_come_after_those_that_they_lead_to() -> None:
    assert components({"a": ("b",), "b": ("c", "d"), "c": ("b",), "d": ()}) == [("d",), ("b", "c"), ("a",)]


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=6))
def test_components_are_the_nodes_that_reach_each_other(ties: dict[str, list[str]]) -> None:
    graph = {node: tuple(target for target in targets if target in ties) for node, targets in ties.items()}

    def reach(node: str) -> set[str]:
        seen, left = {node}, [node]
        while left:
            left += [target for target in graph[left.pop()] if target not in seen and not seen.add(target)]  # type: ignore[func-returns-value]
        return seen

    expected = {frozenset(other for other in reach(node) if node in reach(other)) for node in graph}
    assert {frozenset(one) for one in components(graph)} == expected


def test_what_is_downstream_is_told_with_where_it_comes_from() -> None:
    users = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "x": ["d"]}
    assert downstream(users, ["a", "x"], most=1) == {"b": ("a",), "c": ("a",), "d": ("a",)}
    assert set(downstream(users, ["a", "x"], most=2)["d"]) == {"a", "x"}


# What an object applied, and is gone, drifted, or of another vendor's kind


def kubernetes_event(kind: str, name: str, reason: str, message: str, event_type: str = "Warning") -> dict[str, Any]:
    return {
        "kind": "Event",
        "metadata": {"name": f"{name}.1", "namespace": "flux-system"},
        "involvedObject": {"kind": kind, "name": name, "namespace": "flux-system"},
        "type": event_type,
        "reason": reason,
        "message": message,
        "lastTimestamp": "2026-01-02T03:50:00Z",
    }


def certificate(status: str) -> dict[str, Any]:
    ready = {"type": "Ready", "status": status, "reason": "DoesNotExist", "message": "the Secret does not exist"}
    metadata = {"name": "tls", "namespace": "flux-system"}
    return {"kind": "Certificate", "metadata": metadata, "status": {"conditions": [ready]}}


def test_an_object_of_another_vendor_is_explained_by_its_conditions_and_its_newest_event() -> None:
    message = "health check failed after 5m0s: timeout waiting for: [Certificate/flux-system/tls status: 'InProgress']"
    about = ObjectRef("Certificate", "flux-system", "tls")
    event = kubernetes_event("Certificate", "tls", "Failed", "the order is invalid")
    told = [
        causes(diagnose(world([bad("HealthCheckFailed", message)], beside=beside)), ks("apps"))[0].details
        for beside in ((), (event,), (event, certificate("False")), (event, certificate("True")))
    ]
    assert [[(one.fact, one.refs, one.texts) for one in details] for details in told] == [
        [(Fact.UNREAD, (about,), ())],
        [(Fact.EVENT, (about,), ("Failed", "the order is invalid", "1"))],
        [
            (Fact.CONDITION, (about,), ("Ready=False", "DoesNotExist", "the Secret does not exist")),
            (Fact.EVENT, (about,), ("Failed", "the order is invalid", "1")),
        ],
        [(Fact.READY_NOW, (about,), ())],
    ]
    search = diagnose(world([bad("HealthCheckFailed", message)])).blocked[ks("apps")]
    assert [one.ref for one in search.targets] == [about]
    secret = diagnose(world([bad("HealthCheckFailed", message.replace("Certificate", "Secret"))])).blocked[ks("apps")]
    assert secret.targets == ()


def test_events_explain_the_pods_of_a_workload_that_was_uninstalled() -> None:
    message = "Helm install failed for release flux-system/web with chart web@1.0.0: timeout waiting for: "
    release = bad("UninstallSucceeded", "Helm uninstall remediation succeeded", "HelmRelease", "web")
    released = {"type": "Released", "status": "False", "reason": "InstallFailed"}
    released["message"] = f"{message}[Deployment/flux-system/web status: 'InProgress']"
    release["status"]["conditions"].append(released)
    pulled = kubernetes_event("Pod", "web-6d-x", "Failed", 'Failed to pull image "acme/web:9": acme/web:9: not found')
    other = kubernetes_event("Pod", "db-0", "Unhealthy", "Readiness probe failed: x")
    every = [("flux-system", kind) for kind in ("Deployment", "ReplicaSet", "Pod", "Event")]
    (cause,) = causes(diagnose(world([release], beside=[pulled, other], seen=every)), RELEASE)
    assert [(one.about[0].name, one.failure.id if one.failure else "") for one in cause.workloads] == [
        ("web-6d-x", "image-not-found")
    ]


RELEASE = ObjectRef("HelmRelease", "flux-system", "web")


def test_replicas_that_an_autoscaler_sets_are_its_drift() -> None:
    drifted = {
        "type": "Drifted",
        "status": "True",
        "reason": "DriftDetected",
        "lastTransitionTime": "2026-01-02T03:59:00Z",
    }
    drifted["message"] = "drift:\nDeployment/flux-system/web changed (0 additions, 1 changes, 0 removals)"
    release = item("HelmRelease", "web", status={"conditions": [READY, drifted]})
    scaled = kubernetes_event(
        "Deployment", "web", "ScalingReplicaSet", "Scaled up replica set web-1 from 2 to 5", "Normal"
    )
    by_hand = diagnose(world([release], beside=[scaled]))
    assert failures(by_hand, RELEASE) == ["drift"]
    autoscaler = kubernetes_event(
        "HorizontalPodAutoscaler", "web", "SuccessfulRescale", "New size: 5; reason: cpu", "Normal"
    )
    assert failures(diagnose(world([release], beside=[scaled, autoscaler])), RELEASE) == ["drift-autoscaler"]


@pytest.mark.parametrize(
    ("first", "last", "count", "success", "flaps"),
    [
        pytest.param("03:00", "03:50", 9, "03:20", True, id="a success between"),
        pytest.param("03:00", "03:50", 9, "03:55", False, id="an episode that has ended"),
        pytest.param("03:00", "03:50", 2, "03:20", False, id="two failures"),
        pytest.param("00:00", "02:30", 9, "01:00", False, id="long ago"),
        pytest.param("00:00", "03:50", 5, "", True, id="fewer than retries would make"),
        pytest.param("00:00", "03:50", 60, "", False, id="as many as retries may make"),
    ],
)
def test_what_is_ready_and_failed_before_fails_again_if_runs_succeeded_between(
    first: str, last: str, count: int, success: str, flaps: bool
) -> None:
    def seen(reason: str, start: str, end: str, times: int, kind: str) -> dict[str, Any]:
        event = kubernetes_event("GitRepository", "apps", reason, "connection refused", kind)
        moments = {"firstTimestamp": f"2026-01-02T{start}:00Z", "lastTimestamp": f"2026-01-02T{end}:00Z"}
        return {**event, **moments, "metadata": {"name": f"apps.{reason}", "namespace": "flux-system"}, "count": times}

    events = [seen("GitOperationFailed", first, last, count, "Warning")]
    events += [seen("GitOperationSucceeded", success, success, 1, "Normal")] if success else []
    ref = ObjectRef("GitRepository", "flux-system", "apps")
    diagnosis = diagnose(world([item("GitRepository", "apps")], beside=events))
    assert bool(diagnosis.causes_of(ref)) is flaps
    if flaps:
        assert failures(diagnosis, ref) == ["flapping", "connection-refused"]


@pytest.mark.parametrize(
    ("namespace", "found"),
    [
        (None, [(CauseType.FAILURE, ["namespace-missing"])]),
        ({}, [(CauseType.FAILURE, ["namespace-exists-now"])]),
        ({"deletionTimestamp": "2026-01-02T03:00:00Z"}, [(CauseType.KUBERNETES, ["namespace-being-deleted"])]),
    ],
)
def test_a_namespace_that_was_missing_may_be_there_by_now(
    namespace: dict[str, str] | None, found: list[tuple[CauseType, list[str]]]
) -> None:
    there = [] if namespace is None else [{"kind": "Namespace", "metadata": {"name": "x", **namespace}}]
    reported = bad("ReconciliationFailed", 'Deployment/x/d not found: namespaces "x" not found')
    diagnosis = diagnose(world([reported], beside=there, seen=[("", "Namespace")]))
    assert [(one.type, [each.id for each in one.failures]) for one in causes(diagnosis, ks("apps"))] == found


def test_a_missing_crd_leads_to_the_failing_release_of_the_name_of_its_group() -> None:
    certs = bad(
        "ReconciliationFailed",
        'ClusterIssuer/x dry-run failed: no matches for kind "ClusterIssuer" in version "cert-manager.io/v1"',
    )
    releases = [
        bad(
            "InstallFailed",
            f"Helm install failed for release a/{name} with chart {name}@1.0.0: no",
            "HelmRelease",
            name,
        )
        for name in ("cert-manager", "traefik")
    ]
    diagnosis = diagnose(world([certs, *releases]))
    assert {cause.members[0].name for cause in causes(diagnosis, ks("apps"))} == {"apps", "cert-manager"}


def test_a_deletion_waits_for_the_webhook_that_does_not_answer() -> None:
    message = 'failed calling webhook "w.acme.io": Post "https://w.acme.svc:443/x": connect: connection refused'
    deleting = bad("PruneFailed", f"Certificate/a/b delete failed: {message}")
    deleting["metadata"] |= {"deletionTimestamp": "2026-01-02T01:00:00Z", "finalizers": ["finalizers.fluxcd.io"]}
    diagnosis = diagnose(world([deleting], seen=[("acme", "Service")]))
    (cause,) = causes(diagnosis, ks("apps"))
    assert Fact.WEBHOOK_MISSING in {one.fact for one in cause.details}
    assert ("acme", "Service") in diagnosis.needs([ks("apps")])


def test_three_hundred_failures_of_ten_causes_are_ten_causes() -> None:
    """Whatever kind reports them, and though objects, digests, numbers and durations differ in the messages."""
    errors = {
        "webhook-timeout": 'Ingress/a{0}/i dry-run failed (InternalError): failed calling webhook "v.acme.io": failed to call webhook: Post "https://v.ing.svc:443/x?timeout=10s": context deadline exceeded',
        "webhook-denied": 'Pod/a{0}/p{0} dry-run failed (Forbidden): admission webhook "p.acme.io" denied the request: Cluster has 27{0} secrets and the limit is 2000',
        "namespace-terminating": 'ConfigMap/a{0}/c dry-run failed (Forbidden): configmaps "c{0}" is forbidden: unable to create new content in namespace gone because it is being terminated',
        "service-account-missing": 'failed to impersonate service account tenants/deployer: serviceaccounts "deployer" not found',
        "kind-not-served": 'ServiceMonitor/a{0}/m{0} dry-run failed: no matches for kind "ServiceMonitor" in version "monitoring.coreos.com/v1"',
        "api-server-unavailable": "Deployment/a{0}/d{0} dry-run failed: etcdserver: leader changed after {0}s",
        "aggregated-api-unavailable": "unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1",
        "webhook-certificate-expired": 'Issuer/a{0}/i dry-run failed (InternalError): failed calling webhook "c.acme.io": failed to call webhook: Post "https://c.cm.svc:443/y": x509: certificate has expired',
        "namespace-missing": 'Deployment/late/d{0} not found: namespaces "late" not found',
        "api-version-not-served": 'PodDisruptionBudget/a{0}/p dry-run failed: no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"',
    }
    kinds = ("Kustomization", "ResourceSet", "HelmRelease")
    prefixes = {
        "Kustomization": ("ReconciliationFailed", ""),
        "ResourceSet": ("ReconciliationFailed", "reconciliation failed: "),
        "HelmRelease": ("UpgradeFailed", "Helm upgrade failed for release a/o{0} with chart c@1.{0}.0: "),
    }
    reported = [
        bad(prefixes[kind][0], (prefixes[kind][1] + message).format(number), kind, f"o{number}-{place}")
        for place, message in enumerate(errors.values())
        for number in range(10)
        for kind in kinds
    ]
    diagnosis = diagnose(world(reported))
    assert len(reported) == len(diagnosis.blocking) == 300
    found = {cause.failures[0].id for cause in diagnosis.causes}
    # What keeps a namespace from ending is its own cause.
    assert found == errors.keys() - {"namespace-terminating"} | {"namespace-being-deleted"}
    assert len(diagnosis.causes) == len(errors)


@pytest.mark.parametrize("kind", ["ResourceSet", "FluxInstance"])
@pytest.mark.parametrize(
    ("message", "failed"),
    [
        (
            'Deployment.apps "d" is invalid: spec.selector: Invalid value: {}: field is immutable',
            "immutable-field-changed",
        ),
        (
            'StatefulSet.apps "s" is invalid: spec: Forbidden: updates to statefulset spec for fields other than',
            "immutable-statefulset-changed",
        ),
        (
            'PersistentVolumeClaim "c" is invalid: spec: Forbidden: spec is immutable after creation except',
            "immutable-volume-changed",
        ),
        ('RoleBinding "r" is invalid: roleRef: Invalid value: {}: cannot change roleRef', "immutable-field-changed"),
    ],
)
def test_immutable_fields_are_known_for_the_kinds_of_flux_operator_too(kind: str, message: str, failed: str) -> None:
    reported = bad(
        "ReconciliationFailed", f"reconciliation failed: X/a/b dry-run failed (Invalid): {message}", kind, "flux"
    )
    assert failures(diagnose(world([reported])), ObjectRef(kind, "flux-system", "flux")) == [failed]


def test_a_release_that_its_own_webhook_keeps_from_being_upgraded_waits_for_itself() -> None:
    message = (
        'Helm upgrade failed for release kyverno/kyverno with chart kyverno@2.0.0: cannot patch "kyverno": failed calling '
        'webhook "validate.kyverno.svc-fail": failed to call webhook: Post "https://kyverno-svc.kyverno.svc:443/x": no '
        'endpoints available for service "kyverno-svc"'
    )
    history = [{"name": "kyverno", "namespace": "kyverno", "version": 1, "status": "deployed", "chartVersion": "1.0.0"}]
    release = bad("UpgradeFailed", message, "HelmRelease", "kyverno", status={"history": history})
    found = failures(diagnose(world([release])), ObjectRef("HelmRelease", "flux-system", "kyverno"))
    assert found == ["webhook-of-itself", "webhook-unavailable"]


@pytest.mark.parametrize("seen", [True, False])
def test_a_run_after_a_failed_health_check_shows_what_is_not_ready_now(seen: bool) -> None:
    """The new run has replaced the message; its Event may be gone too."""
    running = "Running health checks for revision main with a timeout of 5m"
    applied = {"id": "flux-system_web_apps_Deployment", "v": "v1"}
    now = {"reason": "ProgressingWithRetry", "message": running, "lastTransitionTime": "2026-01-02T03:59:00Z"}
    unknown, reconciling = (
        {"type": "Ready", "status": "Unknown", **now},
        {"type": "Reconciling", "status": "True", **now},
    )
    status = {
        "conditions": [reconciling, unknown],
        "history": [{"lastReconciledStatus": "HealthCheckFailed", "lastReconciled": "2026-01-02T03:50:00Z"}],
        "inventory": {"entries": [applied]},
    }
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "flux-system"}}
    web |= {"spec": {"replicas": 1}, "status": {}}
    message = "health check failed after 5m0s: timeout waiting for: [Deployment/flux-system/web status: 'InProgress']"
    events = [kubernetes_event("Kustomization", "apps", "HealthCheckFailed", message)] if seen else []
    refused = kubernetes_event("Deployment", "web", "FailedCreate", 'pods "web-1" is forbidden: exceeded quota: small')
    snapshot = world(
        [item("Kustomization", "apps", spec={"wait": True}, status=status)],
        beside=[web, refused, *events],
        seen=[("flux-system", kind) for kind in ("Deployment", "ReplicaSet", "Pod", "Event")],
    )
    (cause,) = causes(diagnose(snapshot), ks("apps"))
    assert [one.failure.id for one in cause.workloads if one.failure] == ["quota-exceeded"]
    first = diagnose(world([item("Kustomization", "apps", spec={"wait": True}, status=status)]))
    assert ("flux-system", "Deployment") in first.needs([ks("apps")])


@pytest.mark.parametrize(("mode", "told"), [("warn", ("spec.replicas", "5", "7")), ("enabled", None)])
def test_scaling_after_drift_was_reported_may_be_its_correction(mode: str, told: tuple[str, ...] | None) -> None:
    drifted = {
        "type": "Drifted",
        "status": "True",
        "reason": "DriftDetected",
        "lastTransitionTime": "2026-01-02T03:00:00Z",
    }
    drifted["message"] = "drift:\nDeployment/flux-system/web changed (0 additions, 1 changes, 0 removals)"
    spec = {"driftDetection": {"mode": mode}}
    release = item("HelmRelease", "web", spec=spec, status={"conditions": [READY, drifted]})
    scaled = kubernetes_event(
        "Deployment", "web", "ScalingReplicaSet", "Scaled up replica set web-1 from 5 to 7", "Normal"
    )
    (cause,) = causes(diagnose(world([release], beside=[scaled])), RELEASE)
    assert [one.texts for one in cause.details if one.fact is Fact.DRIFT] == ([told] if told else [])


def test_a_template_that_was_changed_by_hand_is_shown_by_its_replica_sets() -> None:
    drifted = {
        "type": "Drifted",
        "status": "True",
        "reason": "DriftDetected",
        "lastTransitionTime": "2026-01-02T03:50:00Z",
    }
    drifted["message"] = "drift:\nDeployment/flux-system/web changed (1 additions, 0 changes, 0 removals)"
    history = [{"name": "web", "version": 1, "status": "deployed", "lastDeployed": "2026-01-01T00:00:00Z"}]
    release = item("HelmRelease", "web", status={"conditions": [READY, drifted], "history": history})
    sets = [
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": name,
                "namespace": "flux-system",
                "creationTimestamp": created,
                "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": True}],
            },
            "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "acme/web:1"}]}}},
        }
        for name, created in (("web-1", "2025-12-31T00:00:00Z"), ("web-2", "2026-01-02T03:40:00Z"))
    ]
    (cause,) = causes(diagnose(world([release], beside=sets)), RELEASE)
    assert [one.texts for one in cause.details] == [("spec.template, ReplicaSet", "web-1", "web-2")]


def test_a_message_about_a_version_that_is_wanted_no_more_is_outdated() -> None:
    message = "Helm upgrade failed for release flux-system/web with chart web@0.2.0: values don't meet the specifications of the schema"
    history = [{"name": "web", "version": 1, "status": "deployed", "chartVersion": "0.1.0"}]
    status = {"history": history, "helmChart": "flux-system/web"}
    spec = {"chart": {"spec": {"chart": "web", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}}
    release = bad("UpgradeFailed", message, "HelmRelease", "web", spec=spec, status=status)

    def chart(version: str) -> dict[str, Any]:
        artifact = {"revision": version, "digest": "sha256:a"}
        return item("HelmChart", "web", status={"conditions": [READY], "artifact": artifact})

    assert failures(diagnose(world([release, chart("0.1.0")])), RELEASE) == ["helm-message-outdated"]
    assert failures(diagnose(world([release, chart("0.2.0")])), RELEASE) == ["helm-values-schema-mismatch"]
    assert failures(diagnose(world([release, chart("0.3.0")])), RELEASE) == ["helm-values-schema-mismatch"]


def test_a_deletion_without_its_controller_names_it_where_others_run() -> None:
    policy = item("ImagePolicy", "web")
    policy["metadata"] |= {"deletionTimestamp": "2026-01-02T01:00:00Z", "finalizers": ["finalizers.fluxcd.io"]}
    ref = ObjectRef("ImagePolicy", "flux-system", "web")
    others = run_by(controller("kustomize-controller", 1), controller("source-controller", 1))
    assert failures(diagnose(world([policy], controllers=others)), ref) == ["deletion-controller-missing"]
    there = run_by(controller("image-reflector-controller", 1))
    assert failures(diagnose(world([policy], controllers=there)), ref) == ["deletion-waiting"]


def test_a_workload_that_a_health_check_does_not_find_may_be_in_another_namespace() -> None:
    message = "health check failed after 5m0s: timeout waiting for: [Deployment/web/shop status: 'NotFound']"
    inventory = {"entries": [{"id": "shop_shop_apps_Deployment", "v": "v1"}]}
    checked = bad("HealthCheckFailed", message, status={"inventory": inventory})
    (cause,) = causes(diagnose(world([checked], seen=[("web", "Deployment")])), ks("apps"))
    assert [(one.fact, one.refs) for one in cause.details] == [
        (Fact.WORKLOAD_MISSING, (ObjectRef("Deployment", "web", "shop"),)),
        (Fact.EXISTS, (ObjectRef("Deployment", "shop", "shop"),)),
    ]


@pytest.mark.parametrize(
    ("kind", "message", "found"),
    [
        (
            "Kustomization",
            (
                "[Deployment/a/d dry-run failed (Invalid): spec.selector: Invalid value: {}: field is immutable, Ingress/a/i dry-run "
                'failed (InternalError): failed calling webhook "w.acme.io": Post "https://w.acme.svc:443/x": EOF]'
            ),
            {"immutable-field-changed", "webhook-unavailable"},
        ),
        (
            "HelmRelease",
            (
                'Helm upgrade failed for release a/b with chart c@1.0.0: cannot patch "a" with kind Service: Service "a" is invalid: '
                'spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated && cannot patch "p" with kind '
                'PersistentVolumeClaim: PersistentVolumeClaim "p" is invalid: spec: Forbidden: spec is immutable after creation'
            ),
            {"port-in-use", "immutable-volume-changed"},
        ),
        (
            "Kustomization",
            'Role/a/r dry-run failed (Forbidden): user "x" is attempting to grant RBAC permissions not currently held: {A, B}',
            {"rbac-escalation"},
        ),
    ],
)
def test_each_error_of_a_message_that_joins_several_is_known(kind: str, message: str, found: set[str]) -> None:
    reason = "ReconciliationFailed" if kind == "Kustomization" else "UpgradeFailed"
    diagnosis = diagnose(world([bad(reason, message, kind, "web")]))
    assert {*failures(diagnosis, ObjectRef(kind, "flux-system", "web"))} == found
