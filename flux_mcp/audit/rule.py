"""What a rule of the audit is, and what it is given to decide.

The rules themselves stand in the modules checks_*.py, and together in checks.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Final, TypeVar

from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.spec_view import Audited
from flux_mcp.audit.specs import Spec
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.installation import Crd
from flux_mcp.flux.status import ObjectStatus, assess
from flux_mcp.kubernetes.pods import Pod
from flux_mcp.kubernetes.workloads import Workload

S = TypeVar("S", bound=Spec)

DOCS: Final = "https://fluxcd.io/flux/components/"
"""Where a link without a scheme starts."""


class Severity(Enum):
    """How bad a finding is, the worst first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    def covers(self, other: "Severity") -> bool:
        """Whether the other one is as bad or worse."""
        order = list(Severity)
        return order.index(other) <= order.index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """An object that a rule finds.

    Attributes:
        told: the value, or the other object, that it is found for; None where the rule says it all.
        more: how many more such values there are.
    """

    ref: ObjectRef
    told: str | ObjectRef | None = None
    more: int = 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a rule would have had to see, and could not: a kind, or `other namespaces`."""

    what: str


BEYOND: Final = Unknown("other namespaces")


@dataclass(frozen=True, kw_only=True)
class AuditContext:
    """What was read.

    Attributes:
        objects: Flux objects.
        read: the kinds of which these are all.
        now: the moment of the answer.
        namespace: the only one that was read; None where all were.
        crds: of Flux; of that and the next two fields, nothing where `read` lacks the kind.
        controllers: the Deployments of Flux.
        pods: of the controllers.
        watched: the ConfigMaps → whether a change of theirs is acted on at once.
    """

    objects: tuple[Audited, ...]
    read: frozenset[str]
    now: datetime
    namespace: str | None = None
    crds: tuple[Crd, ...] = ()
    controllers: tuple[Workload, ...] = ()
    pods: tuple[Pod, ...] = ()
    watched: Mapping[ObjectRef, bool] = field(default_factory=dict)

    @cached_property
    def known(self) -> dict[ObjectRef, Audited]:
        """The objects by what they are called."""
        return {one.ref: one for one in self.objects}

    @cached_property
    def graph(self) -> Graph:
        """How they hang together."""
        return Graph(one.node for one in self.objects)

    @cached_property
    def statuses(self) -> dict[ObjectRef, ObjectStatus]:
        """How they are."""
        return {entry.object.ref: entry for entry in assess((one.node.object for one in self.objects), self.now)}

    def of(self, shape: type[S], *kinds: str) -> Iterator[tuple[Audited, S]]:
        """The objects with a spec of this shape, of these kinds where some are given."""
        for one in self.objects:
            if isinstance(one.spec, shape) and (not kinds or one.ref.kind in kinds):
                yield one, one.spec

    def spec(self, ref: ObjectRef, shape: type[S]) -> S | None:
        """The spec of an object, if it is there and of this shape."""
        one = self.known.get(ref)
        return one.spec if one is not None and isinstance(one.spec, shape) else None

    def missing(self, ref: ObjectRef) -> bool | Unknown:
        """Whether an object does not exist; Blind where that could not be seen."""
        if ref in self.known:
            return False
        if ref.kind not in self.read:
            return Unknown(ref.kind)
        return BEYOND if self.namespace not in {None, ref.namespace} else True

    def seconds(self, since: datetime | None) -> float:
        """How long ago that was; 0 where it is not known."""
        return 0.0 if since is None else (self.now - since).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the audit.

    Attributes:
        id: what people search for; it does not change.
        kinds: what it finds.
        check: finds it.
        why: what comes of it.
        fix: what to write instead.
        link: documentation, below DOCS or whole.
        needs: kinds without which it cannot be decided.
        wide: it looks at neighbours, which may be in other namespaces.
    """

    id: str
    severity: Severity
    kinds: tuple[str, ...]
    check: Callable[[AuditContext], Iterable[Finding | Unknown]]
    why: str
    fix: str
    link: str
    needs: tuple[str, ...] = ()
    wide: bool = False


def each(
    shape: type[S], test: Callable[[S], str | bool | Iterable[str]], *kinds: str
) -> Callable[[AuditContext], Iterator[Finding]]:
    """A check of one spec at a time.

    Args:
        shape: of the spec.
        test: whether it is found, or the values that it is found for.
        kinds: only these.
    """

    def check(context: AuditContext) -> Iterator[Finding]:
        for one, spec in context.of(shape, *kinds):
            found = test(spec)
            if found is True:
                yield Finding(one.ref)
            elif found:
                yield Finding(one.ref, found if isinstance(found, str) else "+".join(found))

    return check
