"""The failures of image kinds, notification, generators and the operator: our knowledge file, section 5.4."""

import functools
from typing import Final

from flux_mcp.flux.failing import Upstream, row

__all__ = ["OTHERS"]

_policy = functools.partial(row, "ImagePolicy")
_repository = functools.partial(row, "ImageRepository")
_automation = functools.partial(row, "ImageUpdateAutomation")
_receiver = functools.partial(row, "Receiver")
_generator = functools.partial(row, "ArtifactGenerator")
_instance = functools.partial(row, "FluxInstance")
_set = functools.partial(row, "ResourceSet")
_provider = functools.partial(row, "ResourceSetInputProvider")

OTHERS: Final = (
    row(
        "ImageRepository ImagePolicy",
        99,
        "ImageURLInvalid",
        "",
        "spec.image has a scheme or a tag",
        "write the image as registry/name alone",
        look="image",
    ),
    _repository(
        100,
        "AuthenticationFailed",
        "",
        "the credentials for the registry cannot be had",
        "correct spec.secretRef or provider",
        look="secretRef provider",
    ),
    _repository(
        101,
        "ReadOperationFailed",
        "",
        "the registry does not list the tags: no such image, no rights, or too many requests",
        "correct spec.image or its credentials",
        look="image secretRef provider",
    ),
    _policy(
        102,
        "DependencyNotReady",
        "",
        "its ImageRepository does not exist or was not scanned yet",
        "mend the ImageRepository; after a restart of image-reflector-controller wait for the next scan",
        look="imageRepositoryRef",
        upstream=Upstream.SOURCE,
    ),
    row(
        "ImagePolicy ImageUpdateAutomation",
        103,
        "AccessDenied",
        "",
        "the object that it refers to is in another namespace and does not allow it",
        "add this namespace to spec.accessFrom of the ImageRepository, or move it",
        look="imageRepositoryRef sourceRef",
    ),
    _policy(
        104,
        "InvalidPolicy IntervalNotConfigured",
        "",
        "the policy is not valid",
        "correct the range or pattern; digestReflectionPolicy Always needs an interval",
        look="policy filterTags digestReflectionPolicy interval",
    ),
    _policy(
        105,
        "Failure",
        "",
        "no tag passes the filter",
        "correct filterTags or the policy",
        look="filterTags policy",
    ),
    _automation(
        106,
        "InvalidPolicySelector InvalidSourceConfiguration InvalidUpdateStrategy RemovedTemplateField",
        "",
        "the automation is not valid, or its template uses a field that was removed",
        "use .Changed instead of .Updated in messageTemplate; correct sourceRef and update",
        look="sourceRef update git policySelector",
    ),
    _automation(
        107,
        "GitOperationFailed",
        "",
        "it cannot check out or push: a deploy key that only reads, or a protected branch",
        "give the GitRepository a key that may write, or push to another branch",
        look="git.push sourceRef",
    ),
    _automation(
        108,
        "UpdateFailed SourceManagerFailed",
        "",
        "the policies could not be written into the files",
        "correct update.path and the markers in the files",
        look="update",
    ),
    _automation(
        109,
        "",
        "",
        'it finds nothing to change where no file has a marker # {"$imagepolicy": "namespace:name"} below update.path',
        "put the marker behind the image in the file",
        look="update sourceRef",
        silent=True,
    ),
    _receiver(
        110,
        "TokenNotFound",
        "",
        "the Secret with the webhook's token, or the key token in it, is missing",
        "create the Secret of spec.secretRef with the key token",
        look="secretRef",
    ),
    _receiver(
        111,
        "ValidationFailed InvalidCELExpression",
        "",
        "the Receiver is not valid: a secretRef is missing, or resourceFilter is no CEL",
        "correct the spec; it is not tried again before",
        look="type secretRef resourceFilter",
    ),
    row(
        "Alert Provider",
        112,
        "NotificationDispatchFailed",
        "",
        "it has no status: a message that cannot be sent is told only in its events, and in the log of "
        "notification-controller",
        "get_flux_resource shows its events (NotificationDispatchFailed)",
        look="providerRef eventSources type secretRef",
        silent=True,
    ),
    _generator(
        113,
        "SourceFetchFailed",
        "",
        "a source of the generator is missing or not ready",
        "mend that source, or correct spec.sources",
        look="sources",
        upstream=Upstream.SOURCE,
    ),
    _generator(
        114,
        "BuildFailed ReconciliationFailed AccessDenied ValidationFailed",
        "",
        "an artifact could not be put together",
        "correct the copy rules and pathPattern",
        look="artifacts pathPattern",
    ),
    _instance(
        115,
        "ArtifactFailed",
        "",
        "the manifests of the distribution cannot be fetched",
        "correct distribution.artifact, registry or their pull secret",
        look="distribution",
    ),
    _instance(
        116,
        "BuildFailed",
        "",
        "the distribution could not be built: no version matches, or a patch is wrong",
        "correct distribution.version or kustomize.patches; it is not tried again before",
        look="distribution kustomize",
    ),
    row(
        "FluxInstance ResourceSet",
        117,
        "ReconciliationFailed HealthCheckFailed",
        "",
        "what it builds could not be applied, or did not become ready",
        "mend the named object",
        look="wait serviceAccountName",
        upstream=Upstream.HEALTH,
    ),
    _instance(
        118,
        "OutdatedVersion",
        "",
        "there is a newer version of Flux than this instance asks for",
        "raise distribution.version",
        look="distribution",
    ),
    _set(
        119,
        "BuildFailed",
        "",
        "the template fails with these inputs",
        "correct resourcesTemplate or resources, or give the missing input",
        look="inputsFrom inputStrategy",
    ),
    _set(
        120,
        "DependencyNotReady",
        "",
        "an object of dependsOn does not exist or is not ready",
        "mend that object, or correct dependsOn",
        look="dependsOn",
        upstream=Upstream.DEPENDENCY,
    ),
    _provider(
        121,
        "InvalidSchedule InvalidDefaultValues InvalidExportedInputs InvalidSpec",
        "",
        "the input provider is not valid",
        "correct the spec; it is not tried again before",
        look="type url schedule filter",
    ),
    _provider(
        122,
        "SkippedDueToSchedule",
        "",
        "it was asked outside its schedule and did nothing: ordinary",
        "wait for the next time of its schedule, or reconcile with force=true",
        look="schedule",
    ),
    _provider(
        123,
        "ReconciliationFailed",
        "",
        "the service that it asks refuses or does not answer",
        "correct url and the credentials of secretRef; a rate limit passes",
        look="type url secretRef",
    ),
    row(
        "FluxInstance FluxReport ResourceSet ResourceSetInputProvider ArtifactGenerator",
        124,
        "ReconciliationDisabled",
        "",
        "it is suspended by annotation",
        "remove the annotation; fluxcd.controlplane.io/suspendedBy says who set it",
    ),
)
