"""audit_flux_configuration: what is read, what is told of what could not be, and how much is told."""

import re
from typing import Any

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import CONFIG_MAP, CRD, DEPLOYMENT, POD
from tests.conftest import Ask, Reply
from tests.support.api import Api, inventory
from tests.support.audits import chart, config, controller, crd, git, hr, ks, provider
from tests.support.fake import FIXTURES, FakeKubectl, a_list, versioned
from tests.support.items import failing, item

pytestmark = pytest.mark.anyio

TOOL = "audit_flux_configuration"
FLUX = ",".join(versioned(kind.resource) for kind in FLUX_KINDS)
BESIDE = ",".join(versioned(kind.resource) for kind in (CRD, DEPLOYMENT, POD))


@pytest.fixture
def api() -> Api:
    return Api()


def rules(reply: Reply) -> list[str]:
    """The rules that found something, in the order of the answer."""
    return re.findall(r"^(?:high|medium|low) ([a-z-]+)", reply.text, re.MULTILINE)


def line(reply: Reply, start: str) -> str:
    (found,) = (line for line in reply.lines if line.startswith(start))
    return found


def paragraph(reply: Reply, rule: str) -> list[str]:
    """What stands below the line of a rule, without its indent."""
    (start,) = (number for number, line in enumerate(reply.lines) if f" {rule}: " in line)
    end = next((number for number, line in enumerate(reply.lines) if number > start and line[0] != " "), None)
    return [line.removeprefix("  ") for line in reply.lines[start + 1 : end]]


def gets(api: Api) -> list[tuple[str, ...]]:
    return [call for call in api.calls if call[0] == "get"]


# What is read


async def test_it_is_two_processes(api: Api) -> None:
    """Once the kinds are known: the Flux kinds, and what carries the label of Flux."""
    await api.ask(TOOL)
    api.calls.clear()
    assert not (await api.ask(TOOL)).is_error
    assert sorted(call[-1] for call in api.calls) == sorted((FLUX, BESIDE))
    (beside,) = (call for call in api.calls if call[-1] == BESIDE)
    assert "--selector=app.kubernetes.io/part-of=flux" in beside


async def test_it_is_two_kubectl(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.holds(FIXTURES / "staging")
    await ask_fake(TOOL)
    fake.forget()
    reply = await ask_fake(TOOL)
    assert len(fake.calls()) == 2
    assert rules(reply)[:2] == ["credential-inline", "depends-on-loop"]


async def test_config_maps_are_read_for_low_findings_only(api: Api) -> None:
    api.holds(hr(valuesFrom=[{"kind": "ConfigMap", "name": "values"}]), config("values"))
    low = await api.ask(TOOL, severity="low")
    assert [versioned(CONFIG_MAP.resource) in call[-1].split(",") for call in gets(api)].count(True) == 1
    assert "HelmRelease apps/web: ConfigMap apps/values" in paragraph(low, "config-unwatched")
    api.calls.clear()
    medium = await api.ask(TOOL)
    assert versioned(CONFIG_MAP.resource) not in ",".join(call[-1] for call in gets(api))
    assert "config-unwatched" not in medium.text
    api.calls.clear()
    await api.ask(TOOL, severity="low", kinds=["Alert"])
    assert versioned(CONFIG_MAP.resource) not in ",".join(call[-1] for call in gets(api))


async def test_one_namespace_is_read_alone(api: Api) -> None:
    """And what other namespaces may hold is not said to be missing."""
    api.holds(hr(chart=chart("1.x", sourceRef={"kind": "HelmRepository", "name": "c", "namespace": "far"})), ks())
    reply = await api.ask(TOOL, namespace="apps")
    assert all("--namespace=apps" in call for call in gets(api))
    assert "Kustomization" not in reply.text
    assert "source-missing" not in rules(reply)
    assert "source-missing" in line(reply, "Checked in part (could not read other namespaces): ")
    assert versioned(CRD.resource) not in ",".join(call[-1] for call in gets(api))


async def test_kinds_narrow_what_is_told_and_not_what_is_looked_at(api: Api) -> None:
    api.holds(hr(chart=chart("*")), item("HelmRepository", "charts", "apps", spec={"url": "http://x"}), crd("v2.5.0"))
    reply = await api.ask(TOOL, kinds=["HelmRelease"])
    assert rules(reply) == ["version-open", "helm-remediation-unset"]
    assert "in 1 Flux object;" in reply.text
    assert "Skipped" not in reply.text
    api.calls.clear()
    await api.ask(TOOL, kinds=["Alert"])
    assert [call[-1] for call in gets(api)] == [FLUX]


# What could not be read


async def test_what_was_not_read_is_not_well(api: Api) -> None:
    """A forbidden kind is said, and its rules are."""
    api.holds(ks(), git(), crd(), controller())
    api.forbids(by_kind["HelmRelease"].resource, by_kind["Alert"].resource)
    reply = await api.ask(TOOL, severity="low")
    assert line(reply, "Could not read: ").startswith("Could not read: HelmRelease, Alert (forbidden")
    wholly, in_part = line(reply, "Skipped ("), line(reply, "Checked in part (")
    assert "helm-remediation-unset" in wholly
    assert "alert-unset" in wholly
    assert "source-missing" in in_part
    assert "kustomization-prune-off" not in wholly + in_part


async def test_the_rest_is_told_without_the_controllers(api: Api) -> None:
    api.holds(ks(prune=False), git(), controller("helm-controller", "v1.5.0"))
    api.forbids(CRD.resource, DEPLOYMENT.resource, POD.resource)
    reply = await api.ask(TOOL)
    assert not reply.is_error
    assert "kustomization-prune-off" in rules(reply)
    assert "controller-skew" in line(reply, "Skipped (could not read CustomResourceDefinition, Deployment, Pod): ")
    assert "CustomResourceDefinition" in line(reply, "Could not read: ")


async def test_nothing_to_read_is_an_error(api: Api) -> None:
    api.forbids(*(kind.resource for kind in FLUX_KINDS))
    reply = await api.ask(TOOL)
    assert reply.is_error
    assert "may not list" in reply.text
    one = await api.ask(TOOL, kinds=["Kustomization"])
    assert one.is_error


@pytest.mark.parametrize("verb", ["get", "api-resources"])
async def test_an_unreachable_cluster_is_an_error(fake: FakeKubectl, ask_fake: Ask, verb: str) -> None:
    fake.says(verb, "", "Unable to connect to the server: dial tcp 10.0.0.1:6443: connect: no route to host", 1)
    reply = await ask_fake(TOOL)
    assert reply.is_error
    assert "no route to host" in reply.text


async def test_no_flux_is_said(api: Api) -> None:
    api.serves(CRD, DEPLOYMENT, POD)
    reply = await api.ask(TOOL)
    assert reply.lines[1:] == ["Flux is not installed: the API server serves none of its kinds."]
    named = await api.ask(TOOL, kinds=["HelmRelease"])
    assert named.is_error
    assert "does not serve HelmRelease" in named.text


async def test_a_list_that_broke_off_is_told_in_part(fake: FakeKubectl, ask_fake: Ask) -> None:
    """What came is judged, and every rule says that it did not see all."""
    fake.says("get", a_list(ks(prune=False)), "Unable to connect to the server: context deadline exceeded", 1)
    reply = await ask_fake(TOOL)
    assert not reply.is_error
    assert "kustomization-prune-off" in rules(reply)
    assert "HelmRelease" in line(reply, "Could not read: ")
    assert "helm-remediation-unset" in line(reply, "Skipped (")


# What is told


async def test_a_well_configured_cluster(api: Api) -> None:
    api.holds(
        ks(sourceRef={"kind": "GitRepository", "name": "fleet"}),
        git(ref={"branch": "main"}, verify={"mode": "HEAD"}),
        item("Provider", "chat", spec={"type": "slack", "secretRef": {"name": "chat"}, "interval": None}),
        item(
            "Alert",
            "all",
            spec={"providerRef": {"name": "chat"}, "eventSources": [{"kind": "Kustomization", "name": "*"}]},
        ),
        crd(),
        controller(),
    )
    reply = await api.ask(TOOL, severity="low")
    assert reply.lines[0].startswith(f"{TOOL}: 0 of 0 · context dev")
    assert re.fullmatch(r"no findings by \d\d rules in 4 Flux objects", reply.lines[1])
    assert len(reply.lines) == 2


@pytest.mark.parametrize(
    ("severity", "expected", "rest"),
    [
        ("high", ["kustomization-force-on"], "at least 2 more with severity=low"),
        ("MEDIUM", ["kustomization-force-on", "kustomization-prune-off"], "at least 1 more with severity=low"),
        ("low", ["kustomization-force-on", "kustomization-prune-off", "kustomization-interval-short"], ""),
    ],
)
async def test_a_severity_and_worse(api: Api, severity: str, expected: list[str], rest: str) -> None:
    api.holds(
        ks(force=True, prune=False, interval="10s"),
        git(ref={"branch": "main"}, verify={"mode": "HEAD"}),
        item("Alert", "all", spec={"eventSources": [{"kind": "Kustomization", "name": "*"}]}),
    )
    reply = await api.ask(TOOL, severity=severity)
    assert rules(reply) == expected
    assert ("at least" in reply.lines[1]) == bool(rest)
    assert rest in reply.text


@pytest.mark.parametrize("severity", ["severe", "", "all", "high,low"])
async def test_another_severity_is_refused(fake: FakeKubectl, ask_fake: Ask, severity: str) -> None:
    reply = await ask_fake(TOOL, severity=severity)
    assert reply.is_error
    assert "severity" in reply.text
    assert "high, medium" in reply.text
    assert fake.calls() == []


async def test_objects_are_told_by_what_they_are_found_for_kind_and_namespace(api: Api) -> None:
    api.holds(
        hr("a", chart=chart("*")),
        hr("b", chart=chart("*")),
        hr("c", chart=chart(">=9.0.0")),
        {**hr("a", chart=chart("*")), "metadata": {"name": "a", "namespace": "other"}},
        item("HelmChart", "own", spec={"sourceRef": {"kind": "HelmRepository", "name": "x"}}),
    )
    assert paragraph(await api.ask(TOOL), "version-open") == [
        'HelmChart flux-system/own: "*"',
        'HelmReleases in apps: a, b ("*")',
        'HelmRelease apps/c: ">=9.0.0"',
        'HelmRelease other/a: "*"',
        "fix: a range within one major version, such as 9.x",
        "https://fluxcd.io/flux/components/source/helmcharts/#version",
    ]


async def test_a_paragraph_is_what_is_wrong_where_how_to_fix_it_and_where_it_is_documented(api: Api) -> None:
    api.holds(ks(prune=False))
    reply = await api.ask(TOOL)
    assert line(reply, "medium kustomization-prune-off: ").endswith("stay in the cluster")
    assert paragraph(reply, "kustomization-prune-off") == [
        "Kustomization flux-system/apps",
        "fix: prune: true",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
    ]


async def test_what_an_object_is_found_for_reads_as_a_sentence(api: Api) -> None:
    """Each value with its name, another object of the same namespace by its name."""
    api.holds(
        ks("a", dependsOn=[{"name": "b"}]),
        ks("b", dependsOn=[{"name": "a"}], timeout="1h", interval="10m"),
        ks("outer", path="./apps"),
        ks("inner", path="./apps/web"),
        {**ks("x"), "status": inventory("_apps__Namespace", *(f"apps_{name}__ConfigMap" for name in "abcd"))},
        {**ks("y"), "status": inventory("_apps__Namespace", *(f"apps_{name}__ConfigMap" for name in "abcd"))},
        controller("helm-controller", "v1.5.0"),
    )
    reply = await api.ask(TOOL)
    assert paragraph(reply, "depends-on-loop")[0] == "Kustomization flux-system/a: depends on b"
    assert paragraph(reply, "kustomization-timeout")[0] == "Kustomization flux-system/b: timeout 1h"
    assert (
        paragraph(reply, "kustomization-path-nested")[0] == "Kustomization flux-system/inner: inside the path of outer"
    )
    assert paragraph(reply, "controller-skew")[0] == (
        "Deployment flux-system/helm-controller: image v1.5.0, Flux version v2.9.4"
    )
    assert paragraph(reply, "object-two-appliers")[0] == (
        "Kustomizations in flux-system: x, y (ConfigMap apps/a, ConfigMap apps/b, ConfigMap apps/c and 2 more)"
    )


async def test_no_value_is_told(api: Api) -> None:
    api.holds(
        hr(values={"adminPassword": "s3cr3t-of-values", "users": [{"token": "s3cr3t-of-a-list"}]}),
        item("Provider", "chat", spec={"type": "slack", "address": "https://hooks.slack.com/services/s3cr3t"}),
        git(url="http://me:s3cr3t@example.com/s3cr3t"),
    )
    reply = await api.ask(TOOL, severity="low")
    assert {"credential-inline", "provider-address-inline", "transport-insecure"} <= set(rules(reply))
    assert "HelmRelease apps/web: adminPassword, users.token" in reply.text
    assert "s3cr3t" not in reply.text


async def test_what_others_wrote_is_quoted(api: Api) -> None:
    odd = "x\x1b[31m; rm -rf / | high all-is-well: nothing"
    api.holds(
        hr(values={f"{odd} password": "x"}),
        item("ResourceSet", "teams", spec={"dependsOn": [{"kind": odd, "name": "x"}]}),
        ks(path=odd),
        ks("twin", path=odd),
    )
    reply = await api.ask(TOOL)
    assert "\x1b" not in reply.text
    seen = "x; rm -rf / | high all-is-well: nothing"
    assert f'HelmRelease apps/web: "{seen} password"' in reply.text
    assert f'Kustomizations in flux-system: apps, twin (path "./{seen}")' in reply.text
    assert f'(could not read "{seen}"): depends-on-missing' in reply.text
    assert "all-is-well" not in rules(reply)


# What an upgrade changes


async def test_an_upgrade_is_two_processes(api: Api) -> None:
    """The version of Kubernetes is remembered; Pods are not read."""
    await api.ask(TOOL, upgrade_to="2.10")
    api.calls.clear()
    assert not (await api.ask(TOOL, upgrade_to="2.10")).is_error
    installed = ",".join(versioned(kind.resource) for kind in (CRD, DEPLOYMENT))
    assert sorted(call[-1] for call in gets(api)) == sorted((FLUX, installed))
    assert len(api.calls) == 2


@pytest.mark.parametrize("target", ["2.10", "v2.10", "2.10.1", "v2.10.0-rc.1"])
async def test_a_version_is_taken_as_its_minor(api: Api, target: str) -> None:
    api.holds(crd("v2.9.4"), provider("slack", proxy="http://proxy"))
    reply = await api.ask(TOOL, upgrade_to=target)
    assert reply.lines[1].startswith("upgrade from Flux v2.9.4 to 2.10; procedure: https://")
    assert "2.10-provider-proxy" in reply.text


async def test_an_upgrade_shows_what_changes_and_not_the_rules(api: Api) -> None:
    api.holds(
        crd("v2.9.4"),
        ks(prune=False),
        provider("slack", "https://hooks.slack.com/services/s3cr3t", proxy="http://me:s3cr3t@proxy"),
    )
    reply = await api.ask(TOOL, upgrade_to="2.10")
    assert "kustomization-prune-off" not in reply.text
    assert "s3cr3t" not in reply.text
    assert paragraph(reply, "2.10-provider-proxy") == [
        "Provider flux-system/chat: proxy",
        "fix: a Secret with the key address, and proxySecretRef",
        "https://fluxcd.io/flux/components/notification/providers/",
    ]
    assert "changes and known faults in 2 Flux objects" in reply.text
    assert "not checked: what is in Secrets, ConfigMaps and repositories" in reply.lines
    narrow = await api.ask(TOOL, upgrade_to="2.10", kinds=["Kustomization"])
    assert "2.10-provider-proxy" not in narrow.text


@pytest.mark.parametrize("target", ["2.11", "3.0", "1.2", "latest", "", "2", "2.6", "two"])
async def test_a_version_that_is_not_known_is_refused(fake: FakeKubectl, ask_fake: Ask, target: str) -> None:
    reply = await ask_fake(TOOL, upgrade_to=target)
    assert reply.is_error
    assert "Invalid upgrade_to: must be one of 2.7, 2.8, 2.9, 2.10" in reply.text
    assert fake.calls() == []


async def test_a_number_is_no_version(api: Api) -> None:
    """2.10 as a number is 2.1."""
    reply = await api.ask(TOOL, upgrade_to=2.10)
    assert reply.is_error
    assert "upgrade_to" in reply.text


async def test_a_version_that_is_older_than_what_runs_is_refused(api: Api) -> None:
    api.holds(crd("v2.9.4"))
    reply = await api.ask(TOOL, upgrade_to="2.8")
    assert reply.is_error
    assert "Invalid upgrade_to: must not be older than Flux v2.9.4, which runs" in reply.text
    assert "2.9, 2.10" in reply.text


async def test_an_upgrade_from_an_unknown_version_says_so(api: Api) -> None:
    api.holds(ks())
    api.forbids(CRD.resource, DEPLOYMENT.resource)
    reply = await api.ask(TOOL, upgrade_to="2.10")
    assert reply.lines[2].startswith("upgrade from an unknown version of Flux to 2.10")
    assert "2.8-api-stored" in line(reply, "Skipped (could not read CustomResourceDefinition, Deployment): ")


async def test_kubernetes_that_does_not_say_its_version_is_not_well(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.holds(FIXTURES / "staging")
    fake.says("version", '{"clientVersion": {"gitVersion": "v1.34.4"}}')
    reply = await ask_fake(TOOL, upgrade_to="2.10")
    assert not reply.is_error
    assert "the version of the API server" in line(reply, "Could not read: ")
    assert "kubernetes-version" in line(reply, "Skipped (could not read Kubernetes): ")


# How much


def many(number: int) -> list[dict[str, Any]]:
    return [
        {
            **ks(f"app-{one}-{'x' * 40}", prune=False, interval="10m"),
            "metadata": {"name": f"app-{one}-{'x' * 40}", "namespace": f"team-{one % 50}"},
        }
        for one in range(number)
    ]


@pytest.mark.parametrize("severity", ["low", "medium", "high"])
@pytest.mark.parametrize("number", [50, 300, 3000])
async def test_the_default_answer_is_bounded_and_a_cut_is_said(api: Api, number: int, severity: str) -> None:
    api.holds(*many(number))
    reply = await api.ask(TOOL, severity=severity)
    assert len(reply.text.encode()) <= 12_000
    named, total = map(int, re.findall(r"\d+", reply.lines[0])[:2])
    assert total >= number
    # An Alert that is missing is told once a namespace.
    assert named == len(re.findall(r"app-\d+-x{40}|team-\d+/\*", reply.text))
    cut = sum(map(int, re.findall(r"^  and (\d+) more$", reply.text, re.MULTILINE)))
    left = sum(map(int, re.findall(r"^… (\d+) ", reply.text, re.MULTILINE)))
    assert named + cut + left == total


async def test_an_answer_with_a_limit_is_bounded_and_a_cut_is_said(api: Api) -> None:
    api.holds(*many(3000))
    reply = await api.ask(TOOL, limit=500)
    assert len(reply.text.encode()) <= 60_000
    assert reply.lines[0].startswith(f"{TOOL}: 500 of ")
    assert len(re.findall(r"app-\d+-x{40}", reply.text)) == 500
    assert "raise limit" in reply.lines[-1]
    few = await api.ask(TOOL, limit=1)
    assert len(re.findall(r"app-\d+-x{40}", few.text)) == 1


async def test_hostile_names_stay_within_the_bound(api: Api) -> None:
    api.holds(*(hr(f"{number}-{'n' * 240}", chart=chart(f">={'9' * 250}{number}")) for number in range(400)))
    for arguments, bound in (({}, 12_000), ({"limit": 500}, 60_000)):
        reply = await api.ask(TOOL, **arguments)
        assert len(reply.text.encode()) <= bound
        assert "more" in reply.text or "left out" in reply.text


# In the answer about one object


async def test_one_object_shows_its_findings(api: Api) -> None:
    api.holds(hr(chart=chart(">=9.0.0"), upgrade={"force": True}), ks(prune=False))
    reply = await api.ask("get_flux_resource", kind="HelmRelease", name="web")
    found = [line for line in reply.lines if line.startswith(("audit, ", "  fix: "))]
    assert found == [
        "audit, high source-missing: the source does not exist, so nothing is applied (HelmRepository apps/charts)",
        "  fix: correct the reference, or create the source",
        'audit, high version-open: a new major version is installed unattended (">=9.0.0")',
        "  fix: a range within one major version, such as 9.x",
        (
            "audit, medium helm-remediation-unset: a failed install or upgrade stays failed until the chart, values or spec"
            " change (install, upgrade)"
        ),
        "  fix: remediation.retries: 3, or strategy.name: RetryOnFailure",
        (
            "audit, medium helm-upgrade-undeclared: an upgrade replaces objects, or depends on the values of the last"
            " release (upgrade.force)"
        ),
        "  fix: remove the field",
        "audit, low helm-drift-detection-off: manual changes to the objects of the release are not corrected",
        "  fix: driftDetection.mode: enabled",
    ]


async def test_one_object_says_what_was_not_checked(api: Api) -> None:
    api.holds(ks())
    api.forbids(by_kind["GitRepository"].resource)
    reply = await api.ask("get_flux_resource", kind="Kustomization", name="apps")
    assert "source-missing" in line(reply, "audit, skipped or checked in part (could not read GitRepository): ")
    assert not [line for line in reply.lines if line.startswith("audit, high")]


async def test_a_failing_object_is_no_finding_by_itself(api: Api) -> None:
    """How objects are is told by other tools."""
    api.holds(
        failing(spec={"prune": True, "interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "fleet"}}),
        git(ref={"branch": "main"}, verify={"mode": "HEAD"}),
    )
    assert rules(await api.ask(TOOL)) == []
