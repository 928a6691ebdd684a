"""The command graph: what it writes where, and what it rejects before it reads anything."""

import os
import re
import stat
import webbrowser
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from flux_mcp.cli import app
from flux_mcp.render.page import template
from tests.support.fake import FIXTURES, ROOT

STAGING = f"--recording={FIXTURES / 'staging'}"


def run(*args: str, recording: str = STAGING) -> Result:
    return CliRunner(env={"TYPER_USE_RICH": "0", "NO_COLOR": "1"}).invoke(app, ["graph", recording, *args])


def data_in(page: str) -> dict:
    held = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert held is not None
    return dict(orjson.loads(held[1]))


def test_mermaid_goes_to_stdout_and_the_rest_to_stderr() -> None:
    result = run("--edges=all")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == "flowchart LR"
    assert "```" not in result.stdout
    assert len(re.findall(r"^\w+\[", result.stdout, re.MULTILINE)) == 57
    assert result.stderr.startswith("get_flux_graph: 56 of 56 · context staging · ")


def test_what_could_not_be_read_is_said_beside_the_diagram_and_in_the_page(tmp_path: Path) -> None:
    limited = f"--recording={FIXTURES / 'limited'}"
    assert "\nCould not read: " in run(recording=limited).stderr
    result = run("--output=html", str(tmp_path / "page.html"), recording=limited)
    assert "\nCould not read: " in result.stderr
    assert data_in((tmp_path / "page.html").read_text())["warnings"]


def test_a_diagram_may_be_longer_than_an_answer(tmp_path: Path) -> None:
    result = run("--edges=all")
    assert "are drawn as boxes" not in result.stderr


@pytest.mark.parametrize("output", ["mermaid", "html"])
def test_a_file_is_for_its_owner_alone_and_never_replaced_unasked(tmp_path: Path, output: str) -> None:
    file = tmp_path / "graph"
    before = os.umask(0)
    try:
        assert run(f"--output={output}", str(file)).exit_code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    file.write_text("mine")
    result = run(f"--output={output}", str(file))
    assert (result.exit_code, file.read_text()) == (2, "mine")
    assert "--force" in result.stderr
    assert run(f"--output={output}", "--force", str(file)).exit_code == 0
    assert file.read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["graph"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "link").symlink_to(target)
    assert run(str(tmp_path / "link")).exit_code == 2
    assert run(str(tmp_path / "link"), "--force").exit_code == 0
    assert target.read_text() == "mine"


def test_the_page_has_the_objects_and_the_causes(tmp_path: Path) -> None:
    assert run("--output=html", str(tmp_path / "page.html")).exit_code == 0
    page = (tmp_path / "page.html").read_text()
    data = data_in(page)
    assert len(data["objects"]) == 57
    assert len(data["causes"]) > 10
    assert page.startswith(template().partition("__DATA__")[0])


def test_one_object_can_be_named(tmp_path: Path) -> None:
    named = ("--kind=HelmRelease", "--name=payments", "--namespace=apps")
    assert run("--output=html", *named, str(tmp_path / "page.html")).exit_code == 0
    data = data_in((tmp_path / "page.html").read_text())
    assert 1 < len(data["objects"]) < 57
    assert data["causes"]


def test_open_shows_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_page)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run("--output=html", "--open").exit_code == 0
    (file,) = tmp_path.iterdir()
    assert opened == [file.as_uri()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert data_in(file.read_text())["objects"]


def test_without_a_browser_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    result = run("--output=html", "--open", str(tmp_path / "page.html"))
    assert result.exit_code == 1
    assert f"Written: {tmp_path / 'page.html'}\nNo browser could be started.\n" in result.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--output=html"], "FILE: is needed with --output=html"),
        (["--open"], "--open: needs --output=html"),
        (["/no/such/folder/graph"], "must be in a folder that exists"),
        (["/tmp", "--force"], "must not be a folder"),
        (["--output=pdf"], "pdf"),
    ],
)
def test_bad_usage_ends_with_code_2(args: list[str], said: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--kind=Pod"], "kind"),
        (["--name=apps"], "required with name"),
        (["--edges=some"], "edges"),
        (["--kind=Kustomization", "--name=nope"], 'There is no Kustomization "nope"'),
    ],
)
def test_what_cannot_be_drawn_is_an_error_and_nothing_is_written(tmp_path: Path, args: list[str], said: str) -> None:
    for more in ([], ["--output=html", str(tmp_path / "page.html")]):
        result = run(*args, *more)
        assert (result.exit_code, result.stdout) == (1, "")
        assert said in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_documentation_names_every_flag() -> None:
    shown = CliRunner(env={"TYPER_USE_RICH": "0", "COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, ["graph", "--help"])
    page = (ROOT / "docs" / "graph.md").read_text()
    own = {"--kind", "--name", "--namespace", "--edges", "--output", "--force", "--open"}
    assert own <= set(re.findall(r"--[a-z-]+", shown.output))
    assert own <= set(re.findall(r"--[a-z-]+", page))
