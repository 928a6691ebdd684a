"""How a row of the catalogue of failures is written: the failure, what it means, what to do, and where its cause is."""

from dataclasses import dataclass
from enum import Enum


class Upstream(Enum):
    """Where the cause of a failure is to be sought."""

    OWN = "in the object itself, or outside Flux"
    SOURCE = "in its source"
    DEPENDENCY = "in an object of spec.dependsOn"
    HEALTH = "in what it applied"


@dataclass(frozen=True, slots=True)
class Advice:
    """What something means, and what to do about it. No advice is a write of this server but a reconcile request."""

    meaning: str
    do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One row of the catalogue.

    Attributes:
        number: of the row in our knowledge file.
        kinds: of the objects that fail so.
        reasons: of a condition, or of an Event where nothing of it is in the status; empty where no reason tells it.
        hint: a pattern that is sought in the message, in any case; empty for the row that answers for its reasons
            whatever the message is.
        advice: what it means and what to do.
        look: fields of the object's spec to look at, dotted.
        upstream: where the cause is.
        silent: neither condition nor verdict shows it: it is told where somebody asks about an object that looks well.
    """

    number: int
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    hint: str
    advice: Advice
    look: tuple[str, ...] = ()
    upstream: Upstream = Upstream.OWN
    silent: bool = False


def row(  # noqa: PLR0913 (the columns of the table)
    kinds: str,
    number: int,
    reasons: str,
    hint: str,
    meaning: str,
    do: str,
    *,
    look: str = "",
    upstream: Upstream = Upstream.OWN,
    silent: bool = False,
) -> Failure:
    """One row; kinds, reasons and fields to look at are parted by spaces."""
    return Failure(
        number=number,
        kinds=tuple(kinds.split()),
        reasons=tuple(reasons.split()),
        hint=hint,
        advice=Advice(meaning, do),
        look=tuple(look.split()),
        upstream=upstream,
        silent=silent,
    )
