"""get_flux_instance: which Flux runs here, who installed it, how its controllers are, and how its objects are."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import anyio

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import CRD, DEPLOYMENT, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import text
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.errors import KubectlError
from flux_mcp.flux.installation import (
    CONTROLLERS,
    Controller,
    Crd,
    Distribution,
    controllers,
    distribution,
    told_by,
    view_crd,
)
from flux_mcp.flux.objects import FluxObject, view
from flux_mcp.flux.status import ObjectStatus, assess
from flux_mcp.flux.versions import SUPPORTED, unsupported
from flux_mcp.kubernetes.pods import Pod, pod
from flux_mcp.kubernetes.workloads import Workload, short_image, view_workload
from flux_mcp.render.objects import counts, object_line
from flux_mcp.render.text import DEFAULT_BOUND, Line, first_line, fit, revision, unread_line
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import message, value
from flux_mcp.tools.arguments import Context

FIRST: Final = 5
"""Objects in trouble that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxInstallation:
    """The installation.

    Attributes:
        server: the API server's version, empty where it was not told.
        crds: empty where they could not be read.
        judged: every Flux object, in the order of trouble.
        gaps: what could not be read, of all four reads.
    """

    request: RequestContext
    distribution: Distribution
    server: str
    controllers: tuple[Controller, ...]
    crds: tuple[Crd, ...]
    statuses: tuple[ObjectStatus, ...]
    served: int
    unread: tuple[Unread, ...]

    def render(self) -> str:
        """The distribution first, then the controllers, the CRDs, the counts and the first objects in trouble."""
        return fit(
            lambda _: (first_line("get_flux_instance", self.request), *unread_line(self.unread)),
            (lambda: [Line(line, 0, 1) for line in self._lines()],),
            DEFAULT_BOUND,
            lambda rest: f"… {rest} more lines left out.",
        )

    def _lines(self) -> Iterator[str]:
        if not self.served and not self.controllers:
            yield "Flux is not installed: the API server serves none of its kinds, and no controller carries its label."
            yield f"Cluster: Kubernetes {value(self.server)}" if self.server else "Cluster: version not told"
            return
        yield self._distribution()
        if unsupported(self.distribution.version):
            told = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED)
            yield f"OUT OF SUPPORT: Flux {value(self.distribution.version)} gets no fixes; supported are {told}."
        yield self._cluster()
        yield from self._sync()
        yield from self._controllers()
        yield from self._crds()
        yield from self._objects()

    def _distribution(self) -> str:
        told = self.distribution
        more = [
            f"{key} {value(found)}"
            for key, found in (
                ("wanted", told.wanted),
                ("variant", told.variant),
                ("registry", told.registry),
                ("entitlement", told.entitlement),
            )
            if found
        ]
        by = f"{told.installed_by} {value(told.operator) if told.operator else ''}".strip() or "not told"
        version = value(told.version) if told.version else "of a version that is not told"
        return f"Flux {version}, installed by: {by}" + "".join(f", {part}" for part in more)

    def _cluster(self) -> str:
        told = [f"Kubernetes {value(self.server)}" if self.server else "version not told"]
        told += [value(self.distribution.platform)] if self.distribution.platform else []
        told += [f"nodes {self.distribution.nodes}"] if self.distribution.nodes else []
        return f"Cluster: {', '.join(told)}"

    def _sync(self) -> Iterator[str]:
        sync = self._find_sync()
        if sync is None:
            yield "Sync: none found"
            return
        applier, source = sync
        path = f", path {value(applier.object.path)}" if applier.object.path else ""
        yield f"Sync: {_told(applier)}{path}"
        if source is not None:
            key, wanted = source.object.wanted_ref
            ref = f", ref {key} {value(wanted)}" if wanted else ""
            yield f"Sync source: {_told(source)}, url {value(source.object.url)}{ref}"

    def _find_sync(self) -> tuple[ObjectStatus, ObjectStatus | None] | None:
        """The Kustomization that FluxInstance names, else the one called as its namespace beside the controllers."""
        known = {entry.object.ref: entry for entry in self.statuses}
        spaces = sorted({controller.ref.namespace for controller in self.controllers})
        spaces += sorted(
            {entry.object.namespace for entry in self.statuses if entry.object.kind.kind == "FluxInstance"}
        )
        for namespace in spaces:
            name = self.distribution.sync_name or namespace
            applier = known.get(ObjectRef("Kustomization", namespace, name))
            if applier is not None:
                return applier, next((known[ref] for ref in applier.object.sources if ref in known), None)
        return None

    def _controllers(self) -> Iterator[str]:
        if not self.controllers:
            yield f"Controllers: none carries the label {CONTROLLERS}, or they could not be read"
            return
        ready = sum(one.up for one in self.controllers)
        shared = _shared(self.controllers)
        every = f", each with {_args(shared)}" if shared else ""
        yield f"Controllers: {ready} of {len(self.controllers)} ready{every}"
        if ready < len(self.controllers):
            yield "What a controller that is not ready reconciles stays as it was: statuses of its objects may be old."
        for one in sorted(self.controllers, key=lambda one: (one.up, one.ref)):
            yield self._controller(one, shared)

    def _controller(self, one: Controller, shared: Sequence[str]) -> str:
        ref = f"{value(one.ref.namespace)}/{value(one.ref.name)}"
        parts = [f"{ref} {one.ready}/{one.wanted}", value(short_image(one.image))]
        parts += [f"restarts {one.restarts}" if one.restarts is not None else "restarts not read"]
        parts += [f"last ended: {' '.join(map(value, one.last_ends))}"] if one.last_ends else []
        if one.version and one.version != self.distribution.version:
            parts.append(f"labelled {value(one.version)}")
        own = [arg for arg in one.args if arg not in shared]
        parts += [f"with {_args(own)}"] if own else []
        failed = f", {value(one.failure[0])}: {message(one.failure[1])}" if one.failure is not None else ""
        return ", ".join(parts) + failed

    def _crds(self) -> Iterator[str]:
        if not self.crds:
            return
        by_version: dict[str, list[str]] = defaultdict(list)
        for crd in self.crds:
            by_version["+".join(crd.served)].append(crd.ref.name.partition(".")[0])
        told = "; ".join(f"{value(version)} {' '.join(sorted(names))}" for version, names in sorted(by_version.items()))
        yield f"CRDs: {len(self.crds)}, served versions: {told}"
        for crd in self.crds:
            name = value(crd.ref.name)
            if old := [version for version in crd.stored if version != crd.storage]:
                told = " ".join(map(value, old))
                yield f"{name} may still have objects stored as {told}; it stores {value(crd.storage)} now"
            if deprecated := [version for version in crd.deprecated if version in crd.served]:
                yield f"{name} serves deprecated {' '.join(map(value, deprecated))}"

    def _objects(self) -> Iterator[str]:
        yield f"Objects: {len(self.statuses)}" + (f", {counts(self.statuses)}" if self.statuses else "")
        by_kind = sorted(self.statuses, key=lambda entry: entry.object.kind.kind)
        grouped = groupby(by_kind, key=lambda entry: entry.object.kind.kind)
        if told := [f"{kind} {counts(entries)}" for kind, entries in grouped]:
            yield f"By kind: {'; '.join(told)}"
        trouble = [entry for entry in self.statuses if entry.trouble]
        if trouble:
            yield f"Trouble: the first {min(FIRST, len(trouble))} of {len(trouble)}"
        for entry in trouble[:FIRST]:
            yield object_line(entry, self.request)


def _told(entry: ObjectStatus) -> str:
    one = entry.object
    shown = f" {revision(one.revision)}" if one.revision else ""
    return f"{one.kind.kind} {value(one.namespace)}/{value(one.name)} {entry.health.value}{shown}"


def _args(args: Sequence[str]) -> str:
    return " ".join(value(arg.lstrip("-")) for arg in args)


def _shared(all_of_them: Sequence[Controller]) -> tuple[str, ...]:
    """The arguments that every controller has, where there are several."""
    if len(all_of_them) < 2:  # noqa: PLR2004
        return ()
    return tuple(arg for arg in all_of_them[0].args if all(arg in one.args for one in all_of_them))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A Flux object, and what it tells of the distribution if it is one of the operator's."""

    object: FluxObject
    told: Distribution | None

    @property
    def ref(self) -> ObjectRef:
        return self.object.ref


def _see(item: Mapping[str, Any]) -> _Seen | None:
    one = view(item)
    return None if one is None else _Seen(one, told_by(item))


def _see_controller(item: Mapping[str, Any]) -> Workload | Pod | None:
    return pod(item) if text(item, "kind") == "Pod" else view_workload(item)


async def get_flux_instance(cluster: Cluster, *, context: Context = None) -> FluxInstallation:
    """The Flux installation: version, how it was installed, controllers, CRDs, sync, counts by kind and verdict."""
    request = await cluster.open(context)
    served = await cluster.served(request, FLUX_KINDS)
    empty: ListResult[Any] = ListResult((), frozenset())
    found: dict[str, ListResult[Any]] = {}
    server: list[str] = []
    failed: list[Unread] = []

    async def read(what: str, reading: Any) -> None:  # noqa: ANN401 (a coroutine of a reading of any view)
        try:
            found[what] = await reading
        except KubectlError as error:
            failed.append(Unread((what,), error.brief, error))

    async def ask_version() -> None:
        try:
            server.append(await cluster.server_version(request))
        except KubectlError as error:
            failed.append(Unread(("the version of the API server",), error.brief, error))

    async with anyio.create_task_group() as group:
        group.start_soon(read, "Flux objects", cluster.read(request, FLUX_KINDS, _see))
        group.start_soon(
            read, "controllers", cluster.read(request, (DEPLOYMENT, POD), _see_controller, selector=CONTROLLERS)
        )
        if served:
            names = tuple(kind.resource for kind in served)
            group.start_soon(read, "CRDs", cluster.read(request, (CRD,), view_crd, names=names))
        group.start_soon(ask_version)

    objects, parts, crds = (found.get(what, empty) for what in ("Flux objects", "controllers", "CRDs"))
    unread = (*objects.unread, *parts.unread, *crds.unread, *failed)
    if all(reading.blank for reading in found.values()):
        _nothing(unread)
    deployments = [one for one in parts.objects if isinstance(one, Workload)]
    pods = [one for one in parts.objects if isinstance(one, Pod)] if POD.kind in parts.read else None
    return FluxInstallation(
        request=request,
        distribution=distribution((one.told for one in objects.objects if one.told), crds.objects, deployments),
        server=server[0] if server else "",
        controllers=controllers(deployments, pods),
        crds=tuple(sorted(crds.objects, key=lambda crd: crd.ref)),
        statuses=assess((one.object for one in objects.objects), request.now),
        served=len(served),
        unread=unread,
    )


def _nothing(unread: Sequence[Unread]) -> None:
    """Refuse to tell of an installation of which nothing was read.

    Raises:
        KubectlError: the first of what went wrong.
    """
    for unread_item in unread:
        if unread_item.error is not None:
            raise unread_item.error
