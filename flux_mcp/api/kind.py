"""What an entry in the tables of kinds holds."""

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from flux_mcp.api.fields import ANY_FIELDS, Fields

FORCE: Final = "forceAt"
"""The annotation that forces a run: a Helm upgrade though in sync, a provider outside its schedule."""
RESET: Final = "resetAt"
"""The annotation that resets a HelmRelease's failure counters."""


class Role(Enum):
    """What a kind does in the flow from a source to the cluster."""

    SOURCE = "source"
    APPLIER = "applier"
    OPERATOR = "operator"
    IMAGE = "image"
    NOTIFICATION = "notification"


class HealthWait(Enum):
    """Whether an object waits for the health of all that it applies."""

    NEVER = "it never does"
    ALWAYS = "it always does"
    OPT_IN = "with spec.wait: true"
    OPT_OUT = "unless spec.wait is false"


class Relation(StrEnum):
    """What a reference or an edge means."""

    SOURCE = "source"
    TEMPLATE = "template"
    APPLIES = "applies"
    DEPENDS_ON = "dependsOn"
    INPUTS = "inputs"
    POLICY = "image policy"
    PROVIDER = "provider"

    @property
    def reversed(self) -> bool:
        """Whether an edge runs from the object with the reference to the object that it names."""
        return self in {Relation.DEPENDS_ON, Relation.PROVIDER}


@dataclass(frozen=True, slots=True)
class Reference:
    """A field in which an object names other objects.

    Attributes:
        path: of the field below the object; lists are looked through.
        kinds: that it may name; empty for any kind.
        kind: the one that it means where it has no field `kind`.
        selector: the subfield with a label selector that takes the place of a name: the reference is to all objects of
            `kind` in the namespace that match, without a selector to all.
    """

    path: tuple[str, ...]
    kinds: tuple[str, ...]
    kind: str = ""
    relation: Relation = Relation.SOURCE
    selector: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A value that a line about an object shows, as kubectl's printer columns do.

    Attributes:
        label: the words in front of the value; empty where the value speaks for itself.
        paths: of the fields below the object, dotted; lists are looked through, of a mapping the keys are shown.
        absent: the words where there is no value; empty to leave the column out.
        healthy: the values with which nothing is wrong; empty where values do not show it.
    """

    label: str
    paths: tuple[str, ...]
    absent: str = ""
    healthy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of the API.

    Attributes:
        kind: as in manifests.
        group: the API group, empty for the core group; the version differs between Flux versions and is discovered.
        plural: as in `plural.group`.
        short_names: such as `po`, from the API server's own list or the CRD.
        namespaced: whether its objects live in a namespace.
        fields: what may be shown of an object.
        columns: what a line about an object shows; without any, its conditions.
    """

    kind: str
    group: str
    plural: str
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    fields: Fields = field(default_factory=lambda: ANY_FIELDS, compare=False, repr=False)
    columns: tuple[Column, ...] = field(default=(), compare=False, repr=False)

    @property
    def resource(self) -> str:
        """`plural.group`, `plural` for the core group: a bare plural may be another vendor's kind."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def spellings(self) -> frozenset[str]:
        """What people write for it, in lower case: kind name, plural, short names, `plural.group`."""
        return frozenset(text.lower() for text in (self.kind, self.plural, self.resource, *self.short_names))


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxKind(Kind):
    """One Flux kind. All are namespaced.

    Attributes:
        role: where it stands in the flow.
        controller: the Deployment that reconciles it in an ordinary installation; empty where that is anybody's.
        references: the fields of its spec that name its sources.
        made_source: the status field that names the source that its controller made from a template, as
            `NAMESPACE/NAME` of a HelmChart or `KIND/NAMESPACE/NAME`.
        owner_label: the prefix of the labels `/name` and `/namespace` that it puts on what it applies.
        health_wait: whether it waits for the health of what it applies.
        revision: where the revision in force stands: keys below the status, alternatives in order.
        static: it has no status that a controller writes.
        switch: the annotation that suspends it with the value `disabled`; None where spec.suspend does.
        answers_requests: its controller acts on reconcile.fluxcd.io/requestedAt and reports so in
            status.lastHandledReconcileAt.
        silent: it acts on the request, and shows it only by the time of its Ready condition.
        own_spec: its controller writes its spec after the condition, so the observed generation is always one behind.
        options: the annotations that it takes beside requestedAt, of `forceAt` and `resetAt`.
        timeout: seconds a run may take where the object does not set it; None: its interval.
        timeout_margin: seconds by which that is shorter than the interval, never under thirty.
        timeout_annotation: the annotation that sets how long a run may take, where it is not spec.timeout.
        inline: fields of its spec that hold values that people choose.
        deprecated: fields of its spec that are still served, though they have a successor or do nothing.
    """

    role: Role
    controller: str = ""
    references: tuple[Reference, ...] = ()
    made_source: tuple[str, ...] = ()
    owner_label: str = ""
    health_wait: HealthWait = HealthWait.NEVER
    revision: tuple[tuple[str, ...], ...] = ()
    static: bool = False
    switch: str | None = None
    answers_requests: bool = True
    silent: bool = False
    own_spec: bool = False
    options: tuple[str, ...] = ()
    timeout: float | None = 60.0
    timeout_margin: float = 0.0
    timeout_annotation: str | None = None
    inline: tuple[tuple[str, ...], ...] = ()
    deprecated: tuple[tuple[str, ...], ...] = ()

    @property
    def reconcilable(self) -> bool:
        """Whether its controller acts on reconcile.fluxcd.io/requestedAt."""
        return self.answers_requests or self.silent

    @property
    def sources(self) -> tuple[str, ...]:
        """The kinds that it may name as its source."""
        return tuple(
            dict.fromkeys(
                kind
                for reference in self.references
                if reference.relation is Relation.SOURCE
                for kind in reference.kinds
            )
        )
