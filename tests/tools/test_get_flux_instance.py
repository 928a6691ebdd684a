"""get_flux_instance: what is told of each way to install Flux, and what when something cannot be read."""

import json
import re
from typing import Any

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from tests.conftest import Ask, Reply
from tests.support.fake import FIXTURES, FakeKubectl, a_list

pytestmark = pytest.mark.anyio

TOOL = "get_flux_instance"
OPERATOR_KINDS = {"fluxinstances", "fluxreports", "resourcesets", "resourcesetinputproviders"}


def raw(recording: str, resource: str) -> list[dict[str, Any]]:
    return list(json.loads((FIXTURES / recording / f"{resource}.json").read_text())["items"])


def flux_deployments(recording: str) -> list[dict[str, Any]]:
    return [
        item
        for item in raw(recording, "deployments.apps")
        if item["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") == "flux"
    ]


@pytest.mark.parametrize(("recording", "count"), [("staging", 7), ("bootstrap", 4)])
async def test_every_controller_is_told_with_its_image_and_readiness(
    ask_recording: Ask, recording: str, count: int
) -> None:
    reply = await ask_recording(recording, TOOL)
    deployments = flux_deployments(recording)
    assert len(deployments) == count
    assert re.search(
        r"^Controllers: \d of \d ready, 0 restarts, Deployments in flux-system, images in ghcr.io/fluxcd$",
        reply.text,
        re.MULTILINE,
    )
    for item in deployments:
        name, spec = item["metadata"]["name"], item["spec"]
        ready = item["status"].get("readyReplicas", 0)
        image, at, digest = spec["template"]["spec"]["containers"][0]["image"].partition("@sha256:")
        assert image.startswith(f"ghcr.io/fluxcd/{name}:")
        image = image.rpartition("/")[2]
        # A digest is shown by its first seven digits.
        short = f"{image}@sha256:{digest[:7]}…" if at else image
        (line,) = [line for line in reply.lines if line.startswith(f"  {name}:")]
        assert line.startswith(f"  {short}: {ready} of {spec['replicas']} ready")


async def test_controllers_that_are_down_are_said_beside_objects_that_look_ready(ask_recording: Ask) -> None:
    reply = await ask_recording("bootstrap", TOOL)
    assert reply.lines[1] == "Flux v2.7.5, installed by flux bootstrap"
    assert "Controllers: 0 of 4 ready" in reply.text
    assert "the status of its objects may be out of date" in reply.text
    assert reply.text.count('serviceaccount \\"') == 4
    assert "Flux resources: 7 (7 Ready)" in reply.lines


async def test_the_operator_is_told_with_its_version(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", TOOL)
    assert reply.lines[1].startswith("Flux v2.9.4, installed by flux-operator v0.58.1, requested version 2.9.x")


def deployment(name: str, version: str, ready: int = 1, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": "gitops",
            "labels": {"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": version, **labels},
        },
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"image": f"ghcr.io/fluxcd/{name}:v1"}]}}},
        "status": {"readyReplicas": ready},
    }


def crd(plural_group: str, version: str, stored: list[str], *served: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": plural_group, "labels": {"app.kubernetes.io/version": version, **labels}},
        "spec": {
            "versions": [
                {"name": name, "served": True, "storage": name == served[0], "deprecated": "beta" in name}
                for name in served
            ]
        },
        "status": {"storedVersions": stored},
    }


class Cluster26:
    """A fake cluster of an old Flux, installed with `flux install` into a namespace of another name."""

    resources = tuple(
        kind.resource
        for kind in FLUX_KINDS
        if kind.plural not in OPERATOR_KINDS
        and "image" not in kind.group
        and kind.kind not in {"ArtifactGenerator", "ExternalArtifact"}
    )

    def __init__(self, fake: FakeKubectl) -> None:
        self.fake = fake
        fake.serves(
            "namespaces", "pods", "deployments.apps", "customresourcedefinitions.apiextensions.k8s.io", *self.resources
        )
        fake.says(
            "version",
            json.dumps({"clientVersion": {"gitVersion": "v1.34.4"}, "serverVersion": {"gitVersion": "v1.32.1"}}),
        )
        self.get("flux", "", 0)
        crds = [crd(name, "v2.6.4", ["v1", "v1beta2"], "v1", "v1beta2") for name in self.resources]
        self.get("crds", a_list(*crds), 0)
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "source-controller-abc-x",
                "namespace": "gitops",
                "ownerReferences": [{"kind": "ReplicaSet", "name": "source-controller-abc", "controller": True}],
            },
            "status": {
                "containerStatuses": [
                    {
                        "name": "manager",
                        "restartCount": 5,
                        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
                    }
                ]
            },
        }
        other = json.loads(json.dumps(pod).replace("source-controller", "helm-controller"))
        parts = (deployment("source-controller", "v2.6.4"), deployment("helm-controller", "v2.5.1"), pod, other)
        self.get("parts", a_list(*parts), 0)

    def get(self, what: str, stdout: str, code: int, stderr: str = "") -> None:
        """What a get of the Flux kinds, of the CRDs or of the controllers prints."""
        (self.fake.folder / f"get-{what}").write_text(stdout or a_list())
        (self.fake.folder / f"get-{what}.err").write_text(stderr)
        (self.fake.folder / f"get-{what}.code").write_text(str(code))
        self.fake.does(
            "get",
            'case "$*" in *customresourcedefinitions*) what=crds;; *deployments*) what=parts;; *) what=flux;; esac\n'
            'cat "$dir/get-$what"; cat "$dir/get-$what.err" >&2; exit "$(cat "$dir/get-$what.code")"',
        )


@pytest.fixture
def old(fake: FakeKubectl) -> Cluster26:
    return Cluster26(fake)


async def test_an_old_flux_is_said_to_be_out_of_support(old: Cluster26, ask_fake: Ask) -> None:
    reply = await ask_fake(TOOL)
    assert not reply.is_error
    assert reply.lines[1] == "Flux v2.6.4, installed by flux install or other manifests"
    assert "Out of support: Flux v2.6.4 gets no fixes; supported are 2.8, 2.9, 2.10." in reply.lines
    assert "Cluster: Kubernetes v1.32.1" in reply.lines
    assert f"  {old.resources[0]}: objects may still be stored as v1beta2; new ones are stored as v1" in reply.lines
    assert f"  {old.resources[0]}: serves v1beta2, which is deprecated" in reply.lines


async def test_restarts_last_ends_and_other_versions_are_told(old: Cluster26, ask_fake: Ask) -> None:
    reply = await ask_fake(TOOL)
    (source,) = [line for line in reply.lines if line.startswith("  source-controller:")]
    (helm,) = [line for line in reply.lines if line.startswith("  helm-controller:")]
    assert "5 restarts, last terminated: OOMKilled" in source
    assert "label app.kubernetes.io/version=v2.5.1" in helm


async def test_it_takes_three_processes_once_kinds_and_version_are_known(old: Cluster26, ask_fake: Ask) -> None:
    await ask_fake(TOOL)
    old.fake.forget()
    await ask_fake(TOOL)
    assert len(old.fake.calls()) == len(old.fake.calls("get")) == 3


FORBIDDEN = 'Error from server (Forbidden): {0} is forbidden: User "dev" cannot list resource "{1}" in API group "{2}" at the cluster scope\n'


@pytest.mark.parametrize(
    ("what", "stderr", "told"),
    [
        pytest.param(
            "parts",
            FORBIDDEN.format("deployments.apps", "deployments", "apps") + FORBIDDEN.format("pods", "pods", ""),
            "Deployment, Pod",
            id="controllers",
        ),
        pytest.param("parts", FORBIDDEN.format("pods", "pods", ""), "Pod", id="pods"),
        pytest.param(
            "crds",
            FORBIDDEN.format(
                "customresourcedefinitions.apiextensions.k8s.io", "customresourcedefinitions", "apiextensions.k8s.io"
            ),
            "CustomResourceDefinition",
            id="crds",
        ),
    ],
)
async def test_what_cannot_be_read_is_named_and_the_rest_is_told(
    old: Cluster26, ask_fake: Ask, what: str, stderr: str, told: str
) -> None:
    kept = a_list(deployment("source-controller", "v2.6.4")) if told == "Pod" else a_list()
    old.get(what, kept, 1, stderr)
    reply = await ask_fake(TOOL)
    assert not reply.is_error
    # A kind without namespaces may not be listed at all, whatever namespace is passed.
    where = "" if told == "CustomResourceDefinition" else " in all namespaces"
    assert reply.lines[1].startswith(f"Could not read: {told} (forbidden: dev may not list{where})")
    assert "Flux v2.6.4" in reply.lines[2]
    if told == "Pod":
        assert "restarts unknown" in reply.text


@pytest.mark.parametrize("kind", ["Deployment", "Status"])
async def test_controllers_that_are_not_understood_are_not_missing(old: Cluster26, ask_fake: Ask, kind: str) -> None:
    old.get("parts", a_list({"apiVersion": "apps/v1", "kind": kind}), 0)
    reply = await ask_fake(TOOL)
    assert "1 item not understood" in reply.lines[1]
    assert "does not run" not in reply.text
    assert "Controllers: unknown" in reply.text


async def test_nothing_that_can_be_read_is_an_error(old: Cluster26, ask_fake: Ask) -> None:
    refused = "Unable to connect to the server: dial tcp 10.0.0.1:443: connect: connection refused\n"
    for what in ("flux", "crds", "parts"):
        old.get(what, "", 1, refused)
    reply = await ask_fake(TOOL)
    assert reply.is_error
    assert reply.text.startswith("Cannot reach the cluster; context dev")


async def test_a_cluster_without_flux_is_said_to_be_one(fake: FakeKubectl, ask_fake: Ask) -> None:
    versions = {"clientVersion": {"gitVersion": "v1.34.4"}, "serverVersion": {"gitVersion": "v1.34.1"}}
    fake.says("version", json.dumps(versions))
    fake.serves("namespaces", "pods", "deployments.apps", "customresourcedefinitions.apiextensions.k8s.io")
    reply: Reply = await ask_fake(TOOL)
    assert not reply.is_error
    assert reply.lines[1].startswith("Flux is not installed: ")
    assert reply.lines[2:] == ["Cluster: Kubernetes v1.34.1"]


async def test_controllers_without_kinds_are_not_no_flux(fake: FakeKubectl, ask_fake: Ask) -> None:
    """The CRDs were deleted, the controllers run on."""
    fake.serves("namespaces", "pods", "deployments.apps", "customresourcedefinitions.apiextensions.k8s.io")
    fake.lists(deployment("source-controller", "v2.9.4"))
    reply = await ask_fake(TOOL)
    assert "Flux is not installed" not in reply.text
    assert "Flux v2.9.4" in reply.text
