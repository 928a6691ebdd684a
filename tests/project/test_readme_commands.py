"""Every fluxcd-mcp command of README runs, in the order in which they stand there, in an empty home and folder."""

import json
import os
import re
import shlex
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flux_mcp.cli import app
from tests.support.fake import FIXTURES, ROOT, FakeKubectl, kubeconfig

README = (ROOT / "README.md").read_text(encoding="utf-8")
VARIABLE = {"TOOL": "get_flux_instance", "CLIENT": "codex"}


def commands() -> Iterator[list[str]]:
    """The words of each, without what the shell does with them."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.split("\n")]
    inline = re.findall(r"`(fluxcd-mcp [^`]+)`", README)
    for line in (*lines, *inline):
        found = re.match(r"(?:uvx )?fluxcd-mcp (.*)", line)
        if found is not None:
            yield [VARIABLE.get(word, word) for word in shlex.split(re.split(r" \||>", found[1])[0], comments=True)]


def test_there_are_commands() -> None:
    names = {words[0] for words in commands()}
    assert {"demo", "doctor", "install", "call", "record", "graph", "rbac", "tools"} <= names


@pytest.mark.processes
def test_every_command_runs(fake: FakeKubectl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "fixtures").symlink_to(FIXTURES)
    fake.holds(FIXTURES / "staging")
    fake.says("config", json.dumps(kubeconfig("staging", "staging")))
    fake.says("auth", "yes\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(webbrowser, "open", lambda address: address.startswith("file:"))
    env = {"HOME": str(home), "PATH": f"{fake.path.parent}:/usr/bin:/bin"}
    env |= {"TYPER_USE_RICH": "0", "NO_COLOR": "1"}
    for words in commands():
        if words == ["--install-completion"]:
            # It looks for the shell that started it.
            program = shlex.quote(str(Path(sys.executable).with_name("fluxcd-mcp")))
            script = f"{program} --install-completion; exit $?"
            subprocess.run(["bash", "-c", script], env={**os.environ, **env}, cwd=ROOT, check=True, capture_output=True)
            assert "fluxcd-mcp.sh" in (home / ".bashrc").read_text()
            continue
        if words in (["call"], ["serve"]):
            continue  # named, not to be typed so
        result = CliRunner(env=env).invoke(app, words)
        assert result.exit_code == 0, f"fluxcd-mcp {shlex.join(words)}: {result.output}"
    assert (tmp_path / "staging" / "recording.json").exists()
    assert (home / ".codex" / "config.toml").exists()
