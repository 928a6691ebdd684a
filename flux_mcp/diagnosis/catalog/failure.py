"""An entry of the catalog of failures."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Upstream(Enum):
    """Where the cause of a failure lies."""

    OWN = "own"
    """In the object itself, or outside Flux."""
    SOURCE = "source"
    """In its source."""
    DEPENDENCY = "dependency"
    """In an object that it depends on."""
    HEALTH = "health"
    """In what it applied."""
    HOOK = "hook"
    """In a hook or a test of its chart."""
    WEBHOOK = "webhook"
    """In what runs an admission webhook."""
    NAMESPACE = "namespace"
    """In a namespace that is being deleted."""
    SOURCE_CONTROLLER = "source-controller"
    """In source-controller, which serves the artifacts."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What causes a failure, and how to fix it. No fix is a write of this server other than a reconcile request."""

    cause: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Failure:
    """One entry; the package's docstring explains the fields.

    Attributes:
        place: the file that it stands in, without `.toml`.
        samples: messages that select it.
        near_misses: id of another failure → messages that select that one instead.
    """

    id: str
    place: str
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    advice: Advice
    pattern: str = ""
    priority: int = 0
    look: tuple[str, ...] = ()
    upstream: Upstream = Upstream.OWN
    same: str = ""
    silent: bool = False
    since: str = ""
    until: str = ""
    source: str = ""
    samples: tuple[str, ...] = ()
    near_misses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def error(self, message: str) -> tuple[str, ...]:
        """What of a message identifies the error, so that who has the same error has one cause; empty for none."""
        found = _compiled(self.same).search(message) if self.same else None
        return tuple(filter(None, found.groups())) if found else ()

    @property
    def regex(self) -> re.Pattern[str]:
        """The pattern, compiled once."""
        return _compiled(self.pattern)


_RECREATE: Final = {
    "Kustomization": "annotate it kustomize.toolkit.fluxcd.io/force: enabled, so that Flux recreates it",
    "ResourceSet": "annotate it fluxcd.controlplane.io/force: enabled, so that Flux Operator recreates it",
    "HelmRelease": "delete it by hand, so that Helm creates it again (spec.upgrade.force: true replaces objects, which "
    "does not help with most of these fields)",
    "FluxInstance": "delete it, so that Flux Operator creates it again",
}
_RECREATE_ANY: Final = (
    "let what applies it recreate it (a Kustomization: annotation kustomize.toolkit.fluxcd.io/force: enabled)"
)


def with_recreation(text: str, kind: str = "") -> str:
    """Advice in which `{recreate}` stands for how a kind that applies objects recreates one.

    Source: https://fluxcd.io/flux/components/kustomize/kustomizations/#force, and https://fluxoperator.dev/docs/.
    """
    return text.replace("{recreate}", _RECREATE.get(kind, _RECREATE_ANY))


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
