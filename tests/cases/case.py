"""Cases: recordings of faults, and what must and must not be said of them. docs/cases.md explains the files."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import FluxMcpError
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command, Get
from flux_mcp.kubectl.replay import RecordedKubectl
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Toolbox
from tests.support.fake import FIXTURES
from tests.support.tokens import tokens

CASES: Final = FIXTURES / "cases"
TOKENS: Final = 1_200
"""Tokens that an answer may take where a case sets no other number."""
CALLS: Final = 5
"""Commands that an answer may take; one more for each namespace beyond the first that is read."""
_KEYS: Final = frozenset({"title", "source", "version", "facts", "expert", "note", "ask"})
_ASK_KEYS: Final = frozenset({"tool", "arguments", "says", "never", "tokens"})

Fact = str | list[str]
"""A text that must be in an answer, or several of which one must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call, and what its answer must and must not say.

    Attributes:
        says: in any case and white space.
        never: likewise.
    """

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    says: tuple[Fact, ...] = ()
    never: tuple[str, ...] = ()
    tokens: int = TOKENS

    def __str__(self) -> str:
        return " ".join((self.tool, *(f"{key}={value}" for key, value in self.arguments.items())))


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Its texts are for people.

    Attributes:
        name: of its folder.
        recording: the folder to answer from.
    """

    name: str
    recording: Path
    title: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """An answer, measured.

    Attributes:
        missing: what it must say and does not.
        wrong: what it must not say and does.
        calls: commands that read objects.
        namespaces: that some of them were about.
    """

    text: str
    missing: tuple[Fact, ...]
    wrong: tuple[str, ...]
    calls: int
    namespaces: int
    tokens: int


class _Counted(RecordedKubectl):
    """A recording that counts the commands that would be processes once context and kinds are known."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gets: list[Get] = []

    async def run(self, command: Command, context: str | None = None) -> Output:
        if isinstance(command, Get):
            self.gets.append(command)
        return await super().run(command, context)


def read_cases(folder: Path = CASES) -> Iterator[Case]:
    """The cases of a folder, by name."""
    for path in sorted(folder.glob("*/case.toml")):
        yield read_case(path)


def read_case(path: Path) -> Case:
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = [*(told.keys() - _KEYS), *(key for ask in told["ask"] for key in ask.keys() - _ASK_KEYS)]
    if unknown:
        raise ValueError(f"{path}: unknown keys {', '.join(unknown)}")
    asks = tuple(
        Ask(
            tool=ask.get("tool", "diagnose_flux"),
            arguments=ask.get("arguments", {}),
            says=tuple(ask.get("says", ())),
            never=tuple(ask.get("never", ())),
            tokens=ask.get("tokens", TOKENS),
        )
        for ask in told["ask"]
    )
    return Case(path.parent.name, path.parent / "recording", told["title"], asks)


async def answer(recording: Path, ask: Ask) -> Result:
    """Ask a recording, and measure the answer; an error is an answer too."""
    kubectl = _Counted(recording)
    toolbox = Toolbox(Cluster(kubectl), Settings(recording=recording))
    try:
        text = await toolbox.call(ask.tool, ask.arguments)
    except FluxMcpError as error:
        text = str(error)
    plain = _plain(text)
    return Result(
        text=text,
        missing=tuple(fact for fact in ask.says if not any(_plain(one) in plain for one in _alternatives(fact))),
        wrong=tuple(one for one in ask.never if _plain(one) in plain),
        calls=len(kubectl.gets),
        namespaces=len({get.namespace for get in kubectl.gets} - {None}),
        tokens=tokens(text),
    )


def _alternatives(fact: Fact) -> list[str]:
    return [fact] if isinstance(fact, str) else fact


def _plain(text: str) -> str:
    """Without what answers add to quote, in lower case, with single spaces."""
    return re.sub(r"\s+", " ", text.replace('\\"', '"')).lower()
