"""What an applier undid where its manifests were the same as before: changes that were made in the cluster."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Change, ChangeType
from flux_mcp.changes.history import TOGETHER, Content, History

_EDITS: Final = frozenset(
    {ChangeType.EDITED, ChangeType.SCALED, ChangeType.SUSPENDED, ChangeType.RESUMED, ChangeType.CONFIGURED}
)


def with_reverts(history: History, changes: Sequence[Change]) -> Iterator[Change]:
    """The changes, each run with the same manifests as before with what it undid: edits since the run before.

    kustomize-controller removes what kubectl-* managers own, the annotations of a request among it.
    """
    applied: dict[ObjectRef, list[datetime]] = defaultdict(list)
    edits: dict[ObjectRef, list[Change]] = defaultdict(list)
    for change in changes:
        if change.at is not None and change.type is ChangeType.APPLIED:
            for ref in (ref for some in change.objects.values() for ref in some):
                applied[ref].append(change.at)
        elif change.at is not None and change.type in _EDITS and change.cause is None:
            for ref in change.refs:
                edits[ref].append(change)
    for change in changes:
        if change.type is not ChangeType.APPLIED or change.content is not Content.SAME or change.at is None:
            yield change
            continue
        undone: dict[int, Change] = {}
        requests: list[ObjectRef] = []
        unexplained: list[ObjectRef] = []
        for ref in change.objects.get("configured", ()):
            last = max((time for time in applied[ref] if time < change.at - TOGETHER), default=None)
            before = [
                edit
                for edit in edits[ref]
                if edit.at is not None and edit.at <= change.at and (last is None or edit.at > last)
            ]
            undone |= {id(edit): edit for edit in before}
            if not before:
                (requests if _requested(history, ref, last, change.at) else unexplained).append(ref)
        yield replace(
            change,
            reverted=tuple(sorted(undone.values(), key=lambda edit: edit.order)),
            requests_removed=tuple(requests),
            unexplained=tuple(unexplained),
        )


def _requested(history: History, ref: ObjectRef, last: datetime | None, time: datetime) -> bool:
    """Whether a request was handled since the last apply, of which the annotation is gone."""
    record = history.flux.get(ref)
    return record is not None and any(
        (last is None or last < request) and request <= time and request not in record.annotated
        for request in record.handled.values()
    )
