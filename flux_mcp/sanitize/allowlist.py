"""How to say what may be shown of an object: an allow-list of fields, as nested shapes.

A shape is a mapping from a field to what is done with it; lists are looked through. A field that is not listed keeps
its place (its keys are known, its values are not): a newer API version may put a credential anywhere. The tables stand
in shapes_flux.py and shapes_kubernetes.py.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final


class Rule(Enum):
    """What is done with a field."""

    KEEP = "a value, or a list of values, stays"
    WHOLE = "everything below it stays"
    KEYS = "its keys stay, its values are masked"
    ADDRESS = "an address whose path is a credential: scheme and host stay"
    ANNOTATIONS = "the annotations of Flux and Helm stay, others go"
    DROP = "it goes"
    HIDE = "it goes, and its values are masked where a message repeats them"


Shape = Mapping[str, Any]
"""Field → Rule or Shape. ANY stands for every field that is not named."""

ANY: Final = "*"


def keep(fields: str) -> dict[str, Any]:
    """A shape in which each of these fields, parted by spaces, is kept."""
    return dict.fromkeys(fields.split(), Rule.KEEP)


METADATA: Final[Shape] = {
    **keep("name namespace generateName uid generation resourceVersion creationTimestamp deletionTimestamp"),
    **keep("deletionGracePeriodSeconds finalizers"),
    "labels": Rule.WHOLE,
    "annotations": Rule.ANNOTATIONS,
    "ownerReferences": Rule.WHOLE,
    ANY: Rule.DROP,
}
COMMON: Final = {**keep("apiVersion kind"), "metadata": METADATA}

REF: Final = keep("apiVersion kind name namespace key optional")
SELECTOR: Final = {"matchLabels": Rule.WHOLE, "matchExpressions": keep("key operator values")}
CONDITIONS: Final = keep(
    "type status reason message observedGeneration lastTransitionTime lastUpdateTime lastProbeTime lastHeartbeatTime"
)
