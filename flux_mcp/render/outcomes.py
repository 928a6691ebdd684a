"""Lines about requests to reconcile that several answers share."""

from flux_mcp.reconcile.outcome import Outcome, ReconcileResult
from flux_mcp.render.text import revision
from flux_mcp.sanitize.quote import message, name_of, value

STANDS = "The requests stand, whatever becomes of this wait: get_flux_resource tells later how they ended."
"""The line below requests whose end was not seen."""


def ended_line(ended: ReconcileResult) -> str:
    """`Kind namespace/name, outcome (why), reason, revision: "message"`, without what is not there."""
    why = "; ".join(filter(None, (ended.why, *ended.notes)))
    parts = (
        name_of(ended.ref),
        f"{ended.outcome.value} ({why})" if why else ended.outcome.value,
        value(ended.reason) if ended.reason else "",
        revisions(ended) + (" as before" if _unchanged(ended) else ""),
    )
    return ", ".join(filter(None, parts)) + (f": {message(ended.message)}" if ended.message else "")


def revisions(ended: ReconcileResult) -> str:
    """`main@b649360`, or `main@b649360 → main@0d5e3f1` where it changed; so for the number of a Helm release."""
    before, after = (revision(told) if told else "" for told in ended.revisions)
    shown = f"{before or 'nothing'} → {after}" if ended.revisions[0] != ended.revisions[1] else after
    first, last = ended.releases
    return ", ".join(filter(None, (shown, f"release {first} → {last}" if first != last else "")))


def _unchanged(ended: ReconcileResult) -> bool:
    known = ended.outcome in {Outcome.SUCCEEDED, Outcome.FAILED, Outcome.WAITING} and ended.revisions[0] != ""
    return known and ended.revisions[0] == ended.revisions[1] and ended.releases[0] == ended.releases[1]
