"""Run the property tests with many more examples, other ones each time, for a bounded time: `make fuzz`.

It prints the seed of each round; `--seed` runs a round again.
"""

import argparse
import os
import secrets
import subprocess
import sys
import time

MINUTES = 10.0
"""How long, unless told otherwise."""


def run_round(seed: int, seconds: float, tests: list[str]) -> int | None:
    """One round of pytest; its exit code, or None where the time ended before it did."""
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    # Hypothesis marks its tests. Each file goes to one process, so that what a file prepares is prepared once.
    words = ["-m", "hypothesis and not live and not node", "--exitfirst", f"--hypothesis-seed={seed}", *tests]
    command = [sys.executable, "-m", "pytest", "--numprocesses=auto", "--quiet", *words]
    with subprocess.Popen(command, env={**os.environ, "FLUX_MCP_FUZZ": "1"}, start_new_session=True) as child:
        try:
            return child.wait(timeout=max(1.0, seconds))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            return None


def main() -> int:
    """Rounds until the time has ended; the exit code of the first that fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("tests", nargs="*", help="files or tests; default: all property tests")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--seed", type=int, help="of the only round")
    chosen = parser.parse_args()
    end = time.monotonic() + 60 * chosen.minutes
    seed = chosen.seed if chosen.seed is not None else secrets.randbelow(1 << 32)
    rounds = 0
    while (code := run_round(seed, end - time.monotonic(), chosen.tests)) == 0 and chosen.seed is None:
        rounds, seed = rounds + 1, seed + 1
    if code:
        sys.stdout.write(f"FAILED with seed {seed}: make fuzz SEED={seed}\n")
        return code
    rest = "" if code == 0 else f", and one that the time did not suffice for ({chosen.minutes:g} minutes)"
    sys.stdout.write(f"{rounds + (code == 0)} rounds without a failure{rest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
