"""The one object that a kind, a name and perhaps a namespace mean."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from flux_mcp.api.kind import Kind
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.result import ListResult, Named, Unread
from flux_mcp.errors import BadArgument, Forbidden, ForbiddenEverywhere, NotFound
from flux_mcp.kubectl.validate import echo
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import value

T = TypeVar("T", bound=Named)

NAMED = 20
"""Namespaces that are named where a name is not enough."""


async def find_one(
    cluster: Cluster,
    request: RequestContext,
    kind: Kind,
    name: str,
    namespace: str | None,
    project: Callable[[dict[str, Any]], T | None],
    *,
    managed_fields: bool = False,
) -> T:
    """Read one object with one kubectl. Without a namespace it is the only object so named.

    Raises:
        BadArgument: there are several of that name; their namespaces are listed.
        KindNotInstalled: the API server does not serve the kind.
        NotFound: there is no such object.
        KubectlError: it could not be read, or not in all namespaces.
    """
    if namespace is not None and not kind.namespaced:
        raise BadArgument("namespace", f"must be left out: {kind.kind} is not in a namespace")
    if namespace is None and kind.namespaced:
        read = partial(cluster.read, named=name)
    else:
        read = partial(cluster.read, namespace=namespace, names=(name,))
    reading = await read(request, (kind,), project, insist=(kind,), managed_fields=managed_fields)
    reading.require_served(request.where)
    for unread_item in reading.unread:
        # An incomplete list does not show whether there are more of that name.
        if unread_item.error is not None:
            raise unread_item.error
    return _only([found for found in reading.objects if found.ref.name == name], request, kind, name, namespace)


async def read_allowed(
    cluster: Cluster,
    request: RequestContext,
    kinds: Sequence[Kind],
    view: Callable[[dict[str, Any]], T | None],
    namespace: str | None,
    insist: Collection[Kind] = (),
) -> tuple[ListResult[T], str | None]:
    """Read kinds in all namespaces, and those that may not be listed there in the one namespace.

    Returns:
        The objects, and the namespace where everything was read in it alone.

    Raises:
        KubectlError: nothing could be read.
    """
    try:
        everywhere = await cluster.read(request, kinds, view, insist=insist)
    except ForbiddenEverywhere as error:
        every = Unread(tuple(kind.kind for kind in kinds), error.brief, error)
        everywhere = ListResult((), frozenset(), unread=(every,))
    refused = [part for part in everywhere.unread if isinstance(part.error, ForbiddenEverywhere)]
    if namespace is None or not refused:
        everywhere.require()
        return everywhere, None
    forbidden = {kind for part in refused for kind in part.kinds}
    inside = await cluster.read(request, [kind for kind in kinds if kind.kind in forbidden], view, namespace=namespace)
    if everywhere.blank:
        inside.require()
        outside = Unread((), f"all but the namespace {namespace} (forbidden)")
        return replace(inside, absent=everywhere.absent, unread=(*inside.unread, outside)), namespace
    known = forbidden & inside.read
    # Of what is forbidden there too, the first refusal is reported.
    left = (replace(part, kinds=tuple(kind for kind in part.kinds if kind not in known)) for part in refused)
    unread = [
        *(part for part in everywhere.unread if part not in refused),
        *(part for part in left if part.kinds),
        *([Unread(tuple(sorted(known)), f"forbidden outside namespace {namespace}", partly=True)] if known else ()),
        *(part for part in inside.unread if not isinstance(part.error, Forbidden)),
    ]
    objects = (*everywhere.objects, *inside.objects)
    return replace(everywhere, objects=objects, unread=tuple(unread)), None


def find_among(reading: ListResult[T], request: RequestContext, kind: Kind, name: str, namespace: str | None) -> T:
    """One object among those that were read of all namespaces. Without a namespace it is the only object so named.

    Raises:
        BadArgument: there are several of that name; their namespaces are listed.
        KindNotInstalled: the API server does not serve the kind.
        NotFound: there is no such object; where it is in another namespace, that is named.
        KubectlError: the kind could not be read.
    """
    of_kind = reading.only((kind.kind,))
    of_kind.require_served(request.where)
    named = [view for view in of_kind.objects if view.ref.name == name]
    if not any(namespace in {None, view.ref.namespace} for view in named):
        for unread_item in of_kind.unread:
            # What was not read may hold it.
            if unread_item.error is not None:
                raise unread_item.error
    return _only(named, request, kind, name, namespace)


def _only(named: Sequence[T], request: RequestContext, kind: Kind, name: str, namespace: str | None) -> T:
    """The one that is meant among all objects of that name."""
    found = [view for view in named if namespace in {None, view.ref.namespace}]
    if not found:
        where = (
            f" in namespace {namespace}" if namespace is not None else " in any namespace" if kind.namespaced else ""
        )
        hint = f" It is in namespace {namespaces_of(named)}." if named else ""
        raise NotFound(f"There is no {kind.kind} {echo(name)}{where}; {request.where}.{hint}", brief="not found")
    # Pages that do not fit together may repeat an object.
    if len({view.ref for view in found}) > 1:
        raise BadArgument("namespace", f"required, since {kind.kind} {echo(name)} is in {namespaces_of(found)}")
    return found[0]


def namespaces_of(found: Sequence[Named]) -> str:
    """The namespaces of objects of one name, for an error's sentence; the first twenty."""
    names = sorted(view.ref.namespace for view in found)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(value(name) for name in names[:NAMED]) + more
