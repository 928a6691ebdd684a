"""What keeps a Pod from becoming ready, by the reason that the kubelet, the scheduler or a controller gives.

Source: the Kubernetes documentation on Pod lifecycle and debugging Pods. Adding one is one entry here.
"""

from collections.abc import Mapping
from typing import Final

from flux_mcp.diagnosis.catalog.failure import Advice

_IMAGE: Final = Advice(
    "the image cannot be pulled: no such tag, no rights, or no answer of the registry",
    "correct or push it, or add an imagePullSecret",
)
_CONFIG: Final = Advice(
    "the container cannot be made: a ConfigMap, a Secret or a key that it names is missing",
    "create what the message names",
)
_EXIT: Final = Advice(
    "the container ends soon after it starts",
    "get_kubernetes_logs with previous=true",
)
_MEMORY: Final = Advice(
    "the container used more memory than its limit and was killed",
    "raise the memory limit, or find the leak",
)
_CREATE: Final = Advice(
    "no Pod may be made: an admission rule, a quota or a missing service account refuses it",
    "do what the message asks for",
)
_MOUNT: Final = Advice(
    "a volume cannot be mounted",
    "look at the PersistentVolumeClaim, ConfigMap or Secret that the message names",
)
NOT_READY: Final = Advice(
    "the container runs, but its readiness probe does not pass",
    "get_kubernetes_logs; check what the probe asks",
)

POD_FAILURES: Final[Mapping[str, Advice]] = {
    **dict.fromkeys(
        ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"), _IMAGE
    ),
    **dict.fromkeys(("CreateContainerConfigError", "CreateContainerError"), _CONFIG),
    **dict.fromkeys(("CrashLoopBackOff", "Error", "StartError", "RunContainerError", "ContainerCannotRun"), _EXIT),
    "OOMKilled": _MEMORY,
    **dict.fromkeys(("FailedCreate", "ReplicaFailure"), _CREATE),
    **dict.fromkeys(("FailedMount", "FailedAttachVolume"), _MOUNT),
    "Unschedulable": Advice(
        "no node takes the Pod: resources, taints, affinity or a volume do not fit",
        "free or add nodes, or correct requests, tolerations and affinity",
    ),
    "FailedCreatePodSandBox": Advice(
        "the node cannot set up the Pod's network or sandbox", "look at the network plugin of that node"
    ),
    "Evicted": Advice("the node ran out of a resource and evicted the Pod", "look at the node's disk and memory"),
    "DeadlineExceeded": Advice("the Job ran longer than activeDeadlineSeconds", "raise it, or make the Job faster"),
    "BackoffLimitExceeded": Advice("the Job failed more often than backoffLimit", "get_kubernetes_logs of the Job"),
    "ProgressDeadlineExceeded": Advice(
        "the rollout made no progress within progressDeadlineSeconds", "look at its Pods and their events"
    ),
    "Unhealthy": NOT_READY,
    "NodeLost": Advice("the node of the Pod does not answer", "look at that node"),
}
"""Reason → what it means and what to do."""
