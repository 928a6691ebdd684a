"""`make packages` writes what registries and clients read about this program, from pyproject.toml and flux_mcp/skills/.

A test fails when one of the files is stale, so that version, description and addresses are the same everywhere.
"""

import json
import re
import tomllib
from typing import Any, Final

from flux_mcp.tools.registry import TOOLS
from tests.support.fake import ROOT

PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME: Final = str(PROJECT["name"])
VERSION: Final = str(PROJECT["version"])
DESCRIPTION: Final = str(PROJECT["description"])
REPOSITORY: Final = str(PROJECT["urls"]["Repository"])
OWNER: Final = REPOSITORY.split("/")[3]
SERVER: Final = f"io.github.{OWNER}/{NAME}"
TITLE: Final = "Flux CD"
_UVX: Final = {"command": "uvx", "args": [f"{NAME}=={VERSION}", "serve"]}
_PLUGIN: Final = f"plugins/{NAME}"
_AUTHOR: Final = {"name": f"{NAME} maintainers", "url": REPOSITORY}
_COMMON: Final[dict[str, Any]] = {"name": NAME, "version": VERSION, "description": DESCRIPTION}
_ABOUT: Final = {"author": _AUTHOR, "homepage": REPOSITORY, "repository": REPOSITORY, "license": "Apache-2.0"}

REGISTRY: Final[dict[str, Any]] = {
    "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    "name": SERVER,
    "title": TITLE,
    "description": DESCRIPTION,
    "version": VERSION,
    "repository": {"url": REPOSITORY, "source": "github"},
    "packages": [
        {
            "registryType": "pypi",
            "identifier": NAME,
            "version": VERSION,
            "runtimeHint": "uvx",
            "transport": {"type": "stdio"},
            "packageArguments": [
                {"type": "positional", "value": "serve"},
                {"type": "named", "name": "--kube-context", "description": "context; default: the current one"},
                {"type": "named", "name": "--kube-as", "description": "user to impersonate"},
            ],
            "environmentVariables": [
                {"name": "KUBECONFIG", "description": "kubeconfig files, full paths", "format": "filepath"},
                {"name": "PATH", "description": "folders of kubectl and of credential plugins"},
                {
                    "name": "FLUX_MCP_READ_ONLY",
                    "description": "true leaves out the reconcile tools",
                    "format": "boolean",
                },
            ],
        }
    ],
}
"""server.json of the MCP registry."""

BUNDLE: Final[dict[str, Any]] = {
    "manifest_version": "0.4",
    **_COMMON,
    "display_name": TITLE,
    "author": _AUTHOR,
    "repository": {"type": "git", "url": REPOSITORY},
    "license": "Apache-2.0",
    "keywords": PROJECT["keywords"],
    "server": {
        "type": "uv",
        "entry_point": "flux_mcp/__main__.py",
        "mcp_config": {
            "command": "uv",
            "args": ["run", "--directory", "${__dirname}", "--no-dev", NAME, "serve"],
            "env": {
                "KUBECONFIG": "${user_config.kubeconfig}",
                "PATH": "${user_config.path}",
                "FLUX_MCP_READ_ONLY": "${user_config.read_only}",
            },
        },
    },
    "tools": [{"name": tool.name, "description": tool.title} for tool in TOOLS],
    "compatibility": {"platforms": ["darwin", "linux"], "runtimes": {"python": PROJECT["requires-python"]}},
    "user_config": {
        "kubeconfig": {
            "type": "file",
            "title": "kubeconfig",
            "description": "The kubeconfig that kubectl uses",
            "required": True,
            "default": "${HOME}/.kube/config",
        },
        "path": {
            "type": "string",
            "title": "PATH",
            "description": "Folders of kubectl, uv and credential plugins, separated by colons",
            "required": True,
            "default": "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        },
        "read_only": {
            "type": "boolean",
            "title": "Read only",
            "description": "Leave out the tools that request reconciliations",
            "required": False,
            "default": True,
        },
    },
}
"""manifest.json of an .mcpb bundle."""


def files() -> dict[str, str]:
    """Path → text of every file."""
    plugin = {**_COMMON, **_ABOUT, "keywords": PROJECT["keywords"]}
    source = f"./{_PLUGIN}"
    made: dict[str, object] = {
        "server.json": REGISTRY,
        "manifest.json": BUNDLE,
        "gemini-extension.json": {**_COMMON, "mcpServers": {"flux": _UVX}},
        ".claude-plugin/marketplace.json": {
            "name": NAME,
            "description": DESCRIPTION,
            "owner": {"name": _AUTHOR["name"]},
            "plugins": [{"name": NAME, "source": source, "description": DESCRIPTION}],
        },
        ".agents/plugins/marketplace.json": {
            "name": NAME,
            "interface": {"displayName": TITLE},
            "plugins": [
                {
                    "name": NAME,
                    "source": {"source": "local", "path": source},
                    "policy": {"installation": "AVAILABLE", "authentication": "ON_INSTALL"},
                    "category": "Developer Tools",
                }
            ],
        },
        f"{_PLUGIN}/.claude-plugin/plugin.json": plugin,
        f"{_PLUGIN}/.codex-plugin/plugin.json": {**plugin, "skills": "./skills/", "mcpServers": "./.mcp.json"},
        f"{_PLUGIN}/.mcp.json": {"mcpServers": {"flux": _UVX}},
    }
    texts = {path: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for path, content in made.items()}
    for path in sorted((ROOT / "flux_mcp" / "skills").glob("*/SKILL.md")):
        texts[f"{_PLUGIN}/skills/{path.parent.name}/SKILL.md"] = path.read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    texts["README.md"] = re.sub(r"<!-- mcp-name: \S+ -->", f"<!-- mcp-name: {SERVER} -->", readme)
    return texts


if __name__ == "__main__":
    for name, text in files().items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(text, encoding="utf-8")
