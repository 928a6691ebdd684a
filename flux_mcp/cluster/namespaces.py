"""Whether a namespace exists, since in a mistyped one all looks well; and the names near a mistyped one."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import NAMESPACE
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, text
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.result import Unread
from flux_mcp.errors import KubectlError, NotFound
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of, value

NEAR: Final = 3
"""Namespaces that are named beside one that does not exist."""
LIKENESS: Final = 0.5
"""How similar names are that are suggested, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Name:
    ref: ObjectRef


def _view(item: Mapping[str, Any]) -> _Name:
    metadata = at(item, "metadata")
    return _Name(ObjectRef(text(item, "kind"), text(metadata, "namespace"), text(metadata, "name")))


async def names_of(cluster: Cluster, request: RequestContext, kinds: Sequence[Kind]) -> tuple[ObjectRef, ...]:
    """What the objects of some kinds are called, as far as they can be read."""
    return tuple(named.ref for named in (await cluster.read(request, kinds, _view)).objects)


async def near_names(cluster: Cluster, request: RequestContext, kind: Kind, name: str) -> str:
    """` Did you mean Kustomization apps/web?` for a name that does not exist; empty where none is near.

    The same name in another namespace is nearest.
    """
    try:
        refs = await names_of(cluster, request, (kind,))
    except KubectlError:
        return ""
    near = difflib.get_close_matches(name, {ref.name for ref in refs}, NEAR, LIKENESS)
    return _hint([name_of(ref) for each in near for ref in sorted(refs) if ref.name == each][:NEAR])


def _hint(near: Iterable[str]) -> str:
    named = ", ".join(near)
    return f" Did you mean {named}?" if named else ""


async def check_exists(cluster: Cluster, request: RequestContext, namespace: str) -> tuple[Unread, ...]:
    """Read the namespaces with one kubectl; what could not be read, where it is not known whether this one exists.

    Raises:
        NotFound: it does not exist; near names are given.
    """
    what = f"whether namespace {value(namespace)} exists"
    async with gather() as reads:
        read = reads.read(what, cluster.read(request, (NAMESPACE,), _view))
    names = [one.ref.name for one in read.value.objects]
    if namespace in names:
        return ()
    if NAMESPACE.kind not in read.value.read or read.value.absent:
        whys = [unread.why for unread in read.value.unread] or ["not installed"]
        return (Unread((what,), whys[0]),)
    hint = _hint(map(value, difflib.get_close_matches(namespace, names, NEAR, LIKENESS)))
    raise NotFound(f"Namespace {value(namespace)} does not exist; {request.where}.{hint}", brief="not found")
