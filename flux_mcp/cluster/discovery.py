"""What a kind's spelling means: by our own tables, else by what the API server says that it serves."""

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import anyio

from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import find_known
from flux_mcp.errors import BadArgument, BadOutput, KindNotInstalled, KubectlError, ServerError
from flux_mcp.kubectl.base import Kubectl, Output
from flux_mcp.kubectl.command import ApiTable
from flux_mcp.kubectl.output import ErrorContext, problems
from flux_mcp.kubectl.validate import check_api_version, check_kind, echo, is_resource
from flux_mcp.sanitize.quote import message

NEAR: Final = 5
"""Kinds that are named beside one that is not served."""
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_BROKEN: Final = re.compile(r"([a-z0-9.-]+\.[a-z0-9.-]+)/v\d\w*")


def resolve_known(spelling: str, api_version: str | None = None) -> Kind | None:
    """The kind as far as our own tables tell; None where only the API server knows.

    Raises:
        BadArgument: it is no kind's spelling, or it is Secret's.
    """
    return find_known(check_kind(spelling), _group_of(api_version))


def _group_of(api_version: str | None) -> str | None:
    if api_version is None:
        return None
    group, slash, _ = check_api_version(api_version).partition("/")
    return group if slash else ""


@dataclass(frozen=True, slots=True)
class _Table:
    """What one API server serves, and of which groups it could not tell."""

    kinds: tuple[Kind, ...]
    broken: tuple[str, ...]
    until: float


class Discovery:
    """Finds kinds, and remembers the table of each API server for a while.

    Args:
        kubectl: what answers.
        monotonic: a clock, in seconds.
        remembered: seconds for which a table is good.
    """

    def __init__(self, kubectl: Kubectl, monotonic: Callable[[], float], remembered: float) -> None:
        """Ask nothing yet."""
        self._kubectl, self._monotonic, self._remembered = kubectl, monotonic, remembered
        self._tables: dict[str | None, _Table] = {}
        self._asking: dict[str | None, anyio.Lock] = {}

    def forget(self) -> None:
        """The kubeconfig changed: a context may be another API server now."""
        self._tables.clear()

    async def resolve(self, error_context: ErrorContext, spelling: str, api_version: str | None = None) -> Kind:
        """The one kind that a spelling means.

        Args:
            place: the context.
            spelling: a kind name, plural, short name or `plural.group`, in any case.
            api_version: decides between API groups; which version answers stays the API server's choice.

        Raises:
            BadArgument: it is no kind's spelling, it is Secret's, or kinds of several groups are spelled so.
            KindNotInstalled: nothing is; near spellings are named.
            ServerError: nothing is, but the API server could not tell all kinds of that group.
            KubectlError: the API server could not be asked.
        """
        known = resolve_known(spelling, api_version)
        if known is not None:
            return known
        group = _group_of(api_version)
        table, fresh = await self._table(error_context, afresh=False)
        found = _pick(table, spelling, group)
        if not found and not fresh:
            table, _ = await self._table(error_context, afresh=True)
            found = _pick(table, spelling, group)
        if not found:
            raise _unknown(table, spelling, group, error_context)
        if len(found) > 1:
            named = ", ".join(kind.resource for kind in found)
            raise BadArgument("kind", f"is spelled alike in several API groups: write one of {named}")
        return found[0]

    async def _table(self, error_context: ErrorContext, *, afresh: bool) -> tuple[_Table, bool]:
        """The table, and whether it was asked for just now."""
        async with self._asking.setdefault(error_context.context, anyio.Lock()):
            known = self._tables.get(error_context.context)
            if known is not None and not afresh and known.until >= self._monotonic():
                return known, False
            output = await self._kubectl.run(ApiTable(), error_context.context)
            kinds = _parse(output, error_context)
            table = _Table(kinds, broken_groups(output), self._monotonic() + self._remembered)
            self._tables[error_context.context] = table
            return table, True


def broken_groups(output: Output) -> tuple[str, ...]:
    """The API groups of which api-resources could not tell: it then exits with 1 and still names everything else."""
    return tuple(dict.fromkeys(_BROKEN.findall(output.stderr))) if output.exit_code else ()


def _parse(output: Output, error_context: ErrorContext) -> tuple[Kind, ...]:
    kinds = tuple(_rows(output.stdout.decode(errors="replace")))
    if kinds:
        return kinds
    for error in problems(output, error_context):
        raise error
    said = message(output.stdout[:1024].decode(errors="replace"), 200)
    raise BadOutput(
        f"kubectl api-resources did not list the kinds of the API server; {error_context}. It said: {said}",
        brief="output not understood",
    )


def _rows(table: str) -> Iterator[Kind]:
    """NAME [SHORTNAMES] APIVERSION NAMESPACED KIND [VERBS [CATEGORIES]], without Secret and what cannot be read."""
    for line in table.split("\n"):
        words = line.split()
        at = next((position for position in (2, 3) if words[position : position + 1] in (["true"], ["false"])), 0)
        if not at or len(words) < at + 2:
            continue
        name, api_version, kind = words[0], words[at - 1], words[at + 1]
        secret = kind.lower() == "secret" or name in {"secret", "secrets"}
        readable = len(words) < at + 3 or {"get", "list"} & set(words[at + 2].split(","))
        if is_resource(name) and _KIND.fullmatch(kind) and readable and not secret:
            yield Kind(
                kind=kind,
                group=api_version.rpartition("/")[0],
                plural=name,
                short_names=tuple(words[1].split(",")) if at == 3 else (),  # noqa: PLR2004 (the column is there)
                namespaced=words[at] == "true",
            )


def _pick(table: _Table, spelling: str, group: str | None) -> tuple[Kind, ...]:
    lower = spelling.lower()
    found = tuple(kind for kind in table.kinds if lower in kind.spellings and group in {None, kind.group})
    # `nodes` is the whole name of the core group's kind, whoever else has a plural of that name.
    return tuple(kind for kind in found if kind.resource == lower) or found


def _unknown(table: _Table, spelling: str, group: str | None, error_context: ErrorContext) -> KubectlError:
    asked = group if group is not None else spelling.lower().partition(".")[2]
    if asked in table.broken:
        why = "the API server could not tell whether this is installed"
        return ServerError(f"{echo(spelling)}: {why}; {error_context}.", brief=why)
    words = {spelled: kind.resource for kind in table.kinds for spelled in kind.spellings}
    near = dict.fromkeys(words[word] for word in difflib.get_close_matches(spelling.lower(), words, NEAR))
    of_group = f" in the API group {echo(group)}" if group is not None else ""
    return KindNotInstalled(
        f"The cluster does not serve the kind {echo(spelling)}{of_group}; {error_context}."
        + (f" Near: {', '.join(near)}." if near else "")
        + (f" It could not tell the kinds of {', '.join(table.broken)}." if table.broken else ""),
        brief="not installed",
    )
