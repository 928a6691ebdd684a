"""The answer of diagnose_flux."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.blockers import DOWN
from flux_mcp.diagnosis.catalog.failure import Advice
from flux_mcp.diagnosis.catalog.lookup import silent_failures
from flux_mcp.diagnosis.evidence import ControllerEvidence, HealthEvidence
from flux_mcp.diagnosis.root_causes import Diagnosis
from flux_mcp.diagnosis.snapshot import SnapshotObject
from flux_mcp.diagnosis.workload_health import workload_failures
from flux_mcp.flux.diagram import flow_of
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.installation import CONTROLLERS, Controller
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.causes import BRIEF, FULL, SHORT, Causes, Detail, advice_lines, stalled_line
from flux_mcp.render.objects import counts, object_line
from flux_mcp.render.page import Page, PageCause
from flux_mcp.render.text import DEFAULT_BOUND, Line, until_full
from flux_mcp.sanitize.quote import MESSAGE, message, name_of, value

OPERATOR: Final = "flux-operator"
"""Carries no label of Flux's own, so it is not among the controllers that are read."""
DOWN_MESSAGE: Final = 200
WAITING: Final = 20
"""Objects waiting for the one asked for that are named."""
HOME: Final = "flux-system"
"""Where Flux is installed, if nobody chose another namespace."""
DOWN_NAMED: Final = 8
"""Controllers that are down and named: Flux has seven, but whoever may label a Deployment can add to them."""
PLACES: Final = 5
"""Namespaces with controllers that are named."""
_LOOK_WELL: Final = frozenset({Health.READY, Health.STATIC})


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxDiagnosis(Answer):
    """The causes of what is in trouble.

    Attributes:
        objects: every Flux object that was read.
        read: kinds of which every object was read.
        absent: the Flux kinds that the API server does not serve.
        only: the one namespace that Flux objects were read in, where the identity may not list all.
        flux_in_full: every Flux object was read.
        evidence: the controllers.
        selected: every object that matches the arguments, in the order of trouble.
        troubled: those of them that are in trouble.
        only_kind: the one kind that was asked for; empty for all.
        namespace: the one namespace that was asked for; None for all.
        asked: the one object that was asked for by its name.
        positions: the causes of what matches, as positions in the diagnosis.
        needed: the controllers of what was asked for, and of its causes; empty for all.
        operator: objects of Flux Operator are among them.
        expected: controllers of which objects exist and no Deployment was found.
    """

    title = "diagnose_flux"
    objects: Mapping[ObjectRef, SnapshotObject]
    read: frozenset[str]
    absent: tuple[Kind, ...]
    only: str | None
    flux_in_full: bool
    evidence: ControllerEvidence
    diagnosis: Diagnosis
    health: HealthEvidence
    selected: tuple[ObjectStatus, ...]
    troubled: tuple[ObjectStatus, ...]
    only_kind: str
    namespace: str | None
    asked: ObjectRef | None
    positions: tuple[int, ...]
    needed: frozenset[str]
    operator: bool
    expected: tuple[str, ...]

    def count(self, named: int) -> tuple[int, int]:
        return (1, 1) if self.asked is not None else (named, len(self.troubled))

    @property
    def found_nothing(self) -> bool:
        return not self.selected

    def levels(self) -> Sequence[Level]:
        """The causes, each with its evidence, cause, fix and what it blocks."""
        details = (FULL, BRIEF, SHORT) if self.asked is not None else (BRIEF, SHORT)
        return [partial(self._causes, detail) for detail in details]

    def left_out(self, rest: int) -> str:
        return _rest(rest)

    def head(self, named: int) -> Sequence[str]:
        """Controllers that are down, then how many objects and causes there are."""
        del named
        lines: list[str] = []
        if self.only is not None:
            lines.append(f"Causes were sought in namespace {value(self.only)} alone: others may not be listed.")
        if self.health.left_out:
            named_ones = ", ".join(map(value, self.health.left_out[:WAITING]))
            lines.append(f"Pods and Events not looked at in {len(self.health.left_out)} more namespaces: {named_ones}")
        if len(self.absent) == len(FLUX_KINDS):
            return (*lines, "Flux is not installed: the API server serves none of its kinds.")
        lines += self._controllers()
        if self.asked is None:
            lines.append(f"Objects: {len(self.selected)}" + (f", {counts(self.selected)}" if self.selected else ""))
        return (*lines, *self._summary())

    def _summary(self) -> Iterator[str]:
        if self.asked is not None:
            yield from self._of_the_one(self.asked)
        elif not self.troubled:
            yield self._calm()
        if self.positions:
            several = f"{len(self.positions)} causes" + (
                ", each of which keeps it from being Ready" if self.asked else ""
            )
            yield f"{several}:" if len(self.positions) > 1 else "1 cause:"

    def _calm(self) -> str:
        """No trouble, as far as that can be known; of what is not there nothing is said to be well."""
        read = " that was read" if not self.flux_in_full or self.only is not None else ""
        if not self.selected:
            kind = self.only_kind or "Flux object"
            if self.namespace is None:
                return f"There is no {kind}{read}."
            where = f"namespace {value(self.namespace)}"
            return f"No {kind}{read} lives in {where}, and none in trouble is known to apply to it."
        if self.expected or self._down:  # what a controller that is down wrote is old
            return "No status tells of trouble, but statuses are old where a controller does not run."
        return f"No object{read} is in trouble."

    @property
    def _down(self) -> list[Controller]:
        """The controllers that do not run and matter to what was asked for; all of them where that was everything."""
        down = [one for one in self.evidence.controllers if one.down]
        return [one for one in down if one.component in self.needed] or ([] if self.needed else down)

    def _of_the_one(self, ref: ObjectRef) -> Iterator[str]:
        entry = self.diagnosis.statuses[ref]
        yield object_line(entry, self.request, MESSAGE)
        if told := stalled_line(entry):
            yield told
        waiting = self.diagnosis.waiting_for(ref)
        if entry.trouble and not waiting:
            yield "waits for it: nothing"
        if waiting:
            more = f" and {len(waiting) - WAITING} more" if len(waiting) > WAITING else ""
            yield f"waits for it: {'; '.join(map(name_of, waiting[:WAITING]))}{more}"
        if not entry.trouble:
            yield from self._not_in_trouble(entry)

    def _not_in_trouble(self, entry: ObjectStatus) -> Iterator[str]:
        match entry.health:
            case Health.SUSPENDED:
                yield "It is suspended: nothing of it is reconciled until it is resumed."
            case Health.STATIC:
                yield "Its kind has no status: nothing tells here whether it works."
            case Health.PROGRESSING:
                yield "Its run goes on and is within its time-out."
            case _:
                yield "It is in no trouble that its status tells."
        for failure in silent_failures(entry.object.kind.kind) if entry.health in _LOOK_WELL else ():
            yield f"possible without its status showing it: {failure.advice.cause}"
            yield f"fix: {failure.advice.fix}"

    def _controllers(self) -> Iterator[str]:
        every = self.evidence.controllers
        if every:
            operator = f"; {OPERATOR} was not looked at" if self.operator else ""
            ready = f"{sum(one.up for one in every)} of {len(every)} ready"
            yield f"Controllers: {ready}{self._places()}{operator}"
        elif self.evidence.in_full:
            yield f"Controllers: none carries the label {CONTROLLERS}, so whether any runs is not known"
        for one in sorted(self._down, key=lambda one: one.ref.namespace != HOME)[:DOWN_NAMED]:
            yield from self._is_down(one)
        if len(self._down) > DOWN_NAMED:
            yield f"… {len(self._down) - DOWN_NAMED} more controllers are down: get_flux_instance lists them."
        if self.expected:
            yield f"No Deployment found of {', '.join(self.expected)}, whose objects exist: {DOWN.cause}"
        if self._down:
            yield from advice_lines(Advice(f"{DOWN.cause}, and statuses are old", DOWN.fix))

    def _places(self) -> str:
        """Where the controllers are, if not all in one namespace: whoever may label a Deployment can add to them."""
        places = Counter(one.ref.namespace for one in self.evidence.controllers)
        named = ", ".join(f"{value(place)} {number}" for place, number in places.most_common(PLACES))
        more = f" and {len(places) - PLACES} more namespaces" if len(places) > PLACES else ""
        return f", in {named}{more}" if len(places) > 1 else ""

    def _is_down(self, one: Controller) -> Iterator[str]:
        told = message(one.failure[1], DOWN_MESSAGE) if one.failure is not None else ""
        failed = f", {value(one.failure[0])}: {told}" if one.failure is not None else ""
        scaled = ", scaled to zero" if one.wanted == 0 else ""
        yield f"DOWN: {value(one.ref.namespace)}/{value(one.ref.name)} {one.ready}/{one.wanted}{scaled}{failed}"
        if one.failure is None or "Pods" not in one.failure[1]:
            for symptom in workload_failures(one.ref, self.evidence.observed)[:2]:
                if symptom.about[0].kind == "Pod":
                    last = f", last {value(symptom.last)}" if symptom.last else ""
                    told = f": {message(symptom.message, DOWN_MESSAGE)}" if symptom.message else ""
                    ref = symptom.about[0]
                    yield f"  Pod {value(ref.namespace)}/{value(ref.name)} {value(symptom.reason)}{last}{told}"

    def page(self) -> Page:
        """The objects that match, those that cause their trouble, and what is right beside them."""
        # The causes are listed beside the graph, so the line that announces them is left out.
        notes = self.head(0)[: -1 if self.positions else None]
        flow = flow_of(Graph(entry.node for entry in self.objects.values()))
        causes = [self.diagnosis.causes[position] for position in self.positions]
        if self.asked is not None:
            flow = flow.around(self.asked)
        elif self.only_kind or self.namespace is not None:
            members = (ref for cause in causes for ref in cause.members)
            flow = flow.beside(
                ref for ref in (*(entry.object.ref for entry in self.selected), *members) if ref in flow.nodes
            )
        texts = Causes(self.diagnosis, self.objects, self.health, self.request)
        return Page(
            tool=self.title,
            request=self.request,
            warnings=self.opening()[1:],
            notes=notes,
            flow=flow,
            statuses={ref: status for ref, status in self.diagnosis.statuses.items() if ref in flow.nodes},
            absent=lambda ref: (
                "missing" if ref.kind in self.read and self.only in {None, ref.namespace} else "not read"
            ),
            causes=tuple(
                PageCause(tuple(texts.lines(position, number, BRIEF)), cause.members, self.diagnosis.behind[position])
                for number, (position, cause) in enumerate(zip(self.positions, causes, strict=True), 1)
            ),
        )

    def _causes(self, detail: Detail) -> list[Line]:
        causes = Causes(self.diagnosis, self.objects, self.health, self.request)
        return until_full(self._told(causes, detail), len(self.positions), DEFAULT_BOUND, _rest)

    def _told(self, causes: Causes, detail: Detail) -> Iterator[Line]:
        """The causes one by one, each with how many objects it is the first to name."""
        matching = {entry.object.ref for entry in self.troubled}
        told: set[ObjectRef] = set()
        for number, position in enumerate(self.positions, 1):
            text = "\n".join(causes.lines(position, number, detail, self.asked))
            cause, behind = self.diagnosis.causes[position], self.diagnosis.behind[position]
            new = ({*cause.members[: detail.named + 1], *behind[: detail.named]} & matching) - told
            told |= new
            yield Line(text, len(new), 1)


def _rest(causes: int) -> str:
    return f"… {causes} more causes: ask with kind, namespace or name."
