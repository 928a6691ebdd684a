"""What one object in trouble waits for: other objects, causes that are no Flux object's trouble, or itself.

Facts take precedence over messages: what a message says of another object counts only where that one was not read.
Source: how the controllers wait for sources, dependencies and health, from their documentation and source.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from flux_mcp.api.kind import Relation
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import CRD, EVENT, NAMESPACE, POD, REPLICA_SET, SERVICE, WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owners_by_label
from flux_mcp.api.unstructured import at, text
from flux_mcp.diagnosis.applied import follow_health, follow_missing
from flux_mcp.diagnosis.catalog.failure import Failure, Upstream
from flux_mcp.diagnosis.catalog.lookup import failure, find_failure
from flux_mcp.diagnosis.cause import Cause, CauseType, Detail, Fact
from flux_mcp.diagnosis.controllers import Watch
from flux_mcp.diagnosis.credentials import follow_credentials
from flux_mcp.diagnosis.deletion import deleting_of_crd, follow_deletion, follow_namespace
from flux_mcp.diagnosis.drift import follow_drift
from flux_mcp.diagnosis.hooks import follow_hook
from flux_mcp.diagnosis.messages import (
    chart_version,
    contested_object,
    errors_of,
    owner_release,
    release_name,
    terminating_namespace,
    unserved_kind,
    webhook_service,
)
from flux_mcp.diagnosis.references import (
    CHARTS_OF,
    failing_releases_of,
    follow_dependency,
    follow_ready,
    follow_source,
    running,
    same_cluster,
    suspended,
)
from flux_mcp.diagnosis.search import Blocked, Search, controller_cause, not_watched
from flux_mcp.diagnosis.snapshot import OF_NETWORK, Snapshot
from flux_mcp.diagnosis.workload_health import workload_failures
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Flag, Health, newer_sources
from flux_mcp.kubernetes.conditions import Condition

RETRIES: Final = "helm-retries-exceeded"
ATTEMPTS: Final = 5
"""Failures in a row from which they are counted in an answer."""
RUNS: Final = 4
"""Runs of a controller without a free worker that are looked into: any that ends makes room."""
DOMAINS: Final = 3
"""Domains from which the network of a controller counts as failing, and not each host."""
WORKLOADS: Final = 3
"""Workloads behind a webhook that are named."""
_BESIDE: Final = ("Released", "TestSuccess", "Remediated", "Stalled", "Healthy")
"""Conditions that may say what Ready does not."""
_VARYING: Final = re.compile(
    r"[A-Z]\w{1,62}(?:/[\w.-]{1,253}){1,2}|[0-9a-f]{7,64}|\d{1,30}(?:\.\d{1,30})?(?:ns|us|µs|ms|s|m|h)?"
)
"""Objects, digests, numbers and durations: what differs where the failure is the same."""
_OLD_VERSION: Final = re.compile(r'in version "[^"\n]{1,253}/v\d{1,3}(?:alpha|beta)')
_OF_ACCOUNT: Final = frozenset({"rbac-forbidden", "rbac-escalation", "namespace-creation-forbidden"})
"""Failures that lie in the permissions of the service account that applies."""
_OF_CONTROLLER: Final = frozenset({"controller-may-not-impersonate", "controller-not-permitted"})
_OF_API_SERVER: Final = frozenset({"namespace-missing", *_OF_ACCOUNT, *_OF_CONTROLLER})
"""Failures that are about what exists, or is allowed, in the cluster that is applied to."""
_ACCOUNT: Final = re.compile(r'User "system:serviceaccount:([a-z0-9-]{1,63}):([a-z0-9.-]{1,253})" cannot ')
_DENIED: Final = frozenset({"webhook-denied", "admission-policy-denied", "prune-denied"})
"""Failures for which a policy is to blame that another Flux object may apply."""
_POLICIES: Final = (
    ("ClusterPolicy", "kyverno.io"),
    ("Policy", "kyverno.io"),
    ("ValidatingPolicy", "policies.kyverno.io"),
    ("ValidatingAdmissionPolicy", "admissionregistration.k8s.io"),
)
_SERVICE: Final = re.compile(r"://(?:[^\s/@\"']{1,300}@)?([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.svc\b")
_CONSTRAINT: Final = re.compile(r"\[([a-z0-9][a-z0-9.-]{1,251}[a-z0-9])\]")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,251}[a-z0-9]")
_NOT_APPLIED: Final = frozenset({"BuildFailed", "ReconciliationFailed", "ArtifactFailed", "DependencyNotReady"})
"""Reasons for which an applier does not apply a newer revision."""
_JITTER: Final = 1.2
"""How much longer than its interval an object may take to its next run."""
_NEW: Final = timedelta(minutes=1)
"""How long a controller may take to report on a new object for the first time."""
_DOWN: Final = frozenset({"controller-down", "controller-scaled-to-zero"})
"""What is wrong with a controller that does nothing: it is not just starting, and wrote no status of late."""
_HELD_ELSEWHERE: Final = frozenset({"autoscaler-exists", "ingress-host-in-use"})
"""Failures for which another object has what is wanted."""
_CONTESTED: Final = frozenset({"field-manager-conflict", "helm-object-owned-by-another", *_HELD_ELSEWHERE})
"""Failures for which another owner of an object is to blame."""
IN_SPEC: Final = frozenset(
    {
        "git-commit-missing",
        "git-reference-missing",
        "git-sparse-checkout-missing",
        "git-url-invalid",
        "oci-tag-missing",
        "semver-no-match",
        "url-invalid",
        "version-range-invalid",
    }
)
"""Failures of sources that a change of their spec repairs."""
_WAITING: Final = frozenset({"kustomize-controller", "helm-controller"})
"""Controllers whose runs wait for the health of what they applied, which keeps a worker all the while."""
_TRANSIENT: Final = frozenset({"api-server-unavailable", "apply-canceled", "health-check-canceled", "update-conflict"})
"""Failures after which a retry helps, if there is one."""
_GONE_WITH_RELEASE: Final = frozenset({"immutable-field-changed", "immutable-statefulset-changed"})
"""Failures that an object causes which was uninstalled with its release."""
_WRAPPED: Final = re.compile(
    r"^(?:reconciliation failed: |Helm \w{1,12} failed for release \S{1,510} with chart \S{1,400}: )"
)
"""What the kinds put before the same error of the API server."""


def blocked(ref: ObjectRef, snapshot: Snapshot) -> Blocked:
    """What an object in trouble waits for; never nothing."""
    search = Search(snapshot.statuses[ref], snapshot)
    match search.status.health:
        case Health.DELETING:
            follow_deletion(search)
            _follow_failed_deletion(search)
        case Health.PENDING:
            _follow_pending(search)
        case Health.SUSPENDED:
            held = suspended(search, ref)
            search.add(held)
            _follow_conditions(search)
            search.own = False
            # What its objects fail of is still so when it is resumed.
            search.causes = {
                replace(one, workloads=(*search.workloads,)) if one is held else one: None for one in search.causes
            }
        case Health.STALE:
            _follow_stale(search)
        case Health.PROGRESSING if not search.status.trouble:
            search.add(running(search, ref))
        case _:
            _follow_conditions(search)
    if search.status.trouble and search.status.health not in {Health.DELETING, Health.READY}:
        _follow_down(search)
    if search.own and search.status.health is not Health.READY:
        search.details += _held_above(search)
    return search.result()


def _follow_down(search: Search) -> None:
    """A controller that is down: until it works, nothing is retried, and no correction is noticed."""
    watch, controllers = search.watch()
    down = [controller_cause(one, search.snapshot) for one in controllers] if watch is Watch.DOWN else []
    if lasting := [one for one in down if one.failures[0].id in _DOWN]:
        search.own = search.own or not search.found
        search.causes |= dict.fromkeys(lasting)


def _held_above(search: Search) -> Iterator[Detail]:
    """What is suspended or fails on the way of a fix from its repository.

    A change of its spec comes by its applier, from the source of that; nothing further above is in its way. The content
    of a Kustomization comes from its own source, so that for one whose objects are not healthy that way alone matters.
    """
    snapshot, status = search.snapshot, search.status
    if status.health is Health.SUSPENDED:
        return
    own = status.object.sources
    appliers = [one for one in snapshot.graph.owners(search.ref) if one.kind != "FluxInstance"]
    above = [
        *appliers,
        *(source for one in appliers if one in snapshot.statuses for source in snapshot.statuses[one].object.sources),
    ]
    of_content = search.ref.kind == "Kustomization"
    if of_content and status.reason == "HealthCheckFailed":
        above = []
    from_it = tuple(
        one for one in appliers if one in snapshot.statuses and search.ref in snapshot.statuses[one].object.sources
    )
    if from_it and any(one.id in IN_SPEC for one in search.failures):
        yield Detail(Fact.OWN_SOURCE, from_it)
    known = {ref for cause in search.causes for ref in cause.members} | search.by.keys() | {search.ref}
    older = [one for one in appliers if one not in known and _runs_older(search, one)]
    if older:
        yield Detail(Fact.HELD_RUN, tuple(older))
    ways = ((Fact.HELD, own), (Fact.HELD_SPEC, above)) if of_content else ((Fact.HELD, (*own, *above)),)
    for fact, refs in ways:
        found = [snapshot.statuses[ref] for ref in sorted({*refs} - known) if ref in snapshot.statuses]
        for word, held in (
            ("suspended", [one for one in found if one.health is Health.SUSPENDED]),
            ("failing", [one for one in found if one.trouble and one.reason in _NOT_APPLIED]),
        ):
            if held:
                yield Detail(fact, tuple(one.object.ref for one in held), (word,))


def _runs_older(search: Search, applier: ObjectRef) -> bool:
    """Whether an applier waits for the health of the object at a revision while its source has a newer one."""
    snapshot, status = search.snapshot, search.snapshot.statuses.get(applier)
    if status is None or status.health is not Health.PROGRESSING or not snapshot.awaits(applier, search.ref):
        return False
    known = {ref: snapshot.statuses[ref].object for ref in status.object.sources if ref in snapshot.statuses}
    return bool(newer_sources(status.object, known, status.object.attempted_revision, snapshot.now))


def _follow_failed_deletion(search: Search) -> None:
    """A deletion that fails waits for a hook or a webhook, as an apply does."""
    ready = search.status.object.ready
    if search.failures and ready is not None and search.failures[0].upstream in {Upstream.HOOK, Upstream.WEBHOOK}:
        _follow_upstream(search, search.failures[0].upstream, ready.message)


def _follow_pending(search: Search) -> None:
    """No controller has reported on it: the failures that are not reported, else who should have."""
    unreported = _unreported(search)
    if unreported:
        search.blame(unreported)
    elif not search.follow_controller() and not _follow_busy(search):
        component, controllers = search.status.object.kind.controller, search.snapshot.controllers
        absent = component and search.watch()[0] is Watch.UNKNOWN and controllers.in_full and controllers.found
        created = search.status.object.created
        new = created is not None and created > search.snapshot.now - _NEW
        name = "object-new" if new else "controller-not-installed" if absent else "reconciliation-pending"
        search.blame(name, key=(name, component) if component else ())


def _unreported(search: Search) -> str:
    """The failure for which helm-controller writes no status, recognized from the spec of the HelmRelease."""
    spec = at(search.subject.item, "spec")
    if search.ref.kind != "HelmRelease":
        return ""
    if (at(spec, "chart") is None) == (at(spec, "chartRef") is None):
        return "helm-chart-reference-invalid"
    elsewhere = text(spec, "chart", "spec", "sourceRef", "namespace") not in {"", search.ref.namespace}
    return "helm-chart-source-cross-namespace" if elsewhere and search.snapshot.controllers.one_namespace else ""


def _follow_stale(search: Search) -> None:
    """The status is about an older generation: what that waited for may still be in the way."""
    ready = search.status.object.ready
    if search.follow_controller():
        # When it works again, what is in trouble now is in the way still.
        search.wait_for((*search.subject.node.depends_on, *search.status.object.sources))
        return
    failed = ready is not None and ready.status == "False"
    if ready is not None and failed:
        _follow_conditions(search)
        if search.found:
            search.own = False
            return
        if ready.message != search.status.message:
            search.details.append(Detail(Fact.CONDITION, (search.ref,), ("Ready", ready.reason, ready.message)))
        search.failures.clear()
    component = search.status.object.kind.controller
    if _follow_busy(search):
        return
    search.blame(
        "generation-pending",
        key=("stale", component) if component and search.status.health is Health.STALE and not failed else (),
    )
    # What is in trouble now keeps the new generation from being applied, too.
    search.wait_for((*search.subject.node.depends_on, *search.status.object.sources))


def _follow_busy(search: Search) -> bool:
    """Whether the controller of the object has no free worker: then what its runs wait for is in the way."""
    snapshot, kind = search.snapshot, search.status.object.kind
    watch, controllers = search.watch()
    if watch is not Watch.WORKS or len(controllers) != 1 or kind.controller not in _WAITING:
        return False
    going_on = snapshot.runs.get(kind.kind, ())
    runs = tuple(ref for ref in going_on if search.watch_of(snapshot.objects[ref])[1] == controllers)
    workers = snapshot.controllers.workers(controllers[0])
    if len(runs) < workers:
        return False
    search.by |= dict.fromkeys(ref for ref in runs[:RUNS] if ref in snapshot.followed)
    detail = Detail(Fact.BUSY, runs, (kind.controller, str(workers)))
    search.blame("controller-busy", detail, key=("busy", kind.controller, controllers))
    return True


def _follow_conditions(search: Search) -> None:
    """What the conditions report, and what is to be reported of its flags."""
    if search.status.health is Health.READY:
        _follow_flags(search)
    elif Flag.STUCK in search.status.flags:
        _follow_stuck(search)
    elif _replaced(search):
        _follow_last_run(search)
    else:
        _follow_reports(search)


def _follow_reports(search: Search) -> None:
    """The failure that is reported, to where its cause lies."""
    known = [(find_failure(search.ref.kind, one.reason, one.message), one.message) for one in _reports(search)]
    search.failures = _still_true([found for found, _ in known if found is not None])
    search.details += _beside(search)
    first, message = known[0] if known else (None, search.status.message)
    several = [*_more_errors(search, message)]
    search.failures[1:1] = [one for one, _ in several]
    search.key = _key(first, message) if not several else ()
    if search.key and search.subject.node.remote and first is not failure("api-server-unavailable"):
        # The same error in another cluster is another cause.
        search.key += (text(at(search.subject.item, "spec"), "kubeConfig", "secretRef", "name"),)
    follow_credentials(search, first, message)
    component = search.status.object.kind.controller
    if first is not None and len(search.snapshot.failing_domains.get((component, first.id), ())) >= DOMAINS:
        search.failures.append(failure("network-of-controller"))
        search.key = (first.id, component)
    if first is failure("disk-full"):
        _follow_disk(search)
    upstream = first.upstream if first is not None else _guess(search)
    if upstream is Upstream.SOURCE or Flag.SOURCE_FAILING in search.status.flags:
        for ref in search.status.object.sources:
            follow_source(search, ref)
    _follow_upstream(search, upstream, message)
    for one, error in several:
        if one.upstream in {Upstream.WEBHOOK, Upstream.NAMESPACE}:
            _follow_upstream(search, one.upstream, error)
    _follow_rejecting_webhook(search)
    follow_ready(search)
    follow_missing(search)
    _releases(search, message)
    if first is not None:
        _follow_others(search, first, message)


def _follow_others(search: Search, first: Failure, message: str) -> None:
    """What other objects have to do with a failure: those that apply, own or hold what the message names."""
    match first.id:
        case "path-not-found":
            made = [search.snapshot.generators.get(ref) for ref in search.status.object.sources]
            if generators := tuple(ref for ref in made if ref is not None):
                search.failures[0] = failure("path-not-generated")
                search.details.append(Detail(Fact.APPLIED_BY, (*search.status.object.sources, *generators)))
        case "chart-version-missing":
            search.details += _indexes(search)
        case "helm-name-in-use":
            search.details += _same_release(search, release_name(message))
        case "helm-object-of-another-release":
            search.details += _same_release(search, owner_release(message))
        case _ if search.subject.node.remote:
            return
        case name if name in _CONTESTED:
            _follow_contested(search, message, first)
        case name if name in _DENIED:
            search.details += _policies(search, message)


def _still_true(failures: list[Failure]) -> list[Failure]:
    """Without the failures that remediation has overtaken."""
    if failure("helm-uninstalled-after-failure") in failures:
        failures = [one for one in failures if one.id not in _GONE_WITH_RELEASE]
    if failure(RETRIES) in failures and failures[0].id in _TRANSIENT:
        return [failure("helm-retries-exceeded-transient")]
    return failures


def _more_errors(search: Search, message: str) -> Iterator[tuple[Failure, str]]:
    """The other failures of a message that joins several errors, each once."""
    errors = errors_of(message)
    seen = {*search.failures[:1]}
    for error in errors if len(errors) > 1 else ():
        found = find_failure(search.ref.kind, search.status.reason, error)
        if found is not None and found.pattern and found not in seen:
            seen.add(found)
            yield found, error


def _follow_disk(search: Search) -> None:
    """Whose disk is full: whoever has the same controller has the same cause."""
    controllers = search.watch()[1]
    for one in controllers:
        search.details.append(Detail(Fact.REPLICAS, (one.ref,), (str(one.ready), str(one.wanted))))
    search.key = ("disk-full", search.status.object.kind.controller, *(one.ref for one in controllers))


def _indexes(search: Search) -> Iterator[Detail]:
    """When the index last changed in which a chart version was searched for; an OCI repository has none."""
    for ref in search.status.object.sources:
        status = search.snapshot.statuses.get(ref)
        if ref.kind == "HelmRepository" and status is not None and status.object.fetched is not None:
            yield Detail(Fact.INDEX, (ref,), (), status.object.fetched)


def _follow_contested(search: Search, message: str, first: Failure) -> None:
    """The other Flux objects that apply the object which Helm may not change, or which has what another wants."""
    if (contested := contested_object(message)) is None:
        return
    kind, namespace, name = contested
    for entry in search.snapshot.graph.managed_as(name):
        others = search.applied_by(entry) if (entry.kind, entry.namespace) == (kind, namespace) else ()
        if others and first.id not in _HELD_ELSEWHERE:
            search.failures[0] = failure("object-applied-twice")


def _policies(search: Search, message: str) -> Iterator[Detail]:
    """Who applies the policies that a rejection names."""
    graph, words = search.snapshot.graph, frozenset(_WORD.findall(message))
    found = [entry for kind, group in _POLICIES for entry in graph.managed(kind, group) if entry.name in words]
    for name in _CONSTRAINT.findall(message):
        found += [one for one in graph.managed_as(name) if one.group == "constraints.gatekeeper.sh"]
    for entry in dict.fromkeys(found):
        yield Detail(Fact.APPLIED_BY, (entry.ref, *graph.holders(entry)))


def _same_release(search: Search, name: str) -> Iterator[Detail]:
    """The other HelmReleases with a release that a message is about."""
    others = [
        ref
        for ref, one in search.snapshot.objects.items()
        if ref != search.ref and name and name in {f"{each.namespace}/{each.name}" for each in one.releases[:1]}
        if same_cluster(search, ref)
    ]
    if others:
        yield Detail(Fact.SAME_RELEASE, tuple(sorted(others)))


def _follow_upstream(search: Search, upstream: Upstream, message: str) -> None:
    match upstream:
        case Upstream.OWN:
            _follow_own(search, message)
        case Upstream.DEPENDENCY:
            for ref in _depends_on(search):
                follow_dependency(search, ref)
        case Upstream.HEALTH:
            follow_health(search, message)
        case Upstream.HOOK:
            search.own = True
            follow_hook(search, message)
        case Upstream.WEBHOOK:
            _follow_webhook(search, message)
        case Upstream.NAMESPACE if search.subject.node.remote:
            search.blame("remote-cluster")
        case Upstream.NAMESPACE:
            follow_namespace(search, terminating_namespace(message))
        case Upstream.SOURCE_CONTROLLER:
            follow_source_controller(search)


def _depends_on(search: Search) -> Iterator[ObjectRef]:
    yield from search.subject.node.depends_on
    if search.failures and search.failures[0].id.startswith("resourceset-input"):
        yield from (ref for relation, ref in search.subject.node.names if relation is Relation.INPUTS)


def _reports(search: Search) -> Iterator[Condition]:
    """What is to be explained: of a HelmRelease first what Helm reported, then Ready, then Stalled."""
    flux, status = search.status.object, search.status
    ready = flux.ready
    seen: set[tuple[str, str]] = set()
    released = flux.condition("Released"), flux.condition("TestSuccess")
    now = Condition("Ready", "False", status.reason, status.message, None, 0)
    # While a run goes on, its health stands for the last failure.
    last = (now,) if ready is None or (status.reason, status.message) != (ready.reason, ready.message) else (ready,)
    stalled = flux.condition("Stalled")
    for one in (*released, *last, stalled):
        bad = one is not None and one.status == ("True" if one.type == "Stalled" else "False")
        if one is not None and (bad or one in last) and (one.reason, one.message) not in seen:
            seen.add((one.reason, one.message))
            yield one


def _beside(search: Search) -> Iterator[Detail]:
    """The conditions that say another thing than the title does."""
    shown = [search.status.message]
    for kind in _BESIDE:
        one = search.status.object.condition(kind)
        bad = one is not None and one.status == ("True" if kind == "Stalled" else "False")
        if one is not None and bad and not any(one.message in message for message in shown):
            shown.append(one.message)
            yield Detail(Fact.CONDITION, (search.ref,), (kind, one.reason, one.message))


def _guess(search: Search) -> Upstream:
    return Upstream.DEPENDENCY if search.status.health is Health.WAITING else Upstream.OWN


def _key(found: Failure | None, message: str) -> tuple[object, ...]:
    """What the error is, so that whoever reports the same has the same cause."""
    if found is not None and (error := found.error(message)):
        return ("webhook" if found.upstream is Upstream.WEBHOOK else found.id, *error)
    if not message or (found is not None and found.upstream is Upstream.HEALTH):
        return ()
    return (found.id if found is not None else "", _VARYING.sub("#", _WRAPPED.sub("", message)).strip())


def _follow_own(search: Search, message: str) -> None:
    """A failure of its own."""
    search.own = True
    first = search.failures[0].id if search.failures else ""
    if first in OF_NETWORK and search.wait_for(_servers(search, message)):
        search.own = False
        return
    if first in _OF_API_SERVER and search.subject.node.remote:
        if first in _OF_CONTROLLER:
            search.failures[0], search.key = failure("rbac-forbidden"), ()
        search.blame("remote-cluster")
    elif first == "namespace-missing":
        _follow_namespace(search, message)
    elif first == "crd-terminating":
        flux = by_kind.get(message.partition("/")[0].rpartition(" ")[2])
        holding = deleting_of_crd(search.snapshot, ObjectRef(CRD.kind, "", flux.resource)) if flux is not None else ()
        search.by |= dict.fromkeys(holding)
        search.own = not holding
    elif first in _OF_ACCOUNT:
        _follow_account(search, message)
    unserved = unserved_kind(message)
    if unserved is None:
        return
    kind, group = unserved
    _follow_crd(search, kind, group)
    if search.subject.node.remote:
        search.blame("remote-cluster")
        return
    flux = by_kind.get(kind)
    if flux is not None and flux.group == group and search.snapshot.controllers.runs(flux.controller):
        # Its component is installed, so it is the version that is not served, or its CRD is missing.
        missing = failure("flux-component-missing")
        why = failure("api-version-not-served" if _OLD_VERSION.search(message) else "flux-crd-missing")
        search.failures = [why if one is missing else one for one in search.failures]


def _follow_account(search: Search, message: str) -> None:
    """Who applies a service account that may not apply, and whether it is the default, since the spec names none."""
    said = _ACCOUNT.search(message)
    accounts = search.snapshot.graph.managed_as(said[2]) if said is not None else ()
    for entry in accounts:
        if said is not None and (entry.kind, entry.namespace) == ("ServiceAccount", said[1]):
            search.applied_by(entry)
    account = search.snapshot.controllers.default_account(search.status.object.kind.controller)
    named = text(at(search.subject.item, "spec"), "serviceAccountName")
    if account and not named and f"serviceaccount:{search.ref.namespace}:{account}" in message:
        search.failures[0] = failure("default-account-forbidden")


def _follow_namespace(search: Search, message: str) -> None:
    """Whether a namespace that a message says is missing exists by now, or is being deleted again."""
    search.need("", (NAMESPACE,))
    for name in search.failures[0].error(message)[:1]:
        found = search.snapshot.evidence.namespace(name)
        if found is not None and found.deleted is not None:
            search.failures.clear()
            search.own = False
            follow_namespace(search, name)
        elif found is not None:
            search.failures.clear()
            search.blame("namespace-exists-now", Detail(Fact.READY_NOW, (found.ref,)))
        elif search.snapshot.evidence.was_read("", NAMESPACE.kind):
            search.details += search.pruned(ObjectRef(NAMESPACE.kind, "", name))
            _follow_holders(search, InventoryEntry(NAMESPACE.kind, "", "", name))


def _replaced(search: Search) -> bool:
    """Whether only the reason of the last failure is known, since the next run replaced its message."""
    status, ready = search.status, search.status.object.ready
    replaced = ready is not None and status.message == ready.message and status.reason != ready.reason
    return Flag.AFTER_FAILURE in status.flags and replaced


def _follow_last_run(search: Search) -> None:
    """The failure of the last run, whose message the new run replaced: from its Events."""
    search.need(search.ref.namespace, (EVENT,))
    search.details += _step(search)
    newest = search.snapshot.evidence.failed_run(search.status.object)
    if newest is None:
        if search.status.object.history_status == "HealthCheckFailed":
            follow_health(search, "")
        if not search.workloads and not search.found:
            search.failures.clear()
            search.blame("last-run-failed")
        return
    search.own = True
    search.details.append(Detail(Fact.EVENT, (search.ref,), (newest.reason, newest.message), newest.seen))
    found = find_failure(search.ref.kind, newest.reason, newest.message)
    if found is not None:
        search.failures.append(found)
        search.key = _key(found, newest.message)
        if found.upstream is not Upstream.SOURCE:
            search.own = found.upstream is Upstream.OWN
            _follow_upstream(search, found.upstream, newest.message)


def _step(search: Search) -> Iterator[Detail]:
    running = search.status.object.condition("Reconciling")
    if running is not None and running.status == "True":
        yield Detail(Fact.STEP, (search.ref,), (running.message,), running.changed)


def _follow_crd(search: Search, kind: str, group: str) -> None:
    """Who applies the CRD of a kind that is not served, or has deleted it."""
    for ref in search.snapshot.evidence.pruned:
        if ref.kind == CRD.kind and ref.name.partition(".")[2] == group and ref.name.startswith(kind.lower()[:-1]):
            search.details += search.pruned(ref)
    applied = search.subject.node.applied
    if applied is not None and any(True for _ in applied.of_kinds({kind: (group,)})):
        # It was served when the object last applied one.
        search.need(search.ref.namespace, (EVENT,))
    held = [
        entry
        for entry, refs in search.snapshot.graph.managed(CRD.kind, CRD.group).items()
        if entry.name.partition(".")[2] == group
        and entry.name.startswith(kind.lower()[:-1])
        and any(ref != search.ref for ref in refs)
    ]
    if search.subject.node.remote or not held:
        search.by |= dict.fromkeys(failing_releases_of(search, group))
        search.details += _skipped_crds(search, group)
        return
    for entry in held[:1]:
        _follow_holders(search, entry)


def _follow_holders(search: Search, entry: InventoryEntry) -> None:
    """Who applied an object that is missing: if it fails, it is waited for."""
    if search.wait_for(search.applied_by(entry)):
        search.own = False


def _skipped_crds(search: Search, group: str) -> Iterator[Detail]:
    """That a HelmRelease leaves the CRDs of its chart out: those in its folder crds/."""
    known = CHARTS_OF.get(group)
    if search.ref.kind != "HelmRelease" or search.by or "." not in group or group.endswith(".k8s.io"):
        return
    action = "install" if search.status.reason == "InstallFailed" else "upgrade"
    policy = text(at(search.subject.item, "spec"), action, "crds") or ("Skip" if action == "upgrade" else "Create")
    if policy == "Skip" and (known is None or search.subject.charts.intersection(known)):
        yield Detail(Fact.CRDS_SKIPPED, (search.ref,), (action,))


def follow_source_controller(search: Search) -> None:
    """An artifact that cannot be downloaded: source-controller, else what is between."""
    for ref in search.status.object.sources:
        source = search.snapshot.objects.get(ref)
        if source is None and search.snapshot.knows(ref):
            follow_source(search, ref)
            continue
        watch, controllers = search.watch_of(source) if source is not None else search.watch_unread(ref)
        for one in controllers:
            if watch in {Watch.DOWN, Watch.CRASHING}:
                search.add(controller_cause(one, search.snapshot))
            elif watch is Watch.WORKS:
                search.details.append(Detail(Fact.REPLICAS, (one.ref,), (str(one.ready), str(one.wanted))))
        if watch is Watch.NOBODY and source is not None:
            search.add(not_watched(search, source))
            return
    search.own = not any(one.type is CauseType.CONTROLLER for one in search.causes)


def _follow_webhook(search: Search, message: str) -> None:
    """A webhook that does not answer: the Flux object that runs it, where that is in trouble; else its workloads."""
    found = webhook_service(message)
    if found is None:
        search.own = True
        return
    search.via, namespace, service = found
    evidence, ref = search.snapshot.evidence, ObjectRef(SERVICE.kind, namespace, service)
    holders = _runners(search, ref)
    search.wait_for(holders)
    if search.by:
        return
    search.own = True
    if search.subject.node.remote:
        search.blame("remote-cluster")
        return
    search.need(namespace, (*WORKLOAD_KINDS, REPLICA_SET, POD, EVENT, SERVICE))
    if search.ref in holders:
        search.failures.insert(0, failure("webhook-of-itself"))
    there = evidence.others.get(ref) is not None
    if evidence.was_read(namespace, SERVICE.kind):
        search.details.append(Detail(Fact.WEBHOOK if there else Fact.WEBHOOK_MISSING, (ref,)))
    workloads = [one for one in evidence.workloads.values() if one.ref.namespace == namespace and one.owner is None]
    unready = [one for one in workloads if not one.settled]
    for one in unready[:WORKLOADS]:
        search.workloads += workload_failures(one.ref, evidence, search.snapshot.now)
    for one in (unready or workloads)[:WORKLOADS]:
        search.details.append(Detail(Fact.WORKLOAD, (one.ref,), (str(one.ready), str(one.wanted))))


def _runners(search: Search, service: ObjectRef) -> list[ObjectRef]:
    """The Flux objects that may run what is behind a Service: by inventories, labels and the namespace of releases."""
    snapshot, remote = search.snapshot, search.subject.node.remote
    found: list[ObjectRef] = []
    if not remote:
        found += snapshot.graph.holders(InventoryEntry(SERVICE.kind, "", service.namespace, service.name))
        found += owners_by_label(getattr(snapshot.evidence.others.get(service), "labels", {}))
    by_release = not any(one.kind == "HelmRelease" for one in found)
    for one in snapshot.objects.values() if by_release else ():
        if one.releases and one.releases[0].namespace == service.namespace and same_cluster(search, one.ref):
            found.append(one.ref)
    return found


def _servers(search: Search, message: str) -> Iterator[ObjectRef]:
    """The Flux objects that run the server in this cluster which a message names, such as a Git server."""
    if (found := _SERVICE.search(message)) is None:
        return
    name, namespace = found.groups()
    yield from search.snapshot.graph.holders(InventoryEntry(SERVICE.kind, "", namespace, name))
    for one in search.snapshot.objects.values():
        for last in one.releases[:1] if not one.node.remote else ():
            if last.namespace == namespace and name in {last.name, f"{last.name}-{last.chart}"}:
                yield one.ref


def _follow_rejecting_webhook(search: Search) -> None:
    """A webhook for which no Pod of a workload can be created, such as one that injects a sidecar."""
    waiting = [one for one in search.workloads if one.failure is not None and one.failure.upstream is Upstream.WEBHOOK]
    alone = len(waiting) == len(search.workloads) and not search.found
    for one in waiting:
        _follow_webhook(search, one.message)
    if waiting and alone and search.by:
        search.own = False


def _releases(search: Search, message: str) -> None:
    """What runs of a HelmRelease, where that is not what is wanted or what the message is about."""
    releases, flux = search.subject.releases, search.status.object
    if search.ref.kind != "HelmRelease" or search.status.health is Health.SUSPENDED:
        return
    deployed = next((one for one in releases if one.status == "deployed"), None)
    wanted = flux.attempted_revision.partition("+")[0]
    if deployed is not None and wanted and deployed.chart_version.partition("+")[0] != wanted:
        search.details.append(Detail(Fact.RELEASE, (search.ref,), (deployed.chart_version, flux.attempted_revision)))
    search.details += _pending(search)
    search.details += _attempts(search)
    about = chart_version(message)
    fetched = [
        search.snapshot.statuses[ref].object.artifact_revision
        for ref in flux.sources
        if ref in search.snapshot.statuses
    ]
    if (
        about
        and fetched
        and fetched[0]
        and "@" not in fetched[0]
        and about.partition("+")[0] != fetched[0].partition("+")[0]
    ):
        search.details.append(Detail(Fact.OLD_MESSAGE, (search.ref,), (about, fetched[0])))
        runs = deployed.chart_version.partition("+")[0] if deployed is not None and releases[0] is deployed else ""
        if runs == fetched[0].partition("+")[0] and not search.found:
            search.failures.clear()
            search.blame("helm-message-outdated")


def _attempts(search: Search) -> Iterator[Detail]:
    """That an action failed again and again, and how each failure is remediated: by default not at all.

    Source: https://fluxcd.io/flux/components/helm/helmreleases/#configuring-failure-handling.
    """
    for action, failed in search.subject.failed_attempts.items():
        if failed < ATTEMPTS:
            continue
        spec = at(search.subject.item, "spec", action)
        retried = text(spec, "strategy", "name") == "RetryOnFailure" or not at(spec, "remediation", "retries")
        how = "uninstall" if action == "install" else text(spec, "remediation", "strategy") or "rollback"
        yield Detail(Fact.ATTEMPTS, (search.ref,), (str(failed), action, "" if retried else how))


def _pending(search: Search) -> Iterator[Detail]:
    """The action of Helm on the newest release that did not end."""
    for one in search.subject.releases[:1]:
        if one.status.startswith(("pending-", "uninstalling")):
            texts = (str(one.version), one.chart_version, one.status)
            yield Detail(Fact.PENDING_RELEASE, (search.ref,), texts, one.deployed)


def _follow_stuck(search: Search) -> None:
    """A run that takes longer than its timeout."""
    search.details += _step(search)
    search.details += _pending(search)
    if search.follow_controller():
        return
    for ref in search.status.object.sources:
        source = search.snapshot.statuses.get(ref)
        if source is not None and source.trouble and not source.object.artifact_revision:
            follow_source(search, ref)
    if search.by or _follow_deployed(search):
        return
    name = "reconciliation-overdue" if search.ref.kind == "Kustomization" else "run-overdue"
    search.blame(name, key=("overdue", search.status.object.kind.controller))


def _follow_deployed(search: Search) -> bool:
    """Whether Helm has deployed the release of a run that still seems to go on."""
    releases, flux = search.subject.releases, search.status.object
    running = flux.ready.changed if flux.ready is not None else None
    if not releases or releases[0].status != "deployed" or flux.attempted_revision != releases[0].chart_version:
        return False
    if running is None or releases[0].deployed is None or releases[0].deployed < running:
        return False
    follow_health(search, "")
    if search.found or search.workloads:
        return False
    texts = (str(releases[0].version), releases[0].chart_version)
    search.failures.clear()
    search.blame("helm-status-not-written", Detail(Fact.DEPLOYED, (search.ref,), texts, releases[0].deployed))
    return True


def _follow_flags(search: Search) -> None:
    """An object that still looks Ready."""
    flags = search.status.flags
    if Flag.SOURCE_FAILING in flags:
        for ref in search.status.object.sources:
            follow_source(search, ref)
    if Flag.REVISION_BEHIND in flags:
        _follow_behind(search)
    if Flag.REQUEST_PENDING in flags and not search.follow_controller():
        search.blame("request-pending")
    if Flag.DRIFTED in flags:
        follow_drift(search)


def _follow_behind(search: Search) -> None:
    """A source has a newer revision than was applied: a loop keeps it from being noticed, or the controller does."""
    if search.follow_controller():
        return
    for source in search.status.object.sources:
        if members := search.snapshot.source_loops.get(source):
            known = (failure("revision-loop"),)
            search.add(Cause(CauseType.LOOP, members, known, key=("loop", frozenset(members))))
    if search.causes:
        return
    flux, now = search.status.object, search.snapshot.now
    wait = timedelta(seconds=flux.interval * _JITTER + flux.timeout)
    statuses = search.snapshot.statuses
    objects = {ref: statuses[ref].object for ref in flux.sources if ref in statuses}
    newer = [objects[ref].fetched for ref in newer_sources(flux, objects, flux.applied_revision, now)]
    if flux.interval and any(fetched is not None and fetched < now - wait for fetched in newer):
        if not _follow_busy(search):
            search.blame("revision-overdue", key=("overdue", flux.kind.controller))
    else:
        search.blame("revision-behind", key=("behind", flux.sources))
