"""What versions of Flux break or change: the entries, by their examples, and what they find in recordings.

What is expected of the recordings is written from their JSON, the release notes of Flux and the changelogs of its
controllers.
"""

import json
from typing import Any

import pytest

from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.changes import Upgrade, all_changes
from flux_mcp.audit.rule import Rule
from flux_mcp.audit.run import Audit, audit
from flux_mcp.flux.versions import RELEASES, TARGETS, minor, patch, unsupported
from tests.support.audits import EVERYTHING, controller, facts_of, found, hr, ks, recorded, short_of
from tests.support.fake import FIXTURES
from tests.support.items import item
from tests.support.rule_examples import EXAMPLE_TIME, objects

TARGET = (2, 10)
CHANGES = all_changes()


def upgraded(items: list[dict[str, Any]], target: tuple[int, int] = TARGET, **more: Any) -> Audit:
    """What an upgrade changes for these items."""
    context = facts_of(items, rules=CHANGES, **{"target": target, "kubernetes": "v1.37.0", **more})
    return audit(context, rules=Upgrade(context.flux_version, target).changes)


def of_fixture(name: str, target: tuple[int, int] = TARGET) -> dict[str, set[str]]:
    version = json.loads((FIXTURES / name / "version.json").read_text())["serverVersion"]["gitVersion"]
    return found(upgraded(recorded(name), target, kubernetes=version))


# Each entry

by_change = pytest.mark.parametrize("change", [pytest.param(change, id=change.id) for change in CHANGES])


def run(change: Rule, example: Any) -> set[str]:
    items = objects(example)
    kubernetes = next((entry["name"] for entry in example if entry["kind"] == "Kubernetes"), "v1.37.0")
    context = facts_of(items, EXAMPLE_TIME, rules=[change], target=TARGET, kubernetes=kubernetes)
    return found(audit(context, rules=[change])).get(change.id, set())


@by_change
def test_a_change_finds_the_first_object_of_the_example_that_trips_it(change: Rule) -> None:
    items = objects(change.trips)
    assert (short_of(items[0]) if items else "Kubernetes v1.33.4") in run(change, change.trips)


@by_change
def test_a_change_finds_nothing_in_the_other_example(change: Rule) -> None:
    assert run(change, change.spares) == set()


@by_change
def test_the_texts_of_a_change(change: Rule) -> None:
    assert change.kinds
    for text in (change.summary, change.fix):
        assert 0 < len(text) <= 120
        assert not text.endswith(".")
    assert change.docs.startswith("https://")
    # The id of a change starts with the minor version that brings it; a fault is of versions that run.
    start = "fault-" if change.since is None else f"{change.since[0]}.{change.since[1]}-"
    assert change.id.startswith(start) or change.id == "kubernetes-version"


def test_every_change_is_of_a_version_that_can_be_a_target() -> None:
    assert {change.since[:2] for change in CHANGES if change.since is not None} <= set(TARGETS)
    assert set(TARGETS) <= set(RELEASES)
    assert len({change.id for change in CHANGES}) == len(CHANGES)


# Recordings

OLD = {
    "kubernetes-version": {"Kubernetes v1.31.4"},
    "2.7-api-stored": {
        "CustomResourceDefinition helmreleases.helm.toolkit.fluxcd.io",
        "CustomResourceDefinition imageupdateautomations.image.toolkit.fluxcd.io",
    },
    "2.7-api-applied": {"Kustomization apps"},
    "2.7-image-autologin-flags": {"Deployment image-reflector-controller"},
    "2.7-commit-template": {"ImageUpdateAutomation images"},
    "2.8-api-stored": {
        "CustomResourceDefinition buckets.source.toolkit.fluxcd.io",
        "CustomResourceDefinition ocirepositories.source.toolkit.fluxcd.io",
    },
    "2.8-api-applied": {"Kustomization apps"},
    "2.8-helm-health-checks": {"HelmRelease apps/web", "HelmRelease apps/api"},
    "2.9-api-stored": {
        "CustomResourceDefinition imagerepositories.image.toolkit.fluxcd.io",
        "CustomResourceDefinition imagepolicies.image.toolkit.fluxcd.io",
        "CustomResourceDefinition imageupdateautomations.image.toolkit.fluxcd.io",
    },
    "2.9-api-applied": {"Kustomization apps"},
    "2.9-strict-substitution": {"Kustomization apps"},
    "2.9-post-render-hooks": {"HelmRelease apps/web"},
    "2.10-provider-proxy": {"Provider chat"},
    "2.10-alert-summary": {"Alert on-call"},
    "2.10-provider-interval": {"Provider chat"},
    "2.10-notification-v1beta3": {"Kustomization apps"},
    "2.10-chart-defaults": {"HelmRelease apps/web", "HelmRelease apps/api"},
    "fault-image-tags-lost": {"Deployment image-reflector-controller"},
}
EXPECTED: dict[str, dict[str, set[str]]] = {
    "flux-2.4": OLD,
    "flux-2.6": {
        "kubernetes-version": {"Kubernetes v1.33.4"},
        "2.8-api-stored": {"CustomResourceDefinition ocirepositories.source.toolkit.fluxcd.io"},
        "2.8-api-applied": {"Kustomization apps"},
        # No 2.9-strict-substitution: kustomize-controller has the feature gate StrictPostBuildSubstitutions already.
        "2.9-gcr-receiver": {"Receiver registry"},
        "2.9-kubeconfig-files": {"Kustomization edge"},
        "2.10-object-identity": {"OCIRepository apps/web"},
        "2.10-identity-gate": {"Deployment source-controller", "Deployment kustomize-controller"},
    },
    "flux-2.10": {},
    "bootstrap": {
        "kubernetes-version": {"Kubernetes v1.34.4"},
        "2.8-helm-health-checks": {"HelmRelease ingress/ingress-nginx"},
        "2.10-chart-defaults": {"HelmRelease ingress/ingress-nginx"},
    },
    "staging": {
        "kubernetes-version": {"Kubernetes v1.34.4"},
        # It runs 2.9.4, and the kubeconfig of remote is checked from 2.9.5 on.
        "2.9-kubeconfig-files": {"Kustomization remote"},
        "2.10-notification-v1beta3": {"Kustomization flux-system"},
        "2.10-chart-defaults": {
            *(f"HelmRelease apps/{name}" for name in ("backend", "frontend", "ledger", "payments")),
            *("HelmRelease cert-manager/cert-manager", "HelmRelease ingress-nginx/ingress-nginx"),
            *("HelmRelease monitoring/kube-prometheus-stack", "HelmRelease monitoring/loki"),
        },
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_breaks_in_a_recording_and_nothing_else(name: str) -> None:
    assert of_fixture(name) == EXPECTED[name]


def test_what_an_inventory_holds_in_a_version_that_is_dropped_is_named() -> None:
    result = upgraded(recorded("flux-2.4"))
    values = {one.rule.id: finding.values for one in result.found for finding in one.findings}
    assert values["2.7-api-applied"] == (
        ObjectRef("HelmRelease", "apps", "web"),
        ObjectRef("ImageUpdateAutomation", "flux-system", "images"),
    )
    assert values["2.8-api-applied"] == (ObjectRef("HelmRepository", "apps", "charts"),)
    assert values["2.9-api-applied"] == (
        ObjectRef("Alert", "flux-system", "on-call"),
        ObjectRef("ImageRepository", "flux-system", "web"),
        ObjectRef("ImagePolicy", "flux-system", "web"),
    )


def test_only_what_is_new_on_the_way_to_the_target() -> None:
    to_2_8 = of_fixture("flux-2.4", (2, 8)).keys()
    assert {one for one in to_2_8 if one[0] == "2"} == {one for one in OLD if one.startswith(("2.7-", "2.8-"))}
    # Of the version that runs, later patches count.
    assert of_fixture("staging", (2, 9)).keys() == {"2.9-kubeconfig-files"}
    assert of_fixture("flux-2.10").keys() == set()


def test_an_unknown_version_may_be_any() -> None:
    assert Upgrade("", TARGET).changes == CHANGES
    assert Upgrade("mainline", TARGET).changes == CHANGES
    assert found(upgraded([hr(postRenderers=[{}])])).keys() >= {"2.8-helm-health-checks", "2.9-post-render-hooks"}


# What is not known


def test_gates_that_cannot_be_read_are_unknown() -> None:
    """Both where a gate would exclude a finding and where one is needed for it."""
    items = [
        ks(postBuild={"substitute": {"a": "b"}}),
        item("OCIRepository", "charts", spec={"provider": "aws", "serviceAccountName": "charts"}),
    ]
    result = upgraded(items, read=EVERYTHING - {"Deployment"})
    assert found(result).keys() >= {"2.9-strict-substitution", "2.10-object-identity"}
    unknown = {one.rule.id: one.unknown for one in result.unchecked}
    assert unknown["2.9-strict-substitution"] == unknown["2.10-object-identity"] == ("Deployment",)
    assert "2.10-object-identity" not in found(upgraded(items))


@pytest.mark.parametrize("gate", ["true", "false"])
def test_a_gate_that_is_set_keeps_its_value(gate: str) -> None:
    gates = controller("kustomize-controller", "v1.8.5", f"--feature-gates=A=true,StrictPostBuildSubstitutions={gate}")
    assert "2.9-strict-substitution" not in found(upgraded([ks(postBuild={"substitute": {"a": "b"}}), gates]))


def test_a_version_of_kubernetes_that_is_not_known_is_said() -> None:
    result = upgraded([], kubernetes="")
    assert {one.rule.id: one.unknown for one in result.unchecked} == {"kubernetes-version": ("Kubernetes",)}


@pytest.mark.parametrize(
    ("kubernetes", "old"),
    [
        ("v1.34.9", True),
        ("v1.35.1", True),
        ("v1.35.2-gke.100", False),
        ("v1.36.0", True),
        ("v1.36.1+k3s1", False),
        ("v1.37.0", False),
        # Newer than what was there at the release.
        ("v1.38.0", False),
    ],
)
def test_which_kubernetes_2_10_needs(kubernetes: str, old: bool) -> None:
    """The release notes of 2.10.0: 1.35.2, 1.36.1 and 1.37.0 or newer."""
    assert ("kubernetes-version" in found(upgraded([], kubernetes=kubernetes))) is old


@pytest.mark.parametrize(
    ("tag", "faulty"), [("v1.7.9", False), ("v1.8.0", True), ("v1.8.2@sha256:00", True), ("v1.8.3", False), ("", False)]
)
def test_a_fault_is_of_the_versions_that_have_it(tag: str, faulty: bool) -> None:
    gate = controller("kustomize-controller", tag, "--feature-gates=CancelHealthCheckOnNewRevision=true")
    assert ("fault-canceled-health-checks" in found(upgraded([gate]))) is faulty


# Versions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v2.9.4", (2, 9, 4)),
        ("2.10", (2, 10, 0)),
        ("v2.10.0-rc.1", (2, 10, 0)),
        ("v1.35.2-gke.100", (1, 35, 2)),
        ("1.2.3.4", None),
        ("2", None),
        ("latest", None),
        ("", None),
        ("v2.99999.1", None),
    ],
)
def test_versions_are_read(text: str, expected: tuple[int, int, int] | None) -> None:
    assert patch(text) == expected
    assert minor(text) == (expected and expected[:2])


def test_the_last_three_minor_versions_are_supported() -> None:
    assert [unsupported(f"v2.{number}.0") for number in (6, 7, 8, 9, 10, 11)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert not unsupported("")
