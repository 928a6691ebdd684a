"""Verdicts, flags and their order, on hand-made objects: one rule of Flux or of ours a row."""

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.objects import FluxObject, view
from flux_mcp.flux.status import Flag, Health, ObjectStatus, assess, count, find_health, health_of
from tests.support.items import item

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
OPERATOR_SWITCH = "fluxcd.controlplane.io/reconcile"
GENERATOR_SWITCH = "source.extensions.fluxcd.io/reconcile"
REQUESTED = "reconcile.fluxcd.io/requestedAt"


def ago(seconds: float) -> str:
    """That many seconds before now, as Kubernetes writes a time; of a negative number, after."""
    return f"{NOW - timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def condition(
    kind: str, status: str, reason: str = "", *, age: float = 30, generation: int | None = 2, message: str = ""
) -> dict[str, Any]:
    told = {} if generation is None else {"observedGeneration": generation}
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": ago(age),
        **told,
    }


def ready(status: str = "True", reason: str = "", **more: Any) -> dict[str, Any]:
    return condition("Ready", status, reason, **more)


def reconciling(reason: str = "Progressing", **more: Any) -> dict[str, Any]:
    return condition("Reconciling", "True", reason, **more)


def stalled(**more: Any) -> dict[str, Any]:
    return condition("Stalled", "True", "RetriesExceeded", **more)


def made(
    kind: str = "Kustomization",
    *conditions: dict[str, Any],
    name: str = "apps",
    namespace: str = "flux-system",
    metadata: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    **status: Any,
) -> dict[str, Any]:
    """An object of generation 2 that was made an hour ago; further arguments are keys of its status."""
    return {
        "apiVersion": f"{by_kind[kind].group}/v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "generation": 2,
            "creationTimestamp": ago(3600),
            **(metadata or {}),
        },
        "spec": spec or {},
        "status": {"observedGeneration": 2, "conditions": list(conditions), **status},
    }


def seen(item: dict[str, Any]) -> FluxObject:
    found = view(item)
    assert found is not None
    return found


def judged(*items: dict[str, Any]) -> ObjectStatus:
    """The first of the items, judged among all of them."""
    first = seen(items[0])
    return next(entry for entry in assess(map(seen, items), NOW) if entry.object == first)


def annotated(key: str, text: str, **more: Any) -> dict[str, Any]:
    return {"annotations": {key: text}, **more}


DELETED = {"deletionTimestamp": ago(60), "finalizers": ["finalizers.fluxcd.io"]}

VERDICTS = {
    # Deleting comes before all else.
    "deleting": (made("Kustomization", ready(), metadata=DELETED), "Deleting"),
    "deleting-and-suspended": (
        made("Kustomization", ready("False"), metadata=DELETED, spec={"suspend": True}),
        "Deleting",
    ),
    "deleting-and-static": (made("Alert", metadata=DELETED), "Deleting"),
    "deleting-and-stalled": (made("HelmRelease", stalled(), ready("False"), metadata=DELETED), "Deleting"),
    # Suspended, by spec.suspend or by the kind's own annotation.
    "suspended-and-ready": (made("Kustomization", ready(), spec={"suspend": True}), "Suspended"),
    "suspended-and-failing": (
        made("HelmRelease", ready("False", "UpgradeFailed"), spec={"suspend": True}),
        "Suspended",
    ),
    "suspended-and-stalled": (made("HelmRelease", stalled(), ready("False"), spec={"suspend": True}), "Suspended"),
    "suspended-and-stale": (made("Kustomization", ready(generation=1), spec={"suspend": True}), "Suspended"),
    "suspended-and-never-reconciled": (made("GitRepository", spec={"suspend": True}), "Suspended"),
    "suspended-and-static": (made("Alert", spec={"suspend": True}), "Suspended"),
    "suspended-provider": (made("Provider", spec={"suspend": True}), "Suspended"),
    **{
        f"disabled-{kind}": (made(kind, ready(), metadata=annotated(OPERATOR_SWITCH, "disabled")), "Suspended")
        for kind in ("FluxInstance", "FluxReport", "ResourceSet", "ResourceSetInputProvider")
    },
    "disabled-in-capitals": (
        made("ResourceSet", ready(), metadata=annotated(OPERATOR_SWITCH, "Disabled")),
        "Suspended",
    ),
    "disabled-generator": (
        made("ArtifactGenerator", ready(), metadata=annotated(GENERATOR_SWITCH, "disabled")),
        "Suspended",
    ),
    "enabled": (made("ResourceSet", ready(), metadata=annotated(OPERATOR_SWITCH, "enabled")), "Ready"),
    "switch-of-another-kind": (made("ResourceSet", ready(), metadata=annotated(GENERATOR_SWITCH, "disabled")), "Ready"),
    "no-switch-of-a-kustomization": (
        made("Kustomization", ready(), metadata=annotated(OPERATOR_SWITCH, "disabled")),
        "Ready",
    ),
    "suspend-false": (made("Kustomization", ready(), spec={"suspend": False}), "Ready"),
    "suspend-a-text": (made("Kustomization", ready(), spec={"suspend": "true"}), "Ready"),
    # Kinds whose controller writes no status.
    "static-alert": (made("Alert"), "Static"),
    "static-provider": (made("Provider"), "Static"),
    "static-oci-repository": (made("HelmRepository", spec={"type": "oci"}), "Static"),
    "static-with-an-old-status": (made("Provider", ready("False", "Failed")), "Static"),
    "helm-repository": (made("HelmRepository", ready(), spec={"type": "default"}), "Ready"),
    # Stalled, if it speaks of the generation that is wanted.
    "stalled": (made("HelmRelease", stalled(), ready("False", "RetriesExceeded")), "Stalled"),
    "stalled-without-ready": (made("HelmChart", stalled()), "Stalled"),
    "stalled-and-waiting": (made("HelmRelease", stalled(), ready("False", "DependencyNotReady")), "Stalled"),
    "stalled-without-a-generation": (
        made("HelmRelease", stalled(generation=None), ready("False", generation=None)),
        "Stalled",
    ),
    "stalled-of-an-older-generation": (
        made("HelmRelease", stalled(generation=1), ready("False", generation=1), observedGeneration=1),
        "Stale",
    ),
    "stalled-of-an-older-status": (
        made("HelmRelease", stalled(generation=None), ready("False", generation=None), observedGeneration=1),
        "Stale",
    ),
    "stalled-of-an-older-generation-and-ready": (made("HelmRelease", stalled(generation=1), ready()), "Ready"),
    "stalled-of-an-older-generation-and-failing": (
        made("HelmRelease", stalled(generation=1), ready("False")),
        "Failing",
    ),
    "not-stalled": (made("HelmRelease", condition("Stalled", "False"), ready()), "Ready"),
    "stalled-unknown": (made("HelmRelease", condition("Stalled", "Unknown"), ready()), "Ready"),
    # Never reconciled.
    "pending": (made("ImagePolicy", observedGeneration=-1), "Pending"),
    "pending-with-an-observed-generation": (made("Kustomization"), "Pending"),
    "pending-with-an-older-observed-generation": (made("Kustomization", observedGeneration=1), "Pending"),
    "pending-with-other-conditions": (made("GitRepository", condition("ArtifactInStorage", "True")), "Pending"),
    "pending-reconciling-false": (made("Kustomization", condition("Reconciling", "False")), "Pending"),
    "pending-reconciling-unknown": (made("Kustomization", condition("Reconciling", "Unknown")), "Pending"),
    "first-run": (made("Kustomization", reconciling(), observedGeneration=-1), "Progressing"),
    # A newer spec that was not seen yet.
    "stale": (made("Kustomization", ready(generation=1)), "Stale"),
    "a-report-is-always-one-behind": (made("FluxReport", ready(generation=1)), "Ready"),
    "a-report-that-fails": (made("FluxReport", ready("False", "Failed", generation=1)), "Failing"),
    "stale-by-the-status": (made("GitRepository", ready(generation=None), observedGeneration=1), "Stale"),
    "stale-and-failing": (made("Kustomization", ready("False", "BuildFailed", generation=1)), "Stale"),
    "stale-and-waiting": (made("Kustomization", ready("False", "DependencyNotReady", generation=1)), "Stale"),
    "stale-and-running": (made("Kustomization", ready("Unknown", generation=1), reconciling()), "Stale"),
    "seen-by-the-condition": (made("Kustomization", ready(), observedGeneration=1), "Ready"),
    "failed-without-the-status": (
        made("Kustomization", ready("False", "BuildFailed"), observedGeneration=-1),
        "Failing",
    ),
    "only-ever-failed": (
        made("Kustomization", ready("False", "BuildFailed", generation=None), observedGeneration=-1),
        "Failing",
    ),
    "no-generation-told": (made("ResourceSet", ready(generation=None), observedGeneration=None), "Ready"),
    "no-generation": (made("Kustomization", ready(), metadata={"generation": None}), "Ready"),
    "ahead": (made("Kustomization", ready(generation=3)), "Ready"),
    # Waiting for a dependency.
    "waiting": (made("Kustomization", ready("False", "DependencyNotReady")), "Waiting"),
    "waiting-release": (made("HelmRelease", ready("False", "DependencyNotReady"), reconciling()), "Waiting"),
    "dependency-ready": (made("Kustomization", ready("True", "DependencyNotReady")), "Ready"),
    # False, yet still on its way.
    "health-check-canceled": (made("Kustomization", ready("False", "HealthCheckCanceled", age=9000)), "Progressing"),
    "source-not-ready-at-once": (made("HelmRelease", ready("False", "SourceNotReady", age=0)), "Progressing"),
    "source-not-ready-for-a-minute": (made("HelmRelease", ready("False", "SourceNotReady", age=60)), "Progressing"),
    "source-not-ready-for-longer": (made("HelmRelease", ready("False", "SourceNotReady", age=61)), "Failing"),
    "source-not-ready-since-when": (
        made("HelmRelease", {"type": "Ready", "status": "False", "reason": "SourceNotReady"}),
        "Failing",
    ),
    # Failing for any other reason, retried or not.
    "failing": (made("Kustomization", ready("False", "BuildFailed")), "Failing"),
    "failing-and-retried": (
        made("Kustomization", ready("False", "BuildFailed"), reconciling("ProgressingWithRetry")),
        "Failing",
    ),
    "failing-and-running": (made("Kustomization", ready("False", "HealthCheckFailed"), reconciling()), "Failing"),
    "failing-without-a-reason": (made("Kustomization", ready("False")), "Failing"),
    "rolled-back": (
        made("HelmRelease", ready("False", "RollbackSucceeded"), condition("Remediated", "True")),
        "Failing",
    ),
    # Running.
    "unknown": (made("Kustomization", ready("Unknown", "Progressing")), "Progressing"),
    "unknown-and-reconciling": (made("Kustomization", reconciling(), ready("Unknown")), "Progressing"),
    "ready-and-reconciling": (made("HelmRelease", reconciling(), ready()), "Progressing"),
    "odd-status": (made("Kustomization", ready("yes")), "Progressing"),
    # Ready.
    "ready": (made("Kustomization", ready("True", "ReconciliationSucceeded")), "Ready"),
    "ready-not-reconciling": (made("Kustomization", condition("Reconciling", "False"), ready()), "Ready"),
    "ready-and-unhealthy-before": (made("Kustomization", condition("Healthy", "Unknown"), ready()), "Ready"),
    "ready-external-artifact": (made("ExternalArtifact", ready(), observedGeneration=None), "Ready"),
}


@pytest.mark.parametrize(("item", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_verdicts(item: dict[str, Any], verdict: str) -> None:
    assert health_of(seen(item), NOW).value == verdict
    assert judged(item).health.value == verdict


@pytest.mark.parametrize("kind", FLUX_KINDS, ids=lambda kind: kind.kind)
def test_every_kind_without_a_status_is_pending_or_static(kind: Any) -> None:
    item = {**made(kind.kind), "status": {}}
    assert judged(item).health is (Health.STATIC if kind.kind in {"Alert", "Provider"} else Health.PENDING)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        pytest.param(None, "Pending", id="row-50-status-is-null"),
        pytest.param("Ready", "Pending", id="row-50-status-is-a-text"),
        pytest.param([], "Pending", id="row-50-status-is-a-list"),
        pytest.param({"conditions": None}, "Pending", id="row-50-conditions-are-null"),
        pytest.param(
            {"conditions": {"type": "Ready", "status": "True"}}, "Pending", id="row-50-conditions-are-an-object"
        ),
        pytest.param({"conditions": ["Ready", None, 5, []]}, "Pending", id="row-50-conditions-are-no-objects"),
        pytest.param({"conditions": [{"status": "True"}]}, "Pending", id="row-50-no-type"),
        pytest.param({"conditions": [{"type": None, "status": "True"}]}, "Pending", id="row-50-type-is-null"),
        pytest.param({"conditions": [{"type": "Ready"}]}, "Progressing", id="row-50-no-status"),
        pytest.param(
            {"conditions": [{"type": "Ready", "status": True}]}, "Progressing", id="row-50-status-is-a-boolean"
        ),
        pytest.param(
            {"conditions": [{"type": "Ready", "status": "true"}]}, "Progressing", id="row-50-status-in-small-letters"
        ),
        pytest.param({"conditions": [{"type": "Shiny", "status": "False"}]}, "Pending", id="row-50-unknown-type"),
        pytest.param(
            {"conditions": [{"type": "Shiny", "status": "False"}, {"type": "Ready", "status": "True"}]},
            "Ready",
            id="row-50-unknown-type-and-ready",
        ),
        pytest.param(
            {"observedGeneration": "1", "conditions": [{"type": "Ready", "status": "True", "observedGeneration": "1"}]},
            "Ready",
            id="row-50-generations-are-texts",
        ),
        pytest.param(
            {"observedGeneration": True, "conditions": [{"type": "Ready", "status": "True"}]},
            "Ready",
            id="row-50-a-boolean",
        ),
        pytest.param(
            {"conditions": [{"type": "Ready", "status": "False", "reason": 5, "message": {}, "lastTransitionTime": 5}]},
            "Failing",
            id="row-50-odd-fields",
        ),
    ],
)
def test_row_50_half_a_status(status: object, verdict: str) -> None:
    found = judged({**made(), "status": status})
    assert found.health.value == verdict
    assert isinstance(found.reason, str)
    assert isinstance(found.message, str)


@pytest.mark.parametrize("metadata", [None, {}, "x", [], {"name": ""}, {"name": None}, {"name": 5}])
def test_row_50_an_object_without_a_name_is_none(metadata: object) -> None:
    assert view({**made(), "metadata": metadata}) is None


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "Deployment", "apiVersion": "apps/v1"},
        {"apiVersion": "kustomize.config.k8s.io/v1beta1"},
        {"apiVersion": "v1"},
        {"apiVersion": None},
        {"kind": 5},
        {"kind": "kustomization"},
    ],
)
def test_row_36_what_is_no_flux_object(more: dict[str, Any]) -> None:
    """A kind of that name in another group is somebody else's."""
    assert view({**made(), **more}) is None


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v9"])
def test_every_version_of_a_kind_is_understood(version: str) -> None:
    assert view({**made(), "apiVersion": f"kustomize.toolkit.fluxcd.io/{version}"}) is not None


@pytest.mark.parametrize(
    "key", ["namespace", "generation", "creationTimestamp", "deletionTimestamp", "finalizers", "annotations", "labels"]
)
@pytest.mark.parametrize("odd", [None, 5, -1.5, True, "x", [], {}, [None], {"a": None}], ids=repr)
def test_row_50_odd_metadata(key: str, odd: object) -> None:
    assert judged(made("Kustomization", ready(generation=None), metadata={key: odd})).health.value in {
        "Ready",
        "Stale",
    }


@pytest.mark.parametrize("key", ["suspend", "timeout", "interval", "sourceRef", "chartRef", "chart", "sources", "type"])
@pytest.mark.parametrize(
    "odd", [None, 5, -1.5, "x", [], {}, [None], {"name": None}, {"kind": [], "name": {}}], ids=repr
)
def test_row_50_odd_specs(key: str, odd: object) -> None:
    for kind in FLUX_KINDS:
        assert judged(made(kind.kind, ready(), spec={key: odd})).health.value in {"Ready", "Static"}


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(None, id="null"),
        pytest.param({}, id="empty"),
        pytest.param("x", id="text"),
        pytest.param(["x"], id="list"),
        pytest.param(5, id="number"),
    ],
)
def test_row_50_odd_image_repository_references(odd: object) -> None:
    assert judged(made("ImagePolicy", ready(), spec={"imageRepositoryRef": odd})).health is Health.READY


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2026-11-22T12:00:00Z", NOW, id="utc"),
        pytest.param("2026-11-22T12:00:00.000000Z", NOW, id="microseconds"),
        pytest.param("2026-11-22T13:00:00+01:00", NOW, id="row-51-zone"),
        pytest.param("2026-11-22T12:00:00", NOW, id="row-51-without-a-zone"),
        pytest.param("2026-99-99T99:99:99Z", None, id="row-51-no-date"),
        pytest.param("yesterday", None, id="row-51-words"),
        pytest.param("-2026-11-22T12:00:00Z", None, id="row-51-negative"),
        pytest.param("", None, id="row-51-empty"),
        pytest.param("0001-01-01T00:00:00+23:59", None, id="row-51-before-the-first"),
        pytest.param("9999-12-31T23:59:59-23:59", None, id="row-51-after-the-last"),
    ],
)
def test_row_51_times(text: str, moment: datetime | None) -> None:
    entry = {"type": "Ready", "status": "True", "lastTransitionTime": text}
    found = judged(made("Kustomization", entry, metadata={"creationTimestamp": None}))
    assert found.health is Health.READY
    assert found.since == moment


def test_row_51_the_future_is_no_trouble() -> None:
    later = -7200
    assert judged(made("HelmRelease", ready("False", "SourceNotReady", age=later))).health is Health.PROGRESSING
    assert judged(made("Kustomization", ready("Unknown", age=later))).flags == ()
    assert judged(made("Kustomization", metadata={"deletionTimestamp": ago(later)})).flags == ()


def test_since_is_the_last_change_of_ready_else_the_beginning() -> None:
    assert judged(made("Kustomization", ready(age=75))).since == NOW - timedelta(seconds=75)
    assert judged(made("Kustomization")).since == NOW - timedelta(hours=1)
    assert judged(made("Kustomization", metadata={"creationTimestamp": None})).since is None


def stuck(kind: str, seconds: float, **more: Any) -> dict[str, Any]:
    """An object that has been running for that long."""
    return made(kind, ready("Unknown", "Progressing", age=seconds), **more)


OPERATOR_TIMEOUT = "fluxcd.controlplane.io/reconcileTimeout"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(made(metadata={"deletionTimestamp": ago(600)}), False, id="deleting-for-ten-minutes"),
        pytest.param(made(metadata={"deletionTimestamp": ago(601)}), True, id="deleting-for-longer"),
        pytest.param(made("Alert", metadata={"deletionTimestamp": ago(601)}), True, id="deleting-static"),
        pytest.param(stuck("Kustomization", 180, spec={"timeout": "2m"}), False, id="timeout-and-a-minute"),
        pytest.param(stuck("Kustomization", 181, spec={"timeout": "2m"}), True, id="longer-than-that"),
        pytest.param(stuck("Kustomization", 630, spec={"interval": "10m"}), False, id="interval-less-half-a-minute"),
        pytest.param(stuck("Kustomization", 631, spec={"interval": "10m"}), True, id="longer-than-the-interval"),
        pytest.param(stuck("Kustomization", 90, spec={"interval": "20s"}), False, id="at-least-half-a-minute"),
        pytest.param(stuck("Kustomization", 91, spec={"interval": "20s"}), True, id="longer-than-at-least"),
        pytest.param(
            stuck("Kustomization", 151, spec={"interval": "10m", "timeout": "1m30s"}), True, id="timeout-wins"
        ),
        pytest.param(stuck("HelmRelease", 360), False, id="release-default"),
        pytest.param(stuck("HelmRelease", 361), True, id="release-longer"),
        pytest.param(stuck("HelmRelease", 361, spec={"timeout": "1h30m"}), False, id="release-timeout"),
        pytest.param(stuck("GitRepository", 120), False, id="source-default"),
        pytest.param(stuck("GitRepository", 121), True, id="source-longer"),
        pytest.param(stuck("FluxInstance", 360), False, id="instance-default"),
        pytest.param(stuck("FluxInstance", 361), True, id="instance-longer"),
        pytest.param(stuck("ResourceSet", 361), True, id="resource-set-longer"),
        pytest.param(stuck("ResourceSetInputProvider", 180), False, id="input-provider-default"),
        pytest.param(stuck("ResourceSetInputProvider", 181), True, id="input-provider-longer"),
        pytest.param(stuck("ResourceSet", 361, metadata=annotated(OPERATOR_TIMEOUT, "1h")), False, id="annotation"),
        pytest.param(
            stuck("ResourceSet", 121, metadata=annotated(OPERATOR_TIMEOUT, "1m")), True, id="annotation-shorter"
        ),
        pytest.param(stuck("ImageRepository", 360, spec={"interval": "5m"}), False, id="image-interval"),
        pytest.param(stuck("ImageRepository", 361, spec={"interval": "5m"}), True, id="image-longer"),
        pytest.param(stuck("Kustomization", 631, spec={"interval": "10m", "timeout": "soon"}), True, id="no-duration"),
        pytest.param(made("HelmRelease", reconciling(age=361), ready(age=9000)), True, id="reconciling-for-longer"),
        pytest.param(
            made("HelmRelease", reconciling(age=10), ready(age=9000)), False, id="reconciling-but-ready-long-ago"
        ),
        pytest.param(made("GitRepository", reconciling(age=121)), True, id="first-run"),
        pytest.param(made("GitRepository", {"type": "Ready", "status": "Unknown"}), False, id="since-when-is-not-told"),
        pytest.param(made("GitRepository", ready(age=999_999)), False, id="ready"),
        pytest.param(made("GitRepository", ready("False", "x", age=999_999)), False, id="failing"),
        pytest.param(made("GitRepository", metadata={"creationTimestamp": ago(999_999)}), False, id="pending"),
        pytest.param(stuck("GitRepository", 999_999, spec={"suspend": True}), False, id="suspended"),
    ],
)
def test_stuck(item: dict[str, Any], expected: bool) -> None:
    """Longer than its time-out and a minute at a run, or than ten minutes at a deletion."""
    assert (Flag.STUCK in judged(item).flags) is expected


RUNNING = ready("Unknown", "Progressing", message="Reconciliation in progress")
RELEASED = condition("Released", "False", "UpgradeFailed", message="Helm upgrade failed")
HEALTHY = condition("Healthy", "False", "HealthCheckFailed", message="timeout waiting for x")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(made("Kustomization", RUNNING), None, id="nothing-known"),
        pytest.param(
            made("Kustomization", RUNNING, history=[{"lastReconciledStatus": "ReconciliationSucceeded"}]),
            None,
            id="succeeded",
        ),
        pytest.param(
            made("Kustomization", RUNNING, history=[{"lastReconciledStatus": "BuildFailed"}]),
            "BuildFailed",
            id="history",
        ),
        pytest.param(
            made(
                "ResourceSet",
                RUNNING,
                history=[
                    {"lastReconciledStatus": "ReconciliationFailed"},
                    {"lastReconciledStatus": "ReconciliationSucceeded"},
                ],
            ),
            "ReconciliationFailed",
            id="newest-of-the-history",
        ),
        pytest.param(
            made(
                "Kustomization",
                RUNNING,
                history=[{"lastReconciledStatus": "ReconciliationSucceeded"}, {"lastReconciledStatus": "BuildFailed"}],
            ),
            None,
            id="older-of-the-history",
        ),
        pytest.param(
            # kustomize-controller writes the attempted revision at the start of a run.
            made("Kustomization", RUNNING, lastAppliedRevision="a", lastAttemptedRevision="b"),
            None,
            id="a-new-revision",
        ),
        pytest.param(
            made("Kustomization", RUNNING, lastAppliedRevision="a", lastAttemptedRevision="a"), None, id="applied"
        ),
        pytest.param(
            made("HelmRelease", RUNNING, lastAttemptedRevision="1.0.0"), None, id="a-release-has-no-applied-revision"
        ),
        pytest.param(made("HelmRelease", RUNNING, RELEASED), "UpgradeFailed", id="released"),
        pytest.param(
            made("HelmRelease", RUNNING, condition("Released", "True", "UpgradeSucceeded")), None, id="released-well"
        ),
        pytest.param(made("Kustomization", RUNNING, HEALTHY), "HealthCheckFailed", id="healthy"),
        pytest.param(made("HelmRelease", RUNNING, failures=3), "", id="failures"),
        pytest.param(made("HelmRelease", RUNNING, installFailures=1), "", id="install-failures"),
        pytest.param(made("HelmRelease", RUNNING, upgradeFailures=1), "", id="upgrade-failures"),
        pytest.param(made("HelmRelease", RUNNING, failures=0, upgradeFailures=0), None, id="no-failures"),
        pytest.param(
            made("HelmRelease", reconciling(), ready(), RELEASED), "UpgradeFailed", id="ready-but-reconciling"
        ),
        pytest.param(made("HelmRelease", ready(), failures=3), None, id="ready"),
        pytest.param(made("HelmRelease", ready("False", "UpgradeFailed"), RELEASED, failures=3), None, id="failing"),
        pytest.param(made("HelmRelease", RUNNING, RELEASED, failures=3, spec={"suspend": True}), None, id="suspended"),
        pytest.param(made("Kustomization", ready("False", "DependencyNotReady"), HEALTHY), None, id="waiting"),
        pytest.param(made("Kustomization", HEALTHY), None, id="pending"),
    ],
)
def test_after_failure(item: dict[str, Any], expected: str | None) -> None:
    """Running again after a run that failed is trouble, with the last reason that is known; any other run is not."""
    found = judged(item)
    assert (Flag.AFTER_FAILURE in found.flags) is (expected is not None)
    if expected is not None:
        assert found.trouble
        assert not expected or found.reason == expected


def test_after_failure_the_failure_is_told() -> None:
    assert judged(made("HelmRelease", RUNNING, RELEASED)).message == "Helm upgrade failed"
    assert judged(made("Kustomization", RUNNING, HEALTHY)).message == "timeout waiting for x"
    assert judged(made("Kustomization", RUNNING)).message == "Reconciliation in progress"


def kustomization(*conditions: dict[str, Any], source: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    reference = source or {"kind": "GitRepository", "name": "repo"}
    return made("Kustomization", *conditions, spec={"sourceRef": reference, **more.pop("spec", {})}, **more)


def repository(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return made("GitRepository", *conditions, **{"name": "repo", **more})


FAILED = ready("False", "GitOperationFailed")
CHART = {"chart": {"spec": {"sourceRef": {"kind": "HelmRepository", "name": "charts"}}}}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param([kustomization(ready()), repository(FAILED)], True, id="failing"),
        pytest.param([kustomization(ready()), repository(stalled(), FAILED)], True, id="stalled"),
        pytest.param([kustomization(FAILED), repository(FAILED)], True, id="beside-a-failure-of-its-own"),
        pytest.param([kustomization(ready("False", "DependencyNotReady")), repository(FAILED)], True, id="waiting"),
        pytest.param([kustomization(), repository(FAILED)], True, id="pending"),
        pytest.param([kustomization(ready()), repository(ready())], False, id="ready"),
        pytest.param([kustomization(ready()), repository(ready("Unknown"))], False, id="running"),
        pytest.param(
            [kustomization(ready()), repository(FAILED, spec={"suspend": True})], False, id="suspended-source"
        ),
        pytest.param([kustomization(ready()), repository(ready(generation=1))], False, id="stale-source"),
        pytest.param([kustomization(ready()), repository()], False, id="pending-source"),
        pytest.param([kustomization(ready())], False, id="source-not-there"),
        pytest.param([kustomization(ready()), repository(FAILED, name="other")], False, id="another-source"),
        pytest.param(
            [kustomization(ready()), repository(FAILED, namespace="apps")], False, id="row-52-same-name-elsewhere"
        ),
        pytest.param(
            [
                kustomization(ready(), source={"kind": "GitRepository", "name": "repo", "namespace": "apps"}),
                repository(FAILED, namespace="apps"),
            ],
            True,
            id="in-another-namespace",
        ),
        pytest.param(
            [kustomization(ready(), source={"kind": "OCIRepository", "name": "repo"}), repository(FAILED)],
            False,
            id="row-52-same-name-of-another-kind",
        ),
        pytest.param([kustomization(ready(), spec={"suspend": True}), repository(FAILED)], False, id="suspended"),
        pytest.param([kustomization(ready(), metadata=DELETED), repository(FAILED)], False, id="deleting"),
        pytest.param(
            [made("HelmRelease", ready(), spec=CHART), made("HelmRepository", FAILED, name="charts")],
            True,
            id="before-there-is-a-chart",
        ),
        pytest.param(
            [
                made("HelmRelease", ready(), spec=CHART, helmChart="flux-system/other"),
                made("HelmChart", FAILED, name="other"),
            ],
            True,
            id="chart",
        ),
        pytest.param(
            [
                made("HelmRelease", ready(), spec=CHART, helmChart="flux-system/apps"),
                made(
                    "HelmChart",
                    ready(),
                    name="apps",
                    spec={"sourceRef": {"kind": "HelmRepository", "name": "charts"}},
                ),
                made("HelmRepository", FAILED, name="charts"),
            ],
            True,
            id="two-steps-up",
        ),
        pytest.param(
            [
                made("HelmRelease", ready(), spec={"chartRef": {"kind": "OCIRepository", "name": "repo"}}),
                made("OCIRepository", FAILED, name="repo"),
            ],
            True,
            id="chart-reference",
        ),
        pytest.param(
            [
                made("ImagePolicy", ready(), spec={"imageRepositoryRef": {"name": "podinfo"}}),
                made("ImageRepository", FAILED, name="podinfo"),
            ],
            True,
            id="image-repository",
        ),
        pytest.param(
            [
                made(
                    "ArtifactGenerator",
                    ready(),
                    spec={"sources": [{"kind": "Bucket", "name": "b"}, {"kind": "GitRepository", "name": "repo"}]},
                ),
                made("Bucket", ready(), name="b"),
                repository(FAILED),
            ],
            True,
            id="one-of-several",
        ),
    ],
)
def test_source_failing(items: Sequence[dict[str, Any]], expected: bool) -> None:
    """A controller goes on with the last good artifact, so a failing source does not show in the object itself."""
    assert (Flag.SOURCE_FAILING in judged(*items).flags) is expected


def test_sources_that_are_not_there_are_named() -> None:
    chart = made("HelmChart", ready(), name="c", spec={"sourceRef": {"kind": "HelmRepository", "name": "charts"}})
    release = made("HelmRelease", ready(), spec=CHART, helmChart="flux-system/c")
    assert judged(release).missing_sources == (ObjectRef("HelmChart", "flux-system", "c"),)
    assert judged(release, chart).missing_sources == (ObjectRef("HelmRepository", "flux-system", "charts"),)
    assert judged(kustomization(ready(), spec={"suspend": True})).missing_sources == ()


NEW: dict[str, Any] = {"artifact": {"revision": "main@sha1:new"}}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param(
            [kustomization(ready(), lastAppliedRevision="main@sha1:old"), repository(ready(), **NEW)], True, id="behind"
        ),
        pytest.param(
            [kustomization(ready(), lastAppliedRevision="main@sha1:new"), repository(ready(), **NEW)], False, id="level"
        ),
        pytest.param(
            [kustomization(ready(), lastAppliedRevision="main@sha1:old"), repository(FAILED, **NEW)],
            True,
            id="source-fails",
        ),
        pytest.param(
            [kustomization(ready(), lastAppliedRevision="main@sha1:old"), repository(ready())], False, id="no-artifact"
        ),
        pytest.param([kustomization(ready(), lastAppliedRevision="main@sha1:old")], False, id="no-source"),
        pytest.param(
            [kustomization(FAILED, lastAppliedRevision="main@sha1:old"), repository(ready(), **NEW)],
            False,
            id="failing",
        ),
        pytest.param(
            [kustomization(RUNNING, lastAppliedRevision="main@sha1:old"), repository(ready(), **NEW)],
            False,
            id="running",
        ),
        pytest.param(
            [
                kustomization(ready(), lastAppliedRevision="main@sha1:old", spec={"suspend": True}),
                repository(ready(), **NEW),
            ],
            False,
            id="suspended",
        ),
        pytest.param(
            [
                made("HelmRelease", ready(), spec={"chartRef": {"kind": "OCIRepository", "name": "repo"}}),
                made("OCIRepository", ready(), name="repo", **NEW),
            ],
            False,
            id="not-of-a-release",
        ),
    ],
)
def test_revision_behind(items: Sequence[dict[str, Any]], expected: bool) -> None:
    assert (Flag.REVISION_BEHIND in judged(*items).flags) is expected


NEVER_ANSWER = ("FluxReport", "ExternalArtifact", "Alert", "Provider")


@pytest.mark.parametrize("kind", FLUX_KINDS, ids=lambda kind: kind.kind)
def test_request_pending(kind: Any) -> None:
    """Asked and not yet handled. Some kinds never say that they handled a request, so nothing is pending there."""
    asked = made(kind.kind, ready(), metadata=annotated(REQUESTED, "2026-11-22T11:59:00Z"))
    assert (Flag.REQUEST_PENDING in judged(asked).flags) is (kind.kind not in NEVER_ANSWER)
    asked["status"]["lastHandledReconcileAt"] = "2026-11-22T11:00:00Z"
    assert (Flag.REQUEST_PENDING in judged(asked).flags) is (kind.kind not in NEVER_ANSWER)
    asked["status"]["lastHandledReconcileAt"] = "2026-11-22T11:59:00Z"
    assert Flag.REQUEST_PENDING not in judged(asked).flags


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(made("Kustomization", ready(), lastHandledReconcileAt="2026-11-22T11:00:00Z"), id="never-asked"),
        pytest.param(made("Kustomization", ready(), metadata=annotated(REQUESTED, "")), id="empty"),
        pytest.param(
            made("Kustomization", ready(), metadata=annotated(REQUESTED, "x"), spec={"suspend": True}), id="suspended"
        ),
        pytest.param(
            made("HelmRepository", metadata=annotated(REQUESTED, "x"), spec={"type": "oci"}), id="oci-helm-repository"
        ),
    ],
)
def test_no_request_is_pending(item: dict[str, Any]) -> None:
    assert Flag.REQUEST_PENDING not in judged(item).flags


def test_drifted() -> None:
    assert Flag.DRIFTED in judged(made("HelmRelease", ready(), condition("Drifted", "True"))).flags
    assert Flag.DRIFTED not in judged(made("HelmRelease", ready(), condition("Drifted", "False"))).flags
    assert Flag.DRIFTED not in judged(made("HelmRelease", ready())).flags


def test_several_flags() -> None:
    found = judged(
        kustomization(
            ready(), condition("Drifted", "True"), lastAppliedRevision="old", metadata=annotated(REQUESTED, "x")
        ),
        repository(FAILED, **NEW),
    )
    assert set(found.flags) == {Flag.SOURCE_FAILING, Flag.REVISION_BEHIND, Flag.REQUEST_PENDING, Flag.DRIFTED}


ORDERED = [
    made("Receiver", stalled(), name="z-stalled"),
    made("Bucket", FAILED, name="z-failing"),
    made("Bucket", metadata=DELETED, name="y-deleting"),
    made("Bucket", name="x-pending"),
    made("Bucket", ready(generation=1), name="w-stale"),
    made("Kustomization", ready("False", "DependencyNotReady"), name="v-waiting"),
    made("Bucket", ready("Unknown"), name="u-progressing"),
    made("HelmRelease", ready(), condition("Drifted", "True"), name="t-ready-with-a-flag"),
    made("Bucket", spec={"suspend": True}, name="s-suspended"),
    # Of one verdict: by kind, then by namespace, then by name.
    made("Bucket", ready(), name="z", namespace="z"),
    made("GitRepository", ready(), name="z", namespace="a"),
    made("GitRepository", ready(), name="a", namespace="b"),
    made("GitRepository", ready(), name="b", namespace="b"),
    made("Kustomization", ready(), name="a", namespace="a"),
    made("Alert", name="a", namespace="a"),
]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_trouble(seed: int) -> None:
    shuffled = random.Random(seed).sample(ORDERED, len(ORDERED))
    expected = [seen(item) for item in ORDERED]
    assert [entry.object for entry in assess(map(seen, shuffled), NOW)] == expected


def test_what_somebody_should_look_at() -> None:
    """Not what is suspended, static, ready without a flag, or on an ordinary run."""
    trouble = [entry.object.name for entry in assess(map(seen, ORDERED), NOW) if entry.trouble]
    assert trouble == [
        "z-stalled",
        "z-failing",
        "y-deleting",
        "x-pending",
        "w-stale",
        "v-waiting",
        "t-ready-with-a-flag",
    ]


def test_counts_are_in_the_order_of_trouble() -> None:
    told = [(verdict.value, number) for verdict, number in count(assess(map(seen, reversed(ORDERED)), NOW))]
    assert told == [
        ("Stalled", 1),
        ("Failing", 1),
        ("Deleting", 1),
        ("Pending", 1),
        ("Stale", 1),
        ("Waiting", 1),
        ("Progressing", 1),
        ("Suspended", 1),
        ("Ready", 6),
        ("Static", 1),
    ]


def test_a_verdict_is_found_in_any_case() -> None:
    for verdict in Health:
        assert find_health(verdict.value.upper()) is find_health(verdict.value.lower()) is verdict
    assert find_health("healthy") is find_health("") is None


def artifact(name: str, *, of: str) -> dict[str, Any]:
    return made("ExternalArtifact", ready(), name=name, spec={"sourceRef": {"kind": "ArtifactGenerator", "name": of}})


def generator(name: str, *, of: str) -> dict[str, Any]:
    return made("ArtifactGenerator", ready(), name=name, spec={"sources": [{"kind": "ExternalArtifact", "name": of}]})


def test_row_52_sources_in_a_circle() -> None:
    circle = [artifact("a", of="b"), generator("b", of="a")]
    assert [entry.flags for entry in assess(map(seen, circle), NOW)] == [(), ()]


def test_row_52_a_source_of_itself() -> None:
    itself = made("ExternalArtifact", ready(), name="a", spec={"sourceRef": {"kind": "ExternalArtifact", "name": "a"}})
    assert judged(itself).flags == ()


def test_row_52_a_long_chain_of_sources() -> None:
    """The last of four hundred steps fails: all that stand on it are told of."""
    chain = itertools.chain.from_iterable(
        (artifact(f"a{step}", of=f"g{step}"), generator(f"g{step}", of=f"a{step + 1}")) for step in range(200)
    )
    last = made("ExternalArtifact", FAILED, name="a200")
    found = assess(map(seen, [*chain, last]), NOW)
    assert len(found) == 401
    assert sum(Flag.SOURCE_FAILING in entry.flags for entry in found) == 400


def test_row_52_one_name_in_many_namespaces() -> None:
    items = [kustomization(ready(), namespace=f"team-{number}") for number in range(50)]
    repositories = [repository(FAILED if number % 2 else ready(), namespace=f"team-{number}") for number in range(50)]
    flagged = [entry.object.namespace for entry in assess(map(seen, [*items, *repositories]), NOW) if entry.flags]
    assert flagged == sorted(f"team-{number}" for number in range(1, 50, 2))


KEYS = st.sampled_from(
    [
        *(
            "metadata",
            "spec",
            "status",
            "conditions",
            "type",
            "reason",
            "message",
            "lastTransitionTime",
            "name",
            "kind",
        ),
        *(
            "namespace",
            "annotations",
            "labels",
            "finalizers",
            "generation",
            "observedGeneration",
            "suspend",
            "interval",
        ),
        *(
            "timeout",
            "sourceRef",
            "chartRef",
            "chart",
            "sources",
            "imageRepositoryRef",
            "history",
            "artifact",
            "revision",
        ),
        *("failures", "helmChart", "ref", "url", "latestRef", REQUESTED, OPERATOR_SWITCH, OPERATOR_TIMEOUT),
        *("deletionTimestamp", "creationTimestamp", "lastReconciledStatus", "lastHandledReconcileAt"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(
        [
            "Ready",
            "Stalled",
            "Reconciling",
            "True",
            "False",
            "disabled",
            "1h",
            "9" * 15 + "h",
            ago(5),
            "oci",
            "a/b",
            "0",
        ]
    )
    | st.sampled_from([kind.kind for kind in FLUX_KINDS])
)
ODD = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=15
)
CONDITIONS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["Ready", "Stalled", "Reconciling", "Released", "Healthy", "Drifted"]) | ODD,
            "status": st.sampled_from(["True", "False", "Unknown"]) | ODD,
            "reason": st.sampled_from(["DependencyNotReady", "SourceNotReady", "HealthCheckCanceled"]) | ODD,
            "lastTransitionTime": st.just(ago(90)) | ODD,
            "observedGeneration": st.integers(-1, 3) | ODD,
        },
    )
    | ODD,
    max_size=4,
)


@given(
    kinds=st.lists(st.sampled_from(FLUX_KINDS), min_size=1, max_size=3),
    metadata=st.dictionaries(KEYS, ODD, max_size=4),
    spec=st.dictionaries(KEYS, ODD, max_size=4) | ODD,
    status=st.fixed_dictionaries({"conditions": CONDITIONS, "observedGeneration": st.integers(-1, 3) | ODD}) | ODD,
)
def test_nothing_that_a_cluster_holds_raises(
    kinds: list[Any], metadata: dict[str, Any], spec: object, status: object
) -> None:
    items = [
        {
            **made(kind.kind),
            "spec": spec,
            "status": status,
            "metadata": {**metadata, "name": f"n{number}", "generation": 2},
        }
        for number, kind in enumerate(kinds)
    ]
    objects = [found for item in items if (found := view(item)) is not None]
    assert len(objects) == len(items)
    entries = assess(objects, NOW)
    assert len(entries) == len(objects)
    assert [entry.order for entry in entries] == sorted(entry.order for entry in entries)
    assert sum(number for _, number in count(entries)) == len(objects)
    assert all(isinstance(text, str) for entry in entries for text in (entry.reason, entry.message))


def test_a_chart_fails_since_it_could_not_be_fetched_and_not_since_its_last_retry() -> None:
    """source-controller writes Stalled and Ready anew with each retry, and FetchFailed once."""
    wrong = {"status": "True", "reason": "InvalidChartReference", "message": "no chart", "observedGeneration": 1}
    chart = item(
        "HelmChart",
        status={
            "observedGeneration": 1,
            "conditions": [
                {**wrong, "type": "Stalled", "lastTransitionTime": "2026-11-27T08:23:41Z"},
                {**wrong, "type": "Ready", "status": "False", "lastTransitionTime": "2026-11-27T08:23:41Z"},
                {**wrong, "type": "FetchFailed", "lastTransitionTime": "2026-11-27T07:45:50Z"},
            ],
        },
    )
    found = view(chart)
    assert found is not None
    (status,) = assess([found], datetime(2026, 11, 27, 8, 26, 30, tzinfo=UTC))
    assert status.failing_since == datetime(2026, 11, 27, 7, 45, 50, tzinfo=UTC)
