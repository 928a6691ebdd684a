"""What the messages of controllers name: objects that are not ready, webhooks, namespaces, kinds, chart versions.

Source: ssa/manager_wait.go of https://github.com/fluxcd/pkg, and pkg/kube/statuswait.go of https://github.com/helm/helm.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import WORKLOAD_KINDS
from flux_mcp.flux.inventory import InventoryEntry

_KIND: Final = r"[A-Z][A-Za-z0-9]{1,62}"
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
_OBJECTS: Final = re.compile(
    rf"\b(?P<kind>{_KIND})/(?:(?P<namespace>{_LABEL})/)?(?P<name>{_NAME})"
    r"(?: status: '(?P<status>\w{1,20})'| not ready(?:\. status: (?P<state>\w{1,20}))?|'? (?:is )?not ready)"
    rf"|resource not ready, name: (?P<bare>{_NAME}), kind: (?P<bare_kind>{_KIND}), status: (?P<bare_status>\w{{1,20}})"
    rf"|\bjob (?P<job>{_NAME}) failed: "
)
_GROUPS: Final = {kind.kind: kind.group for kind in WORKLOAD_KINDS}
_URGENT: Final = ("Failed", "NotFound", "Terminating")
_WEBHOOK: Final = re.compile(
    r'webhook (?:"(?P<webhook>[^"\n]{1,253})"|for (?P<converted>[^\s,]{1,320}), Kind=)'
    rf"[^\n]{{0,200}}?https://(?P<service>{_LABEL})\.(?P<namespace>{_LABEL})\.svc\b"
)
_TERMINATING: Final = re.compile(rf"namespace ({_LABEL}) because it is being terminated")
_NO_MATCH: Final = re.compile(rf'no matches for kind "({_KIND})" in version "([^"/\n]{{1,253}})/[^"\n]{{1,63}}"')
_OWNER: Final = re.compile(
    r'meta\.helm\.sh/release-(name|namespace)" must equal "[^"\n]{1,253}": current value is "([^"\n]{1,253})"'
)
_CONTESTED: Final = re.compile(
    rf"\bobject (?:({_LABEL})/)?({_NAME}) [\w./-]{{1,253}}, Kind=({_KIND})"
    rf'|\b({_KIND}) "({_NAME})" in namespace "([^"\n]{{0,63}})" exists'
    rf"|already defined in ingress ({_LABEL})/({_NAME})"
    rf"|ScaledObject/({_LABEL})/[^\n]{{0,600}}already managed by the hpa '({_NAME})'"
)
_RELEASE: Final = re.compile(r"for release ([^\s/]{1,63}/[^\s/]{1,253}) with chart ")
_CHART: Final = re.compile(r"with chart [^\s@]{1,253}@([^\s:]{1,100})")


_SEVERAL: Final = re.compile(
    r" && (?=cannot |failed |error )|\n\s{1,8}\* "
    rf"|(?:; |, )(?={_KIND}(?:/[\w.-]{{1,253}}){{1,2}} (?:dry-run|apply|delete|not found))"
)
"""Between several errors in one message: of Helm's client, of Helm's hooks, of an apply or a deletion."""
_ONE: Final = re.compile(r"(1 error occurred:)\n\s{1,8}\* ")
"""How Helm's hooks begin a list of one error."""


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An object that a message names as not ready.

    Attributes:
        status: `Failed`, `InProgress` and so on; empty where the message has none.
    """

    entry: InventoryEntry
    status: str


def named_objects(message: str, namespace: str) -> tuple[NamedObject, ...]:
    """The objects that a message about health names, each once, those that failed first.

    Where one has failed, those of unknown status were only not polled yet, and are left out. Only Flux kinds and
    workloads have a group; another kind's is empty.

    Args:
        message: of a condition.
        namespace: of objects that are named without one.
    """
    found: dict[InventoryEntry, NamedObject] = {}
    for one in _named(message, namespace):
        found.setdefault(one.entry, one)
    urgent = any(one.status in _URGENT for one in found.values())
    kept = (one for one in found.values() if not (urgent and one.status == "Unknown"))
    return tuple(sorted(kept, key=lambda one: one.status not in _URGENT))


def _named(message: str, namespace: str) -> Iterator[NamedObject]:
    for match in _OBJECTS.finditer(message):
        kind = match["kind"] or match["bare_kind"] or "Job"
        name = match["name"] or match["bare"] or match["job"]
        status = match["status"] or match["state"] or match["bare_status"] or ("Failed" if match["job"] else "")
        group = by_kind[kind].group if kind in by_kind else _GROUPS.get(kind, "")
        yield NamedObject(InventoryEntry(kind, group, match["namespace"] or namespace, name), status)


def errors_of(message: str) -> tuple[str, ...]:
    """The errors of a message that joins several, the first with what stands before it; else the message itself."""
    return tuple(filter(None, _SEVERAL.split(_ONE.sub(r"\1 ", message))))


def webhook_service(message: str) -> tuple[str, str, str] | None:
    """The webhook, or what it converts, that could not be called, and the namespace and name of its Service."""
    found = _WEBHOOK.search(message)
    return (found["webhook"] or found["converted"], found["namespace"], found["service"]) if found else None


def terminating_namespace(message: str) -> str:
    """The namespace in which nothing can be created, since it is being deleted."""
    found = _TERMINATING.search(message)
    return found[1] if found else ""


def unserved_kind(message: str) -> tuple[str, str] | None:
    """The kind that the API server does not serve, and its group."""
    found = _NO_MATCH.search(message)
    return (found[1], found[2]) if found else None


def release_name(message: str) -> str:
    """Namespace and name of the release that a message about a Helm action is about: `apps/web`."""
    found = _RELEASE.search(message)
    return found[1] if found else ""


def contested_object(message: str) -> tuple[str, str, str] | None:
    """Kind, namespace and name of the object that Helm may not change, or of the one that has what another wants."""
    found = _CONTESTED.search(message)
    if found is None:
        return None
    if found[7]:
        return "Ingress", found[7], found[8]
    if found[9]:
        return "HorizontalPodAutoscaler", found[9], found[10]
    return (found[3], found[1] or "", found[2]) if found[3] else (found[4], found[6], found[5])


def owner_release(message: str) -> str:
    """Namespace and name of the release that owns an object which another wants: `monitoring/agent`."""
    namespace, _, name = release_name(message).partition("/")
    owner = dict(_OWNER.findall(message))
    return f"{owner.get('namespace', namespace)}/{owner.get('name', name)}" if owner and name else ""


def chart_version(message: str) -> str:
    """The version of the chart that a message about a Helm action is about."""
    found = _CHART.search(message)
    return found[1] if found else ""
