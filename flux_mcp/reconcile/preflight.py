"""What is checked before a request to reconcile: the object, its sources, and whether the identity may annotate them.

Nothing here writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio

from flux_mcp.api.kind import FluxKind
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import task_group
from flux_mcp.cluster.get import find_one, namespaces_of
from flux_mcp.errors import BadArgument, CannotReconcile, Forbidden, KubectlError, NotFound
from flux_mcp.kubectl.command import CanI
from flux_mcp.kubectl.validate import echo
from flux_mcp.reconcile.outcome import Target, refusal, sources_of, view_target
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of, value

AT_ONCE: Final = 8
"""kubectl processes that check whether the identity may annotate, at once."""


@dataclass(frozen=True, slots=True)
class SourceChain:
    """The sources of an object.

    Attributes:
        found: those that are requested.
        depth: how many stages there are up to each of them.
        left_out: sources that are not requested, and why, as what follows their name in a sentence.
    """

    found: dict[ObjectRef, Target] = field(default_factory=dict)
    depth: dict[ObjectRef, int] = field(default_factory=dict)
    left_out: dict[ObjectRef, str] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[tuple[Target, ...], ...]:
        """What is requested one after the other; those of one stage at once."""
        depths = sorted(set(self.depth.values()))
        return tuple(tuple(self.found[ref] for ref, at in self.depth.items() if at == depth) for depth in depths)


class Preflight:
    """The checks of one call."""

    def __init__(self, cluster: Cluster, request: RequestContext) -> None:
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
        elsewhere = await self._elsewhere(kind, name)
        more = f" It is in {elsewhere}: pass that namespace." if elsewhere else ""
        raise NotFound(
            f"There is no {kind.kind} {echo(name)} in namespace {namespace}; {self._request.where}.{more}",
            brief="not found",
        )

    async def _elsewhere(self, kind: FluxKind, name: str) -> str:
        try:
            found = (await self._cluster.read(self._request, (kind,), view_target, named=name)).objects
        except KubectlError:
            return ""
        return namespaces_of([target for target in found if target.ref.name == name])

    async def source_chain(self, target: Target) -> SourceChain:
        """The sources of an object that are requested before it, in order.

        Raises:
            CannotReconcile: there is no source to request, or a source would not run.
            NotFound: a source does not exist.
            KubectlError: one could not be read.
        """
        chain = SourceChain()
        refs = sources_of(target)
        if not refs:
            raise self._cannot(target.ref, "names no source that can be requested")
        for ref in refs:
            await self._follow(chain, target, ref, siblings=len(refs))
        return chain

    async def _follow(self, chain: SourceChain, user: Target, ref: ObjectRef, siblings: int) -> int:
        """Add a source and what it comes from; how many stages there are up to it."""
        if ref in chain.depth or ref in chain.left_out:
            return chain.depth.get(ref, 0)
        try:
            source = await self._source(ref)
        except NotFound:
            if ref != user.chart:
                raise
            chain.left_out[ref] = "does not exist yet: helm-controller creates it"
            above = user.chart_source
            return await self._follow(chain, user, above, siblings=1) if above is not None else 0
        optional = siblings > 1 and source.object.kind.reconcilable and refusal(source) != ""
        if source.object.oci_helm_repository or optional:
            chain.left_out[ref] = refusal(source)
            return 0
        refs = sources_of(source)
        if source.object.kind.reconcilable or source.object.deleted is not None:
            self.check(source)
        elif not refs:
            foreign = "was not made by an ArtifactGenerator, so that nothing can be requested for it"
            if siblings == 1:
                raise self._cannot(ref, foreign)
            chain.left_out[ref] = foreign
            return 0
        chain.depth[ref] = 0  # a chain that leads back to itself ends here
        depth = 1 + max([await self._follow(chain, source, each, siblings=len(refs)) for each in refs], default=0)
        del chain.depth[ref]
        chain.found[ref], chain.depth[ref] = source, depth
        return depth

    async def _source(self, ref: ObjectRef) -> Target:
        kind = by_kind.get(ref.kind)
        if kind is None:
            raise self._cannot(ref, "is not of a kind that can be requested")
        try:
            return await find_one(self._cluster, self._request, kind, ref.name, ref.namespace, view_target)
        except NotFound:
            raise NotFound(
                f"The source {name_of(ref)} does not exist; {self._request.where}. Nothing was requested.",
                brief="not found",
            ) from None
        except BadArgument:
            # Nobody checks what a reference names.
            raise self._cannot(ref, "cannot exist: no object may have that name") from None

    def check(self, target: Target) -> None:
        """Refuse a request without effect.

        Raises:
            CannotReconcile: it would have none.
        """
        if why := refusal(target):
            by = target.object.suspended_by if target.object.disabled else ""
            raise self._cannot(target.ref, f"{why}, suspended by {value(by)}" if by else why)

    def _cannot(self, ref: ObjectRef, why: str) -> CannotReconcile:
        return CannotReconcile(f"{name_of(ref)} {why}; {self._request.where}. Nothing was requested.")

    async def forbidden(self, targets: Sequence[Target]) -> dict[ObjectRef, Forbidden]:
        """The objects that the identity may not annotate: checked for all of a kind in a namespace, then for each.

        Raises:
            KubectlError: that could not be checked.
        """
        places: dict[tuple[FluxKind, str], list[Target]] = {}
        for target in targets:
            places.setdefault((target.object.kind, target.ref.namespace), []).append(target)
        found: dict[ObjectRef, Forbidden] = {}

        async def check(kind: FluxKind, namespace: str, there: Sequence[Target]) -> None:
            version = await self._cluster.version_of(self._request, kind)
            if len(there) > 1 and await self._may(CanI(kind, version, "patch", namespace)):
                return
            async with task_group() as group:
                for target in there:
                    group.start_soon(check_one, version, target)

        async def check_one(version: str, target: Target) -> None:
            try:
                question = CanI(target.object.kind, version, "patch", target.ref.namespace, target.ref.name)
            except BadArgument:
                return  # the request itself is refused
            if not await self._may(question):
                found[target.ref] = self._forbidden(target)

        async with task_group() as group:
            for (kind, namespace), there in places.items():
                group.start_soon(check, kind, namespace, there)
        return found

    async def _may(self, question: CanI) -> bool:
        async with self._places:
            return await self._cluster.may_patch(self._request, question)

    def _forbidden(self, target: Target) -> Forbidden:
        who = value(self._request.identity[1])
        resource, namespace = target.object.kind.resource, value(target.ref.namespace)
        return Forbidden(
            f"Forbidden: {who} may not patch {resource} in namespace {namespace}, which a request to reconcile needs; "
            f"{self._request.where}. Nothing was requested.",
            brief=f"forbidden: {who} may not patch {resource} in namespace {namespace}",
            resources=(resource,),
        )
