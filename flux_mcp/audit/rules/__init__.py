"""The rules of the audit. A rule is an entry in one of the .toml files here and a check of the same id beside it.

Source: the documentation of Flux, which each rule links to. Severities are this project's own. No rule guesses what is
production or who is a tenant. Left out, since what the audit reads does not show it: branches and tags without a digest
(wrong in production only), drift detection beside an autoscaler, whether targetNamespace exists, service accounts and
the arguments for multi-tenancy, labels and contents of Secrets, what stands in the source (strict substitution, SOPS),
since when a generation is not observed, and which API limits short intervals in a large fleet.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.audit.rule import Rule, Severity
from flux_mcp.audit.rules import controllers, helmrelease, kustomization, other_kinds, references, sources

_FILES: Final = (references, sources, kustomization, helmrelease, other_kinds, controllers)


def _kinds(entry: Mapping[str, Any]) -> Iterator[str]:
    """Those that a rule names, all of Flux for `*`, or those whose FluxKind sets the field that `kinds_with` names."""
    if "kinds_with" in entry:
        yield from (kind.kind for kind in FLUX_KINDS if getattr(kind, entry["kinds_with"]))
    elif entry["kinds"] == ["*"]:
        yield from (kind.kind for kind in FLUX_KINDS)
    else:
        yield from entry["kinds"]


def _load(module: ModuleType) -> Iterator[Rule]:
    """The rules of one file.

    Raises:
        KeyError: an entry lacks a text, or has no check.
    """
    name = module.__name__.rpartition(".")[2]
    for rule, entry in tomllib.loads((files(__name__) / f"{name}.toml").read_text("utf-8")).items():
        alone, across = module.ALONE.get(rule), module.ACROSS.get(rule)
        if alone is None and across is None:
            raise KeyError(f"{name}.py has no check {rule}")
        yield Rule.of(rule, entry, _kinds(entry), alone=alone, across=across)


@cache
def all_rules() -> tuple[Rule, ...]:
    """The worst first; read from the files when they are first needed."""
    rules = (rule for module in _FILES for rule in _load(module))
    return tuple(sorted(rules, key=lambda rule: list(Severity).index(rule.severity)))
