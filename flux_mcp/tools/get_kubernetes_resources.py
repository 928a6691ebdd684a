"""get_kubernetes_resources: objects of any kind but Secret, as far as they may be shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flux_mcp.api.fields import ANY_FIELDS
from flux_mcp.api.kind import FluxKind, Kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.get import find_one
from flux_mcp.errors import BadArgument, KindNotInstalled
from flux_mcp.flux.objects import view
from flux_mcp.kubernetes.columns import summary
from flux_mcp.render.get_kubernetes_resources import LOOKED_INTO, KubernetesResource, KubernetesResources, Listed
from flux_mcp.render.spec_fields import describe
from flux_mcp.sanitize.lookup import fields_of
from flux_mcp.sanitize.project import project
from flux_mcp.tools.arguments import ApiVersion, Context, Limit, Namespace, OneKind, OnlyName, Selector, check_target


@dataclass(frozen=True, slots=True)
class _Detail:
    """One object with all that may be shown of it."""

    listed: Listed
    item: Mapping[str, Any]

    @property
    def ref(self) -> ObjectRef:
        return self.listed.ref


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
        return KubernetesResource(request=request, unread=(), listed=found.listed, item=found.item)
    reading = await cluster.read(request, (wanted,), _lister(wanted), namespace=namespace, selector=selector)
    if reading.absent:
        raise KindNotInstalled(f"The cluster does not serve {wanted.kind}; {request.where}.", brief="not installed")
    reading.require()
    matching = tuple(sorted(reading.objects, key=lambda one: one.summary.order))
    return KubernetesResources(request=request, kind=wanted, matching=matching, unread=reading.unread, limit=limit)


def _lister(kind: Kind) -> Callable[[Mapping[str, Any]], Listed | None]:
    """Makes the view of each object of a list; key paths of the first ones only, since they are much alike."""
    seen = 0

    def see(item: Mapping[str, Any]) -> Listed | None:
        nonlocal seen
        seen += 1
        return _listed(item, kind, paths=seen <= LOOKED_INTO)

    return see


def _listed(item: Mapping[str, Any], kind: Kind, *, paths: bool) -> Listed | None:
    said = summary(item, kind.group)
    if said is None:
        return None
    flux = view(item) if isinstance(kind, FluxKind) else None
    told: tuple[str, ...] = ()
    if paths and fields_of(item) is ANY_FIELDS:
        told = tuple(setting.path for setting in describe(at(project(item), "spec"), frozenset()))
    return Listed(said, flux, told)


def _detail(item: Mapping[str, Any], kind: Kind) -> _Detail | None:
    shown = project(item)
    listed = _listed(shown, kind, paths=False)
    return _Detail(listed, shown) if listed is not None else None
