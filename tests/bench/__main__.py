"""`make bench`: every measure with its bound beside it; SIZE, TOOL and PART choose some, PAGE=1 writes docs/performance.md."""

import argparse
import os
import platform
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime

from tests.bench.answers import answers
from tests.bench.fleets import SIZES, TOOLS, Fleets
from tests.bench.page import PATH, write
from tests.bench.questions import questions
from tests.bench.start import start_up
from tests.bench.table import Table

PARTS = ("start", "answers", "questions", "fleets")


def measure(given: argparse.Namespace) -> Iterator[Table]:
    """The tables of the parts that were chosen."""
    if "start" in given.part:
        yield start_up(given.pairs or 10)
    if "answers" in given.part:
        yield answers()
    if "questions" in given.part:
        yield questions(given.pairs or 30)
    if "fleets" in given.part:

        def pairs(size: int) -> int:
            return given.pairs or (3 if size >= SIZES[-1] else 5)

        yield from Fleets(sorted(given.size), given.tool, pairs).run()


def machine() -> str:
    """What was measured on."""
    kubectl = subprocess.run(["kubectl", "version", "--client"], capture_output=True, text=True, check=False).stdout
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{platform.system()} {platform.machine()} with {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"kubectl {kubectl.partition(': ')[2].partition(chr(10))[0]}, load {load}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--size", type=_numbers, default=SIZES, help="Flux objects of the fleets")
    parser.add_argument("--tool", type=_words(TOOLS), default=list(TOOLS), help="of the fleets")
    parser.add_argument("--part", type=_words(PARTS), default=PARTS, help=", ".join(PARTS))
    parser.add_argument("--pairs", type=int, default=0, help="calls of each tool, each beside the bare kubectl")
    parser.add_argument("--page", action="store_true", help=f"write the sections of {PATH.name} that were measured")
    given = parser.parse_args()
    if given.page and len(given.tool) < len(TOOLS):
        parser.error("the page needs all tools")
    begin, before = time.monotonic(), machine()
    print(before)
    tables = [table for table in measure(given) if table]
    broken = [line for table in tables for line in table.broken]
    print(f"\n{before}; at the end {os.getloadavg()[0]:.1f}; {(time.monotonic() - begin) / 60:.0f} minutes")
    print("\n".join(["Does not hold:", *broken]) if broken else "Every bound holds.")
    if given.page:
        write(tables, before, datetime.now(UTC))


def _numbers(text: str) -> list[int]:
    return [int(number.replace("_", "")) for number in text.split(",")]


def _words(known: Collection[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        words = text.split(",")
        if unknown := [word for word in words if word not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]}: must be one of {', '.join(known)}")
        return words

    return parse


if __name__ == "__main__":
    main()
