"""Made-up credentials in every place where a Flux object can hold one, by the Flux API reference.

Each place has a number and its own secrets, put into copies of the objects of the recording staging. None of
them may come out, however the question is put.
"""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import CONFIG_MAP, DEPLOYMENT, EVENT, POD, REPLICA_SET
from tests.support.fake import FIXTURES

Items = dict[str, list[dict[str, Any]]]
"""Resource → items."""


@dataclass(frozen=True)
class Seed:
    """A cluster with secrets in it.

    Attributes:
        secrets: of each place.
        noise: lines that kubectl prints on stderr when all is well.
        errors: lines that kubectl prints on stderr when it fails.
        logs: lines of containers.
        user: of the kubeconfig.
    """

    items: Items
    secrets: dict[str, list[str]] = field(default_factory=dict)
    noise: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    user: dict[str, Any] = field(default_factory=dict)


New = Callable[[], str]
"""Makes a new secret of a place."""
Plant = Callable[[Seed, New], None]

PLACES: dict[str, Plant] = {}


def place(name: str) -> Callable[[Plant], None]:
    def add(plant: Plant) -> None:
        PLACES[name] = plant

    return add


def planted() -> Seed:
    """Some objects of staging of each kind with secrets in them, which no shape tells."""
    items: Items = {}
    for path in sorted((FIXTURES / "staging").glob("*.json")):
        if path.stem != "version":
            # As telling as all of it, in a third of the time.
            items[path.stem] = json.loads(path.read_text())["items"][:6]
    seed = Seed(items)
    for name, plant in PLACES.items():
        plant(seed, partial(_new, name, seed.secrets.setdefault(name, [])))
    return seed


def _new(name: str, used: list[str]) -> str:
    used.append(f"pl4nt{name[:2]}x{len(used)}Qz7Rk9Xw2")
    return used[-1]


def write(items: Items, folder: Path) -> Path:
    """A recording of these items, as somebody would make it by hand with kubectl."""
    folder.mkdir()
    for resource, entries in items.items():
        (folder / f"{resource}.json").write_text(
            json.dumps({"apiVersion": "v1", "items": entries, "kind": "List"}, indent=4)
        )
    version = (FIXTURES / "staging" / "version.json").read_text()
    (folder / "version.json").write_text(version)
    return folder


def first(items: Items, kind: str) -> dict[str, Any]:
    """The first object of a Flux kind; one is made where staging has none."""
    entries = items[by_kind[kind].resource]
    if not entries:
        metadata = {"name": f"planted-{kind.lower()}", "namespace": "flux-system", "generation": 1}
        entries.append(
            {"apiVersion": f"{by_kind[kind].group}/v1", "kind": kind, "metadata": metadata, "spec": {}, "status": {}}
        )
    return entries[0]


def fails(item: dict[str, Any], *messages: str) -> None:
    """Let an object fail with these messages, of Ready first."""
    types = ("Ready", "Released", "Healthy", "Stalled", "Reconciling")
    item.setdefault("status", {})["conditions"] = [
        {
            "type": kind,
            "status": "False" if number < 3 else "True",
            "reason": "PlantedFailure",
            "message": message,
            "lastTransitionTime": "2026-11-22T09:26:00Z",
            "observedGeneration": item["metadata"].get("generation", 1),
        }
        for number, (kind, message) in enumerate(zip(types, messages, strict=False))
    ]


def event(item: dict[str, Any], message: str, kind: str = "Warning") -> dict[str, Any]:
    about = {"apiVersion": item["apiVersion"], "kind": item["kind"]}
    metadata = item["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"planted.{crc32(message.encode())}", "namespace": metadata["namespace"]},
        "involvedObject": {**about, "name": metadata["name"], "namespace": metadata["namespace"]},
        "reason": "Planted",
        "message": message,
        "type": kind,
        "count": 1,
        "firstTimestamp": "2026-11-22T09:26:00Z",
        "lastTimestamp": "2026-11-22T09:26:00Z",
        "source": {"component": "kustomize-controller"},
    }


def containers(items: Items) -> Iterator[dict[str, Any]]:
    for kind in (DEPLOYMENT, REPLICA_SET, POD):
        for item in items[kind.resource]:
            spec = item["spec"] if kind is POD else item["spec"]["template"]["spec"]
            yield from (*spec.get("initContainers", ()), *spec["containers"])


@place("01-values")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for item in items[by_kind["HelmRelease"].resource]:
        item["spec"]["values"] = {
            "auth": {"password": new(), "users": [{"name": "admin", "key": new()}]},
            "motd": new(),
            "raw": f"listen: 80\nmotd: {new()}\n",
            "json": json.dumps({"a": {"b": new()}}),
        }


@place("02-referenced-values")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for item in items[CONFIG_MAP.resource]:
        item.setdefault("data", {})["values.yaml"] = f"auth:\n  password: {new()}\n"


@place("03-substitute")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for item in items[by_kind["Kustomization"].resource]:
        item["spec"]["postBuild"] = {"substitute": {"DB_PASSWORD": new(), "motd": new()}}


@place("04-patches")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    target = {"kind": "Deployment", "name": "app"}
    patch = f"- op: add\n  path: /spec/x\n  value: {new()}\n"
    merge = {"spec": {"env": [{"name": "MOTD", "value": new()}]}}
    first(items, "Kustomization")["spec"].update(
        patches=[{"patch": patch, "target": target}],
        patchesStrategicMerge=[merge],
        patchesJson6902=[{"patch": [{"op": "add", "path": "/x", "value": new()}], "target": target}],
    )
    first(items, "HelmRelease")["spec"]["postRenderers"] = [{"kustomize": {"patches": [{"patch": f"a: {new()}"}]}}]
    first(items, "FluxInstance")["spec"]["kustomize"] = {"patches": [{"patch": f"a: {new()}", "target": target}]}


@place("05-helm-storage")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    release = base64.b64encode(new().encode()).decode()
    metadata = {"name": "sh.helm.release.v1.podinfo.v1", "namespace": "podinfo", "labels": {"owner": "helm"}}
    items.setdefault("secrets", []).append(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "helm.sh/release.v1",
            "metadata": metadata,
            "data": {"release": release},
            "stringData": {"release": new()},
        }
    )


@place("06-history")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    item = first(items, "HelmRelease")
    item["status"]["history"] = [{"name": "planted", "chartVersion": "1.0.0", "version": 1, "config": {"pin": new()}}]


@place("07-messages")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    git = first(items, "GitRepository")
    url = f"https://flux:{new()}@git.example.com/acme/fleet.git"
    fails(git, f"failed to checkout and determine revision: unable to clone '{url}': authentication required")
    kustomization, release = items[by_kind["Kustomization"].resource][1], items[by_kind["HelmRelease"].resource][1]
    substitute, values = kustomization["spec"]["postBuild"]["substitute"], release["spec"]["values"]
    substitute["region"], values["greeting"], values["code"] = new(), new(), new()
    fails(
        kustomization,
        f'Deployment/apps/web dry-run failed (Invalid): spec.replicas: Invalid value: "{substitute["region"]}"',
        f"envsubst error: variable substitution failed: {substitute['region']}",
    )
    fails(
        release,
        f"Helm install failed: values don't meet the specifications of the schema: greeting: {values['greeting']!r}",
        f"Last Helm logs: password={new()} token: {new()} {{'api_key': '{new()}'}} code {values['code']}",
    )
    for item in (git, kustomization, release):
        items[EVENT.resource].append(
            event(item, f"post https://hooks.example.com/x?token={new()}: 403 --password {new()}")
        )


@place("08-presigned-urls")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    query = f"X-Amz-Credential={new()}&X-Amz-Signature={new()}"
    fails(first(items, "Bucket"), f'get "https://s3.example.com/b/o?{query}": 403')
    item = first(items, "OCIRepository")
    fails(item, f"GET https://acr.blob.core.windows.net/x?sv=2024&sig={new()} unexpected status code 403")
    items[EVENT.resource].append(event(item, f"GET https://acr.blob.core.windows.net/x?sv=2024&sig={new()}: 403"))


@place("09-urls")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for kind in ("GitRepository", "OCIRepository", "HelmRepository", "ResourceSetInputProvider"):
        first(items, kind)["spec"]["url"] = f"https://me:{new()}@example.com/x?token={new()}"
    items[by_kind["GitRepository"].resource][1]["spec"]["url"] = f"https://me:{new()}/{new()}@example.com/x?{new()}"
    first(items, "Bucket")["spec"]["endpoint"] = f"https://me:{new()}@minio.example.com?secret={new()}"
    first(items, "FluxInstance")["spec"]["sync"]["url"] = f"https://{new()}@example.com/x#token={new()}"
    first(items, "FluxReport")["spec"].setdefault("sync", {})["source"] = f"https://me:{new()}@example.com/x"


@place("10-provider-addresses")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    provider = first(items, "Provider")
    provider["spec"].update(
        type="generic",
        address=f"https://alerts.example.com/{new()}/{new()}",
        proxy=f"http://me:{new()}@proxy.example.com:3128",
        channel=new(),
        username=new(),
    )
    fails(provider, f"post {provider['spec']['address']}: 403")
    items[EVENT.resource].append(event(provider, f"post https://hooks.slack.com/services/T0/B0/{new()}: 403"))


@place("11-receiver-paths")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    receiver = first(items, "Receiver")
    # Its own shape: 64 hexadecimal digits, of which the first six are shown.
    digits = new().encode().hex().ljust(64, "0")
    receiver["status"]["webhookPath"] = f"/hook/{digits}"
    message = f"Receiver initialized for path: /hook/{digits}"
    fails(receiver, message)
    items[EVENT.resource].append(event(receiver, message, "Normal"))
    seed.secrets["11-receiver-paths"].append(digits[6:])


@place("12-last-applied")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for entries in items.values():
        for item in entries[:3]:
            annotations = item["metadata"].setdefault("annotations", {})
            for key in (
                "kubectl.kubernetes.io/last-applied-configuration",
                "client.example.com/last-applied",
                "objectset.rio.cattle.io/applied",
                "banzaicloud.com/last-applied",
            ):
                annotations[key] = json.dumps({"spec": {"values": {"motd": new()}}})


@place("13-annotations-and-metadata")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for entries in items.values():
        for item in entries[:3]:
            item["metadata"].setdefault("annotations", {})["acme.example.com/motd"] = new()
    for kind in ("Kustomization", "HelmRelease", "FluxInstance", "ResourceSet", "ArtifactGenerator"):
        first(items, kind)["spec"]["commonMetadata"] = {"annotations": {"motd": new()}, "labels": {"motd": new()}}
    first(items, "Alert")["spec"].update(eventMetadata={"motd": new()}, summary=new())
    first(items, "ImageUpdateAutomation")["spec"]["git"] = {
        "commit": {"messageTemplate": new(), "messageTemplateValues": {"motd": new()}},
        "push": {"options": {"motd": new()}},
    }


@place("14-inputs-and-templates")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    resource = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringData": {"motd": new()}}
    item = first(items, "ResourceSet")
    item["spec"].update(
        inputs=[{"motd": new(), "deep": {"motd": new()}}],
        resources=[resource],
        resourcesTemplate=f"stringData:\n  motd: {new()}\n",
        steps=[{"name": "one", "resources": [resource], "resourcesTemplate": f"a: {new()}"}],
    )
    fails(item, f"failed to build: {item['spec']['inputs'][0]['motd']} is not a number")
    provider = first(items, "ResourceSetInputProvider")
    provider["spec"]["defaultValues"] = {"motd": new()}
    provider["status"]["exportedInputs"] = [{"motd": new()}]


@place("15-config-maps")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for item in items[CONFIG_MAP.resource]:
        item.setdefault("data", {})["motd"] = new()
        item["binaryData"] = {"blob": new()}


@place("16-secrets")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    items.setdefault("secrets", []).append(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "planted", "namespace": "flux-system"},
            "data": {"password": new()},
            "stringData": {"password": new()},
        }
    )


@place("17-managed-fields")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for kind in ("Kustomization", "HelmRelease"):
        fields: dict[str, Any] = {"f:spec": {f"f:{new()}": {}, f'k:{{"name":"{new()}"}}': {}}}
        first(items, kind)["metadata"]["managedFields"] = [{"manager": "kubectl", "fieldsV1": fields}]


@place("18-events")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    item = first(items, "GitRepository")
    told = f"stored artifact for commit 'rotate password: {new()}, see https://x:{new()}@example.com'"
    items[EVENT.resource].append(event(item, told, "Normal"))
    items[EVENT.resource].append(event(item, f"Authorization: Bearer {new()} refused; AWS_SECRET_ACCESS_KEY={new()}"))
    items[EVENT.resource].append(event(item, f'env {{"name":"DB_PASSWORD","value":"{new()}"}} is not allowed'))


@place("19-logs")
def _(seed: Seed, new: New) -> None:
    seed.logs.append(f'{{"level":"error","msg":"clone https://x:{new()}@example.com failed","token":"{new()}"}}')
    seed.logs.append(f"Authorization: Bearer {new()}")


@place("20-kubeconfig-and-stderr")
def _(seed: Seed, new: New) -> None:
    seed.user.update(
        {"token": new(), "client-key-data": new(), "password": new(), "exec": {"env": [{"name": "X", "value": new()}]}}
    )
    seed.noise.extend(
        [
            f"I1122 09:26:00.000000 1 round_trippers.go:466] GET https://x:{new()}@127.0.0.1/api?token={new()}",
            f"I1122 09:26:00.000000 1 round_trippers.go:473]     Authorization: Bearer {new()}",
            f"W1122 09:26:00.000000 1 exec.go:1] AWS_SECRET_ACCESS_KEY={new()} password: {new()}",
        ]
    )
    seed.errors.extend(
        [
            f"Unable to connect to the server: Get https://x:{new()}@10.0.0.1/api?token={new()}: dial tcp: refused",
            f"Error from server (InternalError): an error: Authorization: Bearer {new()}",
            f'Error from server (Forbidden): helmreleases is forbidden: User "x" token={new()} cannot list resource',
            f"error: getting credentials: exec: executable aws failed: AWS_SESSION_TOKEN={new()} {{'password': '{new()}'}}",
            f"error: You must be logged in to the server (token: {new()})",
            f"something else --token={new()} --password {new()}",
            f"Error from server: https://admin:{new()}@etcd/v3?auth={new()} failed",
            f"pan\x1b[31mic: pass\u200bword={new()}",
        ]
    )


@place("21-managed-objects")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for container in containers(items):
        container["env"] = [{"name": "MOTD", "value": new()}, {"name": "DB_PASSWORD", "value": new()}]
        container.setdefault("args", []).append(f"--password={new()}")
    for item in items[DEPLOYMENT.resource]:
        if item["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") != "flux":
            item["spec"]["template"]["spec"]["containers"][0]["args"].append(new())
        item["spec"]["template"]["metadata"].setdefault("annotations", {})["acme.example.com/motd"] = new()
    for item in items["services"]:
        item["metadata"].setdefault("annotations", {})["acme.example.com/motd"] = new()


@place("22-artifact-urls")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for kind in ("GitRepository", "HelmChart", "HelmRepository", "OCIRepository"):
        status = first(items, kind).setdefault("status", {})
        status["url"] = f"http://source-controller/x?token={new()}"
        status.setdefault("artifact", {})["url"] = f"http://me:{new()}@source-controller/x?token={new()}"


@place("22b-fields-of-flux-2.10")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    artifact = first(items, "ExternalArtifact")
    artifact.setdefault("status", {})["exportedInputs"] = [{"motd": new(), "deep": {"motd": new()}}]
    generator = first(items, "ArtifactGenerator")
    generator["spec"].update(
        serviceAccountName="tenant",
        inputsFrom=[{"kind": "ExternalArtifact", "name": "x", "default": {"motd": new()}}],
        managedNamespaces={"allowedNames": ["apps"], "labels": {"motd": new()}},
    )
    first(items, "Kustomization")["spec"]["ignore"] = [{"paths": ["/spec/x"], "value": new()}]
    release = first(items, "HelmRelease")
    release["spec"]["valuesFrom"] = [{"kind": "ConfigMap", "name": "x", "targetPath": "a.b", "inline": new()}]
    release["status"]["inventory"] = {"entries": [{"id": "apps_web_apps_Deployment", "v": "v1", "values": new()}]}
    first(items, "Alert")["spec"]["eventMetadata"] = {"motd": new(), "cluster": new()}
    first(items, "Provider")["spec"]["headers"] = {"X-Motd": new()}


@place("22c-other-spellings")
def _(seed: Seed, new: New) -> None:
    release = seed.items[by_kind["HelmRelease"].resource][2]
    values = {name: f"{new()}&{name}" for name in ("quoted", "escaped", "url", "lower", "cut", "base64")}
    release["spec"]["values"] = {**release["spec"]["values"], **values, "lines": f"first\n- {new()}", "pin": 48151623}
    encoded = base64.b64encode(values["base64"].encode()).decode()
    fails(
        release,
        f"bad {json.dumps(values['quoted'])} and {values['escaped']} here".replace("&", "\\u0026"),
        f"bad {values['url']} and {values['lower'].swapcase()} here".replace("&", "%26"),
        f"bad {values['cut'][:-4]}… and {encoded} here, pin 4.8151623e+07",
        f"bad {release['spec']['values']['lines'][8:]} here, pin 48151623",
    )
    seed.secrets["22c-other-spellings"] += [
        encoded,
        values["lower"].split("&")[0].swapcase(),
        "4.8151623e+07",
        "48151623",
    ]


@place("23-fields-of-a-newer-version")
def _(seed: Seed, new: New) -> None:
    items = seed.items
    for kind in FLUX_KINDS:
        item = first(items, kind.kind)
        item["spec"]["newField"] = {"motd": new(), "list": [new()]}
        item.setdefault("status", {})["newField"] = new()
        item["newField"] = new()
        item["metadata"]["newField"] = new()
