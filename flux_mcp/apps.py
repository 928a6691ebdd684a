"""MCP Apps: the page of the graph beside an answer, for the clients that announce that they show pages.

Source: the specification of the extension io.modelcontextprotocol/ui, 2026-01-26. A client that does not announce it
gets the same lists, results and capabilities as from a server without the extension.
"""

from collections.abc import Mapping
from typing import Any, Final

from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID, Apps, client_supports_apps
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver.resources import Resource

from flux_mcp.api.unstructured import items
from flux_mcp.render.answer import Answer

PAGE_URI: Final = "ui://fluxcd-mcp/graph.html"
DATA: Final = "fluxcd-mcp/page"
"""Where the page finds its data in _meta of a result; clients do not hand _meta to the model."""
_TOOLS: Final = frozenset({"get_flux_graph", "diagnose_flux"})


class _PageResource(Resource):
    """The page, read from the package when a client asks for it."""

    async def read(self) -> str:
        from flux_mcp.render.page import template  # noqa: PLC0415 (with the graph: part of the start)

        return template()


def graph_app() -> Apps:
    """The extension, with its one page."""
    apps = Apps()
    described = "Troubles, causes and the graph of Flux objects"
    apps.add_resource(_PageResource(uri=PAGE_URI, title="Flux graph", description=described, mime_type=APP_MIME_TYPE))
    return apps


def text_and_page(answer: Answer) -> tuple[str, dict[str, Any] | None]:
    """The text of an answer, and _meta with the data of its page."""
    from flux_mcp.render.page import APP_BOUND  # noqa: PLC0415 (with the graph: part of the start)

    page = answer.page()
    return answer.render(), None if page is None else {DATA: page.data(APP_BOUND)}


async def only_where_announced(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: bind the page to its tools where the client announced Apps, and leave no trace of it elsewhere."""
    if ctx.method not in {"initialize", "server/discover", "tools/list", "resources/list"}:
        return await call_next(ctx)
    announced = _announced(ctx)
    result = await call_next(ctx)
    if not isinstance(result, dict):
        return result
    if ctx.method == "resources/list" and not announced:
        return {**result, "resources": [one for one in result["resources"] if one["uri"] != PAGE_URI]}
    if ctx.method == "tools/list" and announced:
        tools = [_bound(tool) if tool["name"] in _TOOLS else tool for tool in result["tools"]]
        return {**result, "tools": tools}
    if "capabilities" in result and not announced:
        return {**result, "capabilities": _without_app(result["capabilities"])}
    return result


def _announced(ctx: ServerRequestContext[Any, Any]) -> bool:
    if ctx.method != "initialize":
        return client_supports_apps(ctx)
    # The session learns the capabilities of the client at the end of this request.
    return APP_MIME_TYPE in items(dict(ctx.params or {}), "capabilities", "extensions", EXTENSION_ID, "mimeTypes")


def _bound(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {**tool, "_meta": {**(tool.get("_meta") or {}), "ui": {"resourceUri": PAGE_URI}}}


def _without_app(capabilities: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(capabilities)
    extensions = {
        name: content for name, content in (kept.pop("extensions", None) or {}).items() if name != EXTENSION_ID
    }
    return {**kept, "extensions": extensions} if extensions else kept
