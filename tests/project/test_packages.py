"""What registries and clients read is what pyproject.toml says, and what `install` writes."""

import json
import re
import tomllib

import pytest

from flux_mcp import __version__
from flux_mcp.install.clients import clients
from flux_mcp.install.launch import Launch
from tests.packages import DESCRIPTION, NAME, OWNER, SERVER, VERSION, files
from tests.support.fake import ROOT

FILES = files()


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == FILES[path], f"{path} is stale: run make packages"


def test_nothing_is_left_of_what_is_no_longer_written() -> None:
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "plugins").rglob("*") if path.is_file()}
    assert there == {path for path in FILES if path.startswith("plugins/")}


def test_the_version_stands_in_one_place() -> None:
    assert __version__ == VERSION
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    assert [package["version"] for package in lock["package"] if package["name"] == NAME] == [VERSION]
    wrong = re.compile(r"fluxcd-mcp==(?!" + re.escape(VERSION) + r"\b)[0-9]")
    assert [path for path, text in FILES.items() if wrong.search(text)] == []


def test_the_registry_can_take_it() -> None:
    """https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json, and the registry's proof of ownership."""
    server = json.loads(FILES["server.json"])
    assert len(DESCRIPTION) <= 100
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"])
    assert f"<!-- mcp-name: {SERVER} -->" in FILES["README.md"]
    (package,) = server["packages"]
    assert (package["identifier"], package["transport"]) == (NAME, {"type": "stdio"})


def test_the_placeholder_is_explained() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert OWNER != "OWNER" or "`OWNER` in `[project.urls]`" in text


def test_plugins_and_extensions_start_it_as_install_does() -> None:
    start = Launch("uvx", (f"{NAME}=={VERSION}", "serve"))
    entry = clients()["gemini-cli"].entry_for(start)
    expected = {key: entry[key] for key in ("command", "args")}
    assert json.loads(FILES["gemini-extension.json"])["mcpServers"]["flux"] == expected
    assert json.loads(FILES[f"plugins/{NAME}/.mcp.json"])["mcpServers"]["flux"] == expected


def test_the_image_is_not_root_and_reads_only() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "\nUSER 65532:65532\n" in text
    assert "FLUX_MCP_READ_ONLY=true" in text
    assert "sha256sum --check" in text
    copied = re.findall(r"^COPY ([^\n]+) \./?", text, re.MULTILINE)
    assert all((ROOT / name).exists() for words in copied for name in words.split() if not name.startswith("--"))


def test_a_release_stores_no_credential() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert "secrets." not in text
    assert text.count("id-token: write") == 2
    assert "pypa/gh-action-pypi-publish" in text
