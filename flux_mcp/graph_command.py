"""The command `graph`: the graph as a Mermaid diagram, or as a page for a browser."""

import functools
import os
import tempfile
import webbrowser
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flux_mcp.command_frame import fail, failing, make_toolbox, run
from flux_mcp.errors import BadArgument, CannotWrite, FluxMcpError
from flux_mcp.settings import Settings

if TYPE_CHECKING:
    from flux_mcp.render.answer import Answer
    from flux_mcp.render.page import Page
    from flux_mcp.tools.registry import Toolbox

_MERMAID_ROOM: Final = 50_000
"""Characters of a diagram that Mermaid takes (maxTextSize)."""


class GraphFormat(StrEnum):
    """What `graph` writes."""

    MERMAID = "mermaid"
    HTML = "html"


def graph(  # noqa: PLR0913 (one parameter a flag)
    *,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="the file to write; Mermaid: default stdout")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Flux kind; default: all")] = None,
    name: Annotated[str | None, typer.Option("--name", help="name of one object; needs --kind")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", help="namespace; default: all")] = None,
    edges: Annotated[str | None, typer.Option("--edges", help="all, or dependencies alone")] = None,
    output: Annotated[
        GraphFormat, typer.Option("--output", help="a Mermaid flowchart, or a page for a browser")
    ] = GraphFormat.MERMAID,
    force: Annotated[bool, typer.Option("--force", help="replace FILE if it exists")] = False,
    show: Annotated[
        bool, typer.Option("--open", help="open the page in a browser; without FILE a temporary one")
    ] = False,
    settings: Settings,
) -> None:
    """Draw the graph of Flux objects: a Mermaid flowchart, or a page with the causes of failures.

    What could not be read is reported on stderr and in the page. Exit code 0: drawn, 1: an error, 2: bad usage.
    """
    given = {"kind": kind, "name": name, "namespace": namespace, "edges": edges}
    arguments = {name: text for name, text in given.items() if text is not None}
    with failing(2):
        _check_file(file, output, show=show, force=force)
    toolbox = make_toolbox(settings)
    with failing(1, "Nothing was written"):
        text, beside = run(functools.partial(_draw, toolbox, output, arguments))
        typer.echo(beside, err=True)
        if file is not None or show:
            file = _write(file, text, force=force)
            typer.echo(f"Written: {file}", err=True)
        else:
            typer.echo(text)
    if show and file is not None and not webbrowser.open(file.resolve().as_uri()):
        fail("No browser could be started.", 1)


def _check_file(file: Path | None, output: GraphFormat, *, show: bool, force: bool) -> None:
    """Reject a place that cannot be written to, before anything is read.

    Raises:
        BadArgument: FILE is missing, exists, or there is no folder to put it in.
    """
    if output is GraphFormat.MERMAID and show:
        raise BadArgument("--open", "needs --output=html: browsers do not draw Mermaid")
    if file is None:
        if output is GraphFormat.HTML and not show:
            raise BadArgument("FILE", "is needed with --output=html, unless --open shows the page at once")
    elif not file.parent.is_dir():
        raise BadArgument("FILE", f"must be in a folder that exists: {file.parent} does not")
    elif file.is_dir():
        raise BadArgument("FILE", f"must not be a folder: {file} is one")
    elif not force and os.path.lexists(file):
        raise BadArgument("FILE", f"must not exist without --force: {file} does")


async def _draw(toolbox: "Toolbox", output: GraphFormat, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """The diagram or the page, and the lines to show beside it.

    Raises:
        FluxMcpError: there is no answer.
    """
    if output is GraphFormat.MERMAID:
        text = await toolbox.answer("get_flux_graph", arguments, _render)
        before, _, rest = text.partition("```mermaid\n")
        diagram, _, after = rest.partition("\n```")
        return diagram, "\n".join(filter(None, (before.strip(), after.strip())))
    from flux_mcp.render.page import FILE_BOUND, html  # noqa: PLC0415

    page = await toolbox.answer("get_flux_graph", arguments, _page)
    scope = {name: text for name, text in arguments.items() if name != "edges"}
    try:
        page = page.with_causes(await toolbox.answer("diagnose_flux", scope, _page))
    except FluxMcpError as error:
        page = replace(page, warnings=(*page.warnings, f"The causes could not be read: {error}"))
    return html(page.data(FILE_BOUND)), "\n".join((page.first_line, *page.warnings, *page.notes))


def _render(answer: "Answer") -> str:
    """A diagram that is read by Mermaid and not by a model may be longer."""
    from flux_mcp.render.get_flux_graph import FluxGraph  # noqa: PLC0415

    return replace(answer, room=_MERMAID_ROOM).render() if isinstance(answer, FluxGraph) else answer.render()


def _page(answer: "Answer") -> "Page":
    page = answer.page()
    if page is None:
        raise CannotWrite(f"{answer.title} has no page.")
    return page


def _write(file: Path | None, text: str, *, force: bool) -> Path:
    """Write a file atomically that its owner alone may read; without a place, among the temporary files.

    Raises:
        CannotWrite: it cannot be written, or was made by somebody else meanwhile.
    """
    partial = None
    try:
        folder = file.parent if file is not None else None
        descriptor, partial = tempfile.mkstemp(prefix="fluxcd-mcp-", suffix=".html", dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
            stream.flush()
            os.fsync(stream.fileno())
        if file is None:
            file, partial = Path(partial), None
        elif force:
            Path(partial).replace(file)
        else:
            os.link(partial, file)
    except OSError as error:
        raise CannotWrite(f"{file or 'The page'} cannot be written: {error.strerror}.") from None
    finally:
        if partial is not None:
            with suppress(OSError):
                Path(partial).unlink()
    return file
