"""What is looked at before Flux is asked to reconcile: the object, its sources, and whether they may be asked.

Nothing here writes.
"""

from collections.abc import Sequence
from typing import Final

import anyio

from flux_mcp.api.kind import FluxKind
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.get import find_one, namespaces_of
from flux_mcp.errors import BadArgument, CannotReconcile, Forbidden, KubectlError, NotFound, first_of
from flux_mcp.kubectl.command import CanPatch
from flux_mcp.kubectl.validate import echo
from flux_mcp.reconcile.outcome import Target, refusal, source_of, view_target
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of, value

AT_ONCE: Final = 8
"""kubectl processes that ask whether the identity may annotate, at once."""


class Preflight:
    """Looks on behalf of one call.

    Args:
        cluster: what is asked.
        scope: from `Cluster.open`.
    """

    def __init__(self, cluster: Cluster, request: RequestContext) -> None:
        """Ask nothing yet."""
        self._cluster, self._request = cluster, request
        self._places = anyio.CapacityLimiter(AT_ONCE)

    async def find(self, kind: FluxKind, name: str, namespace: str) -> Target:
        """The object of that name.

        Raises:
            NotFound: there is none there; where objects of that name are in other namespaces, those are named.
            KubectlError: it could not be read.
        """
        try:
            return await find_one(self._cluster, self._request, kind, name, namespace, view_target)
        except NotFound:
            pass
        told = await self._elsewhere(kind, name)
        more = f" It is in {told}: pass that namespace." if told else ""
        raise NotFound(
            f"There is no {kind.kind} {echo(name)} in namespace {namespace}; {self._request.where}.{more}",
            brief="not found",
        )

    async def _elsewhere(self, kind: FluxKind, name: str) -> str:
        try:
            found = (await self._cluster.read(self._request, (kind,), view_target, named=name)).objects
        except KubectlError:
            return ""
        return namespaces_of([one for one in found if one.ref.name == name])

    async def road(self, target: Target) -> tuple[tuple[Target, ...], tuple[tuple[ObjectRef, str], ...]]:
        """The sources of an object that are asked before it, the furthest first; and those that are passed over, why.

        Raises:
            CannotReconcile: there is no source to ask.
            NotFound: a source does not exist.
            KubectlError: one could not be read.
        """
        asked: list[Target] = []
        passed: list[tuple[ObjectRef, str]] = []
        ref = source_of(target)
        if ref is None:
            raise self._cannot(target.ref, "names no source that can be asked")
        while ref is not None:
            try:
                source = await self._source(ref)
            except NotFound:
                if target.chart_source is None or ref != target.chart:
                    raise
                passed.append((ref, "not made yet: helm-controller makes it"))
                ref = target.chart_source
                continue
            if source.object.oci_helm_repository:
                passed.append((ref, refusal(source)))
            elif source.object.kind.reconcilable:
                asked.append(source)
            elif source_of(source) is None:
                raise self._cannot(ref, "was not made by an ArtifactGenerator, so that nothing can be asked for it")
            ref = source_of(source)
        return tuple(reversed(asked)), tuple(reversed(passed))

    async def _source(self, ref: ObjectRef) -> Target:
        kind = by_kind.get(ref.kind)
        if kind is None:
            raise self._cannot(ref, "is not of a kind that can be asked")
        try:
            return await find_one(self._cluster, self._request, kind, ref.name, ref.namespace, view_target)
        except NotFound:
            raise NotFound(
                f"The source {name_of(ref)} does not exist; {self._request.where}. Nothing was asked.",
                brief="not found",
            ) from None
        except BadArgument:
            # Nobody checks what a reference names.
            raise self._cannot(ref, "cannot exist, since no object is called so") from None

    def check(self, targets: Sequence[Target]) -> None:
        """Refuse to ask an object that would not run.

        Raises:
            CannotReconcile: the first of them.
        """
        for target in targets:
            if why := refusal(target):
                by = target.object.suspended_by if target.object.disabled else ""
                raise self._cannot(target.ref, f"{why}, suspended by {value(by)}" if by else why)

    def _cannot(self, ref: ObjectRef, why: str) -> CannotReconcile:
        return CannotReconcile(f"{name_of(ref)} {why}; {self._request.where}. Nothing was asked.")

    async def forbidden(self, targets: Sequence[Target]) -> dict[ObjectRef, Forbidden]:
        """The objects that the identity may not annotate: asked for all of a kind in a namespace, then for each.

        Raises:
            KubectlError: it could not be asked.
        """
        places: dict[tuple[FluxKind, str], list[Target]] = {}
        for target in targets:
            places.setdefault((target.object.kind, target.ref.namespace), []).append(target)
        found: dict[ObjectRef, Forbidden] = {}

        async def ask(kind: FluxKind, namespace: str, there: Sequence[Target]) -> None:
            version = await self._cluster.version_of(self._request, kind)
            if len(there) > 1 and await self._may(CanPatch(kind, version, namespace)):
                return
            async with anyio.create_task_group() as group:
                for target in there:
                    group.start_soon(ask_one, version, target)

        async def ask_one(version: str, target: Target) -> None:
            if not await self._may_one(version, target):
                found[target.ref] = self._forbidden(target)

        try:
            async with anyio.create_task_group() as group:
                for (kind, namespace), there in places.items():
                    group.start_soon(ask, kind, namespace, there)
        except ExceptionGroup as several:
            raise first_of(several) from None
        return found

    async def _may(self, question: CanPatch) -> bool:
        async with self._places:
            return await self._cluster.may_patch(self._request, question)

    async def _may_one(self, version: str, target: Target) -> bool:
        try:
            question = CanPatch(target.object.kind, version, target.ref.namespace, target.ref.name)
        except BadArgument:
            return True  # whoever makes the request is told
        return await self._may(question)

    def _forbidden(self, target: Target) -> Forbidden:
        who = value(self._request.identity[1])
        resource, namespace = target.object.kind.resource, value(target.ref.namespace)
        return Forbidden(
            f"Forbidden: {who} may not patch {resource} in namespace {namespace}, which a request to reconcile needs; "
            f"{self._request.where}. Nothing was asked.",
            brief=f"forbidden: {who} may not patch {resource} in namespace {namespace}",
            resources=(resource,),
        )
