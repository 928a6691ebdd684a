"""A line about an object of any kind: columns are one entry in the table of kinds."""

from typing import Any

import pytest

from flux_mcp.api import kinds
from flux_mcp.api.fields import ANY_FIELDS, FieldPolicy
from flux_mcp.api.kind import Column, Kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS, OTHER_KINDS
from flux_mcp.render.columns import Fragment, summary

COLUMNS = [(kind, column) for kind in (*KUBERNETES_KINDS, *OTHER_KINDS) for column in kind.columns]


@pytest.mark.parametrize(
    ("kind", "column"), COLUMNS, ids=[f"{kind.kind}-{column.paths[0]}" for kind, column in COLUMNS]
)
def test_a_column_shows_only_what_may_be_shown(kind: Kind, column: Column) -> None:
    """Else a recording, which holds nothing else, would show another line."""
    for path in column.paths:
        policy: Any = kind.fields
        for key in path.split("."):
            policy = policy if policy is FieldPolicy.WHOLE else policy[key]
        assert policy in {FieldPolicy.KEEP, FieldPolicy.NAME, FieldPolicy.WHOLE, FieldPolicy.KEYS}


def test_a_kind_is_added_by_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = (
        Column("", ("status.phase",), healthy=("Spinning",)),
        Column("blades", ("spec.blades.length",)),
        Column("owner", ("spec.owner",), absent="no owner"),
    )
    windmill = Kind(kind="Windmill", group="acme.io", plural="windmills", fields=ANY_FIELDS, columns=columns)
    monkeypatch.setitem(kinds._KNOWN, ("acme.io", "Windmill"), windmill)
    found = summary(
        {
            "apiVersion": "acme.io/v1",
            "kind": "Windmill",
            "metadata": {"name": "a"},
            "spec": {"blades": [{"length": 3}, {"length": 4}, {"length": 3}]},
            "status": {"phase": "Broken"},
        }
    )
    assert found is not None
    assert found.trouble
    assert found.fragments == (
        Fragment("{}", ("Broken",)),
        Fragment("blades {} {}", ("3", "4")),
        Fragment("no owner"),
    )
