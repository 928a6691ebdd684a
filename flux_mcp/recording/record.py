"""Record a cluster into a folder that answers questions without it: `fluxcd-mcp record`.

A recording is meant to be attached to a ticket: it holds what sanitize/project.py allows of each object, and no Secret,
since none is ever requested. It is written beside its place and renamed at the end, so that a folder of that name is
complete.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import anyio
import orjson

from flux_mcp import __version__
from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRD, EVENT, KUBERNETES_KINDS, NAMESPACE, POD, WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.selector import matches, parse_selector
from flux_mcp.api.unstructured import labels, text
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import task_group
from flux_mcp.cluster.result import Unread
from flux_mcp.errors import (
    BadKubeconfig,
    BadOutput,
    ImpersonationForbidden,
    KubectlError,
    NotFound,
    NotLoggedIn,
    TimedOut,
    UnknownContext,
    Unreachable,
)
from flux_mcp.flux.installation import CONTROLLERS
from flux_mcp.kubernetes.pods import Pod, pod
from flux_mcp.recording.files import a_list, an_item, check_folder, whole_or_nothing, write
from flux_mcp.recording.logs import record_logs
from flux_mcp.render.text import first_line, unread_line
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.field_paths import trimmed_managed_fields
from flux_mcp.sanitize.own_values import hidden_values, mask_values
from flux_mcp.sanitize.patterns import scrub
from flux_mcp.sanitize.project import project
from flux_mcp.settings import DEFAULT_TIMEOUT

MANAGED: Final = frozenset({*FLUX_KINDS, *WORKLOAD_KINDS})
"""The kinds that are recorded with managedFields, as paths."""
_FLUX: Final = parse_selector(CONTROLLERS)
AT_ONCE: Final = 4
"""Kinds that are read at the same time: each holds its kubectl's output while it is read."""
_VERSION: Final = Kind(kind="version", group="", plural="version")
_VERSION_FIELDS: Final = frozenset({"major", "minor", "gitVersion", "platform"})
_ENDING: Final = (Unreachable, NotLoggedIn, BadKubeconfig, UnknownContext, ImpersonationForbidden)
"""What no other kind can be read after."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded.

    Attributes:
        objects: how many of each kind.
        logs: how many; None where none were requested.
        unread: what could not be read.
    """

    folder: Path
    request: RequestContext
    objects: Mapping[str, int]
    logs: int | None
    unread: tuple[Unread, ...]

    def render(self) -> str:
        counted = ", ".join(f"{number} {kind}" for kind, number in self.objects.items() if number) or "no objects"
        counted += "" if self.logs is None else f", {self.logs} logs"
        reported = f"{first_line(f'record {self.folder}', self.request)}: {counted}"
        return "; ".join((reported, *unread_line(self.unread)))


@dataclass(frozen=True, slots=True)
class _Item:
    """An object as it is recorded: its text, or of an Event, which is written last, the object."""

    ref: ObjectRef
    content: bytes | dict[str, Any]

    @property
    def text(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else an_item(self.content)


@dataclass(slots=True)
class _Session:
    """One recording in the making.

    Attributes:
        events: by the object that they are about: they may repeat what that one hides.
        pods: each with whether it is of a Flux controller.
    """

    cluster: Cluster
    request: RequestContext
    namespaces: tuple[str, ...]
    patience: float
    folder: Path
    objects: Counter[str] = field(default_factory=Counter)
    events: dict[ObjectRef, list[dict[str, Any]]] = field(default_factory=dict)
    pods: list[tuple[Pod, bool]] = field(default_factory=list)
    read: bool = False
    failed: list[tuple[Kind, KubectlError, str | None]] = field(default_factory=list)


async def record(
    cluster: Cluster,
    folder: Path,
    namespaces: Sequence[str] = (),
    *,
    logs: bool = False,
    patience: float = DEFAULT_TIMEOUT,
    report: Callable[[str], None] = lambda _: None,
) -> Recorded:
    """Record what a cluster holds of Flux and what runs there.

    Args:
        folder: where; must not exist, its parent must.
        namespaces: the only ones to read; empty for all.
        logs: with the last lines of Flux's controllers and of containers that are not ready.
        patience: seconds for each kind, and for each log.
        report: receives how far it is.

    Raises:
        BadArgument: the folder exists, or there is no folder to put it in.
        NotFound: there is no such namespace.
        CannotRecord: it cannot be written.
        KubectlError: nothing could be read.
    """
    check_folder(folder)
    request = await cluster.open()
    served = await cluster.served_names(request)
    with whole_or_nothing(folder) as partial:
        session = _Session(cluster, request, tuple(dict.fromkeys(namespaces)), patience, partial)
        await _read_all(session, served, report)
        number: int | None = None
        unread: tuple[Unread, ...] = ()
        if logs:
            report("reading logs")
            number, unread = await record_logs(cluster, request, session.pods, partial, patience)
        versions = await _versions(session)
        if "clientVersion" in versions:
            write(partial / "version.json", [orjson.dumps(versions, option=orjson.OPT_INDENT_2), b"\n"])
        # Last: without it the folder is not complete.
        about = orjson.dumps(_about(session, served, versions), option=orjson.OPT_INDENT_2)
        write(partial / "recording.json", [about, b"\n"])
    order = {kind.kind: session.objects[kind.kind] for kind in (*FLUX_KINDS, *KUBERNETES_KINDS)}
    return Recorded(folder, request, order, number, (*_gaps(session), *unread))


async def _read_all(session: _Session, served: frozenset[str], report: Callable[[str], None]) -> None:
    limiter = anyio.CapacityLimiter(AT_ONCE)
    done: list[Kind] = []

    async def read(kind: Kind) -> None:
        async with limiter:
            _write(session, kind, await _read(session, kind, served))
        done.append(kind)
        report(f"{len(done)} of {len(kinds)} kinds")

    kinds = [kind for kind in (*FLUX_KINDS, *KUBERNETES_KINDS) if kind.resource in served]
    report(f"0 of {len(kinds)} kinds")
    events = await _read(session, EVENT, served) if EVENT in kinds else None
    async with task_group() as group:
        for kind in kinds:
            if kind is not EVENT:
                group.start_soon(read, kind)
    _write(session, EVENT, events)
    order = {kind: number for number, kind in enumerate(kinds)}
    session.failed.sort(key=lambda failed: order[failed[0]])
    if session.failed and not session.read:
        raise session.failed[0][1]


def _write(session: _Session, kind: Kind, items: Sequence[_Item] | None) -> None:
    """Write the file of a kind; none where nothing could be read."""
    if items is not None:
        write(session.folder / f"{kind.resource}.json", a_list([item.text for item in items]))


async def _read(session: _Session, kind: Kind, served: frozenset[str]) -> list[_Item] | None:
    """Read one kind; None where nothing could be read."""
    names: tuple[str, ...] = ()
    places: tuple[str | None, ...] = session.namespaces or (None,)
    if kind is CRD:
        names = tuple(flux.resource for flux in FLUX_KINDS if flux.resource in served)
        places = (None,) if names else ()
    elif kind is NAMESPACE:
        names, places = session.namespaces, (None,)
    items: list[_Item] = []
    unread = 0
    for namespace in places:
        found = await _get(session, kind, namespace, names)
        unread += found is None
        items += found or ()
    session.read = session.read or unread < len(places)
    if unread == len(places) > 0:
        return None
    session.objects[kind.kind] = len(items)
    return items


async def _get(session: _Session, kind: Kind, namespace: str | None, names: tuple[str, ...]) -> list[_Item] | None:
    """The objects of one kind in one namespace; None where they could not be read."""
    items, errors = await _ask(session, kind, namespace, names)
    for error in errors:
        if isinstance(error, _ENDING) or (kind is NAMESPACE and isinstance(error, NotFound)):
            raise error
        # A CRD that is not there needs no word: it is not among the others.
        if not isinstance(error, NotFound):
            session.failed.append((kind, error, namespace))
    return None if errors and not items else items


async def _ask(
    session: _Session, kind: Kind, namespace: str | None, names: tuple[str, ...]
) -> tuple[list[_Item], list[KubectlError]]:
    def keep(item: dict[str, Any]) -> _Item:
        # An odd item is recorded too, as far as it is understood.
        ref = ObjectRef(
            text(item, "kind") or kind.kind, text(item, "metadata", "namespace"), text(item, "metadata", "name")
        )
        projected = project(item)
        if kind in MANAGED and (managed := trimmed_managed_fields(item)):
            projected["metadata"]["managedFields"] = managed
        if kind is POD and (found := pod(item)) is not None:
            session.pods.append((found, matches(_FLUX, labels(item, "metadata", "labels"))))
        if kind is EVENT:
            about = ObjectRef(*(text(item, "involvedObject", field) for field in ("kind", "namespace", "name")))
            session.events.setdefault(about, []).append(projected)
            return _Item(ref, projected)
        for event in session.events.get(ref, ()):
            message = text(event, "message")
            event["message"] = mask_values(message, hidden_values(item, message))
        return _Item(ref, an_item(projected))

    try:
        with anyio.fail_after(session.patience):
            reading = await session.cluster.read(
                session.request, (kind,), keep, namespace=namespace, names=names, managed_fields=kind in MANAGED
            )
    except TimeoutError:
        return [], [_late(session, kind)]
    except KubectlError as error:
        return [], [error]
    return list(reading.objects), [unread_item.error for unread_item in reading.unread if unread_item.error is not None]


def _late(session: _Session, kind: Kind) -> KubectlError:
    reported = f"{kind.resource} had no answer within {session.patience:g} seconds"
    return TimedOut(f"{reported}; {session.request.where}.", brief="timeout")


async def _versions(session: _Session) -> dict[str, dict[str, str]]:
    """What `kubectl version` tells; without the API server's version that counts as not read."""
    reported: dict[str, Any] = {}
    error: KubectlError = BadOutput("kubectl version did not report the API server's version.", brief="not reported")
    try:
        with anyio.fail_after(session.patience):
            reported = await session.cluster.versions(session.request)
    except TimeoutError:
        error = _late(session, _VERSION)
    except KubectlError as found:
        error = found
    versions = {
        key: {name: scrub(text) for name, text in version.items() if name in _VERSION_FIELDS and isinstance(text, str)}
        for key, version in reported.items()
        if key in {"clientVersion", "serverVersion"} and isinstance(version, dict)
    }
    if "serverVersion" not in versions:
        session.failed.append((_VERSION, error, None))
    return versions


def _about(session: _Session, served: frozenset[str], versions: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """recording.json."""
    how, who = session.request.identity
    return {
        "recordedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "context": session.request.context or "",
        how: who,
        "fluxMcp": __version__,
        "kubectl": versions.get("clientVersion", {}).get("gitVersion", ""),
        "origin": "fluxcd-mcp record, from a live cluster",
        **({"namespaces": session.namespaces} if session.namespaces else {}),
        "unreadable": [_unreadable(*failed) for failed in session.failed],
        "served": sorted(served),
    }


_SAID: Final = re.compile(r"Error from server \((\w+)\): (.+)")


def _unreadable(kind: Kind, error: KubectlError, namespace: str | None) -> dict[str, str]:
    said = _SAID.search(error.said)
    reason = said[1] if said else "Timeout" if isinstance(error, TimedOut) else type(error).__name__
    message = said[2] if said else error.said or scrub(str(error))
    where = {} if namespace is None else {"namespace": namespace}
    return {"resource": kind.resource, "reason": reason, "message": message, **where}


def _gaps(session: _Session) -> Iterator[Unread]:
    """What could not be read, for the line that says so."""
    causes: dict[str, list[str]] = {}
    for kind, error, _ in session.failed:
        causes.setdefault(error.brief, []).append(kind.kind)
    for why, kinds in causes.items():
        yield Unread(tuple(dict.fromkeys(kinds)), why)
