"""The table of the Flux kinds. Adding a kind is one entry here.

Source: the CRDs and API documentation of Flux 2.4 to 2.10 and of Flux Operator 0.58 to 0.62. What may be shown of a
kind is an allow-list: fields that can carry credentials (values, substitutions, inputs, patches, addresses) keep their
keys alone.
"""

import re
from typing import Final

from flux_mcp.api.fields import ANY, COMMON, CONDITIONS, REF, SELECTOR, FieldPolicy, Fields, keep
from flux_mcp.api.kind import FORCE, RESET, FluxKind, HealthWait, Reference, Relation, Role
from flux_mcp.api.remember import remembered

_OPERATOR: Final = "fluxcd.controlplane.io"
_OPERATOR_SWITCH: Final = "fluxcd.controlplane.io/reconcile"
_OPERATOR_TIMEOUT: Final = "fluxcd.controlplane.io/reconcileTimeout"
_SOURCE: Final = "source.toolkit.fluxcd.io"
_IMAGE: Final = "image.toolkit.fluxcd.io"
_NOTIFICATION: Final = "notification.toolkit.fluxcd.io"

_TARGET: Final = keep("group version kind name namespace labelSelector annotationSelector")
_PATCHES: Final = {"patch": FieldPolicy.KEYS, "target": _TARGET}
_IMAGES: Final = keep("name newName newTag digest")
_HEALTH: Final = keep("apiVersion kind name namespace current inProgress failed")
_VERIFY: Final = {
    **keep("provider mode"),
    "secretRef": REF,
    "trustedRootSecretRef": REF,
    "matchOIDCIdentity": keep("issuer subject"),
}
_ACCESS: Final = {"secretRef": REF, "certSecretRef": REF, "proxySecretRef": REF}
_KUBECONFIG: Final = {"secretRef": REF, "configMapRef": REF}
_COMMON_METADATA: Final = {"commonMetadata": FieldPolicy.KEYS}
# Wherever a kind has them.
_RUN: Final = keep("interval timeout retryInterval suspend serviceAccountName")

_ARTIFACT: Final = {
    **keep("digest revision path size lastUpdateTime"),
    "metadata": keep(
        "org.opencontainers.image.source org.opencontainers.image.revision org.opencontainers.image.created"
        " org.opencontainers.image.version org.opencontainers.image.url org.opencontainers.image.title"
    ),
    "url": FieldPolicy.DROP,
}
_HISTORY: Final = {
    **keep("digest firstReconciled lastReconciled lastReconciledDuration lastReconciledStatus totalReconciliations"),
    "metadata": FieldPolicy.WHOLE,
}
_STATUS: Final = {
    **keep("observedGeneration lastHandledReconcileAt lastHandledForceAt lastHandledResetAt"),
    **keep("lastAppliedRevision lastAttemptedRevision lastArtifactRevision lastAppliedOriginRevision"),
    "conditions": CONDITIONS,
    "artifact": _ARTIFACT,
    "includedArtifacts": _ARTIFACT,
    "history": _HISTORY,
    "inventory": {"entries": keep("id v"), **keep("kind name namespace digest filename")},
    "url": FieldPolicy.DROP,
}


def _depends_on(kind: str) -> Reference:
    """A ResourceSet may depend on any kind; whatever else stands there in other kinds is shown as it is."""
    return Reference(("spec", "dependsOn"), (), kind, Relation.DEPENDS_ON)


def _fields(spec: Fields, status: Fields | None = None) -> Fields:
    return {**COMMON, "spec": {**_RUN, **spec}, "status": {**_STATUS, **(status or {})}}


_REMEDIATION: Final = keep("retries ignoreTestFailures remediateLastFailure strategy")
_ACTION: Final = {
    **keep("timeout crds skipCRDs createNamespace replace force recreate preserveValues cleanupOnFail keepHistory"),
    **keep("disableHooks disableWait disableWaitForJobs disableOpenAPIValidation disableSchemaValidation"),
    **keep("disableTakeOwnership serverSideApply deletionPropagation chartNameChangeStrategy enable ignoreFailures"),
    "remediation": _REMEDIATION,
    "strategy": keep("name retryInterval"),
    "filters": keep("name exclude"),
}
_REF_FIELDS: Final = keep("branch tag semver semverFilter commit name digest")
_HELM_CHART: Final = {
    **keep("chart version reconcileStrategy valuesFile valuesFiles ignoreMissingValuesFiles"),
    "sourceRef": REF,
    "verify": _VERIFY,
}
_OCI_REPOSITORY: Final = {
    **_ACCESS,
    **keep("url provider ignore insecure"),
    "ref": _REF_FIELDS,
    "verify": _VERIFY,
    "layerSelector": keep("mediaType operation"),
}
_HELM_RELEASE: Final = {
    **keep("releaseName targetNamespace storageNamespace maxHistory persistentClient postRenderStrategy"),
    "chart": {
        "metadata": FieldPolicy.KEYS,
        **keep("kind"),
        # Of a HelmChart, or of an OCIRepository.
        "spec": {**_RUN, **_HELM_CHART, **_OCI_REPOSITORY},
    },
    "chartRef": REF,
    "dependsOn": {**REF, **keep("readyExpr")},
    "driftDetection": {**keep("mode"), "ignore": {**keep("paths"), "target": _TARGET}},
    "healthCheckExprs": _HEALTH,
    "kubeConfig": _KUBECONFIG,
    "waitStrategy": keep("name"),
    **dict.fromkeys(("install", "upgrade", "rollback", "uninstall", "test"), _ACTION),
    "postRenderers": {
        "kustomize": {
            "images": _IMAGES,
            "patches": _PATCHES,
            "patchesStrategicMerge": FieldPolicy.KEYS,
            "patchesJson6902": {"patch": FieldPolicy.KEYS, "target": _TARGET},
        }
    },
    "values": FieldPolicy.KEYS,
    "valuesFrom": {**REF, **keep("valuesKey targetPath literal")},
    **_COMMON_METADATA,
}
_HELM_RELEASE_STATUS: Final = {
    **keep("failures installFailures upgradeFailures helmChart storageNamespace lastReleaseRevision"),
    **keep("lastAttemptedGeneration lastAttemptedReleaseAction lastAttemptedReleaseActionDuration"),
    **keep("lastAttemptedRevisionDigest lastAttemptedConfigDigest lastAttemptedValuesChecksum"),
    **keep("observedPostRenderersDigest observedCommonMetadataDigest"),
    "history": {
        **keep("apiVersion name namespace version status action digest chartName chartVersion appVersion"),
        **keep("configDigest ociDigest firstDeployed lastDeployed deleted"),
        "testHooks": FieldPolicy.WHOLE,
    },
}
_KUSTOMIZATION: Final = {
    **keep("path prune force wait targetNamespace namePrefix nameSuffix components ignoreMissingComponents"),
    **keep("deletionPolicy buildMetadata validation"),
    "sourceRef": REF,
    "dependsOn": {**REF, **keep("readyExpr")},
    "healthChecks": REF,
    "healthCheckExprs": _HEALTH,
    "ignore": {**keep("paths"), "target": _TARGET},
    "images": _IMAGES,
    "patches": _PATCHES,
    "patchesStrategicMerge": FieldPolicy.KEYS,
    "patchesJson6902": {"patch": FieldPolicy.KEYS, "target": _TARGET},
    "decryption": {**keep("provider serviceAccountName"), "secretRef": REF},
    "kubeConfig": _KUBECONFIG,
    "postBuild": {**keep("substituteStrategy"), "substitute": FieldPolicy.KEYS, "substituteFrom": REF},
    **_COMMON_METADATA,
}
_MANIFEST: Final = {
    **keep("apiVersion kind"),
    "metadata": {**keep("name namespace"), ANY: FieldPolicy.KEYS},
    ANY: FieldPolicy.KEYS,
}
_RESOURCES: Final = {"resources": _MANIFEST, "resourcesTemplate": FieldPolicy.KEYS}

FLUX_KINDS: Final[tuple[FluxKind, ...]] = (
    FluxKind(
        kind="FluxInstance",
        group=_OPERATOR,
        plural="fluxinstances",
        role=Role.OPERATOR,
        switch=_OPERATOR_SWITCH,
        timeout=300.0,
        timeout_annotation=_OPERATOR_TIMEOUT,
        revision=(("lastAppliedRevision",),),
        controller="flux-operator",
        health_wait=HealthWait.OPT_OUT,
        owner_label="fluxcd.controlplane.io",
        fields=_fields(
            {
                **keep("components wait migrateResources"),
                "distribution": keep("version registry variant artifact artifactPullSecret imagePullSecret"),
                "cluster": keep(
                    "domain multitenant multitenantWorkloadIdentity networkPolicy objectLevelWorkloadIdentity size"
                    " type tenantDefaultServiceAccount tenantDefaultDecryptionServiceAccount"
                    " tenantDefaultKubeConfigServiceAccount"
                ),
                "sync": keep("name kind url ref path interval provider pullSecret"),
                "sharding": keep("key shards storage"),
                "storage": keep("class size"),
                "kustomize": {"patches": _PATCHES},
                **_COMMON_METADATA,
            },
            {"components": keep("name repository tag digest")},
        ),
    ),
    FluxKind(
        kind="FluxReport",
        group=_OPERATOR,
        plural="fluxreports",
        role=Role.OPERATOR,
        switch=_OPERATOR_SWITCH,
        answers_requests=False,
        silent=True,
        own_spec=True,
        timeout=300.0,
        controller="flux-operator",
        fields=_fields(
            {
                "cluster": keep("nodes platform serverVersion"),
                "components": keep("name image ready status"),
                "distribution": keep("entitlement managedBy status version"),
                "operator": keep("apiVersion platform version"),
                "reconcilers": {
                    **keep("apiVersion kind"),
                    "stats": keep("failing running suspended totalSize"),
                },
                "sync": keep("id path ready source status"),
            }
        ),
    ),
    FluxKind(
        kind="ResourceSetInputProvider",
        group=_OPERATOR,
        plural="resourcesetinputproviders",
        short_names=("rsip",),
        role=Role.OPERATOR,
        switch=_OPERATOR_SWITCH,
        options=(FORCE,),
        timeout=120.0,
        timeout_annotation=_OPERATOR_TIMEOUT,
        revision=(("lastExportedRevision",),),
        controller="flux-operator",
        inline=(("defaultValues",),),
        fields=_fields(
            {
                **keep("type url insecure serviceAccountName"),
                "secretRef": REF,
                "certSecretRef": REF,
                "defaultValues": FieldPolicy.KEYS,
                "filter": FieldPolicy.WHOLE,
                "skip": keep("labels"),
                "schedule": keep("cron timeZone window"),
                "selectors": {**keep("name namespace"), **SELECTOR},
            },
            {
                **keep("lastExportedRevision"),
                "exportedInputs": FieldPolicy.KEYS,
                "nextSchedule": keep("cron timeZone when window"),
            },
        ),
    ),
    FluxKind(
        kind="GitRepository",
        group=_SOURCE,
        plural="gitrepositories",
        short_names=("gitrepo",),
        role=Role.SOURCE,
        controller="source-controller",
        revision=(("artifact", "revision"),),
        references=(Reference(("spec", "include", "repository"), ("GitRepository",), "GitRepository"),),
        fields=_fields(
            {
                **_ACCESS,
                **keep("url provider ignore recurseSubmodules sparseCheckout"),
                "ref": _REF_FIELDS,
                "verify": _VERIFY,
                "include": {**keep("fromPath toPath"), "repository": REF},
            },
            {
                **keep("observedIgnore observedRecurseSubmodules observedSparseCheckout sourceVerificationMode"),
                **keep("sourceVerificationFingerprint"),
                "observedInclude": {**keep("fromPath toPath"), "repository": REF},
            },
        ),
    ),
    FluxKind(
        kind="OCIRepository",
        group=_SOURCE,
        plural="ocirepositories",
        short_names=("ocirepo",),
        role=Role.SOURCE,
        controller="source-controller",
        revision=(("artifact", "revision"),),
        fields=_fields(
            _OCI_REPOSITORY,
            {
                **keep("observedIgnore sourceVerificationFingerprint"),
                "observedLayerSelector": keep("mediaType operation"),
            },
        ),
    ),
    FluxKind(
        kind="Bucket",
        group=_SOURCE,
        plural="buckets",
        role=Role.SOURCE,
        controller="source-controller",
        revision=(("artifact", "revision"),),
        fields=_fields(
            {
                **_ACCESS,
                **keep("bucketName endpoint ignore insecure prefix provider region"),
                "sts": {**keep("endpoint provider"), "secretRef": REF, "certSecretRef": REF},
            },
            keep("observedIgnore"),
        ),
    ),
    FluxKind(
        kind="HelmRepository",
        group=_SOURCE,
        plural="helmrepositories",
        short_names=("helmrepo",),
        role=Role.SOURCE,
        controller="source-controller",
        revision=(("artifact", "revision"),),
        fields=_fields(
            {**_ACCESS, **keep("url type provider insecure passCredentials"), "accessFrom": FieldPolicy.WHOLE}
        ),
    ),
    FluxKind(
        kind="HelmChart",
        group=_SOURCE,
        plural="helmcharts",
        short_names=("hc",),
        role=Role.SOURCE,
        controller="source-controller",
        revision=(("artifact", "revision"),),
        references=(Reference(("spec", "sourceRef"), ("HelmRepository", "GitRepository", "Bucket")),),
        fields=_fields(_HELM_CHART, keep("observedChartName observedSourceArtifactRevision observedValuesFiles")),
    ),
    FluxKind(
        kind="ExternalArtifact",
        group=_SOURCE,
        plural="externalartifacts",
        short_names=("ea",),
        role=Role.SOURCE,
        answers_requests=False,
        revision=(("artifact", "revision"),),
        references=(Reference(("spec", "sourceRef"), ("ArtifactGenerator",)),),
        # What a generator exports for templates may be anything, a credential among it.
        fields=_fields({"sourceRef": REF}, {"exportedInputs": FieldPolicy.HIDE}),
    ),
    FluxKind(
        kind="ArtifactGenerator",
        group="source.extensions.fluxcd.io",
        plural="artifactgenerators",
        short_names=("ag",),
        role=Role.SOURCE,
        switch="source.extensions.fluxcd.io/reconcile",
        controller="source-watcher",
        references=(
            Reference(
                ("spec", "sources"), ("GitRepository", "OCIRepository", "Bucket", "HelmChart", "ExternalArtifact")
            ),
        ),
        fields=_fields(
            {
                **keep("pathPattern"),
                "sources": {**REF, **keep("alias")},
                "artifacts": {
                    **keep("name namespace revision originRevision inputsFrom"),
                    "copy": keep("from to strategy exclude optional"),
                },
                "managedNamespaces": {
                    **keep("allowedNames prune"),
                    "metadata": {
                        "fromSource": {**keep("path"), ANY: FieldPolicy.KEYS},
                        "from": {**keep("strategy namespace"), ANY: FieldPolicy.KEYS},
                    },
                },
                **_COMMON_METADATA,
            },
            keep("observedSourcesDigest"),
        ),
    ),
    FluxKind(
        kind="Kustomization",
        group="kustomize.toolkit.fluxcd.io",
        plural="kustomizations",
        short_names=("ks",),
        role=Role.APPLIER,
        timeout=None,
        revision=(("lastAppliedRevision",),),
        controller="kustomize-controller",
        timeout_margin=30.0,
        health_wait=HealthWait.OPT_IN,
        owner_label="kustomize.toolkit.fluxcd.io",
        references=(
            Reference(("spec", "sourceRef"), ("GitRepository", "OCIRepository", "Bucket", "ExternalArtifact")),
            _depends_on("Kustomization"),
        ),
        inline=(("postBuild", "substitute"),),
        fields=_fields(_KUSTOMIZATION),
    ),
    FluxKind(
        kind="HelmRelease",
        group="helm.toolkit.fluxcd.io",
        plural="helmreleases",
        short_names=("hr",),
        role=Role.APPLIER,
        options=(FORCE, RESET),
        timeout=300.0,
        revision=(("history", "0", "chartVersion"), ("lastAttemptedRevision",)),
        controller="helm-controller",
        health_wait=HealthWait.ALWAYS,
        owner_label="helm.toolkit.fluxcd.io",
        references=(
            Reference(("spec", "chartRef"), ("HelmChart", "OCIRepository", "ExternalArtifact")),
            Reference(
                ("spec", "chart", "spec", "sourceRef"),
                ("HelmRepository", "GitRepository", "Bucket"),
                relation=Relation.TEMPLATE,
            ),
            _depends_on("HelmRelease"),
        ),
        made_source=("status", "helmChart"),
        inline=(("values",),),
        deprecated=(("install", "skipCRDs"), ("upgrade", "recreate"), ("rollback", "recreate")),
        fields=_fields(_HELM_RELEASE, _HELM_RELEASE_STATUS),
    ),
    FluxKind(
        kind="ResourceSet",
        group=_OPERATOR,
        plural="resourcesets",
        short_names=("rset",),
        role=Role.APPLIER,
        switch=_OPERATOR_SWITCH,
        timeout=300.0,
        timeout_annotation=_OPERATOR_TIMEOUT,
        revision=(("lastAppliedRevision",),),
        controller="flux-operator",
        health_wait=HealthWait.OPT_IN,
        owner_label="resourceset.fluxcd.controlplane.io",
        references=(
            _depends_on("ResourceSet"),
            Reference(
                ("spec", "inputsFrom"),
                ("ResourceSetInputProvider",),
                "ResourceSetInputProvider",
                Relation.INPUTS,
                selector="selector",
            ),
        ),
        inline=(("inputs",),),
        fields=_fields(
            {
                **keep("serviceAccountName wait"),
                "dependsOn": {**REF, **keep("ready readyExpr")},
                "inputStrategy": keep("name includeEmptyProviders"),
                "inputs": FieldPolicy.KEYS,
                "inputsFrom": {**REF, "selector": SELECTOR},
                **_RESOURCES,
                "steps": {**keep("name timeout"), **_RESOURCES},
                **_COMMON_METADATA,
            },
            keep("externalChecksumRefs"),
        ),
    ),
    FluxKind(
        kind="ImageRepository",
        group=_IMAGE,
        plural="imagerepositories",
        short_names=("imgrepo", "imagerepo"),
        role=Role.IMAGE,
        timeout=None,
        controller="image-reflector-controller",
        fields=_fields(
            {**_ACCESS, **keep("image provider insecure exclusionList"), "accessFrom": FieldPolicy.WHOLE},
            {
                **keep("canonicalImageName observedExclusionList"),
                "lastScanResult": keep("latestTags revision scanTime tagCount"),
            },
        ),
    ),
    FluxKind(
        kind="ImagePolicy",
        group=_IMAGE,
        plural="imagepolicies",
        short_names=("imgpol", "imagepol"),
        role=Role.IMAGE,
        revision=(("latestRef", "tag"),),
        controller="image-reflector-controller",
        references=(Reference(("spec", "imageRepositoryRef"), ("ImageRepository",), "ImageRepository"),),
        fields=_fields(
            {
                **keep("digestReflectionPolicy"),
                "imageRepositoryRef": REF,
                "filterTags": keep("pattern extract"),
                "policy": {"semver": keep("range"), "alphabetical": keep("order"), "numerical": keep("order")},
            },
            {
                **keep("latestImage observedPreviousImage"),
                "latestRef": keep("name tag digest"),
                "observedPreviousRef": keep("name tag digest"),
            },
        ),
    ),
    FluxKind(
        kind="ImageUpdateAutomation",
        group=_IMAGE,
        plural="imageupdateautomations",
        short_names=("iua", "imgupd", "imgauto"),
        role=Role.IMAGE,
        revision=(("lastPushCommit",),),
        controller="image-automation-controller",
        references=(
            Reference(("spec", "sourceRef"), ("GitRepository",), "GitRepository"),
            Reference(("spec",), ("ImagePolicy",), "ImagePolicy", Relation.POLICY, selector="policySelector"),
        ),
        fields=_fields(
            {
                "sourceRef": REF,
                **keep("policyChangeDelay"),
                "policySelector": SELECTOR,
                "update": keep("path strategy"),
                "git": {
                    "checkout": {"ref": _REF_FIELDS},
                    "commit": {
                        "author": keep("name email"),
                        "messageTemplate": FieldPolicy.KEYS,
                        "messageTemplateValues": FieldPolicy.KEYS,
                        "signingKey": {"secretRef": REF, **keep("type")},
                    },
                    "push": {**keep("branch refspec"), "options": FieldPolicy.KEYS},
                },
            },
            {
                **keep("lastAutomationRunTime lastPushCommit lastPushTime observedSourceRevision"),
                "observedPolicies": {ANY: keep("name tag digest")},
            },
        ),
    ),
    FluxKind(
        kind="Receiver",
        group=_NOTIFICATION,
        plural="receivers",
        role=Role.NOTIFICATION,
        controller="notification-controller",
        fields=_fields(
            {
                **keep("type events resourceFilter"),
                "secretRef": REF,
                "resources": {**REF, **keep("filter"), "matchLabels": FieldPolicy.WHOLE},
                "oidcProviders": keep("issuerURL audience"),
            },
            # redaction.scrub leaves /hook/ and six digits of it.
            keep("webhookPath"),
        ),
    ),
    FluxKind(
        kind="Alert",
        group=_NOTIFICATION,
        plural="alerts",
        role=Role.NOTIFICATION,
        static=True,
        answers_requests=False,
        controller="notification-controller",
        references=(Reference(("spec", "providerRef"), ("Provider",), "Provider", Relation.PROVIDER),),
        deprecated=(("summary",),),
        fields=_fields(
            {
                **keep("suspend eventSeverity exclusionList inclusionList"),
                "providerRef": REF,
                "eventSources": {**REF, "matchLabels": FieldPolicy.WHOLE},
                "eventMetadata": FieldPolicy.KEYS,
                "summary": FieldPolicy.KEYS,
            }
        ),
    ),
    FluxKind(
        kind="Provider",
        group=_NOTIFICATION,
        plural="providers",
        role=Role.NOTIFICATION,
        static=True,
        answers_requests=False,
        controller="notification-controller",
        deprecated=(("interval",), ("proxy",)),
        fields=_fields(
            {
                **_ACCESS,
                **keep("type commitStatusExpr"),
                "address": FieldPolicy.ADDRESS,
                "proxy": FieldPolicy.ADDRESS,
                "channel": FieldPolicy.KEYS,
                "username": FieldPolicy.KEYS,
            }
        ),
    ),
)

_COMPONENTS: Final = frozenset(kind.controller for kind in FLUX_KINDS if kind.controller)
_ALL_IN_ONE: Final = re.compile(r"flux(?:-[a-f0-9]{6,10}(?:-[a-z0-9]{5})?)?")
"""The Deployment in which some distributions run every controller, its ReplicaSets and Pods."""


@remembered(4096)
def component_of(name: str) -> str:
    """The controller that a workload or Pod of this name runs: `kustomize-controller` of `kustomize-controller-shard1`.

    Empty where the name is not that of a controller of Flux.
    """
    known = (component for component in _COMPONENTS if name == component or name.startswith(f"{component}-"))
    return next(known, "flux" if _ALL_IN_ONE.fullmatch(name) else "")
