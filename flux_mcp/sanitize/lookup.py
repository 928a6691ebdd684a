"""What may be shown of an object, and where it holds what may not."""

from collections.abc import Mapping
from typing import Any, Final

from flux_mcp.api.fields import ANY_FIELDS, FieldPolicy, Fields
from flux_mcp.api.flux_kinds import FLUX_KINDS, component_of
from flux_mcp.api.kinds import known_kind
from flux_mcp.api.kubernetes_kinds import CONTROLLER_FIELDS, KUBERNETES_KINDS, OTHER_KINDS
from flux_mcp.api.unstructured import labels, text

_HIDDEN: Final = frozenset({FieldPolicy.KEYS, FieldPolicy.ADDRESS, FieldPolicy.HIDE})


def fields_of(item: Mapping[str, Any]) -> Fields:
    """What may be shown of an object; of a kind without an entry metadata, conditions and the keys of the rest."""
    kind = known_kind(text(item, "apiVersion"), text(item, "kind"))
    if kind is None:
        return ANY_FIELDS
    if kind.kind in CONTROLLER_FIELDS and _is_controller(item):
        return CONTROLLER_FIELDS[kind.kind]
    return kind.fields


def _is_controller(item: Mapping[str, Any]) -> bool:
    """Whether an object is one of Flux's own controllers: anybody may give the label to a workload of another name."""
    found = labels(item, "metadata", "labels")
    if not component_of(text(item, "metadata", "name")):
        return False
    return found.get("app.kubernetes.io/part-of") == "flux" or found.get("app.kubernetes.io/name") == "flux-operator"


Hidden = Mapping[str, "Hidden | None"]
"""Field → what is hidden below it; None where its own value is."""


def hidden_fields(fields: Fields) -> Hidden:
    """The fields whose values are not shown."""
    return _HIDDEN_FIELDS[id(fields)]


def _find_hidden(fields: Fields) -> Hidden:
    found: dict[str, Hidden | None] = {}
    for field, policy in fields.items():
        if isinstance(policy, FieldPolicy) and policy in _HIDDEN:
            found[field] = None
        elif isinstance(policy, Mapping) and (below := _find_hidden(policy)):
            found[field] = below
    return found


_HIDDEN_FIELDS: Final = {
    id(fields): _find_hidden(fields)
    for fields in (
        ANY_FIELDS,
        *CONTROLLER_FIELDS.values(),
        *(kind.fields for kind in (*FLUX_KINDS, *KUBERNETES_KINDS, *OTHER_KINDS)),
    )
}
