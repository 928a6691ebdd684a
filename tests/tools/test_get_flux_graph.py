"""get_flux_graph: the edges of question 5 and no others, what is near an object, and what it leaves out."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Relation
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.diagram import flow_of
from flux_mcp.flux.graph import FluxNode, Graph, view_node
from flux_mcp.flux.objects import FluxObject
from flux_mcp.flux.status import assess
from flux_mcp.kubernetes.conditions import Condition
from flux_mcp.render.get_flux_graph import FluxGraph
from flux_mcp.request import ErrorContext, RequestContext
from tests.conftest import Ask
from tests.flux.test_graph import written
from tests.support.diagram import Diagram, diagram_of, name_in
from tests.support.expected import BOOTSTRAP, STAGING
from tests.support.fake import FIXTURES, FakeKubectl, a_list
from tests.support.growth import GROWTH, growth
from tests.support.items import failing, item

pytestmark = pytest.mark.anyio

TOOL = "get_flux_graph"


def edges_in(diagram: Diagram) -> list[tuple[str, str, bool]]:
    return [(name_in(start), name_in(end), dotted) for start, end, dotted in diagram.edges]


# The recordings


@pytest.mark.parametrize(("recording", "count"), [("staging", 96), ("bootstrap", 11)])
async def test_the_edges_are_those_of_question_5(ask_recording: Ask, recording: str, count: int) -> None:
    """In the right direction and style, each once, and no other."""
    expected = {(str(edge.start), str(edge.end), edge.relation is Relation.DEPENDS_ON) for edge in written(recording)}
    reply = await ask_recording(recording, TOOL, edges="all")
    edges = edges_in(diagram_of(reply.text))
    assert len(edges) == count
    assert set(edges) == expected
    assert reply.lines[1].startswith(f"{count} edges. Solid arrows: ")
    assert "Not drawn" not in reply.text


async def test_a_large_graph_shows_the_dependencies_and_counts_the_rest(ask_recording: Ask) -> None:
    """More than 40 edges. What is counted stands in questions.md: edges by heading, objects by health."""
    expected = {edge for edge in written("staging") if edge.relation is Relation.DEPENDS_ON}
    for arguments in ({}, {"edges": "dependencies"}):
        reply = await ask_recording("staging", TOOL, **arguments)
        found = diagram_of(reply.text)
        assert set(edges_in(found)) == {(str(edge.start), str(edge.end), True) for edge in expected}
        assert set(map(name_in, found.labels)) == {str(ref) for edge in expected for ref in (edge.start, edge.end)}
        assert reply.lines[0].startswith(f"{TOOL}: 13 of 56 ")
        drawn = Counter(
            one.verdict for one in STAGING if f"{one.kind} {one.namespace}/{one.name}" in map(name_in, found.labels)
        )
        rest = Counter(one.verdict for one in STAGING) - drawn
        order = ("Stalled", "Failing", "Pending", "Waiting", "Suspended", "Ready", "Static")
        counted = ", ".join(f"{rest[health]} {health}" for health in order if rest[health])
        assert reply.lines[2:4] == [
            f"Not drawn: 43 objects without dependsOn ({counted}).",
            (
                "Not drawn: 85 other edges (37 from sources, 47 from appliers, 1 from Alerts to Providers). "
                "Call again with edges=all to draw everything."
            ),
        ]


async def test_a_small_graph_shows_every_edge_and_may_show_the_dependencies_alone(ask_recording: Ask) -> None:
    assert len(diagram_of((await ask_recording("bootstrap", TOOL)).text).edges) == 11
    reply = await ask_recording("bootstrap", TOOL, edges="dependencies")
    assert edges_in(diagram_of(reply.text)) == [
        ("Kustomization flux-system/apps", "Kustomization flux-system/infrastructure", True)
    ]


async def test_the_object_that_was_named_is_drawn_without_dependencies_too(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", TOOL, kind="GitRepository", name="frozen", edges="dependencies")
    assert diagram_of(reply.text).labels == ["GitRepository flux-system/frozen, Suspended"]


async def test_a_large_graph_without_a_dependency_is_drawn_nevertheless(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists(*big(1, 60))
    reply = await ask_fake(TOOL)
    assert len(diagram_of(reply.text).edges) == 61
    reply = await ask_fake(TOOL, edges="dependencies")
    assert reply.lines[-1].startswith("Not drawn: 61 other edges (1 from sources, 60 from appliers).")


async def test_the_arrows_of_the_root_are_one_where_the_diagram_is_large(fake: FakeKubectl, ask_fake: Ask) -> None:
    root = labelled("root")
    apps = [
        failing(
            name=f"app-{n}", spec={"sourceRef": {"kind": "GitRepository", "name": "git"}}, metadata={"labels": root}
        )
        for n in range(110)
    ]
    alone = failing(kind="HelmRelease", name="alone", metadata={"labels": root})
    fake.lists(item(kind="GitRepository", name="git"), item(name="root"), *apps, alone)
    reply = await ask_fake(TOOL)
    edges = edges_in(diagram_of(reply.text))
    name = "Kustomization flux-system/root"
    assert {end for start, end, _ in edges if start == name} == {"110 more objects", "HelmRelease flux-system/alone"}
    assert len(edges) == 112
    assert f"{name} applies 110 more objects; one arrow is drawn for all of them." in reply.lines
    reply = await ask_fake(TOOL, kind="Kustomization", name="root", edges="all")
    assert len(diagram_of(reply.text).edges) == 111


STYLE = {
    "Stalled": "bad",
    "Failing": "bad",
    "Waiting": "busy",
    "Pending": "busy",
    "Suspended": "off",
    "Static": "static",
    "Ready": "default",
}


@pytest.mark.parametrize(("recording", "expected"), [("staging", STAGING), ("bootstrap", BOOTSTRAP)])
async def test_every_object_is_a_box_with_its_verdict(ask_recording: Ask, recording: str, expected: Any) -> None:
    """In words where it is not Ready, and in colour. FluxReport, which has no edge, is drawn too."""
    reply = await ask_recording(recording, TOOL, edges="all")
    boxes = {}
    for one in expected:
        flags = f" ({' '.join(one.flags)})" if one.flags else ""
        word = "" if one.verdict == "Ready" and not one.flags else f", {one.verdict}{flags}"
        boxes[f"{one.kind} {one.namespace}/{one.name}{word}"] = STYLE[one.verdict]
    if recording == "staging":
        boxes["GitRepository flux-system/nope, missing"] = "missing"
    assert diagram_of(reply.text).styles == boxes
    assert reply.lines[0].startswith(f"{TOOL}: {len(expected)} of {len(expected)} · context {recording} · ")
    assert "left out" not in reply.text


async def named(ask_recording: Ask, **arguments: Any) -> set[str]:
    reply = await ask_recording("staging", TOOL, **arguments)
    assert not reply.is_error
    return set(map(name_in, diagram_of(reply.text).labels))


async def test_around_a_release_is_what_it_comes_from_and_what_waits_for_it(ask_recording: Ask) -> None:
    """Read off questions.md: up by chart, repository, parents and their dependsOn; down to the one that waits."""
    assert await named(ask_recording, kind="HelmRelease", name="backend") == {
        "HelmRelease apps/backend",
        "HelmRelease apps/frontend",
        "HelmChart flux-system/apps-backend",
        "HelmRepository flux-system/charts",
        "Kustomization flux-system/apps",
        "Kustomization flux-system/infra-configs",
        "Kustomization flux-system/infra-controllers",
        "Kustomization flux-system/monitoring",
        "Kustomization flux-system/flux-system",
        "GitRepository flux-system/flux-system",
        "FluxInstance flux-system/flux",
    }


async def test_around_the_object_without_ties_is_itself(ask_recording: Ask) -> None:
    assert await named(ask_recording, kind="fluxreports", name="flux") == {"FluxReport flux-system/flux"}


async def test_a_namespace_is_drawn_with_its_direct_neighbours(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", TOOL, namespace="podinfo")
    assert set(edges_in(diagram_of(reply.text))) == {
        ("OCIRepository flux-system/podinfo", "HelmRelease podinfo/podinfo", False),
        ("Kustomization flux-system/apps", "HelmRelease podinfo/podinfo", False),
    }
    assert reply.lines[0].startswith(f"{TOOL}: 3 of 3 ")


async def test_a_kind_is_drawn_with_its_direct_neighbours(ask_recording: Ask) -> None:
    assert await named(ask_recording, kind="ResourceSet") == {
        "ResourceSet flux-system/teams",
        "Kustomization flux-system/flux-system",
    }
    assert await named(ask_recording, kind="HelmRelease", namespace="podinfo") == {
        "HelmRelease podinfo/podinfo",
        "OCIRepository flux-system/podinfo",
        "Kustomization flux-system/apps",
    }


async def test_a_namespace_without_objects_is_said(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", TOOL, namespace="default")
    assert reply.lines[0].startswith(f"{TOOL}: 0 of 0 ")
    exists = "Namespace default exists, and nothing that was requested is in it."
    assert reply.lines[1:] == [exists, "No object matches; 56 were read."]


async def test_a_cluster_without_flux_is_said(ask_recording: Ask) -> None:
    reply = await ask_recording("noflux", TOOL)
    assert not reply.is_error
    assert reply.lines[1:] == ["Flux is not installed: the API server serves none of its kinds."]


async def test_kinds_that_were_not_read_are_said_and_are_not_missing(ask_recording: Ask) -> None:
    reply = await ask_recording("limited", TOOL, edges="all")
    assert reply.lines[1].startswith("Could not read: ")
    boxes = diagram_of(reply.text).styles
    unread = {label for label, style in boxes.items() if style == "unread"}
    assert unread == {label for label in boxes if label.endswith(", not read")}
    kinds = {kind for kind in by_kind if re.search(rf"\b{kind}\b", reply.lines[1])}
    assert {label.split(" ")[0] for label in unread} <= kinds
    assert unread
    assert not {label.split(" ")[0] for label in boxes if label.endswith(", missing")} & kinds


# What it asks, and what it refuses


async def test_it_is_one_kubectl(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.holds(FIXTURES / "staging")
    await ask_fake(TOOL)
    fake.forget()
    for arguments in ({}, {"namespace": "apps"}, {"kind": "Kustomization", "name": "apps"}):
        await ask_fake(TOOL, **arguments)
        (call,) = fake.calls()
        assert "--all-namespaces=true" in call
        fake.forget()


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"name": "apps"}, "kind"),
        ({"name": "apps", "namespace": "flux-system"}, "kind"),
        ({"kind": "Deployment"}, "kind"),
        ({"kind": "Kustomization", "name": "Apps"}, "name"),
        ({"kind": "Kustomization", "name": ""}, "name"),
        ({"limit": 3}, "limit"),
        ({"edges": "dotted"}, "edges"),
        ({"edges": ""}, "edges"),
    ],
)
async def test_a_bad_argument_is_refused(fake: FakeKubectl, ask_fake: Ask, arguments: Any, argument: str) -> None:
    reply = await ask_fake(TOOL, **arguments)
    assert reply.is_error
    assert argument in reply.text
    assert fake.calls() == []


async def test_a_name_in_several_namespaces_needs_one(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists(item(namespace="a"), item(namespace="b"))
    reply = await ask_fake(TOOL, kind="Kustomization", name="apps")
    assert reply.is_error
    assert "Invalid namespace: required" in reply.text
    assert "a, b" in reply.text
    reply = await ask_fake(TOOL, kind="Kustomization", name="apps", namespace="b")
    assert diagram_of(reply.text).labels == ["Kustomization b/apps"]


async def test_an_object_that_is_not_there_is_an_error(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists(item(namespace="a"))
    reply = await ask_fake(TOOL, kind="Kustomization", name="apps", namespace="b")
    assert reply.is_error
    assert "It is in namespace a." in reply.text
    reply = await ask_fake(TOOL, kind="Kustomization", name="gone")
    assert reply.is_error
    assert 'There is no Kustomization "gone"' in reply.text


async def test_a_kind_that_is_not_served_is_an_error(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.serves("kustomizations.kustomize.toolkit.fluxcd.io")
    for more in ({}, {"name": "web"}):
        reply = await ask_fake(TOOL, kind="HelmRelease", **more)
        assert reply.is_error
        assert "does not serve HelmRelease" in reply.text


FORBIDDEN = (
    'Error from server (Forbidden): {0}.{1} is forbidden: User "me" cannot list resource "{0}" in API group "{1}"'
    " at the cluster scope"
)


def forbidding() -> str:
    return "\n".join(FORBIDDEN.format(kind.plural, kind.group) for kind in FLUX_KINDS)


@pytest.mark.parametrize("empty", [a_list(), ""], ids=["empty-list", "nothing"])
async def test_who_may_read_one_namespace_only_draws_that(fake: FakeKubectl, ask_fake: Ask, empty: str) -> None:
    """What is in others is not read, and not missing."""
    spec = {"sourceRef": {"kind": "GitRepository", "name": "git", "namespace": "shared"}, "dependsOn": [{"name": "b"}]}
    fake.says("get", a_list(item(namespace="apps", spec=spec)))
    (fake.folder / "refused").write_text(forbidding())
    (fake.folder / "empty").write_text(empty)
    fake.does("get", 'case "$*" in *--all-namespaces=true*) cat "$dir/empty"; cat "$dir/refused" >&2; exit 1;; esac')
    reply = await ask_fake(TOOL)
    assert reply.is_error
    assert "namespace" in reply.text
    reply = await ask_fake(TOOL, namespace="apps")
    assert not reply.is_error
    assert reply.lines[1] == "Could not read: all but the namespace apps (forbidden)"
    assert set(diagram_of(reply.text).labels) == {
        "Kustomization apps/apps",
        "GitRepository shared/git, not read",
        "Kustomization apps/b, missing",
    }
    fake.says("get", a_list(), forbidding(), 1)
    assert (await ask_fake(TOOL, namespace="apps")).is_error


async def test_what_is_in_a_namespace_is_drawn_though_it_was_not_read(fake: FakeKubectl, ask_fake: Ask) -> None:
    """An inventory names it: not to draw it would be to say that it is not there."""
    held = {"inventory": {"entries": [{"id": "apps_web_helm.toolkit.fluxcd.io_HelmRelease", "v": "v2"}]}}
    fake.says("get", a_list(item(status=held)), FORBIDDEN.format("helmreleases", "helm.toolkit.fluxcd.io"), 1)
    reply = await ask_fake(TOOL, namespace="apps")
    assert reply.lines[0].startswith(f"{TOOL}: 1 of 1 ")
    assert reply.lines[1].startswith("Could not read: HelmRelease (forbidden")
    assert edges_in(diagram_of(reply.text)) == [("Kustomization flux-system/apps", "HelmRelease apps/web", False)]
    assert "HelmRelease apps/web, not read" in diagram_of(reply.text).labels
    for more in ({}, {"name": "web"}):
        reply = await ask_fake(TOOL, kind="HelmRelease", **more)
        assert reply.is_error
        assert reply.text.startswith("Forbidden")


async def test_a_list_that_failed_in_part_does_not_make_a_source_missing(fake: FakeKubectl, ask_fake: Ask) -> None:
    one = item(spec={"sourceRef": {"kind": "GitRepository", "name": "git"}, "dependsOn": [{"name": "gone"}]})
    fake.says("get", a_list(one), FORBIDDEN.format("gitrepositories", "source.toolkit.fluxcd.io"), 1)
    reply = await ask_fake(TOOL)
    assert reply.lines[1] == "Could not read: GitRepository (forbidden: me may not list in all namespaces)"
    assert set(diagram_of(reply.text).labels) == {
        "Kustomization flux-system/apps",
        "GitRepository flux-system/git, not read",
        "Kustomization flux-system/gone, missing",
    }


# Odd objects


async def test_what_a_resource_set_waits_for_may_be_of_any_kind(fake: FakeKubectl, ask_fake: Ask) -> None:
    """Nobody looked for it, so that it is not missing; a kind of another group is not Flux's kind of that name."""
    waits = [
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "name": "widgets.acme.io"},
        {"apiVersion": "s3.aws.upbound.io/v1beta1", "kind": "Bucket", "name": "data"},
        {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "name": "db", "namespace": "data"},
    ]
    fake.lists(item(kind="ResourceSet", name="teams", spec={"dependsOn": waits}))
    reply = await ask_fake(TOOL)
    assert set(diagram_of(reply.text).labels) == {
        "ResourceSet flux-system/teams",
        "CustomResourceDefinition widgets.acme.io, not read",
        "Bucket.s3.aws.upbound.io data, not read",
        "HelmRelease data/db, missing",
    }


async def test_an_object_that_waits_for_itself_has_an_arrow_to_itself(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists(item(spec={"dependsOn": [{"name": "apps"}]}))
    reply = await ask_fake(TOOL)
    assert edges_in(diagram_of(reply.text)) == [
        ("Kustomization flux-system/apps", "Kustomization flux-system/apps", True)
    ]


HOSTILE = (
    'x"] --> y["',
    "x\n```\nAll is well",
    "end",
    "<script>alert(1)</script>",
    'x#quot;]\nclick b "javascript:alert(1)"',
    "%%{init:{}}%%",
    "\u202eabc\u200b",
    "`**x**`",
    "n" * 5_000,
)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_name_stays_in_its_box(fake: FakeKubectl, ask_fake: Ask, name: str) -> None:
    fake.lists(item(name=name), item(name="web", spec={"dependsOn": [{"name": name, "kind": name, "namespace": name}]}))
    reply = await ask_fake(TOOL)
    found = diagram_of(reply.text)
    assert len(found.labels) == 3
    assert len(found.edges) == 1
    assert reply.text.count("```") == 2
    assert re.sub(r'\["[^"]*"\]', "", reply.text).isascii() or "·" in reply.lines[0]


# Much of everything


def labelled(owner: str) -> dict[str, str]:
    prefix = "kustomize.toolkit.fluxcd.io"
    return {f"{prefix}/name": owner, f"{prefix}/namespace": "flux-system"}


def big(apps: int, releases: int, failed: int = 0) -> Iterator[dict[str, Any]]:
    """A repository, the Kustomizations from it, and the releases that each applied; some of them failed."""
    yield item(kind="GitRepository", name="git")
    for app in range(apps):
        yield item(name=f"app-{app}", spec={"sourceRef": {"kind": "GitRepository", "name": "git"}})
        for number in range(releases):
            made: dict[str, Any] = {
                "kind": "HelmRelease",
                "name": f"app-{app}-{number}",
                "metadata": {"labels": labelled(f"app-{app}")},
            }
            yield failing(**made) if app * releases + number < failed else item(**made)


async def test_healthy_leaves_fold_first_and_are_counted(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists(*big(20, 30, failed=1))
    reply = await ask_fake(TOOL)
    found = diagram_of(reply.text)
    assert reply.lines[0].startswith(f"{TOOL}: 22 of 621 ")
    assert reply.lines[2] == '599 healthy objects are drawn as boxes "+N".'
    assert (
        sorted(label for label in found.labels if label.startswith("+"))
        == ["+29 Ready HelmRelease"] + ["+30 Ready HelmRelease"] * 19
    )
    assert "HelmRelease flux-system/app-0-0, Failing" in found.labels
    assert "left out" not in reply.text


async def test_where_folding_leaves_is_not_enough_their_parents_are_folded(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists(*big(400, 2, failed=1))
    found = diagram_of((await ask_fake(TOOL)).text)
    assert set(found.labels) == {
        "GitRepository flux-system/git",
        "Kustomization flux-system/app-0",
        "HelmRelease flux-system/app-0-0, Failing",
        "HelmRelease flux-system/app-0-1",
        "+399 Ready Kustomization",
        "+798 Ready HelmRelease",
    }


async def test_trouble_that_does_not_fit_is_counted_and_narrowing_is_told(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.lists(*big(600, 1, failed=600))
    reply = await ask_fake(TOOL)
    found = diagram_of(reply.text)
    shown = int(re.match(rf"{TOOL}: (\d+) of 1201 ", reply.lines[0])[1])  # type: ignore[index]
    left = re.fullmatch(
        r"… (\d+) objects and (\d+) edges left out: narrow with namespace, or kind and name\.", reply.lines[-1]
    )
    assert left
    assert shown == len(found.labels) > 100
    assert shown + int(left[1]) == 1_201
    assert len(found.edges) + int(left[2]) == 1_200
    assert size_of(reply.text) > 11_000
    failed = sum("Failing" in label for label in found.labels)
    assert failed >= shown // 2 - 1


async def test_the_object_that_was_asked_about_is_always_drawn(fake: FakeKubectl, ask_fake: Ask) -> None:
    """Healthy in a long chain of healthy ones, it would be folded with them; deep below trouble, be left out."""
    for make in (item, failing):
        chain = [make(name=f"k{n}", spec={"dependsOn": [{"name": f"k{n - 1}"}] if n else []}) for n in range(1_000)]
        chain[500] = item(name="k500", spec={"dependsOn": [{"name": "k499"}]})
        fake.lists(*chain)
        reply = await ask_fake(TOOL, kind="Kustomization", name="k500")
        assert "Kustomization flux-system/k500" in diagram_of(reply.text).labels
        assert "left out" in reply.text
        size_of(reply.text)


def size_of(text: str) -> int:
    assert len(text.encode()) <= 12_000
    return len(text.encode())


async def test_no_more_edges_than_mermaid_draws(fake: FakeKubectl, ask_fake: Ask) -> None:
    """Thirty Kustomizations of which each waits for all before it: few boxes, 435 edges; with forty, 780."""
    for count, whole in ((30, True), (40, False)):
        fake.lists(
            *(failing(name=f"k{n}", spec={"dependsOn": [{"name": f"k{m}"} for m in range(n)]}) for n in range(count))
        )
        reply = await ask_fake(TOOL)
        edges = diagram_of(reply.text).edges
        assert len(edges) <= 500
        assert (len(edges) == count * (count - 1) // 2) is whole
        assert ("left out" in reply.text) is not whole


KINDS = ("Kustomization", "HelmRelease", "HelmChart", "GitRepository", "ResourceSet", "FluxInstance", "Alert")
REFS = st.builds(
    ObjectRef, st.sampled_from(KINDS), st.sampled_from(("a", "b")), st.sampled_from(("x", "y", 'z"`', "w" * 250))
)
TARGETS = st.lists(REFS | st.builds(ObjectRef, st.text(min_size=1), st.text(), st.text(min_size=1)), max_size=4)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
SCOPE = RequestContext(context="dev", identity=("user", "me"), now=NOW, where=ErrorContext("dev"))


@st.composite
def objects(draw: st.DrawFn, refs: st.SearchStrategy[ObjectRef] = REFS) -> FluxNode:
    one, status = draw(refs), draw(st.sampled_from(("True", "False", "Unknown")))
    ready = Condition("Ready", status, "R", "m", None, 0)
    return FluxNode(
        object=FluxObject(
            kind=by_kind[one.kind],
            namespace=one.namespace,
            name=one.name,
            sources=tuple(draw(TARGETS)),
            conditions=(ready,),
        ),
        depends_on=tuple(draw(TARGETS)),
        owners=tuple(draw(TARGETS)),
        applied=None,
        remote=False,
    )


def facts(found: list[FluxNode]) -> FluxGraph:
    graph = Graph(found)
    judged = assess((one.object for one in graph.nodes.values()), NOW)
    return FluxGraph(
        request=SCOPE,
        flow=flow_of(graph),
        matching=flow_of(graph),
        edges=None,
        about=None,
        statuses={entry.object.ref: entry for entry in judged},
        read=frozenset(by_kind),
        only_namespace=None,
        served=True,
        unread=(),
    )


def check(graph: FluxGraph) -> None:
    """It is bounded, it is read back, and each object is named, counted in a box, or counted as left out."""
    text = graph.render()
    size_of(text)
    if "```" not in text:
        return
    found = diagram_of(text)
    assert len(found.edges) <= 500
    named, total = map(int, re.match(rf"{TOOL}: (\d+) of (\d+) ", text).groups())  # type: ignore[union-attr]
    folded = sum(int(label.split(" ")[0]) for label in found.labels if re.match(r"\+\d+ (Ready|Static) ", label))
    left = re.search(r"^… (\d+) objects and \d+ edges left out", text, re.MULTILINE)
    assert named + folded + (int(left[1]) if left else 0) == total == len(graph.statuses)


@settings(max_examples=60)
@given(st.lists(objects(), max_size=12))
def test_any_graph_is_drawn(found: list[FluxNode]) -> None:
    check(facts(found))


@settings(max_examples=15)
@given(st.integers(0, 3_000), st.integers(1, 40), st.integers(1, 253), st.sampled_from(("True", "False")))
def test_any_size_is_drawn(count: int, fan: int, length: int, status: str) -> None:
    """Trees of any width, with names of any length, healthy or not, tied into a cycle at both ends."""
    refs = [ObjectRef("Kustomization", "a", f"{n}".rjust(length, "n")) for n in range(count)]
    check(
        facts(
            [
                FluxNode(
                    object=FluxObject(
                        kind=by_kind["Kustomization"],
                        namespace="a",
                        name=ref.name,
                        conditions=(Condition("Ready", status if n % 3 else "True", "R", "m", None, 0),),
                    ),
                    depends_on=(refs[-1],) if n == 0 else (),
                    owners=(refs[n // fan],),
                    applied=None,
                    remote=False,
                )
                for n, ref in enumerate(refs)
            ]
        )
    )


def test_a_chain_of_thousands_is_drawn() -> None:
    refs = [ObjectRef("Kustomization", "a", f"k{n}") for n in range(2_000)]
    ready = (Condition("Ready", "False", "DependencyNotReady", "m", None, 0),)
    check(
        facts(
            [
                FluxNode(
                    object=FluxObject(kind=by_kind["Kustomization"], namespace="a", name=lower.name, conditions=ready),
                    depends_on=(upper,),
                    owners=(),
                    applied=None,
                    remote=False,
                )
                for upper, lower in pairwise([*refs, refs[0]])
            ]
        )
    )


@pytest.mark.parametrize("trouble", [False, True])
def test_the_time_to_draw_grows_with_the_objects(trouble: bool) -> None:
    """However many of them are in trouble."""

    def drawn(teams: int) -> list[FluxNode]:
        return [one for one in map(view_node, big(teams, 100, failed=100 * teams * trouble)) if one is not None]

    assert growth(lambda found: check(facts(found)), drawn(2), drawn(30), 15) <= GROWTH
