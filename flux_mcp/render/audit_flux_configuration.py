"""The answer of audit_flux_configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from flux_mcp.audit.changes import Upgrade
from flux_mcp.audit.rule import Severity
from flux_mcp.audit.run import Audit, Found
from flux_mcp.flux.versions import version_text
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.findings import object_lines, unknown_kinds
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line
from flux_mcp.sanitize.quote import value

PROCEDURE: Final = "https://fluxcd.io/flux/installation/upgrade/"
FEWER: Final = (None, 30, 10, 3)
"""Findings of one rule that are named, until the answer fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxAudit(Answer):
    """The findings.

    Attributes:
        severity: what is shown: that and worse.
        objects: how many Flux objects of the requested kinds were read.
        installed: whether the API server serves any of Flux's kinds.
        narrow: whether some kinds were requested alone.
        upgrade: the upgrade that the findings are about; None where they are about the configuration.
    """

    title = "audit_flux_configuration"

    severity: Severity
    audit: Audit
    objects: int
    installed: bool
    narrow: bool = False
    upgrade: Upgrade | None = None
    limit: int | None

    @property
    def bound(self) -> int:
        return DEFAULT_BOUND if self.limit is None else LIMIT_BOUND

    @property
    def _total(self) -> int:
        return sum(len(found.findings) for found in self._shown())

    def count(self, named: int) -> tuple[int, int]:
        return named, self._total

    @property
    def found_nothing(self) -> bool:
        return not self.objects

    def levels(self) -> Sequence[Level]:
        """A paragraph for each rule that has findings, the worst first."""
        return [partial(self._write, few) for few in FEWER]

    def left_out(self, rest: int) -> str:
        return f"… {rest} of {self._total} findings left out: narrow with namespace, kinds or severity=high."

    def _shown(self) -> list[Found]:
        return [found for found in self.audit.found if self.severity.covers(found.rule.severity)]

    def head(self, named: int) -> Iterator[str]:
        del named
        if not self.installed:
            yield "Flux is not installed: the API server serves none of its kinds."
            return
        if self.upgrade is not None:
            running = f"Flux {value(self.upgrade.running)}" if self.upgrade.running else "an unknown version of Flux"
            yield f"upgrade from {running} to {version_text(self.upgrade.target)}; procedure: {PROCEDURE}"
        yield from self._unchecked()
        shown = self._shown()
        less = [found for found in self.audit.found if found not in shown]
        findings = f"{self._total} finding{'s' * (self._total > 1)}" if shown else "no findings"
        rules = f"{len(shown)} of {self.audit.ran}" if shown else str(self.audit.ran)
        what = "rules" if self.upgrade is None else "changes and known faults"
        # Some rules read more kinds where their severity is shown.
        more = sum(len(found.findings) for found in less)
        hint = f"; at least {more} more with severity={less[-1].rule.severity.value}" if less else ""
        others = "; findings about other kinds are left out" if self.narrow else ""
        yield f"{findings} by {rules} {what} in {self.objects} Flux object{'s' * (self.objects != 1)}{hint}{others}"
        if self.upgrade is not None:
            yield "not checked: what is in Secrets, ConfigMaps and repositories"

    def _unchecked(self) -> Iterator[str]:
        unchecked = [one for one in self.audit.unchecked if self.severity.covers(one.rule.severity)]
        for how, those in (
            ("Skipped", [one for one in unchecked if one.wholly]),
            ("Checked in part", [one for one in unchecked if not one.wholly]),
        ):
            if those:
                unknown = {kind for one in those for kind in one.unknown}
                yield f"{how} (could not read {unknown_kinds(unknown)}): {', '.join(one.rule.id for one in those)}"

    def _write(self, few: int | None) -> list[Line]:
        lines, room = [], self.limit
        for found in self._shown():
            findings = found.findings if room is None else found.findings[: max(0, room)]
            room = None if room is None else room - len(findings)
            if findings:
                rule, named = found.rule, findings[:few]
                paragraph = [f"{rule.severity.value} {rule.id}: {rule.summary}"]
                paragraph += (f"  {line}" for line in object_lines(rule, named))
                if len(findings) > len(named):
                    paragraph.append(f"  and {len(findings) - len(named)} more")
                paragraph += [f"  fix: {rule.fix}", f"  {rule.docs}"]
                lines.append(Line("\n".join(paragraph), len(named), len(findings)))
        left = self._total - sum(line.stands_for for line in lines)
        if left:
            lines.append(Line(f"… {left} more findings: raise limit, or narrow with namespace or kinds.", 0, left))
        return lines
