"""The table of what may be shown of the Kubernetes kinds beside Flux's own.

Source: the Kubernetes API 1.28 to 1.36. The environment of a container never stays; its arguments stay for Flux's own
controllers only, whose behaviour they change.
"""

from collections.abc import Mapping
from typing import Final

from flux_mcp.sanitize.allowlist import ANY, COMMON, CONDITIONS, METADATA, REF, SELECTOR, Rule, Shape, keep

_STATE: Final = {
    "waiting": keep("reason message"),
    "running": keep("startedAt"),
    "terminated": keep("exitCode signal reason message startedAt finishedAt"),
}
_CONTAINER_STATUS: Final = {
    **keep("name ready started restartCount image imageID"),
    "state": _STATE,
    "lastState": _STATE,
    ANY: Rule.DROP,
}


def _containers(args: Rule) -> Shape:
    return {
        **keep("name image imagePullPolicy"),
        "resources": Rule.WHOLE,
        "args": args,
        "env": Rule.HIDE,
        "envFrom": Rule.DROP,
        # A command line, a hook and the headers of a probe may hold what an environment holds.
        **dict.fromkeys(("command", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe"), Rule.HIDE),
    }


def _pod(args: Rule) -> Shape:
    containers = _containers(args)
    return {
        **keep("nodeName serviceAccountName restartPolicy priorityClassName hostNetwork schedulerName"),
        **dict.fromkeys(("containers", "initContainers", "ephemeralContainers"), containers),
        "imagePullSecrets": REF,
        "nodeSelector": Rule.WHOLE,
    }


def _workload(spec: Shape, status: str, args: Rule) -> Shape:
    template = {"metadata": METADATA, "spec": _pod(args)}
    told = {
        **keep(status),
        **keep("observedGeneration replicas readyReplicas availableReplicas unavailableReplicas updatedReplicas"),
        "conditions": CONDITIONS,
    }
    common = {**keep("replicas paused minReadySeconds progressDeadlineSeconds revisionHistoryLimit")}
    return {
        **COMMON,
        "spec": {**common, "selector": SELECTOR, "template": template, **spec},
        "status": told,
    }


def _kubernetes(args: Rule) -> Mapping[str, Shape]:
    """The kinds that run something; the arguments of containers may hold what an environment holds."""
    job = {
        **keep("parallelism completions completionMode backoffLimit activeDeadlineSeconds ttlSecondsAfterFinished"),
        **keep("suspend"),
        "template": {"metadata": METADATA, "spec": _pod(args)},
    }
    return {
        "Deployment": _workload({"strategy": Rule.WHOLE}, "terminatingReplicas", args),
        "ReplicaSet": _workload({}, "fullyLabeledReplicas terminatingReplicas", args),
        "StatefulSet": _workload(
            {**keep("serviceName podManagementPolicy"), "updateStrategy": Rule.WHOLE},
            "currentReplicas currentRevision updateRevision collisionCount",
            args,
        ),
        "DaemonSet": _workload(
            {"updateStrategy": Rule.WHOLE},
            "currentNumberScheduled desiredNumberScheduled numberAvailable numberMisscheduled numberReady"
            " numberUnavailable updatedNumberScheduled",
            args,
        ),
        "Job": {
            **COMMON,
            "spec": {**job, "selector": SELECTOR},
            "status": {
                **keep("active ready succeeded failed terminating startTime completionTime completedIndexes"),
                "conditions": CONDITIONS,
            },
        },
        "CronJob": {
            **COMMON,
            "spec": {
                **keep("schedule timeZone suspend concurrencyPolicy startingDeadlineSeconds"),
                **keep("successfulJobsHistoryLimit failedJobsHistoryLimit"),
                "jobTemplate": {"metadata": METADATA, "spec": job},
            },
            "status": {**keep("lastScheduleTime lastSuccessfulTime"), "active": Rule.WHOLE},
        },
        "Pod": {
            **COMMON,
            "spec": _pod(args),
            "status": {
                **keep("phase reason message startTime qosClass nominatedNodeName"),
                "conditions": CONDITIONS,
                **dict.fromkeys(
                    ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"), _CONTAINER_STATUS
                ),
                ANY: Rule.DROP,
            },
        },
    }


_REFERENCE: Final = keep("apiVersion kind namespace name uid resourceVersion fieldPath")
_LOAD_BALANCER: Final = {"ingress": keep("ip hostname ipMode")}
_ANY_REF: Final = {**REF, **keep("apiGroup")}
_BACKEND: Final = {"service": {**keep("name"), "port": keep("name number")}, "resource": _ANY_REF}
_TARGET: Final = keep("type value averageValue averageUtilization")
_METRIC: Final = {
    **keep("name container"),
    "metric": keep("name"),
    "describedObject": REF,
    "target": _TARGET,
    "current": _TARGET,
}
_METRICS: Final = {
    **keep("type"),
    **dict.fromkeys(("resource", "containerResource", "pods", "object", "external"), _METRIC),
}
KUBERNETES_SHAPES: Final[Mapping[str, Shape]] = {
    **_kubernetes(Rule.HIDE),
    "Event": {
        **COMMON,
        **keep("type reason message action count eventTime firstTimestamp lastTimestamp"),
        **keep("reportingComponent reportingInstance"),
        "involvedObject": _REFERENCE,
        "related": _REFERENCE,
        "source": keep("component host"),
        "series": keep("count lastObservedTime"),
        ANY: Rule.DROP,
    },
    "Namespace": {
        **COMMON,
        "spec": keep("finalizers"),
        "status": {**keep("phase"), "conditions": CONDITIONS},
    },
    "Node": {
        **COMMON,
        "spec": {**keep("unschedulable podCIDR podCIDRs providerID"), "taints": keep("key value effect timeAdded")},
        "status": {
            "nodeInfo": {
                **keep("kubeletVersion osImage kernelVersion containerRuntimeVersion architecture operatingSystem"),
                ANY: Rule.DROP,
            },
            "addresses": keep("type address"),
            **dict.fromkeys(("capacity", "allocatable"), Rule.WHOLE),
            "conditions": CONDITIONS,
            ANY: Rule.DROP,
        },
    },
    "Service": {
        **COMMON,
        "spec": {
            **keep("type clusterIP clusterIPs externalIPs externalName externalTrafficPolicy internalTrafficPolicy"),
            **keep("ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges"),
            **keep("sessionAffinity publishNotReadyAddresses healthCheckNodePort allocateLoadBalancerNodePorts"),
            "selector": Rule.WHOLE,
            "ports": keep("name port protocol targetPort nodePort appProtocol"),
        },
        "status": {"loadBalancer": _LOAD_BALANCER, "conditions": CONDITIONS},
    },
    "Ingress": {
        **COMMON,
        "spec": {
            **keep("ingressClassName"),
            "defaultBackend": _BACKEND,
            "rules": {**keep("host"), "http": {"paths": {**keep("path pathType"), "backend": _BACKEND}}},
            "tls": keep("hosts secretName"),
        },
        "status": {"loadBalancer": _LOAD_BALANCER},
    },
    "HorizontalPodAutoscaler": {
        **COMMON,
        "spec": {
            **keep("minReplicas maxReplicas targetCPUUtilizationPercentage"),
            "scaleTargetRef": REF,
            "metrics": _METRICS,
            "behavior": Rule.WHOLE,
        },
        "status": {
            **keep("currentReplicas desiredReplicas lastScaleTime observedGeneration currentCPUUtilizationPercentage"),
            "currentMetrics": _METRICS,
            "conditions": CONDITIONS,
        },
    },
    "PersistentVolumeClaim": {
        **COMMON,
        "spec": {
            **keep("accessModes storageClassName volumeMode volumeName volumeAttributesClassName"),
            "resources": Rule.WHOLE,
            "selector": SELECTOR,
            "dataSource": _ANY_REF,
            "dataSourceRef": _ANY_REF,
        },
        "status": {**keep("phase accessModes"), "capacity": Rule.WHOLE, "conditions": CONDITIONS},
    },
    "ConfigMap": {**COMMON, **keep("immutable"), "data": Rule.KEYS, "binaryData": Rule.KEYS},
    "CustomResourceDefinition": {
        **COMMON,
        "spec": {
            **keep("group scope"),
            "names": Rule.WHOLE,
            "versions": {**keep("name served storage deprecated deprecationWarning"), ANY: Rule.DROP},
            "conversion": {**keep("strategy"), ANY: Rule.DROP},
            ANY: Rule.DROP,
        },
        "status": {**keep("storedVersions"), "acceptedNames": Rule.WHOLE, "conditions": CONDITIONS},
    },
}
CONTROLLER_SHAPES: Final = _kubernetes(Rule.KEEP)
ANY_SHAPE: Final[Shape] = {**COMMON, "spec": Rule.KEYS, "data": Rule.KEYS, "status": {"conditions": CONDITIONS}}
GROUPS: Final = {
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"), "apps"),
    **dict.fromkeys(("Job", "CronJob"), "batch"),
    "HorizontalPodAutoscaler": "autoscaling",
    "Ingress": "networking.k8s.io",
    "CustomResourceDefinition": "apiextensions.k8s.io",
}
