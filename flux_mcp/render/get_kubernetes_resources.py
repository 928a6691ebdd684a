"""The answer of get_kubernetes_resources."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from flux_mcp.api.fields import ANY_FIELDS
from flux_mcp.api.kind import FluxKind, Kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owner_references
from flux_mcp.api.unstructured import at, items, labels, number, text
from flux_mcp.flux.objects import FluxObject
from flux_mcp.flux.status import assess
from flux_mcp.kubernetes.columns import Fragment, Summary
from flux_mcp.kubernetes.conditions import conditions
from flux_mcp.kubernetes.pods import Container, pod
from flux_mcp.kubernetes.rollout_status import rollout
from flux_mcp.kubernetes.workloads import TEMPLATE, TEMPLATES, view_workload
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.objects import object_line
from flux_mcp.render.settings import packed, setting_lines
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line, age, until_full
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.lookup import fields_of
from flux_mcp.sanitize.quote import MESSAGE, abbreviated, message, value

LOOKED_INTO: Final = 20
"""Objects of a kind without a projection of its own whose key paths are told in a list."""
PATHS: Final = 60
_TOP: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status", "data", "binaryData"})
_CONTAINERS: Final = frozenset({"containers", "initContainers", "ephemeralContainers", "template", "jobTemplate"})
_STATUSES: Final = frozenset(
    {"conditions", "containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses", "inventory", "history"}
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a list.

    Attributes:
        flux: the object if it is one of Flux's.
        paths: key paths of its spec, where the kind has no projection of its own and it is one of the first.
    """

    summary: Summary
    flux: FluxObject | None
    paths: tuple[str, ...]

    @property
    def ref(self) -> ObjectRef:
        """What it is called."""
        return self.summary.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesResources(Answer):
    """The objects of one kind that match, those in trouble first."""

    title = "get_kubernetes_resources"

    kind: Kind
    matching: tuple[Listed, ...]
    limit: int | None

    @property
    def heading(self) -> str:
        return f"{self.title} {self.kind.resource}"

    @property
    def bound(self) -> int:
        return DEFAULT_BOUND if self.limit is None else LIMIT_BOUND

    def count(self, named: int) -> tuple[int, int]:
        return named, len(self.matching)

    def left_out(self, rest: int) -> str:
        return f"… {rest} more objects: narrow with namespace, selector or name."

    def head(self, named: int) -> Sequence[str]:
        """What the spec of a kind that is not known may hold."""
        del named
        lines = []
        if not self.matching:
            lines.append("No object matches.")
        elif isinstance(self.kind, FluxKind) and self.kind.sources:
            lines.append("Not checked here: source-failing and revision-behind (list_flux_resources does).")
        paths = dict.fromkeys(path for one in self.matching for path in one.paths)
        if paths:
            first = f" of the first {LOOKED_INTO}" if len(self.matching) > LOOKED_INTO else ""
            more = f" and {len(paths) - PATHS} more" if len(paths) > PATHS else ""
            lines.append(f"spec keys{first}, values not shown: {' '.join(map(value, [*paths][:PATHS]))}{more}")
        return lines

    def levels(self) -> Sequence[Level]:
        return (self._write,)

    def _write(self) -> list[Line]:
        return until_full(
            (Line(told, 1, 1) for told in islice(self._told(), self.limit)),
            len(self.matching),
            self.bound,
            lambda rest: f"… {rest} more objects: raise limit, or narrow with namespace or selector.",
        )

    def _told(self) -> Iterator[str]:
        flux = [one.flux for one in self.matching if one.flux is not None]
        statuses = assess(flux, self.request.now)
        yield from (object_line(entry, self.request) for entry in statuses)
        yield from (summary_line(one.summary, self.request) for one in self.matching if one.flux is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesResource(Answer):
    """One object.

    Attributes:
        item: what may be shown of it.
    """

    title = "get_kubernetes_resources"
    listed: Listed
    item: Mapping[str, Any]

    def lines(self) -> Iterator[str]:
        one = self.listed
        if one.flux is not None:
            (entry,) = assess([one.flux], self.request.now)
            yield object_line(entry, self.request)
            yield "get_flux_resource tells more: neighbours, inventory, history, events"
        else:
            yield summary_line(one.summary, self.request)
        yield from self._metadata()
        for condition in conditions(self.item):
            said = f": {message(condition.message, MESSAGE)}" if condition.message else ""
            reason = f", {value(condition.reason)}" if condition.reason else ""
            changed = f", {age(condition.changed, self.request.now)}" if condition.changed else ""
            yield f"condition {value(condition.type)} {condition.status}{reason}{changed}{said}"
        if fields_of(self.item) is ANY_FIELDS:
            yield from setting_lines(at(self.item, "spec"), "spec", frozenset())
            rest = {key: found for key, found in self.item.items() if key not in _TOP}
            yield from setting_lines(rest, "object", frozenset())
        else:
            yield from _containers(self.item)
            yield from setting_lines(at(self.item, "spec"), "spec", _CONTAINERS, paths=self.listed.flux is not None)
            yield from setting_lines(at(self.item, "status"), "status", _STATUSES, paths=False)

    def _metadata(self) -> Iterator[str]:
        metadata = at(self.item, "metadata")
        generation = number(metadata, "generation")
        seen = number(self.item, "status", "observedGeneration")
        if generation:
            yield f"generation {generation}" + (f", observed {seen}" if seen and seen != generation else "")
        for what in ("labels", "annotations"):
            told = labels(metadata, what)
            yield from packed(f"{what}: ", (value(f"{key}={found}") for key, found in told.items()))
        for owner, _, controller in owner_references(self.item):
            yield f"owned by {value(owner.kind)} {value(owner.name)}{', its controller' if controller else ''}"


def summary_line(one: Summary, request: RequestContext) -> str:
    """`Service apps/web, ClusterIP, ip 10.0.0.1, ports 80/TCP=8080, 3d`."""
    name = f"{value(one.ref.namespace)}/{value(one.ref.name)}" if one.ref.namespace else value(one.ref.name)
    parts = [f"{value(one.ref.kind)} {name}", *(_part(told, request) for told in one.told)]
    return ", ".join(filter(None, (*parts, age(one.created, request.now))))


def _part(told: Fragment, request: RequestContext) -> str:
    when = f"{age(told.when, request.now)} ago" if told.when is not None else ""
    said = " ".join(filter(None, (told.ours, *map(abbreviated, told.data), when)))
    return f"{said}: {message(told.message)}" if told.message else said


def _containers(item: Mapping[str, Any]) -> Iterator[str]:
    """A line a container; of a Pod with how it is."""
    one = pod(item) if text(item, "kind") == "Pod" else None
    if one is not None:
        asked = _resources(at(item, "spec"))
        yield from (_container(each, asked.get(each.name, "")) for each in one.containers)
        return
    workload = view_workload(item) if rollout(item) is not None else None
    if workload is not None:
        asked = _resources(at(item, *TEMPLATES.get(workload.ref.kind, TEMPLATE), "spec"))
        for container in workload.containers:
            init = "init " if container.init else ""
            parts = (f"{init}container {value(container.name)}", f"image {abbreviated(container.image)}")
            yield ", ".join(filter(None, (*parts, asked.get(container.name, ""))))


def _resources(pod_spec: object) -> dict[str, str]:
    """The name of each container → `requests cpu 100m memory 64Mi, limits memory 1Gi`."""
    told = {}
    for entry in (*items(pod_spec, "containers"), *items(pod_spec, "initContainers")):
        parts = []
        for what in ("requests", "limits"):
            found = labels(entry, "resources", what)
            if found:
                parts.append(f"{what} {' '.join(f'{value(key)} {value(amount)}' for key, amount in found.items())}")
        told[text(entry, "name")] = ", ".join(parts)
    return told


def _container(one: Container, asked: str) -> str:
    init = "init " if one.init else "debug " if one.ephemeral else ""
    parts = [f"{init}container {value(one.name)}", f"image {abbreviated(one.image)}"]
    parts += [asked] if asked else []
    parts += ["ready" if one.ready else "not ready"]
    parts += [f"{one.state}{f' {value(one.reason)}' if one.reason else ''}"] if one.state else []
    parts += [f"exit code {one.exit_code}"] if one.state == "terminated" else []
    parts += [f"restarts {one.restarts}"] if one.restarts else []
    if one.last_reason:
        parts.append(f"before that {value(one.last_reason)} exit code {one.last_exit}")
    return ", ".join(parts) + (f": {message(one.message)}" if one.message else "")
