"""What the audit looks at in a Flux object. Past this module and specs.py nothing is untyped.

Of values, substitutions and inputs only the key paths that name a credential are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flux_mcp.api.kind import Relation
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import references
from flux_mcp.api.unstructured import at, items, text
from flux_mcp.audit.inline_credentials import credential_keys
from flux_mcp.audit.specs import Spec, spec_of
from flux_mcp.flux.graph import FluxNode, view_node


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A Flux object as the audit sees it.

    Attributes:
        spec: None for a kind of which only what all kinds have in common is looked at.
        sources: what its spec names as its source, in whatever namespace.
        configs: the ConfigMaps that values or substitutions come from.
        credentials: key paths below which a literal stands that looks like a credential.
        deprecated: fields of the spec that do nothing any more or have a successor.
    """

    ref: ObjectRef
    node: FluxNode
    spec: Spec | None
    sources: tuple[ObjectRef, ...]
    configs: tuple[ObjectRef, ...]
    credentials: tuple[str, ...]
    deprecated: tuple[str, ...]


def audited(item: Mapping[str, Any]) -> Audited | None:
    """The view of one object as kubectl printed it; None if it is not a Flux object or has no name."""
    node = view_node(item)
    if node is None:
        return None
    ref, kind, spec = node.ref, node.object.kind, at(item, "spec")
    return Audited(
        ref=ref,
        node=node,
        spec=spec_of(item, node),
        sources=(*references(item, kind), *references(item, kind, Relation.TEMPLATE)),
        configs=tuple(
            ObjectRef("ConfigMap", ref.namespace, text(entry, "name"))
            for entry in (*items(spec, "valuesFrom"), *items(spec, "postBuild", "substituteFrom"))
            if text(entry, "kind") == "ConfigMap" and text(entry, "name")
        ),
        credentials=tuple(key for field in kind.inline for key in credential_keys(at(spec, *field))),
        deprecated=tuple(".".join(path) for path in kind.deprecated if at(spec, *path) is not None),
    )
