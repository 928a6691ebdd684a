"""get_kubernetes_events: what controllers said lately, newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import EVENT
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.get import NAMED
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.errors import BadArgument, KindNotInstalled
from flux_mcp.kubectl.validate import echo
from flux_mcp.kubernetes.events import WARNING, Event, Folded, event, fold
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line, age, first_line, fit, unread_line, until_full
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import clean, message, value
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


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesEvents:
    """The events that match, folded, newest first.

    Attributes:
        examined: how many events were read.
        gaps: what could not be read of them.
    """

    request: RequestContext
    matching: tuple[Folded, ...]
    examined: int
    unread: tuple[Unread, ...]
    limit: int | None

    @property
    def _bound(self) -> int:
        return DEFAULT_BOUND if self.limit is None else LIMIT_BOUND

    def render(self) -> str:
        """The answer: one line for all events that say the same of an object."""
        return fit(
            self._head,
            (self._lines,),
            self._bound,
            lambda rest: f"… {rest} older events: narrow with namespace, kind and name, warnings_only or contains.",
        )

    def _lines(self) -> list[Line]:
        return until_full(
            (Line(_line(entry, self.request), 1, 1) for entry in self.matching[: self.limit]),
            len(self.matching),
            self._bound,
            lambda rest: f"… {rest} older events: raise limit, or narrow with kind, name or warnings_only.",
        )

    def _head(self, named: int) -> Sequence[str]:
        lines = [
            first_line("get_kubernetes_events", self.request, named, len(self.matching)),
            *unread_line(self.unread),
        ]
        if not self.matching:
            lines.append(f"No event matches; {self.examined} were read. API servers forget events, often in an hour.")
        return lines


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


def _line(entry: Folded, request: RequestContext) -> str:
    """`3m Warning Kustomization flux-system/apps, HealthCheckFailed x7: "message"`."""
    one = entry.last
    namespace = f"{value(one.about.namespace)}/" if one.about.namespace else ""
    about = f"{value(one.about.kind)} {namespace}{value(one.about.name)}"
    start = " ".join(filter(None, (age(one.seen, request.now), value(one.type) if one.type else "", about)))
    count = f" x{entry.count}" if entry.count > 1 else ""
    reason = f", {value(one.reason)}{count}" if one.reason else f",{count}" if count else ""
    return f"{start}{reason}: {message(one.message)}" if one.message else f"{start}{reason}"
