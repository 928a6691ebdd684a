"""How a client starts this server: a command with full paths, and the environment that credential plugins need."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from flux_mcp.kubectl.kubeconfig import kubeconfig_files
from flux_mcp.settings import Settings

PASSED_ON: Final = re.compile(
    r"AWS_(PROFILE|REGION|DEFAULT_REGION|CONFIG_FILE|SHARED_CREDENTIALS_FILE|CA_BUNDLE)|AZURE_CONFIG_DIR"
    r"|AAD_LOGIN_METHOD|CLOUDSDK_(CONFIG|ACTIVE_CONFIG_NAME|PYTHON)|GOOGLE_APPLICATION_CREDENTIALS"
    r"|USE_GKE_GCLOUD_AUTH_PLUGIN|HTTPS?_PROXY|https?_proxy|ALL_PROXY|NO_PROXY|no_proxy|SSL_CERT_(FILE|DIR)"
    r"|REQUESTS_CA_BUNDLE|OCI_CLI_(CONFIG_FILE|PROFILE)|TELEPORT_HOME|XDG_(CONFIG|CACHE|DATA)_HOME|KUBECACHEDIR"
)
"""Variables that credential plugins and kubectl read and that hold no credential themselves."""
_CLOUDS: Final = ("AWS_", "AZURE_", "AAD_", "GOOGLE_", "OCI_", "DIGITALOCEAN_", "LINODE_")
_CREDENTIALS: Final = ("KEY", "TOKEN", "SECRET", "PASSWORD")
"""What is in the names of variables of a cloud that hold credentials: they are named, and never written to a file."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A command and its environment.

    Attributes:
        notes: what the user should know, one sentence each.
    """

    command: str
    args: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def launch(settings: Settings, environment: Mapping[str, str], argv0: str) -> Launch:
    """How to start this installation of fluxcd-mcp with these settings from anywhere.

    Args:
        settings: the flags of install become those of serve.
        environment: of this process.
        argv0: how this process was started.
    """
    command, *before = _program(argv0, environment)
    notes: list[str] = []
    env: dict[str, str] = {}
    kubeconfig = [os.path.abspath(path) for path in kubeconfig_files(None)]  # noqa: PTH100 (keeps symbolic links)
    if not settings.recordings or settings.access.context is not None:
        if settings.access.kubeconfig is None and (environment.get("KUBECONFIG") or Path(kubeconfig[0]).exists()):
            env["KUBECONFIG"] = os.pathsep.join(kubeconfig)
        env["PATH"] = os.pathsep.join(_folders(environment.get("PATH", "")))
        for name, given in environment.items():
            if PASSED_ON.fullmatch(name) and given:
                if "@" in given:
                    notes.append(f"{name} is left out, since it may hold a password: set it in the client yourself.")
                else:
                    env[name] = given
        held = [name for name in environment if name.startswith(_CLOUDS) and any(word in name for word in _CREDENTIALS)]
        if held:
            notes.append(f"No credential is written: {', '.join(sorted(held))} must reach the server in another way.")
    return Launch(command, (*before, "serve", *settings.flags()), env, tuple(notes))


def _program(argv0: str, environment: Mapping[str, str]) -> list[str]:
    """The command up to `serve`."""
    path = environment.get("PATH", "")
    found = os.path.abspath(argv0) if os.sep in argv0 else shutil.which(argv0, path=path)  # noqa: PTH100
    if found is None or Path(found).name == "__main__.py":
        return [sys.executable, "-m", "flux_mcp"]
    uvx = shutil.which("uvx", path=path)
    if uvx is None or not _is_ephemeral(found):
        return [found]
    # The environment that uvx makes is removed with its cache.
    return [os.path.abspath(uvx), "--from", _origin(), "fluxcd-mcp"]  # noqa: PTH100


def _is_ephemeral(program: str) -> bool:
    """Whether a program stands in the cache of uv (archive-v0/HASH/bin)."""
    return any(re.fullmatch(r"(archive|environments)-v\d+", part) for part in Path(program).parts)


def _origin() -> str:
    """What this installation was made from: a wheel or folder, else the version on the package index."""
    distribution = metadata.distribution("fluxcd-mcp")
    direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    url = urlsplit(str(direct.get("url", "")))
    return unquote(url.path) if url.scheme == "file" else f"fluxcd-mcp=={distribution.version}"


def _folders(path: str) -> Iterator[str]:
    """The folders of PATH that can be found from anywhere, without those of this process's own environment."""
    for folder in dict.fromkeys((*path.split(os.pathsep), "/usr/local/bin", "/usr/bin", "/bin")):
        if Path(folder).is_absolute() and not _is_ephemeral(folder) and Path(folder).is_dir():
            yield folder
