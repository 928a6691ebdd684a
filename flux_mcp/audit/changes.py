"""What each version of Flux breaks or changes: rules made of the entries in changes.toml, which says how to write one.

Source: the changelogs of the controllers, the release notes and documentation of Flux, and the API types of 2.10; each
entry links to one of them.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from flux_mcp.api.kubernetes_kinds import CRD, DEPLOYMENT
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, text
from flux_mcp.audit.controller import arguments, controller_image, feature_gates
from flux_mcp.audit.rule import AuditContext, Finding, Manifest, ObjectCheck, Rule, Severity, Unknown
from flux_mcp.errors import BadArgument
from flux_mcp.flux.inventory import parse_id
from flux_mcp.flux.versions import RELEASES, TARGETS, Minor, minor, patch, version_text

KUBERNETES: Final = "Kubernetes"
_APPLIERS: Final = ("Kustomization", "HelmRelease", "ResourceSet", "FluxInstance")
Entry = Mapping[str, Any]
"""One entry of changes.toml."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An upgrade of Flux.

    Attributes:
        running: the version that runs, empty where it is not known.
    """

    running: str
    target: Minor

    def require_newer(self) -> None:
        """Refuse an upgrade to an older version.

        Raises:
            BadArgument: a newer one runs.
        """
        running = minor(self.running)
        if running is not None and running > self.target:
            known = ", ".join(version_text(target) for target in TARGETS if target >= running) or "none"
            raise BadArgument(
                "upgrade_to", f"must not be older than Flux {self.running}, which runs; known from there on: {known}"
            )

    @property
    def changes(self) -> tuple[Rule, ...]:
        """What is new up to the target, and the faults of versions that may run."""
        running = patch(self.running) or (0, 0, 0)
        return tuple(rule for rule in all_changes() if not rule.since or running < rule.since < (*self.target, 10_000))


def _starting(gates: Iterable[str], starts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(gate for gate in gates if gate.startswith(starts))


def _object_check(entry: Entry) -> ObjectCheck | None:
    forms, applied = entry.get("objects", ()), frozenset(entry.get("applied", ()))
    if not forms and not applied:
        return None

    def check(manifest: Manifest) -> bool | Iterable[str | ObjectRef]:
        if applied:
            return _applied(manifest, applied)
        return next((found for form in forms if (found := _fits(manifest, form))), False)

    return check


def _fits(manifest: Manifest, form: Entry) -> bool | tuple[str, ...]:
    """Whether an object is found by one of the forms of `objects`, and the fields that it is found for."""
    if manifest.node.ref.kind not in form["kinds"]:
        return False

    def is_set(field: str) -> bool:
        return at(manifest.spec, *field.split(".")) not in (None, False, {}, [])

    found = tuple(filter(is_set, form.get("set", ())))
    patterns = form.get("matches", {}).items()
    if any(map(is_set, form.get("unset", ()))) or ("set" in form and not found):
        return False
    fits = all(re.search(pattern, text(manifest.spec, *field.split("."))) for field, pattern in patterns)
    return fits and (found or True)


def _applied(manifest: Manifest, versions: frozenset[str]) -> Iterator[ObjectRef]:
    """What an inventory holds in one of these API versions: its manifest is written so."""
    for entry in items(manifest.item, "status", "inventory", "entries"):
        applied = parse_id(text(entry, "id"))
        if applied is not None and f"{applied.group}/{text(entry, 'v')}" in versions:
            yield applied.ref


def _stored(context: AuditContext, versions: list[str]) -> Iterator[Finding]:
    for crd in context.crds:
        group = crd.ref.name.partition(".")[2]
        if old := tuple(version for version in crd.stored if f"{group}/{version}" in versions):
            yield Finding(crd.ref, old)


def _controllers(context: AuditContext, forms: list[Entry]) -> Iterator[Finding]:
    for controller in context.controllers:
        name, tag = controller_image(controller)
        for form in forms:
            named = tuple(arg for arg, _ in arguments(controller) if arg in form.get("arguments", ()))
            gates = _starting(feature_gates([controller]), tuple(form.get("gates", ("-",))))
            wanted = "arguments" in form or "gates" in form
            if form.get("name", name) == name and _is_between(tag, form) and (named or gates or not wanted):
                yield Finding(controller.ref, (*named, *gates) or (tag,))


def _is_between(tag: str, form: Entry) -> bool:
    """Whether an image is of the versions that a form of `controllers` is about; all where it names none."""
    running, first, below = patch(tag), patch(form.get("from", "")), patch(form.get("below", ""))
    return below is None or (running is not None and (first or running) <= running < below)


def _kubernetes(context: AuditContext) -> Iterator[Finding | Unknown]:
    if (running := patch(context.kubernetes)) is None:
        yield Unknown(KUBERNETES)
        return
    needed = RELEASES[context.target].kubernetes if context.target in RELEASES else ()
    least = next((version for version in needed if version[:2] == running[:2]), None)
    # A newer minor version than those that were there at the release is not known to break anything.
    if needed and running[:2] <= needed[-1][:2] and (least is None or running < least):
        yield Finding(ObjectRef(KUBERNETES, "", context.kubernetes), tuple(map(version_text, needed)))


def _with_gates(rule: str, entry: Entry, context: AuditContext) -> Iterator[Finding | Unknown]:
    """All findings of an entry, unless a feature gate says that it does not apply."""
    only, unless = entry.get("only_gate", ""), entry.get("unless_gate", "")
    if only or unless:
        gates = feature_gates(context.controllers)
        seen = DEPLOYMENT.kind in context.read and context.namespace is None
        if (unless and _starting(gates, (unless,))) or (only and seen and not _starting(gates, (only,))):
            return
        if not seen:
            yield Unknown(DEPLOYMENT.kind)
    yield from context.found_alone[rule]
    if "stored" in entry:
        yield from _stored(context, entry["stored"])
    if "controllers" in entry:
        yield from _controllers(context, entry["controllers"])
    if "kubernetes" in entry:
        yield from _kubernetes(context)


def _kinds(entry: Entry) -> Iterator[str]:
    for form in entry.get("objects", ()):
        yield from form["kinds"]
    yield from _APPLIERS if "applied" in entry else ()
    yield from (CRD.kind,) if "stored" in entry else ()
    yield from (DEPLOYMENT.kind,) if "controllers" in entry else ()
    yield from (KUBERNETES,) if "kubernetes" in entry else ()


def _change(rule: str, entry: Entry) -> Rule:
    return Rule.of(
        rule,
        entry,
        _kinds(entry),
        alone=_object_check(entry),
        across=lambda context: _with_gates(rule, entry, context),
        since=patch(entry.get("since", "")),
    )


@cache
def all_changes() -> tuple[Rule, ...]:
    """The worst first, of those the oldest version first; read from the file when they are first needed."""
    entries = tomllib.loads((files(__package__) / "changes.toml").read_text("utf-8"))
    changes = (_change(rule, entry) for rule, entry in entries.items())
    return tuple(sorted(changes, key=lambda rule: list(Severity).index(rule.severity)))
