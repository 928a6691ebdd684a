"""The files of a recording: lists as kubectl prints them, in a folder that is written atomically."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import orjson

from flux_mcp.errors import BadArgument, CannotRecord


def check_folder(folder: Path) -> None:
    """Refuse a place that cannot be recorded to, before anything is read.

    Raises:
        BadArgument: it exists, or there is no folder to put it in.
    """
    if os.path.lexists(folder):
        raise BadArgument("DIR", f"must not exist yet: {folder} does")
    if not folder.parent.is_dir():
        raise BadArgument("DIR", f"must be in a folder that exists: {folder.parent} does not")


@contextmanager
def whole_or_nothing(folder: Path) -> Iterator[Path]:
    """A folder beside the given place, which takes that place at the end, or is gone.

    Raises:
        CannotRecord: it cannot be made, or moved there.
    """
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise _cannot(folder, error) from None
    try:
        yield partial
        _sync_folder(partial)
        if os.path.lexists(folder):
            raise CannotRecord(f"{folder} was made by somebody else meanwhile; nothing was recorded.")
        partial.rename(folder)
        with suppress(OSError):
            _sync_folder(folder.parent)
    except OSError as error:
        raise _cannot(folder, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _cannot(folder: Path, error: OSError) -> CannotRecord:
    return CannotRecord(f"{folder} cannot be written: {error.strerror}; nothing was recorded.")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that its owner alone may read, and see it onto the disk; make its folder if it is missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())


_INDENT: Final = re.compile(rb"(?m)^( *)")


def an_item(item: Mapping[str, Any]) -> bytes:
    """An object as kubectl indents it in a list."""
    try:
        text = orjson.dumps(item, option=orjson.OPT_INDENT_2)
    except TypeError:
        # A number over 64 bits, a lone surrogate.
        text = json.dumps(item, indent=2, ensure_ascii=False).encode(errors="replace")
    return _INDENT.sub(rb"        \1\1", text)


def a_list(items: Sequence[bytes]) -> Iterator[bytes]:
    """The list as kubectl prints it."""
    yield b'{\n    "apiVersion": "v1",\n    "items": ['
    for number, item in enumerate(items):
        yield (b",\n" if number else b"\n") + item
    yield (b"\n    " if items else b"") + b'],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n'
    yield b"    }\n}\n"
