"""What one object is called."""

from typing import NamedTuple


class ObjectRef(NamedTuple):
    """What one object is called. A tuple, since a large fleet compares and looks up millions of them."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Kustomization flux-system/apps`."""
        return f"{self.kind} {self.namespace}/{self.name}"
