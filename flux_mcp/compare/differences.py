"""The differences of two sides, equal ones of several objects together."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from flux_mcp.api.coverage import Coverage
from flux_mcp.api.ref import ObjectRef
from flux_mcp.compare.leaves import MASK_LEAF, Leaf, Unseen
from flux_mcp.compare.snapshot import ComparedObject, Side, managed
from flux_mcp.flux.installation import distribution
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Flag, Health, ObjectStatus
from flux_mcp.sanitize.patterns import MASK

MANY: Final = 3
"""Objects of a kind that have one difference in common, from which on it is shown once."""
_LEFT_OUT: Final = frozenset({"FluxReport", "ExternalArtifact"})
"""Kinds whose objects a controller writes anew for every revision."""
_DEFAULTED: Final = frozenset(
    {
        "dnsPolicy",
        "imagePullPolicy",
        "restartPolicy",
        "schedulerName",
        "terminationGracePeriodSeconds",
        "terminationMessagePath",
        "terminationMessagePolicy",
    }
)
"""Fields of a Pod template that every API server sets where they are absent: only what was trimmed lacks them."""
_TELLING: Final = (".image", ".replicas", ".suspend", ".version")
"""Ends of the paths that are named first, since a line names some of many only."""
_FLAGS: Final = (Flag.STUCK, Flag.SOURCE_FAILING, Flag.DRIFTED)
_VARIABLE: Final = re.compile(r"[0-9a-f]{7,}|\d+(?:\.\d+)?(?:µs|ms|ns|[smh])?")
"""What differs between two messages that say the same: durations, numbers, revisions, temporary folders."""


class Section(Enum):
    """What a difference is about, in the order in which they are shown."""

    SPEC = "spec"
    REVISION = "revision"
    WORKLOAD = "workload"
    HEALTH = "health"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs; None for a side where it is not set.

    Attributes:
        hidden: its values may not be shown.
    """

    path: str
    left: str | tuple[str, ...] | None
    right: str | tuple[str, ...] | None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Objects with the same differences.

    Attributes:
        followers: how many appliers run the revision of this source on both sides.
    """

    refs: tuple[ObjectRef, ...]
    differences: tuple[Difference, ...]
    followers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs.

    Attributes:
        compared: objects that are on both sides.
        equal: those of them that do not differ.
        only: the objects on the left side only, and those on the right.
        made_again: objects whose uid differs, where that of most others does not: deleted and created again.
        applied: applier → what only the one inventory names, of kinds that are not read, and what only the other does.
        touched: the very same object, whose generation moved though nothing that is compared of its spec differs:
            changed and changed back, or changed in what a recording masks.
        masked: objects of which a side has masked values.
        left_out: objects that differ but are written anew for every revision, by kind.
        partly: kinds that could not be read in full on the left side, and on the right.
        namespaces: the only ones of which a side knows all objects; empty where it does of all.
    """

    compared: int
    equal: int
    groups: Mapping[Section, tuple[Group, ...]]
    only: tuple[tuple[ObjectRef, ...], tuple[ObjectRef, ...]]
    applied: Mapping[ObjectRef, tuple[tuple[InventoryEntry, ...], tuple[InventoryEntry, ...]]]
    made_again: tuple[ObjectRef, ...]
    touched: tuple[tuple[ObjectRef, int, int], ...]
    masked: int
    left_out: Counter[str]
    partly: tuple[frozenset[str], frozenset[str]]
    namespaces: frozenset[str]

    @property
    def same(self) -> bool:
        """Whether nothing that was compared differs."""
        return not (any(self.groups.values()) or any(self.only) or self.applied or self.touched or self.made_again)


def compare(left: Side, right: Side, kinds: Iterable[str]) -> Comparison:
    """What differs between two sides.

    Args:
        left: one side.
        right: the other.
        kinds: that are compared; of one that was not read in full on a side, no object is reported as missing.
    """
    wanted = frozenset(kinds)
    mine, other = ({ref: each for ref, each in managed(side).items() if ref.kind in wanted} for side in (left, right))
    found: dict[Section, dict[ObjectRef, list[Difference]]] = {section: defaultdict(list) for section in Section}
    touched, left_out, followers = [], Counter[str](), Counter[ObjectRef]()
    applied: dict[ObjectRef, tuple[tuple[InventoryEntry, ...], tuple[InventoryEntry, ...]]] = {}
    both = sorted(mine.keys() & other.keys())
    masked = 0
    for ref in both:
        one, two = mine[ref], other[ref]
        derived = _is_derived(one)
        if ref.kind in _LEFT_OUT:
            left_out[ref.kind] += one.revision != two.revision or one.fields != two.fields
            continue
        workload = one.node is None
        fields = [] if derived else sorted(_fields(one, two), key=lambda each: not each.path.endswith(_TELLING))
        found[Section.WORKLOAD if workload else Section.SPEC][ref] += fields
        found[Section.REVISION][ref] += [] if derived else _revisions(one, two, left, right, followers, fields)
        found[Section.HEALTH][ref] += _health(one, two, left.statuses.get(ref), right.statuses.get(ref))
        masked += any(map(_has_masked, (one, two)))
        changed = one.uid and one.uid == two.uid and one.generation != two.generation
        if changed and not (fields or derived or any(each.hidden for each in found[Section.REVISION][ref])):
            touched.append((ref, one.generation, two.generation))
        if (lists := _inventories(one, two, wanted)) is not None:
            applied[ref] = lists
    found[Section.INSTALLATION][ObjectRef("", "", "")] += _installation(left, right)
    differ = {ref for some in found.values() for ref, all_of in some.items() if all_of} | {*applied}
    made_again = _made_again(mine, other)
    differ |= {*(ref for ref, _, _ in touched), *made_again}
    return Comparison(
        compared=len(both),
        equal=len(both) - len(differ & {*both}) - left_out.total(),
        groups={
            section: _grouped(some, followers if section is Section.REVISION else {}) for section, some in found.items()
        },
        only=(_only(mine, other, right.coverage, left_out), _only(other, mine, left.coverage, left_out)),
        applied=applied,
        made_again=made_again,
        touched=tuple(touched),
        masked=masked,
        left_out=+left_out,
        partly=(_unknown(wanted, left.coverage), _unknown(wanted, right.coverage)),
        namespaces=frozenset().union(
            *(some for side in (left, right) for kind, some in side.coverage.within.items() if kind in wanted)
        ),
    )


def _made_again(
    mine: Mapping[ObjectRef, ComparedObject], other: Mapping[ObjectRef, ComparedObject]
) -> tuple[ObjectRef, ...]:
    """Objects with another uid on the other side; none where the sides are two clusters."""
    known = [ref for ref in mine.keys() & other.keys() if mine[ref].uid and other[ref].uid]
    differ = [ref for ref in known if mine[ref].uid != other[ref].uid]
    if 2 * len(differ) > len(known):
        return ()
    return tuple(sorted(ref for ref in differ if not _is_derived(mine[ref]) and ref.kind not in _LEFT_OUT))


def _is_derived(one: ComparedObject) -> bool:
    """Whether a HelmRelease's template made it: a HelmChart tells nothing that its HelmRelease does not."""
    return one.ref.kind == "HelmChart" and any(applier.kind == "HelmRelease" for applier in one.appliers)


def _unknown(wanted: frozenset[str], coverage: Coverage) -> frozenset[str]:
    return wanted - coverage.everywhere - coverage.within.keys()


def _only(
    mine: Mapping[ObjectRef, ComparedObject],
    other: Mapping[ObjectRef, ComparedObject],
    coverage: Coverage,
    left_out: Counter[str],
) -> tuple[ObjectRef, ...]:
    found = []
    for ref in sorted(mine.keys() - other.keys()):
        if ref.kind in _LEFT_OUT or _is_derived(mine[ref]):
            left_out[ref.kind] += 1
        elif coverage.knows(ref):
            found.append(ref)
    return tuple(found)


def _fields(one: ComparedObject, two: ComparedObject) -> Iterator[Difference]:
    if one.content == two.content:
        return
    mine, other = one.fields, two.fields
    either = dict.fromkeys((*mine, *other))
    entries = [{_entry(path) for path in each} for each in (mine, other)]
    for path in either:
        # Of a container that is on one side only the image says enough.
        entry = _entry(path)
        image = f"{entry}.image"
        if (entry in entries[0]) != (entry in entries[1]) and image in either and path != image:
            continue
        left, right = mine.get(path, ""), other.get(path, "")
        if left == right or MASK_LEAF in (left, right) or _masked(left, right) or _masked(right, left):
            continue
        if "" in (left, right) and (Unseen in {type(left), type(right)} or path.rpartition(".")[2] in _DEFAULTED):
            continue
        if isinstance(left, tuple) and isinstance(right, tuple) and Counter(left) == Counter(right):
            # The order of a list of values is no difference.
            continue
        hidden = isinstance(left, int) or isinstance(right, int)
        yield Difference(path, None if hidden else _shown(left), None if hidden else _shown(right), hidden)


def _has_masked(one: ComparedObject) -> bool:
    """Whether one of its fields is masked."""
    if isinstance(one.content, bytes) and MASK.encode() not in one.content:
        return False
    return any(leaf is MASK_LEAF and path.rpartition(".")[2] not in _DEFAULTED for path, leaf in one.fields.items())


def _masked(one: Leaf, other: Leaf) -> bool:
    """Whether one is the other with a part of it masked, as a recording has addresses."""
    if not isinstance(one, str) or not isinstance(other, str) or MASK not in one:
        return False
    return re.fullmatch(".*".join(map(re.escape, one.split(MASK))), other) is not None


def _entry(path: str) -> str:
    """The innermost entry of a list with names that a field is of: `spec.template.spec.containers[app]`."""
    before, bracket, _ = path.rpartition("].")
    return before + bracket[:1]


def _shown(leaf: Leaf) -> str | tuple[str, ...] | None:
    return None if isinstance(leaf, int) or leaf == "" else leaf


def _revisions(
    one: ComparedObject,
    two: ComparedObject,
    left: Side,
    right: Side,
    followers: Counter[ObjectRef],
    fields: Sequence[Difference],
) -> list[Difference]:
    """The revision in force, the chart and the release; of an applier that follows its source only the number."""
    found = []
    word, before = one.revision
    now = two.revision[1]
    if one.ref.kind == "HelmRelease":
        return _releases(one, two, fields)
    if before != now:
        source = _followed(one, left)
        if source is not None and source == _followed(two, right):
            followers[source] += 1
        else:
            found.append(Difference(word, before or None, now or None))
    return found


def _followed(one: ComparedObject, side: Side) -> ObjectRef | None:
    """The source whose revision an applier has applied."""
    if one.node is None or one.ref.kind != "Kustomization":
        return None
    sources = one.node.object.sources
    source = side.objects.get(sources[0]) if sources else None
    return sources[0] if source is not None and source.revision[1] == one.revision[1] else None


def _releases(one: ComparedObject, two: ComparedObject, fields: Sequence[Difference]) -> list[Difference]:
    (chart, number, config), (other_chart, other_number, other_config) = one.release, two.release
    if chart != other_chart:
        return [Difference("chart", chart or None, other_chart or None)]
    values = config != other_config and not any(each.path.startswith("spec.values") for each in fields)
    found = [Difference("values in force", None, None, hidden=True)] if values and config and other_config else []
    if number != other_number and one.uid and one.uid == two.uid:
        found.append(Difference("release", f"v{number}", f"v{other_number}"))
    return found


def _health(
    one: ComparedObject, two: ComparedObject, left: ObjectStatus | None, right: ObjectStatus | None
) -> list[Difference]:
    if left is None or right is None:
        return [Difference("status", one.state, two.state)] if one.state != two.state else []
    before, now = _told(left), _told(right)
    if before != now:
        return [Difference("health", before, now)]
    if left.trouble and _VARIABLE.sub("", left.message) != _VARIABLE.sub("", right.message):
        return [Difference("message", before, now)]
    return []


def _told(status: ObjectStatus) -> str:
    reason = (status.reason,) if status.trouble and status.reason and status.health is not Health.READY else ()
    return ", ".join((status.health.value, *reason, *(flag.value for flag in _FLAGS if flag in status.flags)))


def _inventories(
    one: ComparedObject, two: ComparedObject, wanted: frozenset[str]
) -> tuple[tuple[InventoryEntry, ...], tuple[InventoryEntry, ...]] | None:
    if one.node is None or two.node is None or one.node.applied is None or two.node.applied is None:
        return None
    mine, other = one.node.applied, two.node.applied
    left, right = (
        tuple(entry for entry in some if entry.kind not in wanted)
        for some in (mine.without(other), other.without(mine))
    )
    return (left, right) if left or right else None


def _installation(left: Side, right: Side) -> list[Difference]:
    """Versions of Flux, its operator and Kubernetes."""
    installed = []
    for side in (left, right):
        known = distribution(
            (each.distribution for each in side.objects.values() if each.distribution is not None), (), ()
        )
        versions = Counter(each.version for each in side.objects.values() if each.version)
        version = versions.most_common(1)[0][0] if versions else known.version
        installed.append({"Flux": version, "Flux Operator": known.operator, "Kubernetes": side.server})
    return [
        Difference(name, installed[0][name] or None, installed[1][name] or None)
        for name in installed[0]
        if installed[0][name].removeprefix("v") != installed[1][name].removeprefix("v")
    ]


def _grouped(found: Mapping[ObjectRef, Sequence[Difference]], followers: Mapping[ObjectRef, int]) -> tuple[Group, ...]:
    """Objects with equal differences together, and what many of a kind have in common once."""
    shared: dict[tuple[str, Difference], list[ObjectRef]] = defaultdict(list)
    for ref, differences in found.items():
        for difference in differences:
            shared[ref.kind, difference].append(ref)
    equal: dict[tuple[ObjectRef, ...], list[Difference]] = defaultdict(list)
    for (_, difference), refs in shared.items():
        if len(refs) >= MANY:
            equal[tuple(refs)].append(difference)
    rest: dict[tuple[str, tuple[Difference, ...]], list[ObjectRef]] = defaultdict(list)
    for ref, differences in found.items():
        if own := tuple(each for each in differences if len(shared[ref.kind, each]) < MANY):
            rest[ref.kind, own].append(ref)
    groups = [
        *(Group(refs, tuple(differences)) for refs, differences in equal.items()),
        *(Group(tuple(refs), own) for (_, own), refs in rest.items()),
    ]
    groups = [replace(group, followers=sum(followers.get(ref, 0) for ref in group.refs)) for group in groups]
    return tuple(sorted(groups, key=lambda group: (-len(group.refs), group.refs)))
