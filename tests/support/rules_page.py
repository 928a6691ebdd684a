"""docs/rules.md, from the rules of the audit and their examples."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from flux_mcp.audit.changes import all_changes
from flux_mcp.audit.rule import Rule
from flux_mcp.audit.rules import all_rules
from flux_mcp.flux.versions import version_text
from tests.support.rule_examples import EXAMPLE_TIME

_PLAIN: Final = re.compile(r"[A-Za-z][\w./@:+=-]*(?: # and \d+ more)?")
_WORDS: Final = {"true", "false", "yes", "no", "on", "off", "null"}
"""What YAML takes for another type."""


def rules_page() -> str:
    """docs/rules.md."""
    return "\n".join(_rules_page()) + "\n"


def _rules_page() -> Iterator[str]:
    yield "# Rules of the audit"
    yield ""
    yield "`audit_flux_configuration` applies these rules, and `get_flux_resource` those that need nothing but Flux objects."
    yield "Severities are this project's own; what Flux documents is linked. Each rule has one example that trips it and one"
    yield f"that does not, without apiVersion; times in them are compared with {EXAMPLE_TIME}. Both are tests. Written by"
    yield "`make docs` from flux_mcp/audit/rules/*.toml: change them there. [Changes in versions of Flux](#changes-in-versions-of-flux)"
    yield "are below."
    yield ""
    yield "| rule | severity | finds |"
    yield "|---|---|---|"
    for rule in all_rules():
        yield f"| [{rule.id}](#{rule.id}) | {rule.severity.value} | {rule.summary} |"
    for rule in all_rules():
        yield from _rule(rule)
    yield ""
    yield "# Changes in versions of Flux"
    yield ""
    yield "With `upgrade_to`, `audit_flux_configuration` looks for these instead: what a version on the way to the target"
    yield "breaks or changes, and known faults of the versions that run. Written from flux_mcp/audit/changes.toml."
    yield ""
    yield "| change | severity | since | what |"
    yield "|---|---|---|---|"
    for change in all_changes():
        since = version_text(change.since).removesuffix(".0") if change.since is not None else ""
        yield f"| [{change.id}](#{change.id.replace('.', '')}) | {change.severity.value} | {since} | {change.summary} |"
    for change in all_changes():
        yield from _rule(change)


def _rule(rule: Rule) -> Iterator[str]:
    kinds = "any Flux kind" if len(rule.kinds) > 8 else ", ".join(rule.kinds)
    yield from ("", f"## {rule.id}", "", f"{rule.severity.value}, {kinds}: {rule.summary}.", "")
    yield f"Fix: {rule.fix}. See {rule.docs}"
    if rule.needs:
        yield f"Skipped where this cannot be read: {', '.join(rule.needs)}."
    for title, example in (("Trips", rule.trips), ("Does not trip", rule.spares)):
        yield from ("", f"{title}:", "```yaml")
        for number, entry in enumerate(example):
            yield from ["---"][: bool(number)]
            yield from yaml(_manifest(entry)) if entry["kind"] != "Kubernetes" else (f"# Kubernetes {entry['name']}",)
        yield "```"


def _manifest(entry: Mapping[str, Any]) -> dict[str, Any]:
    fields = {key: value for key, value in entry.items() if key not in {"kind", "name", "namespace", "copies"}}
    namespace = {"namespace": entry["namespace"]} if "namespace" in entry else {}
    copies = f" # and {entry['copies'] - 1} more" if "copies" in entry else ""
    metadata = {"name": f"{entry['name']}{copies}", **namespace, **fields.pop("metadata", {})}
    return {"kind": entry["kind"], "metadata": metadata, **fields}


def yaml(node: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """A mapping in block style; lists of plain values and empty ones in flow style."""
    for key, value in node.items():
        name = key if key.replace(".", "").replace("/", "").replace("-", "").isalnum() else json.dumps(key)
        if isinstance(value, Mapping) and value:
            yield f"{indent}{name}:"
            yield from yaml(value, f"{indent}  ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{indent}{name}:"
            for entry in value:
                first, *rest = yaml(entry, f"{indent}    ")
                yield f"{indent}  - {first.lstrip()}"
                yield from rest
        else:
            plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS
            yield f"{indent}{name}: {value if plain else json.dumps(value)}"
