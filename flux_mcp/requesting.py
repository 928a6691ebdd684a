"""Asking Flux to reconcile: what is looked at before, the one write, and whether it arrived."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import anyio

from flux_mcp.cluster import Cluster, Scope
from flux_mcp.errors import (
    BadKubeconfig,
    CannotReconcile,
    Conflict,
    Forbidden,
    KindNotInstalled,
    KubectlError,
    NotFound,
    NotLoggedIn,
    UnknownContext,
)
from flux_mcp.finding import find_one, namespaces_of
from flux_mcp.flux.kinds import FORCE, RESET, FluxKind, by_kind
from flux_mcp.flux.objects import ObjectRef
from flux_mcp.flux.reconciling import Request, Target, refusal, source_of, to_token, view_target
from flux_mcp.kubectl.command import Annotate, CanPatch
from flux_mcp.kubectl.shapes import echo
from flux_mcp.quoting import value
from flux_mcp.reading import Reading
from flux_mcp.text import name_of

__all__ = ["Requester"]

AT_ONCE: Final = 8
"""kubectl processes that annotate, or ask whether they may, at once."""
TRIES: Final = 3
"""Times that a request is made where somebody else writes the object at the same moment."""
_NOT_WRITTEN: Final = (
    BadKubeconfig,
    Conflict,
    Forbidden,
    KindNotInstalled,
    NotFound,
    NotLoggedIn,
    UnknownContext,
)
"""Errors after which it is certain that nothing was written."""


class _Tokens:
    """Moments that are never the same twice in this process: Flux does not act on a value that it knows."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock, self._last, self._lock = clock, 0, threading.Lock()

    def take(self, besides: Iterable[str]) -> str:
        """A new one, other than these: another clock may be ahead of ours."""
        taken = frozenset(besides)
        with self._lock:
            self._last = max(self._last + 1, self._clock())
            while to_token(self._last) in taken:
                self._last += 1
            return to_token(self._last)


_tokens: Final = _Tokens()


class Requester:
    """Asks on behalf of one call.

    Args:
        cluster: what is asked.
        scope: from `Cluster.open`.
    """

    def __init__(self, cluster: Cluster, scope: Scope) -> None:
        """Ask nothing yet."""
        self._cluster, self._scope = cluster, scope
        self._places = anyio.CapacityLimiter(AT_ONCE)

    async def find(self, kind: FluxKind, name: str, namespace: str) -> Target:
        """The object of that name.

        Raises:
            NotFound: there is none there; where objects of that name are in other namespaces, those are named.
            KubectlError: it could not be read.
        """
        try:
            return await find_one(self._cluster, self._scope, kind, name, namespace, view_target)
        except NotFound:
            pass
        told = await self._elsewhere(kind, name)
        more = f" It is in {told}: pass that namespace." if told else ""
        raise NotFound(
            f"There is no {kind.kind} {echo(name)} in namespace {namespace}; {self._scope.place}.{more}",
            brief="not found",
        )

    async def _elsewhere(self, kind: FluxKind, name: str) -> str:
        try:
            found = (await self._cluster.read(self._scope, (kind,), view_target, named=name)).objects
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
            return await find_one(self._cluster, self._scope, kind, ref.name, ref.namespace, view_target)
        except NotFound:
            raise NotFound(
                f"The source {name_of(ref)} does not exist; {self._scope.place}. Nothing was asked.", brief="not found"
            ) from None

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
        return CannotReconcile(f"{name_of(ref)} {why}; {self._scope.place}. Nothing was asked.")

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
            if len(there) > 1 and await self._may(CanPatch(kind, namespace)):
                return
            async with anyio.create_task_group() as group:
                for target in there:
                    group.start_soon(ask_one, target)

        async def ask_one(target: Target) -> None:
            if not await self._may(CanPatch(target.object.kind, target.ref.namespace, target.ref.name)):
                found[target.ref] = self._forbidden(target)

        try:
            async with anyio.create_task_group() as group:
                for (kind, namespace), there in places.items():
                    group.start_soon(ask, kind, namespace, there)
        except ExceptionGroup as several:
            raise _first(several) from None
        return found

    async def _may(self, question: CanPatch) -> bool:
        async with self._places:
            return await self._cluster.may_patch(self._scope, question)

    def _forbidden(self, target: Target) -> Forbidden:
        who = value(self._scope.identity[1])
        resource, namespace = target.object.kind.resource, value(target.ref.namespace)
        return Forbidden(
            f"Forbidden: {who} may not patch {resource} in namespace {namespace}, which a request to reconcile needs; "
            f"{self._scope.place}. Nothing was asked.",
            brief=f"forbidden: {who} may not patch {resource} in namespace {namespace}",
            resources=(resource,),
        )

    async def ask(self, target: Target, *, force: bool = False, reset: bool = False) -> Request:
        """Make the request: the one write.

        Raises:
            KubectlError: it was not made; where that is not known, the sentence says so.
        """
        kind, ref = target.object.kind, target.ref
        token = _tokens.take(besides=(target.asked_at, target.object.handled_at))
        annotate = Annotate(kind, ref.namespace, ref.name, token, force, reset)
        async with self._places:
            await self._annotate(annotate, target)
        options = tuple(key for key, given in ((FORCE, force), (RESET, reset)) if given)
        return Request(target, token, options)

    async def ask_all(self, targets: Sequence[Target]) -> tuple[tuple[Request, ...], dict[ObjectRef, KubectlError]]:
        """Make a request to each, at most eight at once: those that were made, and the errors of the others.

        Raises:
            FluxMcpError: there is no kubectl to ask with.
        """
        made: dict[ObjectRef, Request] = {}
        errors: dict[ObjectRef, KubectlError] = {}

        async def ask_one(target: Target) -> None:
            try:
                made[target.ref] = await self.ask(target)
            except KubectlError as error:
                errors[target.ref] = error

        try:
            async with anyio.create_task_group() as group:
                for target in targets:
                    group.start_soon(ask_one, target)
        except ExceptionGroup as several:
            raise _first(several) from None
        return tuple(made[target.ref] for target in targets if target.ref in made), errors

    async def _annotate(self, annotate: Annotate, target: Target) -> None:
        for left in reversed(range(TRIES)):
            try:
                await self._cluster.annotate(self._scope, annotate)
            except Conflict:
                if not left:
                    raise
            except _NOT_WRITTEN:
                raise
            except KubectlError as error:
                await self._see(annotate, target, error)
                return
            else:
                return

    async def _see(self, annotate: Annotate, target: Target, error: KubectlError) -> None:
        """Whether a request stands whose kubectl failed in a way that does not tell.

        Raises:
            KubectlError: it does not, or that could not be seen.
        """
        try:
            now = await find_one(
                self._cluster, self._scope, annotate.kind, annotate.name, annotate.namespace, view_target
            )
        except KubectlError:
            raise type(error)(
                f"{error} It is not known whether {name_of(target.ref)} was asked.",
                brief=f"{error.brief}; not known whether it was asked",
                resources=error.resources,
            ) from None
        if annotate.token not in {now.asked_at, now.object.handled_at}:
            raise error

    async def look(self, requests: Sequence[Request], namespace: str | None = None) -> Reading[Target]:
        """The objects as they are now, with one kubectl: one object by its name, else all of their kinds.

        Args:
            requests: that were made to them.
            namespace: where several of them are; None for more than one.

        Raises:
            KubectlError: nothing could be read.
        """
        kinds = tuple({one.before.object.kind: None for one in requests})
        names = tuple(one.ref.name for one in requests) if len(requests) == 1 else ()
        where = requests[0].ref.namespace if names else namespace
        try:
            return await self._cluster.read(self._scope, kinds, view_target, namespace=where, names=names)
        except NotFound:
            return Reading((), frozenset(kind.kind for kind in kinds))


def _first(several: BaseException) -> BaseException:
    while isinstance(several, BaseExceptionGroup):
        several = several.exceptions[0]
    return several
