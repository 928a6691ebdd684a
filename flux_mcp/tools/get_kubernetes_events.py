"""get_kubernetes_events: what controllers said lately, newest first."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import EVENT
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.get import NAMED
from flux_mcp.cluster.result import ListResult
from flux_mcp.errors import BadArgument, KindNotInstalled
from flux_mcp.kubectl.validate import echo
from flux_mcp.kubernetes.events import WARNING, Event, event, fold
from flux_mcp.render.get_kubernetes_events import KubernetesEvents
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import clean
from flux_mcp.tools.arguments import (
    Contains,
    Context,
    Limit,
    Namespace,
    OnlyKind,
    OnlyName,
    Since,
    WarningsOnly,
    check_target,
)


async def get_kubernetes_events(  # noqa: PLR0913 (one parameter an argument)
    cluster: Cluster,
    *,
    namespace: Namespace = None,
    kind: OnlyKind = None,
    name: OnlyName = None,
    warnings_only: WarningsOnly = False,
    since: Since = None,
    contains: Contains = None,
    limit: Limit = None,
    context: Context = None,
) -> KubernetesEvents:
    """Kubernetes events, newest first, equal ones of an object on one line with a count."""
    known = resolve_known(kind) if kind is not None else None
    if name is not None and kind is None:
        raise BadArgument("name", "needs kind")
    check_target(known, name, namespace)
    request = await cluster.open(context)
    if kind is not None and known is None:
        known = await cluster.resolve(request, kind)
        check_target(known, None, namespace)
    reading = await cluster.read(request, (EVENT,), event, namespace=namespace)
    if reading.absent:
        raise KindNotInstalled(f"The cluster does not serve Event; {request.where}.", brief="not installed")
    reading.require()
    oldest = _back(request, since)
    about = (one for one in _about(reading, known, name) if not warnings_only or one.type == WARNING)
    matching = fold(one for one in about if _is_new(one, oldest) and _contains(one, contains))
    return KubernetesEvents(
        request=request, matching=matching, examined=len(reading.objects), unread=reading.unread, limit=limit
    )


def _back(request: RequestContext, seconds: int | None) -> datetime | None:
    return None if seconds is None else request.now - timedelta(seconds=seconds)


def _is_new(one: Event, oldest: datetime | None) -> bool:
    return oldest is None or (one.seen is not None and one.seen >= oldest)


def _about(reading: ListResult[Event], kind: Kind | None, name: str | None) -> Iterator[Event]:
    """The events about objects of a kind and a name, which without a namespace must be that of one object.

    Raises:
        BadArgument: there are several; their namespaces are listed.
    """
    found = [
        one
        for one in reading.objects
        if kind is None
        or (one.about.kind == kind.kind and one.group in {None, kind.group} and name in {None, one.about.name})
    ]
    namespaces = sorted({one.about.namespace for one in found})
    if kind is not None and name is not None and len(namespaces) > 1:
        told = ", ".join(map(echo, namespaces[:NAMED]))
        raise BadArgument("namespace", f"is needed: there are events of {kind.kind} {echo(name)} in {told}")
    yield from found


def _contains(one: Event, part: str | None) -> bool:
    """Whether a text is in what would be shown: what is masked must not be found by guessing at it."""
    return part is None or part.lower() in f"{clean(one.reason)} {clean(one.message)}".lower()
