"""fluxcd-mcp doctor: what it finds out, what it says to do, and how it ends."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT
from flux_mcp.cli import app
from flux_mcp.cluster.client import Cluster
from flux_mcp.doctor import BARE_PATH, Doctor
from flux_mcp.settings import Settings
from tests.support.api import Api, thing
from tests.support.fake import FIXTURES, FakeKubectl, kubeconfig

pytestmark = pytest.mark.anyio


async def checks_of(api: Api, **settings: Any) -> dict[str, tuple[str, str, str]]:
    made = Settings(**settings)
    found = await Doctor(Cluster(api, made.access), made).run()
    return {check.name: (check.result.value, check.detail, check.fix) for check in found}


def doctor(*args: str, **env: str) -> Result:
    return CliRunner(env={"TYPER_USE_RICH": "0", "NO_COLOR": "1", **env}).invoke(app, ["doctor", *args])


def healthy() -> Api:
    api = Api()
    api.holds(
        thing(
            DEPLOYMENT,
            "source-controller",
            "flux-system",
            labels={"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": "v2.8.0"},
            spec={"replicas": 1},
            status={"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1},
        )
    )
    return api


async def test_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    found = await checks_of(healthy())
    bad = {name: check for name, check in found.items() if check[0] != "ok" and name != "bare PATH"}
    assert bad == {}
    assert found["kubeconfig files"][1] == str(tmp_path / "config")
    assert found["identity"][1].startswith("user dev-user at ")
    assert found["context"][1] == "dev, one of 2"
    assert found["API server"][1].startswith("Kubernetes v1.34.4, answered in ")
    assert "1 of 1 controllers ready" in found["Flux"][1]
    assert found["read Flux kinds"][1].split(", ") == [kind.kind for kind in FLUX_KINDS]
    assert "logs of Pods" in found["read Kubernetes kinds"][1]
    reconcilable = [kind.kind for kind in FLUX_KINDS if kind.reconcilable]
    assert found["request reconciliation"][1].split(", ") == reconcilable


async def test_rights_are_named_kind_by_kind() -> None:
    api = healthy()
    api.forbids("helmreleases.helm.toolkit.fluxcd.io", "events")
    api.forbids_patch("kustomizations.kustomize.toolkit.fluxcd.io")
    found = await checks_of(api)
    assert found["read Flux kinds"][0] == "warning"
    assert "not HelmRelease: " in found["read Flux kinds"][1]
    assert "not Event: answers leave out" in found["read Kubernetes kinds"][1]
    assert "not Kustomization: " in found["request reconciliation"][1]
    assert all(found[name][2].startswith("fluxcd-mcp rbac ") for name in ("read Flux kinds", "request reconciliation"))


async def test_an_identity_that_may_read_no_flux_kind_is_a_failure() -> None:
    api = healthy()
    api.forbids(*(kind.resource for kind in FLUX_KINDS))
    assert (await checks_of(api))["read Flux kinds"][0] == "failure"


async def test_what_the_flags_leave_out_is_not_checked() -> None:
    found = await checks_of(healthy(), read_only=True, flux_only=True)
    assert "request reconciliation" not in found
    assert "logs of Pods" not in found["read Kubernetes kinds"][1]


async def test_a_cluster_without_flux_is_a_warning() -> None:
    api = Api()
    api.serves(DEPLOYMENT)
    found = await checks_of(api)
    assert found["Flux"][:2] == ("warning", "not installed in this cluster")


@pytest.mark.processes
def test_a_missing_kubectl_is_a_failure_with_code_1() -> None:
    result = doctor("--kubectl=/no/such/kubectl")
    assert result.exit_code == 1
    assert "failure  kubectl: /no/such/kubectl was not found" in result.stdout
    assert "Install kubectl" in result.stdout


@pytest.mark.processes
def test_the_report_as_json(fake: FakeKubectl) -> None:
    fake.says("version", '{"clientVersion": {"gitVersion": "v1.20.0"}}')
    result = doctor(f"--kubectl={fake.path}", "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["failed"]) == (1, True)
    (kubectl,) = [check for check in report["checks"] if check["name"] == "kubectl"]
    assert kubectl["result"] == "failure"
    assert "v1.20.0" in kubectl["detail"]


@pytest.mark.processes
def test_a_credential_plugin_that_is_missing_is_a_failure(fake: FakeKubectl) -> None:
    config = kubeconfig()
    secret = {
        "command": "no-such-plugin",
        "env": [{"name": "TOKEN", "value": "hunter2hunter2"}],
        "args": ["--x=hunter2"],
    }
    config["users"] = [{"name": "dev-user", "user": {"exec": secret}}]
    fake.says("config", json.dumps(config))
    result = doctor(f"--kubectl={fake.path}")
    assert "failure  credential plugin: no-such-plugin is not on PATH (" in result.stdout
    assert "warning  bare PATH: no-such-plugin not found with PATH=" in result.stdout
    assert "hunter2" not in result.stdout


@pytest.mark.processes
def test_it_ends_within_the_timeout(fake: FakeKubectl) -> None:
    fake.does("version", 'case "$*" in *--client=false*) sleep 60;; esac')
    result = doctor(f"--kubectl={fake.path}", "--timeout=2")
    assert result.exit_code == 1
    assert "failure  API server: no answer within 2 seconds" in result.stdout


@pytest.mark.processes
def test_only_kubectl_reads_the_kubeconfig(fake: FakeKubectl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named pipe that nobody writes to: whoever opened it would wait for ever."""
    pipe = tmp_path / "kubeconfig"
    os.mkfifo(pipe)
    monkeypatch.setenv("KUBECONFIG", f"{pipe}{os.pathsep}{tmp_path / 'missing'}")
    result = doctor(f"--kubectl={fake.path}", "--timeout=20")
    assert f"warning  kubeconfig files: {pipe}; missing: {tmp_path / 'missing'}" in result.stdout
    assert fake.calls("config") != []


@pytest.mark.processes
def test_an_unreachable_cluster_is_a_failure(fake: FakeKubectl) -> None:
    fake.does("version", 'case "$*" in *--client=false*) cat "$dir/refused" >&2; exit 1;; esac')
    refused = "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?"
    (fake.folder / "refused").write_text(refused)
    result = doctor(f"--kubectl={fake.path}")
    assert result.exit_code == 1
    assert "failure  API server: Cannot reach the cluster" in result.stdout
    assert "discovery" not in result.stdout


@pytest.mark.processes
def test_a_kubectl_without_a_kubeconfig_is_found_all_the_same(fake: FakeKubectl, tmp_path: Path) -> None:
    result = doctor(f"--kubectl={fake.path}", "--kube-context=nowhere", KUBECONFIG=str(tmp_path / "missing"))
    assert result.exit_code == 1
    assert f"ok       kubectl: v1.34.4 at {fake.path}" in result.stdout
    assert "failure  context: " in result.stdout


def test_a_recording_can_be_checked_too() -> None:
    result = doctor(f"--recording={FIXTURES / 'staging'}")
    assert result.exit_code == 0, result.output
    assert "ok       recording: staging, made at 2026-11-22T09:27:06Z" in result.stdout
    assert "bare PATH" not in result.stdout


def test_the_bare_path_is_that_of_launchd() -> None:
    assert BARE_PATH == "/usr/bin:/bin:/usr/sbin:/sbin"
