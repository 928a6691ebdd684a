"""The MCP clients, and the entry of this server for each of them."""

import base64
import functools
import json
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from flux_mcp.install.launch import Launch

SERVER: Final = "flux"
"""What the server is called in a client."""
_XDG: Final = "~/.config/"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpClient:
    """One client, as clients.toml describes it."""

    name: str
    title: str
    linux: str
    macos: str
    format: str
    key: str
    after: str
    source: str
    entry: dict[str, Any]
    home: tuple[str, str] | None = None

    def path(self, environment: Mapping[str, str]) -> Path:
        """The file that holds the client's servers."""
        if self.home is not None and environment.get(self.home[0]):
            return Path(environment[self.home[0]]).expanduser() / self.home[1]
        path = self.macos if sys.platform == "darwin" else self.linux
        if path.startswith(_XDG) and environment.get("XDG_CONFIG_HOME"):
            return Path(environment["XDG_CONFIG_HOME"]).expanduser() / path.removeprefix(_XDG)
        return Path(path).expanduser()

    def entry_for(self, launch: Launch) -> dict[str, Any]:
        """The client's entry for a command."""
        replaced = {
            "$command": launch.command,
            "$args": list(launch.args),
            "$argv": [launch.command, *launch.args],
            "$env": dict(launch.env),
        }
        return {
            field: replaced[given] if isinstance(given, str) and given in replaced else given
            for field, given in self.entry.items()
        }


@functools.cache
def clients() -> dict[str, McpClient]:
    """The clients by name."""
    table = tomllib.loads((files(__package__) / "clients.toml").read_text(encoding="utf-8"))
    return {
        name: McpClient(name=name, **{**fields, "home": tuple(fields["home"]) if "home" in fields else None})
        for name, fields in table.items()
    }


def link(client: str, launch: Launch) -> str:
    """The address that installs the server at one click; empty for a client without such addresses."""
    entry = clients()[client].entry_for(launch)
    if client == "cursor":
        config = base64.b64encode(_compact(entry).encode()).decode()
        return f"cursor://anysphere.cursor-deeplink/mcp/install?name={SERVER}&config={quote(config)}"
    if client == "vscode":
        return f"vscode:mcp/install?{quote(_compact({'name': SERVER, **entry}), safe='')}"
    return ""


def _compact(entry: dict[str, Any]) -> str:
    return json.dumps(entry, separators=(",", ":"))
