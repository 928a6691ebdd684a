"""The answer of compare_flux."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flux_mcp.compare.differences import Comparison, Difference, Group, Section
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.changes import container_change, names
from flux_mcp.render.text import LIMIT_BOUND, Line, first_line, revision, until_full
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of, value

BOUND: Final = 8_000
"""Bytes of a default answer."""
MANY_ENTRIES: Final = 3
"""Fields of one list without values that are shown, from which on the list alone is named."""
FIELDS: Final = 8
"""Fields of one object that are named."""
_TITLES: Final = {
    Section.SPEC: "Spec",
    Section.REVISION: "Revisions and versions in force",
    Section.WORKLOAD: "Workloads",
    Section.HEALTH: "Health",
    Section.INSTALLATION: "Installation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxComparison(Answer):
    """What differs between the context of the first line and another one.

    Attributes:
        other: the other side.
        absent: the kinds that the API server of each side does not serve.
        namespace: the requested one; None for all.
        nowhere: the sides on which it does not exist.
    """

    title = "compare_flux"

    other: RequestContext
    comparison: Comparison
    absent: tuple[frozenset[str], frozenset[str]]
    namespace: str | None
    nowhere: tuple[RequestContext, ...]
    limit: int | None

    @property
    def _itself(self) -> bool:
        return self.request.context == self.other.context

    @property
    def heading(self) -> str:
        if not self.comparison.same:
            return self.title
        number = self.comparison.compared
        return f"{self.title}: {f'no differences in {_objects(number)}' if number else 'nothing to compare'}"

    @property
    def bound(self) -> int:
        return BOUND if self.limit is None else LIMIT_BOUND

    def head(self, named: int) -> Iterator[str]:
        del named
        found = self.comparison
        if not self._itself:
            yield first_line("with", self.other).removeprefix("with · ").replace("context", "with context", 1)
        namespace = value(self.namespace or "")
        for side in self.nowhere:
            yield f"Namespace {namespace} does not exist in {_side(side)}."
        if self.namespace is not None and not found.compared and found.same and not self.nowhere:
            yield f"Namespace {namespace} exists, and nothing that was requested is in it on either side."
        for side, missing in zip((self.request, self.other), self.absent, strict=True):
            if missing and self.absent[0] != self.absent[1]:
                yield f"Not installed in {_side(side)}: {', '.join(sorted(missing))}"
        if not self._itself and any(found.partly):
            kinds = sorted(found.partly[0] | found.partly[1])
            yield f"Not compared in full, since not all could be read on both sides: {', '.join(kinds)}"
        if found.namespaces and not self._itself:
            names_of = ", ".join(map(value, sorted(found.namespaces)))
            yield f"Compared only in the namespaces {names_of}: others are not recorded on both sides."
        if not found.same:
            both = f"{_objects(found.compared)} on both sides, {found.equal} of them equal"
            yield f"{both}; {_side(self.request)} → {_side(self.other)}"

    def levels(self) -> Sequence[Level]:
        return (lambda: until_full(self._lines(), self._total, self.bound),)

    @property
    def _total(self) -> int:
        return sum(1 for _ in self._lines())

    def _lines(self) -> Iterator[Line]:
        yield from self._group_lines(Section.SPEC)
        for side, refs in zip((self.request, self.other), self.comparison.only, strict=True):
            if refs:
                yield Line(f"Only in {_side(side)}: {names(refs, most=8, groups_most=20)}", len(refs), 1)
        yield from self._inventory_lines()
        for section in (Section.REVISION, Section.WORKLOAD, Section.HEALTH, Section.INSTALLATION):
            yield from self._group_lines(section)
        if again := self.comparison.made_again:
            yield Line(f"Deleted and created again in between: {names(again, most=8)}", len(again), 1)
        if touched := self.comparison.touched:
            texts = "; ".join(f"{name_of(ref)} generation {before} → {now}" for ref, before, now in touched[:FIELDS])
            more = f"; {len(touched) - FIELDS} more" if len(touched) > FIELDS else ""
            yield Line(f"Spec changed in between, without a difference now: {texts}{more}", len(touched), 1)
        yield from self._last()

    def _last(self) -> Iterator[Line]:
        found = self.comparison
        if found.left_out and not self._itself:
            texts = ", ".join(f"{number} {kind}" for kind, number in sorted(found.left_out.items()))
            yield Line(f"Left out, since controllers make them: {texts}", 0, 1)
        if found.masked and not self._itself:
            yield Line(f"Values that a recording masks were not compared: {found.masked} objects", 0, 1)

    def _group_lines(self, section: Section) -> Iterator[Line]:
        groups = self.comparison.groups.get(section, ())
        shown = groups[: self.limit]
        for number, group in enumerate(shown):
            text = f"  {_group(group, section)}"
            yield Line(f"{_TITLES[section]}:\n{text}" if number == 0 else text, len(group.refs), 1)
        if rest := len(groups) - len(shown):
            yield Line(f"  … {rest} more: raise limit.", 0, 1)

    def _inventory_lines(self) -> Iterator[Line]:
        for ref, lists in self.comparison.applied.items():
            for side, entries in zip((self.request, self.other), lists, strict=True):
                if entries:
                    texts = names((entry.ref for entry in entries), most=8)
                    yield Line(f"{name_of(ref)} applies only in {_side(side)}: {texts}", 1, 1)

    def left_out(self, rest: int) -> str:
        return f"… {rest} more lines: narrow with namespace or kinds, or raise limit."


def _objects(number: int) -> str:
    return f"{number} object{'s' * (number != 1)}"


def _side(request: RequestContext) -> str:
    return value(request.context) if request.context is not None else "the pod's own cluster"


def _group(group: Group, section: Section) -> str:
    about = names(group.refs) if group.refs[0].kind else ""
    differences = [*_folded(group.differences)]
    texts = [_difference(one, section) for one in differences[:FIELDS]]
    if len(differences) > FIELDS:
        rest = len(differences) - FIELDS
        texts.append(f"{rest} more field{'s' * (rest > 1)}")
    if group.followers:
        texts.append(f"followed by {group.followers} Kustomization{'s' * (group.followers > 1)}")
    return f"{about}: {'; '.join(texts)}" if about else "; ".join(texts)


def _folded(differences: Sequence[Difference]) -> Iterator[Difference]:
    """The differences, those of many fields of one list whose values are not shown as one."""
    lists = Counter(_list_of(one.path) for one in differences if one.hidden)
    named = set()
    for one in differences:
        path = _list_of(one.path)
        if not (one.hidden and path and lists[path] >= MANY_ENTRIES):
            yield one
        elif path not in named:
            named.add(path)
            yield replace(one, path=path)


def _list_of(path: str) -> str:
    """The list that a field is in: `spec.values.images` of `spec.values.images.0`; empty for none."""
    found = re.search(r"\.\d+(?:\.|$)", path)
    return path[: found.start()] if found else ""


def _difference(one: Difference, section: Section) -> str:
    if one.path == "status":
        return f"{one.left} → {one.right}"
    if section is Section.HEALTH:
        same = f"{_words(one.left)} on both sides, with another message"
        return same if one.path == "message" else f"{_words(one.left)} → {_words(one.right)}"
    if section is Section.REVISION and not one.hidden:
        if one.path == "chart":
            return _charts(one.left, one.right)
        shown = value_of if one.path in {"release", "latest"} else _revision
        return f"{one.path} {shown(one.left)} → {shown(one.right)}"
    if section is Section.INSTALLATION:
        return f"{one.path} {value_of(one.left)} → {value_of(one.right)}"
    return _field(one, image=section is Section.WORKLOAD and one.path.endswith(".image"))


def _field(one: Difference, *, image: bool) -> str:
    if one.hidden:
        field = one.path.startswith(("spec", "metadata"))
        return f"{value(one.path)} (value not shown)" if field else f"{one.path} differ"
    if isinstance(one.left, tuple) or isinstance(one.right, tuple):
        return f"{value(one.path)} {_lists(one.left, one.right)}"
    if image:
        container = one.path.removesuffix("].image").rpartition("[")[2]
        return container_change(container, one.left or "", one.right or "")
    before, now = value_of(one.left), value_of(one.right)
    return f"{value(one.path)} {f'{before} → {now}' if before != now else '(in a part that is not shown)'}"


def value_of(text: str | tuple[str, ...] | None) -> str:
    """A value; what is not set reads so."""
    if text is None:
        return "unset"
    return value(text) if isinstance(text, str) else " ".join(map(value, text))


def _words(text: str | tuple[str, ...] | None) -> str:
    """Health and reason, each a word of its own."""
    return ", ".join(map(value, text.split(", "))) if isinstance(text, str) else "unknown"


def _charts(left: str | tuple[str, ...] | None, right: str | tuple[str, ...] | None) -> str:
    """`chart ingress-nginx 4.13.0 → 4.13.1`."""
    sides = [text.split(" ", 1) if isinstance(text, str) else ["", "none"] for text in (left, right)]
    before, now = (f"{value(side[0])} {value(side[1])}" if side[0] else "none" for side in sides)
    return f"chart {before} → {value(sides[1][1]) if sides[0][0] == sides[1][0] else now}"


def _revision(text: str | tuple[str, ...] | None) -> str:
    return revision(text) if isinstance(text, str) else "none"


def _lists(left: str | tuple[str, ...] | None, right: str | tuple[str, ...] | None) -> str:
    """What is in the one list only, and what in the other."""
    one, two = (list(side) if isinstance(side, tuple) else [side] if side else [] for side in (left, right))
    added = [entry for number, entry in enumerate(two) if two[: number + 1].count(entry) > one.count(entry)]
    removed = [entry for number, entry in enumerate(one) if one[: number + 1].count(entry) > two.count(entry)]
    parts = (f"{word}{' '.join(map(value, some))}" for word, some in (("without ", removed), ("with ", added)) if some)
    return ", ".join(parts)
