"""Small clusters for the audit: beside the two examples of a rule, what else trips it, and what comes near and does not.

Written from the documentation of Flux.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import CONFIG_MAP, CRD, DEPLOYMENT, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.rule import AuditContext, Rule
from flux_mcp.audit.rules import all_rules
from flux_mcp.audit.run import Audit
from flux_mcp.audit.spec_view import audited, checks_of
from flux_mcp.flux.installation import view_crd
from flux_mcp.kubernetes.pods import pod
from flux_mcp.kubernetes.workloads import view_workload
from tests.support.api import applied_by, inventory, thing
from tests.support.fake import FIXTURES
from tests.support.items import READY, item

NOW = "2026-01-20T00:00:00Z"
Object = dict[str, Any]
PART_OF_FLUX = ("app.kubernetes.io/part-of", "flux")
BESIDE = {"CustomResourceDefinition", "Deployment", "Pod", "ConfigMap"}
EVERYTHING = frozenset({*by_kind, *BESIDE})


def facts_of(
    items: Iterable[Object],
    now: str = NOW,
    read: frozenset[str] = EVERYTHING,
    namespace: str | None = None,
    rules: Iterable[Rule] | None = None,
    **more: Any,
) -> AuditContext:
    """What two reads bring of these items."""
    rules = all_rules() if rules is None else tuple(rules)
    by: dict[str, list[dict[str, Any]]] = {kind: [] for kind in (*BESIDE, "")}
    for one in items:
        by[one["kind"] if one["kind"] in BESIDE else ""].append(one)
    labelled = {kind: [one for one in found if PART_OF_FLUX in labels(one).items()] for kind, found in by.items()}
    return AuditContext(
        objects=seen(audited(one, checks_of(rules)) for one in by[""]),
        read=read,
        now=datetime.fromisoformat(now).astimezone(UTC),
        namespace=namespace,
        crds=seen(map(view_crd, labelled["CustomResourceDefinition"])),
        controllers=seen(map(view_workload, labelled["Deployment"])),
        pods=seen(map(pod, labelled["Pod"])),
        watched={
            ObjectRef("ConfigMap", one["metadata"]["namespace"], one["metadata"]["name"]): (
                labels(one).get("reconcile.fluxcd.io/watch") == "Enabled"
            )
            for one in by["ConfigMap"]
        },
        **more,
    )


def labels(one: dict[str, Any]) -> dict[str, str]:
    return one["metadata"].get("labels") or {}


def seen(views: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(one for one in views if one is not None)


def found(result: Audit) -> dict[str, set[str]]:
    return {one.rule.id: {short(finding.ref) for finding in one.findings} for one in result.found}


def short(ref: ObjectRef) -> str:
    place = "" if ref.namespace in {"", "flux-system"} else f"{ref.namespace}/"
    return f"{ref.kind} {place}{ref.name}"


def short_of(one: dict[str, Any]) -> str:
    return short(ObjectRef(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]))


def recorded(recording: str) -> list[dict[str, Any]]:
    paths = [path for path in (FIXTURES / recording).glob("*.json") if path.stem not in {"version", "recording"}]
    return [
        one
        for path in paths
        for one in json.loads(path.read_text())["items"]
        if "fluxcd" in one["apiVersion"] or one["kind"] in BESIDE
    ]


class Case(NamedTuple):
    """Objects of which exactly the named ones are found; and objects of which none is."""

    trips: tuple[Object, ...]
    found: tuple[str, ...]
    spares: tuple[Object, ...]


def ks(name: str = "apps", **spec: Any) -> Object:
    return item(name=name, spec={"interval": "1m", "prune": True, "sourceRef": GIT_REF, "path": f"./{name}", **spec})


def hr(name: str = "web", status: Object | None = None, **spec: Any) -> Object:
    return item("HelmRelease", name, "apps", spec=spec, status=status or {})


def git(name: str = "fleet", **spec: Any) -> Object:
    return item("GitRepository", name, spec={"url": "https://example.com/fleet.git", **spec})


def oci(name: str = "charts", **spec: Any) -> Object:
    return item("OCIRepository", name, spec={"url": "oci://example.com/charts", **spec})


def helm_repository(**spec: Any) -> Object:
    return item("HelmRepository", "charts", spec={"url": "https://example.com/charts", **spec})


def chart(version: str | None, **more: Any) -> Object:
    told = {} if version is None else {"version": version}
    return {"spec": {"chart": "web", "sourceRef": {"kind": "HelmRepository", "name": "charts"}, **told, **more}}


def alert(*sources: Object, **spec: Any) -> Object:
    return item("Alert", "on-call", spec={"providerRef": {"name": "chat"}, "eventSources": list(sources), **spec})


def provider(kind: str, address: str = "", **spec: Any) -> Object:
    return item("Provider", "chat", spec={"type": kind, **({"address": address} if address else {}), **spec})


def controller(name: str = "helm-controller", image: str = "v1.6.3", *args: str, version: str = "v2.9.4") -> Object:
    labels = {"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": version}
    containers = [{"name": "manager", "image": f"ghcr.io/fluxcd/{name}:{image}", "args": list(args)}]
    return thing(
        DEPLOYMENT, name, "flux-system", labels=labels, spec={"template": {"spec": {"containers": containers}}}
    )


def crd(version: str = "v2.9.4", stored: tuple[str, ...] = ("v1",)) -> Object:
    labels = {"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": version}
    versions = [{"name": "v1", "served": True, "storage": True}]
    return thing(
        CRD,
        "gitrepositories.source.toolkit.fluxcd.io",
        labels=labels,
        spec={"versions": versions},
        status={"storedVersions": list(stored)},
    )


def a_pod(created: str, restarts: int, last: str = "Error") -> Object:
    one = thing(
        POD,
        "helm-controller-0",
        "flux-system",
        labels={"app.kubernetes.io/part-of": "flux"},
        spec={"containers": [{"name": "manager", "image": "x"}]},
        status={
            "containerStatuses": [
                {"name": "manager", "restartCount": restarts, "lastState": {"terminated": {"reason": last}}}
            ]
        },
    )
    one["metadata"]["creationTimestamp"] = created
    return one


def config(name: str, **labels: str) -> Object:
    return thing(CONFIG_MAP, name, "apps", labels=labels)


def condition(status: str, changed: str, reason: str = "X", **more: Any) -> Object:
    return {"conditions": [{**READY, "status": status, "reason": reason, "lastTransitionTime": changed}], **more}


def requested(when: str, handled: str = "", **more: Any) -> Object:
    annotations = {"reconcile.fluxcd.io/requestedAt": when}
    return item(metadata={"annotations": annotations}, status={"lastHandledReconcileAt": handled}, **more)


def history(last: str, **spec: Any) -> Object:
    return item(
        spec={"interval": "10m", **spec},
        status={"history": [{"lastReconciled": last, "lastReconciledStatus": "ReconciliationSucceeded"}]},
    )


def at_revision(kind: str, name: str, revision: str, **more: Any) -> Object:
    artifact = {"revision": revision, "lastUpdateTime": more.pop("updated", "2026-01-19T00:00:00Z")}
    return item(kind, name, status={"artifact": artifact, **more})


def git_at(name: str, revision: str, updated: str, **spec: Any) -> Object:
    spec = {"url": "https://example.com/fleet.git", **spec}
    return item(
        "GitRepository", name, spec=spec, status={"artifact": {"revision": revision, "lastUpdateTime": updated}}
    )


def deleted(when: str) -> Object:
    return item(metadata={"deletionTimestamp": when, "finalizers": ["finalizers.fluxcd.io"]})


GIT_REF = {"kind": "GitRepository", "name": "fleet"}
DEPLOYED = "apps_web_apps_Deployment"
REMEDIATED = {"remediation": {"retries": 3}}
FAILED = condition("False", "2026-01-19T00:00:00Z", "GitOperationFailed")
SUSPENDED = {"suspend": True}
LONG_AGO, TODAY = "2026-01-01T00:00:00Z", "2026-01-19T23:58:00Z"

CASES: dict[str, Case] = {
    "credential-inline": Case(
        (
            hr(values={"db": {"adminPassword": "x", "replicas": 1}}),
            ks(postBuild={"substitute": {"API_TOKEN": "x"}}),
            item("ResourceSet", "teams", spec={"inputs": [{"team": "red", "api_key": "x"}]}),
            item("ResourceSetInputProvider", "static", spec={"defaultValues": {"client-secret": "x"}}),
        ),
        ("HelmRelease apps/web", "Kustomization apps", "ResourceSet teams", "ResourceSetInputProvider static"),
        (
            hr(
                values={
                    "existingSecret": "db",
                    "passwordKey": "pw",
                    "automountServiceAccountToken": True,
                    "adminPassword": "",
                    "tokenFile": "/run/token",
                    "apiToken": "${API_TOKEN}",
                }
            ),
            hr("other", valuesFrom=[{"kind": "Secret", "name": "db-password"}]),
        ),
    ),
    "depends-on-loop": Case(
        (
            ks("a", dependsOn=[{"name": "b"}]),
            ks("b", dependsOn=[{"name": "c"}]),
            ks("c", dependsOn=[{"name": "a"}]),
            ks("d", dependsOn=[{"name": "a"}]),
            ks("self", dependsOn=[{"name": "self"}]),
        ),
        ("Kustomization a", "Kustomization b", "Kustomization c", "Kustomization self"),
        (ks("a", dependsOn=[{"name": "b"}, {"name": "c"}]), ks("b", dependsOn=[{"name": "c"}]), ks("c")),
    ),
    "depends-on-missing": Case(
        (ks("a", dependsOn=[{"name": "nope"}]), hr(dependsOn=[{"name": "a", "namespace": "flux-system"}])),
        ("Kustomization a", "HelmRelease apps/web"),
        (ks("a", dependsOn=[{"name": "b"}]), ks("b")),
    ),
    "depends-on-suspended": Case(
        (ks("a", dependsOn=[{"name": "b"}]), ks("b", suspend=True)),
        ("Kustomization a",),
        (ks("a", dependsOn=[{"name": "b"}]), ks("b"), ks("c", suspend=True)),
    ),
    "source-missing": Case(
        (
            ks(),
            hr(chart=chart("1.x")),
            hr("by-reference", chartRef={"kind": "OCIRepository", "name": "nope"}),
            item("ImagePolicy", "web", spec={"imageRepositoryRef": {"name": "nope"}}),
            # Of the same name, but of another kind and in another namespace.
            oci("fleet"),
            item("HelmRepository", "charts", "flux-system"),
        ),
        ("Kustomization apps", "HelmRelease apps/web", "HelmRelease apps/by-reference", "ImagePolicy web"),
        (ks(), git()),
    ),
    "version-open": Case(
        (
            hr("star", chart=chart("*")),
            hr("unset", chart=chart(None)),
            hr("from", chart=chart(">= 9.0.0")),
            hr("either", chart=chart("1.x || >3")),
            oci(ref={"semver": ">0"}),
            item("HelmChart", "own", spec=chart("x")["spec"]),
        ),
        (
            "HelmRelease apps/star",
            "HelmRelease apps/unset",
            "HelmRelease apps/from",
            "HelmRelease apps/either",
            "OCIRepository charts",
            "HelmChart own",
        ),
        (
            hr("major", chart=chart("4.x")),
            hr("bounded", chart=chart(">=1.0.0 <2.0.0")),
            hr("exact", chart=chart("v1.2.3")),
            hr("git", chart={"spec": {"chart": "./web", "sourceRef": GIT_REF}}),
            oci(ref={"semver": "^6", "tag": "latest"}),
            item("HelmChart", "made", metadata={"labels": applied_by("web", "apps", "helm.toolkit.fluxcd.io")}),
        ),
    ),
    "transport-insecure": Case(
        (
            git(url="http://example.com/fleet.git"),
            git("old", url="git://example.com/fleet.git"),
            oci(insecure=True),
            helm_repository(url="HTTP://example.com/charts"),
            item("Bucket", "artifacts", spec={"endpoint": "example.com", "insecure": True}),
        ),
        (
            "GitRepository fleet",
            "GitRepository old",
            "OCIRepository charts",
            "HelmRepository charts",
            "Bucket artifacts",
        ),
        (git(), git("ssh", url="ssh://git@example.com/fleet"), oci(insecure=False), helm_repository()),
    ),
    "oci-tag-moving": Case(
        (oci("unset"), oci("latest", ref={"tag": "latest"})),
        ("OCIRepository unset", "OCIRepository latest"),
        (
            oci(ref={"tag": "v1"}),
            oci("range", ref={"semver": "1.x", "tag": "latest"}),
            oci("digest", ref={"digest": "sha256:00", "tag": "latest"}),
        ),
    ),
    "git-ref-unset": Case(
        (git(), git("empty", ref={})),
        ("GitRepository fleet", "GitRepository empty"),
        (git(ref={"branch": "main"}), git("commit", ref={"commit": "0123"}), oci()),
    ),
    "verify-unset": Case(
        (
            git(),
            oci(),
            item("HelmRepository", "charts", "apps", spec={"type": "oci", "url": "oci://example.com"}),
            hr(chart=chart("1.x")),
        ),
        ("GitRepository fleet", "OCIRepository charts", "HelmRelease apps/web"),
        (
            git(verify={"mode": "HEAD", "secretRef": {"name": "keys"}}),
            oci(verify={"provider": "cosign"}),
            item("HelmRepository", "charts", "apps", spec={"url": "https://example.com"}),
            hr(chart=chart("1.x")),
            hr("verified", chart=chart("1.x", verify={"provider": "cosign"})),
        ),
    ),
    "verify-anybody": Case(
        (
            oci(verify={"provider": "cosign"}),
            item("HelmChart", "own", spec={"verify": {}}),
            hr(chart=chart("1.x", verify={"provider": "cosign"})),
        ),
        ("OCIRepository charts", "HelmChart own", "HelmRelease apps/web"),
        (
            oci(verify={"provider": "cosign", "matchOIDCIdentity": [{"issuer": "a", "subject": "b"}]}),
            oci("key", verify={"provider": "cosign", "secretRef": {"name": "key"}}),
            oci("notation", verify={"provider": "notation"}),
            oci("none"),
            git(verify={"mode": "HEAD"}),
            hr(chart=chart("1.x", verify={"provider": "cosign", "secretRef": {"name": "key"}})),
            item(
                "HelmChart",
                "made",
                metadata={"labels": applied_by("web", "apps", "helm.toolkit.fluxcd.io")},
                spec={"verify": {"provider": "cosign"}},
            ),
        ),
    ),
    "registry-static-credentials": Case(
        (
            oci(url="oci://123456789012.dkr.ecr.eu-west-1.amazonaws.com/x", secretRef={"name": "pull"}),
            item("ImageRepository", "web", spec={"image": "acme.azurecr.io/web", "secretRef": {"name": "pull"}}),
        ),
        ("OCIRepository charts", "ImageRepository web"),
        (
            oci(url="oci://123456789012.dkr.ecr.eu-west-1.amazonaws.com/x", provider="aws"),
            oci("elsewhere", url="oci://example.com/azurecr.io", secretRef={"name": "pull"}),
            item("ImageRepository", "web", spec={"image": "acme.azurecr.io/web", "provider": "azure"}),
        ),
    ),
    "source-cross-namespace": Case(
        (
            hr(chartRef={"kind": "OCIRepository", "name": "charts", "namespace": "flux-system"}),
            ks(sourceRef={**GIT_REF, "namespace": "other"}),
            item("ImageRepository", "web", spec={"image": "x", "accessFrom": {"namespaceSelectors": []}}),
        ),
        ("HelmRelease apps/web", "Kustomization apps", "ImageRepository web"),
        (hr(chart=chart("1.x")), ks(sourceRef={**GIT_REF, "namespace": "flux-system"})),
    ),
    "suspended-long": Case(
        (
            item(spec=SUSPENDED, status=condition("True", "2026-01-12T23:00:00Z")),
            item("GitRepository", "fleet", spec=SUSPENDED, status={"conditions": []}),
            item(
                "ResourceSet",
                "teams",
                metadata={"annotations": {"fluxcd.controlplane.io/reconcile": "disabled"}},
                status=condition("True", LONG_AGO),
            ),
        ),
        ("Kustomization apps", "GitRepository fleet", "ResourceSet teams"),
        (
            item(spec=SUSPENDED, status=condition("True", "2026-01-13T01:00:00Z")),
            item("Alert", "muted", spec=SUSPENDED),
            item("GitRepository", "fleet", status=condition("True", LONG_AGO)),
        ),
    ),
    "config-unwatched": Case(
        (hr(valuesFrom=[{"kind": "ConfigMap", "name": "values"}]), config("values"), config("other")),
        ("HelmRelease apps/web",),
        (
            hr(
                valuesFrom=[
                    {"kind": "ConfigMap", "name": "values"},
                    {"kind": "ConfigMap", "name": "absent", "optional": True},
                    {"kind": "Secret", "name": "other"},
                ]
            ),
            config("values", **{"reconcile.fluxcd.io/watch": "Enabled"}),
            config("other"),
        ),
    ),
    "kustomization-same-path": Case(
        (ks("a", path="./deploy/"), ks("b", path="deploy"), ks("c", path="./other")),
        ("Kustomization a", "Kustomization b"),
        (
            ks("a", path="deploy"),
            ks("other-source", path="deploy", sourceRef={"kind": "OCIRepository", "name": "fleet"}),
            ks("other-namespace", path="deploy", targetNamespace="blue"),
            ks("other-cluster", path="deploy", kubeConfig={"secretRef": {"name": "prod"}}),
            ks("another-cluster", path="deploy", kubeConfig={"secretRef": {"name": "dev"}}),
            ks("prefixed", path="deploy", namePrefix="x-"),
        ),
    ),
    "kustomization-path-nested": Case(
        (
            ks("outer", path="./apps"),
            ks("inner", path="./apps/web"),
            ks("twin", path="apps/web/"),
            ks("beside", path="./apps-2"),
            ks("root", path="./", sourceRef={"kind": "Bucket", "name": "fleet"}),
            ks("leaf", path="a/b/c", sourceRef={"kind": "Bucket", "name": "fleet"}),
        ),
        ("Kustomization inner", "Kustomization twin", "Kustomization leaf"),
        (
            # What they applied shows that the outer one leaves the inner path out.
            {**ks("outer", path="./apps"), "status": inventory("apps_api_apps_Deployment")},
            {**ks("inner", path="./apps/web"), "status": inventory(DEPLOYED)},
            ks("beside", path="./apps-2/web"),
        ),
    ),
    "object-two-appliers": Case(
        (
            {**ks("a"), "status": inventory(DEPLOYED, "_apps__Namespace")},
            {**ks("b"), "status": inventory(DEPLOYED)},
            hr(status=inventory("apps_web__Service")),
            {**ks("c"), "status": inventory("apps_web__Service")},
        ),
        ("Kustomization a", "Kustomization b", "HelmRelease apps/web", "Kustomization c"),
        (
            {**ks("a"), "status": inventory(DEPLOYED)},
            {**ks("elsewhere", kubeConfig={"secretRef": {"name": "prod"}}), "status": inventory(DEPLOYED)},
            {**ks("other"), "status": inventory("apps_web_extensions_Deployment", "apps_web__Service")},
        ),
    ),
    "kustomization-retry-interval-unset": Case(
        (ks(interval="5m"),),
        ("Kustomization apps",),
        (ks(interval="4m59s"), ks("b", interval="1h", retryInterval="1m"), ks("c", interval="soon")),
    ),
    "kustomization-timeout": Case(
        (
            ks("unset", wait=True),
            ks("checks", healthChecks=[{"kind": "Deployment", "name": "web"}]),
            ks("long", timeout="60s"),
        ),
        ("Kustomization unset", "Kustomization checks", "Kustomization long"),
        (ks(), ks("waits", wait=True, timeout="30s")),
    ),
    "kustomization-dependency-unwaited": Case(
        (ks("base"), ks("apps", dependsOn=[{"name": "base"}])),
        ("Kustomization base",),
        (
            ks("waits", wait=True),
            ks("checks", healthChecks=[{"kind": "Deployment", "name": "web"}]),
            ks("apps", dependsOn=[{"name": "waits"}, {"name": "checks"}]),
        ),
    ),
    "kustomization-prune-off": Case(
        (ks(prune=False), item(name="unset")), ("Kustomization apps", "Kustomization unset"), (ks(),)
    ),
    "kustomization-health-checks-ignored": Case(
        (ks(wait=True, healthChecks=[{"kind": "Deployment", "name": "web"}]),),
        ("Kustomization apps",),
        (ks(wait=True, healthChecks=[]), ks("b", healthChecks=[{"kind": "Deployment", "name": "web"}])),
    ),
    "helm-remediation-unset": Case(
        (
            hr("neither"),
            hr("install", install=REMEDIATED),
            hr("zero", install=REMEDIATED, upgrade={"remediation": {"retries": 0}}),
            # Another controller's gate does not count.
            controller("helm-controller", "v1.6.3", "--feature-gates=DefaultToRetryOnFailure=false"),
        ),
        ("HelmRelease apps/neither", "HelmRelease apps/install", "HelmRelease apps/zero"),
        (
            hr("both", install=REMEDIATED, upgrade=REMEDIATED),
            hr("strategy", install={"strategy": {"name": "RetryOnFailure"}}, upgrade=REMEDIATED),
        ),
    ),
    "helm-crds-not-updated": Case(
        (
            hr(
                status=inventory("_things.example.com_apiextensions.k8s.io_CustomResourceDefinition"),
                upgrade={"crds": "Skip"},
            ),
        ),
        ("HelmRelease apps/web",),
        (
            hr(
                status=inventory("_things.example.com_apiextensions.k8s.io_CustomResourceDefinition"),
                upgrade={"crds": "CreateReplace"},
            ),
            hr("without", status=inventory(DEPLOYED)),
        ),
    ),
    "helm-upgrade-undeclared": Case(
        (hr(upgrade={"force": True}), hr("b", upgrade={"preserveValues": True})),
        ("HelmRelease apps/web", "HelmRelease apps/b"),
        (hr(upgrade={"force": False, "preserveValues": False}),),
    ),
    "helm-drift-detection-off": Case(
        (hr(), hr("warn", driftDetection={"mode": "warn"}), hr("off", driftDetection={"mode": "disabled"})),
        ("HelmRelease apps/web", "HelmRelease apps/warn", "HelmRelease apps/off"),
        (hr(driftDetection={"mode": "enabled"}),),
    ),
    "helm-storage-namespace-unset": Case(
        (hr(targetNamespace="web"),),
        ("HelmRelease apps/web",),
        (hr(), hr("same", targetNamespace="apps"), hr("told", targetNamespace="web", storageNamespace="web")),
    ),
    "provider-address-inline": Case(
        (
            provider("slack", "https://hooks.slack.com/services/T/B/x"),
            {**provider("generic", "https://example.com/?token=x"), "metadata": {"name": "q", "namespace": "a"}},
            {**provider("github", proxy="http://me:x@proxy:3128"), "metadata": {"name": "p", "namespace": "a"}},
        ),
        ("Provider chat", "Provider a/q", "Provider a/p"),
        (
            provider("slack", "https://slack.com/api/chat.postMessage", secretRef={"name": "chat"}),
            {**provider("discord", secretRef={"name": "chat"}), "metadata": {"name": "q", "namespace": "a"}},
            {**provider("alertmanager", "http://alertmanager:9093"), "metadata": {"name": "p", "namespace": "a"}},
        ),
    ),
    "image-automation-pushes-to-source": Case(
        (
            git(ref={"branch": "main"}),
            item("ImageUpdateAutomation", "unset", spec={"sourceRef": GIT_REF, "git": {}}),
            item("ImageUpdateAutomation", "same", spec={"sourceRef": GIT_REF, "git": {"push": {"branch": "main"}}}),
        ),
        ("ImageUpdateAutomation unset", "ImageUpdateAutomation same"),
        (
            git(ref={"branch": "main"}),
            item("ImageUpdateAutomation", "own", spec={"sourceRef": GIT_REF, "git": {"push": {"branch": "updates"}}}),
            item("ImageUpdateAutomation", "ref", spec={"sourceRef": GIT_REF, "git": {"push": {"refspec": "a:b"}}}),
        ),
    ),
    "image-policy-unfiltered": Case(
        (item("ImagePolicy", "web", spec={"policy": {"alphabetical": {"order": "asc"}}}),),
        ("ImagePolicy web",),
        (
            item("ImagePolicy", "web", spec={"policy": {"semver": {"range": "1.x"}}}),
            item("ImagePolicy", "b", spec={"policy": {"numerical": {}}, "filterTags": {"pattern": "^main-"}}),
        ),
    ),
    "alert-provider-missing": Case(
        (alert(), {**provider("slack"), "metadata": {"name": "chat", "namespace": "other"}}),
        ("Alert on-call",),
        (alert(), provider("slack")),
    ),
    "field-deprecated": Case(
        (hr(install={"skipCRDs": True}), alert(summary="down"), provider("slack", interval="1m")),
        ("HelmRelease apps/web", "Alert on-call", "Provider chat"),
        (hr(install={"crds": "Skip"}), alert(eventMetadata={"summary": "down"}), provider("slack", interval=None)),
    ),
    "alert-unset": Case(
        (
            ks(),
            hr(),
            alert({"kind": "Kustomization", "name": "*"}, {"kind": "HelmRelease", "name": "*", "namespace": "*"}),
            {
                **alert({"kind": "HelmRelease", "name": "*", "namespace": "apps"}, suspend=True),
                "metadata": {"name": "muted", "namespace": "flux-system"},
            },
        ),
        ("HelmRelease apps/*",),
        (
            ks(),
            ks("other"),
            hr(),
            alert({"kind": "Kustomization", "name": "apps"}, {"kind": "HelmRelease", "name": "*", "namespace": "apps"}),
        ),
    ),
    "controller-skew": Case(
        (
            controller("helm-controller", "v1.5.0"),
            controller("kustomize-controller", "v1.8.2@sha256:00", version="v2.8.0"),
            crd("v2.9.4"),
        ),
        ("Deployment helm-controller", "Deployment kustomize-controller"),
        (
            controller("helm-controller", "v1.6.9"),
            controller("source-controller", "v1.9.0@sha256:00"),
            controller("source-watcher", "v2.2.3"),
            crd("v2.9.0"),
        ),
    ),
    "kubeconfig-insecure": Case(
        (controller("helm-controller", "v1.6.3", "--insecure-kubeconfig-exec=true"),),
        ("Deployment helm-controller",),
        (controller("helm-controller", "v1.6.3", "--insecure-kubeconfig-tls=false", "--concurrent=10"),),
    ),
    "request-unhandled": Case(
        (requested("2026-01-19T23:00:00Z", "2026-01-19T22:00:00Z"),),
        ("Kustomization apps",),
        (
            requested("2026-01-19T23:59:50Z"),
            requested("2026-01-19T23:00:00Z", "2026-01-19T23:00:00Z", name="handled"),
            requested("2026-01-19T23:00:00Z", name="suspended", spec=SUSPENDED),
            requested("a token of somebody's own", name="undated"),
        ),
    ),
    "run-overdue": Case(
        (history("2026-01-19T23:29:00Z"),),
        ("Kustomization apps",),
        (
            history("2026-01-19T23:31:00Z"),
            {**history(LONG_AGO, suspend=True), "metadata": {"name": "suspended", "namespace": "flux-system"}},
            {**ks("no-history"), "status": condition("True", LONG_AGO)},
        ),
    ),
    "source-failing-under-ready": Case(
        (ks(), item("GitRepository", "fleet", status=FAILED)),
        ("Kustomization apps",),
        (
            {**ks(), "status": condition("False", TODAY, "ArtifactFailed")},
            item("GitRepository", "fleet", status=FAILED),
            ks("suspended", suspend=True),
            ks("other", sourceRef={"kind": "GitRepository", "name": "well"}),
            git("well"),
        ),
    ),
    "source-suspended-under-ready": Case(
        (
            # Another source of the same repository and branch has a newer commit.
            git_at("frozen", "main@sha1:1", "2026-01-10T00:00:00Z", suspend=True, ref={"branch": "main"}),
            git_at("live", "main@sha1:2", "2026-01-19T00:00:00Z", ref={"branch": "main"}),
            ks("of-frozen", sourceRef={"kind": "GitRepository", "name": "frozen"}),
            # Its image automation pushed later.
            git_at("images", "dev@sha1:1", "2026-01-10T00:00:00Z", suspend=True, ref={"branch": "dev"}),
            ks("of-images", sourceRef={"kind": "GitRepository", "name": "images"}),
            item(
                "ImageUpdateAutomation",
                "push",
                spec={"sourceRef": {"kind": "GitRepository", "name": "images"}, "git": {}},
                status={"lastPushCommit": "9", "lastPushTime": "2026-01-19T00:00:00Z"},
            ),
            # The spec names another tag than the one that was fetched.
            git_at("moved", "v1@sha1:1", "2026-01-10T00:00:00Z", suspend=True, ref={"tag": "v2"}),
            ks("of-moved", sourceRef={"kind": "GitRepository", "name": "moved"}),
        ),
        ("GitRepository frozen", "GitRepository images", "GitRepository moved"),
        (
            # As new as the other one.
            git_at("frozen", "main@sha1:2", "2026-01-19T00:00:00Z", suspend=True, ref={"branch": "main"}),
            git_at("live", "main@sha1:2", "2026-01-19T00:00:00Z", ref={"branch": "main"}),
            ks("of-frozen", sourceRef={"kind": "GitRepository", "name": "frozen"}),
            # Nobody uses it, what uses it is suspended, another branch, and a range that anything fits.
            git_at("unused", "v1@sha1:1", "2026-01-10T00:00:00Z", suspend=True, ref={"tag": "v2"}),
            git_at("both", "v1@sha1:1", "2026-01-10T00:00:00Z", suspend=True, ref={"tag": "v2"}),
            ks("of-both", suspend=True, sourceRef={"kind": "GitRepository", "name": "both"}),
            git_at("branch", "dev@sha1:1", "2026-01-10T00:00:00Z", suspend=True, ref={"branch": "dev"}),
            ks("of-branch", sourceRef={"kind": "GitRepository", "name": "branch"}),
            git_at("range", "v1@sha1:1", "2026-01-10T00:00:00Z", suspend=True, ref={"semver": ">=1"}),
            ks("of-range", sourceRef={"kind": "GitRepository", "name": "range"}),
        ),
    ),
    "revision-behind": Case(
        (
            {**ks(), "status": condition("True", TODAY, lastAppliedRevision="main@sha1:1")},
            at_revision("GitRepository", "fleet", "main@sha1:2", **condition("True", TODAY)),
        ),
        ("Kustomization apps",),
        (
            {**ks(), "status": condition("True", TODAY, lastAppliedRevision="main@sha1:1")},
            at_revision(
                "GitRepository", "fleet", "main@sha1:2", updated="2026-01-19T23:59:30Z", **condition("True", TODAY)
            ),
        ),
    ),
    "flux-unsupported": Case((crd("v2.7.5"),), ("Flux v2.7.5",), (crd("v2.8.0"),)),
}
"""Rule → its case. Names stand without the namespace flux-system."""
