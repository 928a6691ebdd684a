"""What callers choose from, and the sentence where it is something else: kinds, verdicts, severities, times."""

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind, Kind
from flux_mcp.api.kinds import find_kind, find_known
from flux_mcp.api.kubernetes_kinds import WORKLOAD_KINDS
from flux_mcp.audit.rule import Severity
from flux_mcp.errors import BadArgument
from flux_mcp.flux.status import Health, find_health
from flux_mcp.kubectl.validate import check_dns_name, echo
from flux_mcp.reconcile.outcome import SOURCE_KINDS

K = TypeVar("K", bound=Kind)

TROUBLE: Final = "trouble"
_SOURCES: Final = ", ".join(kind.kind for kind in SOURCE_KINDS)
_SINCE: Final = re.compile(r"([0-9]{1,4})([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_SINCE: Final = 30 * _UNITS["d"]


def to_kinds(spellings: Sequence[str] | None, argument: str = "kinds") -> tuple[FluxKind, ...]:
    """The Flux kinds of these spellings, in the table's order; all of them for None.

    Raises:
        BadArgument: a spelling is not that of a Flux kind; the allowed ones are named.
    """
    return _chosen(spellings, FLUX_KINDS, find_kind, _no_flux_kind, argument)


def _chosen(
    spellings: Sequence[str] | None,
    kinds: tuple[K, ...],
    find: Callable[[str], Kind | None],
    refusal: Callable[[str], str],
    argument: str,
) -> tuple[K, ...]:
    """Those of the kinds that are spelled so, in their own order; all for None."""
    if spellings is None:
        return kinds
    if not spellings:
        raise BadArgument(argument, "must name at least one kind; leave it out for all")
    wanted = set()
    for spelling in spellings:
        kind = find(spelling)
        if kind not in kinds:
            raise BadArgument(argument, refusal(spelling))
        wanted.add(kind)
    return tuple(kind for kind in kinds if kind in wanted)


def _no_flux_kind(spelling: str) -> str:
    allowed = ", ".join(entry.kind for entry in FLUX_KINDS)
    words = {word: entry.kind for entry in FLUX_KINDS for word in entry.spellings}
    near = difflib.get_close_matches(spelling.lower(), words, 1)
    meant = f" (did you mean {words[near[0]]}?)" if near else ""
    return f"must be of the Flux kinds {allowed} (or a plural or short name), not {echo(spelling)}{meant}"


def to_workload_kinds(spellings: Sequence[str] | None, argument: str = "kinds") -> tuple[Kind, ...]:
    """The kinds of workloads of these spellings, in the table's order; all of them for None.

    Raises:
        BadArgument: a spelling is not that of one; the allowed ones are named.
    """
    return _chosen(spellings, WORKLOAD_KINDS, find_known, _no_workload_kind, argument)


def _no_workload_kind(spelling: str) -> str:
    return f"must be of {', '.join(entry.kind for entry in WORKLOAD_KINDS)}, not {echo(spelling)}"


def to_sources(spellings: Sequence[str] | None, argument: str = "kinds") -> tuple[FluxKind, ...]:
    """The source kinds of these spellings, in the table's order; all of them for None.

    Raises:
        BadArgument: a spelling is not that of a source; the allowed ones are named.
    """
    wanted = SOURCE_KINDS if spellings is None else to_kinds(spellings, argument)
    for kind in wanted:
        if kind not in SOURCE_KINDS:
            raise BadArgument(argument, f"must be of the sources {_SOURCES}, not {kind.kind}")
    return wanted


def to_health(spellings: Sequence[str] | None, argument: str = "status") -> tuple[frozenset[Health], bool]:
    """The verdicts of these spellings, and whether `trouble` is among them.

    Raises:
        BadArgument: a spelling is neither; the allowed ones are named.
    """
    health_values, trouble = set(), False
    if spellings is not None and not spellings:
        raise BadArgument(argument, "must name at least one verdict; leave it out for all")
    for spelling in spellings or ():
        health = find_health(spelling)
        if health is not None:
            health_values.add(health)
        elif spelling.lower() == TROUBLE:
            trouble = True
        else:
            allowed = ", ".join(entry.value for entry in Health)
            raise BadArgument(argument, f"must be of {allowed} or {TROUBLE}, not {echo(spelling)}")
    return frozenset(health_values), trouble


def to_severity(spelling: str | None, argument: str = "severity") -> Severity:
    """The severity of this spelling, in any case; medium for None.

    Raises:
        BadArgument: it is none; the allowed ones are named.
    """
    if spelling is None:
        return Severity.MEDIUM
    found = next((one for one in Severity if one.value == spelling.lower()), None)
    if found is None:
        raise BadArgument(argument, f"must be of {', '.join(one.value for one in Severity)}, not {echo(spelling)}")
    return found


def to_seconds(since: str | None, argument: str = "since") -> int | None:
    """Seconds of `45s`, `10m`, `2h` or `3d`; None for None.

    Raises:
        BadArgument: it is written otherwise, nothing, or more than 30 days.
    """
    if since is None:
        return None
    match = _SINCE.fullmatch(since)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < seconds <= MAX_SINCE:
        raise BadArgument(argument, f"must be a time such as 45s, 10m, 2h or 3d, at most 30d, not {echo(since)}")
    return seconds


def check_target(kind: Kind | None, name: str | None, namespace: str | None) -> None:
    """Whether a kind, a name and a namespace fit together.

    Args:
        kind: None where only the API server knows it: its names are any path segment.
        name: as OneName takes it.
        namespace: None where it was left out.

    Raises:
        BadArgument: they do not.
    """
    if kind is None:
        return
    if not kind.namespaced and namespace is not None:
        raise BadArgument("namespace", f"must be left out: {kind.kind} is not in a namespace")
    if name is not None:
        check_dns_name(name)
