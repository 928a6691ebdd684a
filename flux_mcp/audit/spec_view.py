"""What the audit looks at in a Flux object. Past this module and specs.py nothing is untyped.

Of values, substitutions and inputs only the key paths that name a credential are kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.ref import ObjectRef
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
    ref, spec = node.ref, at(item, "spec")
    return Audited(
        ref=ref,
        node=node,
        spec=spec_of(item, node),
        sources=tuple(_sources(ref, spec)),
        configs=tuple(
            ObjectRef("ConfigMap", ref.namespace, text(entry, "name"))
            for entry in (*items(spec, "valuesFrom"), *items(spec, "postBuild", "substituteFrom"))
            if text(entry, "kind") == "ConfigMap" and text(entry, "name")
        ),
        credentials=tuple(key for field in _INLINE.get(ref.kind, ()) for key in credential_keys(at(spec, *field))),
        deprecated=tuple(".".join(path) for path in _DEPRECATED.get(ref.kind, ()) if at(spec, *path) is not None),
    )


_INLINE: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "HelmRelease": (("values",),),
    "Kustomization": (("postBuild", "substitute"),),
    "ResourceSet": (("inputs",),),
    "ResourceSetInputProvider": (("defaultValues",),),
}
"""Kind → the fields of its spec that hold what people choose."""
_DEPRECATED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "HelmRelease": (("install", "skipCRDs"), ("upgrade", "recreate"), ("rollback", "recreate")),
    "Alert": (("summary",),),
    "Provider": (("interval",), ("proxy",)),
}
"""Kind → fields that are still served, though they have a successor or do nothing."""


def _sources(ref: ObjectRef, spec: object) -> Iterator[ObjectRef]:
    match ref.kind:
        case "HelmRelease":
            references = [(at(spec, "chart", "spec", "sourceRef"), ""), (at(spec, "chartRef"), "")]
        case "ImagePolicy":
            references = [(at(spec, "imageRepositoryRef"), "ImageRepository")]
        case "ImageUpdateAutomation":
            references = [(at(spec, "sourceRef"), "GitRepository")]
        case "ArtifactGenerator":
            references = [(entry, "") for entry in items(spec, "sources")]
        case "GitRepository":
            references = [(at(entry, "repository"), "GitRepository") for entry in items(spec, "include")]
        case "Kustomization" | "HelmChart":
            references = [(at(spec, "sourceRef"), "")]
        case _:
            return
    for reference, usual in references:
        if (target := text(reference, "kind") or usual) and (name := text(reference, "name")):
            yield ObjectRef(target, text(reference, "namespace") or ref.namespace, name)
