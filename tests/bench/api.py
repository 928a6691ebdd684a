"""A fleet of a size served in a process of its own until its input ends: `python -m tests.bench.api FOLDER SIZE`."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.fake import ROOT
from tests.support.fleet import served


@contextmanager
def serving(folder: Path, size: int) -> Iterator[Path]:
    """Serve it while the context lasts; the kubeconfig to use."""
    command = [sys.executable, "-m", "tests.bench.api", str(folder), str(size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Path(process.stdout.readline().strip())
        process.stdin.close()


if __name__ == "__main__":
    with served(Path(sys.argv[1]), int(sys.argv[2])) as kubeconfig:
        print(kubeconfig, flush=True)
        sys.stdin.read()
