"""The audit: every rule, run over what was read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import CRD, DEPLOYMENT, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.rule import OTHER_NAMESPACES, AuditContext, Finding, Rule, Unknown
from flux_mcp.audit.rules import all_rules

CLUSTER_KINDS: Final = (CRD, DEPLOYMENT, POD)
"""What is read beside Flux's kinds, by the label of Flux."""
_VERSIONS: Final = frozenset({"Flux", "Kubernetes"})
"""What rules find that is no object."""
_EVERYTHING: Final = frozenset({*(kind.kind for kind in (*FLUX_KINDS, *CLUSTER_KINDS)), *_VERSIONS})


@dataclass(frozen=True, slots=True)
class Found:
    """A rule and its findings, of which there are some."""

    rule: Rule
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A rule that was not decided, wholly or in part, since these kinds could not be read."""

    rule: Rule
    unknown: tuple[str, ...]
    wholly: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found, the worst first, and what could not be checked.

    Attributes:
        ran: how many rules were decided, at least in part.
    """

    ran: int
    found: tuple[Found, ...]
    unchecked: tuple[Unchecked, ...]


def audit(
    context: AuditContext,
    kinds: Iterable[str] | None = None,
    about: ObjectRef | None = None,
    rules: Iterable[Rule] | None = None,
) -> Audit:
    """Run the rules.

    Args:
        kinds: report on these kinds alone; None for all, the controllers and CRDs among them.
        about: report on this object alone.
        rules: None for those of the audit.
    """
    reported = _EVERYTHING if kinds is None else frozenset(kinds)
    found, unchecked, ran = [], [], 0
    for rule in all_rules() if rules is None else rules:
        of_rule = reported.intersection(rule.kinds) if about is None else {about.kind}.intersection(rule.kinds)
        if not of_rule:
            continue
        unknown = {kind for kind in (*of_rule, *rule.needs) if kind not in context.read | _VERSIONS}
        findings: dict[Finding, None] = {}
        decided = context.read.issuperset(rule.needs)
        if rule.wide and context.namespace is not None:
            unknown.add(OTHER_NAMESPACES.what)
        if decided:
            for finding in rule.across(context) if rule.across is not None else context.found_alone[rule.id]:
                if isinstance(finding, Unknown):
                    unknown.add(finding.what)
                elif finding.ref.kind in of_rule and about in {None, finding.ref}:
                    findings[finding] = None
        if findings:
            found.append(Found(rule, tuple(findings)))
        wholly = not decided or unknown.issuperset(of_rule)
        ran += not wholly
        if unknown:
            unchecked.append(Unchecked(rule, tuple(sorted(unknown)), wholly))
    return Audit(ran, tuple(found), tuple(unchecked))
