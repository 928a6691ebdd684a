"""What surrounds kubectl and the server: PATH, HOME, streams, environment variables, a kubeconfig that is replaced."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from flux_mcp.api.kinds import by_kind
from flux_mcp.errors import BadSetting
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from flux_mcp.settings import Access
from tests.support import warm
from tests.support.api import Api, thing
from tests.support.fake import FIXTURES, ROOT, FakeKubectl, kubeconfig
from tests.support.stdio import StdioServer, soon

LIST = "list_flux_resources"
SERVE = ("serve", f"--recording={FIXTURES / 'staging'}")


def run(*arguments: str, cwd: Path = ROOT, **env: str | None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own; a variable that is None is unset."""
    given = {**os.environ, **env}
    return warm.run(*arguments, cwd=cwd, env={name: value for name, value in given.items() if value is not None})


# Where kubectl is looked for


@pytest.mark.parametrize("path", [None, "", ":", ".", ":/nowhere", "/nowhere:", "bin:."])
def test_a_kubectl_in_the_working_directory_does_not_run(tmp_path: Path, path: str | None) -> None:
    for folder in (tmp_path, tmp_path / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "kubectl").write_text(f"#!/bin/sh\necho ran > {tmp_path}/ran\n")
        (folder / "kubectl").chmod(0o755)
    done = run("call", LIST, cwd=tmp_path, PATH=path)
    assert done.returncode == 1
    assert "kubectl was not found" in done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_kubectl_that_is_named_by_a_relative_path_runs(fake: FakeKubectl) -> None:
    done = run("call", LIST, "--kubectl=./kubectl", cwd=fake.folder)
    assert done.returncode == 0, done.stderr


def test_without_home_there_is_no_traceback(fake: FakeKubectl) -> None:
    done = run("call", LIST, f"--kubectl={fake.path}", HOME=None)
    assert done.returncode == 0, done.stderr


def test_a_kubeconfig_that_no_shell_expanded_is_named(fake: FakeKubectl) -> None:
    fake.says("config", json.dumps({"kind": "Config", "contexts": None, "current-context": ""}))
    for path in ("$HOME/.kube/config", "~/.kube/config"):
        done = run("call", LIST, f"--kubectl={fake.path}", KUBECONFIG=path)
        assert done.returncode == 1
        assert f'There is no kubeconfig at "{path}". No shell expands KUBECONFIG here' in done.stderr


# Environment variables and flags


@pytest.mark.parametrize("value", ["", " ", "\t"])
@pytest.mark.parametrize("command", [("rbac",), ("tools", f"--recording={FIXTURES / 'staging'}")])
def test_an_empty_variable_is_refused(command: tuple[str, ...], value: str) -> None:
    done = run(*command, FLUX_MCP_READ_ONLY=value)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "FLUX_MCP_READ_ONLY is empty: unset it, or give it a value.\n"


@pytest.mark.parametrize("server", ["https://user:pw@h:6443", "user:pw@h", "https://user@h/x", "HTTPS://u:p@h?x#y"])
def test_an_address_with_credentials_is_refused_and_not_repeated(server: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Access(server=server)
    assert "@" not in str(caught.value)
    Access(server="https://h:6443/path@x")


# Streams


@pytest.mark.parametrize(
    ("streams", "code", "said"),
    [
        ("<&-", 2, "stdin is closed"),
        (">&-", 2, "stdout is closed"),
        ("</dev/null", 0, ""),
        ("2>&- </dev/null", 0, ""),
        ("</dev/null >/dev/full", 0, ""),
    ],
)
def test_streams_that_are_closed_end_it_without_a_traceback(streams: str, code: int, said: str) -> None:
    command = ["/bin/sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-m", "flux_mcp", *SERVE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def initialize() -> bytes:
    who = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": who}).encode() + b"\n"


def test_a_reader_that_is_gone_ends_it_without_a_traceback() -> None:
    with warm.Process(*SERVE) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018
        process.stdout.close()
        with suppress(BrokenPipeError):
            for _ in range(20):
                process.stdin.write(initialize())
                process.stdin.flush()
                time.sleep(0.2)
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
        assert "Traceback" not in process.errors()


def test_ctrl_c_ends_a_server_with_a_recording() -> None:
    with warm.Process(*SERVE) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018
        process.stdin.write(initialize())
        process.stdin.flush()
        assert b"fluxcd-mcp" in process.stdout.readline()
        process.signal(signal.SIGINT)
        assert process.wait() == 130
        assert "Traceback" not in process.errors()


def test_serve_at_a_terminal_says_what_it_waits_for() -> None:
    import pty  # noqa: PLC0415 (there is none on every system)

    master, slave = pty.openpty()
    with warm.Process(*SERVE, stdin=slave) as process:
        assert soon(lambda: "waits for an MCP client on its standard input" in process.errors(), within=10.0)
    os.close(master)
    os.close(slave)


# What the server offers


def test_what_is_not_there_is_not_advertised(fake: FakeKubectl) -> None:
    with StdioServer(fake) as server:
        answer = server.answer(server.send("prompts/get", {"name": "![x](http://h)<b>"}))
        assert answer["error"]["code"] == -32602
        assert "](http" not in answer["error"]["message"]
        assert "<b>" not in answer["error"]["message"]
        templates = server.answer(server.send("resources/templates/list", {}))["result"]
        assert templates["resourceTemplates"] == []
        assert server.answer(server.send("subscriptions/listen", {}))["error"]["code"] == -32601
        lists = {
            method: server.answer(server.send(f"{method}/list", {}))["result"] for method in ("prompts", "resources")
        }
        assert all(lists[method][method] for method in lists)
    capabilities = server.capabilities
    assert {name for name in capabilities if name != "completions"} == {"tools", "prompts", "resources"}
    unchanging = [capabilities[name] for name in ("tools", "prompts", "resources")]
    assert not any(value for capability in unchanging for value in capability.values())


@pytest.mark.anyio
async def test_markup_in_an_argument_that_is_repeated_is_harmless() -> None:
    api = Api()
    for argument in ("namespace", "name_contains", "status"):
        reply = await api.ask(LIST, **{argument: "![x](http://h/)<img src=x>\x1b[1m"})
        assert "![x]" not in reply.text
        assert "<img" not in reply.text
    reply = await api.ask("get_flux_resource", kind="<b>[a](http://h)", name="x")
    assert "](http" not in reply.text


# A kubeconfig that is replaced


class Replaced(Api):
    """An API whose kubeconfig may be replaced by another one with equal names."""

    server = "https://a.example.com"

    async def run(self, command: Command, context: str | None = None) -> Output:
        if command.args()[0] == "config":
            document = kubeconfig()
            document["clusters"] = [{"name": "dev-cluster", "cluster": {"server": self.server}}]
            return Output(0, json.dumps(document).encode(), "")
        if command.args()[0] in {"auth", "annotate"}:
            self.calls.append(command.args())
            return Output(0, b"yes\n", "")
        return await super().run(command, context)


@pytest.mark.anyio
async def test_a_kubeconfig_replaced_under_equal_names_is_reported_and_nothing_is_requested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.write_text("one")
    monkeypatch.setenv("KUBECONFIG", str(path))
    api = Replaced()
    api.holds(thing(by_kind["GitRepository"], "app", "apps"))
    assert "replaced" not in (await api.ask(LIST)).text
    api.server = "https://b.example.com"
    path.write_text("another")
    moved = (
        'The kubeconfig was replaced: context dev was "user dev-user at https://a.example.com" '
        'and is "user dev-user at https://b.example.com".'
    )
    for _ in range(2):
        assert moved in (await api.ask(LIST)).lines
    request: dict[str, Any] = {"kind": "GitRepository", "name": "app", "namespace": "apps", "wait_seconds": 0}
    reply = await api.ask("reconcile_flux_resource", **request)
    assert reply.is_error
    assert moved.removesuffix(".") in reply.text
    assert "Nothing was requested" in reply.text
    reply = await api.ask("reconcile_flux_sources", wait_seconds=0)
    assert reply.is_error
    assert not any(call[0] == "annotate" for call in api.calls)
    reply = await api.ask("reconcile_flux_resource", **request, context="dev")
    assert not reply.is_error, reply.text
    assert moved in reply.lines
    assert not (await api.ask("reconcile_flux_resource", **request)).is_error
    assert moved not in (await api.ask(LIST)).lines


@pytest.mark.anyio
async def test_a_kubeconfig_that_changed_elsewhere_is_no_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text("one")
    monkeypatch.setenv("KUBECONFIG", str(path))
    api = Replaced()
    await api.ask(LIST)
    path.write_text("another")
    assert "replaced" not in (await api.ask(LIST)).text
