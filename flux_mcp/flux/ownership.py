"""From any object up to the Flux object that manages it, and on to the source and the commit.

Source: our knowledge file, sections 3 and 3.1. Appliers label what they apply; pods and replica sets carry no such
label and are traced through their owners; a label alone may have been copied, so an inventory confirms it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flux_mcp.api.kinds import group_of
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owner_references, owners_by_label
from flux_mcp.api.unstructured import labels, text
from flux_mcp.flux.graph import FluxNode, Graph
from flux_mcp.flux.inventory import InventoryEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedObject:
    """Any object, as far as it tells where it comes from.

    Attributes:
        owner: the controller that made it, else its first owner.
        owner_group: the API group of that.
        labelled: the appliers that its labels name.
        read: whether it was read itself, and is not just named as an owner.
    """

    ref: ObjectRef
    group: str
    owner: ObjectRef | None
    owner_group: str
    labelled: tuple[ObjectRef, ...]
    read: bool = True

    @property
    def managed(self) -> InventoryEntry:
        """As an inventory names it."""
        return InventoryEntry(self.ref.kind, self.group, self.ref.namespace, self.ref.name)


@dataclass(frozen=True, slots=True)
class OwnershipClaim:
    """Why an applier is said to manage a thing.

    Attributes:
        held: whether its inventory names the thing; None where it has no inventory, or one of another cluster.
        known: whether the applier itself was read.
    """

    traced: TracedObject
    applier: ObjectRef
    labelled: bool
    held: bool | None
    known: bool


def view_thing(item: Mapping[str, Any]) -> TracedObject | None:
    """The view of any object; None without a name."""
    name = text(item, "metadata", "name")
    if not name:
        return None
    namespace = text(item, "metadata", "namespace")
    owners = owner_references(item)
    owner = next((one for one in owners if one[2]), owners[0] if owners else None)
    return TracedObject(
        ref=ObjectRef(text(item, "kind"), namespace, name),
        group=group_of(text(item, "apiVersion")),
        owner=owner[0] if owner else None,
        owner_group=group_of(owner[1]) if owner else "",
        labelled=owners_by_label(labels(item, "metadata", "labels")),
    )


def owner_chain(traced: TracedObject, known: Mapping[ObjectRef, TracedObject]) -> tuple[TracedObject, ...]:
    """The thing, its owner, that one's owner and so on, each once; the last may be one that was not read."""
    chain, seen = [traced], {traced.ref}
    while (owner := chain[-1].owner) is not None and owner not in seen:
        seen.add(owner)
        found = known.get(owner)
        if found is None or found.group != chain[-1].owner_group:
            bare = TracedObject(
                ref=owner, group=chain[-1].owner_group, owner=None, owner_group="", labelled=(), read=False
            )
            return (*chain, bare)
        chain.append(found)
    return tuple(chain)


def ties(chain: Sequence[TracedObject], graph: Graph) -> tuple[OwnershipClaim, ...]:
    """The appliers of the first thing of the chain that has any, by label, by inventory or both."""
    for traced in chain:
        if found := tuple(_ties(traced, graph)):
            return found
    return ()


def _ties(traced: TracedObject, graph: Graph) -> Iterator[OwnershipClaim]:
    holders = graph.holders(traced.managed)
    for applier in dict.fromkeys((*traced.labelled, *holders)):
        if applier == traced.ref:
            continue
        one = graph.nodes.get(applier)
        yield OwnershipClaim(
            traced, applier, applier in traced.labelled, _held(one, applier in holders), one is not None
        )


def _held(one: FluxNode | None, found: bool) -> bool | None:  # noqa: FBT001 (a truth, not a switch)
    if one is None or one.applied is None or one.remote:
        return None
    return found
