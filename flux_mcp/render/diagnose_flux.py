"""The answer of diagnose_flux."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, NAMESPACE
from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.catalog.lookup import failure, silent_failures
from flux_mcp.diagnosis.cause import CauseType, Fact
from flux_mcp.diagnosis.root_causes import Diagnosis
from flux_mcp.diagnosis.search import FLUX_OPERATOR
from flux_mcp.diagnosis.snapshot import Snapshot
from flux_mcp.flux.diagram import flow_of
from flux_mcp.flux.installation import CONTROLLERS
from flux_mcp.flux.status import Flag, Health, ObjectStatus, run_ends
from flux_mcp.kubernetes.events import Event
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.causes import BRIEF, FIX, FULL, LENGTHS, REQUESTED, SHORTEST, Causes
from flux_mcp.render.objects import counts
from flux_mcp.render.page import Page, PageCause
from flux_mcp.render.text import Line, age, moment, revision, size
from flux_mcp.sanitize.quote import message, name_of, value

WAITING: Final = 20
"""Objects waiting for the requested one that are named."""
APPLIERS: Final = 3
"""Other appliers of one object that are named."""
PLACES: Final = 5
"""Namespaces with controllers that are named."""
_CHANGES: Final = "get_flux_changes"
_WORKLOADS: Final = "list_flux_workloads"
_EDITS: Final = "Not read here: what was scaled, edited or deleted without Flux"
_FAILED: Final = frozenset({Health.FAILING, Health.STALLED})
_APPLIED: Final = frozenset({"HealthCheckFailed", "PruneFailed"})
"""Reasons of a Kustomization that applied all of a revision and failed then."""
_LOOK_WELL: Final = frozenset({Health.READY, Health.STATIC})


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxDiagnosis(Answer):
    """The causes of what is in trouble.

    Attributes:
        absent: the Flux kinds that the API server does not serve.
        flux_in_full: every Flux object was read.
        selected: every object that matches the arguments, in the order of trouble.
        troubled: those of them that are in trouble.
        only_kind: the one kind that was requested; empty for all.
        namespace: the one namespace that was requested; None for all.
        requested: the one object that was named.
        positions: the causes of what matches, as positions in the diagnosis.
        operator: objects of Flux Operator are among them.
        unknown: controllers of which objects exist and no Deployment has the label of Flux.
    """

    title = "diagnose_flux"
    snapshot: Snapshot
    diagnosis: Diagnosis
    absent: tuple[Kind, ...]
    flux_in_full: bool
    selected: tuple[ObjectStatus, ...]
    troubled: tuple[ObjectStatus, ...]
    only_kind: str
    namespace: str | None
    requested: ObjectRef | None
    positions: tuple[int, ...]
    operator: bool
    unknown: tuple[str, ...]

    def count(self, named: int) -> tuple[int, int] | None:
        if self.requested is not None:
            return 1, 1
        # Without trouble, what is wrong is no Flux object.
        return (named, len(self.troubled)) if self.troubled or not self.positions else None

    @property
    def found_nothing(self) -> bool:
        return not self.selected

    def levels(self) -> Sequence[Level]:
        """The causes, each as long as there is room for: those that block least are shortened first."""
        return [self._lines]

    def head(self, named: int) -> Sequence[str]:
        """What was not read, the controllers, and how many objects and causes there are."""
        del named
        lines: list[str] = []
        if self.snapshot.only is not None:
            place = value(self.snapshot.only)
            lines.append(f"Only namespace {place} was searched for causes: other objects may not be listed.")
        if left_out := self.snapshot.evidence.left_out:
            names = ", ".join(map(value, left_out[:WAITING]))
            places = f"{len(left_out)} more namespace{'s' if len(left_out) > 1 else ''}"
            lines.append(f"Pods and Events not read in {places}: {names}. Name an object or a namespace to read them.")
        if len(self.absent) == len(FLUX_KINDS):
            return (*lines, "Flux is not installed: the API server serves none of its kinds.")
        lines += self._controllers()
        if self.requested is None:
            lines.append(f"Objects: {len(self.selected)}" + (f", {counts(self.selected)}" if self.selected else ""))
            if self.selected and self.request.offers(_CHANGES):
                lines.append(f"{_EDITS}: {_CHANGES} shows that." if self.namespace is not None else self._not_read())
        return (*lines, *self._summary())

    def _not_read(self) -> str:
        read = self.snapshot.evidence.was_read(self.snapshot.only or "", DEPLOYMENT.kind)
        offered = self.request.offers(_WORKLOADS) and not read
        workloads = f"workloads of Ready objects ({_WORKLOADS}), " if offered else ""
        return f"Not read here: {workloads}edits without Flux ({_CHANGES})."

    def _summary(self) -> Iterator[str]:
        if self.requested is not None:
            yield from self._of_the_one(self.requested)
        elif not self.troubled:
            yield self._calm()
            if held := [name_of(one.object.ref) for one in self.selected if one.health is Health.SUSPENDED]:
                more = f" and {len(held) - WAITING} more" if len(held) > WAITING else ""
                yield f"Suspended, so nothing of it is reconciled or sent: {', '.join(held[:WAITING])}{more}"
        if self.positions:
            number = len(self.positions)
            several = f"{number} causes" + (", each of which holds it back" if self._each_keeps else "")
            yield f"{several}:" if number > 1 else "1 cause:"

    @property
    def _each_keeps(self) -> bool:
        """Whether every cause is one of the requested object, and not only a controller beside it."""
        return self.requested is not None and self.positions == self.diagnosis.causes_of(self.requested)

    def _calm(self) -> str:
        """No trouble, as far as that can be known; what is not there is not reported as well."""
        read = "" if self.flux_in_full and self.snapshot.only is None else " that was read"
        if not self.selected:
            kind = self.only_kind or "Flux object"
            if self.namespace is None:
                return f"There is no {kind}{read}."
            where = f"namespace {value(self.namespace)}"
            return f"No {kind}{read} lives in {where}, and none in trouble is known to apply to it."
        if self.positions:
            return f"No status reports trouble, but {self._trouble_of_controllers()}."
        if not self.snapshot.controllers.in_full:
            how = "read in part" if self.snapshot.controllers.found else "not read"
            return f"No status reports trouble, but the controllers were {how}: whether statuses are fresh is unknown."
        if self.unknown:
            return "No status reports trouble, as far as controllers that are not known to run have written it."
        return f"No object{read} is in trouble."

    def _trouble_of_controllers(self) -> str:
        """What is wrong with the controllers, where no status reports anything."""
        known = {one for position in self.positions for one in self.diagnosis.causes[position].failures}
        if known == {failure("controllers-twice")}:
            return "controllers run twice"
        found = self.snapshot.controllers.found
        how = "is stuck in an upgrade" if any(one.stuck for one in found) else "restarts again and again"
        if any(one.down for one in found):
            how = "is starting" if known == {failure("controller-starting")} else "is down"
        return f"a controller {how}: what it has not seen is in no status"

    def _of_the_one(self, ref: ObjectRef) -> Iterator[str]:
        status = self.diagnosis.statuses[ref]
        causes = self._texts
        yield f"{name_of(ref)}: {causes.state(status, ref, causes.since(status))}"
        if status.message and not (status.health is Health.READY and not self.troubled):
            yield f"  {message(status.message)}"
        if (event := self._last_failure(status)) is not None:
            ago = f", {age(event.seen, self.request.now)} ago" if event.seen is not None else ""
            yield f"  last failure: Event {value(event.reason)}{ago}: {message(event.message)}"
        waiting = self.diagnosis.waiting_for(ref)
        if waiting:
            yield f"blocks: {causes.named(waiting, WAITING)}"
        elif self.troubled:
            appliers = [one for one in self.snapshot.graph.owners(ref) if self._in_trouble(one)]
            above = f" by its status, but what applies it is in trouble: {causes.named(appliers, WAITING)}"
            yield f"blocks: no other object{above if appliers else ''}"
        yield from self._held_back(status)
        if not self.troubled:
            yield from self._not_in_trouble(status)

    def _held_back(self, status: ObjectStatus) -> Iterator[str]:
        """How much of what a failing applier applies stays as it was, though its source has a newer revision."""
        one, node = status.object, self.snapshot.objects[status.object.ref].node
        newer = self.snapshot.not_applied(one.ref)
        whole = status.health not in _FAILED or status.reason in _APPLIED
        if not whole and node.applied and one.applied_revision and newer:
            objects = f"{len(node.applied)} object{'s' * (len(node.applied) > 1)}"
            yield (
                f"not applied in full: {revision(newer)}, which its source has; {objects} may still be as of "
                f"{revision(one.applied_revision)}"
            )

    def _in_trouble(self, ref: ObjectRef) -> bool:
        status = self.diagnosis.statuses.get(ref)
        return status is not None and status.trouble

    def _last_failure(self, status: ObjectStatus) -> Event | None:
        """The Event of the last run that failed, whose message the run that goes on has replaced."""
        details = (one for position in self.positions for one in self.diagnosis.causes[position].details)
        shown = any(one.fact is Fact.EVENT and status.object.ref in one.refs for one in details)
        if Flag.AFTER_FAILURE not in status.flags or shown:
            return None
        return self.snapshot.evidence.failed_run(status.object)

    def _not_in_trouble(self, status: ObjectStatus) -> Iterator[str]:
        match status.health:
            case Health.SUSPENDED:
                yield "It is suspended: nothing of it is reconciled until it is resumed."
            case Health.STATIC:
                yield "Its kind has no status that says whether it works."
            case Health.PROGRESSING:
                ends = run_ends(status.object)
                until = f", which is over at {moment(ends)}" if ends is not None and ends > self.request.now else ""
                yield f"It is being reconciled, and within its timeout{until}."
            case _:
                yield "Its status reports no trouble."
        for source in self._sources(status) if status.health is not Health.SUSPENDED else ():
            if source.health is Health.SUSPENDED:
                yield f"{name_of(source.object.ref)} is suspended, so that nothing newer comes until it is resumed."
        yield from self._other_appliers(status.object.ref)
        hints = status.health in _LOOK_WELL and not self.positions
        for one in silent_failures(status.object.kind.kind) if hints else ():
            if one.id == "chart-version-unchanged" and not self._newer_than_chart(status):
                continue
            yield f"possible without a sign in the status: {one.advice.cause}; {one.advice.fix}"
        if status.object.kind.owner_label and self.request.offers(_CHANGES):
            yield f"{_EDITS}: {_CHANGES} with this kind and name shows that."

    def _other_appliers(self, ref: ObjectRef) -> Iterator[str]:
        """Who else applies the first object that it shares with others; a Namespace is often declared with each app."""
        for entry, holders in self.snapshot.graph.shared():
            if ref in holders and entry.kind != NAMESPACE.kind:
                named = ", ".join(name_of(one) for one in holders[: APPLIERS + 1] if one != ref)
                yield f"{name_of(entry.ref)} is applied by {named} too: where they differ, each undoes the other."
                return

    def _sources(self, status: ObjectStatus) -> tuple[ObjectStatus, ...]:
        """The source of an object, and the source of that."""
        known = self.diagnosis.statuses
        near = [known[ref] for ref in status.object.sources if ref in known]
        return (*near, *(known[ref] for one in near for ref in one.object.sources if ref in known))

    def _newer_than_chart(self, status: ObjectStatus) -> bool:
        """Whether the repository of a chart has changed after the chart was packaged."""
        fetched = {one.object.ref.kind: one.object.fetched for one in self._sources(status)}
        chart = fetched.get("HelmChart")
        return chart is not None and any(
            when is not None and when > chart for kind, when in fetched.items() if kind in {"GitRepository", "Bucket"}
        )

    def _controllers(self) -> Iterator[str]:
        every = self.snapshot.controllers.found
        ready = f"{sum(one.up for one in every)} of {len(every)} ready"
        if any(one.component != FLUX_OPERATOR for one in every):
            operator = f"; {FLUX_OPERATOR} was not read" if self.operator else ""
            yield f"Controllers: {ready}{self._places()}{operator}{self._short_of_pods()}"
        elif self.snapshot.controllers.in_full:
            operator = f"; {FLUX_OPERATOR}: {ready}" if every else ""
            yield f"Controllers: none has the label {CONTROLLERS}, so whether any runs is not known{operator}"
            if self._no_instance:
                yield (
                    "There is no FluxInstance: Flux Operator installs Flux only from one. If nothing else installed "
                    "Flux, create a FluxInstance."
                )
        if self.unknown:
            names = ", ".join(self.unknown)
            yield f"No Deployment with that label was found for {names}, so whether it runs is not known."

    @property
    def _no_instance(self) -> bool:
        """Whether Flux Operator is installed and has nothing to install."""
        known = "FluxInstance" in self.snapshot.read and self.snapshot.only is None
        served = all(kind.kind != "FluxInstance" for kind in self.absent)
        return known and served and all(ref.kind != "FluxInstance" for ref in self.snapshot.objects)

    def _short_of_pods(self) -> str:
        """The controllers that are not fully ready, and that no cause is about."""
        known = {ref for cause in self.diagnosis.causes for ref in cause.members}
        some = [one for one in self.snapshot.controllers.found if not one.up and one.ref not in known]
        return "".join(f"; {value(one.ref.name)}: {one.ready} of {one.wanted} Pods ready" for one in some[:PLACES])

    def _places(self) -> str:
        """Where the controllers are, if not all in one namespace: whoever may label a Deployment can add to them."""
        places = Counter(one.ref.namespace for one in self.snapshot.controllers.found)
        named = ", ".join(f"{value(place)} {number}" for place, number in places.most_common(PLACES))
        more = f" and {len(places) - PLACES} more namespaces" if len(places) > PLACES else ""
        return f", in {named}{more}" if len(places) > 1 else ""

    @property
    def _texts(self) -> Causes:
        return Causes(self.diagnosis, self.snapshot, self.positions, self.request, self.requested)

    def page(self) -> Page:
        """The objects that match, those that cause their trouble, and what is right beside them."""
        # The causes are listed beside the graph, so the line that announces them is left out.
        notes = self.head(0)[: -1 if self.positions else None]
        flow = flow_of(self.snapshot.graph)
        causes = [self.diagnosis.causes[position] for position in self.positions]
        if self.requested is not None:
            flow = flow.around(self.requested)
        elif self.only_kind or self.namespace is not None:
            members = (ref for cause in causes for ref in cause.members)
            flow = flow.beside(
                ref for ref in (*(status.object.ref for status in self.selected), *members) if ref in flow.nodes
            )
        texts = self._texts
        return Page(
            tool=self.title,
            request=self.request,
            warnings=self.opening()[1:],
            notes=notes,
            flow=flow,
            statuses={ref: status for ref, status in self.diagnosis.statuses.items() if ref in flow.nodes},
            absent=lambda ref: "missing" if self.snapshot.knows(ref) else "not read",
            causes=tuple(
                PageCause(tuple(texts.text(number, BRIEF).splitlines()), cause.members, self.diagnosis.blocks[position])
                for number, (position, cause) in enumerate(zip(self.positions, causes, strict=True), 1)
            ),
        )

    def _lines(self) -> list[Line]:
        """The causes with as much of each as there is room for.

        Every cause has its line first, then how to fix it, those first to which others refer; then they grow from the
        top, those that block most first.
        What does not fit even so is counted by kind and reason.
        """
        causes, total = self._texts, len(self.positions)
        opening = size("\n".join((*self.opening(self.count(total)), *self.head(total))))
        room = self.bound - opening - _ROOM
        lines: list[str] = []
        for number in range(1, total + 1):
            line = causes.text(number, SHORTEST)
            if size(line) + 1 > room:
                break
            room -= size(line) + 1
            lines.append(line)
        lengths = [SHORTEST] * len(lines)
        steps = (*LENGTHS[:-1], REQUESTED if self.requested is not None else FULL)
        every = range(len(lines))
        blocking = [at for at in range(len(lines)) if self.diagnosis.blocks[self.positions[at]]]
        fixes = sorted(every, key=lambda at: at + 1 not in causes.referred)
        for length, which in ((FIX, fixes), (BRIEF, blocking), *((length, every) for length in steps[2:])):
            for at in which:
                if steps.index(lengths[at]) >= steps.index(length):
                    continue
                longer = causes.text(at + 1, length)
                if size(longer) - size(lines[at]) <= room:
                    room -= size(longer) - size(lines[at])
                    lines[at], lengths[at] = longer, length
        matching = {status.object.ref for status in self.troubled}
        named: set[ObjectRef] = set()
        found: list[Line] = []
        for at, line in enumerate(lines):
            cause, blocks = self.diagnosis.causes[self.positions[at]], self.diagnosis.blocks[self.positions[at]]
            new = ({*cause.members[: lengths[at].named + 1], *blocks[: lengths[at].blocked]} & matching) - named
            named |= new
            found.append(Line(line, len(new), 1))
        shortened = [at + 1 for at, length in enumerate(lengths) if length is not steps[-1]]
        if shortened and total > 1:
            text = f"Shortened to fit: causes {_ranges(shortened)}. Name an object to see all of its cause."
            found.append(Line(text))
        if len(lines) < total:
            found.append(Line(self._rest(total - len(lines)), 0, total - len(lines)))
        return found

    def _rest(self, rest: int) -> str:
        """What the causes are that are left out."""
        kinds = Counter[str]()
        for position in self.positions[-rest:]:
            cause = self.diagnosis.causes[position]
            status = self.diagnosis.statuses.get(cause.members[0])
            reason = status.reason if status is not None and cause.type is CauseType.FAILURE else cause.type.value
            kinds[f"{value(cause.members[0].kind)} ({value(reason) if reason else 'no reason'})"] += 1
        named = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common(5))
        return f"… {rest} more causes: {named}. Narrow with kind, namespace or name."


_ROOM: Final = 700
"""Bytes that are kept for the lines that say what is left out and shortened."""


def _ranges(numbers: Sequence[int]) -> str:
    """`3, 5 to 9`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in found[:10])
