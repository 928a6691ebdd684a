"""The table of what may be shown of each Flux kind.

Source: the CRDs of Flux 2.6 to 2.9 and of Flux Operator 0.58, and the places of our knowledge file, "Secret leaks
through Flux objects".
"""

from collections.abc import Mapping
from typing import Final

from flux_mcp.sanitize.allowlist import ANY, COMMON, CONDITIONS, REF, SELECTOR, Rule, Shape, keep

_TARGET: Final = keep("group version kind name namespace labelSelector annotationSelector")
_PATCHES: Final = {"patch": Rule.KEYS, "target": _TARGET}
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
_COMMON_METADATA: Final = {"commonMetadata": Rule.KEYS}
# Wherever a kind has them.
_RUN: Final = keep("interval timeout retryInterval suspend serviceAccountName")

_ARTIFACT: Final = {
    **keep("digest revision path size lastUpdateTime"),
    "metadata": keep(
        "org.opencontainers.image.source org.opencontainers.image.revision org.opencontainers.image.created"
        " org.opencontainers.image.version org.opencontainers.image.url org.opencontainers.image.title"
    ),
    "url": Rule.DROP,
}
_HISTORY: Final = {
    **keep("digest firstReconciled lastReconciled lastReconciledDuration lastReconciledStatus totalReconciliations"),
    "metadata": Rule.WHOLE,
}
_STATUS: Final = {
    **keep("observedGeneration lastHandledReconcileAt lastHandledForceAt lastHandledResetAt"),
    **keep("lastAppliedRevision lastAttemptedRevision lastArtifactRevision lastAppliedOriginRevision"),
    "conditions": CONDITIONS,
    "artifact": _ARTIFACT,
    "includedArtifacts": _ARTIFACT,
    "history": _HISTORY,
    "inventory": {"entries": keep("id v"), **keep("name namespace digest filename")},
    "url": Rule.DROP,
}


def _flux(spec: Shape, status: Shape | None = None) -> Shape:
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
_HELM_RELEASE: Final = {
    **keep("releaseName targetNamespace storageNamespace maxHistory persistentClient postRenderStrategy"),
    "chart": {
        "metadata": Rule.KEYS,
        "spec": {
            **keep("chart version interval reconcileStrategy valuesFile valuesFiles ignoreMissingValuesFiles"),
            "sourceRef": REF,
            "verify": _VERIFY,
        },
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
            "patchesStrategicMerge": Rule.KEYS,
            "patchesJson6902": {"patch": Rule.KEYS, "target": _TARGET},
        }
    },
    "values": Rule.KEYS,
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
        "testHooks": Rule.WHOLE,
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
    "patchesStrategicMerge": Rule.KEYS,
    "patchesJson6902": {"patch": Rule.KEYS, "target": _TARGET},
    "decryption": {**keep("provider serviceAccountName"), "secretRef": REF},
    "kubeConfig": _KUBECONFIG,
    "postBuild": {**keep("substituteStrategy"), "substitute": Rule.KEYS, "substituteFrom": REF},
    **_COMMON_METADATA,
}
_MANIFEST: Final = {**keep("apiVersion kind"), "metadata": {**keep("name namespace"), ANY: Rule.KEYS}, ANY: Rule.KEYS}
_RESOURCES: Final = {"resources": _MANIFEST, "resourcesTemplate": Rule.KEYS}
_REF_FIELDS: Final = keep("branch tag semver semverFilter commit name digest")

FLUX_SHAPES: Final[Mapping[str, Shape]] = {
    "FluxInstance": _flux(
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
    "FluxReport": _flux(
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
    "ResourceSet": _flux(
        {
            **keep("serviceAccountName wait"),
            "dependsOn": {**REF, **keep("ready readyExpr")},
            "inputStrategy": keep("name includeEmptyProviders"),
            "inputs": Rule.KEYS,
            "inputsFrom": {**REF, "selector": SELECTOR},
            **_RESOURCES,
            "steps": {**keep("name timeout"), **_RESOURCES},
            **_COMMON_METADATA,
        },
        keep("externalChecksumRefs"),
    ),
    "ResourceSetInputProvider": _flux(
        {
            **keep("type url insecure serviceAccountName"),
            "secretRef": REF,
            "certSecretRef": REF,
            "defaultValues": Rule.KEYS,
            "filter": Rule.WHOLE,
            "skip": keep("labels"),
            "schedule": keep("cron timeZone window"),
            "selectors": {**keep("name namespace"), **SELECTOR},
        },
        {
            **keep("lastExportedRevision"),
            "exportedInputs": Rule.KEYS,
            "nextSchedule": keep("cron timeZone when window"),
        },
    ),
    "GitRepository": _flux(
        {
            **_ACCESS,
            **keep("url provider ignore recurseSubmodules sparseCheckout"),
            "ref": _REF_FIELDS,
            "verify": _VERIFY,
            "include": {**keep("fromPath toPath"), "repository": REF},
        },
        {
            **keep("observedIgnore observedRecurseSubmodules observedSparseCheckout sourceVerificationMode"),
            "observedInclude": {**keep("fromPath toPath"), "repository": REF},
        },
    ),
    "OCIRepository": _flux(
        {
            **_ACCESS,
            **keep("url provider ignore insecure"),
            "ref": _REF_FIELDS,
            "verify": _VERIFY,
            "layerSelector": keep("mediaType operation"),
        },
        {**keep("observedIgnore"), "observedLayerSelector": keep("mediaType operation")},
    ),
    "Bucket": _flux(
        {
            **_ACCESS,
            **keep("bucketName endpoint ignore insecure prefix provider region"),
            "sts": {**keep("endpoint provider"), "secretRef": REF, "certSecretRef": REF},
        },
        keep("observedIgnore"),
    ),
    "HelmRepository": _flux(
        {**_ACCESS, **keep("url type provider insecure passCredentials"), "accessFrom": Rule.WHOLE}
    ),
    "HelmChart": _flux(
        {
            **keep("chart version reconcileStrategy valuesFile valuesFiles ignoreMissingValuesFiles"),
            "sourceRef": REF,
            "verify": _VERIFY,
        },
        keep("observedChartName observedSourceArtifactRevision observedValuesFiles"),
    ),
    "ExternalArtifact": _flux({"sourceRef": REF}),
    "ArtifactGenerator": _flux(
        {
            **keep("pathPattern"),
            "sources": {**REF, **keep("alias")},
            "artifacts": {
                **keep("name revision originRevision"),
                "copy": keep("from to strategy exclude"),
            },
            **_COMMON_METADATA,
        },
        keep("observedSourcesDigest"),
    ),
    "Kustomization": _flux(_KUSTOMIZATION),
    "HelmRelease": _flux(_HELM_RELEASE, _HELM_RELEASE_STATUS),
    "ImageRepository": _flux(
        {**_ACCESS, **keep("image provider insecure exclusionList"), "accessFrom": Rule.WHOLE},
        {
            **keep("canonicalImageName observedExclusionList"),
            "lastScanResult": keep("latestTags revision scanTime tagCount"),
        },
    ),
    "ImagePolicy": _flux(
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
    "ImageUpdateAutomation": _flux(
        {
            "sourceRef": REF,
            "policySelector": SELECTOR,
            "update": keep("path strategy"),
            "git": {
                "checkout": {"ref": _REF_FIELDS},
                "commit": {
                    "author": keep("name email"),
                    "messageTemplate": Rule.KEYS,
                    "messageTemplateValues": Rule.KEYS,
                    "signingKey": {"secretRef": REF, **keep("type")},
                },
                "push": {**keep("branch refspec"), "options": Rule.KEYS},
            },
        },
        {
            **keep("lastAutomationRunTime lastPushCommit lastPushTime observedSourceRevision"),
            "observedPolicies": {ANY: keep("name tag digest")},
        },
    ),
    "Receiver": _flux(
        {
            **keep("type events resourceFilter"),
            "secretRef": REF,
            "resources": {**REF, **keep("filter"), "matchLabels": Rule.WHOLE},
            "oidcProviders": keep("issuerURL audience"),
        },
        # redaction.scrub leaves /hook/ and six digits of it.
        keep("webhookPath"),
    ),
    "Alert": _flux(
        {
            **keep("suspend eventSeverity exclusionList inclusionList"),
            "providerRef": REF,
            "eventSources": {**REF, "matchLabels": Rule.WHOLE},
            "eventMetadata": Rule.KEYS,
            "summary": Rule.KEYS,
        }
    ),
    "Provider": _flux(
        {
            **_ACCESS,
            **keep("type commitStatusExpr"),
            "address": Rule.ADDRESS,
            "proxy": Rule.ADDRESS,
            "channel": Rule.KEYS,
            "username": Rule.KEYS,
        }
    ),
}
