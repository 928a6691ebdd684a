"""fluxcd-mcp install: the entry of each client, and merging it into a file that holds other things, in a real HOME."""

import base64
import json
import os
import stat
import sys
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from typer.testing import CliRunner, Result

from flux_mcp.cli import app
from flux_mcp.install.clients import clients, link
from flux_mcp.install.launch import Launch, launch
from flux_mcp.settings import Access, Settings

FILES = {
    "claude-code": ".claude.json",
    "claude-desktop": ".config/Claude/claude_desktop_config.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".config/Code/User/mcp.json",
    "codex": ".codex/config.toml",
    "gemini-cli": ".gemini/settings.json",
    "goose": ".config/goose/config.yaml",
    "opencode": ".config/opencode/opencode.json",
    "copilot-cli": ".copilot/mcp-config.json",
}
"""As the documentation of each client says for Linux."""
JSON = [name for name, path in FILES.items() if path.endswith(".json")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "OPENCODE_CONFIG_DIR", "COPILOT_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kube"))
    # As a console script is started, not as pytest is.
    monkeypatch.setattr("sys.argv", [str(Path(sys.executable).with_name("fluxcd-mcp"))])
    return tmp_path


def install(*args: str, **env: str) -> Result:
    return CliRunner(env={"TYPER_USE_RICH": "0", "NO_COLOR": "1", **env}).invoke(app, ["install", *args])


def backups(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.before-fluxcd-mcp-*"))


@pytest.mark.parametrize("client", FILES)
def test_it_prints_and_writes_nothing_without_write(home: Path, client: str) -> None:
    result = install(client)
    assert result.exit_code == 0, result.output
    assert str(home / FILES[client]) in result.stderr
    assert "serve" in result.stdout
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("client", FILES)
def test_what_is_printed_is_what_is_written(home: Path, client: str) -> None:
    printed = install(client, "--kube-context=staging").stdout
    result = install(client, "--kube-context=staging", "--write")
    assert result.exit_code == 0, result.output
    path = home / FILES[client]
    assert path.read_text() == printed
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert backups(path) == []
    again = install(client, "--kube-context=staging", "--write")
    assert "has this entry already" in again.stdout
    assert backups(path) == []


def entry_in(client: str, path: Path) -> dict:
    key = clients()[client].key
    text = path.read_text()
    document = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    assert isinstance(document, dict)
    return dict(document[key]["flux"])


@pytest.mark.parametrize("client", [*JSON, "codex"])
def test_the_entry_has_full_paths_and_the_environment(home: Path, client: str) -> None:
    env = {
        "PATH": f"/usr/bin:relative::{home}",
        "AWS_PROFILE": "staging",
        "HTTPS_PROXY": "http://me:hunter2@proxy:3128",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "FLUX_MCP_READ_ONLY": "1",
    }
    result = install(client, "--write", "--kube-client-key=key.pem", **env)
    assert result.exit_code == 0, result.output
    entry = entry_in(client, home / FILES[client])
    argv = entry["command"] if client == "opencode" else [entry["command"], *entry["args"]]
    assert Path(argv[0]).is_absolute()
    assert argv[-3:] == ["serve", f"--kube-client-key={Path.cwd() / 'key.pem'}", "--read-only"]
    found = entry["environment" if client == "opencode" else "env"]
    assert found["KUBECONFIG"] == str(home / "kube")
    assert found["AWS_PROFILE"] == "staging"
    assert found["PATH"].split(":")[:2] == ["/usr/bin", str(home)]
    assert all(Path(folder).is_absolute() for folder in found["PATH"].split(":"))
    assert "hunter2" not in (home / FILES[client]).read_text()
    assert "HTTPS_PROXY is left out" in result.stderr
    assert "AWS_SECRET_ACCESS_KEY must reach the server in another way" in result.stderr


@pytest.mark.parametrize("client", JSON)
def test_a_json_file_keeps_everything_else(home: Path, client: str) -> None:
    path = home / FILES[client]
    path.parent.mkdir(parents=True, exist_ok=True)
    before = {"z": [1, 2.5, None], clients()[client].key: {"other": {"command": "é"}, "flux": {"old": True}}, "a": {}}
    path.write_text(json.dumps(before, indent=4, ensure_ascii=False))
    path.chmod(0o640)
    result = install(client, "--write")
    assert result.exit_code == 0, result.output
    after = json.loads(path.read_text())
    assert "old" not in after[clients()[client].key].pop("flux")
    del before[clients()[client].key]["flux"]  # type: ignore[attr-defined]
    assert after == before
    assert list(after) == ["z", clients()[client].key, "a"]
    assert path.read_text().startswith('{\n    "z"')
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    (backup,) = backups(path)
    assert json.loads(backup.read_text())[clients()[client].key]["flux"] == {"old": True}
    assert str(backup) in result.stdout


CODEX = """\
# my settings
model = "gpt-5" # keep

[mcp_servers.flux] # old
command = "old"

[mcp_servers.flux.env]
A = "b"

[mcp_servers."fluxx"]
command = "other"

[projects."/home/me"]
trust_level = "trusted"
"""


def test_a_toml_file_keeps_everything_else(home: Path) -> None:
    path = home / FILES["codex"]
    path.parent.mkdir()
    path.write_text(CODEX)
    assert install("codex", "--write").exit_code == 0
    text = path.read_text()
    before, after = tomllib.loads(CODEX), tomllib.loads(text)
    assert after["mcp_servers"].pop("flux")["args"] == ["serve"]
    del before["mcp_servers"]["flux"]
    assert after == before
    assert text.startswith('# my settings\nmodel = "gpt-5" # keep\n')
    assert backups(path)[0].read_text() == CODEX


GOOSE = """\
GOOSE_PROVIDER: openai # keep
extensions:
  developer:
    enabled: true
    type: builtin
  flux:
    cmd: old
    envs: {}

  memory:
    enabled: false
# the end
GOOSE_MODE: auto
"""


def test_a_yaml_file_keeps_every_other_line(home: Path) -> None:
    path = home / FILES["goose"]
    path.parent.mkdir(parents=True)
    path.write_text(GOOSE)
    assert install("goose", "--write").exit_code == 0
    lines = path.read_text().splitlines()
    start, end = lines.index("  flux:"), lines.index("  memory:")
    assert [*lines[:start], *lines[end:]] == [
        line for line in GOOSE.splitlines() if line not in {"  flux:", "    cmd: old", "    envs: {}", ""}
    ]
    assert f'    cmd: "{json.loads(lines[start + 5].partition(": ")[2])}"' in lines
    assert '    args: ["serve"]' in lines
    assert f'      KUBECONFIG: "{home / "kube"}"' in lines


@pytest.mark.parametrize(
    "text", ["A: 1\n", "extensions: {}\nA: 1\n", "extensions:\nA: 1", "A: 1\nextensions:\n    x:\n        y: 1\n"]
)
def test_a_yaml_file_gets_its_first_entry(home: Path, text: str) -> None:
    path = home / FILES["goose"]
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert install("goose", "--write").exit_code == 0
    lines = path.read_text().splitlines()
    assert "A: 1" in lines
    at = lines.index("extensions:")
    assert lines[at + 1].strip() == "flux:"
    if "x:" in text:
        assert lines[at + 1].startswith("    flux")
        assert lines[-2:] == ["    x:", "        y: 1"]


@pytest.mark.parametrize(
    ("client", "text"),
    [
        ("vscode", '{ // mine\n "servers": {} }'),
        ("cursor", '{"mcpServers": []}'),
        ("cursor", "[]"),
        ("cursor", '{"a": 1, "a": 2}'),
        ("codex", "mcp_servers = { flux = { command = 'x' } }"),
        ("codex", "not toml"),
        ("goose", "extensions: {a: {b: 1}}"),
        ("goose", "{}"),
    ],
)
def test_a_file_that_cannot_be_kept_whole_is_left_as_it_was(home: Path, client: str, text: str) -> None:
    path = home / FILES[client]
    path.parent.mkdir(parents=True)
    path.write_text(text)
    result = install(client, "--write")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "was left as it is" in result.stderr
    assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_an_error(home: Path) -> None:
    (home / ".cursor").write_text("a file where the folder would be")
    result = install("cursor", "--write")
    assert result.exit_code == 1
    assert ".cursor" in result.stderr


def test_a_symbolic_link_stays_one(home: Path) -> None:
    (home / "dotfiles").mkdir()
    (home / "dotfiles" / "mcp.json").write_text("{}")
    (home / ".cursor").mkdir()
    (home / ".cursor" / "mcp.json").symlink_to(home / "dotfiles" / "mcp.json")
    assert install("cursor", "--write").exit_code == 0
    assert (home / ".cursor" / "mcp.json").is_symlink()
    assert "flux" in json.loads((home / "dotfiles" / "mcp.json").read_text())["mcpServers"]


@pytest.mark.parametrize(
    ("client", "variable", "path"),
    [
        ("claude-code", "CLAUDE_CONFIG_DIR", ".claude.json"),
        ("codex", "CODEX_HOME", "config.toml"),
        ("goose", "XDG_CONFIG_HOME", "goose/config.yaml"),
        ("copilot-cli", "COPILOT_HOME", "mcp-config.json"),
    ],
)
def test_variables_that_move_a_clients_file(home: Path, client: str, variable: str, path: str) -> None:
    assert install(client, "--write", **{variable: str(home / "moved")}).exit_code == 0
    assert (home / "moved" / path).exists()


def test_macos_has_paths_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/Users/me")
    monkeypatch.setattr("sys.platform", "darwin")
    found = clients()["claude-desktop"].path({"XDG_CONFIG_HOME": "/elsewhere"})
    assert str(found) == "/Users/me/Library/Application Support/Claude/claude_desktop_config.json"


def test_an_unknown_client_is_bad_usage() -> None:
    result = install("claude-cod")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "(did you mean claude-code?)" in result.stderr
    assert "opencode" in result.stderr


def test_the_links_hold_the_entry() -> None:
    start = Launch("uvx", ("fluxcd-mcp", "serve"))
    cursor = urlsplit(link("cursor", start))
    assert (cursor.scheme, cursor.netloc, cursor.path) == ("cursor", "anysphere.cursor-deeplink", "/mcp/install")
    query = parse_qs(cursor.query)
    assert query["name"] == ["flux"]
    assert json.loads(base64.b64decode(query["config"][0]))["args"] == ["fluxcd-mcp", "serve"]
    code = link("vscode", start)
    assert code.startswith("vscode:mcp/install?")
    assert json.loads(unquote(code.partition("?")[2]))["name"] == "flux"
    assert link("codex", start) == ""


def test_help_names_every_client() -> None:
    words = install("--help").stdout.replace(",", " ").replace(".", " ").split()
    assert [name for name in clients() if name not in words] == []


@pytest.mark.parametrize("bundled", [True, False])
def test_how_it_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, bundled: bool) -> None:
    """What uvx made stands in a cache that is cleaned: then uvx itself is the command."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    folder = tmp_path / ("cache/archive-v0/Ab1/bin" if bundled else "bin")
    for path in (folder / "fluxcd-mcp", tmp_path / "uv" / "uvx"):
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    folders = os.pathsep.join([str(folder), str(tmp_path / "uv")])
    started = launch(Settings(access=Access(context="dev")), {"PATH": folders}, str(folder / "fluxcd-mcp"))
    assert started.args[-2:] == ("serve", "--kube-context=dev")
    if bundled:
        assert started.command == str(tmp_path / "uv" / "uvx")
        assert started.args[0] == "--from"
        assert started.args[2] == "fluxcd-mcp"
        assert str(folder) not in started.env["PATH"]
    else:
        assert started.command == str(folder / "fluxcd-mcp")
