"""Hooks and tests of charts that failed, by their Jobs and Pods."""

from typing import Any

import pytest

from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.catalog.lookup import failure
from flux_mcp.diagnosis.cause import Cause, Detail, Fact
from flux_mcp.diagnosis.root_causes import diagnose
from tests.diagnosis.test_root_causes import bad, causes, world

RELEASE = ObjectRef("HelmRelease", "flux-system", "web")
EVERYTHING = [("flux-system", "Job"), ("flux-system", "Pod"), ("flux-system", "Event")]


def hook(name: str, annotation: str = "pre-upgrade", release: str = "web") -> dict[str, Any]:
    """A Job of a hook whose Pods failed."""
    metadata = {
        "name": name,
        "namespace": "flux-system",
        "annotations": {"helm.sh/hook": annotation},
        "labels": {"app.kubernetes.io/instance": release},
    }
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
    return {"kind": "Job", "metadata": metadata, "spec": {}, "status": {"failed": 2, "conditions": [failed]}}


def pod_of(job: str, code: int = 3) -> dict[str, Any]:
    owner = [{"kind": "Job", "name": job, "controller": True}] if job != "web-test" else []
    name = f"{job}-x" if owner else job
    ended = {"name": "main", "state": {"terminated": {"reason": "Error", "exitCode": code}}}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "flux-system", "ownerReferences": owner},
        "spec": {"containers": [{"name": "main", "image": "acme/migrate:1"}]},
        "status": {"phase": "Failed", "containerStatuses": [ended]},
    }


def cause_of(reason: str, message: str, *beside: dict[str, Any], **status: Any) -> Cause:
    release = bad(reason, message, "HelmRelease", "web", status=status)
    (cause,) = causes(diagnose(world([release], beside=beside, seen=EVERYTHING)), RELEASE)
    return cause


@pytest.mark.parametrize(
    "message",
    [
        (
            "Helm upgrade failed for release a/web with chart web@1.0.0: pre-upgrade hooks failed: 1 error occurred: * job "
            "web-migrate failed: BackoffLimitExceeded"
        ),
        (
            "Helm upgrade failed for release a/web with chart web@1.0.0: pre-upgrade hooks failed: timeout waiting for: "
            "[Job/flux-system/web-migrate status: 'InProgress']"
        ),
        (
            "Helm upgrade failed for release a/web with chart web@1.0.0: pre-upgrade hooks failed: timed out waiting for "
            "the condition"
        ),
    ],
)
def test_the_pods_of_a_hook_explain_it(message: str) -> None:
    others = (hook("web-cleanup", "post-delete"), hook("db-migrate", release="db"), pod_of("db-migrate"))
    cause = cause_of("UpgradeFailed", message, hook("web-migrate"), pod_of("web-migrate"), *others)
    assert cause.failures == (failure("helm-hook-failed"),)
    assert [one.about for one in cause.workloads] == [(ObjectRef("Pod", "flux-system", "web-migrate-x"),)]
    assert cause.workloads[0].last == "Error exit code 3"


def test_a_hook_that_was_deleted_is_reported_as_such() -> None:
    message = "Helm upgrade failed for release a/web with chart web@1.0.0: pre-upgrade hooks failed: job web-migrate "
    cause = cause_of("UpgradeFailed", f"{message}failed: BackoffLimitExceeded")
    assert cause.details == (Detail(Fact.WORKLOAD_MISSING, (ObjectRef("Job", "flux-system", "web-migrate"),)),)


def test_the_failed_tests_of_the_history_are_those_that_are_shown() -> None:
    tests = {"web-test": {"phase": "Failed"}, "web-other": {"phase": "Succeeded"}}
    cause = cause_of(
        "TestFailed",
        "Helm test failed for release a/web with chart web@1.0.0: 1 error occurred",
        pod_of("web-test"),
        history=[{"name": "web", "namespace": "flux-system", "version": 1, "testHooks": tests}],
    )
    assert cause.failures == (failure("helm-test-failed"),)
    assert [one.about[0].name for one in cause.workloads] == ["web-test"]
