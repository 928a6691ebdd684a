"""What each reading tool costs on fleets of several sizes, and how one server bears many calls."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from tests.bench.api import serving
from tests.bench.kubectl import Cost, KeptKubectl, Reads, bare
from tests.bench.process import Reply, Server
from tests.bench.table import Table, above, megabytes, milliseconds
from tests.support.fake import FakeKubectl
from tests.support.fleet import CONTEXTS
from tests.support.tokens import tokens

SIZES: Final = (100, 1_000, 10_000)
_NAME: Final = {"name": "app-5", "namespace": "team-5"}
_CONTROLLER: Final = {"kind": "Deployment", "name": "source-controller", "namespace": "flux-system"}
TOOLS: Final[Mapping[str, tuple[Mapping[str, Any], int]]] = {
    "list_flux_resources": ({}, 1),
    "get_flux_instance": ({}, 5),
    "diagnose_flux": ({}, 5),
    "get_flux_graph": ({}, 1),
    "audit_flux_configuration": ({}, 2),
    "list_flux_workloads": ({}, 2),
    "trace_kubernetes_resource": ({"kind": "Deployment", **_NAME}, 4),
    "get_flux_resource": ({"kind": "Kustomization", **_NAME}, 4),
    "get_flux_changes": ({"since": "30d"}, 4),
    "compare_flux": ({"context": CONTEXTS[0], "with_context": CONTEXTS[1]}, 6),
    "get_flux_fleet": ({}, 6),
    "get_kubernetes_resources": ({"kind": "Deployment"}, 1),
    "get_kubernetes_events": ({}, 1),
    "get_kubernetes_logs": (_CONTROLLER, 3),
}
"""Each reading tool, the arguments that it is called with, and how many kubectl it may take."""
SEVERAL: Final = ("list_flux_resources", "diagnose_flux", "get_flux_graph", "audit_flux_configuration", "compare_flux")
"""The tools that are called at the same time, twice each."""
LARGE: Final = 16 << 20
"""Bytes printed above which memory has a bound: below, what a server takes in any case counts for more."""
MOST_PRINTED: Final = 256 << 20
WALL, WALL_LARGE, WALL_MORE = 1.15, 1.3, 0.04
"""Times the bare kubectl, the same of a large fleet, or seconds more."""
MEMORY: Final = 2.0
GROWTH: Final = 12.0
ANSWER: Final = 12_000
PING: Final = 0.2
RESIDENT: Final = 50e6
LEAKED: Final = 10e6
FEW_CALLS, MANY_CALLS = 200, 2_000
_REST: Final = 60.0
_LEAST: Final = 0.02
"""Seconds of CPU that are compared."""
_TIMEOUT: Final = "300"


class Figures(NamedTuple):
    """What one tool costs.

    Attributes:
        ours: each call over the real kubectl, in turn with `theirs`.
        own: seconds of CPU of a call over a kubectl that prints the same at once.
        peak: bytes over those of the idle server.
    """

    reads: Reads
    ours: list[Cost]
    theirs: list[Cost]
    own: float
    peak: int
    reply: Reply


class Fleets:
    """The measurements of fleets, and what is found on the way.

    Args:
        sizes: Flux objects of each fleet.
        tools: the tools to measure.
        pairs: calls of each tool, in turn with as many bare kubectl, by size.
    """

    def __init__(self, sizes: list[int], tools: list[str], pairs: Callable[[int], int]) -> None:
        self._sizes, self._tools, self._pairs = sizes, tools, pairs
        self._own: dict[int, dict[str, float]] = {}
        self.growth = Table(
            "Growth",
            "CPU time of fluxcd-mcp alone, over a kubectl that prints at once what the real one printed.",
            "tool".ljust(25),
            "1,000",
            "10,000",
            "growth",
        )
        self.load = Table(
            "One server, many calls",
            f"The fleet of {sizes[-1]:,} objects, over a kubectl that prints at once what the real one printed. "
            f"Ten calls: {', '.join(SEVERAL)}, twice each.",
            "measure".ljust(58),
            "figure".ljust(24),
        )

    def run(self) -> Iterator[Table]:
        """Measure; the tables."""
        for size in self._sizes:
            yield self._fleet(size)
        yield self._grown()
        yield self.load

    def _fleet(self, size: int) -> Table:
        table = Table(
            f"{size:,} Flux objects",
            "",
            "tool".ljust(25),
            "kubectl",
            "printed, MB",
            "wall, s",
            "bare, s",
            "x wall",
            "x CPU",
            "own CPU, s",
            "peak, MB",
            "x printed",
            "tokens",
        )
        with _fleet(size) as (kubeconfig, kept), _server(kubeconfig) as real, _server(kubeconfig, kept) as fast:
            for context in CONTEXTS:
                # What is served is asked once, by whichever tool comes first.
                real.call("list_flux_resources", {"context": context, "kinds": "Alert"})
            idle = fast.memory()
            own = self._own.setdefault(size, {})
            for tool in self._tools:
                figures = _measure(tool, kept, real, fast, self._pairs(size))
                own[tool] = figures.own
                _add(table, size, tool, figures)
            if size == self._sizes[-1] and len(self._tools) == len(TOOLS):
                self._many(fast, kept, idle)
        return table

    def _grown(self) -> Table:
        few, many = (self._own.get(size, {}) for size in SIZES[1:])
        for tool in few if many else ():
            # The clock counts hundredths of a second.
            growth = many[tool] / few[tool] if few[tool] >= _LEAST else 0.0
            self.growth.add(
                tool.ljust(25),
                milliseconds(few[tool]),
                milliseconds(many[tool]),
                f"{growth:.1f} x" if growth else "",
                bound=f"≤ {GROWTH:.0f} x",
                broken=above("growth", growth, GROWTH),
            )
        return self.growth

    def _many(self, fast: Server, kept: KeptKubectl, idle: int) -> None:
        """Many calls at once; then what is left of it a minute later, and what 2,000 calls leave."""
        calls = [(tool, TOOLS[tool][0]) for tool in SEVERAL]
        for words, several in (
            ("longest ping while ten calls run", calls * 2),
            ("longest ping while two contexts are compared", calls[-1:]),
        ):
            fast.forget_peak()
            longest, pings, seconds = _ping(fast, several)
            self.load.add(
                words.ljust(58),
                f"{milliseconds(longest)} of {pings} in {seconds:.1f} s".ljust(24),
                bound=f"≤ {milliseconds(PING)}",
                broken=above("ping", longest, PING),
            )
            peak = fast.memory("VmHWM") - idle
            self._figure(f"peak memory over idle, {words.partition('while ')[2]}", f"{megabytes(peak)} MB")
        rested = time.monotonic() + _REST
        self._refuse(kept.largest())
        few, many = _repeat()
        time.sleep(max(0.0, rested - time.monotonic()))
        left = fast.memory() - idle
        self.load.add(
            "memory over idle, a minute after the last of these answers".ljust(58),
            f"{megabytes(left)} MB".ljust(24),
            bound=f"≤ {megabytes(RESIDENT)} MB",
            broken=above("memory", left, RESIDENT),
        )
        self.load.add(
            f"memory after {MANY_CALLS:,} calls over memory after {FEW_CALLS}".ljust(58),
            f"{megabytes(many - few)} MB".ljust(24),
            bound=f"≤ {megabytes(LEAKED)} MB",
            broken=above("memory", many - few, LEAKED),
        )

    def _refuse(self, printed: Path) -> None:
        """A kubectl that does not stop printing."""
        with tempfile.TemporaryDirectory() as folder:
            fake = FakeKubectl(Path(folder))
            fake.does("get", f"while :; do cat '{printed}'; done")
            with Server(kubectl=str(fake.path), timeout=_TIMEOUT) as server:
                server.call("get_kubeconfig_contexts", {})
                idle = server.memory()
                reply = server.call("list_flux_resources", {})
                peak = server.memory("VmHWM") - idle
        refused = reply.is_error and f"{MOST_PRINTED >> 20} MiB" in reply.text
        most = MEMORY * MOST_PRINTED
        self.load.add(
            f"kubectl that prints more than {MOST_PRINTED >> 20} MiB".ljust(58),
            f"{'refused' if refused else 'not refused'}, peak {megabytes(peak)} MB".ljust(24),
            bound=f"refused, ≤ {megabytes(most)} MB",
            broken=[*([] if refused else ["not refused"]), *above("memory", peak, most)],
        )

    def _figure(self, measure: str, figure: str) -> None:
        self.load.add(measure.ljust(58), figure.ljust(24))


@contextmanager
def _fleet(size: int) -> Iterator[tuple[Path, KeptKubectl]]:
    """A fleet that is served, and a kubectl that keeps what it prints of it."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), size) as kubeconfig:
        yield kubeconfig, KeptKubectl(Path(folder) / "kept")


@contextmanager
def _server(kubeconfig: Path, kept: KeptKubectl | None = None) -> Iterator[Server]:
    """A server that knows the kinds that are served in both contexts, over the real kubectl or another one."""
    kubectl = "kubectl" if kept is None else str(kept.path)
    with Server(kubeconfig=str(kubeconfig), kubectl=kubectl, timeout=_TIMEOUT) as server:
        for context in CONTEXTS:
            server.call("list_flux_resources", {"kinds": "Alert", "context": context})
        yield server


def _measure(tool: str, kept: KeptKubectl, real: Server, fast: Server, pairs: int) -> Figures:
    arguments = dict(TOOLS[tool][0])
    idle = real.memory()
    fast.call(tool, arguments)
    kept.slow(on=True)
    fast.call(tool, arguments)
    reads = kept.reads()
    kept.slow(on=False)
    own = median(fast.call(tool, arguments).cost.cpu for _ in range(min(3, pairs + 1)))
    ours: list[Cost] = []
    theirs: list[Cost] = []
    peak = 0
    # The first call may ask for more: the version of the API server is remembered.
    for number in range(pairs + (pairs > 3)):
        if number % 2:
            theirs.append(bare(reads))
        real.forget_peak()
        reply = real.call(tool, arguments)
        ours.append(reply.cost)
        peak = max(peak, real.memory("VmHWM") - idle)
        if not number % 2:
            theirs.append(bare(reads))
    skip = len(ours) - pairs
    return Figures(reads, ours[skip:], theirs[skip:], own, peak, reply)


def _add(table: Table, size: int, tool: str, figures: Figures) -> None:
    reads, reply = figures.reads, figures.reply
    most = TOOLS[tool][1]
    wall = median(mine.wall / other.wall for mine, other in zip(figures.ours, figures.theirs, strict=True))
    more = median(mine.wall - other.wall for mine, other in zip(figures.ours, figures.theirs, strict=True))
    cpu = median(mine.cpu / other.cpu for mine, other in zip(figures.ours, figures.theirs, strict=True))
    ratio = WALL if size == SIZES[0] else WALL_LARGE
    memory = figures.peak / reads.printed
    bounded = reads.printed >= LARGE
    length = len(reply.text.encode())
    table.add(
        tool.ljust(25),
        f"{reads.processes} in {len(reads.phases)}",
        megabytes(reads.printed),
        f"{median(cost.wall for cost in figures.ours):.2f}",
        f"{median(cost.wall for cost in figures.theirs):.2f}",
        f"{wall:.2f}",
        f"{cpu:.2f}",
        f"{figures.own:.2f}",
        megabytes(figures.peak),
        f"{memory:.1f}" if bounded else "",
        f"{tokens(reply.text):,}",
        bound=f"≤ {most} kubectl, {ratio} x or +{milliseconds(WALL_MORE)}{f', {MEMORY:.0f} x printed' if bounded else ''}",
        broken=[
            *above("kubectl", reads.processes, most),
            *(above("wall", wall, ratio) if more > WALL_MORE else []),
            *(above("memory", memory, MEMORY) if bounded else []),
            *above("length", length, ANSWER),
            *(["error"] if reply.is_error else []),
            *(["incomplete"] if "Could not read" in reply.text or "no answer within" in reply.text else []),
        ],
    )


def _ping(server: Server, calls: list[tuple[str, Mapping[str, Any]]]) -> tuple[float, int, float]:
    """The longest answer to a ping while calls run, how many pings there were, and in how many seconds."""
    begin = time.monotonic()
    running = [server.start_call(tool, dict(arguments)) for tool, arguments in calls]
    pings = []
    while not all(map(server.answered, running)):
        pings.append(server.ping())
        time.sleep(0.02)
    seconds = time.monotonic() - begin
    for request in running:
        assert not server.wait(request)[1]["result"].get("isError")
    return max(pings), len(pings), seconds


def _repeat() -> tuple[int, int]:
    """Bytes of memory after a few calls and after many, every tool in turn."""
    with _fleet(SIZES[0]) as (kubeconfig, kept), _server(kubeconfig, kept) as server:
        tools = list(TOOLS)
        memory = {}
        for number in range(1, MANY_CALLS + 1):
            tool = tools[number % len(tools)]
            server.call(tool, dict(TOOLS[tool][0]))
            if number in {FEW_CALLS, MANY_CALLS}:
                memory[number] = server.memory()
    return memory[FEW_CALLS], memory[MANY_CALLS]
