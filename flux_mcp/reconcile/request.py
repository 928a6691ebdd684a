"""Requesting a reconciliation: the one write, whether it was applied, and reading what was requested."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import anyio

from flux_mcp.api.kind import FORCE, RESET
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import task_group
from flux_mcp.cluster.get import find_one
from flux_mcp.cluster.result import ListResult
from flux_mcp.errors import (
    BadArgument,
    BadKubeconfig,
    BadOutput,
    Conflict,
    Forbidden,
    KindNotInstalled,
    KubectlError,
    NotFound,
    NotLoggedIn,
    TimedOut,
    UnknownContext,
)
from flux_mcp.kubectl.command import Annotate
from flux_mcp.reconcile.outcome import ReconcileRequest, Target, to_token, view_target
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of

MARGIN: Final = 1.0
"""Seconds before the end of the whole call at which requesting ends, so that there still is an answer."""
AT_ONCE: Final = 8
"""kubectl processes that annotate at once."""
TRIES: Final = 3
"""Times that a request is made where somebody else writes the object at the same moment."""
UNKNOWN: Final = "; the request may or may not have been applied"
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
    """Makes the requests of one call."""

    def __init__(self, cluster: Cluster, request: RequestContext) -> None:
        self._cluster, self._request = cluster, request
        self._places = anyio.CapacityLimiter(AT_ONCE)
        self._begun: set[ObjectRef] = set()

    async def make(
        self, target: Target, *, force: bool = False, reset: bool = False, revision: str = ""
    ) -> ReconcileRequest:
        """Make the request: the one write.

        Args:
            target: the object.
            force: also with forceAt.
            reset: also with resetAt.
            revision: that its source has, where that was requested before.

        Raises:
            KubectlError: it was not made; where that is not known, the sentence says so.
        """
        kind, ref = target.object.kind, target.ref
        token = _tokens.take(besides=(target.requested_at, target.object.handled_at))
        version = await self._cluster.version_of(self._request, kind)
        annotate = Annotate(kind, version, ref.namespace, ref.name, token, force, reset)
        async with self._places:
            self._begun.add(ref)
            await self._annotate(annotate, target)
        options = tuple(key for key, given in ((FORCE, force), (RESET, reset)) if given)
        return ReconcileRequest(target, token, options, revision)

    async def make_all(
        self, targets: Sequence[Target]
    ) -> tuple[tuple[ReconcileRequest, ...], dict[ObjectRef, KubectlError]]:
        """Make a request to each, at most eight at once: those that were made, and the errors of the others.

        It ends a second before the whole call would, so that the answer holds what was requested.

        Raises:
            FluxMcpError: there is no kubectl to start.
        """
        made: dict[ObjectRef, ReconcileRequest] = {}
        errors: dict[ObjectRef, KubectlError] = {}

        async def make_one(target: Target) -> None:
            try:
                made[target.ref] = await self.make(target)
            except KubectlError as error:
                errors[target.ref] = error
            except BadArgument as error:
                errors[target.ref] = BadOutput(f"{error} ({self._request.where})", brief="invalid object name")

        left = anyio.current_effective_deadline() - anyio.current_time() - MARGIN
        with anyio.move_on_after(max(0.0, left)):
            async with task_group() as group:
                for target in targets:
                    group.start_soon(make_one, target)
        for target in targets:
            if target.ref not in made and target.ref not in errors:
                late = f"timed out{UNKNOWN if target.ref in self._begun else ''}"
                errors[target.ref] = TimedOut(f"{name_of(target.ref)}: {late} ({self._request.where}).", brief=late)
        return tuple(made[target.ref] for target in targets if target.ref in made), errors

    async def _annotate(self, annotate: Annotate, target: Target) -> None:
        for left in reversed(range(TRIES)):
            try:
                await self._cluster.annotate(self._request, annotate)
            except Conflict:
                if not left:
                    raise
            except _NOT_WRITTEN:
                raise
            except KubectlError as error:
                await self._verify(annotate, target, error)
                return
            else:
                return

    async def _verify(self, annotate: Annotate, target: Target, error: KubectlError) -> None:
        """Look whether a request was applied whose kubectl failed in a way that does not show it.

        Raises:
            KubectlError: it was not, or that could not be seen.
        """
        try:
            now = await find_one(
                self._cluster, self._request, annotate.kind, annotate.name, annotate.namespace, view_target
            )
        except KubectlError:
            raise self._unknown(error, target) from None
        if annotate.token not in {now.requested_at, now.object.handled_at}:
            # What the API server did not answer in time may be written all the same, and be replaced by now.
            raise self._unknown(error, target) from None

    def _unknown(self, error: KubectlError, target: Target) -> KubectlError:
        return type(error)(
            f"{error} The request for {name_of(target.ref)} may or may not have been applied.",
            brief=f"{error.brief}{UNKNOWN}",
            resources=error.resources,
        )

    async def look(self, requests: Sequence[ReconcileRequest], namespace: str | None = None) -> ListResult[Target]:
        """The objects as they are now, with one kubectl: one object by its name, else all of their kinds.

        Args:
            requests: that were made to them.
            namespace: where several of them are; None for more than one.

        Raises:
            KubectlError: nothing could be read.
        """
        kinds = tuple({made.before.object.kind: None for made in requests})
        names = tuple(made.ref.name for made in requests) if len(requests) == 1 else ()
        where = requests[0].ref.namespace if names else namespace
        try:
            return await self._cluster.read(self._request, kinds, view_target, namespace=where, names=names)
        except NotFound:
            return ListResult((), frozenset(kind.kind for kind in kinds))
