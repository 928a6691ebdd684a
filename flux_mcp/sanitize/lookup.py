"""Which shape an object has: what may be shown of it, and where it holds what may not."""

from collections.abc import Mapping
from typing import Any, Final

from flux_mcp.api.kinds import kind_of
from flux_mcp.sanitize.allowlist import Rule, Shape
from flux_mcp.sanitize.allowlist_flux import FLUX_SHAPES
from flux_mcp.sanitize.allowlist_kubernetes import ANY_SHAPE, CONTROLLER_SHAPES, GROUPS, KUBERNETES_SHAPES

_HIDDEN: Final = frozenset({Rule.KEYS, Rule.ADDRESS, Rule.HIDE})


def shape_of(item: Mapping[str, Any]) -> Shape:
    """The shape of an object; of a kind without one of its own, metadata, conditions and the keys of the rest stay."""
    api_version, kind = item.get("apiVersion"), item.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return ANY_SHAPE
    if kind_of(api_version, kind) is not None:
        return FLUX_SHAPES[kind]
    if api_version.rpartition("/")[0] != GROUPS.get(kind, ""):
        return ANY_SHAPE
    if kind in CONTROLLER_SHAPES and _is_controller(item):
        return CONTROLLER_SHAPES[kind]
    return KUBERNETES_SHAPES.get(kind, ANY_SHAPE)


def _is_controller(item: Mapping[str, Any]) -> bool:
    """Whether an object is one of Flux's own controllers."""
    metadata = item.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    if not isinstance(labels, Mapping):
        return False
    return labels.get("app.kubernetes.io/part-of") == "flux" or labels.get("app.kubernetes.io/name") == "flux-operator"


def places(shape: Shape) -> tuple[tuple[str, ...], ...]:
    """The fields of a shape whose values are not shown, as paths from the object."""
    return _PLACES[id(shape)]


def _find_places(shape: Shape, path: tuple[str, ...] = ()) -> tuple[tuple[str, ...], ...]:
    found: list[tuple[str, ...]] = []
    for field, rule in shape.items():
        if isinstance(rule, Mapping):
            found += _find_places(rule, (*path, field))
        elif rule in _HIDDEN:
            found.append((*path, field))
    return tuple(found)


_PLACES: Final = {
    id(shape): _find_places(shape)
    for table in (FLUX_SHAPES, KUBERNETES_SHAPES, CONTROLLER_SHAPES, {"": ANY_SHAPE})
    for shape in table.values()
}
