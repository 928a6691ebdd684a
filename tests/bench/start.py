"""What it costs to start: the server until it answers, and the commands beside it."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.process import SERVE, Server
from tests.bench.table import Table, above, milliseconds
from tests.support.fake import FIXTURES, ROOT

_BARE: Final = """
from mcp.server import MCPServer
server = MCPServer("bare")
@server.tool()
async def nothing() -> str: return ""
server.run("stdio")
"""
START, START_MORE = 1.2, 0.15
VERSION: Final = 0.25
_MODULES: Final = """
import contextlib, io, json, sys
sys.argv = ["fluxcd-mcp", *sys.argv[1:]]
import flux_mcp.cli
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    flux_mcp.cli.main()
print(json.dumps([len(sys.modules), sorted({name.partition(".")[0] for name in sys.modules})]))
"""
_NOT_NEEDED: Final = {
    ("--version",): ("mcp", "mcp_types", "pydantic", "orjson", "anyio"),
    ("call", "list_flux_resources", f"--recording={FIXTURES / 'staging'}"): ("mcp", "mcp_types", "starlette", "httpx2"),
}
"""A command, and the packages that it does not import."""


def start_up(pairs: int) -> Table:
    """Measure; the table."""
    table = Table(
        "Start",
        "Medians; against a server of the MCP SDK that has one empty tool.",
        "measure".ljust(44),
        "figure".ljust(40),
    )

    def add(measure: str, figure: str, bound: str, broken: Sequence[str]) -> None:
        table.add(measure.ljust(44), figure.ljust(40), bound=bound, broken=broken)

    ours, theirs = [], []
    for number in range(pairs + 1):
        with Server(*SERVE) as server:
            ours.append(server.start)
        with Server(sys.executable, "-c", _BARE) as server:
            theirs.append(server.start)
        if number == 0:
            ours, theirs = [], []
    ratio = median(mine.wall / other.wall for mine, other in zip(ours, theirs, strict=True))
    more = median(mine.wall - other.wall for mine, other in zip(ours, theirs, strict=True))
    cpu = median(mine.cpu / other.cpu for mine, other in zip(ours, theirs, strict=True))
    add(
        "serve: process to initialize",
        f"{milliseconds(median(mine.wall for mine in ours))}, {ratio:.2f} x wall, {cpu:.2f} x CPU",
        f"≤ {START} x or +{milliseconds(START_MORE)}",
        above("start", ratio, START) if more > START_MORE else [],
    )
    program = shutil.which("fluxcd-mcp", path=str(Path(sys.executable).parent)) or "fluxcd-mcp"
    for arguments, packages in _NOT_NEEDED.items():
        times = [_time([program, *arguments]) for _ in range(pairs)]
        bound = VERSION if arguments == ("--version",) else float("inf")
        count, imported = json.loads(_run([sys.executable, "-c", _MODULES, *arguments]))
        words = " ".join(arguments[:2])
        add(
            f"{words}: time",
            milliseconds(median(times)),
            f"≤ {milliseconds(VERSION)}" if bound == VERSION else "",
            above("time", median(times), bound),
        )
        too_many = [name for name in packages if name in imported]
        add(f"{words}: modules", str(count), f"none of {', '.join(packages)}", too_many)
    return table


def _time(command: list[str]) -> float:
    begin = time.perf_counter()
    _run(command)
    return time.perf_counter() - begin


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
