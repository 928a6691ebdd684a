"""`call --output=json`: the facts of an answer as fields, for programs. docs/json.md is written from FIELDS.

Every text of the cluster is masked like in the text of the answer. Fields are only ever added.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.result import Unread
from flux_mcp.compare.differences import Difference
from flux_mcp.diagnosis.cause import Cause
from flux_mcp.flux.status import ObjectStatus, count
from flux_mcp.render.answer import Answer
from flux_mcp.render.audit_flux_configuration import FluxAudit
from flux_mcp.render.causes import crash_logs, explaining, filled
from flux_mcp.render.compare_flux import FluxComparison
from flux_mcp.render.diagnose_flux import FluxDiagnosis
from flux_mcp.render.findings import detail
from flux_mcp.render.get_flux_fleet import Fleet, FleetContext
from flux_mcp.render.list_flux_resources import FluxResources
from flux_mcp.render.text import moment
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import clean, clean_name

T = TypeVar("T")
FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "every answer": {
        "tool": "the name of the tool",
        "context": "the context; null for a kubeconfig without contexts, and in an answer about several contexts",
        "as, user": "the impersonated identity, or the kubeconfig's name for the user; null like context",
        "time": "the moment of the answer, RFC 3339",
        "unread": "what could not be read: kinds (empty where it is not known of which), why, partly",
    },
    "list_flux_resources": {
        "total": "how many objects match",
        "counts": "health → how many of them",
        "objects": "the objects in the order of trouble, as many as limit: kind, namespace, name, health, flags, "
        "reason, message, since (last transition of Ready, else creation), revision",
        "idleSince": "when the last Kustomization ran, where all that are Ready are overdue, so that it may be out of "
        "date; else null",
        "notInstalled": "requested kinds that the API server does not serve",
    },
    "diagnose_flux": {
        "counts": "health → how many objects that match the arguments",
        "controllersDown": "the controllers that are not ready and matter: namespace, name, ready, wanted",
        "notSearched": "namespaces whose Pods and Events were not read; a cause there may be known less well",
        "causes": "the root causes, the most important first: type, objects (fields as above), advice (cause, fix), "
        "known (whether the failure is in the catalog), blocks (kind, namespace, name), logs (of containers that "
        "crashed: pod, container, lines, the newest last)",
    },
    "audit_flux_configuration": {
        "objects": "how many Flux objects were audited",
        "rules": "how many rules ran",
        "findings": "by rule, the worst first: rule, severity, summary, fix, docs, objects (kind, namespace, name, "
        "detail)",
        "skipped": "rules that could not be checked in full: rule, unread, wholly",
    },
    "get_flux_fleet": {
        "contexts": "the contexts, those that could not be read first: context, as or user, time (the moment of the "
        "answer, or of the recording; these are null where the context could not be opened), problem (why nothing is "
        "known of it; else empty), installed (whether Flux is), version, counts (health → objects), trouble (how many "
        "objects are in trouble), controllers (how many there are), controllersDown (namespace, name), causes (the "
        "worst first: objects, health, reason, blocks (how many)), unread",
        "notRead": "contexts beyond the most that one answer reads",
    },
    "compare_flux": {
        "with": "the other side: context, as or user, time",
        "compared": "how many objects are on both sides",
        "equal": "how many of them are equal",
        "differences": "section (spec, revision, workload, health, installation), objects that have the same "
        "differences (none for installation), fields (path, left, right; null where not set or shown, then shown is "
        "false), followers (appliers that run the revision of this source on both sides)",
        "only": "left, right: objects on one side only",
        "inventories": "of appliers, what only one side applies, of kinds that are not read: kind, namespace, name, "
        "left, right",
        "changedBack": "spec changed in between without a difference now: kind, namespace, name, generations",
        "madeAgain": "deleted and created again in between: kind, namespace, name",
        "notCompared": "left, right: kinds that could not be read in full on that side",
        "notInstalled": "left, right: kinds that the API server of that side does not serve",
        "masked": "how many objects have values that a recording masks",
        "leftOut": "kind → how many objects differ that controllers make for every revision",
    },
}
"""The fields of each document, for docs/json.md and its test."""


def document(answer: Answer) -> dict[str, Any]:
    """The fields of an answer of a documented tool."""
    return {
        "tool": answer.title,
        **_side(answer.request),
        "unread": [_unread(item) for item in answer.unread],
        **_DOCUMENTS[answer.title](answer),
    }


def _side(request: RequestContext | None) -> dict[str, Any]:
    """The context, the identity and the moment of an answer, or of one side of it."""
    if request is None:
        return {"context": None, "user": None, "time": None}
    how, who = request.identity
    context = None if request.context is None else clean_name(request.context)
    identity = None if request.several and how == "user" else clean_name(who)
    return {"context": context, how: identity, "time": moment(request.now)}


def _resources(answer: FluxResources) -> dict[str, Any]:
    return {
        "total": len(answer.matching),
        "counts": _counts(answer.matching),
        "objects": [_status(status) for status in answer.matching[: answer.limit]],
        "idleSince": moment(answer.idle) if answer.idle is not None else None,
        "notInstalled": [kind.kind for kind in answer.absent],
    }


def _diagnosis(answer: FluxDiagnosis) -> dict[str, Any]:
    diagnosis = answer.diagnosis
    return {
        "counts": _counts(answer.selected),
        "controllersDown": [
            {**_ref(one.ref), "ready": one.ready, "wanted": one.wanted}
            for one in answer.snapshot.controllers.found
            if one.down
        ],
        "notSearched": [clean_name(one) for one in answer.snapshot.evidence.left_out],
        "causes": [
            _cause(answer, diagnosis.causes[position], diagnosis.blocks[position]) for position in answer.positions
        ],
    }


def _cause(answer: FluxDiagnosis, cause: Cause, blocks: Iterable[ObjectRef]) -> dict[str, Any]:
    statuses = answer.diagnosis.statuses
    return {
        "type": cause.type.value,
        "objects": [_status(statuses[ref]) if ref in statuses else _ref(ref) for ref in cause.members],
        "known": bool(explaining(cause)),
        "advice": [
            {"cause": filled(one.advice.cause, cause), "fix": filled(one.advice.fix, cause)}
            for one in explaining(cause)
        ],
        "blocks": [_ref(ref) for ref in blocks],
        "logs": [
            {
                "pod": _ref(pod),
                "container": clean_name(container),
                "lines": [line.strip() for line in answer.snapshot.logs[pod, container]],
            }
            for pod, container in crash_logs(cause, answer.snapshot)
        ],
    }


def _audit(answer: FluxAudit) -> dict[str, Any]:
    return {
        "objects": answer.objects,
        "rules": answer.audit.ran,
        "findings": [
            {
                "rule": found.rule.id,
                "severity": found.rule.severity.value,
                "summary": found.rule.summary,
                "fix": found.rule.fix,
                "docs": found.rule.docs,
                "objects": [
                    {**_ref(one.ref), "detail": detail(found.rule, one.ref, one.values) if one.values else ""}
                    for one in found.findings
                ],
            }
            for found in answer.audit.found
            if answer.severity.covers(found.rule.severity)
        ],
        "skipped": [
            {"rule": one.rule.id, "unread": sorted(map(clean_name, one.unknown)), "wholly": one.wholly}
            for one in answer.audit.unchecked
            if answer.severity.covers(one.rule.severity)
        ],
    }


def _fleet(answer: Fleet) -> dict[str, Any]:
    return {
        "contexts": [_fleet_context(each) for each in answer.contexts],
        "notRead": [clean_name(name) for name in answer.left_out_contexts],
    }


def _fleet_context(each: FleetContext) -> dict[str, Any]:
    return {
        **_side(each.request),
        "context": clean_name(each.name),
        "problem": clean(each.problem),
        "installed": each.installed if not each.problem else None,
        "version": clean_name(each.version),
        "counts": {health.value: number for health, number in each.health},
        "trouble": each.trouble,
        "controllers": each.controllers,
        "controllersDown": [_ref(ref) for ref in each.down],
        "causes": [
            {
                "objects": [_ref(ref) for ref in cause.members],
                "health": cause.status.health.value if cause.status is not None else None,
                "reason": clean_name(cause.status.reason) if cause.status is not None else None,
                "blocks": cause.blocks,
            }
            for cause in each.causes
        ],
        "unread": [_unread(item) for item in each.unread],
    }


def _comparison(answer: FluxComparison) -> dict[str, Any]:
    found = answer.comparison
    return {
        "with": _side(answer.other),
        "compared": found.compared,
        "equal": found.equal,
        "differences": [
            {
                "section": section.value,
                "objects": [_ref(ref) for ref in group.refs if ref.kind],
                "fields": [_field(one) for one in group.differences],
                "followers": group.followers,
            }
            for section, groups in found.groups.items()
            for group in groups[: answer.limit]
        ],
        "only": _sides(found.only, _ref),
        "inventories": [
            {**_ref(ref), **_sides(lists, lambda entry: _ref(entry.ref))} for ref, lists in found.applied.items()
        ],
        "changedBack": [{**_ref(ref), "generations": [before, now]} for ref, before, now in found.touched],
        "madeAgain": [_ref(ref) for ref in found.made_again],
        "notCompared": _sides([sorted(kinds) for kinds in found.partly], clean_name),
        "notInstalled": _sides([sorted(kinds) for kinds in answer.absent], clean_name),
        "masked": found.masked,
        "leftOut": dict(found.left_out),
    }


def _sides(lists: Iterable[Iterable[T]], write: Callable[[T], Any]) -> dict[str, list[Any]]:
    return {side: [write(one) for one in some] for side, some in zip(("left", "right"), lists, strict=True)}


def _field(one: Difference) -> dict[str, Any]:
    values = {}
    for side, text in (("left", one.left), ("right", one.right)):
        values[side] = clean(text) if isinstance(text, str) else text and [clean(each) for each in text]
    return {"path": clean_name(one.path), **values, "shown": not one.hidden}


_DOCUMENTS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    FluxResources.title: _resources,
    FluxDiagnosis.title: _diagnosis,
    FluxAudit.title: _audit,
    Fleet.title: _fleet,
    FluxComparison.title: _comparison,
}


DOCUMENTED: Final = tuple(_DOCUMENTS)
"""The tools whose answers have fields."""


def _counts(statuses: Iterable[ObjectStatus]) -> dict[str, int]:
    return {health.value: number for health, number in count(statuses)}


def _status(status: ObjectStatus) -> dict[str, Any]:
    flux = status.object
    return {
        **_ref(flux.ref),
        "health": status.health.value,
        "flags": [flag.value for flag in status.flags],
        "reason": clean_name(status.reason),
        "message": clean(status.message),
        "since": None if status.since is None else moment(status.since),
        "revision": clean_name(flux.revision or ""),
    }


def _ref(ref: ObjectRef) -> dict[str, str]:
    return {
        key: clean_name(text) for key, text in (("kind", ref.kind), ("namespace", ref.namespace), ("name", ref.name))
    }


def _unread(item: Unread) -> dict[str, Any]:
    return {"kinds": list(item.kinds), "why": item.why, "partly": item.partly}
