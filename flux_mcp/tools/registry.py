"""The table of the tools, and the one way to call one: checked arguments, a bound on time, a text."""

import functools
import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread
import orjson
from pydantic import BaseModel

from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import find_kind
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.namespaces import check_exists, near_names
from flux_mcp.errors import FluxMcpError, ForbiddenEverywhere, NotFound, TimedOut
from flux_mcp.kubectl.base import UNFINISHED
from flux_mcp.kubectl.output import unfinished
from flux_mcp.kubectl.replay import LOGS
from flux_mcp.kubectl.validate import echo, nearest
from flux_mcp.reconcile.wait import Pace, Report, Waiter
from flux_mcp.render.answer import Answer
from flux_mcp.request import ErrorContext
from flux_mcp.settings import Settings
from flux_mcp.tools.schema import argument_model, validate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: a function in a module that both have its name, imported when it is called.

    Attributes:
        title: for people.
        reads_only: whether it changes nothing. A tool that does waits for how it ended, and takes wait_seconds.
        recorded: whether every recording can answer it; the one that reads logs needs those.
        flux_alone: whether it shows Flux objects, their status and workloads alone.
        several: whether it is about more than one context.
        destructive: whether it may do more than bring the cluster to where it is declared to be.
    """

    name: str
    title: str
    reads_only: bool = True
    recorded: bool = True
    flux_alone: bool = True
    several: bool = False
    destructive: bool = False

    @property
    def function(self) -> Callable[..., Awaitable[Answer]]:
        """What answers: takes a Cluster, a Waiter if it waits, and the parameters."""
        function: Callable[..., Awaitable[Answer]] = getattr(
            importlib.import_module(f"flux_mcp.tools.{self.name}"), self.name
        )
        return function

    @property
    def description(self) -> str:
        """The first paragraph of the function's docstring."""
        return str(_published()[self.name]["description"])


TOOLS: Final = (
    Tool("get_flux_instance", "Report the Flux installation"),
    Tool("list_flux_resources", "List Flux resources and their status"),
    Tool("get_flux_resource", "Show one Flux resource in detail"),
    Tool("diagnose_flux", "Say why Flux resources fail"),
    Tool("get_flux_changes", "Say what changed, who did it and what broke"),
    Tool("get_flux_graph", "Draw the Flux dependency flow"),
    Tool("list_flux_workloads", "List the workloads that Flux manages"),
    Tool("audit_flux_configuration", "Audit the configuration of Flux resources"),
    Tool("trace_kubernetes_resource", "Trace a Kubernetes resource to Flux"),
    Tool("get_kubernetes_events", "List Kubernetes events"),
    Tool("get_kubernetes_resources", "Get Kubernetes resources", flux_alone=False),
    Tool("get_kubernetes_logs", "Get the logs of a Pod or a workload", recorded=False, flux_alone=False),
    Tool("get_kubeconfig_contexts", "List kubeconfig contexts"),
    Tool("compare_flux", "Compare two clusters or recordings", several=True),
    Tool("get_flux_fleet", "Report all clusters", several=True),
    # A forced Helm upgrade runs hooks.
    Tool("reconcile_flux_resource", "Reconcile one Flux resource", reads_only=False, destructive=True),
    Tool("reconcile_flux_sources", "Reconcile all Flux sources", reads_only=False),
)


@functools.cache
def _published() -> Mapping[str, Mapping[str, Any]]:
    """The description and the schema of each tool, which `make docs` writes from the functions.

    A server lists all tools and calls few: what they import, and the models of their arguments, are a third of its
    start.
    """
    found: Mapping[str, Mapping[str, Any]] = orjson.loads((files(__package__) / "published.json").read_bytes())
    return found


class UnknownTool(FluxMcpError):
    """There is no such tool in this server."""


def _why_not(tool: Tool, settings: Settings) -> str:
    """What leaves a tool out, for the sentence that says with what it is not available; empty if nothing does."""
    if settings.recordings and not tool.reads_only:
        return "--recording"
    answers = tool.recorded or not settings.recordings or settings.access.context is not None
    if not (answers or any((recording.folder / LOGS).is_dir() for recording in settings.recordings)):
        return "--recording, unless it was made with record --logs"
    if tool.several and settings.pinned:
        return "one context only (--recording can be repeated)" if settings.recordings else "one context only"
    if tool.several and settings.access.of_one_cluster:
        return "--kube-server or the certificate flags, which are those of one cluster"
    if settings.flux_only and not tool.flux_alone:
        return "--flux-only"
    return "--read-only" if settings.read_only and not tool.reads_only else ""


class Toolbox:
    """The tools of one process, as its settings allow them.

    Args:
        settings: read_only leaves writing tools out, flux_only those about any object; a pinned context leaves the
            parameter `context` out.
        pace: how often tools that wait look.
    """

    def __init__(self, cluster: Cluster, settings: Settings, pace: Pace | None = None) -> None:
        self.cluster, self._timeout, self._pace = cluster, settings.timeout, pace
        self._hidden = frozenset({"context"} if settings.pinned else ())
        self._left_out = {tool.name: why for tool in TOOLS if (why := _why_not(tool, settings))}
        self.tools = {tool.name: tool for tool in TOOLS if tool.name not in self._left_out}
        cluster.tools = frozenset(self.tools)

    def tool(self, name: str) -> Tool:
        """A tool that is available.

        Raises:
            UnknownTool: there is no such tool, or the settings leave it out.
        """
        if name not in self.tools:
            flag = self._left_out.get(name)
            what = f"{name} is not available with {flag}." if flag else f"There is no tool {echo(name)}"
            near = "" if flag else f"{nearest(name, self.tools)}."
            raise UnknownTool(f"{what}{near} Available tools: {', '.join(self.tools)}.")
        return self.tools[name]

    def prepare(self) -> None:
        """Import every tool and read every table: made beside what a call holds, they would keep that memory."""
        from flux_mcp.audit.spec_view import every_check  # noqa: PLC0415 (not at the start)
        from flux_mcp.diagnosis.catalog.lookup import failures, find_failure  # noqa: PLC0415
        from flux_mcp.sanitize.patterns import scrub  # noqa: PLC0415

        every_check()
        for tool in self.tools.values():
            self.model(tool)
        for failure in failures():
            _ = failure.regex
        find_failure("Kustomization", "UnknownFailure", "")
        scrub("password: hunter2")

    def schema(self, name: str) -> dict[str, Any]:
        """The JSON schema of a tool's arguments.

        Raises:
            UnknownTool: there is no such tool, or the settings leave it out.
        """
        schema = _published()[self.tool(name).name]["schema"]
        fields = {argument: field for argument, field in schema["properties"].items() if argument not in self._hidden}
        return {**schema, "properties": fields}

    def model(self, tool: Tool) -> type[BaseModel]:
        return argument_model(tool.function, without=self._hidden)

    async def _answer(self, tool: Tool, arguments: Mapping[str, Any]) -> Answer:
        """The answer; where nothing was found in a namespace, also whether that exists.

        Raises:
            NotFound: it does not, or there is no such object.
            FluxMcpError: there is no answer.
        """
        namespace = arguments.get("namespace")
        try:
            answer = await tool.function(self.cluster, **arguments)
        except NotFound as error:
            request = await self.cluster.open(arguments.get("context"))
            if namespace is not None:
                await check_exists(self.cluster, request, namespace)
            kind, name = arguments.get("kind"), arguments.get("name")
            kind = find_kind(kind) if isinstance(kind, str) else kind
            if not isinstance(kind, Kind) or name is None or "It is in namespace" in str(error):
                raise
            raise NotFound(f"{error}{await near_names(self.cluster, request, kind, name)}", brief=error.brief) from None
        if namespace is None or not answer.found_nothing:
            return answer
        unread = await check_exists(self.cluster, answer.request, namespace)
        return replace(answer, unread=(*answer.unread, *unread), empty_namespace="" if unread else namespace)

    async def call(self, name: str, arguments: Mapping[str, Any], report: Report | None = None) -> str:
        """Answer one call with text; see `answer`."""
        return await self.answer(name, arguments, lambda answer: answer.render(), report)

    async def answer(
        self, name: str, arguments: Mapping[str, Any], render: Callable[[Answer], T], report: Report | None = None
    ) -> T:
        """Answer one call.

        Args:
            render: writes the answer, in a thread of its own.
            report: is called with how far a tool that waits is.

        Raises:
            UnknownTool: there is no such tool, or the settings leave it out.
            BadArgument: an argument does not fit; no kubectl was started.
            TimedOut: the time for one call ran out.
            FluxMcpError: there is no answer.
        """
        tool = self.tool(name)
        checked = validate(self.model(tool), arguments)
        waiting = {} if tool.reads_only else {"waiter": Waiter(self._pace, report)}
        seconds = self._timeout + checked.get("wait_seconds", 0)
        written: list[str] = []
        UNFINISHED.set(written)
        try:
            with anyio.fail_after(seconds):
                answer = await self._answer(tool, {**waiting, **checked})
                return await anyio.to_thread.run_sync(render, answer, abandon_on_cancel=True)
        except ForbiddenEverywhere as error:
            if "namespace" not in checked or checked["namespace"] is not None:
                raise
            advice = "If access is limited to some namespaces, pass namespace."
            raise ForbiddenEverywhere(f"{error} {advice}", brief=error.brief, resources=error.resources) from None
        except TimeoutError:
            known = checked.get("context") or self.cluster.in_use
            if (login := unfinished(written, ErrorContext(known))) is not None:
                raise login from None
            context = known or "not settled yet"
            stands = "" if tool.reads_only else " Requests made until then stand."
            raise TimedOut(
                f"{name} had no answer within {seconds:g} seconds, and kubectl was ended; context {context}.{stands} "
                "The cluster or its credential plugin is slow: request one namespace or fewer kinds, or start the "
                "server with a longer --timeout.",
                brief="timeout",
            ) from None
