"""The status of a workload, by the API's documentation of each field."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.kubernetes.rollout_status import rollout
from flux_mcp.render.workloads import rollout_text

NOW = datetime(2026, 1, 10, tzinfo=UTC)
GOOD = {"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "updatedReplicas": 3}


def condition(kind: str, status: str, reason: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason}


def made(kind: str, spec: dict[str, Any], status: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", "generation": 2, **metadata}, "spec": spec, "status": status}


def deployment(spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return made("Deployment", {"replicas": 3, **(spec or {})}, {**GOOD, **status})


def stateful(**status: Any) -> dict[str, Any]:
    return made("StatefulSet", {"replicas": 3}, {**GOOD, "currentRevision": "a", "updateRevision": "a", **status})


def daemon(**status: Any) -> dict[str, Any]:
    good = {"observedGeneration": 2, "desiredNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 3}
    return made("DaemonSet", {}, {**good, **status})


STUCK = condition("Progressing", "False", "ProgressDeadlineExceeded")
CREATE = condition("ReplicaFailure", "True", "FailedCreate")
UNAVAILABLE = condition("Available", "False", "MinimumReplicasUnavailable")
MONDAY, TUESDAY = "2026-01-08T00:00:00Z", "2026-01-09T00:00:00Z"
CRON = {"schedule": "0 3 * * *"}

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "ready": (deployment(), "ready", "3 of 3 ready"),
    "one-by-default": (made("Deployment", {}, {**GOOD, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}), "ready", "1 of 1 ready"),
    "some-not-ready": (deployment(readyReplicas=1), "not ready", "1 of 3 ready"),
    "unavailable": (deployment(readyReplicas=0, conditions=[UNAVAILABLE]), "not ready", "0 of 3 ready, MinimumReplicasUnavailable"),
    "stuck": (deployment(readyReplicas=0, conditions=[UNAVAILABLE, STUCK]), "not ready", "0 of 3 ready, ProgressDeadlineExceeded"),
    "no-pods": (deployment(replicas=0, readyReplicas=0, updatedReplicas=0, conditions=[CREATE, UNAVAILABLE]), "not ready", "0 of 3 ready, FailedCreate"),
    "a-stuck-update-under-ready-pods": (deployment(updatedReplicas=1, conditions=[STUCK]), "not rolled out", "3 of 3 ready, ProgressDeadlineExceeded, 1 of 3 updated"),
    "an-update-in-progress": (deployment(replicas=4, updatedReplicas=2), "not rolled out", "3 of 3 ready, 2 of 3 updated, 4 Pods still exist"),
    "old-pods-still-there": (deployment(replicas=4), "not rolled out", "3 of 3 ready, 4 Pods still exist"),
    "newest-spec-not-seen": (deployment(observedGeneration=1), "not rolled out", "3 of 3 ready, latest generation not yet observed"),
    "never-seen": (made("Deployment", {"replicas": 3}, {}), "not ready", "0 of 3 ready, latest generation not yet observed"),
    "paused": (deployment({"paused": True}), "ready", "3 of 3 ready, paused"),
    "paused-in-the-middle": (deployment({"paused": True}, updatedReplicas=1), "not rolled out", "3 of 3 ready, paused, 1 of 3 updated"),
    "scaled-to-zero": (deployment({"replicas": 0}, replicas=0, readyReplicas=0, updatedReplicas=0), "not running", "scaled to zero"),
    "scaling-to-zero": (deployment({"replicas": 0}, replicas=2, readyReplicas=2, updatedReplicas=0), "not rolled out", "2 of 0 ready, 2 Pods still exist"),
    "being-deleted": (made("Deployment", {"replicas": 3}, GOOD, deletionTimestamp=MONDAY), "being deleted", "3 of 3 ready, being deleted"),
    "stateful": (stateful(), "ready", "3 of 3 ready"),
    "stateful-update": (stateful(updateRevision="b", updatedReplicas=1), "not rolled out", "3 of 3 ready, 1 of 3 updated"),
    "stateful-partition": (
        {**stateful(updateRevision="b", updatedReplicas=1), "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}},
        "not rolled out",
        "3 of 3 ready, 1 of 3 updated, partition 2 holds updates back",
    ),
    "daemon-on-delete": (
        {**daemon(updatedNumberScheduled=0), "spec": {"updateStrategy": {"type": "OnDelete"}}},
        "not rolled out",
        "3 of 3 ready, 0 of 3 updated, OnDelete: Pods are updated when they are deleted",
    ),
    "stateful-unready": (stateful(readyReplicas=2), "not ready", "2 of 3 ready"),
    "daemon": (daemon(), "ready", "3 of 3 ready"),
    "daemon-unready": (daemon(numberReady=1), "not ready", "1 of 3 ready"),
    "daemon-update": (daemon(updatedNumberScheduled=1), "not rolled out", "3 of 3 ready, 1 of 3 updated"),
    "daemon-without-nodes": (daemon(desiredNumberScheduled=0, numberReady=0, updatedNumberScheduled=0), "not running", "no node matches"),
    "daemon-never-seen": (made("DaemonSet", {}, {}), "not rolled out", "0 of 0 ready, latest generation not yet observed"),
    "job-done": (made("Job", {"completions": 2}, {"succeeded": 2, "conditions": [condition("Complete", "True", "")]}), "complete", "2 of 2 completions, complete"),
    "job-failed": (made("Job", {}, {"failed": 7, "conditions": [condition("Failed", "True", "BackoffLimitExceeded")]}), "failed", "0 of 1 completions, BackoffLimitExceeded, failed, 7 Pods failed"),
    "job-about-to-fail": (made("Job", {}, {"conditions": [condition("FailureTarget", "True", "PodFailurePolicy")]}), "failed", "0 of 1 completions, PodFailurePolicy, failed"),
    "job-running": (made("Job", {}, {"active": 1, "failed": 2}), "running", "0 of 1 completions, 1 Pod running, 2 Pods failed"),
    "job-without-pods": (made("Job", {}, {}), "running", "0 of 1 completions, no Pod running"),
    "job-suspended": (made("Job", {"suspend": True}, {}), "not running", "0 of 1 completions, suspended"),
    "cron-never": (made("CronJob", CRON, {}), "scheduled", 'schedule "0 3 * * *", never ran'),
    "cron-suspended": (made("CronJob", {**CRON, "suspend": True}, {}), "not running", 'schedule "0 3 * * *", suspended, never ran'),
    "cron-good": (made("CronJob", CRON, {"lastScheduleTime": MONDAY, "lastSuccessfulTime": TUESDAY}), "scheduled", 'schedule "0 3 * * *", last run 2d ago'),
    "cron-running": (made("CronJob", CRON, {"lastScheduleTime": TUESDAY, "active": [{}]}), "scheduled", 'schedule "0 3 * * *", 1 Job running, last run 24h ago'),
    "cron-failed": (made("CronJob", CRON, {"lastScheduleTime": TUESDAY, "lastSuccessfulTime": MONDAY}), "failed", 'schedule "0 3 * * *", last run did not succeed, last run 24h ago, last success 2d ago'),
    "cron-never-succeeded": (made("CronJob", CRON, {"lastScheduleTime": TUESDAY}), "failed", 'schedule "0 3 * * *", last run did not succeed, last run 24h ago'),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_workload_is_so(name: str) -> None:
    item, state, told = CASES[name]
    found = rollout(item)
    assert found is not None
    assert found.state.value == state
    assert rollout_text(found, NOW) == told


def test_what_is_no_workload_has_no_rollout() -> None:
    assert rollout({"kind": "Pod", "metadata": {"name": "x"}}) is None
    assert rollout({}) is None


KEYS = st.sampled_from(
    [
        "metadata",
        "spec",
        "status",
        "replicas",
        "readyReplicas",
        "updatedReplicas",
        "conditions",
        "type",
        "reason",
        "completions",
        "active",
        "suspend",
        "schedule",
        "lastScheduleTime",
        "lastSuccessfulTime",
        "generation",
        "observedGeneration",
        "deletionTimestamp",
        "paused",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(
    st.sampled_from(["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"]),
    st.dictionaries(KEYS, JSON),
)
def test_whatever_a_workload_is_it_never_raises(kind: str, node: dict[str, Any]) -> None:
    found = rollout({**node, "kind": kind})
    assert found is not None
    assert "\n" not in rollout_text(found, NOW)
