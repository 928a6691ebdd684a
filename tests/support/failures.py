"""What controllers say when something fails, and which row of the catalogue that is.

Written from the documentation and sources of the controllers (our knowledge file, section 5: its numbers, reasons and
message fragments), row by row, before it was compared with the catalogue. A message is what a controller writes, with
names filled in. Where the knowledge file gives several fragments or reasons for a row, each is here.
"""

from typing import NamedTuple

KS, HR, GIT, OCI, BUCKET = "Kustomization", "HelmRelease", "GitRepository", "OCIRepository", "Bucket"
REPO, CHART, SET, INSTANCE = "HelmRepository", "HelmChart", "ResourceSet", "FluxInstance"
POLICY, IMAGE, AUTO = "ImagePolicy", "ImageRepository", "ImageUpdateAutomation"
RECEIVER, GENERATOR, PROVIDER = "Receiver", "ArtifactGenerator", "ResourceSetInputProvider"


class Sample(NamedTuple):
    """A failure as a controller tells it."""

    number: int
    kind: str
    reason: str
    message: str = ""


SAMPLES: tuple[Sample, ...] = (
    Sample(1, KS, "ArtifactFailed", "unable to get source 'flux-system/nope': GitRepository \"nope\" not found"),
    Sample(1, KS, "ArtifactFailed", 'GitRepository.source.toolkit.fluxcd.io "nope" not found'),
    Sample(1, KS, "ArtifactFailed", "Source 'GitRepository/flux-system/nope' not found"),
    Sample(2, KS, "ArtifactFailed", "Source artifact not found, retrying in 30s"),
    Sample(3, KS, "ArtifactFailed", "Source is not ready, artifact not found, retrying in 30s"),
    Sample(4, KS, "ArtifactFailed", "failed to download archive from http://source-controller/x.tar.gz (status: 403)"),
    Sample(4, KS, "ArtifactFailed", "computed digest doesn't match 'sha256:abc'"),
    Sample(5, KS, "ArtifactFailed", "kustomization path not found: stat /tmp/k/apps: no such file or directory"),
    Sample(6, KS, "AccessDenied", "can't access 'GitRepository/a/b', cross-namespace references have been blocked"),
    Sample(7, KS, "AccessDenied", "can't access 'ExternalArtifact/a/b', the ExternalArtifact feature gate is disabled"),
    Sample(8, KS, "DependencyNotReady", "dependency 'flux-system/infra' not found"),
    Sample(9, KS, "DependencyNotReady", "dependency 'flux-system/infra' is not ready"),
    Sample(10, KS, "DependencyNotReady", "dependency 'flux-system/infra' revision is not up to date"),
    Sample(11, KS, "DependencyNotReady", "dependency 'flux-system/infra' is not ready according to readyExpr eval"),
    Sample(12, KS, "InvalidCELExpression", "Reconciliation failed terminally due to configuration error: x"),
    Sample(
        13,
        KS,
        "FeatureGateDisabled",
        "to use spec.decryption.serviceAccountName you must enable the ObjectLevelWorkloadIdentity feature gate",
    ),
    Sample(14, KS, "BuildFailed", "kustomize build failed: accumulating resources: open /tmp/a.yaml: no such file"),
    Sample(15, KS, "BuildFailed", "failed to decode Kubernetes YAML from apps/a.yaml: mapping values are not allowed"),
    Sample(15, KS, "BuildFailed", "MalformedYAMLError: yaml: line 3: did not find expected key in File: a.yaml"),
    Sample(
        15,
        KS,
        "BuildFailed",
        "kustomize build failed: accumulating resources: may not add resource with an already registered id: A",
    ),
    Sample(16, KS, "BuildFailed", "decryption failed for 'Secret.v1.[noGrp]/db': cannot get sops data key"),
    Sample(16, KS, "BuildFailed", "error decrypting sources: failed to decrypt file"),
    Sample(16, KS, "BuildFailed", "cannot get sops decryption Secret 'flux-system/sops-age'"),
    Sample(
        17,
        KS,
        "BuildFailed",
        "post build failed for 'ConfigMap.v1.[noGrp]/c': envsubst error: variable substitution failed: "
        'variable not set (strict mode): "region"',
    ),
    Sample(
        18,
        KS,
        "BuildFailed",
        "post build failed for 'C': substitute from 'ConfigMap/vars' error: configmaps \"vars\" not found",
    ),
    Sample(
        18,
        KS,
        "BuildFailed",
        "post build failed for 'C': substitute from 'Secret/vars' error: secrets \"vars\" not found",
    ),
    Sample(19, KS, "BuildFailed", "'my-var' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'"),
    Sample(20, KS, "ReconciliationFailed", "failed to build kube client: cannot impersonate"),
    Sample(20, KS, "ReconciliationFailed", "unable to read KubeConfig secret 'a/b' error: secrets \"b\" not found"),
    Sample(
        21,
        KS,
        "ReconciliationFailed",
        'Role/a/r dry-run failed (Forbidden): roles "r" is forbidden: User "x" cannot patch resource "roles"',
    ),
    Sample(
        22,
        KS,
        "ReconciliationFailed",
        "Job/a/j dry-run failed (Invalid): spec.template: Invalid value: field is immutable",
    ),
    Sample(23, KS, "ReconciliationFailed", "Deployment/a/d dry-run failed (Invalid): spec.replicas: Invalid value: -1"),
    Sample(
        23,
        KS,
        "ReconciliationFailed",
        "Deployment/a/d dry-run failed: failed to create typed patch object: .spec.x: field not declared in schema",
    ),
    Sample(
        24, KS, "ReconciliationFailed", 'Widget/a/w dry-run failed: no matches for kind "Widget" in version "acme/v1"'
    ),
    Sample(25, KS, "ReconciliationFailed", "Deployment/d namespace not specified: the server could not find it"),
    Sample(25, KS, "ReconciliationFailed", 'Deployment/x/d not found: namespaces "x" not found'),
    Sample(26, KS, "ReconciliationFailed", 'admission webhook "policy.acme.io" denied the request: no latest tags'),
    Sample(
        26, KS, "ReconciliationFailed", 'failed calling webhook "w.acme.io": Post "https://w": dial: connection refused'
    ),
    Sample(26, KS, "ReconciliationFailed", 'admission webhook "w.acme.io" does not support dry run'),
    Sample(
        26,
        KS,
        "ReconciliationFailed",
        'Pod/a/p dry-run failed (Forbidden): admission webhook "validation.gatekeeper.sh" denied the request: no',
    ),
    Sample(
        26,
        KS,
        "ReconciliationFailed",
        "Pod/a/p dry-run failed (Invalid): ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
    ),
    Sample(
        26, KS, "ReconciliationFailed", 'Pod/a/p dry-run failed (Forbidden): pods "p" is forbidden: exceeded quota: q'
    ),
    Sample(
        26,
        KS,
        "ReconciliationFailed",
        'Pod/a/p dry-run failed (Forbidden): pods "p" is forbidden: violates PodSecurity "restricted:latest"',
    ),
    Sample(
        14, KS, "BuildFailed", "kustomize build failed: accumulating resources: open /tmp/db.sops.yaml: no such file"
    ),
    Sample(23, KS, "ReconciliationFailed", "ConfigMap/apps/kubeconfig dry-run failed (Invalid): data: Invalid value"),
    Sample(
        50,
        HR,
        "UpgradeFailed",
        'cannot patch "web" with kind Deployment: admission webhook "w.acme.io" denied the request',
    ),
    Sample(50, HR, "UpgradeFailed", 'cannot patch "web" with kind Deployment: User "x" cannot patch resource'),
    Sample(27, KS, "ReconciliationFailed", "Deployment/a/d (FieldManagerConflict): Apply failed with 1 conflict"),
    Sample(27, KS, "ReconciliationFailed", "Apply failed with 2 conflicts: conflicts with helm"),
    Sample(28, KS, "ReconciliationFailed", "Secret/a/s is SOPS encrypted, configuring decryption is required"),
    Sample(29, KS, "ReconciliationFailed", "Job/a/j immutable field detected, failed to delete object: timed out"),
    Sample(30, KS, "PruneFailed", "delete failed, errors: ConfigMap/a/c delete failed"),
    Sample(
        31,
        KS,
        "HealthCheckFailed",
        "health check failed after 5m0s: timeout waiting for: [Deployment/a/d status: 'InProgress']",
    ),
    Sample(
        32,
        KS,
        "HealthCheckFailed",
        "health check failed after 3s: failed early due to stalled resources: [Job/a/j status: 'Failed']",
    ),
    Sample(33, KS, "HealthCheckFailed", "timeout waiting for: [Deployment/a/d status: 'NotFound']"),
    Sample(34, KS, "HealthCheckCanceled", "New reconciliation triggered by GitRepository/a/b"),
    Sample(35, KS, "DirectoryCreationFailed", "tmp dir error: no space left on device"),
    Sample(37, KS, "ReconciliationFailed", "pruning for deleted resource failed"),
    Sample(37, KS, "ReconciliationFailed", "unable to prune objects: ..."),
    Sample(37, KS, "ReconciliationFailed", "failed to wait for resources termination"),
    Sample(37, KS, "ReconciliationFailed", "skipping pruning, failed to find account to impersonate"),
    Sample(39, HR, "DependencyNotReady", "unable to get 'apps/db' dependency"),
    Sample(39, HR, "DependencyNotReady", "dependency 'apps/db' is not ready"),
    Sample(
        40, HR, "SourceNotReady", "HelmChart 'a/b' is not ready: latest generation of object has not been reconciled"
    ),
    Sample(40, HR, "SourceNotReady", "HelmChart 'a/b' is not ready: does not have an artifact"),
    Sample(41, HR, "ArtifactFailed", 'could not get Source object: OCIRepository "x" not found'),
    Sample(42, HR, "ArtifactFailed", "Source not ready: artifact not found. Retrying in 30s"),
    Sample(42, HR, "ArtifactFailed", "Could not load chart: gzip: invalid header"),
    Sample(43, HR, "AccessDenied", "cross-namespace references are not allowed: cannot access OCIRepository a/b"),
    Sample(45, HR, "ValuesError", "could not resolve Secret chart values reference 'a/b' with key 'k': not found"),
    Sample(46, HR, "ChartMutateError", "invalid chart version"),
    Sample(46, HR, "ChartMutateError", "artifact revision 1.2.3 does not match chart version 1.2.4"),
    Sample(47, HR, "RESTClientError", "could not get KubeConfig secret"),
    Sample(47, HR, "FactoryError"),
    Sample(47, HR, "ConfigFactoryErr"),
    Sample(47, HR, "ResourceManagerError"),
    Sample(48, HR, "StateError", "Could not determine release state: secrets is forbidden"),
    Sample(49, HR, "InstallFailed", "Helm install failed for release a/b with chart c@1.0.0: something else"),
    Sample(50, HR, "UpgradeFailed", "Helm upgrade failed for release a/b with chart c@1.0.0: something else"),
    Sample(51, HR, "InstallFailed", "Helm install failed for release a/b: context deadline exceeded"),
    Sample(51, HR, "UpgradeFailed", "Helm upgrade failed for release a/b: timed out waiting for the condition"),
    Sample(51, HR, "UpgradeFailed", "Helm upgrade failed for release a/b: resource Deployment/a/b not ready"),
    Sample(
        52, HR, "InstallFailed", "values don't meet the specifications of the schema(s) in the following chart(s): c"
    ),
    Sample(
        53, HR, "UpgradeFailed", "template: c/templates/d.yaml:3:4: executing: nil pointer evaluating interface {}.x"
    ),
    Sample(53, HR, "InstallFailed", "YAML parse error on c/templates/d.yaml: error converting YAML to JSON"),
    Sample(
        54,
        HR,
        "InstallFailed",
        'Unable to continue with install: Service "s" exists and cannot be imported into the current release: '
        "invalid ownership metadata; annotation validation error: meta.helm.sh/release-name",
    ),
    Sample(55, HR, "UpgradeFailed", 'cannot patch "web" with kind StatefulSet: field is immutable'),
    Sample(56, HR, "UpgradeFailed", "another operation (install/upgrade/rollback) is in progress"),
    Sample(57, HR, "InstallFailed", "create: failed to create: Request entity too large: limit is 3145728"),
    Sample(58, HR, "PendingRelease", "Unlocked Helm release a/b with chart c@1 in pending-upgrade state"),
    Sample(59, HR, "TestFailed", "Helm test failed for release a/b"),
    Sample(60, HR, "AwaitingTests", "release a/b is awaiting tests"),
    Sample(61, HR, "RollbackSucceeded", "Helm rollback to previous release a/b.v1 with chart c@1 succeeded"),
    Sample(62, HR, "RollbackFailed", "Helm rollback to previous release a/b.v1 failed"),
    Sample(63, HR, "UninstallSucceeded", "Helm uninstall succeeded"),
    Sample(63, HR, "UninstallFailed", "Helm uninstall failed"),
    Sample(64, HR, "RetriesExceeded", "Failed to upgrade after 3 attempt(s)"),
    Sample(65, HR, "MissingRollbackTarget", "Failed to perform remediation: missing target release for rollback"),
    Sample(66, HR, "DriftDetected", "Cluster state of release a/b.v1 has drifted from the desired state"),
    Sample(66, HR, "DriftCorrected"),
    Sample(66, HR, "DriftCorrectionFailed"),
    Sample(67, HR, "InvalidCELExpression"),
    Sample(68, HR, "InventoryBuildFailed"),
    Sample(68, HR, "NamespaceCheckSkipped"),
    Sample(69, HR, "HelmChartSyncErr"),
    Sample(
        70,
        GIT,
        "GitOperationFailed",
        "failed to checkout and determine revision: unable to clone 'https://g/x': authentication required",
    ),
    Sample(70, GIT, "GitOperationFailed", "unable to clone 'https://g/x': repository not found"),
    Sample(71, GIT, "GitOperationFailed", "unable to clone 'https://g/x': couldn't find remote ref \"refs/heads/x\""),
    Sample(71, GIT, "GitOperationFailed", "unable to clone: reference not found"),
    Sample(72, GIT, "GitOperationFailed", "dial tcp 10.0.0.1:443: i/o timeout"),
    Sample(72, GIT, "GitOperationFailed", "lookup git.acme.io: no such host"),
    Sample(72, GIT, "GitOperationFailed", "dial tcp 10.0.0.1:443: connect: connection refused"),
    Sample(73, GIT, "GitOperationFailed", "ssh: handshake failed: knownhosts: key mismatch"),
    Sample(
        73,
        GIT,
        "GitOperationFailed",
        "ssh: handshake failed: unable to authenticate, attempted methods [none publickey]",
    ),
    Sample(
        74, GIT, "GitOperationFailed", "failed to sparse checkout directories: sparse checkout dir 'x' does not exist"
    ),
    Sample(75, GIT, "EmptyGitRepository", "git repository is empty"),
    *(Sample(76, kind, "AuthenticationFailed", "failed to get secret") for kind in (GIT, OCI, BUCKET, REPO, CHART)),
    *(Sample(77, kind, "URLInvalid", "failed to parse url") for kind in (GIT, OCI, REPO)),
    Sample(78, GIT, "InvalidProviderConfiguration", "secretRef with github app data must be specified"),
    *(Sample(79, kind, "FeatureGateDisabled") for kind in (GIT, OCI, BUCKET)),
    Sample(80, GIT, "IncludeUnavailable", "no artifact available for include 'x'"),
    Sample(80, GIT, "NotFound"),
    Sample(80, GIT, "NoArtifact"),
    *(Sample(81, GIT, reason) for reason in ("SourceIgnoreError", "IllegalPath", "CopyFailure", "InvalidPath")),
    *(Sample(82, kind, "VerificationError") for kind in (GIT, OCI, CHART)),
    *(
        Sample(83, GIT, reason)
        for reason in (
            "InvalidVerificationMode",
            "InvalidGitObject",
            "InvalidTagSignature",
            "InvalidCommitSignature",
        )
    ),
    Sample(84, OCI, "OCIArtifactPullFailed", "failed to determine artifact digest: GET https://r/v2: MANIFEST_UNKNOWN"),
    Sample(85, OCI, "ReadOperationFailed", "failed to determine the artifact tag: no match found for semver: >9"),
    Sample(86, OCI, "OCIArtifactLayerOperationFailed", "failed to find layer with media type"),
    Sample(87, REPO, "Failed", "failed to fetch Helm repository index: 404 Not Found"),
    Sample(88, REPO, "IndexationFailed", "failed to load Helm repository from index YAML"),
    Sample(89, CHART, "SourceUnavailable", "failed to get source: not found"),
    Sample(89, CHART, "NoSourceArtifact"),
    Sample(90, CHART, "UnsupportedSourceKind", "unsupported source kind 'X'"),
    Sample(91, CHART, "InvalidChartReference", "invalid chart reference: no 'x' chart with version matching '9' found"),
    *(
        Sample(92, CHART, reason)
        for reason in ("ChartPullError", "DependencyBuildError", "ChartPackageError", "ChartVerificationError")
    ),
    Sample(93, CHART, "MetadataPatchError"),
    Sample(93, CHART, "ValuesFilesError", "no values file found at path 'x'"),
    Sample(94, BUCKET, "BucketOperationFailed", "bucket 'x' does not exist"),
    Sample(94, BUCKET, "InvalidSTSConfiguration"),
    *(
        Sample(95, kind, reason)
        for kind in (GIT, OCI, BUCKET, REPO, CHART)
        for reason in (
            "DirectoryCreationFailed",
            "StatOperationFailed",
            "ArchiveOperationFailed",
            "SymlinkUpdateFailed",
            "CacheOperationFailed",
            "AcquireLockFailed",
        )
    ),
    Sample(96, GIT, "PatchOperationFailed"),
    Sample(97, GIT, "Progressing", "building artifact: disappeared from storage"),
    Sample(98, OCI, "GarbageCollectionFailed"),
    Sample(98, OCI, "ArtifactVerificationFailed"),
    Sample(99, IMAGE, "ImageURLInvalid"),
    Sample(99, POLICY, "ImageURLInvalid"),
    Sample(100, IMAGE, "AuthenticationFailed", "failed to configure authentication options"),
    Sample(101, IMAGE, "ReadOperationFailed", "scan failed: GET https://r: 404"),
    Sample(102, POLICY, "DependencyNotReady", "referenced ImageRepository does not exist"),
    Sample(102, POLICY, "DependencyNotReady", "retrying in 30s error: no tags in database"),
    Sample(103, POLICY, "AccessDenied", "cannot access 'ImageRepository/a/b', cross-namespace references"),
    Sample(103, AUTO, "AccessDenied", "access denied"),
    Sample(104, POLICY, "InvalidPolicy"),
    Sample(104, POLICY, "IntervalNotConfigured"),
    Sample(105, POLICY, "Failure", "version list argument cannot be empty"),
    *(
        Sample(106, AUTO, reason)
        for reason in (
            "InvalidPolicySelector",
            "InvalidSourceConfiguration",
            "InvalidUpdateStrategy",
            "RemovedTemplateField",
        )
    ),
    Sample(107, AUTO, "GitOperationFailed", "failed to update source: push rejected"),
    Sample(108, AUTO, "UpdateFailed", "failed to apply policies"),
    Sample(108, AUTO, "SourceManagerFailed"),
    Sample(110, RECEIVER, "TokenNotFound", "unable to read token from secret"),
    Sample(111, RECEIVER, "ValidationFailed"),
    Sample(111, RECEIVER, "InvalidCELExpression"),
    Sample(112, "Alert", "NotificationDispatchFailed"),
    Sample(113, GENERATOR, "SourceFetchFailed", "get sources failed: source 'GitRepository/a/b' is not ready"),
    *(
        Sample(114, GENERATOR, reason)
        for reason in ("BuildFailed", "ReconciliationFailed", "AccessDenied", "ValidationFailed")
    ),
    Sample(115, INSTANCE, "ArtifactFailed", "fetch failed: x"),
    Sample(116, INSTANCE, "BuildFailed", "build failed: no version matches"),
    Sample(117, INSTANCE, "ReconciliationFailed", "reconciliation failed: x"),
    Sample(117, SET, "ReconciliationFailed", "reconciliation failed: x"),
    Sample(118, INSTANCE, "OutdatedVersion", "Flux 2.8.0 is outdated, the latest stable version is 2.9.4"),
    Sample(119, SET, "BuildFailed", "failed to compute inputs: x"),
    Sample(120, SET, "DependencyNotReady", "Retrying dependency check: dependency v1/ConfigMap/a/b not found"),
    *(
        Sample(121, PROVIDER, reason)
        for reason in ("InvalidSchedule", "InvalidDefaultValues", "InvalidExportedInputs", "InvalidSpec")
    ),
    Sample(122, PROVIDER, "SkippedDueToSchedule", "Reconciliation skipped, next scheduled at 2026"),
    Sample(123, PROVIDER, "ReconciliationFailed", "GET https://api: 401"),
    *(Sample(124, kind, "ReconciliationDisabled") for kind in (INSTANCE, "FluxReport", SET, PROVIDER, GENERATOR)),
)

WITHOUT_A_REASON = frozenset({36, 38, 44, 109})
"""Rows that no reason tells: a run that takes too long, a Ready object that does not change, a release without a status."""
