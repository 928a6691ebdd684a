"""The logs that a recording holds: the last lines of Flux's controllers and of containers that are not ready."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import task_group
from flux_mcp.cluster.result import Unread
from flux_mcp.errors import BadArgument, KubectlError
from flux_mcp.kubectl.command import Logs
from flux_mcp.kubectl.replay import LOGS, log_file
from flux_mcp.kubernetes.pods import Pod
from flux_mcp.recording.files import write
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.patterns import mask_below
from flux_mcp.sanitize.private_keys import drop_keys
from flux_mcp.sanitize.quote import clean

LINES: Final = 200
"""Of each log."""
MOST: Final = 100
"""Logs that are recorded; each is a process."""
AT_ONCE: Final = 8


def logs_of(pods: Sequence[tuple[Pod, bool]]) -> Iterator[Logs]:
    """The logs worth recording, those of Flux's controllers first.

    Args:
        pods: each with whether it is a controller of Flux.
    """
    for pod, controller in sorted(pods, key=lambda found: (not found[1], found[0].order)):
        for container in pod.containers:
            if container.ephemeral or container.succeeded or not (controller or not container.ready):
                continue
            never_ran = container.state in {"", "waiting"} and not container.ran_before
            for previous in (False, *((True,) if container.ran_before else ())):
                try:
                    command = Logs(pod.ref.namespace, pod.ref.name, container.name, tail=LINES, previous=previous)
                except BadArgument:
                    # A name that no API server should hold.
                    continue
                if not never_ran:
                    yield command


async def record_logs(
    cluster: Cluster, request: RequestContext, pods: Sequence[tuple[Pod, bool]], folder: Path, patience: float
) -> tuple[int, tuple[Unread, ...]]:
    """Read logs and write them, masked.

    Args:
        pods: as `logs_of` takes them.
        folder: the recording.
        patience: seconds for each log.

    Returns:
        How many logs were written, and what could not be read.
    """
    (folder / LOGS).mkdir()
    wanted = [*logs_of(pods)]
    limiter = anyio.CapacityLimiter(AT_ONCE)
    failed: Counter[str] = Counter()

    async def read(command: Logs) -> None:
        async with limiter:
            try:
                with anyio.fail_after(patience):
                    stdout = await cluster.logs(request, command)
            except TimeoutError:
                failed["timeout"] += 1
            except KubectlError as error:
                failed[error.brief] += 1
            else:
                await anyio.to_thread.run_sync(_write, folder, command, stdout)

    async with task_group() as group:
        for command in wanted[:MOST]:
            group.start_soon(read, command)
    if len(wanted) > MOST:
        failed[f"{MOST} are recorded at most"] = len(wanted) - MOST
    unread = (Unread((f"{number} log{'s' * (number > 1)}",), why) for why, number in failed.items())
    return len(wanted) - sum(failed.values()), tuple(unread)


def _write(folder: Path, command: Logs, stdout: bytes) -> None:
    lines = mask_below(drop_keys(stdout.decode(errors="replace").splitlines()))
    text = "".join(f"{clean(line)}\n" for line in lines[-LINES:])
    write(log_file(folder, command), [text.encode(errors="replace")])
