"""A spec as short text: what is allowed to be shown as `key value`, the rest as key paths without values.

Works on what flux/projection.py left: a masked value reads `***`, so it is told by its path alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.unstructured import at, text
from flux_mcp.sanitize.patterns import MASK

FLUX_ELSEWHERE: Final = frozenset(
    {"sourceRef", "chartRef", "dependsOn", "sources", "suspend", "kubeConfig", "reconcilers"}
)
"""Fields of a Flux object's spec that an answer tells in another place; of a FluxReport its counts, which are older
than what get_flux_instance counts."""
_REFERENCE: Final = frozenset({"kind", "name", "namespace", "apiVersion", "key", "optional", "valuesKey", "targetPath"})
"""The fields of a node that only points at an object."""
_DEFAULTS: Final = frozenset({"", "False", "None"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a spec.

    Attributes:
        path: dotted, list positions left out.
        values: what is shown; empty for a field of which only the path may be.
    """

    path: str
    values: tuple[str, ...]


def describe(spec: object, elsewhere: frozenset[str] = FLUX_ELSEWHERE) -> tuple[Setting, ...]:
    """Every field of a projected spec but those told elsewhere, in its order; the values of one path together."""
    found: dict[str, list[str]] = {}
    if isinstance(spec, Mapping):
        for key, node in spec.items():
            if key not in elsewhere:
                for path, value in _walk(node, key):
                    found.setdefault(path, []).extend([] if value == MASK else [value])
    return tuple(
        Setting(path, tuple(values)) for path, values in found.items() if not values or set(values) - _DEFAULTS
    )


def setting_at(spec: object, path: str) -> tuple[Setting, ...]:
    """The fields of a projected spec at a dotted path and below it; none where it is not set."""
    node = at(spec, *path.split("."))
    found: dict[str, list[str]] = {}
    for below, value in _walk(node, path):
        found.setdefault(below, []).extend([] if value == MASK else [value])
    return tuple(Setting(below, tuple(values)) for below, values in found.items())


def _walk(node: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 (JSON)
    if isinstance(node, dict):
        if whole := _reference(node):
            yield path, whole
            return
        for key, below in node.items():
            yield from _walk(below, f"{path}.{key}")
    elif isinstance(node, list):
        for entry in node:
            yield from _walk(entry, path)
    elif isinstance(node, bool):
        yield path, str(node).lower() if node else "False"
    elif node is not None:
        yield path, str(node)


def _reference(node: Mapping[str, Any]) -> str:
    """`Kind namespace/name` of a node that only points at an object."""
    name = text(node, "name")
    if not name or set(node) - _REFERENCE:
        return ""
    namespace = text(node, "namespace")
    target = f"{namespace}/{name}" if namespace else name
    return f"{text(node, 'kind')} {target}".strip()


def references(spec: object) -> tuple[tuple[str, str], ...]:
    """The Secrets and ConfigMaps that a spec names: (kind, name), each once. They are never read."""
    found: dict[tuple[str, str], None] = {}
    for kind, name in _named(spec, ""):
        found[kind, name] = None
    return tuple(found)


def _named(node: Any, key: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if isinstance(node, dict):
        kind = text(node, "kind") or ("Secret" if key.lower().endswith("secretref") else "")
        kind = kind or ("ConfigMap" if key.lower().endswith("configmapref") else "")
        if kind in {"Secret", "ConfigMap"} and text(node, "name"):
            yield kind, text(node, "name")
        for below, value in node.items():
            yield from _named(value, below)
    elif isinstance(node, list):
        for entry in node:
            yield from _named(entry, key)


def remote_by(spec: object) -> str:
    """What names the other cluster of spec.kubeConfig, empty where there is none."""
    for key, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
        if name := text(at(spec, "kubeConfig"), key, "name"):
            return f"{kind} {name}"
    return "" if at(spec, "kubeConfig") is None else "spec.kubeConfig"
