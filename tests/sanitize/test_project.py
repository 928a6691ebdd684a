"""What is kept of an object, and what its messages may not repeat."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.api.fields import ANY_FIELDS
from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS
from flux_mcp.flux.objects import view
from flux_mcp.sanitize.lookup import fields_of
from flux_mcp.sanitize.own_values import hidden_values, mask_values
from flux_mcp.sanitize.patterns import scrub
from flux_mcp.sanitize.project import project
from flux_mcp.sanitize.urls import address
from tests.support.fake import FIXTURES
from tests.support.items import READY, failing, item

RECORDED = [
    pytest.param(path, id=f"{path.parent.name}-{path.stem}")
    for path in sorted(FIXTURES.glob("*/*.json"))
    if path.stem not in {"version", "recording"}
]


@pytest.mark.parametrize("path", RECORDED)
def test_a_verdict_needs_nothing_that_is_not_kept(path: Any) -> None:
    for one in json.loads(path.read_text())["items"]:
        kept = project(one)
        assert project(kept) == kept
        assert repr(view(kept)) == scrub(repr(view(one)))


@pytest.mark.parametrize("kind", [*FLUX_KINDS, *KUBERNETES_KINDS], ids=lambda kind: kind.kind)
def test_every_kind_has_a_fields_of_its_own(kind: Any) -> None:
    api_version = f"{kind.group}/v1" if kind.group else "v1"
    assert fields_of({"apiVersion": api_version, "kind": kind.kind}) is not ANY_FIELDS
    assert fields_of({"apiVersion": "acme.example.com/v1", "kind": kind.kind}) is ANY_FIELDS


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        pytest.param("Kustomization", {"interval": "10m", "retryInterval": "1m", "timeout": "5m"}, id="times"),
        pytest.param("Kustomization", {"prune": False, "wait": True, "force": True, "path": "./apps"}, id="flags"),
        pytest.param("Kustomization", {"healthChecks": [{"kind": "Deployment", "name": "x"}]}, id="health-checks"),
        pytest.param(
            "Kustomization", {"decryption": {"provider": "sops", "secretRef": {"name": "x"}}}, id="decryption"
        ),
        pytest.param("Kustomization", {"dependsOn": [{"name": "x", "namespace": "y"}]}, id="depends-on"),
        pytest.param("Kustomization", {"kubeConfig": {"secretRef": {"name": "x", "key": "y"}}}, id="other-cluster"),
        pytest.param("HelmRelease", {"upgrade": {"remediation": {"retries": -1}, "crds": "Skip"}}, id="remediation"),
        pytest.param("HelmRelease", {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/x"]}]}}, id="drift"),
        pytest.param(
            "HelmRelease", {"valuesFrom": [{"kind": "ConfigMap", "name": "x", "valuesKey": "y"}]}, id="values-from"
        ),
        pytest.param(
            "HelmRelease", {"chart": {"spec": {"version": ">=1", "verify": {"provider": "cosign"}}}}, id="chart"
        ),
        pytest.param("HelmRelease", {"maxHistory": 0, "storageNamespace": "x", "targetNamespace": "y"}, id="storage"),
        pytest.param(
            "OCIRepository", {"verify": {"matchOIDCIdentity": [{"issuer": "^x", "subject": "^y"}]}}, id="verify"
        ),
        pytest.param("OCIRepository", {"ref": {"tag": "latest"}, "insecure": True}, id="ref"),
        pytest.param("HelmRepository", {"url": "http://charts.example.com", "passCredentials": True}, id="http"),
        pytest.param(
            "Receiver", {"type": "generic", "resources": [{"kind": "GitRepository", "name": "*"}]}, id="receiver"
        ),
        pytest.param("ImagePolicy", {"policy": {"alphabetical": {"order": "asc"}}}, id="policy"),
        pytest.param("FluxInstance", {"cluster": {"multitenant": False, "size": "small"}}, id="instance"),
        pytest.param(
            "ResourceSet", {"inputsFrom": [{"kind": "x", "selector": {"matchLabels": {"a": "b"}}}]}, id="inputs-from"
        ),
    ],
)
def test_what_an_audit_asks_for_is_kept(kind: str, spec: dict[str, Any]) -> None:
    one = item(kind, spec=spec)
    assert project(one) == one


@pytest.mark.parametrize(
    ("kind", "spec", "kept"),
    [
        pytest.param("HelmRelease", {"values": {"a": {"b": "x", "on": True, "n": 8080, "no": ""}}}, {"values": {"a": {"b": "***", "on": True, "n": "***", "no": ""}}}, id="values"),
        pytest.param("Kustomization", {"postBuild": {"substitute": {"A": "x"}}}, {"postBuild": {"substitute": {"A": "***"}}}, id="substitute"),
        pytest.param("Kustomization", {"patches": [{"patch": "x", "target": {"kind": "Job"}}]}, {"patches": [{"patch": "***", "target": {"kind": "Job"}}]}, id="patches"),
        pytest.param("ResourceSet", {"inputs": [{"a": ["x", 1]}]}, {"inputs": [{"a": ["***", "***"]}]}, id="inputs"),
        pytest.param("Kustomization", {"brandNew": {"a": "x"}}, {"brandNew": {"a": "***"}}, id="newer-field"),
        pytest.param("Kustomization", {"path": {"odd": "x"}}, {"path": {"odd": "***"}}, id="another-type"),
        pytest.param("Kustomization", {"sourceRef": "x"}, {"sourceRef": "***"}, id="another-type-of-reference"),
        pytest.param("Provider", {"address": "https://h.example.com/x"}, {"address": "https://h.example.com/***"}, id="address"),
        pytest.param("Alert", {"eventMetadata": {"a": "x"}}, {"eventMetadata": {"a": "***"}}, id="event-metadata"),
        pytest.param("GitRepository", {"url": "https://a:b@h.example.com/x?token=y&ref=z"}, {"url": "https://***@h.example.com/x?token=***&ref=z"}, id="url"),
    ],
)  # fmt: skip
def test_of_what_is_not_allowed_the_keys_are_kept(kind: str, spec: dict[str, Any], kept: dict[str, Any]) -> None:
    assert project(item(kind, spec=spec))["spec"] == {"interval": "10m", **kept}


def test_annotations_of_flux_and_helm_are_kept_and_others_go() -> None:
    kept = {
        "reconcile.fluxcd.io/requestedAt": "x",
        "fluxcd.controlplane.io/reconcile": "disabled",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
        "app.kubernetes.io/version": "1",
        "meta.helm.sh/release-name": "x",
    }
    others = ("kubectl.kubernetes.io/last-applied-configuration", "motd", "xfluxcd.io/a", "fluxcd.io.example.com/a")
    one = item(metadata={"annotations": {**kept, **dict.fromkeys(others, "x")}, "managedFields": [{}], "selfLink": "x"})
    metadata = project(one)["metadata"]
    assert metadata["annotations"] == kept
    assert not {"managedFields", "selfLink"} & set(metadata)


NAMES = [
    "sk-ecommerce-frontend-service-v2",
    "glpat-kD93hTqZ71mWv0RfPbLy5Xc",
    "token-reader",
    "ghp-kd93htqz71mwv0rfpbly5xcne82us6ag",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_whatever_it_looks_like(name: str) -> None:
    """An object is called, owned and applied under it, and asked for by it."""
    one = item(
        "HelmRelease",
        name,
        name,
        metadata={
            "labels": {"kustomize.toolkit.fluxcd.io/name": name, "app.kubernetes.io/instance": name},
            "ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": name, "uid": name}],
        },
        spec={"chartRef": {"kind": "OCIRepository", "name": name}, "serviceAccountName": name, "releaseName": name},
        status={"history": [{"name": name, "chartVersion": name}], "lastAttemptedRevision": name},
    )
    assert project(one) == one
    pod = deployment({})
    pod["spec"]["template"]["spec"] = {
        "containers": [{"name": name, "image": f"registry/{name}:v1"}],
        "serviceAccountName": name,
    }
    assert project(pod)["spec"] == pod["spec"]


def test_a_password_before_the_registry_of_an_image_is_masked() -> None:
    one = deployment({})
    one["spec"]["template"]["spec"]["containers"][0]["image"] = "bob:hunter2@registry.example.com/x:1"
    (container,) = project(one)["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "bob:***@registry.example.com/x:1"


def deployment(labels: dict[str, str]) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "ghcr.io/a/b:1",
        "args": ["--concurrent=5"],
        "env": [{"name": "A", "value": "x"}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x", "namespace": "y", "labels": labels},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}},
    }


@pytest.mark.parametrize(
    ("labels", "args"),
    [
        pytest.param({"app.kubernetes.io/part-of": "flux"}, ["--concurrent=5"], id="controller"),
        pytest.param({"app.kubernetes.io/name": "flux-operator"}, ["--concurrent=5"], id="operator"),
        pytest.param({"app.kubernetes.io/name": "web"}, None, id="other"),
        pytest.param({"app.kubernetes.io/part-of": "flux", "name": "web"}, None, id="labeled-by-a-tenant"),
        pytest.param({"app.kubernetes.io/part-of": "flux", "name": "flux-web"}, None, id="named-alike-by-a-tenant"),
        pytest.param({"app.kubernetes.io/part-of": "flux", "name": "flux"}, ["--concurrent=5"], id="all-in-one"),
    ],
)
def test_arguments_are_kept_of_controllers_alone_and_the_environment_of_none(labels: dict[str, str], args: Any) -> None:
    name = labels.pop("name", labels.get("app.kubernetes.io/name", "source-controller"))
    item = deployment(labels)
    item["metadata"]["name"] = name
    (container,) = project(item)["spec"]["template"]["spec"]["containers"]
    assert (container["name"], container["image"]) == ("main", "ghcr.io/a/b:1")
    assert container.get("args") == args
    assert "env" not in container


@pytest.mark.parametrize(
    ("spec", "message", "told"),
    [
        pytest.param({"values": {"motd": "s3cr3t-x"}}, "bad value s3cr3t-x here", "bad value *** here", id="value"),
        pytest.param({"values": {"password": "correcthorse"}}, "bad correcthorse", "bad ***", id="word-under-a-password"),
        pytest.param({"values": {"auth": {"a": "correcthorse"}}}, "bad correcthorse", "bad ***", id="below-a-credential"),
        pytest.param({"values": {"env": [{"name": "DB_PASSWORD", "value": "correcthorse"}]}}, "bad correcthorse", "bad ***", id="environment"),
        pytest.param({"values": {"raw": "a: 1\nb: s3cr3t-x\n"}}, "bad s3cr3t-x", "bad ***", id="line-of-yaml"),
        pytest.param({"values": {"raw": '{"b": "s3cr3t-x"}'}}, "bad s3cr3t-x", "bad ***", id="json-text"),
        pytest.param({"values": {"url": "https://h.example.com/S3cr3tPath"}}, "post /S3cr3tPath", "post /***", id="path"),
        pytest.param({"values": {"replicas": "100000", "on": "enabled"}}, "100000 enabled", "100000 enabled", id="trivial"),
        pytest.param({"values": {"tier": "production", "zone": "eu-west-1"}}, "production eu-west-1", "production eu-west-1", id="words"),
        pytest.param({"values": {"image": "ghcr.io/a/podinfo:6.5.0"}}, "pull ghcr.io/a/podinfo:6.5.0", "pull ghcr.io/a/podinfo:6.5.0", id="image"),
        pytest.param({"values": {"host": "apps.example.com"}}, "host apps.example.com", "host apps.example.com", id="host"),
        pytest.param({"values": {"digest": "sha256:" + "a" * 64}}, "sha256:" + "a" * 64, "sha256:" + "a" * 64, id="digest"),
        pytest.param({"values": {"pin": "a1b2"}}, "bad a1b2", "bad a1b2", id="short"),
        pytest.param({"postRenderers": [{"kustomize": {"patches": [{"patch": "- op: add\n  path: /spec/x\n  value: s3cr3t-x"}]}}]}, "/spec/x: s3cr3t-x", "/spec/x: ***", id="patch"),
    ],
)  # fmt: skip
def test_a_message_does_not_repeat_a_value(spec: dict[str, Any], message: str, told: str) -> None:
    one = failing(message, kind="HelmRelease", spec=spec)
    seen = view(one)
    assert seen is not None
    assert seen.ready is not None
    assert seen.ready.message == told
    assert project(one)["status"]["conditions"][0]["message"] == told


def test_a_pod_does_not_repeat_its_environment() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "namespace": "y"},
        "spec": {"containers": [{"name": "main", "env": [{"name": "MOTD", "value": "s3cr3t-x"}]}]},
        "status": {"containerStatuses": [{"state": {"terminated": {"message": "panic: s3cr3t-x"}}}]},
    }
    (status,) = project(pod)["status"]["containerStatuses"]
    assert status["state"]["terminated"]["message"] == "panic: ***"


SPELLED = {
    "values": {
        "motd": 'S3cr3t&x"<y>/z',
        "lines": "first one\nT0p-l1ne-item\n- L1st-1tem-x",
        "auth": {"pin": 12345678, "ratio": 8080},
        "greeting": "Gr\u00fc\u00dfe an 3 K\u00e4uze",
        "dsn": "pg://u:p%40ss+W0rd@h/db",
    }
}


@pytest.mark.parametrize(
    ("message", "told"),
    [
        pytest.param('bad "S3cr3t&x\\"<y>/z" here', 'bad "***" here', id="go-quoted"),
        pytest.param(r"bad S3cr3t\u0026x\\\"\u003cy\u003e/z here", "bad *** here", id="json-in-json"),
        pytest.param("bad S3cr3t%26x%22%3Cy%3E%2Fz here", "bad *** here", id="url"),
        pytest.param('bad s3cr3t&X"<Y>/Z here', "bad *** here", id="another-case"),
        pytest.param("bad UzNjcjN0JngiPHk+L3o= here", "bad *** here", id="base64"),
        pytest.param("bad value S3cr3t&x… here", "bad value ***… here", id="cut"),
        pytest.param('bad value …x"<y>/z here', "bad value …*** here", id="cut-in-front"),
        pytest.param("bad S3cr3t&amp;x&#34;&lt;y&gt;/z here", "bad *** here", id="html"),
        pytest.param(
            "bad 533363723374267822 3c793e2f7a here", "bad 533363723374267822 3c793e2f7a here", id="two-numbers"
        ),
        pytest.param("bad 5333637233742678223c793e2f7a here", "bad *** here", id="hexadecimal"),
        pytest.param("bad //5TM2NyM3QmeCI8eT4vev8= here", "bad *** here", id="base64-that-begins-with-a-slash"),
        pytest.param("bad VXpOamNqTjBKbmdpUEhrK0wzbz0= here", "bad *** here", id="base64-twice"),
        pytest.param("bad AP9TM2NyM3QmeCI8eT4vev8= here", "bad *** here", id="base64-among-bytes"),
        pytest.param("bad Gr%C3%BC%C3%9Fe%20an%203%20K%C3%A4uze here", "bad *** here", id="url-beyond-ascii"),
        pytest.param("bad Gr%C3%BC%C3%9Fe+an+3+K%C3%A4uze here", "bad *** here", id="form"),
        pytest.param("bad Gr\\xc3\\xbc\\xc3\\x9fe an 3 K\\xc3\\xa4uze here", "bad *** here", id="bytes"),
        pytest.param("bad GR\u00dc\u00dfE AN 3 K\u00c4UZE here", "bad *** here", id="another-case-beyond-ascii"),
        pytest.param("bad Gr\u00fc\u00dfe an\n    3 K\u00e4uze here", "bad *** here", id="wrapped"),
        pytest.param("bad pg://u:p%40ss+W0rd@h/db here", "bad *** here", id="value-with-escapes"),
        pytest.param("line T0p-l1ne-item is bad", "line *** is bad", id="line"),
        pytest.param("item L1st-1tem-x is bad", "item *** is bad", id="list-item"),
        pytest.param("pin 12345678 is bad", "pin *** is bad", id="number"),
        pytest.param("pin 1.2345678e+07 is bad", "pin *** is bad", id="number-of-go"),
        pytest.param("port 8080 is taken", "port 8080 is taken", id="small-number"),
    ],
)
def test_a_message_does_not_repeat_a_value_in_another_spelling(message: str, told: str) -> None:
    one = failing(message, kind="HelmRelease", spec=SPELLED)
    assert project(one)["status"]["conditions"][0]["message"] == told
    seen = view(one)
    assert seen is not None
    assert seen.ready is not None
    assert seen.ready.message == told


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"values": {"auth": {"database": "keycloak", "existingSecret": "web-auth"}}}, "Deployment/keycloak/keycloak: secret web-auth not found", id="names"),
        pytest.param({"values": {"auth": {"enabled": True, "type": "password", "port": 8080}}}, "password type on 8080 is required: true", id="words"),
        pytest.param({"values": {"secretName": "web-tls", "tokenFile": "/var/run/token"}}, "web-tls /var/run/token", id="about"),
        pytest.param({"releaseName": "webshop", "values": {"auth": {"name2": "webshop"}}}, "release webshop failed", id="identity"),
        pytest.param({"values": {"image": {"tag": "latest", "repository": "ghcr.io/acme/web"}}}, "ghcr.io/acme/web:latest", id="image"),
        pytest.param({"values": {"pass": "secret"}}, "failed to get secret 'apps/secret': secrets \"secrets\" not found", id="trivial-password"),
    ],
)  # fmt: skip
def test_a_common_value_does_not_blank_a_message(spec: dict[str, Any], message: str) -> None:
    assert project(failing(message, kind="HelmRelease", spec=spec))["status"]["conditions"][0]["message"] == message


def test_a_longer_value_is_masked_before_a_shorter_one_in_it() -> None:
    one = item("HelmRelease", spec={"values": {"a": "s3cr3t-x", "b": "s3cr3t-x-and-more1x"}})
    assert mask_values("bad s3cr3t-x-and-more1x", hidden_values(one)) == "bad ***"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://hooks.example.com/a/b?c=d", "https://hooks.example.com/***"),
        ("https://me:x@h.example.com:8443", "https://h.example.com:8443/***"),
        ("https://h.example.com", "https://h.example.com"),
        ("https://h.example.com/", "https://h.example.com"),
        ("Endpoint=sb://x.example.com/;SharedAccessKey=y", "***"),
        ("", ""),
    ],
)
def test_an_address_tells_its_host_alone(text: str, told: str) -> None:
    assert address(text) == told
    assert address(told) == told


KEYS = st.sampled_from(["apiVersion", "kind", "metadata", "spec", "status", "labels", "annotations", "conditions", "values", "message", "a", "password"])  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


@given(st.dictionaries(KEYS, JSON), st.sampled_from([*FLUX_KINDS, *KUBERNETES_KINDS]))
def test_whatever_an_object_is_it_can_be_projected_once_and_again(node: dict[str, Any], kind: Any) -> None:
    one = {**node, "apiVersion": f"{kind.group}/v1" if kind.group else "v1", "kind": kind.kind}
    kept = project(one)
    assert project(kept) == kept
    view(one)


@pytest.mark.parametrize("where", ["values", "path", "dependsOn"])
def test_an_object_may_be_nested_as_deep_as_json_can_be(where: str) -> None:
    deep: Any = "x"
    for level in range(900):
        deep = {"a": deep} if level % 2 else [deep]
    one = failing("boom", kind="HelmRelease", spec={where: deep})
    assert json.dumps(project(one))
    assert view(one) is not None


def test_the_time_for_an_object_grows_with_its_size_only() -> None:
    def seconds(size: int) -> float:
        values = {f"key{number}": f"v4lue-{number}\nmore: x{number}y" for number in range(size)}
        one = item("HelmRelease", spec={"values": values}, status={"conditions": [{**READY, "message": "m" * size}]})
        start = time.process_time()
        view(one)
        project(one)
        return time.process_time() - start

    seconds(100)
    assert min(seconds(4000) for _ in range(3)) < 60 * min(seconds(500) for _ in range(3))


@pytest.mark.parametrize("text", ["[not JSON at all", "{a template}", "[a-z]+ and more", "{{ .Values.name }}\n[x"])
def test_a_value_that_only_begins_as_json_is_looked_at_once(text: str) -> None:
    one = failing("boom: " + text, kind="HelmRelease", spec={"values": {"note": text}})
    assert view(one) is not None
    assert json.dumps(project(one))


def test_a_message_with_digits_beyond_ascii_hides_no_list() -> None:
    """What looks like base64 but for one letter is no base64; the values of the object are still masked."""
    message = "rolledback00² with S3cr3t-x9"
    release = {"kind": "HelmRelease", "apiVersion": "helm.toolkit.fluxcd.io/v2", "spec": {"values": {"a": "S3cr3t-x9"}}}
    assert mask_values(message, hidden_values(release, message)) == "rolledback00² with ***"
