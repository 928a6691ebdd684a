"""The two examples of each rule of the audit, as objects that kubectl prints."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from flux_mcp.api.kinds import find_known

EXAMPLE_TIME: Final = "2026-01-20T00:00:00Z"
"""The moment that times in the examples are compared with."""


def objects(example: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Without what is no object, such as a version of Kubernetes."""
    return [one for entry in example if entry["kind"] != "Kubernetes" for one in _copies(entry)]


def _copies(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    fields = dict(entry)
    kind = find_known(fields.pop("kind"))
    assert kind is not None
    name, copies = fields.pop("name"), fields.pop("copies", 1)
    namespace = fields.pop("namespace", "flux-system")
    for number in range(copies):
        metadata = {"name": f"{name}-{number}" if copies > 1 else name, **fields.get("metadata", {})}
        yield {
            "apiVersion": f"{kind.group}/v1" if kind.group else "v1",
            "kind": kind.kind,
            **fields,
            "metadata": {**metadata, **({"namespace": namespace} if kind.namespaced else {})},
        }
