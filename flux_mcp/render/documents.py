"""`call --output=json`: the facts of an answer as fields, for programs. docs/json.md is written from FIELDS.

Every text of the cluster is masked like in the text of the answer. Fields are only ever added.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.result import Unread
from flux_mcp.diagnosis.cause import Cause
from flux_mcp.flux.status import ObjectStatus, count
from flux_mcp.render.answer import Answer
from flux_mcp.render.audit_flux_configuration import FluxAudit
from flux_mcp.render.causes import explaining, filled
from flux_mcp.render.diagnose_flux import FluxDiagnosis
from flux_mcp.render.findings import detail
from flux_mcp.render.list_flux_resources import FluxResources
from flux_mcp.sanitize.quote import clean, clean_name

FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "every answer": {
        "tool": "the name of the tool",
        "context": "the context; null for a kubeconfig without contexts",
        "as, user": "the impersonated identity, or the kubeconfig's name for the user",
        "time": "the moment of the answer, RFC 3339",
        "unread": "what could not be read: kinds (empty where it is not known of which), why, partly",
    },
    "list_flux_resources": {
        "total": "how many objects match",
        "counts": "health → how many of them",
        "objects": "the objects in the order of trouble, as many as limit: kind, namespace, name, health, flags, "
        "reason, message, since (last transition of Ready, else creation), revision",
        "notInstalled": "requested kinds that the API server does not serve",
    },
    "diagnose_flux": {
        "counts": "health → how many objects that match the arguments",
        "controllersDown": "the controllers that are not ready and matter: namespace, name, ready, wanted",
        "causes": "the root causes, the most important first: type, objects (fields as above), advice (cause, fix), "
        "known (whether the failure is in the catalog), blocks (kind, namespace, name)",
    },
    "audit_flux_configuration": {
        "objects": "how many Flux objects were audited",
        "rules": "how many rules ran",
        "findings": "by rule, the worst first: rule, severity, summary, fix, docs, objects (kind, namespace, name, "
        "detail)",
        "skipped": "rules that could not be checked in full: rule, unread, wholly",
    },
}
"""The fields of each document, for docs/json.md and its test."""


def document(answer: Answer) -> dict[str, Any]:
    """The fields of an answer of a documented tool."""
    request = answer.request
    how, who = request.identity
    return {
        "tool": answer.title,
        "context": None if request.context is None else clean_name(request.context),
        how: clean_name(who),
        "time": f"{request.now:%Y-%m-%dT%H:%M:%SZ}",
        "unread": [_unread(item) for item in answer.unread],
        **_DOCUMENTS[answer.title](answer),
    }


def _resources(answer: FluxResources) -> dict[str, Any]:
    return {
        "total": len(answer.matching),
        "counts": _counts(answer.matching),
        "objects": [_status(status) for status in answer.matching[: answer.limit]],
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


_DOCUMENTS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    FluxResources.title: _resources,
    FluxDiagnosis.title: _diagnosis,
    FluxAudit.title: _audit,
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
        "since": None if status.since is None else f"{status.since:%Y-%m-%dT%H:%M:%SZ}",
        "revision": clean_name(flux.revision or ""),
    }


def _ref(ref: ObjectRef) -> dict[str, str]:
    return {
        key: clean_name(text) for key, text in (("kind", ref.kind), ("namespace", ref.namespace), ("name", ref.name))
    }


def _unread(item: Unread) -> dict[str, Any]:
    return {"kinds": list(item.kinds), "why": item.why, "partly": item.partly}
