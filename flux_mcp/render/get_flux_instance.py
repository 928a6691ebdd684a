"""The answer of get_flux_instance."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from flux_mcp.api.kubernetes_kinds import DEPLOYMENT
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.installation import CONTROLLERS, OPERATOR, VERSION_LABEL, Controller, Crd, Distribution
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.flux.versions import SUPPORTED, Minor, minor, unsupported, version_text
from flux_mcp.render.answer import Answer
from flux_mcp.render.objects import counts, health_and_flags, object_line
from flux_mcp.render.text import age, revision
from flux_mcp.sanitize.quote import abbreviated, free_value, message, name_of, value

OPERATOR_COMPONENT: Final = OPERATOR.partition("=")[2]
FIRST: Final = 5
"""Objects in trouble that are named."""


_MINOR: Final = re.compile(r"[v=~^ ]{0,3}(\d{1,3})\.(\d{1,3})\.")
"""Of a range that is of one minor version, `2.9.x`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxInstallation(Answer):
    """The installation.

    Attributes:
        distributions: each installation, usually one.
        namespaces: where each of them runs; an empty one for the only one.
        operators: the Deployments of Flux Operator.
        server: the API server's version, empty where it is not known.
        crds: of Flux; empty where they could not be read.
        statuses: of every Flux object, in the order of trouble.
        served: how many Flux kinds the API server serves.
        appliers: several that apply the same controllers; empty where one does.
        idle: the Deployment of a controller of which no Pod is ready → its objects; None → those that nobody watches.
    """

    title = "get_flux_instance"

    distributions: tuple[Distribution, ...]
    namespaces: tuple[str, ...]
    server: str
    controllers: tuple[Controller, ...]
    operators: tuple[Controller, ...]
    crds: tuple[Crd, ...]
    statuses: tuple[ObjectStatus, ...]
    served: int
    appliers: tuple[ObjectRef, ...]
    idle: Mapping[ObjectRef | None, tuple[ObjectRef, ...]]

    def lines(self) -> Iterator[str]:
        if not self.served and not self.controllers:
            yield "Flux is not installed: the API server serves none of its kinds, and no controller has its label."
            yield self._cluster()
            return
        if len(self.distributions) > 1:
            yield f"{len(self.distributions)} installations of Flux, by namespace"
        for namespace, found in zip(self.namespaces, self.distributions, strict=True):
            yield self._distribution(found) if not namespace else f"  {value(namespace)}: {self._distribution(found)}"
        yield from self._versions()
        yield self._cluster()
        yield from self._sync()
        yield from self._controllers()
        yield from self._operators()
        yield from self._crds()
        yield from self._objects()

    def _distribution(self, found: Distribution) -> str:
        details = (
            ("requested version", found.wanted),
            ("variant", found.variant),
            ("registry", found.registry),
            ("entitlement", found.entitlement),
        )
        installer = f"{found.installed_by} {value(found.operator) if found.operator else ''}".strip()
        version = f"Flux {value(found.version)}" if found.version else "Flux of an unknown version"
        if not self.controllers and not self._controllers_unread:
            newest = max(filter(None, map(_written, self.statuses)), default=None)
            runs = "Flux does not run: no controller was found"
            if newest is not None:
                ago = age(newest, self.request.now)
                runs = f"No Deployment has the label {CONTROLLERS}, yet a controller wrote a status {ago} ago"
            version = f"{runs}. CRDs of {version} are installed"
        elif found.version and found.version.count(".") < 2:  # noqa: PLR2004 (a minor version)
            version += " (by the images of its controllers)"
        by = f"installed by {installer}" if installer else "installed in an unknown way"
        return ", ".join((version, by, *(f"{name} {value(detail)}" for name, detail in details if detail)))

    def _versions(self) -> Iterator[str]:
        """What the versions mean: out of support, several installations, other CRDs."""
        supported = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED)
        for version in dict.fromkeys(found.version for found in self.distributions):
            if unsupported(version):
                yield f"Out of support: Flux {value(version)} gets no fixes; supported are {supported}."
        crds = self.distributions[0].crds
        if len(self.distributions) > 1:
            of_version = f", of Flux {value(crds)}" if crds else ""
            yield f"They share the CRDs{of_version}. Flux does not support several installations in one cluster."
        elif self.controllers and minor(crds) not in {None, minor(self.distributions[0].version)}:
            yield f"The CRDs have the label {VERSION_LABEL}={value(crds)}, another version than the controllers."
        for namespace, found in zip(self.namespaces, self.distributions, strict=True):
            yield from self._unfinished(namespace, found)
        if len(self.appliers) > 1:
            several = " and ".join(map(name_of, self.appliers))
            yield f"The controllers are applied by {several}: each undoes what the other applies. Keep one of them."

    def _unfinished(self, namespace: str, found: Distribution) -> Iterator[str]:
        """That an upgrade did not reach every controller, or none yet."""
        named: dict[Minor, list[str]] = defaultdict(list)
        for one in self.controllers:
            release = one.release or minor(one.version)
            if release is not None and namespace in {"", one.ref.namespace}:
                named[release].append(value(one.ref.name))
        if len(named) > 1:
            parts = (f"{version_text(release)} ({', '.join(named[release])})" for release in sorted(named))
            yield f"Controllers of several versions of Flux: {' and '.join(parts)}. An upgrade is not complete."
        wanted = _MINOR.match(found.wanted)
        if wanted is not None and len(named) == 1 and (wants := (int(wanted[1]), int(wanted[2]))) not in named:
            runs = version_text(next(iter(named)))
            requested = f"The FluxInstance requests Flux {version_text(wants)}, and {runs} runs"
            held = any(
                one.object.kind.kind == "FluxInstance" and one.health is Health.SUSPENDED for one in self.statuses
            )
            yield f"{requested}: {'it is suspended' if held else 'the upgrade failed, or is undone'}."

    def _cluster(self) -> str:
        platform, nodes = next(((one.platform, one.nodes) for one in self.distributions), ("", 0))
        parts = [f"Kubernetes {value(self.server)}" if self.server else "Kubernetes of an unknown version"]
        parts += [value(platform)] if platform else []
        parts += [f"{nodes} node{'s' if nodes > 1 else ''}"] if nodes else []
        return f"Cluster: {', '.join(parts)}"

    def _sync(self) -> Iterator[str]:
        appliers = list(self._find_syncs())
        if not appliers:
            yield "Sync: no Kustomization found that applies the cluster's own configuration"
        known = {status.object.ref: status for status in self.statuses}
        for applier in appliers:
            path = f", path {value(applier.object.path)}" if applier.object.path else ""
            yield f"Sync: {_object(applier)}{path}"
            for source in (known[ref] for ref in applier.object.sources if ref in known):
                key, ref = source.object.wanted_ref
                yield f"  from {_object(source)}, url {value(source.object.url)}" + (
                    f", ref.{key} {value(ref)}" if ref else ""
                )

    def _find_syncs(self) -> Iterator[ObjectStatus]:
        """The Kustomizations that FluxInstance names, else those named as their namespace beside the controllers."""
        known = {status.object.ref: status for status in self.statuses}
        instances = {ref.namespace for ref in known if ref.kind == "FluxInstance"}
        name = next((found.sync_name for found in self.distributions), "")
        for namespace in sorted({one.ref.namespace for one in self.controllers} | instances):
            ref = ObjectRef("Kustomization", namespace, name or namespace)
            if ref in known:
                yield known[ref]

    @property
    def _controllers_unread(self) -> bool:
        # Of what is not understood it is not known which kind it is of.
        return any(not one.kinds or DEPLOYMENT.kind in one.kinds or "controllers" in one.kinds for one in self.unread)

    def _controllers(self) -> Iterator[str]:
        if not self.controllers:
            found = "unknown" if self._controllers_unread else f"no Deployment has the label {CONTROLLERS}"
            yield f"Controllers: {found}"
            return
        ready = sum(controller.up for controller in self.controllers)
        restarts = ", 0 restarts" if all(controller.restarts == 0 for controller in self.controllers) else ""
        plain = not any(controller.args or controller.other_args for controller in self.controllers)
        without = ", no arguments that change behavior" if plain else ""
        common = _in_common(self.controllers)
        place = f", Deployments in {value(common.namespace)}" if common.namespace else ""
        place += f", images in {value(common.registry)}" if common.registry else ""
        yield f"Controllers: {ready} of {len(self.controllers)} ready{restarts}{without}{place}"
        if any(controller.down for controller in self.controllers):
            yield "  A controller that is not ready reconciles nothing: the status of its objects may be out of date."
        yield from self._missing()
        shared = _shared(self.controllers)
        for others, args in shared.items():
            but = f" but {' and '.join(value(ref.name) for ref in others)}" if others else ""
            yield f"  Arguments of all{but}: {_args(args)}"
        listed = {arg for args in shared.values() for arg in args}
        failures: dict[str, ObjectRef] = {}
        for controller in sorted(self.controllers, key=lambda controller: (controller.up, controller.ref)):
            own = [arg for arg in controller.args if arg not in listed]
            yield f"  {self._controller(controller, common, own, failures)}"
            yield from self._containers(controller)
            if idle := self.idle.get(controller.ref):
                yield f"    nothing reconciles its objects: {_named(idle)}"
        if unwatched := self.idle.get(None):
            yield f"  No controller selects the labels or the namespace of: {_named(unwatched)}"

    def _missing(self) -> Iterator[str]:
        """Controllers of kinds that have objects, where no Deployment with the label runs them."""
        if self._controllers_unread:
            return
        running = {component for one in self.controllers for component, _ in one.containers} | {OPERATOR_COMPONENT}
        kinds: dict[str, set[str]] = defaultdict(set)
        for status in self.statuses:
            kinds[status.object.kind.controller].add(status.object.kind.kind)
        for component in sorted(kinds.keys() - running - {""}):
            of_kinds = ", ".join(sorted(kinds[component]))
            yield (
                f"  {component}, which reconciles {of_kinds}: no Deployment of this name has the label {CONTROLLERS}; "
                "it does not run, or has other labels."
            )

    def _operators(self) -> Iterator[str]:
        for operator in self.operators:
            yield f"Flux Operator: {self._controller(operator, _Common(), (), {})}"
            yield from (f"  {line}" for line in self._containers(operator))
        instances = [status for status in self.statuses if status.object.kind.kind == "FluxInstance"]
        kinds = {name for one in self.unread for name in one.kinds}
        if self.operators and not instances and not kinds & {"FluxInstance", "Flux objects"} and not self.controllers:
            yield "  There is no FluxInstance: Flux Operator installs Flux only from one. Create a FluxInstance."

    def _controller(
        self, controller: Controller, common: "_Common", args: Sequence[str], failures: dict[str, ObjectRef]
    ) -> str:
        restarts = controller.restarts
        several = len(controller.containers) > 1
        ready = f"{controller.ready} of {controller.wanted} ready"
        if common.registry:
            parts = [f"{abbreviated(controller.image.removeprefix(f'{common.registry}/'))}: {ready}"]
        else:
            name = value(controller.ref.name) if common.namespace else name_of(controller.ref)
            image = f"runs {len(controller.containers)} controllers" if several else abbreviated(controller.image)
            parts = [f"{name}: {ready}", image]
        if restarts != 0 and (restarts is not None or controller.wanted):
            parts += ["restarts unknown" if restarts is None else f"{restarts} restart{'' if restarts == 1 else 's'}"]
        parts += [f"unavailable for {age(controller.since, self.request.now)}"] if controller.since else []
        parts += ["scaled to zero"] if not controller.wanted else []
        if not several:
            parts += sorted({value(one.waiting) for one in controller.states if one.waiting})
            parts += [f"last terminated: {' '.join(map(value, controller.last_ends))}"] if controller.last_ends else []
        parts += self._skew(controller)
        parts += [_args(args)] if args else []
        if controller.other_args:
            parts.append(f"also sets {' '.join(f'--{value(name)}' for name in controller.other_args)}")
        if controller.failure is not None:
            reason, said = controller.failure
            same = failures.setdefault(f"{reason} {said.replace(controller.ref.name, '')}", controller.ref)
            parts.append(
                f"{value(reason)}: {message(said)}"
                if same == controller.ref
                else f"same failure as {value(same.name)}: {value(reason)}"
            )
        return ", ".join(parts)

    def _skew(self, controller: Controller) -> Iterator[str]:
        """The version of a controller, where it is another one than that of its installation."""
        of_namespace = dict(zip(self.namespaces, self.distributions, strict=True))
        found = of_namespace.get(controller.ref.namespace) or self.distributions[0]
        if controller in self.operators:
            yield from ([f"version {value(controller.version)}"] if controller.version else [])
            return
        if controller.version and controller.version != found.version and found.version.count(".") > 1:
            yield f"label {VERSION_LABEL}={value(controller.version)}"
        if controller.release is not None and controller.release != minor(found.version):
            yield f"image of Flux {version_text(controller.release)}"

    def _containers(self, controller: Controller) -> Iterator[str]:
        """The containers of a Deployment that runs several controllers."""
        states = {state.name: state for state in controller.states}
        for component, image in controller.containers if len(controller.containers) > 1 else ():
            line = f"    {value(component or 'container')}: {abbreviated(image)}"
            if state := states.get(component):
                line += f", {state.restarts} restart{'' if state.restarts == 1 else 's'}"
                line += f", {value(state.waiting)}" if state.waiting else ""
                line += f", last terminated: {value(state.last_reason)}" if state.last_reason else ""
            yield line

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
                are = "is" if len(deprecated) == 1 else "are"
                yield f"  {name}: serves {' and '.join(map(value, deprecated))}, which {are} deprecated"

    def _objects(self) -> Iterator[str]:
        total = f"Flux resources: {len(self.statuses)}{' read' if self.unread else ''}"
        yield f"{total} ({counts(self.statuses)})" if self.statuses else total
        by_kind = sorted(self.statuses, key=lambda status: status.object.kind.kind)
        alike: dict[str, list[str]] = defaultdict(list)
        for kind, statuses in groupby(by_kind, key=lambda status: status.object.kind.kind):
            alike[counts(statuses)].append(kind)
        for counted, kinds in alike.items():
            yield f"  {', '.join(kinds)}: {counted}{' each' if len(kinds) > 1 else ''}"
        trouble = [status for status in self.statuses if status.trouble]
        if trouble:
            first = f", the first {FIRST}" if len(trouble) > FIRST else ""
            yield f"In trouble: {len(trouble)}{first} (see diagnose_flux):"
        yield from (f"  {object_line(status, self.request, 0)}" for status in trouble[:FIRST])


def _written(status: ObjectStatus) -> datetime | None:
    """When a controller of Flux last wrote the status of an object, as far as that shows; None for Flux Operator's."""
    if status.object.kind.controller == OPERATOR_COMPONENT:
        return None
    times = (status.object.fetched, *(one.changed for one in status.object.conditions))
    return max(filter(None, times), default=None)


def _named(refs: Sequence[ObjectRef]) -> str:
    more = f" and {len(refs) - FIRST} more" if len(refs) > FIRST else ""
    return ", ".join(map(name_of, refs[:FIRST])) + more


def _object(status: ObjectStatus) -> str:
    shown = f", {revision(status.object.revision)}" if status.object.revision else ""
    return f"{name_of(status.object.ref)}, {health_and_flags(status)}{shown}"


def _args(args: Sequence[str]) -> str:
    pairs = (arg.lstrip("-").partition("=") for arg in args)
    return " ".join(f"--{value(name)}{sign}{free_value(given) if given else ''}" for name, sign, given in pairs)


class _Common(NamedTuple):
    """What all of several controllers have in common, and is named once; empty where they differ.

    Attributes:
        registry: where their images are, if each image has the name of its Deployment, for which it then stands.
    """

    namespace: str = ""
    registry: str = ""


def _in_common(controllers: Sequence[Controller]) -> _Common:
    namespaces = {controller.ref.namespace for controller in controllers}
    if len(namespaces) > 1 or len(controllers) == 1:
        return _Common()
    registries = set()
    for controller in controllers:
        registry, _, name = controller.image.partition("@")[0].rpartition("/")
        stands = name.partition(":")[0] == controller.ref.name and len(controller.containers) == 1
        registries.add(registry if stands else "")
    return _Common(namespaces.pop(), registries.pop() if len(registries) == 1 else "")


def _shared(controllers: Sequence[Controller]) -> Mapping[tuple[ObjectRef, ...], Sequence[str]]:
    """The arguments that all controllers but one at most have, by that one; none where there are fewer than three."""
    shared: dict[tuple[ObjectRef, ...], list[str]] = defaultdict(list)
    for arg in dict.fromkeys(arg for controller in controllers for arg in controller.args):
        others = tuple(controller.ref for controller in controllers if arg not in controller.args)
        if len(others) <= 1 and len(controllers) > 2:  # noqa: PLR2004
            shared[others].append(arg)
    return shared
