"""The answer of audit_flux_configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from flux_mcp.audit.rule import DOCS, Severity
from flux_mcp.audit.run import Audit, Found
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.findings import found_objects, wanting
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line

FEWER: Final = (None, 30, 10, 3)
"""Objects of one rule that are named, until the answer fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxAudit(Answer):
    """What was found.

    Attributes:
        severity: what is shown: that and worse.
        objects: how many Flux objects of the asked kinds were read.
        installed: whether the API server serves any of Flux's kinds.
    """

    title = "audit_flux_configuration"

    severity: Severity
    audit: Audit
    objects: int
    installed: bool
    limit: int | None

    @property
    def bound(self) -> int:
        return DEFAULT_BOUND if self.limit is None else LIMIT_BOUND

    @property
    def _total(self) -> int:
        return sum(len(one.findings) for one in self._shown())

    def count(self, named: int) -> tuple[int, int]:
        return named, self._total

    def levels(self) -> Sequence[Level]:
        """A line for each rule that finds something, the worst first."""
        return [partial(self._write, few) for few in FEWER]

    def left_out(self, rest: int) -> str:
        return f"… {rest} of {self._total} findings are left out: narrow with namespace, kinds or severity=high."

    def _shown(self) -> list[Found]:
        return [one for one in self.audit.found if self.severity.covers(one.rule.severity)]

    def head(self, named: int) -> Sequence[str]:
        del named
        shown = self._shown()
        lines: list[str] = []
        if not self.installed:
            return (*lines, "Flux is not installed: the API server serves none of its kinds.")
        lines += self._unchecked()
        rest = [one for one in self.audit.found if one not in shown]
        told = f"{len(shown)} of {self.audit.ran} rules find something in {self.objects} objects"
        if rest:
            least = rest[-1].rule.severity.value
            # Some rules look at what is read for them alone.
            told += f"; at least {sum(len(one.findings) for one in rest)} less severe findings: severity={least}"
        lines.append(told)
        if shown:
            lines.append(f"objects | why; what to write | {DOCS}…")
        return lines

    def _unchecked(self) -> Iterator[str]:
        asked = [one for one in self.audit.unchecked if self.severity.covers(one.rule.severity)]
        for how, those in (
            ("NOT CHECKED", [one for one in asked if one.wholly]),
            ("CHECKED IN PART", [one for one in asked if not one.wholly]),
        ):
            if those:
                unknown = {kind for one in those for kind in one.unknown}
                told = ", ".join(one.rule.id for one in those)
                yield f"{how}, for want of {wanting(unknown)}: {told}"

    def _write(self, few: int | None) -> list[Line]:
        lines, room = [], self.limit
        for one in self._shown():
            findings = one.findings if room is None else one.findings[: max(0, room)]
            room = None if room is None else room - len(findings)
            if findings:
                named = findings[:few]
                objects = "; ".join(found_objects(named))
                more = f"; and {len(findings) - len(named)} more" if len(findings) > len(named) else ""
                rule = one.rule
                often = f" ({len(one.findings)})" if len(one.findings) > 1 else ""
                start = f"{rule.severity.value} {rule.id}{often}: "
                advice = f"{rule.why}; {rule.fix} | {rule.link}"
                lines.append(Line(f"{start}{objects}{more} | {advice}", len(named), len(findings)))
        left = self._total - sum(line.stands_for for line in lines)
        if left:
            lines.append(Line(f"… {left} more findings: raise limit, or narrow with namespace, kinds.", 0, left))
        return lines
