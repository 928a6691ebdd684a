"""How people log in, and what is wrong with their kubeconfigs: kubectl is a process, the client is in memory."""

import json
from pathlib import Path
from typing import Any

import pytest

from flux_mcp.settings import Access
from tests.conftest import Ask
from tests.support.api import Api
from tests.support.fake import FakeKubectl, kubeconfig

pytestmark = [pytest.mark.anyio, pytest.mark.processes]

LIST = "list_flux_resources"
CONTEXTS = "get_kubeconfig_contexts"
SSO = "Error loading SSO Token: Token for https://acme.awsapps.com/start does not exist"
DEVICE = (
    "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code B24ZD6FP8 to "
    "authenticate."
)
BROWSER = "error: get-token: authentication error: context deadline exceeded while waiting for authorization"


def everything_fails(fake: FakeKubectl, stderr: str) -> None:
    for verb in ("get", "api-resources"):
        fake.says(verb, "", stderr, 1)


async def test_an_expired_login_is_reported_in_the_words_of_the_plugin(fake: FakeKubectl, ask_fake: Ask) -> None:
    last = "Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255"
    everything_fails(fake, f"\n{SSO}\n\n{SSO}\n{last}\n")
    for tool in (LIST, "get_flux_instance", "diagnose_flux"):
        reply = await ask_fake(tool)
        assert reply.is_error
        assert reply.text.startswith("Not logged in")
        assert SSO in reply.text
    assert not (await ask_fake(CONTEXTS)).is_error


async def test_a_login_that_waits_for_somebody_is_reported_with_its_prompt(fake: FakeKubectl, ask_fake: Ask) -> None:
    for verb in ("get", "api-resources"):
        fake.does(verb, f"echo '{DEVICE}' >&2; sleep 60")
    reply = await ask_fake(LIST, settings={"timeout": 3.0})
    assert reply.is_error
    assert reply.text.startswith("Not logged in; context dev: the credential plugin waits for a login")
    assert DEVICE in reply.text


async def test_a_login_that_ends_between_two_calls_is_reported_too(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.serves(*(kind.resource for kind in Api.kinds))
    assert not (await ask_fake("get_flux_instance", settings={"timeout": 3.0})).is_error
    fake.does("get", f"echo '{DEVICE}' >&2; sleep 60")
    reply = await ask_fake("get_flux_instance", settings={"timeout": 3.0})
    assert DEVICE in reply.text
    assert "waits for a login" in reply.text


async def test_a_browser_login_that_timed_out_is_no_slow_api_server(fake: FakeKubectl, ask_fake: Ask) -> None:
    last = "Unable to connect to the server: getting credentials: exec: executable kubectl failed with exit code 1"
    everything_fails(fake, f"{BROWSER}\n{last}\n")
    reply = await ask_fake(LIST)
    assert reply.text.startswith("Not logged in")
    assert BROWSER in reply.text


def says_config(fake: FakeKubectl, **more: Any) -> None:
    fake.says("config", json.dumps({"kind": "Config", "apiVersion": "v1", "clusters": [], "users": [], **more}))


async def test_contexts_are_listed_where_none_is_current(fake: FakeKubectl, ask_fake: Ask) -> None:
    names = [f"prod-{number:02}" for number in range(30)]
    fake.says("config", json.dumps(kubeconfig("", *names)))
    reply = await ask_fake(CONTEXTS)
    assert not reply.is_error
    assert reply.lines[0].startswith("get_kubeconfig_contexts: 30 of 30 · context (none in use)")
    assert "No context is in use" in reply.lines[1]
    assert all(f"Context {name}" in reply.text for name in names)
    assert "service account" not in reply.text
    refused = await ask_fake(LIST)
    assert refused.is_error
    assert "no current context" in refused.text
    # Another call may name one.
    assert not (await ask_fake(LIST, context="prod-07")).is_error


async def test_a_single_context_is_taken(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.says("config", json.dumps(kubeconfig("", "only")))
    assert "· context only ·" in (await ask_fake(LIST)).lines[0]
    assert "Context only (in use)" in (await ask_fake(CONTEXTS)).text


@pytest.mark.parametrize("path", ["$HOME/.kube/config", "~/.kube/x.yaml", "%USERPROFILE%/.kube/config"])
@pytest.mark.parametrize("tool", [LIST, CONTEXTS])
async def test_a_path_that_no_shell_expanded_is_named(
    fake: FakeKubectl, ask_fake: Ask, path: str, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    says_config(fake, contexts=[])
    monkeypatch.setenv("KUBECONFIG", path)
    reply = await ask_fake(tool)
    assert reply.is_error
    assert reply.text.startswith(f'There is no kubeconfig at "{path}". No shell expands KUBECONFIG here')
    assert "service account" not in reply.text
    assert "8080" not in reply.text


async def test_an_empty_kubeconfig_is_named_with_what_to_set(
    fake: FakeKubectl, ask_fake: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    says_config(fake, contexts=None)
    for env, named in (({"KUBECONFIG": str(empty)}, empty), ({"KUBECONFIG": "", "HOME": "/nowhere"}, "/nowhere/.kube")):
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        for tool in (LIST, CONTEXTS):
            reply = await ask_fake(tool)
            assert reply.is_error
            assert str(named) in reply.text
            assert "set KUBECONFIG in the MCP client's configuration, or --kubeconfig" in reply.text


async def test_a_context_whose_cluster_is_missing_is_named(fake: FakeKubectl, ask_fake: Ask) -> None:
    contexts = [{"name": "dev", "context": {"cluster": "gone", "user": "u"}}]
    says_config(fake, contexts=contexts, **{"current-context": "dev"})
    reply = await ask_fake(LIST)
    assert reply.is_error
    assert reply.text.startswith("Context dev names cluster gone, which the kubeconfig does not define")
    assert "Context dev (in use): cluster gone, user u" in (await ask_fake(CONTEXTS)).text
    # --kube-server says where it is.
    assert not (await ask_fake(LIST, settings={"access": Access(server="https://127.0.0.1:1")})).is_error


async def test_a_slow_list_beside_others_is_named(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.serves(*(kind.resource for kind in Api.kinds))
    fake.does("get", 'case "$*" in *customresourcedefinitions*) sleep 60;; esac')
    reply = await ask_fake("get_flux_instance", settings={"timeout": 6.0})
    assert not reply.is_error
    assert reply.lines[1].startswith("Could not read: CustomResourceDefinition (timeout")
