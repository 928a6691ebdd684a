"""`make cases`: what holds, case by case, with the commands and tokens that each answer took.

`CASE=NAME` (a part of a name) prints the answers of these cases too.
"""

import argparse
import sys
from pathlib import Path

import anyio

from tests.cases.case import CASES, Case, answer, read_cases


async def _show(case: Case, *, texts: bool) -> tuple[int, int]:
    """Print one case. Returns how many facts hold, and how many there are."""
    held = total = 0
    for ask in case.asks:
        result = await answer(case.recording, ask)
        facts = len(ask.says) + len(ask.never)
        failed = len(result.missing) + len(result.wrong)
        held, total = held + facts - failed, total + facts
        verdict = "holds" if not failed else "FAILS"
        over = f" (more than {ask.tokens})" if result.tokens > ask.tokens else ""
        print(
            f"{verdict}  {facts - failed:2} of {facts:2}  {result.calls} calls  {result.tokens:5} tokens{over}  "
            f"{case.name}: {ask}"
        )
        for fact in result.missing:
            print(f"         is not said: {fact}")
        for fact in result.wrong:
            print(f"         is said, and must not be: {fact}")
        if texts:
            print(result.text + "\n")
    return held, total


async def _main() -> int:
    parser = argparse.ArgumentParser(prog="make cases")
    parser.add_argument("--folder", type=Path, default=CASES, help="the folder of the cases")
    parser.add_argument("--case", default="", help="a part of the names of cases, whose answers are printed")
    options = parser.parse_args()
    counts = [
        await _show(case, texts=bool(options.case)) for case in read_cases(options.folder) if options.case in case.name
    ]
    held, total = sum(one for one, _ in counts), sum(one for _, one in counts)
    whole = sum(one == of for one, of in counts)
    print(f"{held} of {total} facts hold; {whole} of {len(counts)} cases hold in full")
    return 0 if held == total else 1


if __name__ == "__main__":
    sys.exit(anyio.run(_main))
