"""The audit: every rule, run over what was read.

A rule is one entry of a table, in checks_kustomize.py, checks_helm.py, checks_sources.py, checks_flow.py,
checks_running.py or checks_others.py. Source: the documentation of Flux, by our knowledge file, section 6, whose
numbers stand beside the rules. Severities are proposals. No rule guesses what "production" or "a tenant" is.

Left out, since what is read does not tell:

- 12 and the second half of 13, a tag without digest and a branch: right or wrong only in production.
- 24, the path `./`: right, unless the source is shared by several deployments.
- 28, drift detection beside an autoscaler: autoscalers are not read.
- 31, targetNamespace without createNamespace: whether the namespace exists otherwise is not read.
- 35, 36 and the first part of 47, service accounts and lockdown arguments: who is a tenant is not told.
- 39 for Secrets: they are never read.
- 40, strict substitution, and 41, decryption: what stands in the source is not read.
- 45, an Alert for errors only: a choice.
- 49, a generation that was not seen for five minutes: kubectl leaves out when a spec was changed. The verdict Stale,
  with which other answers show it, tells that it is so, not since when.
- 58, short intervals in a large fleet: which API sets a limit, and which, is not told.
- 9 and 10, versions and fields that a manifest uses: the API server answers in its own version.
- 59, tenants in the namespace of Flux: as 35.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import CRD, DEPLOYMENT, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.rule import BEYOND, AuditContext, Finding, Rule, Severity, Unknown
from flux_mcp.audit.rules_controllers import RUNNING_RULES
from flux_mcp.audit.rules_helmrelease import HELM_RULES
from flux_mcp.audit.rules_kustomization import KUSTOMIZE_RULES
from flux_mcp.audit.rules_other_kinds import OTHER_RULES
from flux_mcp.audit.rules_references import FLOW_RULES
from flux_mcp.audit.rules_sources import SOURCE_RULES

RULES: Final = tuple(
    sorted(
        (*FLOW_RULES, *SOURCE_RULES, *KUSTOMIZE_RULES, *HELM_RULES, *OTHER_RULES, *RUNNING_RULES),
        key=lambda rule: list(Severity).index(rule.severity),
    )
)
"""The worst first."""
CLUSTER_KINDS: Final = (CRD, DEPLOYMENT, POD)
"""What is read beside Flux's kinds, by the label of Flux."""
_EVERYTHING: Final = frozenset({*(kind.kind for kind in (*FLUX_KINDS, *CLUSTER_KINDS)), "Flux"})


@dataclass(frozen=True, slots=True)
class Found:
    """A rule, and the objects that it finds, never none."""

    rule: Rule
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A rule that could not be decided for want of these kinds, wholly or in part."""

    rule: Rule
    unknown: tuple[str, ...]
    wholly: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found, the worst first, and what could not be looked at.

    Attributes:
        ran: how many rules were decided, at least in part.
    """

    ran: int
    found: tuple[Found, ...]
    unchecked: tuple[Unchecked, ...]


def audit(context: AuditContext, kinds: Iterable[str] | None = None, about: ObjectRef | None = None) -> Audit:
    """Run every rule.

    Args:
        facts: what was read.
        kinds: report on these kinds alone; None for all, the controllers and CRDs among them.
        about: report on this object alone.
    """
    wanted = _EVERYTHING if kinds is None else frozenset(kinds)
    found, unchecked, ran = [], [], 0
    for rule in RULES:
        asked = wanted.intersection(rule.kinds) if about is None else {about.kind}.intersection(rule.kinds)
        if not asked:
            continue
        unknown = {kind for kind in (*asked, *rule.needs) if kind not in context.read and kind != "Flux"}
        findings: dict[Finding, None] = {}
        decided = context.read.issuperset(rule.needs)
        if rule.wide and context.namespace is not None:
            unknown.add(BEYOND.what)
        if decided:
            for one in rule.check(context):
                if isinstance(one, Unknown):
                    unknown.add(one.what)
                elif one.ref.kind in asked and about in {None, one.ref}:
                    findings[one] = None
        if findings:
            found.append(Found(rule, tuple(findings)))
        wholly = not decided or unknown.issuperset(asked)
        ran += not wholly
        if unknown:
            unchecked.append(Unchecked(rule, tuple(sorted(unknown)), wholly))
    return Audit(ran, tuple(found), tuple(unchecked))
