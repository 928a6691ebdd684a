"""Merging an entry into a client's file: everything else in it stays, and the file before is kept beside it."""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from flux_mcp.errors import BadSetting
from flux_mcp.install.clients import SERVER, McpClient

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_TOML_HEADER: Final = re.compile(r"\s*\[")
_YAML_KEY: Final = re.compile(r"(['\"]?)([\w.-]+)\1\s*:(?=\s|$)")


def merged(client: McpClient, before: str, entry: Mapping[str, Any]) -> str:
    """The text of the client's file with the entry in it.

    Args:
        client: whose file it is.
        before: the text of the file; empty without one.
        entry: takes the place of an entry of the same name.

    Raises:
        BadSetting: the file cannot be changed without losing something of it.
    """
    return _MERGE[client.format](client.key, before, entry)


def write(client: McpClient, path: Path, entry: Mapping[str, Any], now: datetime) -> Path | None:
    """Merge the entry into the client's file.

    Args:
        client: whose file it is.
        path: of the file; it need not exist.
        entry: see `merged`.
        now: names the backup.

    Returns:
        The backup; the file itself where it held the entry already; None where there was no file.

    Raises:
        BadSetting: the file cannot be read, changed or written; it is as it was.
    """
    try:
        path = path.resolve()  # a symbolic link into somebody's dotfiles stays one
        existed = path.exists()
        before = path.read_text(encoding="utf-8") if existed else ""
        after = merged(client, before, entry)
        if after == before:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = path.with_name(f"{path.name}.before-fluxcd-mcp-{now:%Y%m%dT%H%M%SZ}") if existed else None
        if backup is not None:
            _replace(backup, before, like=path)
        _replace(path, after, like=path if existed else None)
    except UnicodeDecodeError:
        raise BadSetting(f"{path} is not UTF-8 text, and was left as it is.") from None
    except OSError as error:
        raise BadSetting(f"{error.filename or path}: {error.strerror}. Nothing was changed.") from None
    except BadSetting as error:
        raise BadSetting(f"{path} was left as it is: {error}") from None
    return backup


def _replace(path: Path, text: str, *, like: Path | None) -> None:
    """Write a file atomically, with the permissions of another; a new one is for its owner alone."""
    with NamedTemporaryFile("w", encoding="utf-8", newline="", dir=path.parent, delete=False) as new:
        try:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
            if like is not None:
                Path(new.name).chmod(like.stat().st_mode & 0o7777)
            Path(new.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(new.name).unlink()
            raise


def _merge_json(key: str, before: str, entry: Mapping[str, Any]) -> str:
    try:
        document = json.loads(before, object_pairs_hook=_unique) if before.strip() else {}
    except ValueError as error:
        raise BadSetting(f"it is not plain JSON ({error}), comments included. Add the entry by hand.") from None
    servers = document.setdefault(key, {}) if isinstance(document, dict) else None
    if not isinstance(servers, dict):
        raise BadSetting(f"{key} in it is not an object.")
    if servers.get(SERVER) == entry:
        return before
    servers[SERVER] = dict(entry)
    indent = re.search(r"\n([ \t]+)\S", before)
    return json.dumps(document, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n"


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one with the same key twice would lose something."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands in it twice")
    return dict(pairs)


def _merge_toml(key: str, before: str, entry: Mapping[str, Any]) -> str:
    old = _parse_toml(before)
    table = f"{key}.{SERVER}"
    expected = {**old, key: {**old.get(key, {}), SERVER: dict(entry)}}
    if old == expected:
        return before
    kept: list[str] = []
    inside = False
    for line in before.splitlines(keepends=True):
        if _TOML_HEADER.match(line):
            name = re.sub(r"[\s'\"]", "", line.partition("#")[0])
            inside = name == f"[{table}]" or name.startswith(f"[{table}.")
        if not inside:
            kept.append(line)
    text = "".join(kept).rstrip("\n")
    after = f"{text}\n\n{_toml(table, entry)}" if text else _toml(table, entry)
    try:
        written = _parse_toml(after)
    except BadSetting:
        written = {}
    if written != expected:
        raise BadSetting(f"{table} in it cannot be replaced safely. Change the entry by hand.")
    return after


def _parse_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"it is not valid TOML ({error}).") from None


def _toml(table: str, entry: Mapping[str, Any]) -> str:
    """A table; a JSON string, number, boolean or list of strings is one of TOML too."""
    lines = [f"[{table}]"]
    lines += [f"{name} = {_scalar(given)}" for name, given in entry.items() if not isinstance(given, dict)]
    for name, given in entry.items():
        if isinstance(given, dict) and given:
            lines += ["", f"[{table}.{name}]"]
            lines += [f"{_scalar(k) if not _BARE_KEY.fullmatch(k) else k} = {_scalar(v)}" for k, v in given.items()]
        elif isinstance(given, dict):
            lines.append(f"{name} = {{}}")
    return "\n".join(lines) + "\n"


def _merge_yaml(key: str, before: str, entry: Mapping[str, Any]) -> str:
    """Line by line, since no YAML library is needed for anything else; what is not block style is refused."""
    lines = before.splitlines()
    at = [number for number, line in enumerate(lines) if (found := _YAML_KEY.match(line)) and found[2] == key]
    if len(at) > 1 or any(line.startswith(("{", "[", "---", "%", "\t")) for line in lines):
        raise BadSetting("it is not plain block YAML. Add the entry by hand.")
    if not at:
        head = before if not before or before.endswith("\n") else f"{before}\n"
        return f"{head}{key}:\n" + "\n".join(_yaml("  ", entry)) + "\n"
    rest = lines[at[0]].partition(":")[2].partition("#")[0].strip()
    if rest not in {"", "{}"}:
        raise BadSetting(f"{key} in it is not in block style. Add the entry by hand.")
    lines[at[0]] = f"{key}:"
    end = next((n for n in range(at[0] + 1, len(lines)) if lines[n][:1] not in {"", " ", "#"}), len(lines))
    body = lines[at[0] + 1 : end]
    indent = next((line[: len(line) - len(line.lstrip())] for line in body if line.strip() and line[0] == " "), "  ")
    start = next((n for n, line in enumerate(body) if _yaml_key_at(line, indent) == SERVER), None)
    new = _yaml(indent, entry)
    if start is None:
        body = [*new, *body]
    else:
        stop = next(
            (n for n in range(start + 1, len(body)) if body[n].strip() and not body[n].startswith(f"{indent} ")),
            len(body),
        )
        if body[start:stop] == new:
            return before
        body[start:stop] = new
    return "\n".join([*lines[: at[0] + 1], *body, *lines[end:]]) + "\n"


def _yaml_key_at(line: str, indent: str) -> str:
    found = _YAML_KEY.match(line[len(indent) :]) if line.startswith(indent) else None
    return found[2] if found else ""


def _yaml(indent: str, entry: Mapping[str, Any]) -> list[str]:
    """The entry in block style; a JSON string is one of YAML too."""
    lines = [f"{indent}{SERVER}:"]
    for name, given in entry.items():
        if isinstance(given, dict) and given:
            lines += [f"{indent * 2}{name}:", *(f"{indent * 3}{k}: {_scalar(v)}" for k, v in given.items())]
        else:
            lines.append(f"{indent * 2}{name}: {_scalar(given)}")
    return lines


def _scalar(given: object) -> str:
    return json.dumps(given, ensure_ascii=False)


_MERGE: Final = {"json": _merge_json, "toml": _merge_toml, "yaml": _merge_yaml}
