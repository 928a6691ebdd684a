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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.kubectl.base import Kubectl, Output
from flux_mcp.kubectl.command import Command, Get
from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.support.asking import EXPLAINED, READING, explain
from tests.support.fake import FIXTURES, ROOT, FakeKubectl
from tests.support.fleet import served
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


@dataclass(frozen=True)
class Pairs:
    """Seconds of two things that were measured in turn."""

    ours: list[float]
    theirs: list[float]
    against: str

    def report(self, what: str, bound: str) -> None:
        ratios = [mine / other for mine, other in zip(self.ours, self.theirs, strict=True)]
        more = [mine - other for mine, other in zip(self.ours, self.theirs, strict=True)]
        print(
            f"{what}: {statistics.median(self.ours) * 1e3:.0f} ms, {statistics.median(ratios):.2f} x {self.against} "
            f"({statistics.median(self.theirs) * 1e3:.0f} ms), {statistics.median(more) * 1e3:+.0f} ms "
            f"[medians of {len(self.ours)} pairs; bound {bound}]"
        )


class Recorder:
    """A kubectl that takes down when each command began and ended."""

    def __init__(self, kubectl: Kubectl) -> None:
        self._kubectl = kubectl
        self.commands: list[tuple[float, float, tuple[str, ...]]] = []
        self.moment, self.impersonated = kubectl.moment, kubectl.impersonated

    async def run(self, command: Command, context: str | None = None) -> Output:
        begin = time.perf_counter()
        output = await self._kubectl.run(command, context)
        where = () if context is None else (f"--context={context}",)
        self.commands.append((begin, time.perf_counter(), (*where, *command.args())))
        return output

    def phases(self) -> list[list[tuple[str, ...]]]:
        """The commands, those together that ran at the same time."""
        found: list[list[tuple[str, ...]]] = []
        until = 0.0
        for begin, end, args in sorted(self.commands):
            if begin >= until:
                found.append([])
            found[-1].append(args)
            until = max(until, end)
        return found


async def reads_of(tool: str, arguments: dict[str, Any]) -> list[list[tuple[str, ...]]]:
    """What a warm server runs for one call: the arguments of each kubectl, in phases that follow each other."""
    settings = Settings()
    recorder = Recorder(connect(settings))
    async with Client(build(recorder, settings)) as client:
        await answer(client, tool, arguments)
        recorder.commands.clear()
        await answer(client, tool, arguments)
    return recorder.phases()


async def bare(phases: list[list[tuple[str, ...]]]) -> None:
    """The same kubectl, printing to nowhere."""
    for phase in phases:
        async with anyio.create_task_group() as group:
            for args in phase:
                run = partial(anyio.run_process, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                group.start_soon(run, ["kubectl", *args])


async def against_bare(client: Client, tool: str, arguments: dict[str, Any], pairs: int) -> Pairs:
    """A warm server's answer against the same kubectl, in turn; which of the two comes first alternates."""
    phases = await reads_of(tool, arguments)
    await answer(client, tool, arguments)
    ours: list[float] = []
    theirs: list[float] = []
    turns: list[tuple[list[float], Callable]] = [
        (ours, partial(answer, client, tool, arguments)),
        (theirs, partial(bare, phases)),
    ]
    for number in range(pairs):
        for times, work in turns if number % 2 else reversed(turns):
            times.append(await timed(work))
    return Pairs(ours, theirs, f"the same {sum(map(len, phases))} kubectl in {len(phases)} steps")


async def questions(pairs: int) -> None:
    """Each of the seven questions that read."""
    if not os.environ.get("KUBECONFIG") or shutil.which("kubectl") is None:
        print("questions over kubectl: left out, KUBECONFIG names no cluster or there is no kubectl")
        return
    async with Client(parameters(*FLUX_SERVER)) as client:
        for one in READING:
            measured = await against_bare(client, one.tool, one.arguments, pairs)
            measured.report(f"question {one.number}, {one.tool}, warm", "1.15 x or +40 ms")


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
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), size) as kubeconfig:
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
        Pairs(ours, theirs, "bare kubectl get").report(f"{size} objects, {printed / 1e6:.0f} MB", "1.3 x")
        print(f"{size} objects: peak memory {peak / 1e6:.0f} MB over idle, {peak / printed:.1f} x the JSON [bound 2 x]")


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
    Pairs(ours, theirs, "a bare MCPServer").report("start to initialize", "1.2 x or +150 ms")


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
        print(f"{recording}, all together: {together} tokens" + (" [bound 9,500]" if recording == "staging" else ""))
    async with Client(parameters(*FLUX_SERVER)) as client:
        listed = [
            tool.model_dump_json(by_alias=True, include={"name", "description", "input_schema"})
            for tool in (await client.list_tools()).tools
        ]
    print(f"tools/list: {tokens(','.join(listed))} tokens, {len(listed)} tools [bound 2,800]")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--only", default="", help="the name of one measurement, e.g. questions")
    parser.add_argument("--fleet", type=int, default=10_000, help="objects of the large fleet; 0 leaves it out")
    given = parser.parse_args()
    pairs = given.pairs
    measurements: dict[str, Callable] = {
        "sizes": sizes,
        "processes": processes,
        "version": partial(version, 5),
        "start_up": partial(start_up, max(5, pairs // 3)),
        "questions": partial(questions, pairs),
        "large_fleet": partial(large_fleet, given.fleet, max(1, pairs // 10)),
    }
    if not given.fleet:
        del measurements["large_fleet"]
    for name, measure in measurements.items():
        if given.only in {"", name}:
            await measure()


if __name__ == "__main__":
    anyio.run(main)
