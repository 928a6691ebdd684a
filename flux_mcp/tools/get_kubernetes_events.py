"""get_kubernetes_events: what controllers reported lately, newest first."""

from datetime import datetime, timedelta

from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import EVENT
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.get import NAMED
from flux_mcp.cluster.result import ListResult
from flux_mcp.errors import BadArgument
from flux_mcp.kubectl.validate import echo
from flux_mcp.kubernetes.events import WARNING, Event, event, fold
from flux_mcp.render.get_kubernetes_events import KubernetesEvents
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
    """List Kubernetes events, newest first; equal events of one object are one line with a count."""
    known = resolve_known(kind) if kind is not None else None
    if name is not None and kind is None:
        raise BadArgument("name", "needs kind")
    check_target(known, name, namespace)
    request = await cluster.open(context)
    if kind is not None and known is None:
        known = await cluster.resolve(request, kind)
        check_target(known, None, namespace)
    read = await cluster.read(request, (EVENT,), event, namespace=namespace)
    read.require(request.where)
    oldest = None if since is None else request.now - timedelta(seconds=since)
    matching = fold(
        found
        for found in _about(read, known, name)
        if (not warnings_only or found.type == WARNING) and _is_new(found, oldest) and _contains(found, contains)
    )
    return KubernetesEvents(
        request=request, matching=matching, examined=len(read.objects), unread=read.unread, limit=limit
    )


def _is_new(event: Event, oldest: datetime | None) -> bool:
    return oldest is None or (event.seen is not None and event.seen >= oldest)


def _about(read: ListResult[Event], kind: Kind | None, name: str | None) -> list[Event]:
    """The events about objects of a kind and a name, which without a namespace must be that of one object.

    Raises:
        BadArgument: there are several; their namespaces are listed.
    """
    found = [
        event
        for event in read.objects
        if kind is None
        or (event.about.kind == kind.kind and event.group in {None, kind.group} and name in {None, event.about.name})
    ]
    namespaces = sorted({event.about.namespace for event in found})
    if kind is not None and name is not None and len(namespaces) > 1:
        several = ", ".join(map(echo, namespaces[:NAMED]))
        raise BadArgument("namespace", f"required, since there are events of {kind.kind} {echo(name)} in {several}")
    return found


def _contains(event: Event, part: str | None) -> bool:
    """Whether a substring is in what would be shown: masked text must not be found by guessing at it."""
    return part is None or part.lower() in f"{event.about} {clean(event.reason)} {clean(event.message)}".lower()
