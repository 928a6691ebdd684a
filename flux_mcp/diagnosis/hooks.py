"""The hooks and tests of a chart that failed: their Jobs and Pods, which no inventory and no label of Flux names.

Source: https://helm.sh/docs/topics/charts_hooks/. Helm puts neither labels nor annotations of the release on hooks.
"""

import re
from collections.abc import Iterator
from typing import Final

from flux_mcp.api.kubernetes_kinds import EVENT, JOB, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.cause import Detail, Fact
from flux_mcp.diagnosis.messages import named_objects
from flux_mcp.diagnosis.search import Search
from flux_mcp.diagnosis.workload_health import last_failures, workload_failures
from flux_mcp.flux.managed_workloads import HOOK

_TESTS: Final = re.compile(r'\bpods? "?([a-z0-9][a-z0-9.-]{0,252})"? (?:failed|already exists)')
_INSTANCE: Final = ("app.kubernetes.io/instance", "release")
"""Labels that charts give their objects by convention."""
_PHASE: Final = re.compile(r"\b((?:pre|post)-(?:install|upgrade|rollback|delete))\b")


def follow_hook(search: Search, message: str) -> None:
    """What became of the hooks that a message names, else of those of its phase, else of the tests in the history."""
    one = search.subject
    namespace = one.releases[0].namespace if one.releases else one.target
    if one.node.remote:
        search.blame("remote-cluster")
        return
    search.need(namespace, (JOB, POD, EVENT))
    evidence = search.snapshot.evidence
    named = [*_named(search, message, namespace)]
    for ref in named or _of_phase(search, message, namespace):
        found = workload_failures(ref, evidence, search.snapshot.now)
        search.workloads += found
        known = ref in evidence.workloads or ref in evidence.pods or evidence.events.get(ref)
        if ref in named and not found and not known and evidence.was_read(namespace, ref.kind):
            search.details.append(Detail(Fact.WORKLOAD_MISSING, (ref,)))
            search.workloads += last_failures(ref, evidence)


def _named(search: Search, message: str, namespace: str) -> Iterator[ObjectRef]:
    yield from (one.entry.ref for one in named_objects(message, namespace) if one.entry.kind in {JOB.kind, POD.kind})
    tests = [match[1] for match in _TESTS.finditer(message)]
    if "Helm test" in message and search.subject.releases:
        tests += search.subject.releases[0].failed_tests
    # A test may be a Job, whose Pods have other names.
    jobs = {
        ref.name for ref in search.snapshot.evidence.workloads if ref.kind == JOB.kind and ref.namespace == namespace
    }
    yield from (ObjectRef(JOB.kind if name in jobs else POD.kind, namespace, name) for name in dict.fromkeys(tests))


def _of_phase(search: Search, message: str, namespace: str) -> Iterator[ObjectRef]:
    """The Jobs of the phase that did not complete; of several releases in a namespace those with its name."""
    phase = found[1] if (found := _PHASE.search(message)) else ""
    release = search.subject.releases[0].name if search.subject.releases else search.ref.name
    jobs = [
        one
        for one in search.snapshot.evidence.workloads.values()
        if one.ref.kind == JOB.kind
        and one.ref.namespace == namespace
        and not one.settled
        and phase
        and phase in one.annotations.get(HOOK, "").split(",")
    ]
    ours = [one for one in jobs if release in {one.labels.get(key) for key in _INSTANCE}]
    ours = ours or [one for one in jobs if one.ref.name.startswith(release)] or (jobs if len(jobs) == 1 else [])
    yield from (one.ref for one in ours)
