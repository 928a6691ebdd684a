"""Which kind is meant: by what people write for it, or by apiVersion and kind of an object."""

from collections.abc import Iterable
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind, Kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS, OTHER_KINDS

by_kind: Final = {kind.kind: kind for kind in FLUX_KINDS}
_BY_GROUP_KIND: Final = {(kind.group, kind.kind): kind for kind in FLUX_KINDS}
_KNOWN: Final = {(kind.group, kind.kind): kind for kind in (*OTHER_KINDS, *KUBERNETES_KINDS, *FLUX_KINDS)}
_SPELLINGS: Final = {spelling: kind for kind in FLUX_KINDS for spelling in kind.spellings}
_KUBERNETES_SPELLINGS: Final = {spelling: kind for kind in KUBERNETES_KINDS for spelling in kind.spellings}


def find_kind(spelling: str) -> FluxKind | None:
    """The kind for a kind name, plural, CRD short name or `plural.group`, in any case; None if it is none of them."""
    return _SPELLINGS.get(spelling.lower())


def find_known(spelling: str, group: str | None = None) -> Kind | None:
    """A Flux kind, else a Kubernetes kind that is read, for a kind name, plural, short name or `plural.group`.

    A bare name means Flux's kind, then Kubernetes', whoever else has a kind of that name.

    Args:
        spelling: in any case.
        group: only a kind of this API group; empty for the core group.
    """
    found = (_SPELLINGS.get(spelling.lower()), _KUBERNETES_SPELLINGS.get(spelling.lower()))
    return next((kind for kind in found if kind is not None and group in {None, kind.group}), None)


def group_of(api_version: str) -> str:
    """The API group of an apiVersion; empty for the core group."""
    return api_version.rpartition("/")[0]


def kind_of(api_version: str, kind: str) -> FluxKind | None:
    """The kind of an object; None if it is not a Flux object."""
    return _BY_GROUP_KIND.get((api_version.partition("/")[0], kind))


def known_kind(api_version: str, kind: str) -> Kind | None:
    """The entry in the tables of kinds for an object; None where there is none."""
    return _KNOWN.get((group_of(api_version), kind))


def with_sources(kinds: Iterable[FluxKind]) -> tuple[FluxKind, ...]:
    """The kinds and every kind that their chain of sources may lead to, in the table's order."""
    wanted = {kind.kind for kind in kinds}
    while more := {source for kind in wanted for source in by_kind[kind].sources} - wanted:
        wanted |= more
    return tuple(kind for kind in FLUX_KINDS if kind.kind in wanted)
