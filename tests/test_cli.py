"""The command line: what it prints where, and with which exit code."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner, Result

from flux_mcp import __version__
from flux_mcp.cli import app
from tests.support.fake import FIXTURES, FakeKubectl

STAGING = f"--recording={FIXTURES / 'staging'}"


def run(*args: str, **env: str) -> Result:
    return CliRunner(env={"TYPER_USE_RICH": "0", "NO_COLOR": "1", **env}).invoke(app, list(args))


def test_version_says_the_version() -> None:
    assert run("--version").stdout == f"fluxcd-mcp {__version__}\n"


def test_an_answer_goes_to_stdout_with_code_0() -> None:
    result = run("call", "list_flux_resources", "kinds=Alert,Provider", "limit=1", STAGING)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("list_flux_resources: 1 of 2 · context staging · ")


def test_an_error_of_the_tool_goes_to_stderr_with_code_1() -> None:
    result = run("call", "get_flux_resource", "kind=Kustomization", "name=no-such-name", STAGING)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith('There is no Kustomization "no-such-name"')


@pytest.mark.parametrize(
    ("args", "told"),
    [
        pytest.param(
            ["call", "no_such_tool", STAGING],
            "Available tools: get_flux_instance, list_flux_resources",
            id="unknown-tool",
        ),
        pytest.param(["call", "list_flux_resources", "kinds", STAGING], "KEY=VALUE", id="no-value"),
        pytest.param(["call", "list_flux_resources", "limit=1", "limit=2", STAGING], "given twice", id="twice"),
        pytest.param(
            ["call", "list_flux_resources", "--recording=/no/such/folder"], "/no/such/folder", id="no-recording"
        ),
        pytest.param(["call", "list_flux_resources", "--timeout=0", STAGING], "--timeout", id="time-out"),
        pytest.param(["call", "list_flux_resources", "--kube-as="], "--kube-as is empty", id="empty-identity"),
        pytest.param(["call", "list_flux_resources", "--kube-as-group=x"], "need --kube-as", id="group-without-user"),
        pytest.param(["call", "list_flux_resources", "--kube-as=x", STAGING], "--recording", id="both"),
        pytest.param(
            ["call", "list_flux_resources", "--kube-context=staging", STAGING], "NAME=DIR", id="two-of-one-name"
        ),
        pytest.param(["call", "list_flux_resources", "--no-such-flag"], "--no-such-flag", id="unknown-flag"),
        pytest.param(["serve", "--recording=/no/such/folder"], "/no/such/folder", id="serve-no-recording"),
    ],
)
def test_bad_usage_goes_to_stderr_with_code_2(args: list[str], told: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_a_flag_can_come_from_the_environment() -> None:
    result = run("call", "list_flux_resources", FLUX_MCP_RECORDING=str(FIXTURES / "bootstrap"))
    assert "context bootstrap" in result.stdout


def test_the_access_flags_reach_kubectl(fake: FakeKubectl) -> None:
    result = run(
        "call",
        "list_flux_resources",
        f"--kubectl={fake.path}",
        "--kube-context=prod",
        "--kube-as=jane",
        "--kube-as-group=ops",
        "--kube-as-group=dev",
        "--kube-insecure-skip-tls-verify",
        FLUX_MCP_KUBE_CLIENT_KEY="/keys/jane",
    )
    assert result.exit_code == 0, result.output
    assert "context prod · as jane" in result.stdout
    (get,) = fake.calls("get")
    expected = ["--context=prod", "--as=jane", "--as-group=ops", "--as-group=dev", "--client-key=/keys/jane"]
    assert [*expected, "--insecure-skip-tls-verify=true", "--request-timeout=22s"] == get[:7]


def test_tools_names_every_tool_and_parameter() -> None:
    result = run("tools")
    assert "list_flux_resources: " in result.stdout
    assert "  kinds (array): " in result.stdout
    assert "  context (string): " in result.stdout
    assert "context" not in run("tools", STAGING).stdout.replace("get_kubeconfig_contexts", "").replace(
        "kubeconfig's contexts", ""
    ).replace("current context", "")


def test_a_call_does_not_load_the_mcp_library() -> None:
    """It takes most of a second to import."""
    code = (
        "import sys, flux_mcp.cli\n"
        f"try: flux_mcp.cli.app(['call', 'list_flux_resources', {STAGING!r}])\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not any(name.split('.')[0] in {'mcp', 'mcp_types'} for name in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
