"""The fields of a spec: those that may be shown with their values, of the others the key paths.

Works on what sanitize/project.py leaves: a masked value is `***`, so it is shown by its path alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.unstructured import at, text
from flux_mcp.sanitize.patterns import MASK

FLUX_ELSEWHERE: Final = frozenset(
    {"sourceRef", "chartRef", "dependsOn", "sources", "suspend", "kubeConfig", "reconcilers"}
)
"""Fields of a Flux object's spec that an answer shows in another place; of a FluxReport its counts, which are older
than those of get_flux_instance."""
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
    """Every field of a projected spec but those shown elsewhere, in its order; the values of one path together."""
    fields = spec.items() if isinstance(spec, Mapping) else ()
    settings = _settings(pair for key, node in fields if key not in elsewhere for pair in _walk(node, key))
    return tuple(setting for setting in settings if not setting.values or set(setting.values) - _DEFAULTS)


def setting_at(spec: object, path: str) -> tuple[Setting, ...]:
    """The fields of a projected spec at a dotted path and below it; none where it is not set."""
    return tuple(_settings(_walk(at(spec, *path.split(".")), path)))


def _settings(pairs: Iterable[tuple[str, str]]) -> Iterator[Setting]:
    values: dict[str, list[str]] = {}
    for path, value in pairs:
        values.setdefault(path, []).extend([] if value == MASK else [value])
    return (Setting(path, tuple(found)) for path, found in values.items())


def _walk(node: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 (JSON)
    if isinstance(node, dict):
        if target := _reference(node):
            yield path, target
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
