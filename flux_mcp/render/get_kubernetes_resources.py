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
from flux_mcp.kubernetes.conditions import conditions
from flux_mcp.kubernetes.pods import PodContainer, pod
from flux_mcp.kubernetes.workloads import TEMPLATE, TEMPLATES, view_workload
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.columns import Summary, summary_line
from flux_mcp.render.objects import object_line
from flux_mcp.render.settings import packed, setting_lines
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line, age, and_more, until_full
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.lookup import fields_of
from flux_mcp.sanitize.quote import message, value

LOOKED_INTO: Final = 20
"""Objects of a kind without an allow-list of its own whose field paths are shown in a list."""
PATHS: Final = 60
_TOP: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status", "data", "binaryData"})
_CONTAINERS: Final = frozenset({"containers", "initContainers", "ephemeralContainers", "template", "jobTemplate"})
_STATUSES: Final = frozenset(
    {"conditions", "containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses", "inventory", "history"}
)


@dataclass(frozen=True, slots=True)
class KubernetesObject:
    """One object of any kind.

    Attributes:
        flux: the object if it is one of Flux's.
        paths: field paths of its spec, where the kind has no allow-list of its own and it is one of the first.
        item: all that may be shown of it; None in a list.
    """

    summary: Summary
    flux: FluxObject | None
    paths: tuple[str, ...] = ()
    item: Mapping[str, Any] | None = None

    @property
    def ref(self) -> ObjectRef:
        return self.summary.ref

    def line(self, request: RequestContext) -> str:
        """The line that is shown of it in a list."""
        if self.flux is None:
            return summary_line(self.summary, request)
        (status,) = assess([self.flux], request.now)
        return object_line(status, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesResources(Answer):
    """The objects of one kind that match, those in trouble first."""

    title = "get_kubernetes_resources"

    kind: Kind
    matching: tuple[KubernetesObject, ...]
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
        return f"… {rest} more objects left out: narrow with namespace, selector or name."

    def head(self, named: int) -> Iterator[str]:
        """What is not checked, and what the spec of a kind without an allow-list holds."""
        del named
        if not self.matching:
            yield "No object matches."
        elif isinstance(self.kind, FluxKind) and self.kind.sources:
            yield "The flags source-failing and revision-behind are not checked here; list_flux_resources checks them."
        if paths := list(dict.fromkeys(path for found in self.matching for path in found.paths)):
            first = f" of the first {LOOKED_INTO} objects" if len(self.matching) > LOOKED_INTO else ""
            yield f"Fields set in spec{first}, values not shown: {and_more(paths, PATHS, value)}"

    def levels(self) -> Sequence[Level]:
        return (self._write,)

    def _write(self) -> list[Line]:
        return until_full(
            (Line(line, 1, 1) for line in islice(self._lines(), self.limit)),
            len(self.matching),
            self.bound,
            lambda rest: f"… {rest} more objects left out: raise limit, or narrow with namespace or selector.",
        )

    def _lines(self) -> Iterator[str]:
        statuses = assess([found.flux for found in self.matching if found.flux is not None], self.request.now)
        yield from (object_line(status, self.request) for status in statuses)
        yield from (found.line(self.request) for found in self.matching if found.flux is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesResource(Answer):
    """One object in detail."""

    title = "get_kubernetes_resources"
    found: KubernetesObject

    def lines(self) -> Iterator[str]:
        yield self.found.line(self.request)
        if self.found.flux is not None:
            yield "get_flux_resource shows more of it: source, dependencies, inventory, history, events."
        item = self.found.item or {}
        yield from _metadata(item)
        for condition in conditions(item):
            changed = f"last transition {age(condition.changed, self.request.now)} ago" if condition.changed else ""
            reason = value(condition.reason) if condition.reason else ""
            said = f": {message(condition.message)}" if condition.message else ""
            yield (
                ", ".join(filter(None, (f"condition {value(condition.type)} {condition.status}", reason, changed)))
                + said
            )
        if fields_of(item) is ANY_FIELDS:
            yield from setting_lines(at(item, "spec"), "spec", frozenset())
            rest = {key: found for key, found in item.items() if key not in _TOP}
            yield from setting_lines(rest, "object", frozenset())
        else:
            yield from _containers(item)
            yield from setting_lines(at(item, "spec"), "spec", _CONTAINERS, paths=self.found.flux is not None)
            yield from setting_lines(at(item, "status"), "status", _STATUSES, paths=False)


def _metadata(item: Mapping[str, Any]) -> Iterator[str]:
    generation, observed = number(item, "metadata", "generation"), number(item, "status", "observedGeneration")
    if 0 < observed < generation:
        yield f"latest generation {generation} not yet observed: the status is that of generation {observed}"
    for field in ("labels", "annotations"):
        pairs = labels(item, "metadata", field)
        yield from packed(f"{field}: ", (value(f"{key}={found}") for key, found in pairs.items()))
    for owner, _, controller in owner_references(item):
        yield f"owned by {value(owner.kind)} {value(owner.name)}{' (its controller)' if controller else ''}"


def _containers(item: Mapping[str, Any]) -> Iterator[str]:
    """A line for each container; of a Pod with its state."""
    view = pod(item)
    if view is not None:
        resources = _resources(at(item, "spec"))
        yield from (_container(container, resources.get(container.name, "")) for container in view.containers)
        return
    workload = view_workload(item)
    template = at(item, *TEMPLATES.get(text(item, "kind"), TEMPLATE), "spec")
    resources = _resources(template)
    for container in workload.containers if workload is not None else ():
        init = "init container" if container.init else "container"
        parts = (f"image {value(container.image)}", resources.get(container.name, ""))
        yield f"{init} {value(container.name)}: {', '.join(filter(None, parts))}"
    if account := text(template, "serviceAccountName"):
        yield f"Pods: serviceAccountName {value(account)}"
    yield from packed(
        "Pods: nodeSelector ", (value(f"{key}={found}") for key, found in labels(template, "nodeSelector").items())
    )


def _resources(pod_spec: object) -> dict[str, str]:
    """The name of each container → `requests cpu 100m memory 64Mi, limits memory 1Gi`."""
    resources = {}
    for container in (*items(pod_spec, "containers"), *items(pod_spec, "initContainers")):
        set_amounts = {field: labels(container, "resources", field) for field in ("requests", "limits")}
        resources[text(container, "name")] = ", ".join(
            f"{field} {' '.join(f'{value(key)} {value(amount)}' for key, amount in amounts.items())}"
            for field, amounts in set_amounts.items()
            if amounts
        )
    return resources


def _container(container: PodContainer, resources: str) -> str:
    kind = "init container" if container.init else "debug container" if container.ephemeral else "container"
    parts = ["ready" if container.ready else "not ready"]
    if container.state:
        code = f" exit code {container.exit_code}" if container.state == "terminated" else ""
        parts += [f"{container.state}{f' {value(container.reason)}' if container.reason else ''}{code}"]
    parts += [f"{container.restarts} restart{'s' if container.restarts > 1 else ''}"] if container.restarts else []
    if container.last_reason:
        left = f" {message(container.last_message)}" if container.last_message else ""
        parts.append(f"last run terminated {value(container.last_reason)} exit code {container.last_exit}{left}")
    parts += [f"image {value(container.image)}"] + ([resources] if resources else [])
    said = f": {message(container.message)}" if container.message else ""
    return f"{kind} {value(container.name)}: {', '.join(parts)}{said}"
