"""The catalog of failures: its data is well formed, and each failure is found by what a controller reports."""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS, OTHER_KINDS
from flux_mcp.diagnosis.catalog import lookup
from flux_mcp.diagnosis.catalog.failure import Failure, Upstream, with_recreation
from flux_mcp.diagnosis.catalog.lookup import PLACES, failure, failures, find_failure, silent_failures

FOLDER = Path(lookup.__file__).parent
KINDS = {*by_kind, *(kind.kind for kind in (*KUBERNETES_KINDS, *OTHER_KINDS)), "PersistentVolumeClaim", "Service"}
TYPES: dict[str, type] = {
    **dict.fromkeys(("kinds", "reasons", "look", "samples"), list),
    **dict.fromkeys(("pattern", "same", "cause", "fix", "upstream", "since", "until", "source"), str),
    "priority": int,
    "silent": bool,
    "not": dict,
}
DEFAULTS = {"kinds", "reasons", "upstream", "source"}
VERSION = re.compile(r"2\.\d{1,2}")


def each_failure(check: Callable[[Failure], None]) -> Callable[[str], None]:
    """A test of every entry, one for each file: as hundreds of tests they take longer to report than to run."""

    @pytest.mark.parametrize("place", PLACES)
    def test(place: str) -> None:
        for entry in failures():
            if entry.place == place:
                try:
                    check(entry)
                except AssertionError as error:
                    error.add_note(f"entry {entry.id}")
                    raise

    return test


def tables(place: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{place}.toml").read_text(encoding="utf-8"))


def test_every_file_is_read() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(PLACES)
    assert len(failures()) == sum(isinstance(table, dict) for place in PLACES for table in tables(place).values())


@pytest.mark.parametrize("place", PLACES)
def test_the_files_have_the_keys_that_there_are(place: str) -> None:
    for name, table in tables(place).items():
        if not isinstance(table, dict):
            assert name in DEFAULTS
            continue
        assert set(table) <= set(TYPES), name
        assert {"cause", "fix"} <= set(table), name
        for key, value in table.items():
            assert type(value) is TYPES[key], (name, key)
            assert type(value) is not list or all(isinstance(each, str) for each in value), (name, key)
        for messages in table.get("not", {}).values():
            assert type(messages) is list, name


@each_failure
def test_an_entry_is_well_formed(entry: Failure) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.id)
    assert entry.kinds
    assert set(entry.kinds) <= KINDS
    assert all(re.fullmatch(r"[A-Z][A-Za-z-]+", reason) for reason in entry.reasons)
    assert all(re.fullmatch(r"[A-Za-z]+(\.[A-Za-z]+)*", field) for field in entry.look)
    assert all(VERSION.fullmatch(version) for version in (entry.since, entry.until) if version)
    assert entry.source.startswith("https://")
    assert bool(entry.samples) is bool(entry.reasons), "what a reason selects has samples, what code selects has none"
    assert not (entry.silent and entry.reasons)
    assert entry.pattern or not entry.near_misses


@each_failure
def test_advice_is_one_clause_in_the_words_of_the_field(entry: Failure) -> None:
    for clause in (entry.advice.cause, entry.advice.fix):
        assert clause == clause.strip()
        assert "\n" not in clause
        assert not clause.endswith(".")
        assert not re.search(r"\b(mend|told|asked|whole|kin|lately|catalogue)\b", clause)
    assert not entry.advice.fix.startswith("fix ")
    # No fix is a write of this server, and none names a tool, which the server may not offer.
    assert not re.search(r"kubectl (apply|delete|patch|edit|scale|create)|get_kubernetes|_flux", entry.advice.fix)


@each_failure
def test_every_repetition_in_a_pattern_is_bounded(entry: Failure) -> None:
    plain = re.sub(r"\[(?:\\.|[^\]\\])*\]|\\.", "", entry.pattern)
    assert not re.search(r"[*+]|\{\d*,\}", plain)
    assert all(int(most) <= 1000 for most in re.findall(r"\{\d+,(\d+)\}", plain))
    assert not entry.pattern or not entry.regex.search("")


@each_failure
def test_its_samples_select_it_for_each_of_its_kinds_and_reasons(entry: Failure) -> None:
    for kind in entry.kinds:
        for reason in entry.reasons:
            for sample in entry.samples:
                found = find_failure(kind, reason, sample)
                assert found is entry, (kind, reason, sample, found and found.id)


@each_failure
def test_near_misses_select_the_failure_that_they_name(entry: Failure) -> None:
    for other, messages in entry.near_misses.items():
        assert other != entry.id
        for message in messages:
            for kind in set(entry.kinds) & set(failure(other).kinds):
                for reason in set(entry.reasons) & set(failure(other).reasons):
                    found = find_failure(kind, reason, message)
                    assert found is failure(other), (kind, reason, message, found and found.id)


def test_ids_are_unique_and_a_reason_has_one_general_entry() -> None:
    assert [name for name, count in Counter(entry.id for entry in failures()).items() if count > 1] == []
    general = Counter(
        (kind, reason) for entry in failures() if not entry.pattern for kind in entry.kinds for reason in entry.reasons
    )
    assert [pair for pair, count in general.items() if count > 1] == []


@pytest.mark.parametrize(
    ("kind", "reason", "message"),
    [
        pytest.param("Kustomization", "SomethingNew", "x", id="a reason that no controller has"),
        pytest.param("Kustomization", "ReconciliationFailed", "x", id="a message that no pattern matches"),
        pytest.param("Kustomization", "GitOperationFailed", "authentication required", id="another kind's reason"),
        pytest.param("Kustomization", "", "", id="nothing"),
        pytest.param("HelmRelease", "installfailed", "x", id="reasons are taken as they are, case included"),
    ],
)
def test_what_is_not_in_the_catalog_is_not_found(kind: str, reason: str, message: str) -> None:
    assert find_failure(kind, reason, message) is None


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Kustomization", "ReconciliationFailed"),
        ("HelmRelease", "InstallFailed"),
        ("HelmRelease", "UpgradeFailed"),
        ("ResourceSet", "ReconciliationFailed"),
        ("FluxInstance", "ReconciliationFailed"),
    ],
)
@pytest.mark.parametrize(
    ("message", "name"),
    [
        ('admission webhook "w.acme.io" denied the request: no', "webhook-denied"),
        ('failed calling webhook "w": failed to call webhook: Post "https://w": EOF', "webhook-unavailable"),
        ('failed calling webhook "w": Post "https://w?timeout=10s": context deadline exceeded', "webhook-timeout"),
        ('roles "r" is forbidden: User "x" cannot patch resource "roles" in API group ""', "rbac-forbidden"),
        ('pods "p" is forbidden: exceeded quota: q', "quota-exceeded"),
        ('namespaces "x" not found', "namespace-missing"),
        ("unable to create new content in namespace x because it is being terminated", "namespace-terminating"),
        ('no matches for kind "Widget" in version "acme/v1"', "kind-not-served"),
        ('Job.batch "j" is invalid: spec.template: Invalid value: {}: field is immutable', "immutable-field-changed"),
        ("timeout waiting for: [Deployment/a/b status: 'InProgress']", "health-check-timeout"),
        ("failed early due to stalled resources: [Job/a/b status: 'Failed']", "health-check-failed-early"),
    ],
)
def test_whoever_applies_reports_the_same_failure(kind: str, reason: str, message: str, name: str) -> None:
    found = find_failure(kind, reason, message)
    assert found is not None
    assert found.id == name


def test_the_logs_that_helm_controller_appends_do_not_decide() -> None:
    logs = "\n\nLast Helm logs:\n\nadmission webhook denied the request: x\ntimed out waiting for the condition"
    found = find_failure("HelmRelease", "UpgradeFailed", f"Helm upgrade failed for release a/b: oh{logs}")
    assert found is failure("helm-upgrade-failed")


def test_what_is_wrong_in_circulation_is_not_in_it() -> None:
    """Named in other texts, and written by no controller that Flux 2.2 or later installs."""
    for entry in failures():
        text = f"{entry.reasons} {entry.pattern} {entry.advice} {entry.look}"
        for wrong in ("RemediationFailed", "latestImage", "ArtifactOutOfDate"):
            assert wrong.lower() not in text.lower()
        assert "retries exhausted" not in text or entry.until == "2.1"


def test_silent_failures_are_those_of_their_kinds() -> None:
    def ids(kind: str) -> list[str]:
        return [entry.id for entry in silent_failures(kind)]

    assert ids("Kustomization") == ["apply-skipped-by-annotation"]
    assert ids("ImageUpdateAutomation") == ["automation-no-marker"]
    assert ids("Alert") == ids("Provider") == ["notification-failures-without-status"]
    assert ids("GitRepository") == []


def test_where_the_cause_lies() -> None:
    assert failure("dependency-missing").upstream is Upstream.DEPENDENCY
    assert failure("source-missing").upstream is Upstream.SOURCE
    assert failure("health-check-timeout").upstream is Upstream.HEALTH
    assert failure("webhook-timeout").upstream is Upstream.WEBHOOK


def test_the_server_starts_without_reading_it() -> None:
    code = (
        "import flux_mcp.server, flux_mcp.tools.registry; from flux_mcp.diagnosis.catalog.lookup import failures;"
        "print(failures.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_how_an_object_is_recreated_depends_on_what_applies_it() -> None:
    told = {kind: with_recreation("{recreate}", kind) for kind in (*failure("immutable-field-changed").kinds[:4], "")}
    assert "{recreate}" not in "".join(told.values())
    assert "kustomize.toolkit.fluxcd.io/force" in told["Kustomization"]
    assert "fluxcd.controlplane.io/force" in told["ResourceSet"]
    assert "upgrade.force" in told["HelmRelease"]
    assert "annotate" not in told["FluxInstance"]


def test_a_known_message_under_an_unknown_reason_is_known() -> None:
    message = "failed to get secret 'apps/tok': Secret \"tok\" not found"
    found = find_failure("GitRepository", "AuthenticationOptionFailed", message)
    assert found is not None
    assert found.id == "credentials-secret-missing"
    assert find_failure("GitRepository", "NewArtifact", message) is None
    assert find_failure("Pod", "NewFailure", message) is None
