"""What `call` and completion need to know of the tools, for a person at a shell."""

import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import anyio

from flux_mcp.errors import BadArgument, FluxMcpError
from flux_mcp.kubectl.validate import echo
from flux_mcp.reconcile.wait import Report
from flux_mcp.render.documents import DOCUMENTED
from flux_mcp.tools.registry import TOOLS, Toolbox
from flux_mcp.tools.values import LISTS, values


def tool_name(spelling: str) -> str:
    """The name of a tool as it is written in a shell: `list-flux-resources` too."""
    return spelling.lower().replace("-", "_")


def tool_help(toolbox: Toolbox, name: str) -> Iterator[str]:
    """How to call a tool: its description and arguments.

    Raises:
        UnknownTool: there is no such tool.
    """
    schema = toolbox.schema(name)
    yield f"Usage: fluxcd-mcp call {name} [OPTIONS] [KEY=VALUE]..."
    yield ""
    yield toolbox.tools[name].description
    yield ""
    yield from argument_lines(schema)
    if {"kind", "name"} <= schema["properties"].keys():
        yield "  KIND/NAME, NAMESPACE/NAME and KIND/NAMESPACE/NAME are understood without KEY=."
    yield ""
    yield "fluxcd-mcp call --help shows the options."


def argument_lines(schema: Mapping[str, Any]) -> Iterator[str]:
    """One line for each argument."""
    for name, field in schema["properties"].items():
        required = "*" if name in schema.get("required", ()) else ""
        yield f"  {name}{required} ({field.get('type', 'any')}): {field.get('description', '')}"


def parse_arguments(words: Sequence[str]) -> dict[str, str]:
    """The arguments of a call as a shell writes them: KEY=VALUE, and one word with a slash, which names an object.

    Raises:
        BadArgument: another word, or an argument that is given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        key, sign, given = word.partition("=")
        if not sign and "/" in word:
            key, given = "name", word
        elif not key or not sign:
            raise BadArgument(echo(word), "must be KEY=VALUE, for example namespace=apps, or KIND/NAME")
        if key in found:
            raise BadArgument(key, "given twice")
        found[key] = given
    return found


def check_documented(tool: str) -> None:
    """Refuse --output=json of a tool whose answer has no fields.

    Raises:
        BadArgument: it has none.
    """
    if tool not in DOCUMENTED:
        raise BadArgument("--output=json", f"only offered by {', '.join(DOCUMENTED)}, not by {echo(tool)}")


def progress() -> Report:
    """Writes to standard error how far a tool is that waits, each message once."""
    last: list[str] = []

    async def report(waited: float, most: float, message: str) -> None:
        del waited, most
        if message not in last:
            last[:] = [message]
            print(message, file=sys.stderr, flush=True)  # noqa: T201 (for the person at the terminal)

    return report


def complete_tool(start: str) -> list[tuple[str, str]]:
    """The tools that begin so."""
    return [(tool.name, tool.title) for tool in TOOLS if tool.name.startswith(tool_name(start))]


def complete_argument(toolbox: Toolbox, tool: str, before: Sequence[str], word: str) -> list[str]:
    """How the word that is being typed can go on: `KEY=`, or a value.

    Args:
        before: the words after the tool.
        word: the start of the word. Bash makes words of their own of `KEY`, `=` and the value, and click drops the
            `=` where it is the last one.
    """
    try:
        fields = toolbox.schema(tool_name(tool))["properties"]
    except FluxMcpError:
        return []
    cut = not word and bool(before) and before[-1] in fields
    words = _joined([*before, "=" if cut else word])
    key, sign, start = words.pop().partition("=")
    if not sign:
        given = {part.partition("=")[0] for part in words}
        return [f"{name}=" for name in fields if name.startswith(key) and name not in given]
    prefix = "" if cut or before[-1:] == ["="] else f"{key}="
    if fields.get(key, {}).get("type") == "boolean":
        return [f"{prefix}{choice}" for choice in ("true", "false") if choice.startswith(start)]
    listed, comma, last = start.rpartition(",") if key in LISTS else ("", "", start)
    others = dict(part.split("=", 1) for part in words if "=" in part)
    find = functools.partial(values, toolbox.cluster, key, last, others, tool_name(tool))
    return [f"{prefix}{listed}{comma}{value}" for value in anyio.run(find)]


def _joined(words: Sequence[str]) -> list[str]:
    """The words of a shell, where Bash cut one at `=`."""
    joined: list[str] = []
    for at, word in enumerate(words):
        if joined and (word == "=" or (at and words[at - 1] == "=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
