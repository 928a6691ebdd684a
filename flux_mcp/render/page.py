"""The page that shows the graph in a browser or an MCP App: its data, and the HTML that holds both.

The data are what the text answers may show: masked by sanitize/, and shortened where there are many objects. They are
JSON, which the page sets as text and never as HTML. Its source is in page/; `make page` writes page.html from it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any, Final

import orjson

from flux_mcp.api.kind import Relation
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.diagram import Arrow, Flow, rank
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.kubernetes.conditions import Condition
from flux_mcp.render.text import age, first_line, revision
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import MESSAGE, SHORT_MESSAGE, clean, plain

APP_BOUND: Final = 256_000
"""Bytes of JSON of the data in the result of a tool call."""
FILE_BOUND: Final = 8_000_000
"""Bytes of JSON of the data in a file."""
_RELATIONS: Final = {
    Relation.SOURCE: "is the source of",
    Relation.APPLIES: "applies",
    Relation.DEPENDS_ON: "depends on",
    Relation.INPUTS: "gives inputs to",
    Relation.POLICY: "selects the image for",
    Relation.PROVIDER: "sends alerts to",
}
"""What an edge says of the object that it starts from."""
_DETAILS: Final = ((MESSAGE, True, 250), (MESSAGE, False, 80), (SHORT_MESSAGE, False, 80), (100, False, 80))
"""From the fullest to the shortest: characters of a message, whether conditions of healthy objects are shown, and the
bytes that an object takes then at least."""
_PLACE: Final = "__DATA__"
"""Where the data stand in page.html."""
_ESCAPES: Final = {ord(odd): f"\\u{ord(odd):04x}" for odd in "<>&\u2028\u2029"}
"""Characters that JSON in HTML must not hold as they are, so that nothing ends the element around it."""


@dataclass(frozen=True, slots=True)
class PageCause:
    """A root cause.

    Attributes:
        lines: what diagnose_flux says of it.
        members: the objects that fail by it.
        blocks: the objects in trouble because of it.
    """

    lines: tuple[str, ...]
    members: tuple[ObjectRef, ...]
    blocks: tuple[ObjectRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the page shows.

    Attributes:
        tool: that read it.
        warnings: what could not be read; without one, everything that was requested was read.
        notes: what else is to be known, such as controllers that are down.
        flow: the objects and edges.
        statuses: every object that was read, in the order of trouble.
        absent: says of an object that was not read what is known of it.
        causes: in the order of diagnose_flux; None where they were not sought.
    """

    tool: str
    request: RequestContext
    warnings: Sequence[str]
    notes: Sequence[str]
    flow: Flow
    statuses: Mapping[ObjectRef, ObjectStatus]
    absent: Callable[[ObjectRef], str]
    causes: tuple[PageCause, ...] | None = None
    _cleaned: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def first_line(self) -> str:
        """As in the text answer."""
        return first_line(self.tool, self.request)

    def with_causes(self, diagnosis: "Page") -> "Page":
        """This page with the causes of a diagnosis, and what that could not read."""
        warnings = tuple(dict.fromkeys((*self.warnings, *diagnosis.warnings)))
        return replace(self, warnings=warnings, notes=(*self.notes, *diagnosis.notes), causes=diagnosis.causes)

    def data(self, bound: int) -> dict[str, Any]:
        """The JSON: everything, else without what helps least, else without the objects furthest from trouble."""
        message, conditions, least = _DETAILS[-1]
        order = rank(self.flow, [ref for ref, status in self.statuses.items() if status.trouble])[: bound // least]
        for message, conditions, least in _DETAILS:
            # What cannot fit is not tried: ten thousand objects take a second to write.
            if len(order) * least <= bound:
                found = self._data(order, message, conditions=conditions)
                if (size := len(orjson.dumps(found))) <= bound:
                    return found
        while size > bound and order:
            order = order[: min(len(order) * bound // size, len(order) - 1)]
            found = self._data(order, message, conditions=conditions)
            size = len(orjson.dumps(found))
        return found

    def _data(self, order: Sequence[object], limit: int, *, conditions: bool) -> dict[str, Any]:
        kept = set(order)
        objects = [ref for ref in self.flow.nodes if isinstance(ref, ObjectRef) and ref in kept]
        places = {ref: place for place, ref in enumerate(objects)}
        edges = [
            (*ends, relation.value)
            for start, end, relation in map(_ends, self.flow.arrows)
            if len(ends := [places[ref] for ref in (start, end) if ref in places]) == len((start, end))
        ]
        left_out = len(self.flow.nodes) - len(objects), len(self.flow.arrows) - len(edges)
        note = f"{left_out[0]} objects and {left_out[1]} edges left out: narrow with namespace, or kind and name."
        how, who = self.request.identity
        return {
            "tool": self.tool,
            "context": None if self.request.context is None else clean(self.request.context),
            "identity": f"{how} {clean(who)}",
            "time": f"{self.request.now:%Y-%m-%dT%H:%M:%SZ}",
            "warnings": [*self.warnings, *([note] if any(left_out) else ())],
            "notes": [*self.notes],
            "relations": {
                relation.value: {"says": says, "reversed": relation.reversed} for relation, says in _RELATIONS.items()
            },
            "health": [health.value for health in Health],
            "objects": [dict(self._object(ref, limit, conditions=conditions)) for ref in objects],
            "edges": edges,
            "troubles": [places[ref] for ref, status in self.statuses.items() if status.trouble and ref in places],
            "causes": None if self.causes is None else [_cause(cause, places, limit) for cause in self.causes],
        }

    def _object(self, ref: ObjectRef, limit: int, *, conditions: bool) -> Iterator[tuple[str, Any]]:
        kind, namespace = self._text(ref.kind, MESSAGE), self._text(ref.namespace, MESSAGE)
        yield from (("kind", kind), ("namespace", namespace), ("name", clean(ref.name)))
        status = self.statuses.get(ref)
        if status is None:
            yield "absent", self.absent(ref)
            return
        calm = status.health in {Health.READY, Health.STATIC} and not status.flags
        found = {
            "health": status.health.value,
            "flags": [flag.value for flag in status.flags],
            "trouble": status.trouble,
            "age": age(status.since, self.request.now),
            "revision": revision(status.object.revision) if status.object.revision else "",
            "suspendedBy": clean(status.object.suspended_by),
            "reason": "" if calm else self._text(status.reason, MESSAGE),
            "message": "" if calm and not conditions else self._text(status.message, limit),
            "conditions": []
            if calm and not conditions
            else [self._condition(condition, status, limit) for condition in status.object.conditions],
        }
        yield from ((name, content) for name, content in found.items() if content)

    def _condition(self, condition: Condition, status: ObjectStatus, limit: int) -> list[str]:
        """Type, status, reason, age and message, without the one that the object itself shows."""
        said = "" if condition.message == status.message else self._text(condition.message, limit)
        changed = age(condition.changed, self.request.now)
        kind, reason = self._text(condition.type, MESSAGE), self._text(condition.reason, MESSAGE)
        return [kind, condition.status, reason, changed, said]

    def _text(self, text: str, limit: int) -> str:
        """A text, masked and shortened once: many objects have the same."""
        found = self._cleaned.get((text, limit))
        return self._cleaned.setdefault((text, limit), plain(text, limit)) if found is None else found


def _ends(arrow: Arrow) -> tuple[object, object, Relation]:
    return arrow.start, arrow.end, arrow.relation


def _cause(cause: PageCause, places: Mapping[ObjectRef, int], limit: int) -> dict[str, Any]:
    lines = cause.lines if limit > SHORT_MESSAGE else cause.lines[:1]
    return {
        "lines": lines,
        "members": [places[ref] for ref in cause.members if ref in places],
        "blocks": [places[ref] for ref in cause.blocks if ref in places],
    }


def template() -> str:
    """The page without data, as an MCP App loads it."""
    return files("flux_mcp.render").joinpath("page.html").read_text(encoding="utf-8")


def html(data: Mapping[str, Any]) -> str:
    """The page with data, in one file that needs no network."""
    return template().replace(_PLACE, orjson.dumps(data).decode().translate(_ESCAPES), 1)
