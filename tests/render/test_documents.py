"""The fields of `call --output=json`: documented, those of the objects, and masked."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flux_mcp.cli import app
from flux_mcp.render.documents import DOCUMENTED, FIELDS
from tests.support.fake import FIXTURES
from tests.support.planted import planted, write

STAGING = FIXTURES / "staging"


PAIR = [f"--recording=after={FIXTURES / 'after'}"]
"""One more context for the tools that are about several."""
SEVERAL = {"compare_flux": ["context=staging", "with_context=after"], "get_flux_fleet": []}


def fields_of(tool: str, *words: str, recording: Path = STAGING) -> dict[str, Any]:
    more = [*SEVERAL[tool], *PAIR] if tool in SEVERAL else []
    result = CliRunner().invoke(app, ["call", tool, *words, *more, "-o", "json", f"--recording=staging={recording}"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("tool", DOCUMENTED)
def test_the_fields_are_those_of_the_documentation(tool: str) -> None:
    common = {"tool", "context", "user", "time", "unread"}
    assert fields_of(tool).keys() == common | FIELDS[tool].keys()
    assert set(FIELDS) == {"every answer", *DOCUMENTED}


def test_every_object_is_there() -> None:
    found = fields_of("list_flux_resources")
    names = {path.stem for path in STAGING.glob("*.toolkit.fluxcd.io.json")} | {
        path.stem for path in STAGING.glob("*fluxcd*.json")
    }
    raw = [item for name in names for item in json.loads((STAGING / f"{name}.json").read_text())["items"]]
    expected = sorted((i["kind"], i["metadata"]["namespace"], i["metadata"]["name"]) for i in raw)
    assert sorted((o["kind"], o["namespace"], o["name"]) for o in found["objects"]) == expected
    assert found["counts"] == Counter(one["health"] for one in found["objects"])
    assert found["total"] == len(expected)
    assert found["time"] == "2026-11-22T09:27:06Z"


def test_a_field_is_what_the_object_says() -> None:
    (release,) = fields_of("list_flux_resources", "kinds=HelmRelease", "name_contains=payments")["objects"]
    raw = json.loads((STAGING / "helmreleases.helm.toolkit.fluxcd.io.json").read_text())["items"]
    (item,) = [one for one in raw if one["metadata"]["name"] == "payments"]
    (ready,) = [one for one in item["status"]["conditions"] if one["type"] == "Ready"]
    assert release["message"] == ready["message"]
    assert (release["reason"], release["since"]) == (ready["reason"], ready["lastTransitionTime"])
    assert release["health"] == "Stalled"


def test_the_causes_name_what_they_block() -> None:
    causes = fields_of("diagnose_flux")["causes"]
    payments = next(one for one in causes if any(each["name"] == "payments" for each in one["objects"]))
    assert {"kind": "Kustomization", "namespace": "flux-system", "name": "apps"} in payments["blocks"]
    assert payments["advice"][0].keys() == {"cause", "fix"}


def test_what_is_not_known_well_is_in_a_field(tmp_path: Path) -> None:
    """A script that reads the fields alone must not take what was not looked at for known, or old for current."""
    recording = tmp_path / "many"
    shutil.copytree(STAGING, recording)
    path = recording / "kustomizations.kustomize.toolkit.fluxcd.io.json"
    kustomizations = json.loads(path.read_text())
    (apps,) = [one for one in kustomizations["items"] if one["metadata"]["name"] == "checkout"]
    for number in range(12):
        more = json.loads(json.dumps(apps).replace("checkout", f"checkout-{number}"))
        kustomizations["items"].append(more)
    path.write_text(json.dumps(kustomizations))
    text = CliRunner().invoke(app, ["call", "diagnose_flux", f"--recording={recording}"]).stdout
    named = re.search(r"not read in \d+ more namespaces?: (.*?)\. Name", text)
    assert named is not None
    assert set(named[1].split(", ")) <= set(fields_of("diagnose_flux", recording=recording)["notSearched"])
    assert fields_of("list_flux_resources")["idleSince"] is None
    (recording / "recording.json").write_text('{"recordedAt": "2026-11-23T09:27:06Z"}')
    newest = max(
        one["status"]["history"][0]["lastReconciled"]
        for one in kustomizations["items"]
        for ready in one["status"].get("conditions", ())
        if ready["type"] == "Ready" and ready["status"] == "True" and one["status"].get("history")
    )
    assert fields_of("list_flux_resources", recording=recording)["idleSince"] == newest


def test_the_findings_are_those_of_the_text() -> None:
    found = fields_of("audit_flux_configuration")
    text = CliRunner().invoke(app, ["call", "audit_flux_configuration", f"--recording={STAGING}"]).stdout
    total = sum(len(one["objects"]) for one in found["findings"])
    assert f" of {total} · " in text.split("\n")[0]
    assert all(f"{one['severity']} {one['rule']}: " in text for one in found["findings"])


def test_the_contexts_are_those_of_the_text() -> None:
    answer = fields_of("get_flux_fleet")
    assert (answer["context"], answer["user"]) == (None, None)
    found = answer["contexts"]
    assert [one["context"] for one in found] == ["after", "staging"]
    staging = found[1]
    assert staging["counts"] == fields_of("list_flux_resources")["counts"]
    assert staging["time"] == "2026-11-22T09:27:06Z"
    assert (staging["installed"], staging["problem"], staging["controllers"]) == (True, "", 7)
    assert staging["causes"][0]["objects"] == [
        {"kind": "HelmChart", "namespace": "flux-system", "name": "apps-backend"}
    ]


def test_the_differences_are_those_of_the_recordings() -> None:
    """spec.ref of podinfo is equal on both sides; the artifact is not. Only `after` has extras."""
    found = fields_of("compare_flux")
    assert (found["context"], found["with"]["context"]) == ("staging", "after")
    assert {"kind": "Kustomization", "namespace": "flux-system", "name": "extras"} in found["only"]["right"]
    assert "DaemonSet" in found["notCompared"]["left"]
    charts = [
        each["fields"]
        for each in found["differences"]
        if {"kind": "HelmRelease", "namespace": "monitoring", "name": "kube-prometheus-stack"} in each["objects"]
        and each["section"] == "revision"
    ]
    before, now = "kube-prometheus-stack 75.4.0", "kube-prometheus-stack 75.5.0"
    assert charts == [[{"path": "chart", "left": before, "right": now, "shown": True}]]


@pytest.mark.parametrize("tool", DOCUMENTED)
def test_no_secret_is_in_a_field(tool: str, tmp_path: Path) -> None:
    seed = planted()
    write(seed.items, tmp_path / "staging")
    text = json.dumps(fields_of(tool, recording=tmp_path / "staging"))
    assert [secret for secrets in seed.secrets.values() for secret in secrets if secret in text] == []
