"""What a person at a shell gets beside the answers: spellings, help, exit codes, completion, the demo."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flux_mcp.cli import app
from flux_mcp.errors import BadSetting
from flux_mcp.settings import parse_timeout
from flux_mcp.tools.registry import TOOLS
from tests.demo_recording import DEMO, MOST_BYTES, files
from tests.support import warm
from tests.support.asking import READING
from tests.support.fake import FIXTURES, FakeKubectl
from tests.support.items import item

STAGING = f"--recording={FIXTURES / 'staging'}"


def run(*args: str, **env: str) -> Result:
    return CliRunner(env={"TYPER_USE_RICH": "0", "NO_COLOR": "1", **env}).invoke(app, list(args))


def call(*args: str) -> Result:
    return run("call", *args, STAGING)


def answer(*args: str) -> str:
    result = call(*args)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_tool_can_be_written_with_dashes() -> None:
    assert answer("list-flux-resources", "limit=1") == answer("list_flux_resources", "limit=1")


@pytest.mark.parametrize(
    "words",
    [
        ["Kustomization/apps"],
        ["kustomization/flux-system/apps"],
        ["kind=Kustomization", "name=flux-system/apps"],
        ["kind=ks", "flux-system/apps"],
        ["kind=ks/flux-system/apps"],
        ["kind=Kustomization", "Kustomization/apps", "namespace=flux-system"],
    ],
)
def test_an_object_can_be_named_in_one_word(words: list[str]) -> None:
    expected = answer("get_flux_resource", "kind=Kustomization", "name=apps", "namespace=flux-system")
    assert answer("get_flux_resource", *words) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["get_flux_resource", "Kustomization/apps", "kind=HelmRelease"], "namespace: must be"),
        (["get_flux_resource", "kind=ks", "name=flux-system/apps", "namespace=other"], "name: must be one with namespace"),
        (["get_flux_resource", "kind=ks/apps", "name=other"], 'kind: must be one with name "other"'),
        (["list_flux_resources", "kinds=Pod"], "kinds: must be a Flux kind"),
        (["list_flux_resources", "limit=0"], "limit: must be a whole number"),
        (["list_flux_resources", "nmespace=apps"], "(did you mean namespace?)"),
        (["list_flux_resources", "status=failin"], "(did you mean Failing?)"),
        (["list_flux_resources", "kinds=HelmRelaese"], "(did you mean HelmRelease?)"),
        (["get_flux_resorce"], "(did you mean get_flux_resource?)"),
        (["get_flux_resource", "kind=ks", "name=a", "a/b"], "name: given twice"),
        (["list_flux_resources", "apps"], "must be KEY=VALUE"),
        (["get_flux_graph", "--output=json"], "--output=json: only offered by list_flux_resources, diagnose_flux"),
    ],
)  # fmt: skip
def test_bad_arguments_of_a_tool_end_with_2(words: list[str], said: str) -> None:
    result = call(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["get_flux_resource", "HelmRelease/apps/payment"], "Did you mean HelmRelease apps/payments?"),
        (["get_flux_resource", "HelmRelease/web/payments"], "Namespace web does not exist"),
        (["get_flux_resource", "HelmRelease/monitoring/payments"], "It is in namespace apps."),
    ],
)
def test_near_names_are_given_for_one_that_does_not_exist(words: list[str], said: str) -> None:
    result = call(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


def test_a_mistyped_command_names_the_near_one() -> None:
    result = run("docto")
    assert result.exit_code == 2
    assert "Did you mean 'doctor'?" in result.stderr


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
def test_help_of_a_tool_names_its_arguments(tool: str) -> None:
    result = run("call", tool.replace("_", "-"), "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: fluxcd-mcp call {tool} [OPTIONS] [KEY=VALUE]...\n")
    listed = run("tools").stdout.partition(f"\n{tool}: ")[2] or run("tools").stdout
    lines = listed.split("\n")[1:]
    arguments = lines[: next((at for at, line in enumerate(lines) if not line.startswith("  ")), len(lines))]
    assert arguments or tool == "get_kubeconfig_contexts"
    assert all(line in result.stdout for line in arguments)


def test_help_of_call_itself() -> None:
    result = run("call", "--help")
    assert result.exit_code == 0
    assert "--output" in result.stdout
    assert run("call").exit_code == 2
    assert run("call", "no_such_tool", "--help").exit_code == 2


@pytest.mark.parametrize(
    ("text", "seconds"), [("3s", 3), ("1m", 60), ("1.5m", 90), ("1h", 3600), ("45", 45), (45.0, 45), ("0.5", 0.5)]
)
def test_times_of_timeout(text: str | float, seconds: float) -> None:
    assert parse_timeout(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1d", "1 m", "1e3", "nan", "\u0661s"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="--timeout must be a time such as 45s"):
        parse_timeout(text)
    assert run("tools", f"--timeout={text}").exit_code == 2


@pytest.mark.processes
def test_progress_of_a_reconcile_goes_to_stderr(fake: FakeKubectl) -> None:
    fake.reconciles(item(), item())
    result = run(
        "call", "reconcile_flux_resource", "Kustomization/flux-system/apps", "wait_seconds=1", f"--kubectl={fake.path}"
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("reconcile_flux_resource · ")
    assert result.stderr == "0 of 1 have ended, waiting for Kustomization flux-system/apps\n"


# Completion, as the scripts of typer ask for it


def completed(shell: str, *words: str) -> list[str]:
    environment = {**os.environ, "_FLUXCD_MCP_COMPLETE": f"complete_{shell}", "TYPER_USE_RICH": "0"}
    line = " ".join(("fluxcd-mcp", *words))
    environment |= {"COMP_WORDS": "\n".join(("fluxcd-mcp", *words)), "COMP_CWORD": str(len(words))}
    environment |= {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = warm.run(env=environment)
    assert done.stderr == ""
    return [line.split("\t")[0] for line in done.stdout.split("\n") if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["call", "list_flux_r"], ["list_flux_resources"]),
        (["call", "list_flux_resources", STAGING, "kin"], ["kinds="]),
        (["call", "list_flux_resources", STAGING, "kinds", "=", "Helm"], ["HelmRepository", "HelmChart", "HelmRelease"]),
        (["call", "list_flux_resources", STAGING, "status", "=", "Failing,S"],
         ["Failing,Stalled", "Failing,Stale", "Failing,Suspended", "Failing,Static"]),
        (["call", "get_kubernetes_events", STAGING, "warnings_only", "="], ["true", "false"]),
        (["call", "audit_flux_configuration", STAGING, "severity", "=", "h"], ["high"]),
        (["call", "list_flux_resources", STAGING, "namespace", "=", "mon"], ["monitoring"]),
        (["call", "get_flux_resource", STAGING, "kind", "=", "HelmRelease", "name", "=", "pay"], ["payments"]),
        (["install", "co"], ["codex", "copilot-cli"]),
    ],
)  # fmt: skip
def test_completion_in_bash(words: list[str], expected: list[str]) -> None:
    assert completed("bash", *words) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_in_other_shells_keeps_the_key(shell: str) -> None:
    found = completed(shell, "call", "list_flux_resources", STAGING, "kinds=Kustomization,HelmRel")
    assert any("kinds=Kustomization,HelmRelease" in line for line in found)


@pytest.mark.processes
def test_contexts_are_completed(fake: FakeKubectl) -> None:
    assert completed("bash", "call", f"--kubectl={fake.path}", "--kube-context", "p") == ["prod"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts_of_completion(shell: str) -> None:
    result = warm.run(
        "--show-completion", shell, env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    )
    assert result.returncode == 0
    assert "_COMPLETE=complete_" in result.stdout or "complete_" in result.stdout


# The demo


def test_the_demo_needs_no_kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = run("demo")
    assert result.exit_code == 0, result.output
    assert "> fluxcd-mcp demo diagnose_flux HelmRelease/apps/payments" in result.stdout
    assert "context staging · user admin · 2026-11-22T09:27:06Z" in result.stdout
    assert "ghcr.io/acme/payments:broken" in result.stdout


def test_the_demo_answers_any_question_of_the_recording() -> None:
    """It is cut, and no answer to the seven reading questions is."""
    for question in READING:
        words = [
            f"{key}={','.join(given) if isinstance(given, list) else given}"
            for key, given in question.arguments.items()
        ]
        shown = run("demo", question.tool, *words).stdout.split("\n")
        assert shown[1:] == answer(question.tool, *words).split("\n")[1:], question.text


def test_the_recording_of_the_demo_is_up_to_date_and_small() -> None:
    assert {path.name: path.read_text() for path in DEMO.iterdir()} == files(), "run python -m tests.demo_recording"
    assert sum(path.stat().st_size for path in DEMO.iterdir()) < MOST_BYTES


def test_a_json_answer_is_valid_and_alone_on_stdout(tmp_path: Path) -> None:
    del tmp_path
    found = json.loads(answer("list_flux_resources", "-o", "json", "limit=3"))
    assert len(found["objects"]) == 3
