"""What one object is called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """What one object is called."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Kustomization flux-system/apps`."""
        return f"{self.kind} {self.namespace}/{self.name}"
