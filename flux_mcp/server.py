"""The MCP server: the tools of a Toolbox, prompts, skills and resources over stdio."""

import base64
import functools
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from mcp.server import MCPServer
from mcp.server.apps import client_supports_apps
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool as McpTool
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolResult,
    Completion,
    CompletionArgument,
    CompletionContext,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    GetPromptResult,
    Icon,
    InputRequiredResult,
    Prompt,
    PromptMessage,
    PromptReference,
    ResourceTemplateReference,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ListedTool
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, Field, PrivateAttr

from flux_mcp import __version__
from flux_mcp.apps import graph_app, only_where_announced, text_and_page
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import BadSetting, FluxMcpError, first_of
from flux_mcp.guides import Skill, Skills, instructions, resources, skills_for
from flux_mcp.kubectl.base import Kubectl
from flux_mcp.kubectl.connect import SeveralContexts, connect
from flux_mcp.kubectl.live import LiveKubectl
from flux_mcp.kubectl.validate import echo
from flux_mcp.memory import collect_at_rest, share_one_heap
from flux_mcp.reconcile.wait import Pace
from flux_mcp.render.answer import Answer
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Tool, Toolbox, UnknownTool
from flux_mcp.worker import on_this_loop, worker

WAITING: Final = (
    "fluxcd-mcp serve waits for an MCP client on its standard input; a client starts it by itself. At a terminal, "
    "use fluxcd-mcp call TOOL. Ctrl-C ends it."
)
"""For whoever types `serve` on a terminal."""
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#326ce5" stroke-width="2">'
    '<path d="M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5"/></svg>'
)
"""Two arrows in a circle, drawn for this program."""
ICON: Final = f"data:image/svg+xml;base64,{base64.b64encode(_ICON.encode()).decode()}"
ASK: Final = "Force reconciles even without a change: Helm upgrades {} and runs its hooks. Go on?"
_ANSWER: Final = "force"


def build(kubectl: Kubectl, settings: Settings, pace: Pace | None = None) -> MCPServer[Any]:
    """The server for a kubectl and settings. No cluster is contacted before the first call."""
    toolbox = Toolbox(Cluster(kubectl, settings.access), settings, pace)
    skills = skills_for(toolbox)
    # Before the server configures logging in a way of its own.
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="fluxcd-mcp: %(levelname)s %(name)s: %(message)s"
    )
    return _Server(
        toolbox,
        skills,
        name="fluxcd-mcp",
        title="Flux",
        version=__version__,
        instructions=instructions(toolbox, skills),
        icons=[Icon(src=ICON, mime_type="image/svg+xml", sizes=["any"])],
        tools=[_BoundTool.bind(tool, toolbox) for tool in toolbox.tools.values()],
        log_level="WARNING",
        resources=resources(toolbox, skills),
        extensions=[graph_app(), Skills(skills)],
        middleware=[only_where_announced],
    )


class _Server(MCPServer[Any]):
    """A server that says why a tool is not available; the SDK would repeat whatever name it was given."""

    def __init__(self, toolbox: Toolbox, skills: Sequence[Skill], **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings, subscriptions=False)
        self._toolbox, self._skills = toolbox, {skill.name: skill for skill in skills}
        self.completion()(self._complete)  # type: ignore[no-untyped-call]

    async def list_tools(self) -> list[ListedTool]:
        # Whoever lists the tools calls one soon.
        worker().soon(self._toolbox.prepare)
        return await super().list_tools()

    async def list_prompts(self) -> list[Prompt]:
        return [skill.prompt() for skill in self._skills.values()]

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        del context
        skill = self._skills.get(name)
        if skill is None:
            raise MCPError(INVALID_PARAMS, f"There is no prompt {echo(name)}. Prompts: {', '.join(self._skills)}.")
        text = TextContent(type="text", text=skill.message(arguments or {}))
        return GetPromptResult(
            description=skill.frontmatter["description"], messages=[PromptMessage(role="user", content=text)]
        )

    async def _complete(
        self,
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        skill = self._skills.get(ref.name) if isinstance(ref, PromptReference) else None
        if skill is None or argument.name not in skill.arguments:
            raise MCPError(INVALID_PARAMS, "There is no such prompt, or it has no such argument.")
        others = (context.arguments if context is not None else None) or {}
        from flux_mcp.tools.values import values  # noqa: PLC0415 (with the rules of the audit: part of the start)

        cluster = self._toolbox.cluster
        found = await worker().run(lambda: values(cluster, argument.name, argument.value, others))
        return Completion(values=found, total=len(found), has_more=False)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        try:
            self._toolbox.tool(name)
        except UnknownTool as error:
            return _result(str(error), is_error=True)
        return await super().call_tool(name, arguments, context)


class _BoundTool(McpTool):
    """A tool whose arguments are checked and whose errors are reported by the Toolbox, the same as without MCP."""

    _toolbox: Toolbox = PrivateAttr()

    @classmethod
    def bind(cls, tool: Tool, toolbox: Toolbox) -> "_BoundTool":
        published = {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "annotations": _hints(tool),
            "parameters": toolbox.schema(tool.name),
        }
        bound = _plain_tool().model_copy(update=published)
        bound._toolbox = toolbox  # noqa: SLF001
        return bound

    async def run(
        self,
        arguments: dict[str, Any],
        context: Context[Any, Any],
        convert_result: bool = False,  # noqa: FBT001, FBT002 (the SDK's signature)
    ) -> Any:  # noqa: ANN401
        del convert_result
        report = on_this_loop(context.report_progress)
        try:
            if (refused := await _confirm(self.name, arguments, context)) is not None:
                return refused
            render = text_and_page if client_supports_apps(context) else _text
            answer = self._toolbox.answer
            return _result(*await worker().run(lambda: answer(self.name, arguments, render, report)))
        except Exception as error:  # noqa: BLE001 (what is not foreseen must not be shown by the SDK)
            return _result(self._failure(first_of(error)), is_error=True)

    def _failure(self, error: BaseException) -> str:
        """The sentence for an error; of one that is not foreseen neither message nor traceback, which hold data."""
        if isinstance(error, FluxMcpError):
            return str(error)
        frames = traceback.extract_tb(error.__traceback__)[-1:]
        where = "".join((type(error).__name__, *(f" at {Path(one.filename).name}:{one.lineno}" for one in frames)))
        logging.getLogger("flux_mcp").error("%s: %s", self.name, where)
        return f"Error executing tool {self.name}: internal error in fluxcd-mcp ({where}), not caused by the cluster."


class _ForceConfirmation(BaseModel):
    """What the user answers before a forced reconciliation."""

    force: bool = Field(description="Force the reconciliation")


async def _confirm(
    tool: str, arguments: Mapping[str, Any], context: Context[Any, Any]
) -> CallToolResult | InputRequiredResult | None:
    """Ask the user before a forced reconciliation, where the client can; None to go on.

    Since 2026-07-28 the question is a result, and the answer comes with the same call again.
    """
    capabilities = context.client_capabilities
    # Arguments are not checked yet: Python refuses to write down a number of more than 4,300 digits.
    given = {key: found for key, found in arguments.items() if isinstance(found, str | bool)}
    if str(given.get("force")).lower() != "true" or capabilities is None or capabilities.elicitation is None:
        return None
    about = "/".join(str(given[key]) for key in ("namespace", "name") if key in given)
    question = ASK.format(echo(about))
    if is_version_at_least(context.protocol_version or "", "2026-07-28"):
        answer = (context.input_responses or {}).get(_ANSWER)
        if answer is None:
            schema = {"type": "object", "properties": {_ANSWER: {"type": "boolean"}}, "required": [_ANSWER]}
            elicited = ElicitRequest(params=ElicitRequestFormParams(message=question, requested_schema=schema))
            return InputRequiredResult(input_requests={_ANSWER: elicited})
        content = answer.content if isinstance(answer, ElicitResult) and answer.action == "accept" else None
        agreed = bool((content or {}).get(_ANSWER))
    else:
        result = await context.elicit(question, _ForceConfirmation)
        agreed = result.action == "accept" and result.data.force
    return None if agreed else _result(f"{tool}: the user did not confirm force. Nothing was requested.", is_error=True)


def _hints(tool: Tool) -> ToolAnnotations:
    if tool.reads_only:
        return ToolAnnotations(read_only_hint=True, open_world_hint=False)
    return ToolAnnotations(
        read_only_hint=False, destructive_hint=tool.destructive, idempotent_hint=False, open_world_hint=True
    )


@functools.cache
def _plain_tool() -> _BoundTool:
    """What the SDK makes of a function, made once: it takes longer than all that is ours of a tool."""
    plain = _BoundTool.from_function(_answer)
    assert isinstance(plain, _BoundTool)  # noqa: S101 (for the type checker: from_function builds its own class)
    return plain


async def _answer() -> CallToolResult:
    """Stand in for the function that the SDK wants; run() answers."""
    raise NotImplementedError


def _text(answer: Answer) -> tuple[str, None]:
    return answer.render(), None


def _result(text: str, meta: dict[str, Any] | None = None, *, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=is_error, _meta=meta)


def serve(settings: Settings) -> None:
    """Serve over stdio until the input ends.

    Raises:
        BadRecording: there is no such recording.
    """
    share_one_heap()
    kubectl = connect(settings)
    kill_all = kubectl.kill_all if isinstance(kubectl, LiveKubectl | SeveralContexts) else _nothing
    _end_with_children(kill_all)
    for stream in ("stdin", "stdout"):
        if getattr(sys, stream) is None:
            raise BadSetting(f"serve speaks MCP over stdin and stdout, and {stream} is closed.")
    if sys.stdin.isatty():
        print(WAITING, file=sys.stderr)  # noqa: T201 (for the person at the terminal)
    try:
        server = build(kubectl, settings)
        collect_at_rest()
        server.run("stdio")
    except (OSError, BaseExceptionGroup) as error:
        # Whoever read the answers is gone.
        if not isinstance(first_of(error), OSError):
            raise
    finally:
        kill_all()
    # Python would print a traceback at its end for what is left in the buffer of a stream that is closed.
    os._exit(0)


def _nothing() -> None:
    """There is no kubectl to end."""


def _end_with_children(kill_all: Callable[[], None]) -> None:
    """Let a signal end this process and every kubectl at once.

    Python would end at SIGTERM without cleaning up and hang at SIGINT in the thread that reads the input, and a kubectl
    leads a session of its own.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        kill_all()
        os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
