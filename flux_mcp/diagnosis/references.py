"""What an object refers to: sources, dependencies, inputs; whether they are there, and how they are."""

from collections.abc import Iterator
from typing import Final

from flux_mcp.api.kind import Role
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at
from flux_mcp.diagnosis.catalog.failure import Upstream
from flux_mcp.diagnosis.catalog.lookup import failure, find_failure
from flux_mcp.diagnosis.cause import Cause, CauseType, Detail, Fact
from flux_mcp.diagnosis.controllers import SHARD, Watch
from flux_mcp.diagnosis.evidence import OtherObject
from flux_mcp.diagnosis.search import Search, controller_cause
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Flag, Health, run_ends

_READ_KINDS: Final = {kind.kind for kind in KUBERNETES_KINDS} - {"CustomResourceDefinition"}
"""The kinds that can be read by namespace; objects of others by their name alone."""
_ELSEWHERE: Final = frozenset({Upstream.SOURCE, Upstream.DEPENDENCY, Upstream.SOURCE_CONTROLLER})
"""Where a cause lies that resuming may find gone."""
ELSEWHERE: Final = 3
"""Objects of a name elsewhere that are named."""
CHARTS_OF: Final = {
    "monitoring.coreos.com": ("kube-prometheus-stack", "prometheus-operator", "prometheus-operator-crds"),
    "acme.cert-manager.io": ("cert-manager",),
    "gateway.networking.k8s.io": ("gateway-helm", "envoy-gateway", "istiod", "kgateway", "nginx-gateway-fabric"),
    "networking.istio.io": ("base", "istio-base"),
    "security.istio.io": ("base", "istio-base"),
    "postgresql.cnpg.io": ("cloudnative-pg",),
    "elbv2.k8s.aws": ("aws-load-balancer-controller",),
    "ceph.rook.io": ("rook-ceph",),
    "kafka.strimzi.io": ("strimzi-kafka-operator",),
    "opentelemetry.io": ("opentelemetry-operator",),
    "grafana.integreatly.org": ("grafana-operator",),
    "elasticsearch.k8s.elastic.co": ("eck-operator",),
    "bitnami.com": ("sealed-secrets",),
    "secrets.hashicorp.com": ("vault-secrets-operator",),
    "pkg.crossplane.io": ("crossplane",),
    "argoproj.io": ("argo-cd", "argo-events", "argo-rollouts", "argo-workflows"),
    "snapshot.storage.k8s.io": ("snapshot-controller",),
    "secrets-store.csi.x-k8s.io": ("secrets-store-csi-driver",),
}
"""API groups whose CRDs and controllers are brought by charts of other names."""


def follow_source(search: Search, ref: ObjectRef) -> None:
    """Whether a source is in the way."""
    status = search.snapshot.statuses.get(ref)
    if status is None:
        follow_absent(search, ref)
    elif status.trouble:
        search.by[ref] = None
    elif status.health is Health.SUSPENDED:
        search.add(suspended(search, ref), late=bool(status.object.artifact_revision))
    elif status.health is Health.PROGRESSING and not status.object.artifact_revision:
        follow_running(search, ref)
    else:
        search.ready[ref] = None


def follow_dependency(search: Search, ref: ObjectRef) -> None:
    """Whether an object that must be Ready first is in the way."""
    status = search.snapshot.statuses.get(ref)
    if status is None:
        follow_absent(search, ref)
    elif status.health is Health.SUSPENDED:
        ready = status.object.ready
        if ready is None or ready.status != "True":
            search.by[ref] = None
        else:
            search.add(suspended(search, ref), late=True)
    elif status.trouble and (status.health is not Health.READY or Flag.REVISION_BEHIND in status.flags):
        search.by[ref] = None
    elif status.health is Health.PROGRESSING and not _deadlocked(search, ref):
        follow_running(search, ref)
    elif status.health is not Health.PROGRESSING:
        search.ready[ref] = None


def _deadlocked(search: Search, ref: ObjectRef) -> bool:
    """Whether a dependency that runs waits for the health of the object, so that its run ends only by its timeout."""
    if not search.snapshot.awaits(ref, search.ref):
        return False
    known = (failure("dependency-on-parent"),)
    search.add(Cause(CauseType.LOOP, (ref, search.ref), known, key=("loop", frozenset((ref, search.ref)))))
    return True


def suspended(search: Search, ref: ObjectRef) -> Cause:
    """The cause that an object is suspended, with the last that its status says: resumed, it fails again."""
    ready = search.snapshot.statuses[ref].object.ready
    details: tuple[Detail, ...] = ()
    known = [failure("reference-suspended")]
    if ready is not None and ready.status != "True":
        details = (Detail(Fact.CONDITION, (ref,), ("Ready", ready.reason, ready.message)),)
        last = find_failure(ref.kind, ready.reason, ready.message) if ready.status == "False" else None
        known += [last] if last is not None and last.upstream not in _ELSEWHERE else []
    return Cause(CauseType.SUSPENDED, (ref,), tuple(known), details, key=("suspended", ref))


def follow_running(search: Search, ref: ObjectRef) -> None:
    """An object that is being reconciled: what its workloads fail of, where that was looked at, else that it runs."""
    if ref in search.snapshot.followed:
        search.by[ref] = None
    else:
        search.add(running(search, ref))


def running(search: Search, ref: ObjectRef) -> Cause:
    """The cause that an object is being reconciled, and why, where the catalog knows that."""
    flux = search.snapshot.statuses[ref].object
    ready, ends = flux.ready, run_ends(flux)
    known = find_failure(ref.kind, ready.reason, ready.message) if ready is not None else None
    if ready is None or known is None:
        within = ready is not None and ready.status == "Unknown" and ends is not None and ends > search.snapshot.now
        until = (Detail(Fact.RUN_ENDS, (ref,), (), ends),) if within else ()
        return Cause(CauseType.RUNNING, (ref,), (failure("run-in-progress"),), until, key=("running", ref))
    details = (Detail(Fact.CONDITION, (ref,), ("Ready", ready.reason, ready.message)),)
    return Cause(CauseType.RUNNING, (ref,), (known,), details, key=("running", ref))


def follow_absent(search: Search, ref: ObjectRef) -> None:
    """What an object that was not read means: whether it does not exist, and what exists in its place."""
    if ref.kind not in by_kind:
        _follow_other(search, ref)
        return
    if not search.snapshot.knows(ref):
        search.add(Cause(CauseType.UNREAD, (ref,), (failure("reference-unread"),), key=("unread", ref)), late=True)
        return
    generator = search.snapshot.generators.get(ref)
    if generator is not None:
        if search.snapshot.statuses[generator].trouble:
            search.by[generator] = None
        else:
            search.add(_missing(ref, "reference-not-generated", Detail(Fact.APPLIED_BY, (ref, generator))))
        return
    search.add(_absent(search, ref))


def _absent(search: Search, ref: ObjectRef) -> Cause:
    needed = Detail(Fact.NEEDED_BY, (search.ref,))
    if (
        ref.kind == "HelmChart"
        and search.ref.kind == "HelmRelease"
        and at(search.subject.item, "spec", "chartRef") is None
    ):
        return _missing(ref, "chart-not-created")
    pruned = search.pruned(ref)
    group = by_kind[ref.kind].group
    holders = search.snapshot.graph.holders(InventoryEntry(ref.kind, group, ref.namespace, ref.name))
    if holders or pruned:
        held = (Detail(Fact.APPLIED_BY, (ref, *holders)),) if holders else ()
        return _missing(ref, "reference-deleted", *held, *pruned)
    if ref.kind == "ExternalArtifact":
        return _missing(ref, "external-artifact-missing")
    named = search.snapshot.named.get(ref.name, ())
    elsewhere = tuple(other for other in named if other.kind == ref.kind)[:ELSEWHERE]
    if elsewhere:
        return _missing(ref, "reference-namespace-wrong", Detail(Fact.EXISTS, elsewhere), needed)
    role = by_kind[ref.kind].role
    others = [other for other in named if other != search.ref and by_kind[other.kind].role is role]
    if role is Role.APPLIER and others:
        return _missing(ref, "reference-kind-wrong", Detail(Fact.EXISTS, tuple(others[:ELSEWHERE])), needed)
    beside = tuple(other for other in others if role is Role.SOURCE and other.namespace == ref.namespace)[:ELSEWHERE]
    return _missing(ref, "reference-missing", *((Detail(Fact.EXISTS, beside),) if beside else ()))


def _missing(ref: ObjectRef, name: str, *details: Detail) -> Cause:
    return Cause(CauseType.MISSING, (ref,), (failure(name),), details, key=("missing", ref))


def _follow_other(search: Search, ref: ObjectRef) -> None:
    """An object of no Flux kind that a ResourceSet depends on."""
    evidence = search.snapshot.evidence
    if ref.kind in _READ_KINDS:
        search.needs.add((ref.namespace, ref.kind))
    found = evidence.others.get(ref) or evidence.workloads.get(ref)
    if found is None:
        if {(ref.namespace, f"{ref.kind}/{ref.name}"), (ref.namespace, ref.kind)} & evidence.read:
            _, _, group = ref.name.partition(".") if ref.kind == "CustomResourceDefinition" else ("", "", "")
            if releases := [*failing_releases_of(search, group)]:
                search.by |= dict.fromkeys(releases)
            else:
                search.add(_missing(ref, "reference-missing"))
        else:
            search.add(Cause(CauseType.UNREAD, (ref,), (failure("reference-unread"),), key=("unread", ref)), late=True)
        return
    conditions = found.conditions
    wrong = [one for one in conditions if one.type in {"Ready", "Established", "Available"} and one.status != "True"]
    target = next((one for one in search.subject.targets if one.ref == ref), None)
    if isinstance(found, OtherObject) and target is not None and target.must_be_ready and wrong:
        details = tuple(Detail(Fact.CONDITION, (ref,), (one.type, one.reason, one.message)) for one in wrong[:2])
        search.add(Cause(CauseType.KUBERNETES, (ref,), (failure("reference-not-ready"),), details, key=("other", ref)))
    else:
        search.ready[ref] = None


def follow_ready(search: Search) -> None:
    """Everything that an object waits for by its message is Ready: why that does not help it."""
    if search.found or search.own or not search.ready:
        return
    ours = search.subject.labels.get(SHARD, "")
    for ref in search.ready:
        other = search.snapshot.objects.get(ref)
        if other is None:
            continue
        # The source kinds are watched by one controller, which sees its own shard alone.
        same = other.node.object.kind.controller == search.status.object.kind.controller
        theirs = other.labels.get(SHARD, "")
        if same and ours != theirs and "not found" in search.status.message:
            details = (Detail(Fact.SHARD_OF, (ref,), (theirs,)), Detail(Fact.SHARD_OF, (search.ref,), (ours,)))
            search.failures.clear()
            search.blame("shard-mismatch", *details)
            return
    watch, controllers = search.watch()
    if watch in {Watch.DOWN, Watch.CRASHING}:
        for one in controllers:
            search.add(controller_cause(one, search.snapshot))
        return
    refs = tuple(ref for ref in search.ready if ref in search.snapshot.statuses)
    if _tags_lost(search, refs):
        return
    if failure("dependency-revision-behind") in search.failures and any(map(search.snapshot.not_applied, refs)):
        search.own = True
        search.details += [_ready_now(search, ref) for ref in refs]
        return
    if failure("dependency-ready-expression-false") in search.failures:
        # That it is Ready is not what the expression asks for.
        search.own = True
        search.details += [_ready_now(search, ref) for ref in refs]
        return
    search.failures.clear()
    search.blame("reference-ready-now", *(_ready_now(search, ref) for ref in refs))


def _tags_lost(search: Search, refs: tuple[ObjectRef, ...]) -> bool:
    """Whether an ImagePolicy says that there are no tags, though its ImageRepository has some."""
    lost = failure("image-tags-lost")
    if lost not in search.failures:
        return False
    since = search.status.since
    for ref in refs:
        tags, scanned = search.snapshot.objects[ref].tags
        search.own = True
        search.details.append(Detail(Fact.SCANNED, (ref,), (str(tags),), scanned))
        if not tags or scanned is None or (since is not None and scanned <= since):
            search.failures = [failure("image-not-scanned")]
    return search.own


def _ready_now(search: Search, ref: ObjectRef) -> Detail:
    status = search.snapshot.statuses[ref]
    return Detail(Fact.READY_NOW, (ref,), (status.object.artifact_revision or status.object.revision,), status.since)


def failing_releases_of(search: Search, group: str) -> Iterator[ObjectRef]:
    """The HelmReleases in trouble that bring an API group, often of their name: cert-manager of cert-manager.io."""
    names, statuses = {group.partition(".")[0], *CHARTS_OF.get(group, ())}, search.snapshot.statuses
    for ref, one in search.snapshot.objects.items():
        troubled = ref.kind == "HelmRelease" and statuses[ref].trouble and ref != search.ref
        if group and troubled and same_cluster(search, ref) and names & {ref.name, *one.charts}:
            yield ref


def same_cluster(search: Search, ref: ObjectRef) -> bool:
    """Whether an object in trouble applies to the cluster that the object in question applies to."""
    ours, theirs = search.subject, search.snapshot.objects[ref]
    if not ours.node.remote and not theirs.node.remote:
        return True
    return bool(at(ours.item, "spec", "kubeConfig") == at(theirs.item, "spec", "kubeConfig"))
