"""Who owns which fields of an object: metadata.managedFields, as paths without values.

An entry names the client, never the user, and its time is that of the client's last change; `kubectl scale` leaves no
time at all. A later apply of the same fields takes them, and their entry, away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flux_mcp.api.fields import Fields
from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.unstructured import at, items, parse_time, text
from flux_mcp.sanitize.field_paths import field_paths
from flux_mcp.sanitize.lookup import fields_of

APPLIERS: Final = frozenset({"kustomize-controller", "helm-controller", "flux-operator", "source-watcher"})
"""The managers under which Flux's controllers apply objects."""
_CONTROLLERS: Final = APPLIERS | {kind.controller for kind in FLUX_KINDS} | {f"gotk-{name}" for name in APPLIERS}
REQUESTS: Final = "metadata.annotations.reconcile.fluxcd.io/"
_IGNORED: Final = (
    "metadata.finalizers",
    "metadata.annotations.deployment.kubernetes.io/revision",
    "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
    "status",
)
"""What a controller or kubectl itself writes; nobody changed anything by it."""
_EMPTY: Final = frozenset({"", "metadata", "metadata.annotations", "metadata.labels"})
"""What is left of an entry whose fields others took over."""


@dataclass(frozen=True, slots=True)
class FieldOwner:
    """One entry of managedFields.

    Attributes:
        manager: the client's name for itself: kubectl-edit, flux, kustomize-controller and so on.
        subresource: such as `scale`; empty for the object itself.
        time: of its last change; None where Kubernetes did not record it.
        paths: the fields that it owns, dotted; empty for an applier, which owns all that it applies.
    """

    manager: str
    subresource: str
    time: datetime | None
    paths: tuple[str, ...]

    @property
    def controller(self) -> bool:
        """Whether it is one of Flux's own controllers."""
        return self.manager in _CONTROLLERS


def field_owners(item: Mapping[str, Any]) -> tuple[FieldOwner, ...]:
    """The entries that tell of a change to what an object is declared to be."""
    return tuple(_owners(item))


def _owners(item: Mapping[str, Any]) -> Iterator[FieldOwner]:
    fields: Fields | None = None
    for entry in items(item, "metadata", "managedFields"):
        manager, subresource = text(entry, "manager"), text(entry, "subresource")
        if not manager or subresource == "status":
            continue
        time = parse_time(text(entry, "time"))
        if manager in APPLIERS and text(entry, "operation") == "Apply":
            yield FieldOwner(manager, subresource, time, ())
            continue
        fields = fields_of(item) if fields is None else fields
        paths = tuple(
            path
            for path in dict.fromkeys(".".join(keys) for keys in field_paths(at(entry, "fieldsV1"), fields))
            if path not in _EMPTY and not path.startswith(_IGNORED)
        )
        if paths:
            yield FieldOwner(manager, subresource, time, paths)
