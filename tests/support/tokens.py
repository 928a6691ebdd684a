"""Tokens as o200k_base counts them, in a process of its own: the tables take 140 MB, which every fork would copy."""

import atexit
import functools
import json
import subprocess
import sys

from tests.support.fake import ROOT


def tokens(text: str) -> int:
    counter = _counter()
    assert counter.stdin is not None
    assert counter.stdout is not None
    counter.stdin.write(json.dumps(text) + "\n")
    counter.stdin.flush()
    return int(counter.stdout.readline())


@functools.cache
def _counter() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.tokens"]
    counter = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    atexit.register(counter.communicate)
    return counter


def _count() -> None:
    import bpe_openai  # noqa: PLC0415 (only in the process that counts)

    encoding = bpe_openai.get_encoding("o200k_base")
    for line in sys.stdin:
        print(len(encoding.encode(json.loads(line))), flush=True)


if __name__ == "__main__":
    _count()
