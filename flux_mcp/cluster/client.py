"""One question → the objects it needs, and what could not be read.

A `Cluster` remembers what seldom changes: the context in use, the names in the kubeconfig, the kinds that each API
server serves. It never remembers an object.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial, reduce
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread

from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import group_of
from flux_mcp.api.unstructured import text
from flux_mcp.cluster.discovery import REMEMBERED, Discovery
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.result import ListResult, Named, Unread, find_unread, not_installed
from flux_mcp.errors import (
    BadKubeconfig,
    BadOutput,
    CannotReconcile,
    Forbidden,
    ForbiddenEverywhere,
    ImpersonationForbidden,
    KindNotInstalled,
    KubectlError,
    KubectlTooOld,
)
from flux_mcp.kubectl.base import Kubectl, Output
from flux_mcp.kubectl.command import (
    MOST_NAMES,
    Annotate,
    CanI,
    Command,
    ConfigView,
    Get,
    Logs,
    ServerVersion,
    Version,
)
from flux_mcp.kubectl.kubeconfig import Kubeconfig, check_files, file_stamp, in_pod, parse_kubeconfig
from flux_mcp.kubectl.output import continues, map_items, parse_document, problems
from flux_mcp.kubectl.validate import echo
from flux_mcp.request import ContextEntry, ErrorContext, RequestContext
from flux_mcp.sanitize.quote import value
from flux_mcp.settings import Access

T = TypeVar("T", bound=Named)

OLDEST_KUBECTL: Final = (1, 28)
_NO_SUCH_TYPE: Final = "the server doesn't have a resource type"
"""What `auth can-i` warns of when it asks about a resource as it is spelled, whatever its answer is."""
SMALL: Final = 1 << 20
"""Bytes up to which a list is parsed at once, without a thread of its own."""


class Cluster:
    """The cluster that questions are about.

    Args:
        kubectl: what answers.
        access: the flags that the process was started with.
        monotonic: a clock for what is remembered, in seconds.

    Attributes:
        tools: the names of the tools that are offered, for every RequestContext.
        in_use: the context that a call without one is about; None before the first call.
        kubectl_version: after `open`; empty before.
    """

    def __init__(
        self, kubectl: Kubectl, access: Access | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask nothing yet."""
        self._kubectl, self._access, self._monotonic = kubectl, access or Access(), monotonic
        self.in_use: str | None = self._access.context
        self.tools: frozenset[str] = frozenset()
        self._kubeconfig: tuple[object, Kubeconfig] | None = None
        self.kubectl_version = ""
        self._server_versions: dict[str | None, tuple[str, float]] = {}
        self._first_seen: dict[str, ContextEntry] = {}
        self._opening = anyio.Lock()
        self._discovery = Discovery(kubectl, monotonic)

    async def _ask(self, command: Command, error_context: ErrorContext) -> Output:
        """Run one command; an error that does not know where it happened gets the context."""
        try:
            return await self._kubectl.run(command, error_context.context)
        except KubectlError as error:
            raise error.at(str(error_context)) from None

    async def _printed(self, command: Command, error_context: ErrorContext) -> bytes:
        """What a command printed that did not fail."""
        output = await self._ask(command, error_context)
        for error in problems(output, error_context):
            raise error
        return output.stdout

    async def kubeconfig(self) -> Kubeconfig:
        """The kubeconfig as it is now.

        Raises:
            BadKubeconfig: it cannot be read.
        """
        return parse_kubeconfig(parse_document(await self._printed(ConfigView(), ErrorContext(None))))

    async def open(self, context: str | None = None, *, choose: bool = True) -> RequestContext:
        """Settle which context an answer is about, and as whom. Without `context` it is the one in use.

        The kubeconfig's own current context is taken once, at the first call, and kept: `kubectl config use-context`
        in another terminal must not redirect the next answer.

        Args:
            context: its name.
            choose: whether one must be in use; without, none may be.

        Raises:
            KubectlTooOld: kubectl is older than 1.28.
            UnknownContext: the kubeconfig has no such context.
            BadKubeconfig: it has contexts, but none is chosen, or the one that is has no cluster.
        """
        async with self._opening:
            stamp = file_stamp(self._access.kubeconfig)
            if self._kubeconfig is None or self._kubeconfig[0] != stamp:
                self._kubeconfig = stamp, await self._look()
                self._discovery.forget()
                self._server_versions.clear()
        known = self._kubeconfig[1]
        if context is None and self.in_use is None and (choose or known.current or len(known.contexts) == 1):
            self.in_use = known.choose()
        name = context if context is not None else self.in_use
        if not known.contexts and not self._access.server:
            check_files(self._access.kubeconfig)
        entry = known.find(name) if name is not None and (choose or known.has(name)) else None
        if choose and entry is not None and entry.without_cluster and not self._access.server:
            raise BadKubeconfig(
                f"Context {value(entry.name)} names cluster {value(entry.cluster)}, which the kubeconfig does not "
                "define: add it under clusters, or pass another context.",
                brief="bad kubeconfig",
            )
        return RequestContext(
            context=name,
            identity=self._identity(name, entry),
            now=self._kubectl.moment(name) or datetime.now(UTC),
            where=ErrorContext(name, impersonating=self._kubectl.impersonated(name) is not None),
            moved=self._moved(entry, chosen=context is not None),
            chosen=context is not None,
            in_pod=name is None and in_pod(),
            tools=self.tools,
        )

    def recorded(self, request: RequestContext) -> bool:
        """Whether a recording answers, which takes no process."""
        return self._kubectl.moment(request.context) is not None

    def _moved(self, entry: ContextEntry | None, *, chosen: bool) -> tuple[str, str] | None:
        """Where the context led to when it was first used and where it leads to now; None where that is the same.

        A call that names the context takes it as it is now.
        """
        if entry is None:
            return None
        first = self._first_seen.setdefault(entry.name, entry)
        if chosen:
            self._first_seen[entry.name] = entry
        if (first.server, first.cluster, first.user) == (entry.server, entry.cluster, entry.user):
            return None
        before, now = (f"user {one.user} at {one.server or one.cluster}" for one in (first, entry))
        return before, now

    def _identity(self, context: str | None, entry: ContextEntry | None) -> tuple[str, str]:
        if (impersonated := self._kubectl.impersonated(context)) is not None:
            return "as", impersonated
        return "user", entry.user if entry is not None and entry.user else "unknown"

    async def _look(self) -> Kubeconfig:
        """The kubeconfig, and at the first time kubectl's version beside it."""
        if self.kubectl_version:
            return await self.kubeconfig()
        async with gather() as reads:
            found = reads.start("the kubeconfig", self.kubeconfig(), Kubeconfig("", ()), required=True)
            reads.start("kubectl's version", self._check_version(), None, required=True)
        return found.value

    async def _check_version(self) -> None:
        client = parse_document(await self._printed(Version(), ErrorContext(None))).get("clientVersion")
        reported = client.get("gitVersion") if isinstance(client, dict) else None
        version = re.match(r"v?(\d+)\.(\d+)", reported) if isinstance(reported, str) else None
        if version is None or (int(version[1]), int(version[2])) < OLDEST_KUBECTL:
            which = echo(reported) if isinstance(reported, str) else "without a clientVersion"
            raise KubectlTooOld(
                f"kubectl {which} is too old or not known: version {'.'.join(map(str, OLDEST_KUBECTL))} or newer is "
                "needed. Set --kubectl (FLUX_MCP_KUBECTL) to another one."
            )
        self.kubectl_version = str(reported)

    async def resolve(self, request: RequestContext, kind: str, api_version: str | None = None) -> Kind:
        """The kind that a spelling means: see `Discovery.resolve`."""
        return await self._discovery.resolve(request.where, kind, api_version)

    async def read(  # noqa: PLR0913 (one parameter a flag of kubectl get)
        self,
        request: RequestContext,
        kinds: Sequence[Kind],
        view: Callable[[dict[str, Any]], T | None],
        *,
        namespace: str | None = None,
        names: tuple[str, ...] = (),
        selector: str | None = None,
        named: str | None = None,
        warnings: bool = False,
        insist: Collection[Kind] = (),
        managed_fields: bool = False,
    ) -> ListResult[T]:
        """Read kinds with one kubectl, once the served kinds are known; more than ten names with more than one.

        What could not be read of some kinds stands in the result's `unread`; `ListResult.require` makes an error of it.

        Args:
            view: makes a view of each item at once, so that the item can be dropped; None for an item that is not
                understood. One of another kind, namespace or name than was requested counts as not understood.
            namespace: None reads all.
            names: only the objects of these names, of the one kind.
            selector: a label selector.
            named: only the objects of this name, in whatever namespace.
            warnings: only Warning Events that are not about Pods.
            insist: kinds that somebody named: where one is missing, discovery runs again.
            managed_fields: with metadata.managedFields.

        Raises:
            KubectlError: kubectl could not ask at all (unreachable, not logged in and the like).
        """
        if len(names) > MOST_NAMES:
            parts = [names[at : at + MOST_NAMES] for at in range(0, len(names), MOST_NAMES)]
            async with gather() as reads:
                found = [
                    reads.read(
                        [kind.kind for kind in kinds],
                        self.read(request, kinds, view, namespace=namespace, names=part, insist=insist),
                    )
                    for part in parts
                ]
            return reduce(ListResult[T].beside, (pending.value for pending in found))
        served = await self._discovery.served(request.where, (kind.group for kind in kinds))
        if any(kind in served.split(kinds, request.where)[1] for kind in insist):
            served = await self._discovery.served(request.where, after=served)
        for again in (False, True):
            present, absent, unread = served.split(kinds, request.where)
            if not present:
                return ListResult((), frozenset(kind.kind for kind in absent), absent, unread)
            resources = tuple(name for kind in present if (name := served.resource(kind)))
            command = Get(resources, namespace, names, selector, named, warnings, managed_fields)
            output = await self._ask(command, request.where)
            errors = [_for_kinds(error, present) for error in problems(output, request.where)]
            if again or not any(isinstance(error, KindNotInstalled) for error in errors):
                break
            served = await self._discovery.served(request.where, after=served)
        odd = Counter[str]()
        view_requested = _if_requested(view, command, present, odd)
        views = await _map(output.stdout, view_requested, errors, request.where, single=len(names) == 1)
        has_more_pages = continues(output.stdout)
        # It may be large, and another call may be waiting to read as much.
        del output
        objects = tuple(one for one in views if one is not None)
        odd[present[0].kind if len(present) == 1 else ""] += views.count(None) - odd.total()
        unread = (*unread, *find_unread(present, errors, objects))
        if doubtful := served.mistakable(present, {one.ref.kind for one in objects}):
            served = await self._discovery.served(request.where, after=served)
            unread = (*unread, *served.split(doubtful, request.where)[2])
        if has_more_pages:
            more = "the list has more pages"
            error = BadOutput(f"kubectl printed a part: {more}; {request.where}.", brief=more)
            unread = (*unread, Unread(tuple(kind.kind for kind in present), more, error, partly=True))
        for kind, count in (+odd).items():
            why = f"{count} item{'s' * (count > 1)} not understood"
            error = BadOutput(f"kubectl printed {why}; {request.where}.", brief=why)
            # Where nothing is understood, nothing is known of any kind.
            kinds_of_it = (kind,) if kind else () if objects else tuple(each.kind for each in present)
            unread = (*unread, Unread(kinds_of_it, why, error, partly=True))
        in_part = {kind for part in unread for kind in part.kinds}
        # What is not understood may be of any kind.
        in_full = frozenset(kind.kind for kind in (*absent, *(() if odd[""] else present))) - in_part
        return ListResult(objects, in_full, absent, unread)

    async def served(self, request: RequestContext, kinds: Sequence[Kind]) -> tuple[Kind, ...]:
        """Those of the kinds that the API server serves.

        Raises:
            KubectlError: the request failed.
        """
        served = await self._discovery.served(request.where, (kind.group for kind in kinds))
        return served.split(kinds, request.where)[0]

    async def version_of(self, request: RequestContext, kind: Kind, *, not_in: str | None = None) -> str:
        """The version in which a kind is requested.

        Args:
            not_in: a version that turned out not to be served any more.

        Raises:
            KindNotInstalled: the API server does not serve the kind.
            KubectlError: the request failed.
        """
        served = await self._discovery.served(request.where, (kind.group,))
        if kind.resource not in served.kinds or served.kinds[kind.resource][1] == not_in:
            served = await self._discovery.served(request.where, (kind.group,), after=served)
        if kind.resource not in served.kinds:
            for unread in served.split((kind,), request.where)[2]:
                if unread.error is not None:
                    raise unread.error
            raise not_installed((kind,), request.where)
        return served.kinds[kind.resource][1]

    async def _ask_in_version(
        self, request: RequestContext, command: Annotate | CanI
    ) -> tuple[Output, tuple[KubectlError, ...]]:
        """Run a command about one kind; once more in another version where its own is no longer served."""
        if request.moved is not None and not request.chosen:
            raise CannotReconcile(
                f"The kubeconfig was replaced: {request.where} was {value(request.moved[0])} and is "
                f"{value(request.moved[1])}. Nothing was requested. To use it as it is now, pass context or restart "
                "the server."
            )
        output = await self._ask(command, request.where)
        errors = problems(output, request.where)
        if any(isinstance(error, KindNotInstalled) for error in errors) or _NO_SUCH_TYPE in output.stderr:
            version = await self.version_of(request, command.kind, not_in=command.version)
            output = await self._ask(replace(command, version=version), request.where)
            errors = problems(output, request.where)
        return output, errors

    async def logs(self, request: RequestContext, logs: Logs) -> bytes:
        """The log of one container, as it was printed.

        Raises:
            KubectlError: there is none, or it cannot be read.
        """
        return await self._printed(logs, request.where)

    async def may_patch(self, request: RequestContext, question: CanI) -> bool:
        """Whether the identity may annotate; also where it may not even ask that: then the annotation itself will tell.

        Raises:
            KubectlError: the request failed.
        """
        return _may(*await self._ask_in_version(request, question))

    async def may_everywhere(self, request: RequestContext, question: CanI) -> bool:
        """Whether the identity may do something in all namespaces; also where it may not even ask that.

        Raises:
            KubectlError: the request failed.
        """
        output = await self._ask(question, request.where)
        return _may(output, problems(output, request.where))

    async def annotate(self, request: RequestContext, annotate: Annotate) -> None:
        """Ask Flux to reconcile: the one thing that is ever written.

        Raises:
            KubectlError: the API server did not take it, or it is not known whether it did.
        """
        for error in (await self._ask_in_version(request, annotate))[1]:
            raise error

    async def served_names(self, request: RequestContext) -> frozenset[str]:
        """The `plural.group` names that the API server serves, without those of groups that it could not tell.

        Raises:
            KubectlError: they were not reported.
        """
        return frozenset((await self._discovery.served(request.where)).kinds)

    async def versions(self, request: RequestContext) -> dict[str, Any]:
        """What `kubectl version` prints: kubectl's own, and where it was reported the API server's.

        Raises:
            KubectlError: kubectl printed nothing.
        """
        output = await self._ask(ServerVersion(), request.where)
        if not output.stdout.strip():
            for error in problems(output, request.where):
                raise error
        return parse_document(output.stdout)

    async def server_version(self, request: RequestContext) -> str:
        """The version of the API server, which is remembered as long as the kinds that it serves.

        Raises:
            KubectlError: it was not reported.
        """
        known, until = self._server_versions.get(request.context, ("", 0.0))
        if known and until >= self._monotonic():
            return known
        reported = parse_document(await self._printed(ServerVersion(), request.where)).get("serverVersion")
        version = reported.get("gitVersion") if isinstance(reported, dict) else None
        if not isinstance(version, str):
            raise BadOutput("kubectl version did not report the API server's version.", brief="not reported")
        self._server_versions[request.context] = version, self._monotonic() + REMEMBERED
        return version


async def _map(
    stdout: bytes,
    project: Callable[[dict[str, Any]], T | None],
    found: Sequence[KubectlError],
    error_context: ErrorContext,
    *,
    single: bool,
) -> list[T | None]:
    try:
        if len(stdout) <= SMALL:
            return map_items(stdout, project, single=single)
        return await anyio.to_thread.run_sync(partial(map_items, single=single), stdout, project)
    except KubectlError as error:
        raise (found[0] if found else error.at(str(error_context))) from None


def _if_requested(
    view: Callable[[dict[str, Any]], T | None], command: Get, kinds: Sequence[Kind], odd: Counter[str]
) -> Callable[[dict[str, Any]], T | None]:
    """A view of the items that were requested; `odd` counts the others by kind, empty where it is not known."""
    groups = {kind.group for kind in kinds}
    known = frozenset(kind.kind for kind in kinds)

    def view_requested(item: dict[str, Any]) -> T | None:
        api_version, kind = text(item, "apiVersion"), text(item, "kind")
        is_served = not api_version or group_of(api_version) in groups
        found = view(item) if is_served else None
        if (
            found is not None
            and found.ref.kind in known
            # Whatever has no namespace is in all of them.
            and (command.namespace is None or found.ref.namespace in {"", command.namespace})
            and (not command.names or found.ref.name in command.names)
        ):
            return found
        # Where one kind was requested, each item is of that kind, whatever it names.
        odd[kinds[0].kind if len(kinds) == 1 else kind if is_served and kind in known else ""] += 1
        return None

    return view_requested


def _may(output: Output, errors: Sequence[KubectlError]) -> bool:
    """What `kubectl auth can-i` printed; True where the identity may not ask."""
    words = output.stdout.split(maxsplit=1)
    if words and (output.exit_code, words[0]) in {(0, b"yes"), (1, b"no")}:
        return words[0] == b"yes"
    for error in errors:
        if not isinstance(error, Forbidden) or isinstance(error, ImpersonationForbidden):
            raise error
    return True


def _for_kinds(error: KubectlError, kinds: Sequence[Kind]) -> KubectlError:
    """An error about kinds that have no namespaces without a word of namespaces: kubectl says the same of both."""
    about = [kind for kind in kinds if kind.resource in error.resources]
    if not isinstance(error, ForbiddenEverywhere) or not about or any(kind.namespaced for kind in about):
        return error
    sentence, brief = (text.replace(" in all namespaces", "", 1) for text in (str(error), error.brief))
    return Forbidden(sentence, brief=brief, resources=error.resources)
