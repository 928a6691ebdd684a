"""get_kubernetes_resources: objects of any kind but Secret, as far as they may be shown."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from flux_mcp.api.fields import ANY_FIELDS
from flux_mcp.api.kind import FluxKind, Kind
from flux_mcp.api.unstructured import at
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.get import find_one
from flux_mcp.errors import BadArgument
from flux_mcp.flux.objects import view
from flux_mcp.render.columns import summary
from flux_mcp.render.get_kubernetes_resources import (
    LOOKED_INTO,
    KubernetesObject,
    KubernetesResource,
    KubernetesResources,
)
from flux_mcp.render.spec_fields import describe
from flux_mcp.sanitize.lookup import fields_of
from flux_mcp.sanitize.project import project
from flux_mcp.tools.arguments import ApiVersion, Context, Limit, Namespace, OneKind, OnlyName, Selector, check_target


async def get_kubernetes_resources(
    cluster: Cluster,
    *,
    kind: OneKind,
    api_version: ApiVersion = None,
    name: OnlyName = None,
    namespace: Namespace = None,
    selector: Selector = None,
    limit: Limit = None,
    context: Context = None,
) -> KubernetesResources | KubernetesResource:
    """Objects of any kind but Secret, trimmed; with a name one object in detail."""
    known = resolve_known(kind, api_version)
    check_target(known, name, namespace)
    if name is not None and selector is not None:
        raise BadArgument("selector", "cannot be combined with name")
    request = await cluster.open(context)
    wanted = known or await cluster.resolve(request, kind, api_version)
    check_target(wanted, None, namespace)
    if name is not None:
        found = await find_one(cluster, request, wanted, name, namespace, lambda item: _detail(item, wanted))
        return KubernetesResource(request=request, unread=(), found=found)
    seen = count(1)

    def listed(item: Mapping[str, Any]) -> KubernetesObject | None:
        # Field paths of the first ones only, since they are similar.
        return _view(item, wanted, paths=next(seen) <= LOOKED_INTO)

    read = await cluster.read(request, (wanted,), listed, namespace=namespace, selector=selector)
    read.require(request.where)
    matching = tuple(sorted(read.objects, key=lambda found: found.summary.order))
    return KubernetesResources(request=request, kind=wanted, matching=matching, unread=read.unread, limit=limit)


def _view(item: Mapping[str, Any], kind: Kind, *, paths: bool = False) -> KubernetesObject | None:
    columns = summary(item)
    if columns is None:
        return None
    settings = describe(at(project(item), "spec"), frozenset()) if paths and fields_of(item) is ANY_FIELDS else ()
    flux = view(item) if isinstance(kind, FluxKind) else None
    return KubernetesObject(columns, flux, tuple(setting.path for setting in settings))


def _detail(item: Mapping[str, Any], kind: Kind) -> KubernetesObject | None:
    shown = project(item)
    found = _view(shown, kind)
    return replace(found, item=shown) if found is not None else None
