"""The objects that a Flux object names in its spec: the one parser of references and owners.

Source: the API documentation of the kinds; where each reference stands is in the table of kinds.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind, Relation, Role
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, text


def references(item: Mapping[str, Any], kind: FluxKind, relation: Relation = Relation.SOURCE) -> Iterator[ObjectRef]:
    """The objects that an object names for a reason, in the order of its fields."""
    namespace = text(item, "metadata", "namespace")
    for reference in kind.references:
        if reference.relation is relation:
            for node in _nodes(item, reference.path):
                target = text(node, "kind") or reference.kind
                if target in reference.kinds and (name := text(node, "name")):
                    yield ObjectRef(target, text(node, "namespace") or namespace, name)


def sources(item: Mapping[str, Any], kind: FluxKind) -> tuple[ObjectRef, ...]:
    """Where an object gets its content from, nearest only.

    With a template this is the source that the controller made from it, and until then the one that the template names.
    """
    if named := tuple(references(item, kind)):
        return named
    if kind.made_source and (made := made_source(text(item, *kind.made_source))) is not None:
        return (made,)
    return tuple(references(item, kind, Relation.TEMPLATE))


def made_source(text: str) -> ObjectRef | None:
    """The object of a status field: `NAMESPACE/NAME` of a HelmChart, since Flux 2.10 also `KIND/NAMESPACE/NAME`."""
    parts = text.split("/")
    if not all(parts):
        return None
    match parts:
        case [namespace, name]:
            return ObjectRef("HelmChart", namespace, name)
        case [kind, namespace, name]:
            return ObjectRef(kind, namespace, name)
        case _:
            return None


_OWNER_LABELS: Final = tuple(
    (kind.owner_label, kind.kind)
    for kind in sorted(FLUX_KINDS, key=lambda kind: kind.role is Role.OPERATOR)
    if kind.owner_label
)
"""The prefix of the labels `/name` and `/namespace` that an applier puts on what it applies → the applier's kind."""


def owners_by_label(labels: Mapping[str, str]) -> tuple[ObjectRef, ...]:
    """The appliers that the labels of a managed object name, the nearest first."""
    return tuple(
        ObjectRef(kind, labels[f"{prefix}/namespace"], labels[f"{prefix}/name"])
        for prefix, kind in _OWNER_LABELS
        if labels.get(f"{prefix}/name") and labels.get(f"{prefix}/namespace")
    )


def owner_references(item: Mapping[str, Any]) -> tuple[tuple[ObjectRef, str, bool], ...]:
    """The owners of an object: what each is called, its apiVersion, and whether it is the controller.

    Owners live in the namespace of what they own, or are cluster-scoped. Their uid is left out: after a restore it no
    longer matches.
    """
    namespace = text(item, "metadata", "namespace")
    return tuple(
        (
            ObjectRef(text(entry, "kind"), namespace, name),
            text(entry, "apiVersion"),
            at(entry, "controller") is True,
        )
        for entry in items(item, "metadata", "ownerReferences")
        if (name := text(entry, "name"))
    )


def _nodes(node: Any, path: tuple[str, ...]) -> Iterator[Any]:  # noqa: ANN401 (JSON)
    if isinstance(node, list):
        for entry in node:
            yield from _nodes(entry, path)
    elif not path:
        yield node
    elif isinstance(node, dict):
        yield from _nodes(node.get(path[0]), path[1:])
