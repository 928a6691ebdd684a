"""The answer of get_flux_instance."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.installation import (
    CONTROLLERS,
    Controller,
    Crd,
    Distribution,
)
from flux_mcp.flux.status import ObjectStatus
from flux_mcp.flux.versions import SUPPORTED, unsupported
from flux_mcp.render.answer import Answer
from flux_mcp.render.objects import counts, object_line
from flux_mcp.render.text import revision
from flux_mcp.sanitize.quote import abbreviated, free_value, message, value

FIRST: Final = 5
"""Objects in trouble that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxInstallation(Answer):
    """The installation.

    Attributes:
        server: the API server's version, empty where it was not told.
        crds: empty where they could not be read.
        judged: every Flux object, in the order of trouble.
        gaps: what could not be read, of all four reads.
    """

    title = "get_flux_instance"

    distribution: Distribution
    server: str
    controllers: tuple[Controller, ...]
    crds: tuple[Crd, ...]
    statuses: tuple[ObjectStatus, ...]
    served: int

    def lines(self) -> Iterator[str]:
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
        parts = [f"{ref} {one.ready}/{one.wanted}", abbreviated(one.image)]
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
    return " ".join(free_value(arg.lstrip("-")) for arg in args)


def _shared(all_of_them: Sequence[Controller]) -> tuple[str, ...]:
    """The arguments that every controller has, where there are several."""
    if len(all_of_them) < 2:  # noqa: PLR2004
        return ()
    return tuple(arg for arg in all_of_them[0].args if all(arg in one.args for one in all_of_them))
