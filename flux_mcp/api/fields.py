"""How to say what may be shown of an object: an allow-list of fields, as nested mappings.

A mapping goes from a field to what is done with it; lists are looked through. A field that is not listed keeps its
place (its keys are shown, its values are not): a newer API version may put a credential anywhere.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final


class FieldPolicy(Enum):
    """What is done with a field."""

    KEEP = "a value, or a list of values, stays, with credentials in it masked"
    NAME = "a name, or a list of names, stays as it is"
    WHOLE = "everything below it stays"
    KEYS = "its keys stay, its values are masked"
    ADDRESS = "an address whose path is a credential: scheme and host stay"
    ANNOTATIONS = "the annotations of Flux and Helm stay, others are dropped"
    DROP = "it is dropped"
    HIDE = "it is dropped, and its values are masked where a message repeats them"


Fields = Mapping[str, Any]
"""Field → FieldPolicy or Fields. ANY stands for every field that is not named."""

ANY: Final = "*"


_NAMES: Final = (
    "apiVersion kind group version name namespace generateName uid key container containerName image imageID "
    "newName newTag tag digest repository latestImage latestTags observedPreviousImage canonicalImageName "
    "revision lastAppliedRevision lastAttemptedRevision lastArtifactRevision lastAppliedOriginRevision "
    "lastExportedRevision originRevision observedSourceArtifactRevision observedSourceRevision lastPushCommit "
    "commit branch semver chart chartName chartVersion appVersion helmChart observedChartName releaseName "
    "targetNamespace storageNamespace serviceAccountName bucketName nodeName nominatedNodeName host component "
    "reportingComponent reportingInstance serviceName currentRevision updateRevision storageClassName volumeName "
    "ingressClassName secretName artifactPullSecret imagePullSecret pullSecret id v reason subject issuer"
)
"""Fields that hold names, images, revisions or identities, in whatever object they stand."""
NAMING_LABELS: Final = ("/name", "/namespace", "/instance", "/part-of", "/chart")
"""How the keys of labels end whose values are names, those among them by which Flux marks what it applies."""


def keep(fields: str) -> dict[str, Any]:
    """Fields, separated by spaces, that are kept; those that hold names as they are."""
    names = _NAMES.split()
    return {field: FieldPolicy.NAME if field in names else FieldPolicy.KEEP for field in fields.split()}


METADATA: Final[Fields] = {
    **keep("name namespace generateName uid generation resourceVersion creationTimestamp deletionTimestamp"),
    **keep("deletionGracePeriodSeconds finalizers"),
    "labels": FieldPolicy.WHOLE,
    "annotations": FieldPolicy.ANNOTATIONS,
    "ownerReferences": keep("apiVersion kind name uid controller blockOwnerDeletion"),
    ANY: FieldPolicy.DROP,
}
COMMON: Final = {**keep("apiVersion kind"), "metadata": METADATA}

REF: Final = keep("apiVersion kind name namespace key optional")
SELECTOR: Final = {"matchLabels": FieldPolicy.WHOLE, "matchExpressions": keep("key operator values")}
CONDITIONS: Final = keep(
    "type status reason message observedGeneration lastTransitionTime lastUpdateTime lastProbeTime lastHeartbeatTime"
)
ANY_FIELDS: Final[Fields] = {
    **COMMON,
    "spec": FieldPolicy.KEYS,
    "data": FieldPolicy.KEYS,
    "status": {"conditions": CONDITIONS},
}
"""Of a kind without a list of its own: metadata, conditions and the keys of the rest."""
