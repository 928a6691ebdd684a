"""The table of the Kubernetes kinds beside Flux's own. Adding one is one entry here.

Source: the Kubernetes API 1.28 to 1.37. The environment of a container is never shown; its arguments are shown for
Flux's own controllers only, whose behavior they change.
"""

from collections.abc import Mapping
from typing import Final

from flux_mcp.api.fields import ANY, COMMON, CONDITIONS, METADATA, REF, SELECTOR, FieldPolicy, Fields, keep
from flux_mcp.api.kind import Column, Kind

_STATE: Final = {
    "waiting": keep("reason message"),
    "running": keep("startedAt"),
    "terminated": keep("exitCode signal reason message startedAt finishedAt"),
}
_CONTAINER_STATUS: Final = {
    **keep("name ready started restartCount image imageID"),
    "state": _STATE,
    "lastState": _STATE,
    ANY: FieldPolicy.DROP,
}


def _containers(args: FieldPolicy) -> Fields:
    return {
        **keep("name image imagePullPolicy"),
        "resources": FieldPolicy.WHOLE,
        "args": args,
        "env": FieldPolicy.HIDE,
        "envFrom": FieldPolicy.DROP,
        # A command line, a hook and the headers of a probe may hold what an environment holds.
        **dict.fromkeys(("command", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe"), FieldPolicy.HIDE),
    }


def _pod(args: FieldPolicy) -> Fields:
    containers = _containers(args)
    return {
        **keep("nodeName serviceAccountName restartPolicy priorityClassName hostNetwork schedulerName"),
        **dict.fromkeys(("containers", "initContainers", "ephemeralContainers"), containers),
        "imagePullSecrets": REF,
        "nodeSelector": FieldPolicy.WHOLE,
    }


def _workload(spec: Fields, status: str, args: FieldPolicy) -> Fields:
    template = {"metadata": METADATA, "spec": _pod(args)}
    status_fields = {
        **keep(status),
        **keep("observedGeneration replicas readyReplicas availableReplicas unavailableReplicas updatedReplicas"),
        "conditions": CONDITIONS,
    }
    common = {**keep("replicas paused minReadySeconds progressDeadlineSeconds revisionHistoryLimit")}
    return {
        **COMMON,
        "spec": {**common, "selector": SELECTOR, "template": template, **spec},
        "status": status_fields,
    }


def _workloads(args: FieldPolicy) -> Mapping[str, Fields]:
    """The kinds that run something; the arguments of containers may hold what an environment holds."""
    job = {
        **keep("parallelism completions completionMode backoffLimit activeDeadlineSeconds ttlSecondsAfterFinished"),
        **keep("suspend"),
        "template": {"metadata": METADATA, "spec": _pod(args)},
    }
    return {
        "Deployment": _workload({"strategy": FieldPolicy.WHOLE}, "terminatingReplicas", args),
        "ReplicaSet": _workload({}, "fullyLabeledReplicas terminatingReplicas", args),
        "StatefulSet": _workload(
            {**keep("serviceName podManagementPolicy"), "updateStrategy": FieldPolicy.WHOLE},
            "currentReplicas currentRevision updateRevision collisionCount",
            args,
        ),
        "DaemonSet": _workload(
            {"updateStrategy": FieldPolicy.WHOLE},
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
            "status": {**keep("lastScheduleTime lastSuccessfulTime"), "active": FieldPolicy.WHOLE},
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
                ANY: FieldPolicy.DROP,
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
_WORKLOAD: Final = _workloads(FieldPolicy.HIDE)
CONTROLLER_FIELDS: Final = _workloads(FieldPolicy.KEEP)
"""The workload kinds of Flux's own controllers, whose arguments are shown: kind → fields."""

DEPLOYMENT: Final = Kind(
    kind="Deployment",
    group="apps",
    plural="deployments",
    short_names=("deploy",),
    fields=_WORKLOAD["Deployment"],
)
STATEFUL_SET: Final = Kind(
    kind="StatefulSet",
    group="apps",
    plural="statefulsets",
    short_names=("sts",),
    fields=_WORKLOAD["StatefulSet"],
)
DAEMON_SET: Final = Kind(
    kind="DaemonSet",
    group="apps",
    plural="daemonsets",
    short_names=("ds",),
    fields=_WORKLOAD["DaemonSet"],
)
REPLICA_SET: Final = Kind(
    kind="ReplicaSet",
    group="apps",
    plural="replicasets",
    short_names=("rs",),
    fields=_WORKLOAD["ReplicaSet"],
)
CRON_JOB: Final = Kind(
    kind="CronJob",
    group="batch",
    plural="cronjobs",
    short_names=("cj",),
    fields=_WORKLOAD["CronJob"],
)
JOB: Final = Kind(
    kind="Job",
    group="batch",
    plural="jobs",
    fields=_WORKLOAD["Job"],
)
POD: Final = Kind(
    kind="Pod",
    group="",
    plural="pods",
    short_names=("po",),
    fields=_WORKLOAD["Pod"],
)
EVENT: Final = Kind(
    kind="Event",
    group="",
    plural="events",
    short_names=("ev",),
    fields={
        **COMMON,
        **keep("type reason message action count eventTime firstTimestamp lastTimestamp"),
        **keep("reportingComponent reportingInstance"),
        "involvedObject": _REFERENCE,
        "related": _REFERENCE,
        "source": keep("component host"),
        "series": keep("count lastObservedTime"),
        ANY: FieldPolicy.DROP,
    },
)
NAMESPACE: Final = Kind(
    kind="Namespace",
    group="",
    plural="namespaces",
    short_names=("ns",),
    namespaced=False,
    fields={
        **COMMON,
        "spec": keep("finalizers"),
        "status": {**keep("phase"), "conditions": CONDITIONS},
    },
    columns=(Column("", ("status.phase",), healthy=("Active",)),),
)
CONFIG_MAP: Final = Kind(
    kind="ConfigMap",
    group="",
    plural="configmaps",
    short_names=("cm",),
    fields={**COMMON, **keep("immutable"), "data": FieldPolicy.KEYS, "binaryData": FieldPolicy.KEYS},
    columns=(Column("keys", ("data", "binaryData"), absent="no keys"), Column("immutable", ("immutable",))),
)
CRD: Final = Kind(
    kind="CustomResourceDefinition",
    group="apiextensions.k8s.io",
    plural="customresourcedefinitions",
    short_names=(
        "crd",
        "crds",
    ),
    namespaced=False,
    fields={
        **COMMON,
        "spec": {
            **keep("group scope"),
            "names": FieldPolicy.WHOLE,
            "versions": {**keep("name served storage deprecated deprecationWarning"), ANY: FieldPolicy.DROP},
            "conversion": {**keep("strategy"), ANY: FieldPolicy.DROP},
            ANY: FieldPolicy.DROP,
        },
        "status": {**keep("storedVersions"), "acceptedNames": FieldPolicy.WHOLE, "conditions": CONDITIONS},
    },
)
SERVICE: Final = Kind(
    kind="Service",
    group="",
    plural="services",
    short_names=("svc",),
    fields={
        **COMMON,
        "spec": {
            **keep("type clusterIP clusterIPs externalIPs externalName externalTrafficPolicy internalTrafficPolicy"),
            **keep("ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges"),
            **keep("sessionAffinity publishNotReadyAddresses healthCheckNodePort allocateLoadBalancerNodePorts"),
            "selector": FieldPolicy.WHOLE,
            "ports": keep("name port protocol targetPort nodePort appProtocol"),
        },
        "status": {"loadBalancer": _LOAD_BALANCER, "conditions": CONDITIONS},
    },
)
PERSISTENT_VOLUME_CLAIM: Final = Kind(
    kind="PersistentVolumeClaim",
    group="",
    plural="persistentvolumeclaims",
    short_names=("pvc",),
    fields={
        **COMMON,
        "spec": {
            **keep("accessModes storageClassName volumeMode volumeName volumeAttributesClassName"),
            "resources": FieldPolicy.WHOLE,
            "selector": SELECTOR,
            "dataSource": _ANY_REF,
            "dataSourceRef": _ANY_REF,
        },
        "status": {**keep("phase accessModes"), "capacity": FieldPolicy.WHOLE, "conditions": CONDITIONS},
    },
    columns=(
        Column("", ("status.phase",), healthy=("Bound",)),
        Column("capacity", ("status.capacity.storage",)),
        Column("requested", ("spec.resources.requests.storage",)),
        Column("storage class", ("spec.storageClassName",)),
        Column("access modes", ("spec.accessModes",)),
        Column("volume", ("spec.volumeName",)),
    ),
)

WORKLOAD_KINDS: Final = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB, JOB)
KUBERNETES_KINDS: Final = (
    *WORKLOAD_KINDS,
    REPLICA_SET,
    POD,
    EVENT,
    SERVICE,
    PERSISTENT_VOLUME_CLAIM,
    NAMESPACE,
    CONFIG_MAP,
    CRD,
)
"""The kinds beside Flux's own that are read; every API server serves them."""
OTHER_KINDS: Final = (
    Kind(
        kind="Ingress",
        group="networking.k8s.io",
        plural="ingresses",
        short_names=("ing",),
        fields={
            **COMMON,
            "spec": {
                **keep("ingressClassName"),
                "defaultBackend": _BACKEND,
                "rules": {**keep("host"), "http": {"paths": {**keep("path pathType"), "backend": _BACKEND}}},
                "tls": keep("hosts secretName"),
            },
            "status": {"loadBalancer": _LOAD_BALANCER},
        },
        columns=(
            Column("class", ("spec.ingressClassName",)),
            Column("hosts", ("spec.rules.host",)),
            Column("to Service", ("spec.rules.http.paths.backend.service.name", "spec.defaultBackend.service.name")),
            Column("TLS for", ("spec.tls.hosts",)),
            Column(
                "address", ("status.loadBalancer.ingress.ip", "status.loadBalancer.ingress.hostname"), "no address yet"
            ),
        ),
    ),
    Kind(
        kind="HorizontalPodAutoscaler",
        group="autoscaling",
        plural="horizontalpodautoscalers",
        short_names=("hpa",),
        fields={
            **COMMON,
            "spec": {
                **keep("minReplicas maxReplicas targetCPUUtilizationPercentage"),
                "scaleTargetRef": REF,
                "metrics": _METRICS,
                "behavior": FieldPolicy.WHOLE,
            },
            "status": {
                **keep(
                    "currentReplicas desiredReplicas lastScaleTime observedGeneration currentCPUUtilizationPercentage"
                ),
                "currentMetrics": _METRICS,
                "conditions": CONDITIONS,
            },
        },
    ),
    Kind(
        kind="ResourceQuota",
        group="",
        plural="resourcequotas",
        short_names=("quota",),
        fields={
            **COMMON,
            "spec": {
                **keep("scopes"),
                "hard": FieldPolicy.WHOLE,
                "scopeSelector": {"matchExpressions": keep("scopeName operator values")},
            },
            "status": dict.fromkeys(("hard", "used"), FieldPolicy.WHOLE),
        },
    ),
    Kind(
        kind="LimitRange",
        group="",
        plural="limitranges",
        short_names=("limits",),
        fields={**COMMON, "spec": {"limits": FieldPolicy.WHOLE}},
    ),
    Kind(kind="ServiceAccount", group="", plural="serviceaccounts", short_names=("sa",)),
    Kind(kind="NetworkPolicy", group="networking.k8s.io", plural="networkpolicies", short_names=("netpol",)),
    Kind(
        kind="Node",
        group="",
        plural="nodes",
        short_names=("no",),
        namespaced=False,
        fields={
            **COMMON,
            "spec": {**keep("unschedulable podCIDR podCIDRs providerID"), "taints": keep("key value effect timeAdded")},
            "status": {
                "nodeInfo": {
                    **keep("kubeletVersion osImage kernelVersion containerRuntimeVersion architecture operatingSystem"),
                    ANY: FieldPolicy.DROP,
                },
                "addresses": keep("type address"),
                **dict.fromkeys(("capacity", "allocatable"), FieldPolicy.WHOLE),
                "conditions": CONDITIONS,
                ANY: FieldPolicy.DROP,
            },
        },
    ),
)
"""Kinds that people ask for by name and every API server serves, so that a recording without one does not deny it."""
