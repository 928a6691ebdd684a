"""`make bench`: what the answers cost, as ratios within this one run and as counts of tokens.

Wall times need a cluster that KUBECONFIG names, and are left out, saying so, where there is none.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.kubectl.command import Get
from tests.support.asking import EXPLAINED, READING, explain
from tests.support.fake import FIXTURES, ROOT, FakeKubectl
from tests.support.fleet import fleet
from tests.support.tokens import tokens

BARE_SERVER = """
from mcp.server import MCPServer
server = MCPServer("bare")
@server.tool()
async def nothing() -> str: return ""
server.run("stdio")
"""
FLUX_SERVER = ["-m", "flux_mcp", "serve"]


def parameters(*args: str) -> StdioServerParameters:
    return StdioServerParameters(command=sys.executable, args=list(args), cwd=ROOT, env=dict(os.environ))


async def answer(client: Client, tool: str, arguments: dict[str, Any] | None = None) -> str:
    result = await client.call_tool(tool, arguments or {})
    return "".join(content.text for content in result.content if isinstance(content, TextContent))


async def timed(work: Callable) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


def report(what: str, ours: list[float], theirs: list[float], against: str, bound: str) -> None:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    more = [mine - other for mine, other in zip(ours, theirs, strict=True)]
    print(
        f"{what}: {statistics.median(ours) * 1e3:.0f} ms, {statistics.median(ratios):.2f} x {against} "
        f"({statistics.median(theirs) * 1e3:.0f} ms), {statistics.median(more) * 1e3:+.0f} ms "
        f"[medians of {len(ours)} pairs; bound {bound}]"
    )


async def whole_cluster(pairs: int) -> None:
    """A warm server's answer against the same kubectl, in turn."""
    if not os.environ.get("KUBECONFIG") or shutil.which("kubectl") is None:
        print("list_flux_resources over kubectl: left out, KUBECONFIG names no cluster or there is no kubectl")
        return
    served = (await anyio.run_process(["kubectl", "api-resources", "--output=name"], check=False)).stdout.decode()
    kinds = tuple(kind.resource for kind in FLUX_KINDS if kind.resource in served.split())
    bare = ["kubectl", *Get(kinds).args()]

    async def kubectl() -> None:
        await anyio.run_process(bare, stdout=subprocess.DEVNULL, check=False)

    async with Client(parameters(*FLUX_SERVER)) as client:
        await answer(client, "list_flux_resources")
        ours, theirs = [], []
        for _ in range(pairs):
            ours.append(await timed(lambda: answer(client, "list_flux_resources")))
            theirs.append(await timed(kubectl))
    report("list_flux_resources, warm", ours, theirs, "bare kubectl get", "1.15 x or +40 ms")


async def processes() -> None:
    """How many kubectl a question takes, once context and kinds are known."""
    with tempfile.TemporaryDirectory() as folder:
        fake = FakeKubectl(Path(folder))
        fake.holds(FIXTURES / "staging")
        asked = [(f"question {one.number}, {one.tool}", one.tool, one.arguments) for one in READING]
        asked += [(f"question 11, diagnose_flux name={name}", "diagnose_flux", explain(name)) for name in EXPLAINED]
        async with Client(parameters(*FLUX_SERVER, f"--kubectl={fake.path}")) as client:
            await answer(client, "list_flux_resources", {"kinds": "Alert"})
            for words, tool, arguments in asked:
                fake.forget()
                await answer(client, tool, arguments)
                print(f"staging, {words}: {len(fake.calls())} kubectl processes")


async def large_fleet(size: int, pairs: int) -> None:
    """A fleet over a real kubectl, against the same kubectl alone; and the memory of our process over its idle."""
    if shutil.which("kubectl") is None:
        print(f"{size} objects: left out, there is no kubectl")
        return
    with tempfile.TemporaryDirectory() as folder, fleet(Path(folder), size) as kubeconfig:
        kinds = tuple(kind.resource for kind in FLUX_KINDS)
        bare = ["kubectl", f"--kubeconfig={kubeconfig}", *Get(kinds).args()]
        printed = len((await anyio.run_process(bare, check=True)).stdout)

        async def kubectl() -> None:
            await anyio.run_process(bare, stdout=subprocess.DEVNULL, check=True)

        ours, theirs = [], []
        pids = Path(folder) / "pid"
        script = f"import os, sys; open({str(pids)!r}, 'w').write(str(os.getpid())); sys.argv[1:] = ['serve']; import flux_mcp.cli; flux_mcp.cli.main()"
        server = parameters("-c", script)
        server.env = {**os.environ, "FLUX_MCP_KUBECONFIG": str(kubeconfig), "FLUX_MCP_TIMEOUT": "300"}
        async with Client(server) as client:
            # Kinds and context are known from here on.
            await answer(client, "list_flux_resources", {"kinds": "Alert"})
            idle = _memory(pids.read_text(), "VmRSS")
            for _ in range(pairs):
                ours.append(await timed(lambda: answer(client, "list_flux_resources")))
                theirs.append(await timed(kubectl))
            peak = _memory(pids.read_text(), "VmHWM") - idle
        report(f"{size} objects, {printed / 1e6:.0f} MB", ours, theirs, "bare kubectl get", "1.2 x")
        print(f"{size} objects: peak memory {peak / 1e6:.0f} MB over idle, {peak / printed:.1f} x the JSON [bound 3 x]")


def _memory(pid: str, field: str) -> float:
    """Bytes; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(field)), 0.0)


async def start_up(pairs: int) -> None:
    """From the start of the process to `initialize` answered, against a server with one empty tool."""

    async def start(*args: str) -> None:
        async with Client(parameters(*args), mode="legacy"):
            pass

    async def until_ready(*args: str) -> float:
        start_at = time.perf_counter()
        async with Client(parameters(*args), mode="legacy"):
            return time.perf_counter() - start_at

    await start(*FLUX_SERVER)
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(await until_ready(*FLUX_SERVER))
        theirs.append(await until_ready("-c", BARE_SERVER))
    report("start to initialize", ours, theirs, "a bare MCPServer", "1.2 x or +150 ms")


async def version(runs: int) -> None:
    program = shutil.which("fluxcd-mcp", path=os.path.dirname(sys.executable))  # noqa: PTH120
    assert program is not None

    async def run() -> None:
        await anyio.run_process([program, "--version"])

    times = [await timed(run) for _ in range(runs)]
    print(
        f"fluxcd-mcp --version: {statistics.median(times) * 1e3:.0f} ms [median of {runs}; bound 250 ms on a quiet machine]"
    )


async def sizes() -> None:
    """Tokens (o200k_base) and bytes of the answers on the recordings, and of tools/list."""
    for recording in sorted(path.name for path in FIXTURES.iterdir()):
        together = 0
        async with Client(parameters(*FLUX_SERVER, f"--recording={FIXTURES / recording}")) as client:
            for question in READING:
                text = await answer(client, question.tool, question.arguments)
                together += tokens(text)
                words = " ".join((question.tool, *(f"{name}={told}" for name, told in question.arguments.items())))
                bound = f" [bound {question.bound:,}; 12,000]" if recording == "staging" else ""
                print(
                    f"{recording}, question {question.number}, {words}: {tokens(text)} tokens, {len(text.encode())} bytes{bound}"
                )
            for name in EXPLAINED if recording == "staging" else ():
                text = await answer(client, "diagnose_flux", explain(name))
                print(f"{recording}, question 11, diagnose_flux name={name}: {tokens(text)} tokens [bound 1,500]")
        print(f"{recording}, all together: {together} tokens" + (" [bound 8,500]" if recording == "staging" else ""))
    async with Client(parameters(*FLUX_SERVER)) as client:
        listed = [
            tool.model_dump_json(by_alias=True, include={"name", "description", "input_schema"})
            for tool in (await client.list_tools()).tools
        ]
    print(f"tools/list: {tokens(','.join(listed))} tokens, {len(listed)} tools [bound 2,200]")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--fleet", type=int, default=10_000, help="objects of the large fleet; 0 leaves it out")
    given = parser.parse_args()
    pairs = given.pairs
    await sizes()
    await processes()
    await version(5)
    await start_up(max(5, pairs // 3))
    await whole_cluster(pairs)
    if given.fleet:
        await large_fleet(given.fleet, max(1, pairs // 10))


if __name__ == "__main__":
    anyio.run(main)
