"""reconcile_flux_sources against an API server in memory, and on the objects of the recording staging."""

import json
import re
from functools import partial
from typing import Any

import pytest

from flux_mcp.api.kinds import by_kind
from tests.conftest import Reply
from tests.support.controller import FluxApi, Item, cannot_patch, ends, handles, keys_of, refused, works
from tests.support.fake import FIXTURES
from tests.support.items import item

pytestmark = pytest.mark.anyio

TOOL = "reconcile_flux_sources"
KINDS = ("GitRepository", "OCIRepository", "Bucket", "HelmRepository", "HelmChart")
ON_STAGING = {
    "succeeded": {
        "GitRepository flux-system",
        "OCIRepository podinfo",
        "OCIRepository tenants",
        "HelmRepository charts",
        "HelmChart apps-frontend",
        "HelmChart apps-payments",
        "HelmChart cert-manager-cert-manager",
        "HelmChart ingress-nginx-ingress-nginx",
        "HelmChart monitoring-kube-prometheus-stack",
        "HelmChart monitoring-loki",
    },
    "failed": {
        "GitRepository private-repo",
        "GitRepository wrong-branch",
        "OCIRepository manifests-missing-tag",
        "Bucket artifacts",
        "HelmRepository bitnami-gone",
        "HelmChart apps-backend",
    },
    "skipped": {"GitRepository frozen", "HelmRepository charts-oci"},
}
"""How each source of staging ends, read from the JSON: Ready as recorded, spec.suspend, spec.type oci."""


@pytest.fixture
def api() -> FluxApi:
    return FluxApi()


def asked(api: FluxApi) -> list[str]:
    return [call[call.index("--") + 2] for call in api.calls if call[0] == "annotate"]


def outcomes(reply: Reply) -> dict[str, set[str]]:
    """The objects of each outcome, however the table tells them."""
    found: dict[str, set[str]] = {}
    for line in reply.lines[1:]:
        if together := re.match(r"(succeeded|requested) (\w+) [\w-]+/: (.*)", line):
            names = [each.partition(" ")[0] for each in together[3].split("; ")]
            found.setdefault(together[1], set()).update(f"{together[2]} {name}" for name in names)
        elif alone := re.match(r"(\w+) [\w-]+/([\w.-]+), (\w+)", line):
            found.setdefault(alone[3], set()).add(f"{alone[1]} {alone[2]}")
    return found


def chart(name: str, source: str = "charts", kind: str = "HelmRepository") -> dict[str, Any]:
    return item("HelmChart", name, spec={"sourceRef": {"kind": kind, "name": source}})


def staging(api: FluxApi) -> None:
    """The sources of staging; their controllers let each end as it had ended when it was recorded."""
    for kind in KINDS:
        for one in json.loads((FIXTURES / "staging" / f"{by_kind[kind].resource}.json").read_text())["items"]:
            recorded = one["status"].get("conditions", [])
            api.holds(one)
            api.reacts(one["metadata"]["name"], works(), partial(settles, recorded))


def settles(conditions: list[Item], one: Item) -> None:
    handles(one)
    one["status"]["conditions"] = conditions


async def test_on_staging_it_ends_with_one_table(api: FluxApi) -> None:
    staging(api)
    reply = await api.ask(TOOL)
    assert reply.lines[0].startswith("reconcile_flux_sources: 16 of 18 · context dev · user dev-user · ")
    assert reply.lines[1] == "6 failed, 2 skipped, 10 succeeded"
    assert outcomes(reply) == ON_STAGING
    # What failed first, then why others were not asked, then the rest.
    order = [line.split()[0] == "succeeded" for line in reply.lines[2:]]
    assert order == sorted(order)
    for reason in ("authentication required", "MANIFEST_UNKNOWN", "404 Not Found", "spec.suspend: true", "type oci"):
        assert reason in reply.text
    assert "main@b649360" in reply.text


async def test_charts_are_asked_once_the_repositories_have_ended(api: FluxApi) -> None:
    staging(api)
    await api.ask(TOOL)
    order = asked(api)
    repositories = {
        name.partition(" ")[2] for names in ON_STAGING.values() for name in names if "HelmChart" not in name
    }
    first, second = order[:9], order[9:]
    assert set(first) == repositories - {"frozen", "charts-oci"}
    assert set(second) == {
        name.partition(" ")[2] for names in ON_STAGING.values() for name in names if "HelmChart" in name
    }
    steps = [call for call in api.calls if call[0] in {"get", "annotate"}]
    begin = next(n for n, call in enumerate(steps) if call[0] == "annotate" and call[call.index("--") + 2] in second)
    assert [call[0] for call in steps[begin - 2 : begin]] == ["get", "get"]
    tokens = [keys_of(call)["reconcile.fluxcd.io/requestedAt"] for call in api.calls if call[0] == "annotate"]
    assert len(set(tokens)) == len(tokens)
    assert all(len(keys_of(call)) == 1 for call in api.calls if call[0] == "annotate")


async def test_one_get_looks_at_all_that_is_waited_for(api: FluxApi) -> None:
    staging(api)
    await api.ask(TOOL)
    gets = [call for call in api.calls if call[0] == "get"]
    # One before, two looks at the first wave, two at the second.
    assert len(gets) == 5


async def test_charts_whose_source_failed_are_not_asked(api: FluxApi) -> None:
    api.holds(
        item("HelmRepository", "charts"),
        chart("first"),
        item("GitRepository", "repo"),
        chart("second", "repo", "GitRepository"),
        chart("third", "missing"),
    )
    api.reacts("charts", ends("False", "Failed", "404 Not Found"))
    reply = await api.ask(TOOL)
    assert outcomes(reply) == {
        "failed": {"HelmRepository charts"},
        "skipped": {"HelmChart first"},
        "succeeded": {"GitRepository repo", "HelmChart second", "HelmChart third"},
    }
    assert "not requested: its source HelmRepository flux-system/charts has not succeeded" in reply.text
    assert "first" not in asked(api)


async def test_charts_whose_source_has_not_ended_are_not_asked(api: FluxApi) -> None:
    api.holds(item("HelmRepository", "charts"), chart("first"))
    api.reacts("charts", works("fetching index"))
    begin = api.clock.now
    reply = await api.ask(TOOL, wait_seconds=5)
    assert outcomes(reply) == {"running": {"HelmRepository charts"}, "skipped": {"HelmChart first"}}
    assert "its source HelmRepository flux-system/charts has not succeeded" in reply.text
    assert "The requests stand" in reply.text
    assert api.clock.now - begin == 5


async def test_without_a_wait_all_are_asked_and_none_is_looked_at(api: FluxApi) -> None:
    api.holds(item("HelmRepository", "charts"), chart("first"))
    reply = await api.ask(TOOL, wait_seconds=0)
    assert outcomes(reply) == {"requested": {"HelmRepository charts", "HelmChart first"}}
    assert api.verbs().count("get") == 1
    assert api.clock.slept == []


async def test_kinds_and_a_namespace_narrow_it_down(api: FluxApi) -> None:
    api.holds(item("GitRepository", "a"), item("GitRepository", "b", "apps"), item("Bucket", "c", "apps"))
    reply = await api.ask(TOOL, kinds=["gitrepo"], namespace="apps")
    assert outcomes(reply) == {"succeeded": {"GitRepository b"}}
    assert asked(api) == ["b"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kinds": ["Kustomization"]}, "must name sources (GitRepository, OCIRepository"),
        ({"kinds": ["GitRepository", "ArtifactGenerator"]}, "not ArtifactGenerator"),
        ({"kinds": []}, "at least one"),
        ({"kinds": ["Secret"]}, "Flux kind"),
        ({"wait_seconds": 601}, "0 to 600"),
        ({"force": True}, "not an argument of"),
        ({"namespace": "*"}, "must be a namespace"),
    ],
)
async def test_what_does_not_fit_is_refused_before_any_kubectl(
    api: FluxApi, arguments: dict[str, Any], words: str
) -> None:
    reply = await api.ask(TOOL, **arguments)
    assert reply.is_error
    assert words in reply.text
    assert api.calls == []


async def test_more_than_two_hundred_are_refused(api: FluxApi) -> None:
    api.holds(*(item("GitRepository", f"repo-{number}") for number in range(201)))
    reply = await api.ask(TOOL)
    assert reply.is_error
    assert "201 sources match, at most 200" in reply.text
    assert "namespace and kinds" in reply.text
    assert asked(api) == []
    api.gone("GitRepository", "repo-7")
    reply = await api.ask(TOOL)
    assert "200 succeeded" in reply.text
    assert len(reply.text.encode()) <= 12_000


async def test_a_long_table_is_cut_and_says_so(api: FluxApi) -> None:
    for number in range(200):
        api.holds(item("Bucket", f"{'b' * 60}-{number}"))
        api.reacts(f"{'b' * 60}-{number}", ends("False", "BucketOperationFailed", "does not exist " * 50))
    reply = await api.ask(TOOL)
    assert len(reply.text.encode()) <= 12_000
    assert reply.lines[1] == "200 failed"
    assert re.search(r"… \d+ more sources are left out: pass namespace or kinds", reply.lines[-1])


async def test_nothing_to_ask(api: FluxApi) -> None:
    reply = await api.ask(TOOL, namespace="apps")
    assert not reply.is_error
    assert reply.lines[0].startswith("reconcile_flux_sources: 0 of 0 · ")
    assert reply.lines[1:3] == ["Namespace apps exists, and nothing that was requested is in it.", "No sources."]


async def test_no_source_is_installed(api: FluxApi) -> None:
    api.serves(by_kind["Kustomization"])
    reply = await api.ask(TOOL)
    assert reply.is_error
    assert "does not serve GitRepository" in reply.text


async def test_an_identity_that_may_patch_nothing_gets_an_error(api: FluxApi) -> None:
    api.holds(item("GitRepository", "a"), item("GitRepository", "b"))
    api.denies("gitrepositories.source.toolkit.fluxcd.io")
    reply = await api.ask(TOOL)
    assert reply.is_error
    assert reply.text.startswith("Forbidden: dev-user may not patch gitrepositories.source.toolkit.fluxcd.io")
    assert asked(api) == []
    questions = [call[-1] for call in api.calls if call[0] == "auth"]
    # Once for the namespace, and since that was a no, for each object: a role may name objects.
    assert len(questions) == 3


async def test_an_identity_that_may_patch_some_is_told_of_the_others(api: FluxApi) -> None:
    api.holds(item("GitRepository", "a"), item("Bucket", "b"))
    api.denies("buckets.source.toolkit.fluxcd.io")
    reply = await api.ask(TOOL)
    assert outcomes(reply) == {"succeeded": {"GitRepository a"}, "skipped": {"Bucket b"}}
    assert "forbidden: dev-user may not patch buckets" in reply.text
    assert asked(api) == ["a"]


async def test_whether_they_may_be_patched_is_asked_once_a_kind_and_namespace(api: FluxApi) -> None:
    api.holds(*(item("GitRepository", f"{name}", space) for name in "abc" for space in ("apps", "web")))
    await api.ask(TOOL)
    questions = [call for call in api.calls if call[0] == "auth"]
    assert len(questions) == 2
    assert {call[-1] for call in questions} == {"gitrepositories.v1.source.toolkit.fluxcd.io"}


async def test_a_kind_that_cannot_be_read_is_said(api: FluxApi) -> None:
    api.holds(item("GitRepository", "a"), item("Bucket", "b"))
    api.forbids("buckets.source.toolkit.fluxcd.io")
    reply = await api.ask(TOOL)
    assert reply.lines[1].startswith("Could not read: Bucket (forbidden")
    assert outcomes(reply) == {"succeeded": {"GitRepository a"}}


async def test_one_that_cannot_be_asked_does_not_stop_the_others(api: FluxApi) -> None:
    api.holds(item("GitRepository", "a"), item("GitRepository", "b"), chart("c", "a", "GitRepository"))
    text = cannot_patch("gitrepositories.source.toolkit.fluxcd.io", "x", "flux-system")
    api.before_annotate = [lambda: refused(text)]
    reply = await api.ask(TOOL)
    assert {name: len(found) for name, found in outcomes(reply).items()} == {"succeeded": 2, "skipped": 1}
    assert "not requested: forbidden" in reply.text


@pytest.mark.parametrize("name", ["--all", "a,b", "-lapp=x", "a b", "x=y"])
async def test_what_no_object_can_be_called_is_not_asked(api: FluxApi, name: str) -> None:
    """A list that no API server would print."""
    api.holds(item("GitRepository", "a"), item("GitRepository", name), item("Bucket", name))
    reply = await api.ask(TOOL)
    assert asked(api) == ["a"]
    assert reply.lines[1] == "2 skipped, 1 succeeded"
    assert "not requested: invalid object name" in reply.text
