"""The one object that a kind, a name and perhaps a namespace mean."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flux_mcp.cluster import Cluster, Scope
from flux_mcp.errors import BadArgument, KindNotInstalled, NotFound
from flux_mcp.flux.kinds import FluxKind, Kind
from flux_mcp.kubectl.command import echo
from flux_mcp.quoting import value
from flux_mcp.reading import Reading, Viewed

__all__ = ["NAMED", "find_among", "find_one", "namespaces_of"]

T = TypeVar("T", bound=Viewed)

NAMED = 20
"""Namespaces that are named where a name is not enough."""


async def find_one(
    cluster: Cluster,
    scope: Scope,
    kind: Kind,
    name: str,
    namespace: str | None,
    project: Callable[[dict[str, Any]], T | None],
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
        reading = await cluster.read(scope, (kind,), project, named=name)
    else:
        reading = await cluster.read(scope, (kind,), project, namespace=namespace, names=(name,))
    if reading.absent:
        raise KindNotInstalled(f"The cluster does not serve {kind.kind}; {scope.place}.", brief="not installed")
    for gap in reading.gaps:
        # A list that is not whole does not tell whether there are more of that name.
        if gap.error is not None:
            raise gap.error
    found = [one for one in reading.objects if one.ref.name == name]
    if not found:
        where = (
            f" in namespace {namespace}" if namespace is not None else " in any namespace" if kind.namespaced else ""
        )
        raise NotFound(f"There is no {kind.kind} {echo(name)}{where}; {scope.place}.", brief="not found")
    if len(found) > 1:
        raise BadArgument("namespace", f"is needed: {kind.kind} {echo(name)} is in {namespaces_of(found)}")
    return found[0]


def find_among(reading: Reading[T], scope: Scope, kind: FluxKind, name: str, namespace: str | None) -> T:
    """The object that is meant among those that were read. Without a namespace it is the only object so named.

    Raises:
        BadArgument: there are several of that name; their namespaces are listed.
        KindNotInstalled: the API server does not serve the kind.
        NotFound: there is none; where it is in other namespaces, those are named.
        KubectlError: there is none among those of the kind that were read, which is not all.
    """
    of_kind = reading.only((kind.kind,))
    if of_kind.absent:
        raise KindNotInstalled(f"The cluster does not serve {kind.kind}; {scope.place}.", brief="not installed")
    named = [one for one in of_kind.objects if one.ref.name == name]
    found = [one for one in named if namespace in {None, one.ref.namespace}]
    if not found:
        for gap in of_kind.gaps:
            if gap.error is not None:
                raise gap.error
        hint = f" It is in namespace {namespaces_of(named)}." if named else ""
        where = f" in namespace {value(namespace)}" if namespace else ""
        raise NotFound(f"There is no {kind.kind} {echo(name)}{where}; {scope.place}.{hint}", brief="not found")
    if len(found) > 1:
        raise BadArgument("namespace", f"is needed: {kind.kind} {echo(name)} is in {namespaces_of(found)}")
    return found[0]


def namespaces_of(found: Sequence[Viewed]) -> str:
    """The namespaces of objects of one name, for an error's sentence; the first twenty."""
    names = sorted(one.ref.namespace for one in found)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(value(name) for name in names[:NAMED]) + more
