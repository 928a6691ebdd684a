"""Put each fault into its module, run the tests about that module, and print which faults no test saw.

`make mutants` runs it. It fails below nine of ten, at a fault that survives without a reason in survivors.toml, and at a
reason for one that does not survive any more.
"""

import argparse
import gc
import math
import os
import resource
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.mutation.faults import Mutant, mutants
from tests.mutation.swapping import Broken, put

ROOT = Path(__file__).parent.parent.parent
SURVIVORS = Path(__file__).parent / "survivors.toml"
LEAST = 0.9
"""Of the mutants of a module, the part that must be killed."""
PATIENCE = 4.0
"""Times the computing of the tests without a fault, after which a mutant is ended and counts as killed."""
UNBOUNDED = 3600
UNEXPECTED = 70
"""How a process ends in which something but a test failed: that kills no mutant."""
SEEDS = tuple(f"seed-{number}" for number in range(2, 10))
"""Credentials are made up ten times over for the tests; a fault is seen in the first of them."""
PYTEST = (
    *(
        "--assert=plain",
        "--override-ini=addopts=",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminal",
        "-k",
        f"not takes_about and not takes_no_time and not whatever_a_tool_is_asked and not ({' or '.join(SEEDS)})",
    ),
    *("-p", "no:xdist", "-p", "no:logging", "-p", "no:unraisableexception", "-p", "no:threadexception"),
)
"""How the tests are run, without those that measure time, and those that take much of it."""
_OF_TEXTS = ("tests/sanitize/test_pattern_shapes.py", "tests/sanitize/test_free_text.py")
TESTS = {
    "flux_mcp/kubectl/command.py": ("tests/kubectl/test_command.py", "tests/tools/test_writes.py"),
    "flux_mcp/kubectl/validate.py": ("tests/kubectl/test_command.py", "tests/kubectl/test_validate.py"),
    **{
        f"flux_mcp/sanitize/{name}.py": (*(f"tests/sanitize/test_{one}.py" for one in own), *_OF_TEXTS)
        for name, own in {
            "pairs": ("pairs",),
            "patterns": ("bare_tokens", "patterns", "urls"),
            "shapes": ("shapes",),
            "urls": ("urls",),
            "words": ("words", "shapes"),
        }.items()
    },
    "flux_mcp/sanitize/visible.py": ("tests/sanitize/test_pattern_shapes.py", "tests/render/test_text.py"),
    "flux_mcp/errors.py": ("tests/test_errors.py",),
}
"""The modules, and the tests that are about each."""


class Outcome(NamedTuple):
    """What became of the mutants of a module."""

    module: str
    made: int
    timed_out: int
    survived: tuple[str, ...]

    @property
    def killed(self) -> int:
        return self.made - len(self.survived)

    @property
    def ratio(self) -> float:
        return self.killed / self.made

    def __str__(self) -> str:
        late = f", {self.timed_out} of them by time-out" if self.timed_out else ""
        return (
            f"{self.module}: {self.made} mutants, {self.killed} killed{late}, {len(self.survived)} survived: "
            f"{self.ratio:.1%}"
        )


class _Session:
    """A pytest plugin: where pytest would run the tests, it runs them once for each mutant, in a fork of its own.

    So the tests are collected once, and a mutant costs no more than its tests up to the first that fails.
    """

    def __init__(self, module: str, jobs: int, only: str) -> None:
        self._path, self._jobs, self._only = ROOT / module, jobs, only
        self.outcome: Outcome | None = None
        self._module = module
        self._items: list[pytest.Item] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """End with the first test that fails: this is a fork."""
        if report.failed:
            os._exit(1)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests of every mutant, and none here."""
        self._items = session.items
        _, status, used = os.wait4(self._fork(None, UNBOUNDED), 0)
        if status:
            raise pytest.UsageError(f"{self._module}: its tests fail without a fault in it: {TESTS[self._module]}")
        patience = math.ceil(1 + PATIENCE * (used.ru_utime + used.ru_stime))
        found = [one for one in mutants(self._path.read_text()) if self._only in one.name]
        if not found:
            raise pytest.UsageError(f"{self._module}: no mutant has {self._only!r} in its name")
        gc.freeze()
        codes = dict(self._codes(found, patience))
        if odd := [name for name, code in codes.items() if code == UNEXPECTED]:
            raise pytest.UsageError(f"{self._module}: not the tests failed, but what runs them: {odd}")
        survived = tuple(one.name for one in found if codes[one.name] == 0)
        late = sum(code < 0 for code in codes.values())
        self.outcome = Outcome(self._module, len(found), late, survived)
        return True

    def _codes(self, found: Sequence[Mutant], seconds: int) -> Iterator[tuple[str, int]]:
        """The name of each mutant and how its tests ended: with 0 where none failed."""
        waiting, running = list(reversed(found)), dict[int, str]()
        while waiting or running:
            while waiting and len(running) < self._jobs:
                one = waiting.pop()
                running[self._fork(one, seconds)] = one.name
            child, status = os.wait()
            yield running.pop(child), os.waitstatus_to_exitcode(status)

    def _fork(self, mutant: Mutant | None, seconds: int) -> int:
        """Run the tests in a process of their own, which may compute for so long; its id."""
        if child := os.fork():
            return child
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nowhere, number)
        try:
            gc.disable()
            if mutant is not None and not self._put(mutant):
                os._exit(1)
            for one, following in zip(self._items, [*self._items[1:], None], strict=True):
                one.config.hook.pytest_runtest_protocol(item=one, nextitem=following)
            os._exit(0)
        finally:
            os._exit(UNEXPECTED)

    def _put(self, mutant: Mutant) -> bool:
        """Put a fault into the module; whether it can still be imported."""
        try:
            put(self._module.removesuffix(".py").replace("/", "."), mutant.source)
        except Broken:
            return False
        return True


def test_module(module: str, jobs: int, only: str) -> Outcome:
    """Make every mutant of a module, and run its tests on each."""
    session = _Session(module, jobs, only)
    code = pytest.main([*PYTEST, *TESTS[module]], plugins=[session])
    if session.outcome is None:
        raise SystemExit(int(code) or 1)
    return session.outcome


def reasons(module: str) -> dict[str, str]:
    """The mutants of a module that may survive, and why."""
    told: dict[str, Any] = tomllib.loads(SURVIVORS.read_text())
    return {name: why for why, names in told.get(module, {}).items() for name in names}


def _report(outcome: Outcome, *, whole: bool) -> list[str]:
    """Print what became of a module's mutants; what is wrong with it."""
    known = reasons(outcome.module)
    sys.stdout.write(f"{outcome}\n")
    for name in outcome.survived:
        sys.stdout.write(f"  {name}\n    {known.get(name, 'NO REASON: test it, or give one in survivors.toml')}\n")
    gone = set(known) - set(outcome.survived) if whole else set()
    return [
        *([f"{outcome.module}: less than {LEAST:.0%}"] if outcome.ratio < LEAST else []),
        *(f"{outcome.module}: survives without a reason: {name}" for name in outcome.survived if name not in known),
        *(f"{outcome.module}: a reason for one that does not survive: {name}" for name in sorted(gone)),
    ]


def main() -> int:
    """Test the modules; 1 if something is wrong with one."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", choices=[*TESTS, []], help="default: all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--only", default="", help="only mutants with this text in their name")
    chosen = parser.parse_args()
    wrong: list[str] = []
    for module in chosen.modules or TESTS:
        start = time.monotonic()
        outcome = test_module(module, chosen.jobs, chosen.only)
        wrong += _report(outcome, whole=not chosen.only)
        sys.stdout.write(f"  in {time.monotonic() - start:.0f} s\n")
        sys.stdout.flush()
    sys.stdout.writelines(f"WRONG: {line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
