"""The objects that a Flux object names in its spec: the one parser of references and owners.

Source: the API documentation of the kinds; where each reference stands is in the table of kinds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind, Relation, Role
from flux_mcp.api.kinds import by_kind, group_of, kind_of
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, labels, text


def references(item: Mapping[str, Any], kind: FluxKind, relation: Relation = Relation.SOURCE) -> Iterator[ObjectRef]:
    """The objects that an object names in the references of one relation, in the order of its fields."""
    for reference in _REFERENCES.get((kind.kind, relation), ()):
        for node in _nodes(item, reference.path):
            target = text(node, "kind") or reference.kind
            if text(node, "name") and (not reference.kinds or target in reference.kinds):
                yield _target(node, target, text(item, "metadata", "namespace"))


_REFERENCES: Final = {
    (kind.kind, relation): found
    for kind in FLUX_KINDS
    for relation in Relation
    if (found := tuple(reference for reference in kind.references if reference.relation is relation))
}


def _target(node: Any, kind: str, namespace: str) -> ObjectRef:  # noqa: ANN401 (JSON)
    """The object that a reference names: of a kind that is not Flux's without a namespace of its own.

    Another vendor's kind of the same name is distinguished by its group, as in `Bucket.s3.aws.upbound.io`.
    """
    name, own_namespace, api_version = text(node, "name"), text(node, "namespace"), text(node, "apiVersion")
    if kind not in by_kind:
        return ObjectRef(kind, own_namespace, name)
    if api_version and kind_of(api_version, kind) is None:
        return ObjectRef(f"{kind}.{group_of(api_version)}", own_namespace, name)
    return ObjectRef(kind, own_namespace or namespace, name)


def notified(spec: object, namespace: str) -> Iterator[ObjectRef]:
    """The objects that an Alert reports or a Receiver requests, of those that are named one by one.

    Args:
        spec: of the Alert or Receiver.
        namespace: its own, which is that of an object without one.
    """
    for entry in (*items(spec, "eventSources"), *items(spec, "resources")):
        kind, name = text(entry, "kind"), text(entry, "name")
        if kind in by_kind and name not in {"", "*"} and at(entry, "matchLabels") is None:
            yield ObjectRef(kind, text(entry, "namespace") or namespace, name)


@dataclass(frozen=True, slots=True)
class Selection:
    """A reference by labels: all objects of a kind in a namespace that match.

    Attributes:
        labels: of matchLabels.
        expressions: of matchExpressions: key, operator and values.
    """

    relation: Relation
    kind: str
    namespace: str
    labels: tuple[tuple[str, str], ...]
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels of an object meet every requirement, by the API reference of LabelSelector."""
        return all(labels.get(key) == label for key, label in self.labels) and all(
            _meets(labels, *expression) for expression in self.expressions
        )


def _meets(labels: Mapping[str, str], key: str, operator: str, values: tuple[str, ...]) -> bool:
    match operator:
        case "In" | "NotIn":
            return (labels.get(key) in values) is (operator == "In")
        case "Exists" | "DoesNotExist":
            return (key in labels) is (operator == "Exists")
        case _:
            return False


def selections(item: Mapping[str, Any], kind: FluxKind) -> Iterator[Selection]:
    """The references of an object by labels."""
    for reference in kind.references:
        for node in _nodes(item, reference.path) if reference.selector else ():
            if isinstance(node, dict) and not text(node, "name"):
                selector = at(node, reference.selector)
                yield Selection(
                    reference.relation,
                    reference.kind,
                    text(item, "metadata", "namespace"),
                    tuple(labels(selector, "matchLabels").items()),
                    tuple(
                        (
                            text(expression, "key"),
                            text(expression, "operator"),
                            tuple(map(str, items(expression, "values"))),
                        )
                        for expression in items(selector, "matchExpressions")
                    ),
                )


SELECTED: Final = frozenset(
    reference.kind for kind in FLUX_KINDS for reference in kind.references if reference.selector
)
"""The kinds that are referred to by labels."""


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
    (f"{kind.owner_label}/name", f"{kind.owner_label}/namespace", kind.kind)
    for kind in sorted(FLUX_KINDS, key=lambda kind: kind.role is Role.OPERATOR)
    if kind.owner_label
)
"""The labels that an applier puts on what it applies, its name and its namespace, and the applier's kind."""


def owners_by_label(labels: Mapping[str, str]) -> tuple[ObjectRef, ...]:
    """The appliers that the labels of a managed object name, the nearest first."""
    return tuple(
        ObjectRef(kind, labels[namespace], labels[name])
        for name, namespace, kind in _OWNER_LABELS
        if labels.get(name) and labels.get(namespace)
    )


def owner_references(item: Mapping[str, Any]) -> tuple[tuple[ObjectRef, str, bool], ...]:
    """The owners of an object: what each is called, its apiVersion, and whether it is the controller.

    Owners live in the namespace of what they own, or are cluster-scoped. Their uid is left out: after a restore it no
    longer matches.
    """
    namespace = text(item, "metadata", "namespace")
    return tuple(
        (
            ObjectRef(text(owner, "kind"), namespace, name),
            text(owner, "apiVersion"),
            at(owner, "controller") is True,
        )
        for owner in items(item, "metadata", "ownerReferences")
        if (name := text(owner, "name"))
    )


def controller_of(item: Mapping[str, Any]) -> ObjectRef | None:
    """The owner of an object that is its controller, such as the Deployment of a ReplicaSet."""
    return next((owner for owner, _, controller in owner_references(item) if controller), None)


def _nodes(node: Any, path: tuple[str, ...]) -> Iterator[Any]:  # noqa: ANN401 (JSON)
    for position, key in enumerate(path):
        if not isinstance(node, dict):
            path = path[position:]
            break
        node = node.get(key)
    else:
        path = ()
    if isinstance(node, list):
        for below in node:
            yield from _nodes(below, path)
    elif not path:
        yield node
