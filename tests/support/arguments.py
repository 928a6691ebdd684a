"""Arguments for any tool, from its schema alone: a tool joins the tests that use this by being listed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flux_mcp.api.flux_kinds import FLUX_KINDS


class Named(NamedTuple):
    """An object to ask about."""

    kind: str
    namespace: str
    name: str


Make = Callable[[Mapping[str, Any], Sequence[Named]], Iterator[dict[str, Any]]]
"""Makes arguments from a schema and objects."""

_VALUES: dict[str, list[Any]] = {
    "kinds": [[kind.kind] for kind in FLUX_KINDS] + [["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"]],
    "status": [["trouble"], ["Ready", "Static"], ["Failing"]],
    "severity": ["low"],
    "edges": ["all", "dependencies"],
    "since": ["30d"],
    "limit": [1, 500],
    "tail": [2000],
    "wait_seconds": [0],
    "selector": ["kustomize.toolkit.fluxcd.io/name=flux-system"],
    "api_version": ["v1"],
    "context": ["dev"],
    "with_context": ["prod"],
    "contexts": [["dev"]],
}
"""What to pass for a parameter of that name; of another, what fits its type."""
_BY_TYPE: dict[str, list[Any]] = {"boolean": [True], "integer": [1], "number": [1], "array": [["a"]], "string": ["a"]}
_OBJECT = frozenset(Named._fields)


def one(schema: Mapping[str, Any], objects: Sequence[Named]) -> dict[str, Any]:
    """The default arguments of a tool: what it requires, and no waiting."""
    arguments = {name: _values(name, schema)[0] for name in schema.get("required", ()) if name not in _OBJECT}
    if "kind" in schema.get("required", ()):
        arguments |= _about(schema, objects[0])
    return arguments | ({"wait_seconds": 0} if "wait_seconds" in schema["properties"] else {})


def just_one(schema: Mapping[str, Any], objects: Sequence[Named]) -> Iterator[dict[str, Any]]:
    """The default arguments alone."""
    yield one(schema, objects)


def few(schema: Mapping[str, Any], objects: Sequence[Named]) -> Iterator[dict[str, Any]]:
    """The default arguments, the first object's namespace, and each object."""
    base = one(schema, objects)
    yield base
    if "namespace" in schema["properties"]:
        yield {**base, "namespace": objects[0].namespace}
    if "kind" in schema["properties"]:
        yield from ({**base, **_about(schema, each)} for each in objects)


def many(schema: Mapping[str, Any], objects: Sequence[Named]) -> Iterator[dict[str, Any]]:
    """Many arguments of a tool: the default ones, each parameter alone, and each of these objects."""
    base = one(schema, objects)
    yield base
    for name in schema["properties"]:
        if name not in _OBJECT and name != "context":
            yield from ({**base, name: value} for value in _values(name, schema))
    if "namespace" in schema["properties"] and "namespace" not in base:
        yield from ({**base, "namespace": namespace} for namespace in sorted({each.namespace for each in objects}))
    if "kind" in schema["properties"]:
        yield from ({**base, **_about(schema, each)} for each in objects)
        yield from ({**base, **_about(schema, each, without="name")} for each in objects)
        yield from ({**base, **_about(schema, each, without="namespace")} for each in objects)


def _about(schema: Mapping[str, Any], about: Named, without: str = "") -> dict[str, Any]:
    return {
        name: value
        for name, value in about._asdict().items()
        if name in schema["properties"] and (name != without or name in schema.get("required", ()))
    }


def _values(name: str, schema: Mapping[str, Any]) -> list[Any]:
    return _VALUES.get(name) or _BY_TYPE.get(schema["properties"][name].get("type", "string"), ["a"])
