"""The ids of an inventory, by the rules of cli-utils: `namespace_name_group_kind`, a colon written as two underscores."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flux_mcp.flux.inventory import InventoryEntry, inventory, parse_id

RBAC = "rbac.authorization.k8s.io"


@pytest.mark.parametrize(
    ("entry", "managed"),
    [
        pytest.param("apps_web_apps_Deployment", InventoryEntry("Deployment", "apps", "apps", "web"), id="namespaced"),
        pytest.param(
            "_apps__Namespace", InventoryEntry("Namespace", "", "", "apps"), id="cluster-scoped-of-the-core-group"
        ),
        pytest.param("apps_cfg__ConfigMap", InventoryEntry("ConfigMap", "", "apps", "cfg"), id="core-group"),
        pytest.param(f"_view_{RBAC}_ClusterRole", InventoryEntry("ClusterRole", RBAC, "", "view"), id="cluster-scoped"),
        pytest.param(
            f"_system__foo_{RBAC}_ClusterRole",
            InventoryEntry("ClusterRole", RBAC, "", "system:foo"),
            id="a-colon-of-rbac",
        ),
        pytest.param(
            f"_acme__tenant-a__viewer_{RBAC}_ClusterRole",
            InventoryEntry("ClusterRole", RBAC, "", "acme:tenant-a:viewer"),
            id="several-colons",
        ),
        pytest.param(
            f"apps_a_b_c_{RBAC}_Role",
            InventoryEntry("Role", RBAC, "apps", "a_b_c"),
            id="a-name-with-single-underscores",
        ),
        pytest.param(
            f"apps_a_b__c_{RBAC}_RoleBinding",
            InventoryEntry("RoleBinding", RBAC, "apps", "a_b:c"),
            id="underscore-and-colon",
        ),
        pytest.param(
            "_widgets.example.com_apiextensions.k8s.io_CustomResourceDefinition",
            InventoryEntry("CustomResourceDefinition", "apiextensions.k8s.io", "", "widgets.example.com"),
            id="dots-in-the-name",
        ),
    ],
)
def test_an_id_names_an_object(entry: str, managed: InventoryEntry) -> None:
    assert parse_id(entry) == managed


@pytest.mark.parametrize(
    "entry", ["", "_", "__", "___", "web", "apps_web", "apps_web_Deployment", "apps__apps_Deployment", "apps_web_apps_"]
)
def test_what_is_no_id_names_nothing(entry: str) -> None:
    assert parse_id(entry) is None


@pytest.mark.parametrize(
    ("managed", "text"),
    [
        (InventoryEntry("Deployment", "apps", "apps", "web"), "Deployment apps/web"),
        (InventoryEntry("ClusterRole", RBAC, "", "view"), "ClusterRole view"),
    ],
)
def test_an_object_is_written_as_people_do(managed: InventoryEntry, text: str) -> None:
    assert str(managed) == text


def unparse(managed: InventoryEntry) -> str:
    name = managed.name.replace(":", "__")
    return f"{managed.namespace}_{name}_{managed.group}_{managed.kind}"


LABEL = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
DOTTED = st.from_regex(r"[a-z0-9]{1,5}(?:\.[a-z0-9-]{1,5}){0,3}", fullmatch=True)
# Two underscores stand for a colon, so a name is only told where no underscore stands beside another or a colon.
SEGMENT = st.from_regex(r"[A-Za-z0-9.-]{1,5}(?:[_:][A-Za-z0-9.-]{1,5}){0,4}", fullmatch=True)
KIND = st.from_regex(r"[A-Z][A-Za-z0-9]{0,12}", fullmatch=True)


@settings(max_examples=25)
@given(
    st.one_of(
        st.builds(InventoryEntry, KIND, st.one_of(st.just(""), DOTTED), st.one_of(st.just(""), LABEL), DOTTED),
        st.builds(
            InventoryEntry,
            st.sampled_from(["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]),
            st.just(RBAC),
            st.one_of(st.just(""), LABEL),
            SEGMENT,
        ),
    )
)
def test_what_cli_utils_writes_is_read_back(managed: InventoryEntry) -> None:
    assert parse_id(unparse(managed)) == managed


@given(st.text(alphabet="_:aA.-", max_size=24) | st.text())
def test_any_text_names_one_object_or_none(entry: str) -> None:
    found = parse_id(entry)
    assert found is None or (found.kind and found.name and "_" not in found.namespace + found.group + found.kind)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "name", "entries"]), inner),
    max_leaves=12,
)


@settings(max_examples=25)
@given(JSON)
def test_no_shape_raises(held: Any) -> None:
    found = inventory({"metadata": {"namespace": "apps"}, "status": {"inventory": held}})
    assert (found is None) is not isinstance(held, (dict, list))


@pytest.mark.parametrize(
    ("item", "found"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"status": None}, None, id="no-status"),
        pytest.param({"status": []}, None, id="a-status-of-another-shape"),
        pytest.param({"status": {"inventory": "apps_web_apps_Deployment"}}, None, id="a-text"),
        pytest.param({"status": {"inventory": {}}}, (), id="without-entries"),
        pytest.param({"status": {"inventory": {"entries": None}}}, (), id="entries-null"),
        pytest.param({"status": {"inventory": {"entries": {"id": "a_b_c_D"}}}}, (), id="entries-as-an-object"),
        pytest.param(
            {"status": {"inventory": {"entries": [None, 7, "x", {}, {"id": 5}, {"id": "x"}, {"id": "a_b__C"}]}}},
            (InventoryEntry("C", "", "a", "b"),),
            id="entries-that-are-none",
        ),
    ],
)
def test_an_inventory_is_what_can_be_read_of_it(item: dict[str, Any], found: tuple[InventoryEntry, ...] | None) -> None:
    """An empty inventory is not the same as none: of an applier without one it is not known what it applied."""
    applied = inventory(item)
    assert (None if applied is None else tuple(applied)) == found


def test_an_artifact_generator_lists_the_artifacts_that_it_made() -> None:
    held = [{"name": "web", "namespace": "other", "digest": "sha256:0"}, {"name": "api"}, {"namespace": "x"}, None]
    group = "source.toolkit.fluxcd.io"
    found = inventory({"metadata": {"namespace": "apps"}, "status": {"inventory": held}})
    assert found is not None
    assert tuple(found) == (
        InventoryEntry("ExternalArtifact", group, "other", "web"),
        InventoryEntry("ExternalArtifact", group, "apps", "api"),
    )


def test_an_artifact_generator_makes_namespaces_too() -> None:
    made = [{"kind": "Namespace", "name": "team-a"}, {"kind": "ExternalArtifact", "name": "a", "namespace": "team-a"}]
    found = inventory({"metadata": {"namespace": "flux-system"}, "status": {"inventory": [*made, {"name": "old"}]}})
    names = ["Namespace team-a", "ExternalArtifact team-a/a", "ExternalArtifact flux-system/old"]
    assert list(map(str, found or ())) == names
