"""The graph of the recordings, edge by edge as questions.md has it; and that no graph at all stops it."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flux_mcp.api.kind import Relation, Role
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Edge, FluxNode, Graph, loops_by_source, view_node
from flux_mcp.flux.inventory import Inventory, InventoryEntry
from flux_mcp.flux.objects import FluxObject
from flux_mcp.kubectl.output import map_items
from tests.support.fake import FIXTURES
from tests.support.growth import GROWTH, growth
from tests.support.items import item
from tests.tools.test_questions import SECTIONS

EDGE = re.compile(r"`(\w+) ([\w-]+)/([\w-]+)` → `(\w+) ([\w-]+)/([\w-]+)`")


def written(recording: str) -> set[Edge]:
    """The edges of question 5, and what they mean by the heading that they stand under or the words before them."""
    found, heading = set(), ""
    for line in SECTIONS[f"Q5 {recording}"].splitlines():
        if not line.startswith("- "):
            heading = line or heading
            continue
        match = EDGE.search(line)
        assert match, line
        start, end = ObjectRef(*match.groups()[:3]), ObjectRef(*match.groups()[3:])
        if "dependsOn" in line or (heading.endswith(":") and "dependsOn" in heading):
            relation = Relation.DEPENDS_ON
        elif "providerRef" in heading:
            relation = Relation.PROVIDER
        else:
            is_source = by_kind[start.kind].role is Role.SOURCE or "imageRepositoryRef" in heading
            relation = Relation.SOURCE if is_source else Relation.APPLIES
        found.add(Edge(start, end, relation))
    return found


def read(recording: str) -> Graph:
    paths = sorted((FIXTURES / recording).glob("*fluxcd.*.json"))
    found = (one for path in paths for one in map_items(path.read_bytes(), view_node))
    return Graph(one for one in found if one is not None)


@pytest.mark.parametrize(("recording", "count"), [("staging", 96), ("bootstrap", 11)])
def test_the_edges_are_those_of_question_5(recording: str, count: int) -> None:
    expected = written(recording)
    assert len(expected) == count
    edges = read(recording).edges()
    assert set(edges) == expected
    assert list(edges) == sorted(set(edges))


def test_the_staging_edges_are_of_four_relations() -> None:
    """As questions.md sums them up."""
    assert Counter(edge.relation for edge in written("staging")) == {
        Relation.SOURCE: 37,
        Relation.APPLIES: 47,
        Relation.DEPENDS_ON: 11,
        Relation.PROVIDER: 1,
    }


def ref(kind: str, name: str, namespace: str = "flux-system") -> ObjectRef:
    return ObjectRef(kind, namespace, name)


def test_both_ways_from_one_object() -> None:
    graph = read("staging")
    backend = ref("HelmRelease", "backend", "apps")
    assert graph.source_chain(backend) == (ref("HelmChart", "apps-backend"), ref("HelmRepository", "charts"))
    assert graph.dependents(backend) == (ref("HelmRelease", "frontend", "apps"),)
    assert graph.owners(backend) == (ref("Kustomization", "apps"),)
    assert graph.ancestors(backend) == (
        ref("Kustomization", "apps"),
        ref("Kustomization", "flux-system"),
        ref("FluxInstance", "flux"),
    )
    assert set(graph.children(ref("FluxInstance", "flux"))) == {
        ref("GitRepository", "flux-system"),
        ref("Kustomization", "flux-system"),
    }
    assert graph.users(ref("OCIRepository", "tenants")) == (ref("Kustomization", "tenant-a"),)


def test_the_chart_of_a_release_is_its_source_and_not_its_child() -> None:
    """helm-controller labels the HelmChart as it labels what a release applies."""
    graph = read("staging")
    assert graph.children(ref("HelmRelease", "payments", "apps")) == ()
    assert graph.owners(ref("HelmChart", "apps-payments")) == ()


def linked(**more: Any) -> FluxNode:
    one = view_node(item(**more))
    assert one is not None
    return one


def test_the_inventory_of_another_cluster_makes_no_edge() -> None:
    held = {"inventory": {"entries": [{"id": "flux-system_web_kustomize.toolkit.fluxcd.io_Kustomization", "v": "v1"}]}}
    there = linked(name="there", spec={"kubeConfig": {"secretRef": {"name": "prod"}}}, status=held)
    here = linked(name="here", status=held)
    web = linked(name="web")
    assert Graph((there, web)).owners(web.ref) == ()
    assert Graph((here, there, web)).owners(web.ref) == (here.ref,)


def test_a_kind_of_another_group_is_not_the_flux_kind_of_that_name() -> None:
    held = {"inventory": {"entries": [{"id": "flux-system_data_s3.aws.upbound.io_Bucket", "v": "v1"}]}}
    owner, bucket = linked(name="owner", status=held), linked(kind="Bucket", name="data")
    assert Graph((owner, bucket)).owners(bucket.ref) == ()


def test_labels_and_inventory_that_say_the_same_make_one_edge() -> None:
    held = {"inventory": {"entries": [{"id": "flux-system_web_kustomize.toolkit.fluxcd.io_Kustomization", "v": "v1"}]}}
    labels = {"kustomize.toolkit.fluxcd.io/name": "owner", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    owner, web = linked(name="owner", status=held), linked(name="web", metadata={"labels": labels})
    assert Graph((owner, web)).edges() == (Edge(owner.ref, web.ref, Relation.APPLIES),)


def edges_of(*items: FluxNode) -> set[tuple[str, str, Relation]]:
    return {(edge.start.name, edge.end.name, edge.relation) for edge in Graph(items).edges()}


def test_a_resource_set_takes_inputs_by_name_and_by_labels_in_its_namespace() -> None:
    inputs = [
        {"kind": "ResourceSetInputProvider", "name": "gone"},
        {"kind": "ResourceSetInputProvider", "selector": {"matchLabels": {"team": "red"}}},
        {
            "selector": {
                "matchExpressions": [
                    {"key": "env", "operator": "In", "values": ["dev", "test"]},
                    {"key": "team", "operator": "DoesNotExist"},
                ]
            }
        },
    ]
    provider = {"kind": "ResourceSetInputProvider"}
    found = edges_of(
        linked(kind="ResourceSet", name="teams", spec={"inputsFrom": inputs}),
        linked(**provider, name="red", metadata={"labels": {"team": "red", "env": "dev"}}),
        linked(**provider, name="red", namespace="elsewhere", metadata={"labels": {"team": "red"}}),
        linked(**provider, name="dev", metadata={"labels": {"env": "dev"}}),
        linked(**provider, name="prod", metadata={"labels": {"env": "prod"}}),
        linked(**provider, name="bare"),
    )
    assert found == {(name, "teams", Relation.INPUTS) for name in ("gone", "red", "dev")}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        (None, {"a", "b"}),
        ({}, {"a", "b"}),
        ({"matchLabels": {"app": "a"}}, {"a"}),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}, {"b"}),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, {"a"}),
        ({"matchExpressions": [{"key": "app", "operator": "Near"}]}, set()),
    ],
    ids=["none", "empty", "labels", "not-in", "exists", "unknown"],
)
def test_an_automation_uses_the_policies_of_its_namespace_that_it_selects(selector: Any, selected: set[str]) -> None:
    """By its documentation: without policySelector all of them."""
    spec = {"sourceRef": {"kind": "GitRepository", "name": "git"}}
    found = edges_of(
        linked(
            kind="ImageUpdateAutomation",
            name="auto",
            spec=spec if selector is None else spec | {"policySelector": selector},
        ),
        linked(kind="ImagePolicy", name="a", metadata={"labels": {"app": "a"}}),
        linked(kind="ImagePolicy", name="b"),
        linked(kind="ImagePolicy", name="c", namespace="elsewhere"),
    )
    assert found == {("git", "auto", Relation.SOURCE), *((name, "auto", Relation.POLICY) for name in selected)}


def test_an_alert_points_to_its_provider() -> None:
    alert = linked(
        kind="Alert", name="on-call", spec={"providerRef": {"name": "slack"}, "eventSources": [{"name": "*"}]}
    )
    assert edges_of(alert) == {("on-call", "slack", Relation.PROVIDER)}


def test_a_generator_stands_between_its_sources_and_its_artifacts() -> None:
    sources = [{"alias": "git", "kind": "GitRepository", "name": "git"}]
    generator = linked(kind="ArtifactGenerator", name="gen", spec={"sources": sources})
    artifact = linked(
        kind="ExternalArtifact", name="out", spec={"sourceRef": {"kind": "ArtifactGenerator", "name": "gen"}}
    )
    assert edges_of(generator, artifact) == {("git", "gen", Relation.SOURCE), ("gen", "out", Relation.SOURCE)}


def test_missing_targets_are_ends_of_edges() -> None:
    web = linked(
        name="web",
        spec={
            "sourceRef": {"kind": "GitRepository", "name": "gone"},
            "dependsOn": [{"name": "gone", "namespace": "other"}, {"namespace": "nameless"}],
        },
    )
    assert set(Graph((web,)).edges()) == {
        Edge(ref("GitRepository", "gone"), web.ref, Relation.SOURCE),
        Edge(web.ref, ref("Kustomization", "gone", "other"), Relation.DEPENDS_ON),
    }
    assert Graph((web,)).source_chain(web.ref) == (ref("GitRepository", "gone"),)
    assert Graph(()).source_chain(web.ref) == Graph(()).ancestors(web.ref) == ()


def test_a_dependency_of_another_kind_is_of_that_kind_and_where_it_says() -> None:
    """A ResourceSet may wait for anything; without a kind, and of a Flux kind without a namespace, it is like itself."""
    entries: list[dict[str, str]] = [
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "name": "widgets.acme.io"},
        {"apiVersion": "s3.aws.upbound.io/v1beta1", "kind": "Bucket", "name": "data"},
        {"apiVersion": "fluxcd.controlplane.io/v1", "kind": "ResourceSet", "name": "base"},
        {"kind": "HelmRelease", "name": "db", "namespace": "data"},
        {"name": "other"},
    ]
    assert linked(kind="ResourceSet", name="teams", spec={"dependsOn": entries}).depends_on == (
        ObjectRef("CustomResourceDefinition", "", "widgets.acme.io"),
        ObjectRef("Bucket.s3.aws.upbound.io", "", "data"),
        ref("ResourceSet", "base"),
        ref("HelmRelease", "db", "data"),
        ref("ResourceSet", "other"),
    )


def test_the_time_to_find_all_children_grows_with_the_objects() -> None:
    """Of one repository and one applier: each neighbour is looked up, never looked for."""
    labels = {"kustomize.toolkit.fluxcd.io/name": "root", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    one = linked(name="root", metadata={"labels": labels})

    def use(count: int) -> None:
        graph = Graph((one, *(replace(one, object=replace(one.object, name=f"k{number}")) for number in range(count))))
        assert sum(len(graph.children(node)) for node in graph.nodes) == count

    assert growth(use, 300, 9_000, 30) <= GROWTH


KINDS = ("Kustomization", "HelmRelease", "HelmChart", "GitRepository", "ResourceSet", "FluxInstance")
# Few names, so that cycles, objects of one name and objects that point at themselves are frequent.
REFS = st.builds(ObjectRef, st.sampled_from(KINDS), st.sampled_from(("a", "b")), st.sampled_from(("x", "y")))
MANAGED = REFS.map(lambda one: InventoryEntry(one.kind, by_kind[one.kind].group, one.namespace, one.name))
TARGETS = st.lists(REFS, max_size=4).map(tuple)


@st.composite
def nodes(draw: st.DrawFn) -> FluxNode:
    one = draw(REFS)
    return FluxNode(
        object=FluxObject(kind=by_kind[one.kind], namespace=one.namespace, name=one.name, sources=draw(TARGETS)),
        depends_on=draw(TARGETS),
        owners=draw(TARGETS),
        applied=draw(st.none() | st.lists(MANAGED, max_size=4).map(lambda found: Inventory(entries=found))),
        remote=draw(st.booleans()),
    )


@settings(max_examples=25)
@given(st.lists(nodes(), max_size=8), REFS)
def test_no_graph_raises_or_runs_in_circles(found: list[FluxNode], one: ObjectRef) -> None:
    graph = Graph(found)
    edges = graph.edges()
    assert list(edges) == sorted(set(edges))
    for walk in (graph.ancestors(one), graph.source_chain(one)):
        assert one not in walk
        assert len(set(walk)) == len(walk)
    assert set(graph.owners(one)) <= set(graph.ancestors(one))
    for other in graph.nodes:
        assert (other in graph.children(one)) is (one in graph.owners(other))
        assert (other in graph.dependents(one)) is (one in graph.nodes[other].depends_on)
        assert (other in graph.users(one)) is (one in graph.nodes[other].object.sources)
        assert {Edge(owner, other, Relation.APPLIES) for owner in graph.owners(other)} <= set(edges)


@settings(max_examples=25)
@given(st.lists(nodes(), max_size=8))
def test_a_graph_is_the_same_for_the_same_objects(found: list[FluxNode]) -> None:
    distinct = list({one.ref: one for one in found}.values())
    assert Graph(distinct).edges() == Graph(reversed(distinct)).edges()


def test_a_long_chain_is_walked_to_its_end() -> None:
    length = 3_000
    names = [ref("Kustomization", f"k{number}") for number in range(length)]
    below = {
        child: FluxNode(
            object=FluxObject(kind=by_kind["Kustomization"], namespace=child.namespace, name=child.name),
            depends_on=(),
            owners=(owner,),
            applied=None,
            remote=False,
        )
        for owner, child in pairwise(names)
    }
    assert Graph(below.values()).ancestors(names[-1]) == tuple(reversed(names[:-1]))


def depends(name: str, *on: str, source: str = "repo", **more: Any) -> FluxNode:
    spec = {
        "sourceRef": {"kind": "GitRepository", "name": source},
        "dependsOn": [{"name": one} for one in on],
    }
    found = view_node(item("Kustomization", name, spec=spec, **more))
    assert found is not None
    return found


def test_a_loop_belongs_to_the_source_of_its_members() -> None:
    """kustomize-controller orders the Kustomizations of one source alone; what a dependency elsewhere depends on is
    not looked at, so that a loop by way of another source stops nothing."""
    graph = Graph(
        [
            depends("a", "b"),
            depends("b", "a"),
            depends("well", "a"),
            depends("itself", "itself", source="second"),
            depends("c", "d", source="third"),
            depends("d", "c", source="fourth"),
            depends("e", "f", source="fifth"),
        ]
    )
    assert loops_by_source(graph) == {
        ref("GitRepository", "repo"): (ref("Kustomization", "a"), ref("Kustomization", "b")),
        ref("GitRepository", "second"): (ref("Kustomization", "itself"),),
    }


def test_helm_releases_that_wait_for_each_other_hold_nobody_else_up() -> None:
    """helm-controller lets each release follow its chart, in no order."""
    nodes = [
        view_node(item("HelmRelease", name, spec={"chartRef": {"kind": "OCIRepository", "name": "x"}, "dependsOn": on}))
        for name, on in (("a", [{"name": "b"}]), ("b", [{"name": "a"}]))
    ]
    assert loops_by_source(Graph([one for one in nodes if one is not None])) == {}


def test_the_loop_of_staging_is_of_its_source() -> None:
    found = loops_by_source(read("staging"))
    assert found == {
        ref("GitRepository", "flux-system"): (ref("Kustomization", "cycle-a"), ref("Kustomization", "cycle-b"))
    }
