"""What every command of a shell does: make its tools, run until a signal, and end with a sentence and a code."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from flux_mcp.errors import FluxMcpError, Signalled
from flux_mcp.settings import Settings

if TYPE_CHECKING:
    from flux_mcp.cluster.client import Cluster
    from flux_mcp.tools.registry import Toolbox

T = TypeVar("T")


def fail(text: str, code: int) -> NoReturn:
    """End with a sentence and a code."""
    typer.echo(text, err=True)
    raise typer.Exit(code)


@contextmanager
def failing(code: int, undone: str = "", *, usage: tuple[type[FluxMcpError], ...] = ()) -> Iterator[None]:
    """End with this code at an error, with 2 at one of usage, and at a signal with what was not done."""
    try:
        yield
    except FluxMcpError as error:
        fail(str(error), 2 if isinstance(error, usage) else code)
    except Signalled as signalled:
        fail(f"{undone}: {signalled}.", 128 + signalled.number)


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Do some work.

    Raises:
        Signalled: it was ended by a signal.
    """
    import anyio  # noqa: PLC0415

    from flux_mcp.signals import unless_signalled  # noqa: PLC0415

    return anyio.run(unless_signalled, work)


def make_cluster(settings: Settings) -> "Cluster":
    """The cluster of a command; without one it ends with code 2."""
    from flux_mcp.cluster.client import Cluster  # noqa: PLC0415 (with pydantic, a quarter of a second)
    from flux_mcp.kubectl.connect import connect  # noqa: PLC0415

    with failing(2):
        return Cluster(connect(settings), settings.access)


def make_toolbox(settings: Settings) -> "Toolbox":
    """The tools of a command; without a cluster it ends with code 2."""
    from flux_mcp.tools.registry import Toolbox  # noqa: PLC0415

    return Toolbox(make_cluster(settings), settings)
