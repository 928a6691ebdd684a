"""The rules of the audit: what they find in the recordings, and what trips each of them."""

import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.inline_credentials import credential_keys, holds_credential
from flux_mcp.audit.rule import OTHER_NAMESPACES, AuditContext, AuditedObject, Rule, Severity
from flux_mcp.audit.rules import all_rules
from flux_mcp.audit.rules.sources import is_open
from flux_mcp.audit.run import audit
from flux_mcp.audit.spec_view import audited
from flux_mcp.flux.graph import loops
from tests.support.audits import (
    CASES,
    EVERYTHING,
    NOW,
    controller,
    facts_of,
    found,
    hr,
    ks,
    labels,
    recorded,
    seen,
    short,
    short_of,
)
from tests.support.growth import GROWTH, growth
from tests.support.items import item
from tests.support.rule_examples import EXAMPLE_TIME, objects

RULES = all_rules()

# The recordings, as questions.md tells question 3 of them


def of(kind: str, *names: str) -> set[str]:
    return {f"{kind} {name}" for name in names}


STAGING = {
    "version-open": of("HelmRelease", "ingress-nginx/ingress-nginx", "apps/backend"),
    "transport-insecure": of("Bucket", "artifacts")
    | of("OCIRepository", "manifests-missing-tag", "podinfo", "tenants")
    | of("HelmRepository", "charts-oci", "bitnami-gone", "charts")
    | of("GitRepository", "flux-system", "frozen", "private-repo", "wrong-branch"),
    "oci-tag-moving": of("OCIRepository", "tenants"),
    "depends-on-loop": of("Kustomization", "cycle-a", "cycle-b"),
    "source-missing": of("Kustomization", "orphan-source"),
    "kustomization-same-path": of("Kustomization", "infra-configs", "cycle-a", "cycle-b", "paused", "waits-for-broken"),
    "credential-inline": of("HelmRelease", "monitoring/kube-prometheus-stack"),
    "provider-address-inline": of("Provider", "slack"),
    "kustomization-retry-interval-unset": of(
        "Kustomization",
        *("apply-error", "build-error", "checkout", "cycle-a", "cycle-b", "flux-system", "from-private"),
        *("infra-configs", "missing-vars", "monitoring", "no-crd", "orphan-source", "paused", "remote"),
        *("sops-error", "tenant-a", "waits-for-broken", "wrong-path"),
    ),
    "kustomization-dependency-unwaited": of("Kustomization", "build-error", "cycle-a", "cycle-b", "infra-configs"),
    "verify-unset": of("GitRepository", "flux-system", "frozen", "private-repo", "wrong-branch")
    | of("OCIRepository", "manifests-missing-tag", "podinfo", "tenants")
    | of("HelmRelease", "monitoring/loki"),
    "source-cross-namespace": of(
        "HelmRelease",
        *("apps/backend", "apps/frontend", "apps/ledger", "apps/payments", "cert-manager/cert-manager"),
        *("ingress-nginx/ingress-nginx", "monitoring/kube-prometheus-stack", "monitoring/loki", "podinfo/podinfo"),
    ),
    "helm-remediation-unset": of(
        "HelmRelease",
        *("apps/backend", "apps/frontend", "apps/ledger", "monitoring/kube-prometheus-stack", "monitoring/loki"),
        "ingress-nginx/ingress-nginx",
    ),
    "helm-drift-detection-off": of(
        "HelmRelease",
        *("apps/backend", "apps/frontend", "apps/ledger", "apps/payments", "cert-manager/cert-manager"),
        *("ingress-nginx/ingress-nginx", "monitoring/loki", "podinfo/podinfo"),
    ),
    "helm-repository-oci": of("HelmRepository", "charts-oci"),
    "config-unwatched": of("HelmRelease", "podinfo/podinfo") | of("Kustomization", "infra-configs"),
    "alert-unset": of("HelmRelease", "cert-manager/*", "ingress-nginx/*", "monitoring/*", "podinfo/*"),
}
BOOTSTRAP = {
    "transport-insecure": {"GitRepository flux-system", "HelmRepository ingress/charts"},
    "controller-skew": {"Deployment helm-controller"},
    "flux-unsupported": {"Flux v2.7.5"},
    "kustomization-retry-interval-unset": {"Kustomization flux-system"},
    "verify-unset": {"GitRepository flux-system"},
    "helm-drift-detection-off": {"HelmRelease ingress/ingress-nginx"},
    "alert-unset": {"Kustomization *", "HelmRelease ingress/*"},
}
HIGH = {
    *("version-open", "transport-insecure", "oci-tag-moving", "depends-on-loop", "source-missing"),
    *("kustomization-same-path", "credential-inline", "provider-address-inline", "controller-skew"),
}
LOW = {"helm-drift-detection-off", "helm-repository-oci", "config-unwatched", "alert-unset"}


@pytest.mark.parametrize(
    ("recording", "now", "expected"),
    [("staging", "2026-11-22T09:27:06Z", STAGING), ("bootstrap", "2026-11-22T09:52:36Z", BOOTSTRAP)],
)
def test_what_the_rules_find_in_a_recording(recording: str, now: str, expected: dict[str, set[str]]) -> None:
    """These objects and no other, by these rules and no other."""
    result = audit(facts_of(recorded(recording), now))
    assert found(result) == expected
    assert result.unchecked == ()
    assert {one.rule.id for one in result.found if one.rule.severity is Severity.HIGH} == expected.keys() & HIGH
    assert {one.rule.id for one in result.found if one.rule.severity is Severity.LOW} == expected.keys() & LOW


def test_what_the_findings_of_staging_are_about() -> None:
    result = audit(facts_of(recorded("staging"), "2026-11-22T09:27:06Z"))
    values = {(one.rule.id, short(finding.ref)): finding.values for one in result.found for finding in one.findings}
    assert values["version-open", "HelmRelease apps/backend"] == (">=9.0.0",)
    assert values["version-open", "HelmRelease ingress-nginx/ingress-nginx"] == ("*",)
    assert values["source-missing", "Kustomization orphan-source"] == (
        ObjectRef("GitRepository", "flux-system", "nope"),
    )
    assert values["credential-inline", "HelmRelease monitoring/kube-prometheus-stack"] == ("adminPassword",)
    assert values["helm-remediation-unset", "HelmRelease ingress-nginx/ingress-nginx"] == ("upgrade",)
    assert values["helm-remediation-unset", "HelmRelease apps/backend"] == ("install", "upgrade")
    assert values["helm-drift-detection-off", "HelmRelease podinfo/podinfo"] == ("warn",)
    assert values["config-unwatched", "HelmRelease podinfo/podinfo"] == (
        ObjectRef("ConfigMap", "podinfo", "podinfo-values"),
    )
    assert values["kustomization-same-path", "Kustomization paused"] == ("./infra/configs",)


# Each rule


by_rule = pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in RULES])


@by_rule
def test_a_rule_finds_the_first_object_of_the_example_that_trips_it(rule: Rule) -> None:
    items = objects(rule.trips)
    # What is wrong with the version of Flux has no object of its own.
    first = f"Flux {labels(items[0])['app.kubernetes.io/version']}" if rule.kinds == ("Flux",) else short_of(items[0])
    names = found(audit(facts_of(items, EXAMPLE_TIME))).get(rule.id, set())
    assert first in names or first.replace("apps", "*") in names


@by_rule
def test_a_rule_finds_nothing_in_the_other_example(rule: Rule) -> None:
    assert rule.id not in found(audit(facts_of(objects(rule.spares), EXAMPLE_TIME)))


def test_the_cases_are_of_rules() -> None:
    assert CASES.keys() <= {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", CASES)
def test_what_trips_a_rule(rule: str) -> None:
    case = CASES[rule]
    assert found(audit(facts_of(case.trips))).get(rule, set()) == set(case.found)


@pytest.mark.parametrize("rule", CASES)
def test_what_does_not_trip_a_rule(rule: str) -> None:
    assert rule not in found(audit(facts_of(CASES[rule].spares)))


def test_no_rule_finds_anything_in_nothing() -> None:
    result = audit(facts_of(()))
    assert (result.found, result.unchecked, result.ran) == ((), (), len(RULES))


def test_the_table_is_in_order() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    order = [list(Severity).index(rule.severity) for rule in RULES]
    assert order == sorted(order)


@by_rule
def test_the_texts_of_a_rule(rule: Rule) -> None:
    """One clause each, as style guides of Kubernetes write it; a link that a person can follow."""
    assert re.fullmatch(r"[a-z]+(?:-[a-z]+)+", rule.id)
    assert rule.kinds
    for text in (rule.summary, rule.fix):
        assert 0 < len(text) <= 110
        assert not text.endswith(".")
    assert "{}" in rule.detail
    assert rule.docs.startswith("https://")
    assert rule.trips
    assert rule.spares


# What could not be seen


@by_rule
def test_a_rule_says_which_kinds_it_could_not_see(rule: Rule) -> None:
    """Of whichever kind it looks at or needs."""
    for kind in {*rule.kinds, *rule.needs} - {"Flux"}:
        unchecked = {one.rule.id: one for one in audit(facts_of((), read=EVERYTHING - {kind})).unchecked}
        assert kind in unchecked[rule.id].unknown
        assert unchecked[rule.id].wholly == (kind in rule.needs or rule.kinds == (kind,))


def test_a_target_of_a_kind_that_was_not_read_is_not_missing() -> None:
    context = facts_of((ks(), hr(dependsOn=[{"name": "nope"}])), read=EVERYTHING - {"GitRepository"})
    result = audit(context)
    assert found(result).get("source-missing") is None
    assert found(result)["depends-on-missing"] == {"HelmRelease apps/web"}
    assert {one.rule.id: one.unknown for one in result.unchecked}["source-missing"] == ("GitRepository",)


def test_a_target_in_another_namespace_is_not_missing_where_one_was_read() -> None:
    chart: dict[str, Any] = {
        "chart": {"spec": {"sourceRef": {"kind": "HelmRepository", "name": "c", "namespace": "flux-system"}}}
    }
    result = audit(
        facts_of((hr(**chart), hr("near", chartRef={"kind": "HelmChart", "name": "nope"})), namespace="apps")
    )
    assert found(result)["source-missing"] == {"HelmRelease apps/near"}
    unknown = {one.rule.id: one.unknown for one in result.unchecked}
    assert unknown["source-missing"] == (OTHER_NAMESPACES.what,)
    assert {rule.id for rule in RULES if rule.wide} <= unknown.keys()


def test_no_alert_is_missed_where_one_namespace_was_read() -> None:
    """It may stand in another one."""
    result = audit(facts_of((hr(),), namespace="apps"))
    assert "alert-unset" not in found(result)
    assert OTHER_NAMESPACES.what in {one.rule.id: one.unknown for one in result.unchecked}["alert-unset"]


def test_a_resource_set_may_wait_for_what_is_not_looked_for() -> None:
    waits = item("ResourceSet", "teams", spec={"dependsOn": [{"apiVersion": "v1", "kind": "Secret", "name": "x"}]})
    result = audit(facts_of((waits,)))
    assert "depends-on-missing" not in found(result)
    assert {one.rule.id: one.unknown for one in result.unchecked} == {"depends-on-missing": ("Secret",)}


def test_retry_on_failure_may_be_the_default() -> None:
    """Whether it is stands in the arguments of helm-controller."""
    gate = controller("helm-controller", "v1.6.3", "--feature-gates=A=true,DefaultToRetryOnFailure=true")
    assert "helm-remediation-unset" not in found(audit(facts_of((hr(), gate))))
    unread = audit(facts_of((hr(),), read=EVERYTHING - {"Deployment"}))
    assert found(unread)["helm-remediation-unset"] == {"HelmRelease apps/web"}
    assert "Deployment" in {one.rule.id: one.unknown for one in unread.unchecked}["helm-remediation-unset"]


def test_only_what_was_asked_for_is_reported() -> None:
    items = (
        *CASES["version-open"].trips,
        *CASES["kustomization-prune-off"].trips,
        controller("helm-controller", "v1.5.0"),
    )
    narrow = audit(facts_of(items), {"Kustomization"})
    assert {finding.ref.kind for one in narrow.found for finding in one.findings} == {"Kustomization"}
    about = audit(facts_of(items), about=ObjectRef("HelmRelease", "apps", "star"))
    assert {short(finding.ref) for one in about.found for finding in one.findings} == {"HelmRelease apps/star"}
    assert "version-open" in found(about)


# Details


@pytest.mark.parametrize(
    "constraint",
    [
        "",
        " ",
        "*",
        "x",
        "X",
        "*.*",
        ">=9.0.0",
        ">1",
        "> 1.0",
        ">=1.0.0 !=2.0.0",
        "1.x || >=3",
        "=*",
        ">=v1",
        ">=1.0.0-0",
    ],
)
def test_an_open_version(constraint: str) -> None:
    assert is_open(constraint)


@pytest.mark.parametrize(
    "constraint",
    [
        "1",
        "1.x",
        "1.*",
        "v1.2.3",
        "1.2.3",
        "^1",
        "~1.2",
        "~> 1.2",
        ">=1 <2",
        ">=1.0.0, <2.0.0",
        "1 - 2",
        "1.x || 2.x",
        "=1.0",
        "<2",
        "<=2.0.0-0",
        "main",
    ],
)
def test_a_bounded_version(constraint: str) -> None:
    assert not is_open(constraint)


def test_keys_are_told_as_paths_and_values_are_not() -> None:
    values = {
        "grafana": {"adminPassword": "a-secret", "ingress": {"hosts": ["x"]}},
        "extraEnv": [{"name": "DB_PASSWORD", "value": "a-secret"}, {"name": "MODE", "value": "x"}],
        "users": [{"name": "admin", "token": 12345}],
        "secretKeyRef": {"name": "db", "key": "password"},
        "tls": {"secretName": "cert"},
    }
    assert list(credential_keys(values)) == ["grafana.adminPassword", "extraEnv.DB_PASSWORD", "users.token"]


def test_as_many_keys_as_anybody_likes_are_read() -> None:
    deep: Any = {"password": "x"}
    for _ in range(10_000):
        deep = {"a": deep}
    assert list(credential_keys(deep)) == []
    assert len(list(credential_keys([{f"{number}_token": "x"} for number in range(1000)]))) == 50
    assert list(credential_keys("password")) == []


def test_an_address_is_told_by_its_shape_where_its_type_does_not_tell() -> None:
    assert holds_credential("https://example.com/hooks/abc", "generic", "address")
    assert holds_credential("Endpoint=sb://x/;SharedAccessKey=abc", "azureeventhub", "address")
    assert not holds_credential("https://fully-qualified.servicebus.windows.net", "azureeventhub", "address")
    assert not holds_credential("https://github.com/acme/fleet", "github", "address")
    assert not holds_credential("http://proxy:3128", "slack", "proxy")


def test_a_loop_is_shown_by_what_each_of_it_depends_on() -> None:
    """So that several loops are told apart; a dependency that is in no loop is not among them."""
    items = [ks(name, dependsOn=[{"name": other}, {"name": "x"}]) for name, other in ("ab", "ba", "cd", "dc")]
    (one,) = (one for one in audit(facts_of(items)).found if one.rule.id == "depends-on-loop")
    assert [
        (finding.ref.name, *(to.name for to in finding.values if isinstance(to, ObjectRef))) for finding in one.findings
    ] == [
        ("a", "b"),
        ("b", "a"),
        ("c", "d"),
        ("d", "c"),
    ]


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=3), max_size=8))
def test_loops_are_those_that_reach_themselves(ties: dict[str, list[str]]) -> None:
    items = [ks(name, dependsOn=[{"name": target} for target in targets]) for name, targets in ties.items()]
    reached = {name: reach(name, ties) for name in ties}
    found = loops(facts_of(items).graph)
    assert {ref.name for members in found for ref in members} == {name for name in ties if name in reached[name]}
    for members in found:
        assert all(other.name in reached[ref.name] for ref in members for other in members)
    assert len({ref for members in found for ref in members}) == sum(map(len, found))


def reach(start: str, ties: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(ties[start])
    while waiting:
        name = waiting.pop()
        if name in ties and name not in found:
            found.add(name)
            waiting += ties[name]
    return found


def test_a_chain_may_be_as_long_as_it_likes() -> None:
    items = [ks(f"a{number}", dependsOn=[{"name": f"a{number + 1}"}]) for number in range(5000)]
    items.append(ks("a5000", dependsOn=[{"name": "a0"}]))
    (members,) = loops(facts_of(items).graph)
    assert len(members) == 5001


# Whatever an object holds


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1m", "*", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted(
    {
        *("interval", "timeout", "retryInterval", "wait", "healthChecks", "prune", "force", "path", "sourceRef"),
        *("kubeConfig", "chart", "chartRef", "install", "upgrade", "driftDetection", "maxHistory", "values", "ref"),
        *("valuesFrom", "postBuild", "dependsOn", "url", "image", "verify", "insecure", "secretRef", "accessFrom"),
        *("policy", "filterTags", "git", "type", "providerRef", "eventSources", "address", "proxy", "cluster"),
        *("imageRepositoryRef", "sources", "include", "inputs", "defaultValues", "suspend", "version"),
    }
)
SHAPES: st.SearchStrategy[Any] = ODD | st.dictionaries(
    st.sampled_from(
        [
            "kind",
            "name",
            "namespace",
            "spec",
            "sourceRef",
            "version",
            "remediation",
            "retries",
            "branch",
            "semver",
            "tag",
            "push",
            "checkout",
            "ref",
            "mode",
            "substitute",
            "size",
        ]
    ),
    ODD | st.dictionaries(st.sampled_from(["kind", "name", "branch", "sourceRef", "version"]), ODD, max_size=3),
    max_size=4,
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(FLUX_KINDS),
            st.sampled_from("abc"),
            st.dictionaries(st.sampled_from(FIELDS), SHAPES | st.lists(SHAPES, max_size=2), max_size=6) | ODD,
            st.dictionaries(st.sampled_from(["inventory", "history", "artifact", "conditions"]), SHAPES, max_size=3)
            | ODD,
        ),
        max_size=6,
    )
)
def test_nothing_raises(entries: list[tuple[Any, str, Any, Any]]) -> None:
    items = [
        {
            "apiVersion": f"{kind.group}/v1",
            "kind": kind.kind,
            "metadata": {"name": name, "namespace": "a"},
            "spec": spec,
            "status": status,
        }
        for kind, name, spec, status in entries
    ]
    context = facts_of(items)
    known = {one.ref for one in context.objects} | {ObjectRef(kind, "a", "*") for kind in by_kind}
    for one in audit(context).found:
        assert one.findings
        assert all(finding.ref in known for finding in one.findings)
        assert len(set(one.findings)) == len(one.findings)


def a_fleet(size: int) -> AuditContext:
    """One chain of dependencies, one tree of paths, shared inventories: 2.2 times as many objects."""
    items = [
        {
            **ks(
                f"app-{number}",
                path="./" + "/".join(f"{number:04}"),
                dependsOn=[{"name": f"app-{number - 1}"}],
                postBuild={"substitute": {"token": "x", "region": "eu"}},
            ),
            "status": {
                "inventory": {
                    "entries": [{"id": f"apps_{number // 2}-{part}__ConfigMap", "v": "v1"} for part in range(4)]
                }
            },
        }
        for number in range(size)
    ]
    items += [
        hr(f"app-{number}", chart={"spec": {"version": ">=1", "sourceRef": {"kind": "HelmRepository", "name": "c"}}})
        for number in range(size)
    ]
    items += [item("GitRepository", f"app-{number}") for number in range(size // 5)]
    views: tuple[AuditedObject, ...] = seen(map(audited, items))
    return AuditContext(objects=views, read=EVERYTHING, now=datetime.fromisoformat(NOW))


def test_the_time_to_audit_grows_with_the_objects() -> None:
    """A rule that compares each with each would take minutes for the largest fleets."""

    def use(context: AuditContext) -> None:
        result = found(audit(context))
        assert len(result["object-two-appliers"]) == len(result["version-open"]) == round(len(context.objects) / 2.2)

    assert growth(use, a_fleet(100), a_fleet(2000), 20) <= GROWTH


# Rules whose kinds are those with a field in the table of kinds


@pytest.mark.parametrize(
    ("kind", "path"),
    [pytest.param(kind.kind, path, id=kind.kind) for kind in FLUX_KINDS for path in kind.inline],
)
def test_a_credential_is_found_in_each_field_that_holds_values(kind: str, path: tuple[str, ...]) -> None:
    value: Any = {"adminPassword": "correct horse battery staple"}
    for field in reversed(path):
        value = {field: value}
    ref = f"{kind} web"
    assert ref in found(audit(facts_of([item(kind, "web", spec=value)]))).get("credential-inline", set())
    assert "credential-inline" not in found(audit(facts_of([item(kind, "web", spec={})])))


def test_the_kinds_that_have_fields_with_values_or_deprecated_fields() -> None:
    kinds = {rule.id: set(rule.kinds) for rule in RULES}
    assert kinds["credential-inline"] >= {"HelmRelease", "Kustomization", "ResourceSet", "ResourceSetInputProvider"}
    assert kinds["field-deprecated"] >= {"HelmRelease", "Alert", "Provider"}
