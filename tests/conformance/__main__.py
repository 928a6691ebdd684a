"""`make conformance`: the Inspector's command line in every protocol era, and the official conformance suite.

The suite wants tools and resources of its own for most scenarios, and tasks: expected_failures.txt records the checks
that fail for that. Another one that fails, and one of these that no longer does, is an error.
"""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.fake import FIXTURES, ROOT

FOLDER: Final = ROOT / "tests" / "conformance"
MODULES: Final = FOLDER / "node_modules"
EXPECTED: Final = FOLDER / "expected_failures.txt"
NEEDED: Final = (22, 19)
SERVE: Final = [sys.executable, "-m", "flux_mcp", "serve", f"--recording={FIXTURES / 'staging'}"]
INSPECTOR: Final = [
    ["--method", "tools/list", "--strict", "--protocol-era", "legacy"],
    ["--method", "tools/list", "--strict", "--protocol-era", "auto"],
    ["--method", "tools/list", "--strict", "--protocol-era", "modern"],
    ["--method", "prompts/list"],
    ["--method", "resources/list"],
    ["--method", "skills/list", "--verify", "--protocol-era", "modern"],
    [
        "--method",
        "tools/call",
        "--tool-name",
        "list_flux_resources",
        "--load",
        "--load-concurrency",
        "4",
        "--load-duration",
        "5",
    ],
]
SKILLS: Final = ("sep-2640-skills-enumeration", "sep-2640-skills-manifest")


def why_not() -> str:
    """Why it cannot run here; empty if it can."""
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout if node else ""
    found = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if found < NEEDED:
        return f"Node {'.'.join(map(str, NEEDED))} or newer is needed, found {version.strip() or 'none'}"
    return "" if MODULES.is_dir() else f"the packages of {FOLDER / 'package.json'} could not be installed"


def inspector() -> Iterator[str]:
    """What the Inspector finds wrong."""
    program = str(MODULES / ".bin" / "mcp-inspector")
    for flags in INSPECTOR:
        done = subprocess.run([program, "--cli", *SERVE, *flags], cwd=ROOT, capture_output=True, text=True, check=False)
        print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} inspector {' '.join(flags)}")
        if done.returncode != 0:
            yield f"inspector {' '.join(flags)}: exit {done.returncode}\n{done.stderr[-2000:]}"


def suite() -> set[str]:
    """The checks of the official suite that fail, as `scenario check`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    failed: set[str] = set()
    with (
        tempfile.TemporaryDirectory() as out,
        subprocess.Popen([sys.executable, "-m", "tests.conformance.serve", str(port)], cwd=ROOT) as server,
    ):
        try:
            _until_open(port)
            wanted = [["--requirements", "2026-07-28"], *(["--scenario", name] for name in SKILLS)]
            for number, which in enumerate(wanted):
                folder = Path(out) / str(number)
                program = str(MODULES / ".bin" / "conformance")
                url = f"http://127.0.0.1:{port}/mcp"
                subprocess.run(
                    [program, "server", "--url", url, "-o", str(folder), *which],
                    capture_output=True,
                    check=False,
                    timeout=600,
                )
                reports = sorted(folder.rglob("checks.json"))
                assert reports, f"the suite wrote no report for {' '.join(which)}"
                for path in reports:
                    scenario = re.sub(r"^server-|-\d{4}-\d\d-\d\dT.*$", "", path.parent.name)
                    checks = json.loads(path.read_text())
                    failed |= {f"{scenario} {check['id']}" for check in checks if check["status"] == "FAILURE"}
        finally:
            server.kill()
    return failed


def _until_open(port: int) -> None:
    for _ in range(150):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError("the server did not start")


def main() -> int:
    if reason := why_not():
        print(f"Skipped: {reason}.")
        return 0
    wrong = list(inspector())
    failed = suite()
    if "--update" in sys.argv:
        EXPECTED.write_text("\n".join(sorted(failed)) + "\n", encoding="utf-8")
    expected = set(EXPECTED.read_text(encoding="utf-8").split("\n")) - {""}
    wrong += [f"conformance: {check} fails" for check in sorted(failed - expected)]
    wrong += [f"conformance: {check} no longer fails: take it off the list" for check in sorted(expected - failed)]
    print(f"{'FAILED' if failed != expected else 'ok    '} conformance suite, {len(expected)} expected failures")
    print("\n".join(wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
