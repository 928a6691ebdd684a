"""What a diagnosis is made from: the Flux objects, their controllers, and what runs where health checks failed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import anyio

from flux_mcp.api.kinds import CRON_JOB, DEPLOYMENT, EVENT, FLUX_KINDS, JOB, POD, REPLICA_SET, Kind
from flux_mcp.cluster.client import Cluster, Scope
from flux_mcp.cluster.result import Gap, Reading
from flux_mcp.diagnosis.snapshot import Examined, view_examined
from flux_mcp.diagnosis.workload_health import Observed, observe, view_observed
from flux_mcp.errors import BadArgument, Forbidden, KubectlError, first_of
from flux_mcp.flux.installation import CONTROLLERS, Controller, controllers
from flux_mcp.flux.inventory import Managed
from flux_mcp.kubernetes.events import Event
from flux_mcp.kubernetes.pods import Pod
from flux_mcp.kubernetes.workloads import Workload
from flux_mcp.sanitize.quote import value

__all__ = ["Grounds", "Health", "read_grounds", "read_health"]

NAMESPACES: Final = 10
"""Namespaces of failed health checks that are looked at, each with one kubectl."""
_BETWEEN: Final = {DEPLOYMENT.kind: REPLICA_SET, CRON_JOB.kind: JOB}
"""What stands between a workload and its Pods."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What every diagnosis begins with.

    Attributes:
        flux: the Flux objects.
        only: the one namespace that they were read in, where the identity may not list all.
        controllers: by label; none where they were not read.
        observed: the controllers' Deployments, ReplicaSets and Pods.
        gaps: what was not read of the controllers.
    """

    flux: Reading[Examined]
    only: str | None
    controllers: tuple[Controller, ...]
    observed: Observed
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """What runs in the namespaces of failed health checks.

    Attributes:
        looked: workloads whose namespace was looked at.
        left_out: namespaces beyond the bound.
        read: (namespace, kind) of which everything is known.
    """

    observed: Observed
    looked: frozenset[Managed]
    left_out: tuple[str, ...]
    read: frozenset[tuple[str, str]]
    gaps: tuple[Gap, ...]


async def read_grounds(cluster: Cluster, scope: Scope, namespace: str | None) -> Grounds:
    """Read Flux objects and controllers, with one kubectl each.

    Args:
        cluster: what is asked.
        scope: from `Cluster.open`.
        namespace: where to read alone if the identity may not list all namespaces; one more kubectl then.

    Raises:
        KubectlError: no Flux object could be read.
    """
    found: list[Reading[Examined]] = []
    parts: list[Reading[Any]] = []
    gaps: list[Gap] = []
    only: list[str] = []

    async def read_flux() -> None:
        reading = await cluster.read(scope, FLUX_KINDS, view_examined)
        if reading.blank and namespace is not None and isinstance(reading.gaps[0].error, Forbidden):
            reading = await cluster.read(scope, FLUX_KINDS, view_examined, namespace=namespace)
            only.append(namespace)
        reading.require()
        found.append(reading)

    async def read_controllers() -> None:
        try:
            kinds = (DEPLOYMENT, REPLICA_SET, POD)
            parts.append(await cluster.read(scope, kinds, view_observed, selector=CONTROLLERS))
        except KubectlError as error:
            gaps.append(Gap(("the controllers",), error.brief, error))

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(read_flux)
            group.start_soon(read_controllers)
    except ExceptionGroup as several:
        raise first_of(several) from None
    objects: Sequence[Workload | Pod | Event] = parts[0].objects if parts else ()
    deployments = [one for one in objects if isinstance(one, Workload) and one.ref.kind == DEPLOYMENT.kind]
    pods = [one for one in objects if isinstance(one, Pod)] if parts and POD.kind in parts[0].read else None
    return Grounds(
        flux=found[0],
        only=only[0] if only else None,
        controllers=controllers(deployments, pods),
        observed=observe(objects),
        gaps=(*gaps, *(_of_controllers(gap) for part in parts for gap in part.gaps)),
    )


def _of_controllers(gap: Gap) -> Gap:
    return replace(gap, kinds=tuple(f"{kind} of the controllers" for kind in gap.kinds))


async def read_health(cluster: Cluster, scope: Scope, failed: Iterable[Managed]) -> Health:
    """Read workloads, Pods and Events in the namespaces of workloads whose health check failed, one kubectl each."""
    workloads = [one for one in failed if one.namespace]
    often = Counter(one.namespace for one in workloads)
    # Where most failed comes first; what is left out is said.
    ordered = sorted(often, key=lambda name: (-often[name], name))
    chosen, left_out = ordered[:NAMESPACES], ordered[NAMESPACES:]
    objects: dict[str, Sequence[Workload | Pod | Event]] = {}
    read: set[tuple[str, str]] = set()
    gaps: list[Gap] = []

    async def read_one(namespace: str) -> None:
        kinds = _kinds(one for one in workloads if one.namespace == namespace)
        try:
            reading: Reading[Workload | Pod | Event] = await cluster.read(
                scope, kinds, view_observed, namespace=namespace
            )
        except KubectlError as error:
            gaps.append(Gap((f"workloads, Pods and Events in {namespace}",), error.brief, error))
            return
        except BadArgument:
            gaps.append(Gap((f"workloads, Pods and Events in {value(namespace)}",), "no name of a namespace"))
            return
        objects[namespace] = reading.objects
        read.update((namespace, kind) for kind in reading.read)
        gaps.extend(replace(gap, kinds=tuple(f"{kind} in {namespace}" for kind in gap.kinds)) for gap in reading.gaps)

    async with anyio.create_task_group() as group:
        for namespace in chosen:
            group.start_soon(read_one, namespace)
    looked = frozenset(one for one in workloads if one.namespace in chosen)
    # In the order of the names, whatever order the answers came in.
    observed = observe(one for namespace in chosen for one in objects.get(namespace, ()))
    ordered_gaps = tuple(sorted(gaps, key=lambda gap: gap.kinds))
    return Health(observed, looked, tuple(left_out), frozenset(read), ordered_gaps)


def _kinds(workloads: Iterable[Managed]) -> tuple[Kind, ...]:
    """The kinds to read to see why these are not ready: no more than are needed."""
    wanted: dict[Kind, None] = {}
    for one in workloads:
        if (kind := one.workload) is not None:
            wanted[kind] = None
            if kind.kind in _BETWEEN:
                wanted[_BETWEEN[kind.kind]] = None
    return (*wanted, POD, EVENT)
