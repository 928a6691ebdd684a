"""A real browser, which node drives (tests/render/node/browse.mjs); without either, a test is skipped."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake import ROOT

FOLDER = ROOT / "tests" / "render" / "node"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass(frozen=True)
class Visit:
    """What a visit to a page brought.

    Attributes:
        values: what the steps named "value" found.
        requests: what was requested beside the page itself.
        problems: errors, warnings and dialogs, and a step that failed.
    """

    values: list[Any]
    requests: list[str]
    problems: list[str]


def find_browser() -> str:
    """The path of a browser."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"there is none of {', '.join(BROWSERS)} on PATH")
    return found


def needs(*packages: str) -> None:
    """Skip a test where node or one of its packages is missing."""
    if shutil.which("node") is None:
        pytest.skip("there is no node on PATH")
    for package in packages:
        if not (FOLDER / "node_modules" / package).is_dir():
            pytest.skip(f"{package} is not installed in tests/render/node: npm is missing, or could not get it")


def visit(file: Path, *steps: tuple[Any, ...], **more: Any) -> Visit:
    """Open a file and take these steps: (action of browse.mjs, its arguments)."""
    needs("puppeteer-core")
    given = {"browser": find_browser(), "file": file.as_uri(), "steps": steps, **more}
    run = subprocess.run(
        ["node", "browse.mjs"],
        cwd=FOLDER,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return Visit(**json.loads(run.stdout))
