"""Whether a namespace exists: a mistyped one looks like one in which all is well."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.kubernetes_kinds import NAMESPACE
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import text
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.result import Unread
from flux_mcp.errors import NotFound
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import value

NEAR: Final = 3
"""Namespaces that are named beside one that does not exist."""
LIKENESS: Final = 0.5
"""How much alike two names are that are near, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Name:
    ref: ObjectRef


def _view(item: Mapping[str, Any]) -> _Name:
    return _Name(ObjectRef(NAMESPACE.kind, "", text(item, "metadata", "name")))


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
    near = ", ".join(map(value, difflib.get_close_matches(namespace, names, NEAR, LIKENESS)))
    hint = f" Did you mean {near}?" if near else ""
    raise NotFound(f"Namespace {value(namespace)} does not exist; {request.where}.{hint}", brief="not found")
