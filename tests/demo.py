"""`make demo`: ask the seven reading questions of a recorded cluster through a real MCP session over stdio, and print the answers."""

import sys

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent

from tests.support.asking import READING
from tests.support.fake import FIXTURES, ROOT


async def main() -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "flux_mcp", "serve", f"--recording={FIXTURES / 'staging'}"],
        cwd=ROOT,
    )
    async with Client(server) as client:
        for question in READING:
            result = await client.call_tool(question.tool, question.arguments)
            print(f"> {question.text}\n")
            print("\n".join(c.text for c in result.content if isinstance(c, TextContent)) + "\n")
            if result.is_error:
                sys.exit(1)


if __name__ == "__main__":
    anyio.run(main)
