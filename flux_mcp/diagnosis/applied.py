"""The health of what an object applied: Flux objects, workloads, and what Helm and Pods wait for."""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Final

from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import (
    CRON_JOB,
    DEPLOYMENT,
    EVENT,
    JOB,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICA_SET,
    SERVICE,
    WORKLOAD_KINDS,
)
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owners_by_label
from flux_mcp.api.unstructured import at, text
from flux_mcp.diagnosis.catalog.failure import Upstream
from flux_mcp.diagnosis.catalog.lookup import failure
from flux_mcp.diagnosis.cause import CauseType, Detail, Fact, event_detail
from flux_mcp.diagnosis.deletion import deleting_of_crd, follow_namespace
from flux_mcp.diagnosis.evidence import Evidence, OtherObject
from flux_mcp.diagnosis.messages import NamedObject, named_objects
from flux_mcp.diagnosis.references import failing_releases_of, follow_absent, follow_running
from flux_mcp.diagnosis.search import Search, controller_cause
from flux_mcp.diagnosis.snapshot import OtherDependency
from flux_mcp.diagnosis.workload_health import failed_before, last_failures, prerequisite_failure, workload_failures
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Health

READY_NAMED: Final = 3
"""Workloads that are ready and named, since a message says otherwise."""
UNREAD_NAMED: Final = 5
"""Objects of other kinds that a message names and are named."""
_BETWEEN: Final = {DEPLOYMENT.kind: (REPLICA_SET,), CRON_JOB.kind: (JOB,)}
"""What stands between a workload and its Pods."""
_PREREQUISITES: Final = (SERVICE, PERSISTENT_VOLUME_CLAIM)
_PREREQUISITE_KINDS: Final = frozenset(kind.kind for kind in _PREREQUISITES)
_MISSING: Final = re.compile(
    r'(?:(?:configmap|secret)s? "|image pull secrets \()([^"()\s,]{1,253})(?:" not found|[,)])', re.IGNORECASE
)
_MAKERS: Final = (
    ("ConfigMap", "", ""),
    ("Secret", "", ""),
    ("ExternalSecret", "external-secrets.io", ""),
    ("SealedSecret", "bitnami.com", ""),
    ("VaultStaticSecret", "secrets.hashicorp.com", ""),
    ("Certificate", "cert-manager.io", ""),
    ("Certificate", "cert-manager.io", "-tls"),
    ("Cluster", "cluster.x-k8s.io", "-kubeconfig"),
    ("Cluster", "postgresql.cnpg.io", "-app"),
    ("Cluster", "postgresql.cnpg.io", "-superuser"),
    ("KafkaUser", "kafka.strimzi.io", ""),
    ("RabbitmqCluster", "rabbitmq.com", "-default-user"),
    ("Elasticsearch", "elasticsearch.k8s.elastic.co", "-es-elastic-user"),
)
"""Kinds that make a Secret, with their groups, and what they append to their own name for it."""
_HASH: Final = re.compile("-[2456789bcdfghkmt]{10}")
"""What kustomize appends to the names of what it generates.

Source: https://github.com/kubernetes-sigs/kustomize/blob/master/api/hasher/hasher.go
"""
_NAMING: Final = (("Certificate", "cert-manager.io"), ("ExternalSecret", "external-secrets.io"))
"""Kinds that make a Secret whose name may be another than theirs: spec.secretName, spec.target.name."""
_TO_CREATE: Final = frozenset(
    {
        "credentials-secret-missing",
        "kubeconfig-secret-missing",
        "notification-secret-missing",
        "receiver-token-missing",
        "sops-secret-missing",
    }
)
"""Failures whose advice is to create an object, which another object may be meant to make."""
_NOTHING_APPLIED: Final = frozenset({"BuildFailed", "ReconciliationFailed", "ArtifactFailed"})
"""Reasons for which an applier does not create again what is missing."""
_SOON: Final = frozenset({"readiness-probe-failing", "init-container-running", "image-pull-slow"})
"""Failures that end by themselves while a Pod starts."""
_SHORT: Final = re.compile(r"failed after \d{1,2}(?:\.\d{1,20})?s\b")
"""Of a health check that waited for less than a minute."""
_ROLLOUT: Final = timedelta(minutes=5)
_BEFORE: Final = timedelta(hours=1)
"""A Helm action may take so long before it is written that it failed."""


def follow_health(search: Search, message: str) -> None:
    """Whether what the object applied is in the way, by the message and by what was read."""
    if search.subject.node.remote:
        search.failures = [one for one in search.failures if one.upstream is not Upstream.HEALTH]
        search.blame("remote-cluster", *(Detail(Fact.UNREAD, (one.entry.ref,)) for one in _named(search, message)))
        return
    named = _named(search, message)
    before = len(search.by) + len(search.causes) + len(search.late) + len(search.ready)
    applied = search.subject.node.applied or ()
    for one in dict.fromkeys((*(each.entry for each in named), *applied)):
        if one.is_flux:
            _follow_child(search, one.ref, named=any(each.entry == one for each in named))
        elif one.kind == "Namespace" and any(each.entry == one and each.status == "Terminating" for each in named):
            follow_namespace(search, one.name)
    children = len(search.by) + len(search.causes) + len(search.late) + len(search.ready) - before
    _follow_workloads(search, named, children=children)
    spec = at(search.subject.item, "spec")
    if search.ref.kind == "Kustomization" and not text(spec, "timeout") and _SHORT.search(message):
        search.details.append(Detail(Fact.TIMEOUT, (search.ref,), (text(spec, "interval"),)))


def follow_applied(search: Search, namespaces: Collection[str]) -> None:
    """What keeps the workloads that it applied from being ready, in these namespaces or, without any, in all.

    An ordinary rollout is no failure: a probe that fails since minutes is, or what does not end by itself.
    """
    applied, release = search.subject.node.applied, release_namespace(search)
    entries = [
        one
        for one in (applied if applied is not None else _labelled(search, release))
        if one.workload is not None and one.kind != CRON_JOB.kind
        if not namespaces or one.namespace in namespaces
    ]
    for place in {one.namespace for one in entries} | ({release} if applied is None and release else set()):
        search.need(place, _kinds([one for one in entries if one.namespace == place], every=applied is None))
    for entry in entries:
        before = len(search.workloads)
        _follow_workload(search, entry, [], named=False)
        if not _for_long(search, entry.ref):
            hard = (one for one in search.workloads[before:] if one.failure is not None and one.failure.id not in _SOON)
            search.workloads[before:] = hard
    for ref in missing_workloads(entries, search.snapshot.evidence):
        search.need(search.ref.namespace, (EVENT,))
        search.details += (Detail(Fact.WORKLOAD_MISSING, (ref,)), *search.pruned(ref))


def missing_workloads(entries: Iterable[InventoryEntry], evidence: Evidence) -> Iterator[ObjectRef]:
    """The workloads of an inventory that do not exist."""
    for one in entries:
        if one.stays and evidence.was_read(one.namespace, one.kind) and one.ref not in evidence.workloads:
            yield one.ref


def _for_long(search: Search, ref: ObjectRef) -> bool:
    workload = search.snapshot.evidence.workloads.get(ref)
    bad = workload.conditions if workload is not None else ()
    since = [one.changed for one in bad if one.type in {"Available", "Progressing"} and one.status == "False"]
    return any(one is not None and one < search.snapshot.now - _ROLLOUT for one in since)


def _named(search: Search, message: str) -> tuple[NamedObject, ...]:
    found = (NamedObject(_resolved(search, one.entry), one.status) for one in _of_message(search, message))
    return tuple({one.entry: one for one in found}.values())


def _of_message(search: Search, message: str) -> tuple[NamedObject, ...]:
    return named_objects(message, release_namespace(search) or search.subject.target)


def release_namespace(search: Search) -> str:
    """The namespace that a HelmRelease installs into; empty for other kinds."""
    releases = search.subject.releases
    # While it is installed for the first time, its history is empty.
    return releases[0].namespace if releases else search.subject.target if search.ref.kind == "HelmRelease" else ""


def _resolved(search: Search, named: InventoryEntry) -> InventoryEntry:
    """An object that a message names without its API group: the inventory has the group, else what was read.

    Other vendors have kinds with names of Flux's and Kubernetes'; one that neither knows has no group. A cluster-scoped
    one has no namespace.
    """
    for one in search.subject.node.applied or ():
        if (one.kind, one.name) == (named.kind, named.name) and one.namespace in {"", named.namespace}:
            return one
    if named.kind == "Namespace":
        return InventoryEntry(named.kind, "", "", named.name)
    ref = named.ref
    if named.kind not in by_kind or ref in search.snapshot.statuses or not search.snapshot.knows(ref):
        return named
    # A Flux object of that name may have been deleted; another vendor's kind may have the same name.
    return InventoryEntry(named.kind, "", named.namespace, named.name)


def _follow_child(search: Search, ref: ObjectRef, *, named: bool) -> None:
    """A Flux object that it applied."""
    snapshot, one = search.snapshot, search.subject
    if ref == search.ref or not (named or one.waits or ref in one.checked):
        return
    status = snapshot.statuses.get(ref)
    if status is None:
        if named:
            follow_absent(search, ref)
        return
    if status.health is Health.PROGRESSING and not status.trouble:
        follow_running(search, ref)
        if search.status.reason == "HealthCheckFailed" and search.status.object.timeout < status.object.timeout:
            search.failures = [one for one in search.failures if one.upstream is not Upstream.HEALTH]
            search.blame("health-check-ends-too-early")
    elif status.health is Health.SUSPENDED:
        if named:
            search.by[ref] = None
    elif status.trouble and status.health is not Health.READY:
        search.by[ref] = None
    elif named:
        search.ready[ref] = None


def _follow_workloads(search: Search, named: tuple[NamedObject, ...], *, children: int) -> None:
    """Workloads, Services and claims: those that a message names, and those of the inventory that are not ready.

    Args:
        search: of what applied them.
        named: what a message names.
        children: Flux objects that were found to be in the way.
    """
    entries = [one.entry for one in named]
    applied = search.subject.node.applied
    listed = [
        one for one in (*entries, *(applied or ())) if one.workload is not None or _is_prerequisite(one) or _is_pod(one)
    ]
    namespace = release_namespace(search) or search.subject.target
    helm = search.ref.kind == "HelmRelease"
    unknown = helm and not applied
    for place in {one.namespace for one in listed} | ({namespace} if unknown else set()):
        search.need(place, _kinds([one for one in listed if one.namespace == place], every=unknown))
    by_label = [] if applied is not None or not helm else [*_labelled(search, namespace)]
    ready: list[ObjectRef] = []
    failed = len(search.workloads)
    for entry in dict.fromkeys((*listed, *by_label)):
        if entry.workload is not None:
            _follow_workload(search, entry, ready, named=entry in entries)
        elif _is_pod(entry):
            search.workloads += workload_failures(entry.ref, search.snapshot.evidence, search.snapshot.now)
        else:
            _follow_prerequisite(search, entry.ref)
    others = [
        one.entry
        for one in named
        if not one.entry.is_flux and one.entry not in listed and one.entry.kind not in {"Namespace", *by_kind}
    ]
    unreported = []
    for entry in others[:UNREAD_NAMED]:
        search.details += _other(search, entry)
        _follow_made(search, entry.ref)
        behind = [*failing_releases_of(search, entry.group)] if _unseen(search, entry.ref) else []
        behind += deleting_of_crd(search.snapshot, entry.ref)
        search.by |= dict.fromkeys(behind)
        unreported += [entry] if behind else []
    found = len(search.workloads) > failed or any(one.fact in _NOT_READY for one in search.details)
    controllers = any(one.type is CauseType.CONTROLLER for one in search.causes)
    search.own = search.own or found or len(others) > len(unreported) or not (children or controllers or unreported)
    waiting = any(one.about[0].kind in _PREREQUISITE_KINDS for one in search.workloads)
    if ready and not others and (not found or waiting):
        _all_ready(search, ready)


def _follow_made(search: Search, ref: ObjectRef) -> None:
    """What an operator made for an object of a kind that is not known here: its workloads, Pods and requests."""
    if not ref.namespace or ref.kind in _MAKE_NOTHING:
        return
    search.need(ref.namespace, (*WORKLOAD_KINDS, REPLICA_SET, POD, EVENT, PERSISTENT_VOLUME_CLAIM))
    evidence = search.snapshot.evidence
    before = len(search.workloads)

    def applied(name: str) -> bool:
        return any(entry.namespace == ref.namespace for entry in search.snapshot.graph.managed_as(name))

    for made in evidence.made_for(ref, applied):
        workload = evidence.workloads.get(made)
        known = {about for one in search.workloads for about in one.about}
        if workload is None or not workload.settled:
            search.workloads += [
                one for one in workload_failures(made, evidence, search.snapshot.now) if known.isdisjoint(one.about)
            ]
    newest = evidence.newest_below(ref, applied) if len(search.workloads) == before else None
    if newest is not None:
        search.details.append(event_detail(newest))


def follow_missing(search: Search, reported: str = "") -> None:
    """Who applies a ConfigMap or Secret that a message says is missing, or what generates one of that name.

    Args:
        search: of the object.
        reported: the message of an object that has no status.
    """
    said = [(reported or search.status.message, search.ref.namespace)]
    said += [(one.message, one.about[0].namespace) for one in search.workloads]
    for message, namespace in said:
        for name in dict.fromkeys(_MISSING.findall(message)):
            releases: list[ObjectRef] = []
            makers = 0
            for kind, group, suffix in _MAKERS:
                entry = InventoryEntry(kind, group, namespace, name.removesuffix(suffix))
                search.details += search.pruned(entry.ref) if not group and _says(kind, name, message) else ()
                if not name.endswith(suffix) or not (holders := search.snapshot.graph.holders(entry)):
                    continue
                makers += 1
                if group:
                    made = [*_other(search, entry)]
                    search.details += made
                    if message == said[0][0] and not any(one.fact is Fact.READY_NOW for one in made):
                        search.failures = [
                            failure("secret-not-made") if one.id in _TO_CREATE else one for one in search.failures
                        ]
                    releases += failing_releases_of(search, group) if _unseen(search, entry.ref) else ()
                if not group or search.ref not in holders:
                    search.details.append(Detail(Fact.APPLIED_BY, (entry.ref, *holders)))
                    statuses = search.snapshot.statuses
                    found = [one for one in holders if one in statuses and statuses[one].health is Health.SUSPENDED]
                    search.details += [Detail(Fact.HELD, tuple(found), ("suspended",))] if found else []
                    # Who does not apply anything now does not create it again either.
                    search.wait_for(
                        one for one in holders if one in statuses and statuses[one].reason in _NOTHING_APPLIED
                    )
            if releases and message == said[0][0]:
                search.by |= dict.fromkeys(releases)
                search.own = False
            _follow_misnamed(search, name, namespace)
            if not makers and re.search(rf'secrets? "{re.escape(name)}"', message, re.IGNORECASE):
                search.details += _makers_in(search, namespace)


def _makers_in(search: Search, namespace: str) -> Iterator[Detail]:
    """What may make a Secret in a namespace under another name than its own, unless it is ready."""
    found = [
        entry
        for kind, group in _NAMING
        for entry in search.snapshot.graph.managed(kind, group)
        if entry.namespace == namespace
    ]
    for entry in found[:READY_NAMED]:
        made = [*_other(search, entry)]
        if not any(one.fact is Fact.READY_NOW for one in made):
            yield Detail(Fact.MAY_MAKE, (entry.ref,))
            yield from (one for one in made if one.fact is Fact.CONDITION)


def _follow_misnamed(search: Search, name: str, namespace: str) -> None:
    """What is applied in place of a ConfigMap or Secret that is missing: in another namespace, or with a hash."""
    graph, kinds = search.snapshot.graph, ("ConfigMap", "Secret")
    same = [one.ref for one in graph.managed_as(name) if one.kind in kinds and not one.group]
    if same and all(ref.namespace != namespace for ref in same):
        search.details.append(Detail(Fact.EXISTS, tuple(same[:READY_NAMED])))
    generated = tuple(
        one.ref
        for kind in kinds
        for one in graph.managed(kind, "")
        if one.namespace == namespace and one.name.startswith(f"{name}-") and _HASH.fullmatch(one.name[len(name) :])
    )
    if generated and not same:
        search.details.append(Detail(Fact.EXISTS, generated[:READY_NAMED]))
        search.failures = [one for one in search.failures if one is not failure("helm-values-missing")]
        search.failures.insert(0, failure("generated-name-not-replaced"))


def _says(kind: str, name: str, message: str) -> bool:
    return re.search(rf'{kind}s? "{re.escape(name)}"', message, re.IGNORECASE) is not None


def _unseen(search: Search, ref: ObjectRef) -> bool:
    """Whether no controller has looked at an object of a kind that is not known here.

    Some kinds are created with conditions that are Unknown: of a Gateway, "Waiting for controller".
    """
    found = search.snapshot.evidence.others.get(ref)
    return found is not None and all(one.status == "Unknown" for one in found.conditions)


def _other(search: Search, entry: InventoryEntry) -> Iterator[Detail]:
    """What its conditions and its newest Event say of an object of a kind that is not known here."""
    ref = entry.ref
    search.need(ref.namespace, (EVENT,))
    if ref.kind != "Secret":
        # Several groups may have the kind; the API server chooses the version.
        search.targets.append(OtherDependency(ref, f"{entry.group}/v1" if entry.group else "", must_be_ready=True))
    evidence = search.snapshot.evidence
    found = evidence.others.get(ref)
    every = found.conditions if found is not None else ()
    main = [one for one in every if one.type in _READY]
    wrong = [one for one in main if one.status != "True"]
    wrong += [one for one in every if one.status == "True" and _TROUBLE.search(one.type)]
    wrong += [one for one in every if one.status != "True" and not _TROUBLE.search(one.type)]
    said = wrong[0].message if wrong else ""
    if said:
        yield Detail(Fact.CONDITION, (ref,), (f"{wrong[0].type}={wrong[0].status}", wrong[0].reason, said))
    if main and not wrong:
        yield Detail(Fact.READY_NOW, (ref,), (), main[0].changed)
        return
    newest = evidence.newest_warning(ref)
    deleted = isinstance(found, OtherObject) and found.deleted is not None
    if isinstance(found, OtherObject) and deleted:
        yield Detail(Fact.DELETED, (ref,), found.finalizers, found.deleted)
    if newest is not None and newest.message not in said:
        yield event_detail(newest)
    elif not said and not deleted:
        yield Detail(Fact.UNREAD if found is None else Fact.UNREPORTED, (ref,))


_READY: Final = frozenset({"Ready", "Available", "Synced", "Healthy"})
"""Conditions in which kinds of other vendors sum up their status."""
_MAKE_NOTHING: Final = frozenset({"Secret", "ConfigMap", *(kind.kind for kind in WORKLOAD_KINDS)})
"""Kinds that no operator stands behind, and those of other vendors that are called as workloads of Kubernetes."""
_TROUBLE: Final = re.compile(r"fail|error|degraded|stalled|invalid|notready", re.IGNORECASE)
"""Conditions that are trouble where they are True."""
_NOT_READY: Final = frozenset({Fact.WORKLOAD_UNKNOWN, Fact.WORKLOAD_MISSING, Fact.WORKLOAD_UNREAD})


def _is_pod(entry: InventoryEntry) -> bool:
    return not entry.group and entry.kind == POD.kind


def _is_prerequisite(entry: InventoryEntry) -> bool:
    return not entry.group and entry.kind in _PREREQUISITE_KINDS


def _labelled(search: Search, namespace: str) -> Iterator[InventoryEntry]:
    """What runs in a namespace with the label of a release whose status has no inventory."""
    evidence = search.snapshot.evidence
    groups = {kind.kind: kind.group for kind in (*WORKLOAD_KINDS, *_PREREQUISITES)}
    for one in (*evidence.workloads.values(), *evidence.others.values()):
        found = getattr(one, "labels", {})
        if one.ref.namespace == namespace and one.ref.kind in groups and search.ref in owners_by_label(found):
            yield InventoryEntry(one.ref.kind, groups[one.ref.kind], namespace, one.ref.name)


def _kinds(entries: Iterable[InventoryEntry], *, every: bool) -> Iterator[Kind]:
    """The kinds to read of a namespace: no more than are needed."""
    yield from (POD, EVENT, PERSISTENT_VOLUME_CLAIM)
    if every:
        yield from (*WORKLOAD_KINDS, REPLICA_SET, SERVICE)
    for entry in entries:
        if (kind := entry.workload) is not None:
            yield from (kind, *_BETWEEN.get(kind.kind, ()))
        elif entry.kind == SERVICE.kind:
            yield SERVICE


def _follow_workload(search: Search, entry: InventoryEntry, ready: list[ObjectRef], *, named: bool) -> None:
    evidence, ref = search.snapshot.evidence, entry.ref
    if not evidence.was_read(ref.namespace, ref.kind):
        if named:
            search.details.append(Detail(Fact.WORKLOAD_UNREAD, (ref,)))
        return
    workload = evidence.workloads.get(ref)
    if workload is None:
        if named:
            search.details.append(Detail(Fact.WORKLOAD_MISSING, (ref,)))
            same = [one.ref for one in search.snapshot.graph.managed_as(ref.name) if one.kind == ref.kind]
            elsewhere = tuple(one for one in same if one.namespace != ref.namespace)[:READY_NAMED]
            search.details += [Detail(Fact.EXISTS, elsewhere)] if elsewhere else []
            search.workloads += last_failures(ref, evidence)
        return
    controllers = search.snapshot.controllers.found
    failing = next((one for one in controllers if one.ref == ref and (one.down or one.stuck)), None)
    if failing is not None:
        search.add(controller_cause(failing, search.snapshot))
        return
    if workload.settled and not (named and workload.suspended):
        if named or entry.kind not in {JOB.kind, CRON_JOB.kind}:
            ready.append(ref)
        return
    found = workload_failures(ref, evidence, search.snapshot.now)
    # That a Job takes its time matters only to who waits for it.
    search.workloads += [one for one in found if named or one.reason != "Running"]
    if not found and (named or workload.ready < workload.wanted):
        progress = next((one for one in workload.conditions if one.status == "False"), None)
        unread = [kind.kind for kind in (POD, EVENT) if not evidence.was_read(ref.namespace, kind.kind)]
        texts = (str(workload.ready), str(workload.wanted), progress.reason if progress is not None else "", *unread)
        search.details.append(Detail(Fact.WORKLOAD_UNKNOWN, (ref,), texts))


def _follow_prerequisite(search: Search, ref: ObjectRef) -> None:
    found = search.snapshot.evidence.others.get(ref)
    waiting = next(
        (one for one in search.snapshot.evidence.prerequisites(ref.namespace, ref.kind) if one is found), None
    )
    known = {about for one in search.workloads for about in one.about}
    if waiting is not None and waiting.waiting and ref not in known:
        search.workloads.append(prerequisite_failure(waiting, search.snapshot.evidence))


def _all_ready(search: Search, ready: list[ObjectRef]) -> None:
    """Every workload is ready by now: what was wrong before, where that is known."""
    evidence = search.snapshot.evidence
    failed = next((one for one in search.subject.releases if one.status in {"failed", "superseded"}), None)
    since = failed.deployed - _BEFORE if failed is not None and failed.deployed is not None else None
    for ref in ready if search.ref.kind == "HelmRelease" else ():
        search.workloads += failed_before(ref, evidence, since)
    for ref in ready[:READY_NAMED]:
        one = evidence.workloads[ref]
        search.details.append(Detail(Fact.WORKLOAD, (ref,), (str(one.ready), str(one.wanted))))
    if (search.workloads or search.found) and failure("helm-rolled-back") not in search.failures:
        return
    search.failures = [one for one in search.failures if one.upstream is not Upstream.HEALTH]
    if search.workloads or search.found:
        return
    name = "helm-release-ready-now" if search.ref.kind == "HelmRelease" else "workloads-ready-now"
    if not search.failures or search.failures[0] is not failure("helm-rolled-back"):
        search.failures.insert(0, failure(name))
    search.own = True
