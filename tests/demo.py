"""`make demo`: ask questions of a recorded cluster through a real MCP session over stdio, and print the answers."""

import sys

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent

from tests.fake import FIXTURES, ROOT

QUESTIONS = (
    ("Analyze the Flux installation in my cluster and report the status of all components", "get_flux_instance"),
    ("Are the Flux kustomizations and Helm releases configured correctly?", "audit_flux_configuration"),
    ("Create a report of all Flux resources in the cluster and their status", "list_flux_resources"),
)


async def main() -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "flux_mcp", "serve", f"--recording={FIXTURES / 'staging'}"],
        cwd=ROOT,
    )
    async with Client(server) as client:
        for question, tool in QUESTIONS:
            result = await client.call_tool(tool, {})
            print(f"> {question}\n\n" + "\n".join(c.text for c in result.content if isinstance(c, TextContent)) + "\n")
            if result.is_error:
                sys.exit(1)


if __name__ == "__main__":
    anyio.run(main)
