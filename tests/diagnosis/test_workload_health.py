"""Why a workload is not ready: from Pods, conditions and events as Kubernetes writes them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.catalog.lookup import failure
from flux_mcp.diagnosis.evidence import index_evidence, view_evidence
from flux_mcp.diagnosis.workload_health import WorkloadFailure, last_failures, workload_failures

NOW = datetime(2026, 1, 2, 3, 30, tzinfo=UTC)
WEB = ObjectRef("Deployment", "apps", "web")
FAILURES = {
    "ImagePullBackOff": "image-pull-failed",
    "ErrImagePull": "image-pull-failed",
    "CreateContainerConfigError": "container-config-missing",
    "CrashLoopBackOff": "container-crashes",
    "Error": "container-failed",
    "OOMKilled": "container-out-of-memory",
    "Evicted": "pod-evicted",
    "Unschedulable": "pod-unschedulable",
}


def meta(name: str, kind: str = "", owner: str = "") -> dict[str, Any]:
    owners = [{"kind": kind, "name": owner, "controller": True}] if owner else []
    return {"name": name, "namespace": "apps", "ownerReferences": owners}


def deployment(wanted: int = 1, ready: int = 0, *conditions: dict) -> dict[str, Any]:
    status = {"replicas": ready, "updatedReplicas": ready, "readyReplicas": ready, "conditions": list(conditions)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta("web"),
        "spec": {"replicas": wanted},
        "status": status,
    }


def replica_set(name: str = "web-1", *conditions: dict) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": meta(name, "Deployment", "web"),
        "spec": {"replicas": 1},
        "status": {"conditions": list(conditions)},
    }


def a_pod(
    status: dict[str, Any], name: str = "web-1-a", owner: str = "web-1", kind: str = "ReplicaSet"
) -> dict[str, Any]:
    spec = {
        "containers": [{"name": "app", "image": "ghcr.io/acme/web:1"}],
        "initContainers": [{"name": "init", "image": "busybox:1"}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta(name, kind, owner), "spec": spec, "status": status}


def app(
    state: dict[str, Any], last: dict[str, Any] | None = None, restarts: int = 0, name: str = "app"
) -> dict[str, Any]:
    key = "initContainerStatuses" if name == "init" else "containerStatuses"
    one = {"name": name, "ready": False, "restartCount": restarts, "state": state, "lastState": last or {}}
    return {"phase": "Running", key: [one]}


def warning(about: str, kind: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": meta(f"{about}.{reason}"),
        "involvedObject": {"kind": kind, "namespace": "apps", "name": about, "apiVersion": "v1"},
        "type": "Warning",
        "reason": reason,
        "message": message,
    }


def found(*items: dict[str, Any], ref: ObjectRef = WEB) -> tuple[WorkloadFailure, ...]:
    evidence = index_evidence(one for item in items if (one := view_evidence(item)) is not None)
    return workload_failures(ref, evidence, NOW)


def waits(reason: str, message: str = "") -> dict[str, Any]:
    return app({"waiting": {"reason": reason, "message": message}})


@pytest.mark.parametrize(
    ("status", "reason", "container"),
    [
        pytest.param(waits("ImagePullBackOff"), "ImagePullBackOff", "app", id="image"),
        pytest.param(waits("ErrImagePull"), "ErrImagePull", "app", id="image at the first try"),
        pytest.param(waits("CreateContainerConfigError"), "CreateContainerConfigError", "app", id="config"),
        pytest.param(waits("CrashLoopBackOff"), "CrashLoopBackOff", "app", id="crash loop"),
        pytest.param(app({"terminated": {"exitCode": 1, "reason": "Error"}}), "Error", "app", id="ended"),
        pytest.param(
            app({"waiting": {"reason": "CrashLoopBackOff"}}, name="init"),
            "CrashLoopBackOff",
            "init",
            id="init container",
        ),
        pytest.param(
            app({"running": {}}, {"terminated": {"reason": "OOMKilled", "exitCode": 137}}, 3),
            "OOMKilled",
            "app",
            id="memory",
        ),
        pytest.param({"phase": "Failed", "reason": "Evicted", "message": "low on disk"}, "Evicted", "", id="evicted"),
        pytest.param(
            {
                "phase": "Pending",
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
                ],
            },
            "Unschedulable",
            "",
            id="pending",
        ),
    ],
)
def test_a_pod_tells_its_reason(status: dict[str, Any], reason: str, container: str) -> None:
    (symptom,) = found(deployment(), replica_set(), a_pod(status))
    assert (symptom.reason, symptom.container) == (reason, container)
    assert symptom.about == (ObjectRef("Pod", "apps", "web-1-a"),)
    assert symptom.failure is failure(FAILURES[reason])


def test_a_crash_loop_tells_how_the_last_run_ended() -> None:
    state = app(
        {"waiting": {"reason": "CrashLoopBackOff"}}, {"terminated": {"reason": "OOMKilled", "exitCode": 137}}, 7
    )
    (symptom,) = found(deployment(), replica_set(), a_pod(state))
    assert (symptom.last, symptom.restarts, symptom.image) == ("OOMKilled exit code 137", 7, "ghcr.io/acme/web:1")
    assert symptom.failure is failure("container-out-of-memory")


def test_a_probe_that_fails_is_told_from_its_event() -> None:
    event = warning("web-1-a", "Pod", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    (symptom,) = found(deployment(), replica_set(), a_pod(app({"running": {}})), event)
    assert (symptom.reason, symptom.message) == (
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
    )
    assert symptom.failure is failure("readiness-probe-failing")


def test_without_an_event_a_container_that_is_not_ready_is_told() -> None:
    (symptom,) = found(deployment(), replica_set(), a_pod(app({"running": {}})))
    assert (symptom.reason, symptom.container) == ("NotReady", "app")


def test_a_volume_that_cannot_be_mounted_is_told_from_its_event() -> None:
    event = warning("web-1-a", "Pod", "FailedMount", 'MountVolume.SetUp failed: secret "x" not found')
    (symptom,) = found(deployment(), replica_set(), a_pod(waits("ContainerCreating")), event)
    assert symptom.reason == "FailedMount"


def test_what_was_before_a_container_ran_is_no_news_once_it_runs() -> None:
    old = warning("web-1-a", "Pod", "FailedMount", "was slow")
    now = warning("web-1-a", "Pod", "Unhealthy", "Readiness probe failed")
    (symptom,) = found(deployment(), replica_set(), a_pod(app({"running": {}})), old, now)
    assert symptom.reason == "Unhealthy"


def test_of_events_of_one_reason_the_newest_is_told() -> None:
    events = [
        {**warning("web-1-a", "Pod", "Unhealthy", message), "lastTimestamp": f"2026-01-02T03:0{number}:00Z"}
        for number, message in enumerate(["old", "new", "older"][:2])
    ]
    (symptom,) = found(deployment(), replica_set(), a_pod(app({"running": {}})), *events)
    assert symptom.message == "new"


def test_a_message_tells_no_value_that_the_pod_hides() -> None:
    """A container's message may be the end of its log, and repeats what its environment or command line holds."""
    status = app(
        {"terminated": {"exitCode": 1, "reason": "Error", "message": "no vault/Tr0ub4dor-3 for zX9-Qw7_hunter"}}
    )
    one = a_pod(status)
    one["spec"]["containers"][0] |= {
        "env": [{"name": "DB_DSN", "value": "vault/Tr0ub4dor-3"}],
        "command": ["run", "--password=zX9-Qw7_hunter", "zX9-Qw7_hunter"],
    }
    (symptom,) = found(deployment(), replica_set(), one)
    assert "Tr0ub4dor" not in symptom.message
    assert "hunter" not in symptom.message
    assert symptom.message.startswith("no ***")


def test_pods_that_admission_forbids_are_told_from_the_replica_set() -> None:
    denied = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": 'pods "web-1-" is forbidden: quota',
    }
    (symptom,) = found(deployment(), replica_set("web-1", denied))
    assert symptom.about == (ObjectRef("ReplicaSet", "apps", "web-1"),)
    assert (symptom.reason, symptom.message) == ("FailedCreate", 'pods "web-1-" is forbidden: quota')


def test_pods_that_a_stateful_set_cannot_make_are_told_from_its_event() -> None:
    ref = ObjectRef("StatefulSet", "apps", "web")
    workload = {**deployment(), "kind": "StatefulSet"}
    (symptom,) = found(workload, warning("web", "StatefulSet", "FailedCreate", "create Pod web-0 failed"), ref=ref)
    assert symptom.about == (ref,)
    assert symptom.reason == "FailedCreate"


def test_a_claim_reports_its_provisioner_from_a_normal_event() -> None:
    unbound = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": unbound}
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta("data"),
        "spec": {"storageClassName": "fast"},
        "status": {"phase": "Pending"},
    }
    waiting = "Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually"
    event = {**warning("data", "PersistentVolumeClaim", "ExternalProvisioning", waiting), "type": "Normal"}
    pending = a_pod({"phase": "Pending", "conditions": [scheduled]})
    _, of_claim = found(deployment(), replica_set(), pending, claim, event)
    assert of_claim.about == (ObjectRef("PersistentVolumeClaim", "apps", "data"),)
    assert (of_claim.phase, of_claim.storage_class, of_claim.message) == ("Pending", "fast", waiting)


def test_a_job_that_gave_up_is_told_from_its_condition() -> None:
    ref = ObjectRef("Job", "apps", "web")
    failed = {
        "type": "Failed",
        "status": "True",
        "reason": "BackoffLimitExceeded",
        "message": "Job has reached the limit",
    }
    job = {**deployment(1, 0, failed), "apiVersion": "batch/v1", "kind": "Job"}
    (symptom,) = found(job, ref=ref)
    assert symptom.reason == "BackoffLimitExceeded"


def test_the_pods_of_a_cron_job_are_those_of_its_jobs() -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta("web-29", "CronJob", "web"),
        "spec": {},
        "status": {},
    }
    broken = a_pod(waits("ImagePullBackOff"), owner="web-29", kind="Job")
    (symptom,) = found(job, broken, ref=ObjectRef("CronJob", "apps", "web"))
    assert symptom.reason == "ImagePullBackOff"


@pytest.mark.parametrize(
    ("last", "failed"),
    [
        (
            {"reason": "Error", "exitCode": 255, "message": "exec /app: exec format error"},
            "container-wrong-architecture",
        ),
        ({"reason": "StartError", "exitCode": 128, "message": "stat /app: no such file"}, "container-start-failed"),
        ({"reason": "Completed", "exitCode": 0}, "container-completes"),
        ({"reason": "Error", "exitCode": 1, "message": "no configuration"}, "container-crashes"),
    ],
)
def test_a_crash_loop_is_explained_by_the_end_of_the_last_run(last: dict[str, Any], failed: str) -> None:
    looping = app({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}, {"terminated": last}, 4)
    (one,) = found(deployment(), replica_set(), a_pod(looping))
    assert one.failure is failure(failed)
    assert one.message == last.get("message", "back-off 5m0s")


@pytest.mark.parametrize(("code", "failed"), [(137, "probe-restarts-container"), (1, "container-crashes")])
def test_a_container_that_the_kubelet_stops_for_its_probe_does_not_crash_by_itself(code: int, failed: str) -> None:
    looping = app({"waiting": {"reason": "CrashLoopBackOff"}}, {"terminated": {"reason": "Error", "exitCode": code}}, 4)
    probe = warning("web-1-a", "Pod", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503")
    (one,) = found(deployment(), replica_set(), a_pod(looping), probe)
    assert one.failure is failure(failed)
    assert ("503" in one.message) is (code == 137)


def test_an_init_container_that_runs_on_is_no_failing_probe() -> None:
    status = app({"running": {"startedAt": "2026-01-02T03:00:00Z"}}, name="init")
    (one,) = found(deployment(), replica_set(), a_pod(status))
    assert (one.container, one.failure) == ("init", failure("init-container-running"))


@pytest.mark.parametrize(
    ("said", "failed"),
    [
        (
            (
                "0/5 nodes are available: 2 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 "
                "node(s) didn't match Pod's node affinity/selector. preemption: 0/5 nodes are available: 5 Preemption"
            ),
            ["node-affinity-unmatched"],
        ),
        (
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {dedicated: gpu}.",
            ["node-resources-insufficient", "node-tainted"],
        ),
        (
            "0/1 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }.",
            ["node-tainted"],
        ),
        (
            "0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.",
            ["nodes-not-ready"],
        ),
        ('0/1 nodes are available: persistentvolumeclaim "data-1" not found.', ["volume-claim-unbound"]),
        ("0/3 nodes are available: 3 something else.", ["pod-unschedulable"]),
    ],
)
def test_every_reason_that_the_scheduler_counts_nodes_for_is_a_failure(said: str, failed: list[str]) -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    (one,) = found(deployment(), replica_set(), a_pod({"phase": "Pending", "conditions": [condition]}))
    assert one.failure is not None
    assert [each.id for each in (one.failure, *one.others)] == failed


def test_pods_that_go_away_count_only_where_nothing_else_is_wrong() -> None:
    old = a_pod(app({"running": {}}), "web-0-a", "web-0")
    old["metadata"] |= {"deletionTimestamp": "2026-01-02T03:00:00Z", "finalizers": ["acme.io/hold"]}
    (one,) = found(deployment(), replica_set(), replica_set("web-0"), old)
    assert (one.reason, one.message, one.failure) == (
        "Terminating",
        "finalizers: acme.io/hold",
        failure("pod-terminating"),
    )
    (one,) = found(deployment(), replica_set(), replica_set("web-0"), old, a_pod(waits("ImagePullBackOff")))
    assert one.reason == "ImagePullBackOff"


def test_a_paused_deployment_and_an_unmet_readiness_gate_are_known() -> None:
    paused = {
        "type": "Progressing",
        "status": "Unknown",
        "reason": "DeploymentPaused",
        "message": "Deployment is paused",
    }
    (one,) = found(deployment(1, 1, paused))
    assert one.failure is failure("rollout-paused")
    gate = {"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady", "message": "gate x does not exist"}
    ready = {"name": "app", "ready": True, "state": {"running": {}}}
    (one,) = found(deployment(), replica_set(), a_pod({"containerStatuses": [ready], "conditions": [gate]}))
    assert (one.message, one.failure) == ("gate x does not exist", failure("readiness-gate-unmet"))


@pytest.mark.parametrize(
    ("state", "failed", "container"),
    [
        ({"terminated": {"exitCode": 0, "reason": "Completed"}}, "job-sidecar-running", "proxy"),
        ({"running": {}}, "job-running", "app"),
    ],
)
def test_a_job_that_does_not_end_says_what_runs(state: dict[str, Any], failed: str, container: str) -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("web"), "spec": {}, "status": {"active": 1}}
    statuses = [
        {"name": "app", "ready": False, "state": state},
        {"name": "proxy", "ready": True, "state": {"running": {}}},
    ]
    statuses[0]["ready"] = "running" in state
    status = {"phase": "Running", "containerStatuses": statuses, "conditions": [{"type": "Ready", "status": "True"}]}
    pod = a_pod(status, owner="web", kind="Job")
    (one,) = found(job, pod, ref=ObjectRef("Job", "apps", "web"))
    assert (one.failure, one.container) == (failure(failed), container)


@pytest.mark.parametrize(
    ("kind", "pod", "known"),
    [
        ("Deployment", "web-6d4cf56db6-x2k9p", True),
        ("Deployment", "web-api-6d4cf56db6-x2k9p", False),
        ("StatefulSet", "web-0", True),
        ("StatefulSet", "web-db-0", False),
        ("DaemonSet", "web-x2k9p", True),
        ("Job", "web-cleanup-x2k9p", False),
    ],
)
def test_pods_that_are_gone_are_known_by_their_names(kind: str, pod: str, known: bool) -> None:
    event = view_evidence(warning(pod, "Pod", "Failed", 'Failed to pull image "acme/web:9": not found'))
    assert event is not None
    assert bool(last_failures(ObjectRef(kind, "apps", "web"), index_evidence([event]))) is known


def test_a_pull_secret_that_is_missing_explains_a_pull_that_is_denied() -> None:
    denied = a_pod(waits("ErrImagePull", "failed to authorize: 401 Unauthorized"))
    missing = warning("web-1-a", "Pod", "FailedToRetrieveImagePullSecret", "Unable to retrieve secrets (regcred)")
    (one,) = found(deployment(), replica_set(), denied, missing)
    assert one.failure is failure("image-pull-secret-missing")
    assert "regcred" in one.message
    assert "401" in one.message
    (one,) = found(deployment(), replica_set(), a_pod(waits("ErrImagePull", "429 Too Many Requests")), missing)
    assert one.failure is failure("image-pull-rate-limited")


@pytest.mark.parametrize(("annotations", "told"), [({}, 2), ({"helm.sh/hook": "pre-install"}, 1)])
def test_a_failed_job_is_reported_beside_its_pods_unless_helm_runs_it_again(
    annotations: dict[str, str], told: int
) -> None:
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
    job = {**deployment(1, 0, failed), "apiVersion": "batch/v1", "kind": "Job"}
    job["metadata"] = meta("web") | {"annotations": annotations}
    pod = a_pod(app({"terminated": {"exitCode": 1, "reason": "Error"}}), owner="web", kind="Job")
    symptoms = found(job, pod, ref=ObjectRef("Job", "apps", "web"))
    assert [one.reason for one in symptoms] == ["Error", "BackoffLimitExceeded"][:told]


def test_nodes_that_a_daemon_set_does_not_pin_its_pod_to_say_nothing() -> None:
    said = "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    workload = {**deployment(), "kind": "DaemonSet"}
    pod = a_pod({"phase": "Pending", "conditions": [condition]}, owner="web", kind="DaemonSet")
    (one,) = found(workload, pod, ref=ObjectRef("DaemonSet", "apps", "web"))
    assert (one.failure, one.others) == (failure("daemonset-node-full"), ())


def test_equal_pods_are_one_symptom() -> None:
    pods = [a_pod(waits("ImagePullBackOff"), f"web-1-{letter}") for letter in "abc"]
    (symptom,) = found(deployment(3), replica_set(), *pods)
    assert [ref.name for ref in symptom.about] == ["web-1-a", "web-1-b", "web-1-c"]


def test_pods_of_others_and_ready_ones_are_left_out() -> None:
    ready = {**app({"running": {}}), "conditions": [{"type": "Ready", "status": "True"}]}
    other = a_pod(waits("ImagePullBackOff"), "other-1-a", owner="other-1")
    done = a_pod({**waits("Completed"), "phase": "Succeeded"}, "web-1-d")
    assert found(deployment(), replica_set(), a_pod(ready), other, done) == ()


def test_nothing_known_is_no_symptom() -> None:
    assert found(deployment()) == ()
    assert found() == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "status",
                    "state",
                    "waiting",
                    "terminated",
                    "reason",
                    "conditions",
                    "type",
                    "containerStatuses",
                    "exitCode",
                ]
            ),
            below,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(status=JSON, spec=JSON, owner=JSON)
def test_an_odd_pod_breaks_nothing(status: Any, spec: Any, owner: Any) -> None:
    odd = {
        "kind": "Pod",
        "metadata": {**meta("web-1-a", "ReplicaSet", "web-1"), "labels": owner},
        "spec": spec,
        "status": status,
    }
    event = {**warning("web-1-a", "Pod", "Unhealthy", "x"), "message": owner}
    for symptom in found(deployment(), replica_set(), odd, event):
        assert symptom.about
