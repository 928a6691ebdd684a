"""A kubectl that keeps what the real one printed: what a call runs is counted, and printing it again takes no time."""

import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import Final, NamedTuple

SLOW: Final = 0.3
"""Seconds that each command takes while it is found out which ones run at the same time."""
_SCRIPT: Final = """#!/bin/sh
dir={dir}
[ -f "$dir/slow" ] && begin=$(date +%s%N)
key=$(printf '%s\\n' "$@" | cksum)
out=$dir/${{key% *}}
if [ ! -f "$out" ]; then
  kubectl "$@" >"$out.$$" 2>"$out.err"
  echo $? >"$out.code"
  mv "$out.$$" "$out"
fi
if [ -n "$begin" ]; then
  sleep {slow}
  us=$(printf '\\037') line="$begin$us$(date +%s%N)$us${{key% *}}"
  for argument in "$@"; do line="$line$us$argument"; done
  # At once, since others write too.
  printf '%s\\n' "$line" >>"$dir/log"
fi
cat "$out"
[ -s "$out.err" ] && cat "$out.err" >&2
read -r code <"$out.code"
exit "$code"
"""


class Reads(NamedTuple):
    """What one call reads.

    Attributes:
        phases: the arguments of each kubectl, those together that ran at the same time.
        printed: bytes.
    """

    phases: list[list[tuple[str, ...]]]
    printed: int

    @property
    def processes(self) -> int:
        """How many kubectl."""
        return sum(map(len, self.phases))


class KeptKubectl:
    """The executable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self.path = folder / "kubectl"
        self.path.write_text(_SCRIPT.format(dir=shlex.quote(str(folder)), slow=SLOW))
        self.path.chmod(0o755)

    def slow(self, on: bool) -> None:
        """From now on each command takes a while, or none."""
        if on:
            (self._folder / "slow").touch()
            (self._folder / "log").unlink(missing_ok=True)
        else:
            (self._folder / "slow").unlink()

    def reads(self) -> Reads:
        """What ran since it became slow."""
        log = self._folder / "log"
        lines = [line.split("\x1f") for line in log.read_text().splitlines()] if log.exists() else []
        phases: list[list[tuple[str, ...]]] = []
        until = 0
        for begin, end, _, *args in sorted(lines):
            if int(begin) >= until:
                phases.append([])
            phases[-1].append(tuple(args))
            until = max(until, int(end))
        return Reads(phases, sum((self._folder / key).stat().st_size for _, _, key, *_ in lines))

    def largest(self) -> Path:
        """What was printed most of at once."""
        return max(self._folder.iterdir(), key=lambda path: path.stat().st_size)


class Cost(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


def bare(reads: Reads) -> Cost:
    """The same kubectl, printing to nowhere."""
    begin, cpu = time.perf_counter(), 0.0
    for phase in reads.phases:
        running = [
            subprocess.Popen(["kubectl", *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for args in phase
        ]
        for process in running:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu += usage.ru_utime + usage.ru_stime
    return Cost(time.perf_counter() - begin, cpu)
