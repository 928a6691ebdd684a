"""How long the questions take on the cluster that KUBECONFIG names, beside the bare kubectl of the same reads."""

import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.kubectl import Cost, KeptKubectl, Reads, bare
from tests.bench.process import Server
from tests.bench.table import Table, above, milliseconds
from tests.support.asking import READING, Question

WALL, WALL_MORE = 1.15, 0.04
"""Times the bare kubectl, or seconds more."""
_TIMEOUT: Final = "300"


def questions(pairs: int) -> Table:
    """Measure; the table, which is empty without a cluster."""
    table = Table(
        "Questions on a cluster",
        f"A warm server and the real kubectl, in turn; medians of {pairs} pairs.",
        "question".ljust(40),
        "kubectl",
        "wall",
        "bare",
        "x wall",
        "more",
    )
    if not os.environ.get("KUBECONFIG"):
        print("Questions on a cluster: skipped, since KUBECONFIG names none.")
        return table
    with tempfile.TemporaryDirectory() as folder:
        kept = KeptKubectl(Path(folder) / "kept")
        with Server(kubectl=str(kept.path), timeout=_TIMEOUT) as server:
            reads = [_reads(server, kept, question) for question in READING]
    with Server(timeout=_TIMEOUT) as server:
        for question, of_question in zip(READING, reads, strict=True):
            _add(table, server, question, of_question, pairs)
    return table


def _reads(server: Server, kept: KeptKubectl, question: Question) -> Reads:
    """What a question reads once the server is warm."""
    server.call(question.tool, question.arguments)
    kept.slow(on=True)
    server.call(question.tool, question.arguments)
    reads = kept.reads()
    kept.slow(on=False)
    return reads


def _add(table: Table, server: Server, question: Question, reads: Reads, pairs: int) -> None:
    ours: list[Cost] = []
    theirs: list[Cost] = []
    # The first call may ask for more, since what a server remembers is asked for once.
    for number in range(pairs + 1):
        if number % 2:
            theirs.append(bare(reads))
        reply = server.call(question.tool, question.arguments)
        ours.append(reply.cost)
        if not number % 2:
            theirs.append(bare(reads))
    walls = [(mine.wall, other.wall) for mine, other in zip(ours[1:], theirs[1:], strict=True)]
    ratio, more = median(mine / other for mine, other in walls), median(mine - other for mine, other in walls)
    table.add(
        f"{question.number}: {question.tool}".ljust(40),
        f"{reads.processes} in {len(reads.phases)}",
        milliseconds(median(mine for mine, _ in walls)),
        milliseconds(median(other for _, other in walls)),
        f"{ratio:.2f}",
        f"{1000 * more:+.0f} ms",
        bound=f"≤ {WALL} x or +{milliseconds(WALL_MORE)}",
        broken=[*(above("wall", ratio, WALL) if more > WALL_MORE else []), *(["error"] if reply.is_error else [])],
    )
