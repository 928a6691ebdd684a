"""A recording of 1,000 Flux objects in twenty namespaces, some of them in trouble."""

import json
from pathlib import Path
from typing import Any

from flux_mcp.api.kinds import by_kind
from tests.support.items import READY, failing, item

TEAMS = 20


def crowd() -> list[dict[str, Any]]:
    """The objects: of each team a source, 25 Kustomizations in a chain of fives, 22 HelmReleases with one chart each."""
    found: list[dict[str, Any]] = [item(name="flux-system", spec=_from("flux-system"))]
    found += [item("GitRepository", "flux-system")]
    for team in range(TEAMS):
        found += _team(f"team-{team:02}", broken=team % 5 == 0)
    found += [item("Provider", f"provider-{number}") for number in range(38)]
    return found


def _team(namespace: str, *, broken: bool) -> list[dict[str, Any]]:
    owner = {"labels": {f"kustomize.toolkit.fluxcd.io/{key}": "flux-system" for key in ("name", "namespace")}}
    found = [item("GitRepository", "app", namespace, metadata=owner)]
    for number in range(25):
        spec = _from("app") | ({"dependsOn": [{"name": f"app-{number - 1:02}"}]} if number % 5 else {})
        name = f"app-{number:02}"
        if broken and number % 10 == 0:
            found.append(
                failing(f"kustomization path not found: /apps/{name}", name=name, namespace=namespace, spec=spec)
            )
        elif broken and number % 10 < 5:
            waits = {**READY, "status": "False", "reason": "DependencyNotReady", "message": "dependency not ready"}
            found.append(item(name=name, namespace=namespace, spec=spec, status={"conditions": [waits]}))
        else:
            found.append(item(name=name, namespace=namespace, spec=spec))
    found += [
        item(
            "HelmRelease",
            f"release-{number:02}",
            namespace,
            spec={"chartRef": {"kind": "OCIRepository", "name": "charts"}},
        )
        for number in range(21)
    ]
    return [*found, item("OCIRepository", "charts", namespace)]


def _from(source: str) -> dict[str, Any]:
    return {"sourceRef": {"kind": "GitRepository", "name": source}}


def record(folder: Path, objects: list[dict[str, Any]]) -> Path:
    """A recording of these objects, with none of the other Flux kinds."""
    lists: dict[str, list[dict[str, Any]]] = {kind.resource: [] for kind in by_kind.values()}
    for one in objects:
        lists[by_kind[one["kind"]].resource].append(one)
    folder.mkdir()
    for resource, items in lists.items():
        (folder / f"{resource}.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return folder
