"""Lines about the causes of a diagnosis: in full, shorter, or in one line each."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at
from flux_mcp.diagnosis.catalog.failure import Failure, Upstream, with_recreation
from flux_mcp.diagnosis.cause import Cause, CauseType, Detail, Fact
from flux_mcp.diagnosis.controllers import SHARD
from flux_mcp.diagnosis.root_causes import Diagnosis
from flux_mcp.diagnosis.snapshot import Snapshot
from flux_mcp.diagnosis.workload_health import RUNNING, WorkloadFailure
from flux_mcp.flux.installation import CONTROLLERS
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.render.logs import fill
from flux_mcp.render.objects import health_and_flags
from flux_mcp.render.spec_fields import setting_at
from flux_mcp.render.text import age, moment, revision
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.project import project
from flux_mcp.sanitize.quote import MESSAGE, abbreviated, log_line, message, name_of, value

_INDENT: Final = "   "
FIELDS: Final = 8
"""Fields below one that the catalog names that are shown."""
VALUES: Final = 5
STEPS: Final = 10
"""Objects between the requested one and a cause that are named."""
FINALIZERS: Final = 3
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth")
LOG_ROOM: Final = 1_600
"""Bytes of the quoted log lines of an answer."""
LOG_WIDTH: Final = 240
"""Characters of each of these lines."""
LONG: Final = 200
"""Characters of a message that is not repeated."""
_QUIET: Final = frozenset({Health.READY, Health.SUSPENDED, Health.STATIC})
"""Of these the reason and the message say nothing of the cause."""


@dataclass(frozen=True, slots=True)
class Length:
    """How much is shown of a cause.

    Attributes:
        message: characters of a message.
        named: objects of one sort that are named.
        evidence: details and failures of workloads that are shown.
        log: the last lines of the log of a container that crashed.
        pods: Pods of one failure that are named.
        fix: how to fix it.
    """

    message: int
    named: int
    evidence: int
    log: int = 0
    pods: int = 1
    fix: bool = True

    @property
    def blocked(self) -> int:
        """Objects that a cause blocks, which are named: of each cause one at least."""
        return self.named or (3 if self.fix else 1)


FULL: Final = Length(message=MESSAGE, named=20, evidence=20, log=10)
BRIEF: Final = Length(message=300, named=10, evidence=5, log=3)
SHORT: Final = Length(message=120, named=5, evidence=2)
ONE_LINE: Final = Length(message=120, named=0, evidence=1)
FIX: Final = Length(message=80, named=0, evidence=1)
SHORTEST: Final = replace(FIX, fix=False)
REQUESTED: Final = Length(message=MESSAGE, named=20, evidence=20, log=20, pods=5)
LENGTHS: Final = (SHORTEST, FIX, ONE_LINE, SHORT, BRIEF, FULL)
"""From the shortest to the fullest; REQUESTED takes the place of the last where one object is requested."""


@dataclass(frozen=True)
class Causes:
    """The causes of a diagnosis, as text.

    Attributes:
        positions: of the causes in the diagnosis, in the order in which they are listed and numbered.
        requested: the object that the question is about, whose line stands elsewhere.
    """

    diagnosis: Diagnosis
    snapshot: Snapshot
    positions: Sequence[int]
    request: RequestContext
    requested: ObjectRef | None = None

    def text(self, number: int, length: Length) -> str:
        """A cause, by its number from one on."""
        position = self.positions[number - 1]
        cause = self.diagnosis.causes[position]
        advice = [*self._advice(cause, number)]
        title = f"{number}. {self.title(cause, length)}"
        if length in {SHORTEST, FIX, ONE_LINE}:
            parts = [part for part in advice if length.fix or not part.startswith("fix: ")]
            return "; ".join(
                (title, *self._most_telling(cause, length), *parts, *self._blocks(cause, position, length))
            )
        lines = [title, *self._evidence(cause, length), *advice, *self._where(cause, position, length)]
        return f"\n{_INDENT}".join(lines)

    def title(self, cause: Cause, length: Length = FULL) -> str:  # noqa: PLR0911 (each type has its words)
        """What a cause is, in a line."""
        first = cause.members[0]
        status = self.diagnosis.statuses.get(first)
        match cause.type:
            case CauseType.LOOP:
                several = f"{self.named(cause.members, length.named or 2)} wait for each other"
                return f"dependsOn loop: {several if len(cause.members) > 1 else f'{name_of(first)} waits for itself'}"
            case CauseType.MISSING:
                return f"{name_of(first)}: not found"
            case CauseType.UNREAD:
                return f"{name_of(first)}: could not be read"
            case CauseType.CONTROLLER:
                ready, wanted = next((one.texts for one in cause.details if one.fact is Fact.REPLICAS), ("0", "0"))
                return f"{name_of(first)}: {ready} of {wanted} Pods ready"
            case CauseType.KUBERNETES:
                since = next((one.when for one in cause.details if one.fact is Fact.NAMESPACE), None)
                gone = f"Terminating for {age(since, self.request.now)}" if since is not None else "Terminating"
                return f"{name_of(first)}: {gone if first.kind == 'Namespace' else 'not ready'}"
        if first == self.requested:
            return f"{name_of(first)} itself"
        if status is None:
            return name_of(first)
        return f"{name_of(first)}: {self.state(status, first, '' if length in {SHORTEST, FIX} else self.since(status))}"

    def state(self, status: ObjectStatus, ref: ObjectRef, since: str) -> str:
        """`Stalled, InstallFailed for 64s, chart webapp 1.3.0`."""
        reason = value(status.reason) if status.reason and status.health not in _QUIET else ""
        parts = [health_and_flags(status), " ".join(filter(None, (reason, since)))]
        if status.object.revision:
            releases = self.snapshot.objects[ref].releases if ref in self.snapshot.objects else ()
            chart = f"chart {value(releases[0].chart)} " if releases and releases[0].chart else ""
            parts.append(f"{chart}{revision(status.object.revision)}")
        return ", ".join(filter(None, parts))

    def since(self, status: ObjectStatus) -> str:
        """How long it has been so, where that is known: most conditions move with each retry."""
        now = self.request.now
        if status.health in {Health.READY, Health.DELETING, Health.PENDING, Health.STATIC, Health.SUSPENDED}:
            return f"created {age(status.since, now)} ago" if status.health is Health.PENDING and status.since else ""
        if status.failing_since is not None:
            return f"for {age(status.failing_since, now)}"
        return f"(last transition {age(status.since, now)} ago)" if status.since is not None else ""

    def named(self, refs: Sequence[ObjectRef], most: int) -> str:
        """Objects with their reasons."""
        more = f" and {len(refs) - most} more" if len(refs) > most else ""
        via = [self.diagnosis.blocked[ref].via if ref in self.diagnosis.blocked else "" for ref in refs[:most]]
        # What several have in common stands with the first of them.
        return (
            ", ".join(
                self._brief(ref, "" if one in via[:at] else one)
                for at, (ref, one) in enumerate(zip(refs, via, strict=False))
            )
            + more
        )

    def _brief(self, ref: ObjectRef, via: str = "") -> str:
        """An object and its reason; of one that still looks Ready, that it does."""
        status = self.diagnosis.statuses.get(ref)
        if status is None:
            return name_of(ref)
        if status.health in {Health.READY, Health.STATIC}:
            return f"{name_of(ref)} (still {status.health.value})"
        through = f", webhook {value(via)}" if via else ""
        reason = value(status.reason) if status.reason else status.health.value
        if status.health in {Health.STALE, Health.DELETING}:
            # The reason is an older one: of interest only where it is a failure.
            ready, health = status.object.ready, status.health.value
            reason = f"{health}, {reason}" if ready is not None and ready.status == "False" else health
        return f"{name_of(ref)} ({reason}{through})"

    def _most_telling(self, cause: Cause, length: Length) -> Iterator[str]:
        """The one line of evidence that says most: what is wrong with a Pod, else a message, else a fact."""
        status = self.diagnosis.statuses.get(cause.members[0])
        progressing = status is not None and status.health is Health.PROGRESSING
        if cause.workloads:
            more = f" and {len(cause.workloads) - 1} more" if len(cause.workloads) > 1 else ""
            explained = explaining(cause)
            yield (
                failure_line(
                    next((one for one in cause.workloads if one.failure in explained), cause.workloads[0]), length
                )
                + more
            )
        elif (
            cause.type is CauseType.FAILURE
            and status is not None
            and status.message
            and status.health not in _QUIET
            and not (progressing and cause.details)
        ):
            yield message(status.message, length.message)
        else:
            facts = sorted(cause.details, key=lambda one: one.fact is Fact.STEP)
            yield from [line for one in facts if (line := self._detail(one, cause, length))][:1]
        if len(cause.members) > 1 and cause.type is not CauseType.LOOP:
            yield f"same failure: {len(cause.members) - 1} more"

    def _evidence(self, cause: Cause, length: Length) -> Iterator[str]:
        """The message, who has the same failure, and the facts."""
        first = cause.members[0]
        status = self.diagnosis.statuses.get(first)
        described = status is not None and cause.type is CauseType.FAILURE and first != self.requested
        if status is not None and described and status.message and status.health not in _QUIET:
            yield message(status.message, length.message)
        if len(cause.members) > 1 and cause.type is not CauseType.LOOP:
            yield f"same failure: {self.named(cause.members[1:], length.named)}"
        details = [line for one in cause.details if (line := self._detail(one, cause, length))]
        # What is wrong with Pods explains most; the conditions come before it.
        conditions = [one for one in cause.details if one.fact is Fact.CONDITION]
        workloads = [*self._failure_lines(cause, length)]
        lines = [*details[: len(conditions)], *workloads, *details[len(conditions) :]]
        yield from lines[: length.evidence]
        if len(lines) > length.evidence:
            yield f"{len(lines) - length.evidence} more facts: name this object"

    def _failure_lines(self, cause: Cause, length: Length) -> Iterator[str]:
        """A line for each, with the log of a crash below; a message that differs only in the name is not repeated."""
        above: set[str] = set()
        for one in cause.workloads:
            said = re.sub(rf"{re.escape(one.about[0].name)}[\w.-]*", "", one.message)
            if said in above and len(said) > LONG:
                line = f"{failure_line(replace(one, message=''), length)}: the same message"
            else:
                line = failure_line(one, length)
            yield "\n".join((line, *self._log(one.about[0], one.container, length)))
            above.add(said)
        for pod, container in crash_logs(cause, self.snapshot) if not cause.workloads else ():
            yield "\n".join((f"{name_of(pod)}: container {value(container)}", *self._log(pod, container, length)))

    def _log(self, pod: ObjectRef, container: str, length: Length) -> Iterator[str]:
        lines = self._logs.get((pod, container), ())
        if lines and length.log:
            some = lines[-length.log :]
            ended = "" if (pod, container) in self._running else " of the run that ended"
            yield f"{_INDENT}  last log line{'s' if len(some) > 1 else ''}{ended}:"
            yield from (f"{_INDENT}{line}" for line in some)

    @cached_property
    def _running(self) -> frozenset[tuple[ObjectRef, str]]:
        """The containers of controllers that never ended: their logs are those of this run."""
        pods = (pod for found in self.snapshot.controllers.evidence.pods.values() for pod in found)
        return frozenset((pod.ref, one.name) for pod in pods for one in pod.containers if one.unready)

    def _detail(self, detail: Detail, cause: Cause, length: Length) -> str:
        words = _WORDS[detail.fact]
        return words(self, detail, cause, length)

    def _where(self, cause: Cause, position: int, length: Length) -> Iterator[str]:
        """The fields to look at and the path, where one object is requested; what it blocks."""
        if self.requested is not None:
            if cause.type is CauseType.FAILURE and (fields := self._fields(cause)):
                yield f"look at: {', '.join(fields)}"
            path = self.diagnosis.path(self.requested, position)
            if len(path) > 1 and path[-1] != self.requested:
                between = [self._step(ref) for ref in path[1:-1][:STEPS]]
                between += [f"… {len(path) - 2 - STEPS} more"] if len(path) - 2 > STEPS else []
                yield f"path: {' → '.join((name_of(path[0]), *between, name_of(path[-1])))}"
        yield from self._blocks(cause, position, length)

    def _blocks(self, cause: Cause, position: int, length: Length) -> Iterator[str]:
        if cause.type is CauseType.LOOP and (untried := self.snapshot.untried(cause.members)):
            some = untried[: length.blocked]
            more = f" and {len(untried) - len(some)} more" if len(untried) > len(some) else ""
            yield f"have not tried the newest revision of the source: {', '.join(map(name_of, some))}{more}"
        blocks = self.diagnosis.blocks[position]
        if blocks and self.requested not in cause.members:
            yield f"blocks: {self.named(blocks, length.blocked)}"

    def _step(self, ref: ObjectRef) -> str:
        status = self.diagnosis.statuses[ref]
        reason = f", {value(status.reason)}" if status.reason else ""
        return f"{name_of(ref)} ({status.health.value}{reason})"

    def _advice(self, cause: Cause, number: int) -> Iterator[str]:
        """What causes it and how to fix it; what a cause above says too is not repeated."""
        failures = explaining(cause)
        if not failures:
            yield "cause: not in the catalog of known failures; only the message is known"
        same: dict[int, list[Failure]] = defaultdict(list)
        fixes: set[str] = set()
        for one in failures:
            above = self._first[one, filled(one.advice.fix, cause)]
            if above != number:
                same[above].append(one)
                continue
            yield f"cause: {filled(one.advice.cause, cause)}"
            if (fix := filled(one.advice.fix, cause)) not in fixes:
                yield f"fix: {fix}"
            fixes.add(fix)
        if same:
            yield f"cause, fix: as {', '.join(self._as(above, some) for above, some in same.items())}"

    def _as(self, number: int, some: Sequence[Failure]) -> str:
        """A cause above, and which of its advice is meant where it has more: `the second of cause 22`."""
        cause = self.diagnosis.causes[self.positions[number - 1]]
        said = [one for one in explaining(cause) if self._first[one, filled(one.advice.fix, cause)] == number]
        which = [_ORDINALS[said.index(one)] for one in some if one in said[: len(_ORDINALS)]]
        return str(number) if len(said) == len(some) or not which else f"the {' and '.join(which)} of cause {number}"

    @cached_property
    def _logs(self) -> Mapping[tuple[ObjectRef, str], Sequence[str]]:
        """The newest lines of the logs, as many as fit: the answer is about causes."""
        logs = {key: [log_line(line.strip(), LOG_WIDTH) for line in lines] for key, lines in self.snapshot.logs.items()}
        return dict(zip(logs, fill([*logs.values()], LOG_ROOM), strict=True))

    @cached_property
    def _first(self) -> Mapping[tuple[Failure, str], int]:
        """Each failure, with how to fix it → the number of the first cause that it is shown for."""
        first: dict[tuple[Failure, str], int] = {}
        for number, advice in self._advised:
            first.setdefault(advice, number)
        return first

    @cached_property
    def referred(self) -> frozenset[int]:
        """The numbers of the causes to whose fix others refer."""
        return frozenset(self._first[advice] for number, advice in self._advised if self._first[advice] != number)

    @cached_property
    def _advised(self) -> Sequence[tuple[int, tuple[Failure, str]]]:
        """The number of each cause with each of its failures and how to fix that."""
        causes = [self.diagnosis.causes[position] for position in self.positions]
        return [
            (number, (one, filled(one.advice.fix, cause)))
            for number, cause in enumerate(causes, 1)
            for one in explaining(cause)
        ]

    def _fields(self, cause: Cause) -> tuple[str, ...]:
        """The fields that the catalog names, as far as the kind has them, with what is in them."""
        ref = cause.members[0]
        found = self.snapshot.objects.get(ref)
        if found is None or found.item is None:
            return ()
        spec = at(project(found.item), "spec")
        paths = dict.fromkeys(path for one in cause.failures for path in one.look if _has_field(ref.kind, path))
        return tuple(dict.fromkeys(field for path in paths for field in _settings(spec, path)))


def explaining(cause: Cause) -> tuple[Failure, ...]:
    """The failures whose advice is shown: where workloads say why, that something was not ready in time is no news."""
    workloads = [each for one in cause.workloads if one.failure is not None for each in (one.failure, *one.others)]
    waiting = bool(workloads)
    own = [one for one in cause.failures if not (waiting and one.upstream is Upstream.HEALTH)]
    # A volume that is missing explains why its Pod is not scheduled.
    if any(one.about[0].kind == "PersistentVolumeClaim" for one in cause.workloads):
        workloads = [one for one in workloads if one.id != "volume-claim-unbound"]
    # A claim that waits for its Pod is bound once that one is scheduled.
    workloads = [one for one in workloads if one.id != "volume-waits-for-consumer"] or workloads
    return tuple(dict.fromkeys((*workloads, *own)))


def crash_logs(cause: Cause, snapshot: Snapshot) -> tuple[tuple[ObjectRef, str], ...]:
    """The Pods and containers of a cause whose last log lines were read."""
    own = {(ref, one.container) for one in cause.workloads for ref in one.about}
    if cause.type is CauseType.CONTROLLER and not cause.workloads:
        pods = snapshot.controllers.evidence.pods_of(cause.members[0])
        own = {(pod.ref, container.name) for pod in pods for container in pod.containers}
    return tuple(known for known in snapshot.logs if known in own)


def filled(text: str, cause: Cause) -> str:
    """Advice with the kind and the controller that it is about."""
    kind = cause.members[0].kind
    if cause.type is CauseType.MISSING:
        needed = [one.refs[0].kind for one in cause.details if one.fact is Fact.NEEDED_BY]
        kind = needed[0] if needed else kind
    flux = by_kind.get(kind)
    controller = flux.controller if flux is not None and flux.controller else "its controller"
    return with_recreation(text.replace("{kind}", kind).replace("{controller}", controller), kind)


def _has_field(kind: str, path: str) -> bool:
    fields = by_kind[kind].fields.get("spec") if kind in by_kind else None
    for key in path.split("."):
        if not isinstance(fields, Mapping) or key not in fields:
            return False
        fields = fields[key]
    return True


def _settings(spec: object, path: str) -> Iterator[str]:
    found = setting_at(spec, path)
    if not found:
        yield f"spec.{path} not set"
    for one in found[:FIELDS]:
        yield f"spec.{value(one.path)} {' '.join(map(value, one.values[:VALUES])) or '(not shown)'}"


def failure_line(one: WorkloadFailure, length: Length = FULL) -> str:
    """`Pod apps/web-1: container main in ImagePullBackOff, image ghcr.io/acme/web:1: "…"`."""
    more = f" and {len(one.about) - length.pods} more" if len(one.about) > length.pods else ""
    first = one.about[0]
    others = "".join(f", {value(ref.namespace)}/{value(ref.name)}" for ref in one.about[1 : length.pods])
    container = f"container {value(one.container)} " if one.container else ""
    reason = f"{'in ' if one.reason.endswith('BackOff') and container else ''}{value(one.reason)}" if one.reason else ""
    reason = "still running" if one.reason in RUNNING else reason
    waits = "type LoadBalancer, no address" if first.kind == "Service" else value(one.phase) if one.phase else ""
    waits += f", StorageClass {value(one.storage_class)}" if one.storage_class else ""
    state = ", ".join(filter(None, (waits, f"{container}{reason}")))
    parts = [
        f"{name_of(first)}{others}{more}: {state}",
        f"image {abbreviated(one.image)}" if one.image else "",
        f"last run: {value(one.last)}" if one.last else "",
        f"{one.restarts} restarts" if one.restarts else "",
    ]
    quoted = f": {message(one.message, length.message)}" if one.message else ""
    return ", ".join(filter(None, parts)) + quoted


Words = Callable[[Causes, Detail, Cause, Length], str]


def _names(detail: Detail, most: int = 5) -> str:
    more = f" and {len(detail.refs) - most} more" if len(detail.refs) > most else ""
    return ", ".join(map(name_of, detail.refs[:most])) + more


def _ago(causes: Causes, when: datetime | None, start: str = "") -> str:
    return f"{start}{age(when, causes.request.now)} ago" if when is not None else ""


def _condition(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes
    *kind, reason, said = detail.texts
    about = "" if detail.refs[0] in cause.members else f"{name_of(detail.refs[0])}: "
    return f"{about}{', '.join(map(value, filter(None, (*kind, reason))))}: {message(said, length.message)}"


def _replicas(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes, length
    ready, wanted = detail.texts
    return "" if cause.type is CauseType.CONTROLLER else f"{_names(detail)}: {ready} of {wanted} Pods ready"


def _attempts(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes, cause, length
    failed, action, remediation = detail.texts
    then = {"uninstall": "each is followed by an uninstall", "rollback": "each is rolled back"}
    return f"{failed} {action}s failed in a row, {then.get(remediation, 'none is rolled back')}"


def _restarts(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del cause, length
    restarts, reason, code = detail.texts
    return f"{restarts} restarts, the last {_ago(causes, detail.when)}: {value(reason or 'ended')}, exit code {code}"


def _unknown(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes, cause, length
    ready, wanted, reason, *unread = detail.texts
    why = f", {value(reason)}" if reason else ""
    more = f"{' and '.join(unread)} not read" if unread else "neither its Pods nor Events say why"
    return f"{_names(detail)}: {ready} of {wanted} ready{why}; {more}"


def _workload(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes, cause, length
    ready, wanted = detail.texts
    return f"{_names(detail)}: {'scaled to zero' if wanted == '0' else f'{ready} of {wanted} ready now'}"


def _namespace(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    said = message(detail.texts[0], length.message) if detail.texts[0] else ""
    if cause.type is CauseType.KUBERNETES:
        return said
    return f"{_names(detail)}: Terminating for {age(detail.when, causes.request.now)}" + (f": {said}" if said else "")


def _shard(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes, cause, length
    label = f"label {SHARD}: {value(detail.texts[0])}" if detail.texts[0] else f"no label {SHARD}"
    return f"{_names(detail)}: {label}"


def _shards(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes, cause, length
    component, *selectors = detail.texts
    return f"Deployments of {component} select: {', '.join(value(one) if one else 'everything' for one in selectors)}"


def _deleted(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del length
    finalizers = ", ".join(map(value, detail.texts[:FINALIZERS])) or "none"
    about = "" if cause.members == detail.refs else f"{_names(detail)}: "
    return f"{about}being deleted for {age(detail.when, causes.request.now)}, finalizers: {finalizers}"


def _drift(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del cause, length
    field, before, after = detail.texts
    return f"{_names(detail)}: {field} {value(before)} → {value(after)}, {_ago(causes, detail.when)}"


def _event(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    reason, said, *count = detail.texts
    times = f", {count[0]} times" if count and count[0] != "1" else ""
    about = "" if detail.refs[0] in cause.members else f"{name_of(detail.refs[0])}: "
    return f"{about}Event {value(reason)}{_ago(causes, detail.when, ', ')}{times}: {message(said, length.message)}"


def _flaps(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del length
    reason, count = map(value, detail.texts)
    about = "" if len(cause.members) == 1 else f"{_names(detail)}: "
    within = f" within {age(detail.since, detail.when)}" if detail.when is not None else ""
    last = _ago(causes, detail.when, ", the last ")
    return f"{about}{count} runs ended with {reason}{within}{last}, and others succeeded in between"


def _newer(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del cause, length
    newer, older = (revision(text) for text in detail.texts)
    return (
        f"{name_of(detail.refs[0])}, of the same repository, has {newer} since {age(detail.when, causes.request.now)}; "
        f"this one has {older}"
    )


def _ready_now(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del cause, length
    artifact = f", {revision(detail.texts[0])}" if detail.texts and detail.texts[0] else ""
    since = f" for {age(detail.when, causes.request.now)}" if detail.when is not None else ""
    return f"{_names(detail)}: Ready now{since}{artifact}"


def _shared(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes, cause, length
    number = detail.texts[0]
    objects = "1 object" if number == "1" else f"{number} objects"
    return f"its deletion takes along {objects} that others apply too: {_names(detail)}"


def _credentials(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes, cause, length
    return f"credentials from {_names(detail) if detail.refs else f'provider {value(detail.texts[0])}'}"


def _run_ends(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
    del causes, cause, length
    return f"its timeout is over at {moment(detail.when)}" if detail.when is not None else ""


def _simply(template: str) -> Words:
    """Words with the names of the objects, and the texts by their position."""

    def words(causes: Causes, detail: Detail, cause: Cause, length: Length) -> str:
        del cause, length
        return template.format(
            *map(value, detail.texts),
            refs=_names(detail),
            first=name_of(detail.refs[0]) if detail.refs else "",
            others=", ".join(map(name_of, detail.refs[1:])),
            ago=_ago(causes, detail.when),
        )

    return words


_WORDS: Final[Mapping[Fact, Words]] = {
    Fact.CONDITION: _condition,
    Fact.EXISTS: _simply("there is {refs}"),
    Fact.READY_NOW: _ready_now,
    Fact.SHARD_OF: _shard,
    Fact.SHARDS: _shards,
    Fact.WORKLOAD: _workload,
    Fact.WORKLOAD_UNKNOWN: _unknown,
    Fact.WORKLOAD_MISSING: _simply("{refs}: not found"),
    Fact.WORKLOAD_UNREAD: _simply("{refs}: not read"),
    Fact.UNREAD: _simply("{refs}: its status is not read here"),
    Fact.UNREPORTED: _simply("{refs}: no condition in its status; check that its controller runs"),
    Fact.RELEASE: _simply("chart {0} is deployed, {1} is wanted"),
    Fact.DEPLOYED: _simply("release revision {0} with chart {1} is deployed since {ago}"),
    Fact.ATTEMPTS: _attempts,
    Fact.PENDING_RELEASE: _simply("release revision {0} with chart {1}: {2}, begun {ago}"),
    Fact.SAME_RELEASE: _simply("the release is that of {refs}"),
    Fact.DELETED: _deleted,
    Fact.NAMESPACE: _namespace,
    Fact.WRITTEN: _simply("newest status: {refs}, {ago}"),
    Fact.RESTARTS: _restarts,
    Fact.REPLICAS: _replicas,
    Fact.NO_CONTROLLER: _simply(f"no Deployment with the label {CONTROLLERS} exists"),
    Fact.SCANNED: _simply("{refs}: Ready, {0} tags, scanned {ago}"),
    Fact.DRIFT: _drift,
    Fact.DRIFT_UNKNOWN: _simply("{refs}: {0}; neither the status nor Events say which field"),
    Fact.REMAINS: _simply("objects of the release that are left: {0}, such as {refs}"),
    Fact.SHARED: _shared,
    Fact.NEWER: _newer,
    Fact.OLD_MESSAGE: _simply("the message is about chart version {0}; the chart is {1} now"),
    Fact.PRUNED: _simply("{first} was deleted by {others} {ago}"),
    Fact.APPLIED_BY: _simply("{first} is in the inventory of {others}"),
    Fact.AUTOMATION: _simply("automations: {refs}"),
    Fact.EVENT: _event,
    Fact.PROVIDER: _simply("sends through {refs}, type {0}"),
    Fact.WEBHOOK: _simply("the webhook runs behind {refs}"),
    Fact.WEBHOOK_MISSING: _simply("{refs}, which the webhook runs behind, does not exist"),
    Fact.NEEDED_BY: _simply("{refs} refers to it"),
    Fact.CREDENTIALS: _credentials,
    Fact.CREDENTIALS_NONE: _simply("spec.secretRef is not set"),
    Fact.INDEX: _simply("the index of {refs} last changed {ago}"),
    Fact.OWN_SOURCE: _simply(
        "a change in Git does not arrive: {refs} applies it, from this source; change it by hand too"
    ),
    Fact.CRDS_SKIPPED: _simply(
        "spec.{0}.crds is Skip: the CRDs in crds/ of the chart are not applied (with CreateReplace they are)"
    ),
    Fact.STEP: _simply("now: {0}"),
    Fact.RUN_ENDS: _run_ends,
    Fact.BUSY: _simply("{0} reconciles {1} at once (--concurrent); now: {refs}"),
    Fact.TIMEOUT: _simply("spec.timeout is not set, so it waits for its interval, {0}, less 30s, and at least 30s"),
    Fact.MAY_MAKE: _simply("{refs} may make it: its spec says under which name"),
    Fact.FLAPS: _flaps,
    Fact.HELD: _simply("no fix arrives from its source while {0}: {refs}"),
    Fact.HELD_RUN: _simply("a newer revision is applied when the health checks of an older one have ended: {refs}"),
    Fact.HELD_SPEC: _simply("no change of its spec arrives while {0}: {refs}"),
}
"""What each fact says; nothing where the title says it."""
