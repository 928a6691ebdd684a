"""What is drawn of a graph: which way arrows point, what is near, and what is folded together."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from flux_mcp.api.kind import Relation
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.diagram import AppliedNode, Arrow, Flow, FoldedNode, Node, flow_of, fold, rank, without_root
from flux_mcp.flux.graph import Graph
from tests.flux.test_graph import linked, read, ref, written
from tests.support.growth import GROWTH, growth

READY = "Ready"


def ks(name: str) -> ObjectRef:
    return ref("Kustomization", name)


def hr(name: str) -> ObjectRef:
    return ref("HelmRelease", name)


def feeds(start: Node, end: Node) -> Arrow:
    return Arrow(start, end, Relation.SOURCE)


def needs(start: Node, end: Node) -> Arrow:
    return Arrow(start, end, Relation.DEPENDS_ON)


def flow(*arrows: Arrow) -> Flow:
    return Flow(sorted({end for arrow in arrows for end in (arrow.start, arrow.end)}, key=str), arrows)


def test_the_arrows_of_the_recordings_are_those_of_question_5() -> None:
    for recording in ("staging", "bootstrap"):
        expected = {Arrow(edge.start, edge.end, edge.relation) for edge in written(recording)}
        assert set(flow_of(read(recording)).arrows) == expected


def test_an_artifact_that_a_generator_made_has_one_arrow_from_it() -> None:
    """It is its source and its applier."""
    generator = linked(kind="ArtifactGenerator", name="ag", status={"inventory": [{"name": "ea"}]})
    artifact = linked(
        kind="ExternalArtifact", name="ea", spec={"sourceRef": {"kind": "ArtifactGenerator", "name": "ag"}}
    )
    (arrow,) = flow_of(Graph((generator, artifact))).arrows
    assert (arrow.start, arrow.end, arrow.dotted) == (generator.ref, artifact.ref, False)


def test_what_has_no_tie_is_there() -> None:
    assert list(flow_of(Graph((linked(name="alone"),))).nodes) == [ks("alone")]


def test_above_is_what_is_needed_and_below_is_what_needs_it() -> None:
    found = flow(feeds(ref("GitRepository", "g"), ks("a")), feeds(ks("a"), hr("h")), needs(ks("a"), ks("b")))
    assert list(found.above(ks("a"))) == [ref("GitRepository", "g"), ks("b")]
    assert list(found.below(ks("a"))) == [hr("h")]
    assert list(found.below(ks("b"))) == [ks("a")]


def test_around_an_object_is_all_above_and_all_below_and_no_sibling() -> None:
    git, root = ref("GitRepository", "g"), ks("root")
    found = flow(
        feeds(git, root),
        feeds(root, ks("a")),
        feeds(root, ks("sibling")),
        feeds(ks("a"), hr("h")),
        needs(ks("a"), ks("base")),
        feeds(root, ks("base")),
        needs(ks("later"), ks("a")),
        feeds(root, ks("later")),
    ).around(ks("a"))
    assert set(found.nodes) == {git, root, ks("a"), hr("h"), ks("base"), ks("later")}
    assert feeds(root, ks("later")) in found.arrows
    assert feeds(root, ks("sibling")) not in found.arrows


def test_beside_objects_are_direct_neighbours_and_the_arrows_between_all_of_them() -> None:
    found = flow(feeds(ks("top"), ks("a")), feeds(ks("top"), ks("b")), feeds(ks("a"), ks("b")), feeds(ks("b"), ks("c")))
    assert set(found.beside([ks("a")]).nodes) == {ks("top"), ks("a"), ks("b")}
    assert set(found.beside([ks("a")]).arrows) == set(found.arrows) - {feeds(ks("b"), ks("c"))}
    assert not found.beside([]).nodes


def healthy(*refs: ObjectRef) -> dict[ObjectRef, str]:
    return dict.fromkeys(refs, READY)


def test_healthy_leaves_of_one_parent_are_one_box() -> None:
    leaves = [hr(f"h{n}") for n in range(14)]
    whole = flow(*(feeds(ks("apps"), leaf) for leaf in leaves), feeds(ks("apps"), hr("bad")))
    found = fold(whole, healthy(*leaves), 1)
    folded = FoldedNode(0, "HelmRelease", READY, 14)
    assert set(found.nodes) == {ks("apps"), folded, hr("bad")}
    assert set(found.arrows) == {feeds(ks("apps"), folded), feeds(ks("apps"), hr("bad"))}
    assert fold(whole, healthy(*leaves), 0).arrows == whole.arrows


def test_leaves_of_other_parents_kinds_or_verdicts_are_others() -> None:
    one, two = [hr(f"a{n}") for n in range(2)], [hr(f"b{n}") for n in range(3)]
    alerts = [ref("Alert", f"l{n}") for n in range(4)]
    whole = flow(
        *(feeds(ks("one"), leaf) for leaf in (*one, *alerts)),
        *(feeds(ks("two"), leaf) for leaf in two),
    )
    found = fold(whole, {**healthy(*one, *two), **dict.fromkeys(alerts, "Static")}, 1)
    counted = {(one.kind, one.health, one.count) for one in found.nodes if isinstance(one, FoldedNode)}
    assert counted == {("HelmRelease", READY, 2), ("HelmRelease", READY, 3), ("Alert", "Static", 4)}


def test_one_leaf_keeps_its_name() -> None:
    whole = flow(feeds(ks("apps"), hr("h")))
    assert fold(whole, healthy(hr("h")), 1).nodes == whole.nodes


def test_a_leaf_is_counted_under_its_applier_and_keeps_the_arrow_of_its_source() -> None:
    charts, leaves = [ref("HelmChart", f"c{n}") for n in range(3)], [hr(f"h{n}") for n in range(3)]
    whole = flow(
        *(feeds(ks("apps"), leaf) for leaf in leaves),
        *(feeds(chart, leaf) for chart, leaf in zip(charts, leaves, strict=True)),
        *(feeds(ref("HelmRepository", "charts"), chart) for chart in charts),
    )
    once = fold(whole, healthy(*charts, *leaves), 1)
    assert len(once.arrows) == 1 + 3 + 3
    twice = fold(whole, healthy(*charts, *leaves), 2)
    folded = {node.kind: node for node in twice.nodes if isinstance(node, FoldedNode)}
    assert set(twice.arrows) == {
        feeds(ks("apps"), folded["HelmRelease"]),
        feeds(folded["HelmChart"], folded["HelmRelease"]),
        feeds(ref("HelmRepository", "charts"), folded["HelmChart"]),
    }


def test_what_is_in_trouble_or_has_such_below_it_is_never_folded() -> None:
    whole = flow(
        *(feeds(ks("root"), ks(f"k{n}")) for n in range(3)),
        *(feeds(ks(f"k{n}"), hr(f"h{n}")) for n in range(3)),
        needs(hr("waits"), hr("h2")),
    )
    refs = healthy(ks("root"), *(ks(f"k{n}") for n in range(3)), *(hr(f"h{n}") for n in range(3)))
    found = fold(whole, refs, 99)
    assert {ks("root"), ks("k2"), hr("h2"), hr("waits")} <= set(found.nodes)
    assert {node.count for node in found.nodes if isinstance(node, FoldedNode)} == {2}


def applies(start: Node, end: Node) -> Arrow:
    return Arrow(start, end, Relation.APPLIES)


def test_the_arrows_of_the_root_to_what_has_other_arrows_are_one() -> None:
    git = ref("GitRepository", "git")
    whole = flow(
        *(applies(ks("root"), ks(f"k{n}")) for n in range(5)),
        *(feeds(git, ks(f"k{n}")) for n in range(4)),
        applies(ks("k0"), hr("h")),
    )
    found = without_root(whole)
    box = AppliedNode(ks("root"), 4)
    assert set(found.nodes) - set(whole.nodes) == {box}
    assert set(found.arrows) == {
        *(arrow for arrow in whole.arrows if arrow.start != ks("root")),
        applies(ks("root"), ks("k4")),
        applies(ks("root"), box),
    }
    assert without_root(whole, ks("root")) is whole
    assert applies(ks("root"), ks("k1")) in without_root(whole, ks("k1")).arrows


def test_the_dependencies_are_the_dotted_arrows_and_their_ends() -> None:
    whole = flow(feeds(ref("GitRepository", "git"), ks("a")), needs(ks("a"), ks("b")), applies(ks("b"), hr("alone")))
    assert set(whole.dependencies().nodes) == {ks("a"), ks("b")}
    assert whole.dependencies().arrows == (needs(ks("a"), ks("b")),)
    assert set(whole.dependencies(hr("alone")).nodes) == {ks("a"), ks("b"), hr("alone")}


def test_a_thousand_tenants_become_two_boxes() -> None:
    tenants = [ks(f"t{n}") for n in range(1_000)]
    leaves = {tenant: [hr(f"{tenant.name}-{n}") for n in range(2)] for tenant in tenants}
    arrows = [feeds(ks("root"), tenant) for tenant in tenants]
    arrows += [feeds(tenant, leaf) for tenant, below in leaves.items() for leaf in below]
    found = fold(flow(*arrows), healthy(*tenants, *(leaf for below in leaves.values() for leaf in below)), 2)
    assert sorted(node.count for node in found.nodes if isinstance(node, FoldedNode)) == [1_000, 2_000]
    assert len(found.arrows) == 2


def test_the_rank_begins_with_trouble_and_what_is_right_above_it() -> None:
    whole = flow(feeds(ks("top"), ks("a")), feeds(ks("a"), hr("bad")), feeds(ks("top"), ks("z")))
    assert rank(whole, [hr("bad"), hr("elsewhere")])[:2] == [hr("bad"), ks("a")]
    assert sorted(map(str, rank(whole, [hr("bad")]))) == sorted(map(str, whole.nodes))


def test_the_time_for_a_chain_grows_with_its_length() -> None:
    def use(length: int) -> None:
        chain = [ks(f"k{n}") for n in range(length)]
        found = flow(*(needs(lower, upper) for upper, lower in pairwise(chain)))
        assert len(found.around(chain[length // 2]).nodes) == length
        assert len(fold(found, healthy(*chain), 1 << 30).nodes) == 1

    assert growth(use, 100, 3_000, 30) <= GROWTH


REFS = st.builds(
    ObjectRef,
    st.sampled_from(("Kustomization", "HelmRelease", "GitRepository")),
    st.just("a"),
    st.sampled_from("uvwxyz"),
)
ARROWS = st.builds(Arrow, REFS, REFS, st.sampled_from(Relation))


@settings(max_examples=100)
@given(st.lists(ARROWS, max_size=25), st.sets(REFS), st.integers(0, 5))
def test_folding_loses_no_object_and_invents_no_arrow(arrows: list[Arrow], refs: set[ObjectRef], depth: int) -> None:
    whole = flow(*arrows)
    found = fold(whole, healthy(*refs), depth)
    kept = {node for node in found.nodes if isinstance(node, ObjectRef)}
    folded = [node for node in found.nodes if isinstance(node, FoldedNode)]
    assert len(kept) + sum(node.count for node in folded) == len(whole.nodes)
    assert set(whole.nodes) - kept <= refs
    assert {arrow for arrow in whole.arrows if {arrow.start, arrow.end} <= kept} == {
        arrow for arrow in found.arrows if {arrow.start, arrow.end} <= kept
    }
    assert len(found.arrows) <= len(whole.arrows)
    assert all(node.count > 1 for node in folded)
