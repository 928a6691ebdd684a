"""What answers a command: kubectl itself (live), or a folder of recorded output (recording)."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from flux_mcp.kubectl.command import Command


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Output:
    """What one kubectl printed and how it ended.

    Attributes:
        exit_code: as the shell would see it; negative is the number of the signal that ended it.
        stdout: the bytes printed, never merged with stderr.
        stderr: decoded, bad bytes replaced.
    """

    exit_code: int
    stdout: bytes
    stderr: str


class Kubectl(Protocol):
    """Whatever answers commands. All that is above it is tested without a process."""

    def moment(self, context: str | None) -> datetime | None:
        """The moment that the recording of a context stands still at; None where time runs."""
        ...

    def impersonated(self, context: str | None) -> str | None:
        """Whom the commands of a context are, or were, run as with --kube-as; None for nobody."""
        ...

    async def run(self, command: Command, context: str | None = None) -> Output:
        """Answer one command against a context (None: kubectl's own choice).

        Raises:
            KubectlMissing: there is no kubectl.
            TooMuchOutput: it printed more than is read.
            BadRecording: a file of the recording is broken.
        """
        ...


UNFINISHED: Final[ContextVar[list[str] | None]] = ContextVar("unfinished", default=None)
"""What commands wrote on stderr that were ended before they were done, of the call that is being answered."""
