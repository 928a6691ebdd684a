"""`make demo`: ask questions of recorded clusters through real MCP sessions over stdio, and print the answers."""

import sys
from collections.abc import Sequence

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent

from tests.support.asking import CHANGED, COMPARED, READING, Question
from tests.support.fake import FIXTURES, ROOT


async def ask(questions: Sequence[Question], *recordings: str) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "flux_mcp", "serve", *(f"--recording={FIXTURES / name}" for name in recordings)],
        cwd=ROOT,
    )
    async with Client(server) as client:
        for question in questions:
            result = await client.call_tool(question.tool, question.arguments)
            print(f"> {question.text}\n")
            print("\n".join(c.text for c in result.content if isinstance(c, TextContent)) + "\n")
            if result.is_error:
                sys.exit(1)


async def main() -> None:
    await ask(READING, "staging")
    await ask(CHANGED, *COMPARED)


if __name__ == "__main__":
    anyio.run(main)
