"""Which kinds an API server serves, in which version, and which of them a spelling means.

One `kubectl api-resources` a context answers both and is remembered for a while. It runs again when a kind is
missing that somebody named, when a version is no longer served, and always when the last one could not list a group
that is needed: what could not be discovered is never taken for what is not installed.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

import anyio

from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import find_known, group_of, known_kind
from flux_mcp.cluster.result import Unread
from flux_mcp.errors import BadArgument, BadOutput, KindNotInstalled, KubectlError, ServerError
from flux_mcp.kubectl.base import Kubectl, Output
from flux_mcp.kubectl.command import ApiResources
from flux_mcp.kubectl.output import glimpse, problems
from flux_mcp.kubectl.validate import check_api_version, check_kind, echo, is_resource
from flux_mcp.request import ErrorContext

REMEMBERED: Final = 300.0
"""Seconds for which the kinds that an API server serves are remembered."""
NEAR: Final = 5
"""Kinds that are named beside one that is not served."""
UNKNOWN: Final = "the API server did not report whether this is installed"
FILTERED: Final = "kubectl api-resources lists only some kinds, as with --api-group or --namespaced set in a kuberc"
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_VERSION: Final = re.compile(r"[a-z0-9]{1,32}")
_INCOMPLETE: Final = "unable to retrieve the complete list of server APIs"
_GROUP_VERSION: Final = re.compile(r"[ ,](?:([a-z0-9][a-z0-9.-]{0,252})/[a-z0-9-]{1,63}|v\d\w{0,30})(?=:)")


@dataclass(frozen=True, slots=True)
class ServedKinds:
    """What one API server serves.

    Attributes:
        kinds: `plural.group` → the kind and the version that it is read in.
        broken: the API groups that it could not list, the core group's name being empty; None where it is not
            known of which.
        until: when this is forgotten, by the monotonic clock.
        doubt: why it is not known whether a kind is installed that is missing.
    """

    kinds: dict[str, tuple[Kind, str]]
    broken: frozenset[str] | None
    until: float
    doubt: str = UNKNOWN

    def tells_of(self, groups: Iterable[str]) -> bool:
        """Whether what is not listed of these API groups is not installed."""
        return self.broken is not None and self.broken.isdisjoint(groups)

    def resource(self, kind: Kind) -> str | None:
        """`plural.version.group` of a kind, which kubectl takes for nothing else; None where it is not served."""
        served = self.kinds.get(kind.resource)
        return f"{kind.plural}.{served[1]}.{kind.group}" if served is not None else None

    def mistakable(self, kinds: Sequence[Kind], found: AbstractSet[str]) -> tuple[Kind, ...]:
        """Kinds of the core group, none of them found, that another group has a plural of in the same version.

        kubectl has no way to spell the core group, and takes the other one's where it cannot discover the core group.
        Events of events.k8s.io are the same objects.
        """
        others = {(kind.plural, v) for kind, v in self.kinds.values() if kind.group not in {"", "events.k8s.io"}}
        core = (kind for kind in kinds if not kind.group and kind.kind not in found)
        return tuple(kind for kind in core if (kind.plural, self.kinds[kind.resource][1]) in others)

    def split(
        self, kinds: Sequence[Kind], where: ErrorContext
    ) -> tuple[tuple[Kind, ...], tuple[Kind, ...], tuple[Unread, ...]]:
        """The kinds that are served, the kinds that are not installed, and the kinds of which that is not known."""
        served = tuple(kind for kind in kinds if kind.resource in self.kinds)
        missing = [kind for kind in kinds if kind.resource not in self.kinds]
        unsure = tuple(kind.kind for kind in missing if not self.tells_of((kind.group,)))
        error = ServerError(f"{', '.join(unsure)}: {self.doubt}; {where}.", brief=self.doubt)
        unread = (Unread(unsure, self.doubt, error),) if unsure else ()
        return served, tuple(kind for kind in missing if kind.kind not in unsure), unread


def resolve_known(spelling: str, api_version: str | None = None) -> Kind | None:
    """The kind as far as our own tables know it; None where only the API server does.

    Raises:
        BadArgument: it is no kind's spelling, or it is Secret's.
    """
    return find_known(check_kind(spelling), _group(api_version))


def _group(api_version: str | None) -> str | None:
    return None if api_version is None else group_of(check_api_version(api_version))


class Discovery:
    """Asks each API server once which kinds it serves, and remembers it. `monotonic` is a clock, in seconds."""

    def __init__(self, kubectl: Kubectl, monotonic: Callable[[], float]) -> None:
        self._kubectl, self._monotonic = kubectl, monotonic
        self._served: dict[str | None, ServedKinds] = {}
        self._locks: dict[str | None, anyio.Lock] = {}

    def forget(self) -> None:
        """Forget everything: the kubeconfig changed, and a context may be another API server now."""
        self._served.clear()

    async def served(
        self, where: ErrorContext, groups: Iterable[str] = (), *, after: ServedKinds | None = None
    ) -> ServedKinds:
        """What the API server of a context serves.

        Args:
            groups: the API groups that are needed.
            after: what was known and turned out to be old: it is read again unless somebody already did.

        Raises:
            KubectlError: it could not be read.
        """
        async with self._locks.setdefault(where.context, anyio.Lock()):
            known = self._served.get(where.context)
            if known is not None and known is not after and known.until >= self._monotonic() and known.tells_of(groups):
                return known
            found = await self._ask(where)
            if found.broken is not None:
                self._served[where.context] = found
            else:
                self._served.pop(where.context, None)
            return found

    async def _ask(self, where: ErrorContext) -> ServedKinds:
        try:
            output = await self._kubectl.run(ApiResources(), where.context)
        except KubectlError as error:
            raise error.at(str(where)) from None
        rows = tuple(_rows(output.stdout.decode(errors="replace")))
        kinds = {kind.resource: (kind, version) for kind, version in map(_kind_of, rows) if kind is not None}
        if not kinds:
            for problem in problems(output, where):
                raise problem
            raise BadOutput(
                f"kubectl api-resources did not list the kinds of the API server; {where}. It printed: "
                f"{glimpse(output.stdout)}",
                brief="output not understood",
            )
        broken = _broken_groups(output)
        if broken is not None and _is_filtered(rows, broken):
            return ServedKinds(kinds, None, 0.0, FILTERED)
        return ServedKinds(kinds, broken, self._monotonic() + REMEMBERED)

    async def resolve(self, where: ErrorContext, spelling: str, api_version: str | None = None) -> Kind:
        """The one kind that a spelling means.

        Args:
            spelling: a kind name, plural, short name or `plural.group`, in any case.
            api_version: decides between API groups; which version answers stays the API server's choice.

        Raises:
            BadArgument: it is no kind's spelling, it is Secret's, or kinds of several groups are spelled so.
            KindNotInstalled: nothing is; near spellings are named.
            ServerError: nothing is, but the API server could not list all kinds of that group.
            KubectlError: the API server's kinds could not be read.
        """
        known = resolve_known(spelling, api_version)
        if known is not None:
            return known
        group = _group(api_version)
        served = await self.served(where)
        found = _pick(served, spelling, group)
        if not found:
            served = await self.served(where, after=served)
            found = _pick(served, spelling, group)
        if not found:
            raise _unknown(served, spelling, group, where)
        if len(found) > 1:
            named = ", ".join(kind.resource for kind in found)
            raise BadArgument("kind", f"exists in several API groups: write one of {named}")
        return found[0]


def _broken_groups(output: Output) -> frozenset[str] | None:
    """The API groups that api-resources could not list; None where it failed without naming them.

    It exits with 1 when one group is broken (a metrics API that is down is common), and still lists everything else.
    """
    if output.exit_code == 0:
        return frozenset()
    # What an API server says of one group may have line breaks, and the next group stands behind them.
    groups = frozenset(_GROUP_VERSION.findall(output.stderr.partition(_INCOMPLETE)[2][1:]))
    return groups if output.exit_code == 1 and groups else None


@dataclass(frozen=True, slots=True)
class _Row:
    """NAME [SHORTNAMES] APIVERSION NAMESPACED KIND [VERBS [CATEGORIES]]."""

    name: str
    short_names: str
    api_version: str
    namespaced: bool
    kind: str
    verbs: str

    @property
    def group(self) -> str:
        return group_of(self.api_version)


def _rows(table: str) -> Iterator[_Row]:
    for line in table.split("\n"):
        words = line.split()
        at = next((position for position in (2, 3) if words[position : position + 1] in (["true"], ["false"])), 0)
        if at and len(words) >= at + 2:
            short_names = words[1] if at == 3 else ""  # noqa: PLR2004 (the column is there)
            verbs = "".join(words[at + 2 : at + 3]) or "list"
            yield _Row(words[0], short_names, words[at - 1], words[at] == "true", words[at + 1], verbs)


def _kind_of(row: _Row) -> tuple[Kind | None, str]:
    """A kind and its version; no kind for Secret, for what cannot be read, and for what no kind is called."""
    version = row.api_version.rpartition("/")[2]
    secret = row.kind.lower() == "secret" or row.name in {"secret", "secrets"}
    named = is_resource(row.name) and _KIND.fullmatch(row.kind) and _VERSION.fullmatch(version)
    # A kind of our own tables that cannot be read is an error, and not one that is not installed.
    readable = {"get", "list"} & set(row.verbs.split(",")) or known_kind(row.api_version, row.kind) is not None
    if secret or not named or not readable:
        return None, version
    short_names = tuple(row.short_names.split(",")) if row.short_names else ()
    return Kind(
        kind=row.kind, group=row.group, plural=row.name, short_names=short_names, namespaced=row.namespaced
    ), version


def _is_filtered(rows: Sequence[_Row], broken: frozenset[str]) -> bool:
    """Whether kinds are missing that every API server has: some in a namespace and some not, in the core group and not.

    A kuberc can filter by --api-group and --namespaced, and no value of these flags on the command line undoes that.
    """
    groups, scopes = {row.group for row in rows}, {row.namespaced for row in rows}
    return ("" not in broken and ("" not in groups or len(scopes) == 1)) or (not broken and groups == {""})


def _pick(served: ServedKinds, spelling: str, group: str | None) -> tuple[Kind, ...]:
    lower = spelling.lower()
    found = tuple(kind for kind, _ in served.kinds.values() if lower in kind.spellings and group in {None, kind.group})
    # `nodes` is the whole name of the core group's kind, whoever else has a plural of that name.
    return tuple(kind for kind in found if kind.resource == lower) or found


def _unknown(served: ServedKinds, spelling: str, group: str | None, where: ErrorContext) -> KubectlError:
    named = group if group is not None else spelling.lower().partition(".")[2]
    if served.broken is None or (named and named in served.broken):
        return ServerError(f"{echo(spelling)}: {served.doubt}; {where}.", brief=served.doubt)
    words = {spelled: kind.resource for kind, _ in served.kinds.values() for spelled in kind.spellings}
    near = dict.fromkeys(words[word] for word in difflib.get_close_matches(spelling.lower(), words, NEAR))
    of_group = f" in the API group {echo(group)}" if group is not None else ""
    broken = ", ".join(sorted(served.broken)) if served.broken else ""
    return KindNotInstalled(
        f"The cluster does not serve the kind {echo(spelling)}{of_group}; {where}."
        + (f" Did you mean {', '.join(near)}?" if near else "")
        + (f" It could not list the kinds of {broken}." if broken else ""),
        brief="not installed",
    )
