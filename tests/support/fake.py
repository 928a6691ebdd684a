"""A kubectl of the tests' own: an executable that prints what a test tells it to, and remembers how it was called."""

import json
import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import anyio.lowlevel
import orjson
import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS, OTHER_KINDS
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.connect import connect
from flux_mcp.kubectl.live import LiveKubectl
from flux_mcp.settings import Settings

ROOT = Path(__file__).parents[2]
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
[ -s "$dir/$verb.out" ] && cat "$dir/$verb.out"
[ -s "$dir/$verb.err" ] && cat "$dir/$verb.err" >&2
code=0
[ -f "$dir/$verb.code" ] && read -r code < "$dir/$verb.code"
exit "$code"
"""


_VERBS = ("get", "annotate", "logs", "config", "version", "api-resources", "auth")


def kubeconfig(current: str = "dev", *names: str) -> dict[str, Any]:
    """What `kubectl config view -o json` prints for contexts of these names; each has a user NAME-user."""
    names = names or ("dev", "prod")
    return {
        "kind": "Config",
        "current-context": current,
        "clusters": [
            {"name": f"{name}-cluster", "cluster": {"server": f"https://{name}.example.com:6443"}} for name in names
        ],
        "contexts": [
            {"name": name, "context": {"cluster": f"{name}-cluster", "user": f"{name}-user"}} for name in names
        ],
    }


def a_list(*items: dict[str, Any]) -> str:
    """A list as kubectl prints one, indented by four."""
    made = {"apiVersion": "v1", "items": list(items), "kind": "List"}
    try:
        # Many times as fast as json, which indents in Python; no string holds a raw line break.
        lines = orjson.dumps(made, option=orjson.OPT_INDENT_2).decode().split("\n")
        return "\n".join([" " * (len(line) - len(line.lstrip(" "))) + line for line in lines]) + "\n"
    except TypeError:
        # Lone surrogates, numbers over 64 bits, deep nesting.
        return json.dumps(made, indent=4) + "\n"


# Builtins of sh wherever they do: tests start thousands of these, and each process of one counts.
_HOLDS = r"""
[ -f "$dir/get.noise" ] && cat "$dir/get.noise" >&2
space='*' rest='' kinds='' names='' label='' served='' resources=''
for word in "$@"; do
  case $word in --namespace=*) space=${word#--namespace=};; --selector=*=*) label=${word#--selector=};; esac
  if [ -n "$kinds" ]; then names="$names $word"; elif [ -n "$rest" ]; then kinds=$word; fi
  [ "$word" = -- ] && rest=1
done
while read -r line; do served="$served|$line"; done < "$dir/served"
set -f; IFS=,; set -- $kinds; unset IFS
for kind in "$@"; do
  case $kind in *.*.*) group=${kind#*.}; kind=${kind%%.*}.${group#*.};; esac
  kind=${kind%.}
  case "$served|" in *"|$kind|"*) ;; *)
    echo "error: the server doesn't have a resource type \"${kind%%.*}\"" >&2; exit 1;;
  esac
  resources="$resources $kind"
done
set -- $names; count=$#; set --
for kind in $resources; do
  for name in ${names:-'*'}; do
    set +f
    for file in "$dir/held/$kind"/$space/*=$name; do [ -e "$file" ] && set -- "$@" "$file"; done
    set -f
  done
done
if [ -n "$label" ] && [ $# -gt 0 ]; then
  files=$(grep -ls "\"${label%%=*}\": \"${label#*=}\"" "$@")
  IFS='
'; set -- $files; unset IFS
fi
if [ "$count" = 1 ]; then
  kind=${resources# } name=${names# }
  [ $# -gt 0 ] || { echo "Error from server (NotFound): ${kind%% *} \"$name\" not found" >&2; exit 1; }
  sed '$ s/,$//' "$@"; exit 0
fi
printf '{\n    "apiVersion": "v1",\n    "items": [\n'
[ $# -gt 0 ] && sed '$ s/,$//' "$@"
printf '    ],\n    "kind": "List"\n}\n'
exit 0
"""

_TAKES_TOKEN = """
for word in "$@"; do
  case $word in reconcile.fluxcd.io/requestedAt=*) echo "${word#*=}" > "$dir/token";; esac
done
"""
_TELLS_TOKEN = """
[ -f "$dir/token" ] || { cat "$dir/before"; exit 0; }
sed "s/@TOKEN@/$(cat "$dir/token")/g" "$dir/after"; exit 0
"""


ALWAYS_SERVED = ("bindings v1 true Binding create", "tokenreviews authentication.k8s.io/v1 false TokenReview create")
"""Kinds that every API server serves and nobody reads."""


def table(*resources: str) -> str:
    """What `kubectl api-resources --output=wide` prints where these `plural.group` names are served."""
    known = {kind.resource: kind for kind in (*FLUX_KINDS, *KUBERNETES_KINDS, *OTHER_KINDS)}
    rows = []
    for resource in resources:
        plural, _, group = resource.partition(".")
        kind = known.get(resource) or Kind(kind=plural.title(), group=group, plural=plural)
        version = f"{group}/v1" if group else "v1"
        rows.append(
            f"{plural} {','.join(kind.short_names)} {version} {str(kind.namespaced).lower()} {kind.kind} get,list"
        )
    return "\n".join((*rows, *ALWAYS_SERVED)) + "\n"


def versioned(resource: str) -> str:
    """A `plural.group` name as kubectl is asked for it."""
    plural, _, group = resource.partition(".")
    return f"{plural}.v1.{group}"


def unversioned(resource: str) -> str:
    """The `plural.group` of a name that kubectl is asked for."""
    plural, _, group = resource.split(".", 2)
    return f"{plural}.{group}" if group else plural


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
        (self.folder / "served").write_text("\n".join(resources) + "\n")
        self.says("api-resources", table(*resources))

    def lists(self, *items: dict[str, Any]) -> None:
        """From now on every get prints these items."""
        self.says("get", a_list(*items))

    def holds(self, recording: Path) -> None:
        """From now on get answers from these files as an API server would that serves what they are of.

        By kind, namespace, name and a label selector of one label and its value.
        """
        held = _fixture(recording) if recording.is_relative_to(FIXTURES) else _held(recording, self.folder / "items")
        link = self.folder / "held"
        link.unlink(missing_ok=True)
        link.symlink_to(held)
        self.serves(*(path.name for path in held.iterdir()))
        self.says("get")
        self.does("get", _HOLDS)
        if (recording / "version.json").exists():
            self.says("version", (recording / "version.json").read_bytes())

    def reconciles(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """From now on there is one object; once it was annotated get prints `after`, with the token for `@TOKEN@`."""
        (self.folder / "before").write_text(json.dumps(before))
        (self.folder / "after").write_text(json.dumps(after))
        self.says("auth", "yes\n")
        self.says("get")
        self.does("annotate", _TAKES_TOKEN)
        self.does("get", _TELLS_TOKEN)

    def answer(self, argv: tuple[str, ...]) -> Output | None:
        """What the executable would print for these arguments; None where only running it tells.

        Starting a process takes longer than most tests; only those that are about processes need one.
        """
        verb = next((word for word in argv if word in _VERBS), "none")
        script = self.folder / f"{verb}.sh"
        holds = script.exists() and script.read_text() == _HOLDS + "\n"
        if script.exists() and not holds:
            return None
        with (self.folder / "calls").open("a") as log:
            log.write("".join(f"{word}\n" for word in (*argv, "\x1e")))
        if holds:
            return self._held(argv)
        code = self._bytes(f"{verb}.code").decode() or "0"
        return Output(int(code), self._bytes(f"{verb}.out"), self._bytes(f"{verb}.err").decode(errors="replace"))

    def _bytes(self, name: str) -> bytes:
        path = self.folder / name
        return path.read_bytes() if path.exists() else b""

    def _held(self, argv: tuple[str, ...]) -> Output:
        """What the script of `holds` prints."""
        flags = dict(word.split("=", 1) for word in argv if word.startswith("--") and "=" in word)
        requested, *names = argv[argv.index("--") + 1 :]
        noise, served = self._bytes("get.noise").decode(), self._bytes("served").decode().split("\n")
        found: list[str] = []
        for resource in map(unversioned, requested.split(",")):
            if resource not in served:
                plural = resource.partition(".")[0]
                return Output(1, b"", f'{noise}error: the server doesn\'t have a resource type "{plural}"\n')
            found += self._items(resource, flags, names)
        if len(names) == 1:
            if not found:
                said = f'{noise}Error from server (NotFound): {unversioned(requested)} "{names[0]}" not found\n'
                return Output(1, b"", said)
            return Output(0, "".join(found).rstrip().rstrip(",").encode() + b"\n", noise)
        text = "".join(found).rstrip().rstrip(",")
        listed = f'{{\n    "apiVersion": "v1",\n    "items": [\n{text}\n    ],\n    "kind": "List"\n}}\n'
        return Output(0, listed.encode(), noise)

    def _items(self, resource: str, flags: dict[str, str], names: list[str]) -> Iterator[str]:
        held, space, label = self.folder / "held" / resource, flags.get("--namespace"), flags.get("--selector", "")
        key, sign, wanted = label.partition("=")
        for path in sorted(held.glob(f"{space or '*'}/*")):
            text = path.read_text()
            if sign and f'"{key}": "{wanted}"' not in text:
                continue
            if sign or not names or path.name.partition("=")[2] in names:
                yield text

    def connect(self, settings: Settings) -> LiveKubectl:
        """A kubectl as `connect` makes it, which starts a process only where a script must run."""
        return _InProcess(self, settings)

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


def _held(recording: Path, folder: Path) -> Path:
    """Write every object of a recording into a file of its own, by kind and namespace."""
    for path in recording.glob("*.json"):
        if path.stem in {"version", "recording"}:
            continue
        (folder / path.stem).mkdir(parents=True, exist_ok=True)
        for number, item in enumerate(json.loads(path.read_text())["items"]):
            metadata = item["metadata"]
            place = folder / path.stem / metadata.get("namespace", "-")
            place.mkdir(exist_ok=True)
            # kubectl indents by four, and the items of a list by eight.
            text = json.dumps(item, indent=4).replace("\n", "\n        ")
            (place / f"{number:04}={metadata['name']}").write_text(f"        {text},\n")
    return folder


@cache
def _fixture(recording: Path) -> Path:
    """The same of a recording that no test changes, once for all fakes."""
    kept = tempfile.TemporaryDirectory(prefix="held-")
    _KEPT.append(kept)
    return _held(recording, Path(kept.name))


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@contextmanager
def in_process(fake: FakeKubectl) -> Iterator[None]:
    """Let the commands of fluxcd-mcp in this process reach a fake as its `connect` does."""

    def connect_to(settings: Settings) -> object:
        return fake.connect(settings) if settings.kubectl == str(fake.path) else connect(settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flux_mcp.kubectl.connect.connect", connect_to)
        yield


class _InProcess(LiveKubectl):
    def __init__(self, fake: FakeKubectl, settings: Settings) -> None:
        super().__init__(settings.kubectl, settings.access, timeout=settings.timeout)
        self._fake = fake

    async def _run(self, argv: tuple[str, ...]) -> Output:
        await anyio.lowlevel.checkpoint()
        return self._fake.answer(argv) or await super()._run(argv)


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
