"""A kubectl of the tests' own: an executable that prints what a test tells it to, and remembers how it was called."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

from flux_mcp.flux.kinds import FLUX_KINDS

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"

_SCRIPT = """#!/bin/sh
dir={dir}
verb=none
for word in "$@"; do
  case $word in get|annotate|logs|config|version|api-resources|auth) verb=$word; break;; esac
done
printf '%s\\n' "$@" '\036' >> "$dir/calls"
echo $$ >> "$dir/pids"
[ -f "$dir/$verb.sh" ] && . "$dir/$verb.sh"
[ -f "$dir/$verb.out" ] && cat "$dir/$verb.out"
[ -f "$dir/$verb.err" ] && cat "$dir/$verb.err" >&2
[ -f "$dir/$verb.code" ] && exit "$(cat "$dir/$verb.code")"
exit 0
"""


def kubeconfig(current: str = "dev", *names: str) -> dict[str, Any]:
    """What `kubectl config view -o json` prints for contexts of these names; each has a user NAME-user."""
    return {
        "kind": "Config",
        "current-context": current,
        "contexts": [
            {"name": name, "context": {"cluster": f"{name}-cluster", "user": f"{name}-user"}}
            for name in (names or ("dev", "prod"))
        ],
    }


def a_list(*items: dict[str, Any]) -> str:
    """A list as kubectl prints one."""
    return json.dumps({"apiVersion": "v1", "items": list(items), "kind": "List"}, indent=4) + "\n"


class FakeKubectl:
    """The executable. By default: version 1.34, contexts dev (current) and prod, all Flux kinds served, empty lists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "kubectl"
        self.path.write_text(_SCRIPT.format(dir=shlex.quote(str(folder))))
        self.path.chmod(0o755)
        self.says("version", json.dumps({"clientVersion": {"gitVersion": "v1.34.4"}}))
        self.says("config", json.dumps(kubeconfig()))
        self.serves(*(kind.resource for kind in FLUX_KINDS))
        self.says("get", a_list())

    def says(self, verb: str, stdout: str | bytes = "", stderr: str | bytes = "", code: int = 0) -> None:
        """From now on `verb` prints this and exits so."""
        for suffix, text in (("out", stdout), ("err", stderr)):
            data = text.encode() if isinstance(text, str) else text
            (self.folder / f"{verb}.{suffix}").write_bytes(data)
        (self.folder / f"{verb}.code").write_text(str(code))
        (self.folder / f"{verb}.sh").unlink(missing_ok=True)

    def does(self, verb: str, script: str) -> None:
        """From now on `verb` runs these lines of sh first; `$dir` is the folder, `"$@"` the arguments."""
        (self.folder / f"{verb}.sh").write_text(script + "\n")

    def serves(self, *resources: str) -> None:
        """From now on the API server serves these `plural.group` names."""
        self.says("api-resources", "\n".join(resources) + "\n")

    def lists(self, *items: dict[str, Any]) -> None:
        """From now on every get prints these items."""
        self.says("get", a_list(*items))

    def calls(self, verb: str | None = None) -> list[list[str]]:
        """The arguments of every call so far, or of those with that verb."""
        log = self.folder / "calls"
        calls = [call.splitlines() for call in log.read_text().split("\x1e\n")[:-1]] if log.exists() else []
        return [call for call in calls if verb is None or verb in call]

    def forget(self) -> None:
        """Forget the calls."""
        (self.folder / "calls").unlink(missing_ok=True)

    def running(self) -> list[int]:
        """The process ids, of all that were started, in whose process group something still runs."""
        pids = self.folder / "pids"
        started = [int(pid) for pid in pids.read_text().split()] if pids.exists() else []
        return [pid for pid in started if _group_lives(pid)]


def _group_lives(group: int) -> bool:
    """Whether a process of the group runs; one that has ended and waits for its parent (a zombie) does not."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    stats = [text.rpartition(") ")[2].split() for text in map(_read, Path("/proc").glob("[0-9]*/stat")) if text]
    return not stats or any(state != "Z" and int(pgrp) == group for state, _, pgrp, *_ in stats)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
