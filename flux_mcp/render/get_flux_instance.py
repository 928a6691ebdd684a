"""The answer of get_flux_instance."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from flux_mcp.api.kubernetes_kinds import DEPLOYMENT
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.installation import CONTROLLERS, VERSION_LABEL, Controller, Crd, Distribution
from flux_mcp.flux.status import ObjectStatus
from flux_mcp.flux.versions import SUPPORTED, unsupported
from flux_mcp.render.answer import Answer
from flux_mcp.render.objects import counts, health_and_flags, object_line
from flux_mcp.render.text import revision
from flux_mcp.sanitize.quote import abbreviated, free_value, message, name_of, value

FIRST: Final = 5
"""Objects in trouble that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxInstallation(Answer):
    """The installation.

    Attributes:
        server: the API server's version, empty where it is not known.
        crds: of Flux; empty where they could not be read.
        statuses: of every Flux object, in the order of trouble.
        served: how many Flux kinds the API server serves.
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
            yield "Flux is not installed: the API server serves none of its kinds, and no controller has its label."
            yield self._cluster()
            return
        yield self._distribution()
        if unsupported(self.distribution.version):
            supported = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED)
            yield f"Out of support: Flux {value(self.distribution.version)} gets no fixes; supported are {supported}."
        yield self._cluster()
        yield from self._sync()
        yield from self._controllers()
        yield from self._crds()
        yield from self._objects()

    def _distribution(self) -> str:
        found = self.distribution
        details = (
            ("requested version", found.wanted),
            ("variant", found.variant),
            ("registry", found.registry),
            ("entitlement", found.entitlement),
        )
        installer = f"{found.installed_by} {value(found.operator) if found.operator else ''}".strip()
        return ", ".join(
            (
                f"Flux {value(found.version)}" if found.version else "Flux of an unknown version",
                f"installed by {installer}" if installer else "installed in an unknown way",
                *(f"{name} {value(detail)}" for name, detail in details if detail),
            )
        )

    def _cluster(self) -> str:
        nodes = self.distribution.nodes
        parts = [f"Kubernetes {value(self.server)}" if self.server else "Kubernetes of an unknown version"]
        parts += [value(self.distribution.platform)] if self.distribution.platform else []
        parts += [f"{nodes} node{'s' if nodes > 1 else ''}"] if nodes else []
        return f"Cluster: {', '.join(parts)}"

    def _sync(self) -> Iterator[str]:
        applier = self._find_sync()
        if applier is None:
            yield "Sync: no Kustomization found that applies the cluster's own configuration"
            return
        path = f", path {value(applier.object.path)}" if applier.object.path else ""
        yield f"Sync: {_object(applier)}{path}"
        known = {status.object.ref: status for status in self.statuses}
        for source in (known[ref] for ref in applier.object.sources if ref in known):
            key, ref = source.object.wanted_ref
            yield f"  from {_object(source)}, url {value(source.object.url)}" + (
                f", ref.{key} {value(ref)}" if ref else ""
            )

    def _find_sync(self) -> ObjectStatus | None:
        """The Kustomization that FluxInstance names, else the one named as its namespace beside the controllers."""
        known = {status.object.ref: status for status in self.statuses}
        namespaces = sorted({controller.ref.namespace for controller in self.controllers})
        namespaces += sorted({ref.namespace for ref in known if ref.kind == "FluxInstance"})
        refs = (ObjectRef("Kustomization", ns, self.distribution.sync_name or ns) for ns in namespaces)
        return next((known[ref] for ref in refs if ref in known), None)

    def _controllers(self) -> Iterator[str]:
        if not self.controllers:
            unread = any(DEPLOYMENT.kind in one.kinds or "controllers" in one.kinds for one in self.unread)
            yield "Controllers: " + ("unknown" if unread else f"no Deployment has the label {CONTROLLERS}")
            return
        ready = sum(controller.up for controller in self.controllers)
        restarts = ", 0 restarts" if all(controller.restarts == 0 for controller in self.controllers) else ""
        yield f"Controllers: {ready} of {len(self.controllers)} ready{restarts}"
        if ready < len(self.controllers):
            yield "  A controller that is not ready reconciles nothing: the status of its objects may be out of date."
        shared = _shared(self.controllers)
        for others, args in shared.items():
            but = f" but {' and '.join(value(ref.name) for ref in others)}" if others else ""
            yield f"  Arguments of all{but}: {_args(args)}"
        listed = {arg for args in shared.values() for arg in args}
        for controller in sorted(self.controllers, key=lambda controller: (controller.up, controller.ref)):
            yield f"  {self._controller(controller, [arg for arg in controller.args if arg not in listed])}"

    def _controller(self, controller: Controller, args: Sequence[str]) -> str:
        restarts = controller.restarts
        parts = [f"{name_of(controller.ref)}: {controller.ready} of {controller.wanted} ready"]
        parts += [abbreviated(controller.image)]
        if restarts != 0:
            parts += ["restarts unknown" if restarts is None else f"{restarts} restart{'' if restarts == 1 else 's'}"]
        parts += [f"last terminated: {' '.join(map(value, controller.last_ends))}"] if controller.last_ends else []
        if controller.version and controller.version != self.distribution.version:
            parts.append(f"label {VERSION_LABEL}={value(controller.version)}")
        parts += [_args(args)] if args else []
        if controller.failure is not None:
            reason, said = controller.failure
            parts.append(f"{value(reason)}: {message(said)}")
        return ", ".join(parts)

    def _crds(self) -> Iterator[str]:
        if not self.crds:
            return
        by_version: dict[str, list[str]] = defaultdict(list)
        for crd in self.crds:
            by_version[" and ".join(map(value, crd.served))].append(crd.ref.name.partition(".")[0])
        yield f"CRDs: {len(self.crds)}, by served version"
        for versions, names in sorted(by_version.items()):
            yield f"  {versions or 'none'}: {' '.join(map(value, sorted(names)))}"
        for crd in self.crds:
            name = value(crd.ref.name)
            if old := [version for version in crd.stored if version != crd.storage]:
                stored = " or ".join(map(value, old))
                yield f"  {name}: objects may still be stored as {stored}; new ones are stored as {value(crd.storage)}"
            if deprecated := [version for version in crd.deprecated if version in crd.served]:
                yield f"  {name}: serves {' and '.join(map(value, deprecated))}, which is deprecated"

    def _objects(self) -> Iterator[str]:
        total = f"Flux resources: {len(self.statuses)}{' read' if self.unread else ''}"
        yield f"{total} ({counts(self.statuses)})" if self.statuses else total
        by_kind = sorted(self.statuses, key=lambda status: status.object.kind.kind)
        for kind, statuses in groupby(by_kind, key=lambda status: status.object.kind.kind):
            yield f"  {kind}: {counts(statuses)}"
        trouble = [status for status in self.statuses if status.trouble]
        if trouble:
            first = f", the first {FIRST}" if len(trouble) > FIRST else ""
            yield f"In trouble: {len(trouble)}{first} (diagnose_flux explains them):"
        yield from (f"  {object_line(status, self.request, 0)}" for status in trouble[:FIRST])


def _object(status: ObjectStatus) -> str:
    shown = f", {revision(status.object.revision)}" if status.object.revision else ""
    return f"{name_of(status.object.ref)}, {health_and_flags(status)}{shown}"


def _args(args: Sequence[str]) -> str:
    return " ".join(f"--{free_value(arg.lstrip('-'))}" for arg in args)


def _shared(controllers: Sequence[Controller]) -> Mapping[tuple[ObjectRef, ...], Sequence[str]]:
    """The arguments that all controllers but one at most have, by that one; none where there are fewer than three."""
    shared: dict[tuple[ObjectRef, ...], list[str]] = defaultdict(list)
    for arg in dict.fromkeys(arg for controller in controllers for arg in controller.args):
        others = tuple(controller.ref for controller in controllers if arg not in controller.args)
        if len(others) <= 1 and len(controllers) > 2:  # noqa: PLR2004
            shared[others].append(arg)
    return shared
