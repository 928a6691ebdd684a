"""How people log in, and what is wrong with their kubeconfigs: with processes, through an MCP client."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import Api
from tests.support.fake import FakeKubectl, kubeconfig
from tests.support.stdio import StdioServer

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


def test_an_expired_login_is_reported_in_the_words_of_the_plugin(fake: FakeKubectl) -> None:
    last = "Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255"
    everything_fails(fake, f"\n{SSO}\n\n{SSO}\n{last}\n")
    with StdioServer(fake) as server:
        for tool in (LIST, "get_flux_instance", "diagnose_flux"):
            reply = server.call(tool)
            assert reply.is_error
            assert reply.text.startswith("Not logged in")
            assert SSO in reply.text
        assert not server.call(CONTEXTS).is_error


def test_a_login_that_waits_for_somebody_is_reported_with_its_prompt(fake: FakeKubectl) -> None:
    for verb in ("get", "api-resources"):
        fake.does(verb, f"echo '{DEVICE}' >&2; sleep 60")
    with StdioServer(fake, "--timeout=3") as server:
        reply = server.call(LIST)
    assert reply.is_error
    assert reply.text.startswith("Not logged in; context dev: the credential plugin waits for a login")
    assert DEVICE in reply.text


def test_a_login_that_ends_between_two_calls_is_reported_too(fake: FakeKubectl) -> None:
    fake.serves(*(kind.resource for kind in Api.kinds))
    with StdioServer(fake, "--timeout=3") as server:
        assert not server.call("get_flux_instance").is_error
        fake.does("get", f"echo '{DEVICE}' >&2; sleep 60")
        reply = server.call("get_flux_instance")
    assert DEVICE in reply.text
    assert "waits for a login" in reply.text


def test_a_browser_login_that_timed_out_is_no_slow_api_server(fake: FakeKubectl) -> None:
    last = "Unable to connect to the server: getting credentials: exec: executable kubectl failed with exit code 1"
    everything_fails(fake, f"{BROWSER}\n{last}\n")
    with StdioServer(fake) as server:
        reply = server.call(LIST)
    assert reply.text.startswith("Not logged in")
    assert BROWSER in reply.text


def says_config(fake: FakeKubectl, **more: Any) -> None:
    fake.says("config", json.dumps({"kind": "Config", "apiVersion": "v1", "clusters": [], "users": [], **more}))


def test_contexts_are_listed_where_none_is_current(fake: FakeKubectl) -> None:
    names = [f"prod-{number:02}" for number in range(30)]
    fake.says("config", json.dumps(kubeconfig("", *names)))
    with StdioServer(fake) as server:
        reply = server.call(CONTEXTS)
        assert not reply.is_error
        assert reply.lines[0].startswith("get_kubeconfig_contexts: 30 of 30 · context (none in use)")
        assert "No context is in use" in reply.lines[1]
        assert all(f"Context {name}" in reply.text for name in names)
        assert "service account" not in reply.text
        refused = server.call(LIST)
        assert refused.is_error
        assert "no current context" in refused.text
        # Another call may name one.
        assert not server.call(LIST, context="prod-07").is_error


def test_a_single_context_is_taken(fake: FakeKubectl) -> None:
    fake.says("config", json.dumps(kubeconfig("", "only")))
    with StdioServer(fake) as server:
        assert "· context only ·" in server.call(LIST).lines[0]
        assert "Context only (in use)" in server.call(CONTEXTS).text


@pytest.mark.parametrize("path", ["$HOME/.kube/config", "~/.kube/x.yaml", "%USERPROFILE%/.kube/config"])
@pytest.mark.parametrize("tool", [LIST, CONTEXTS])
def test_a_path_that_no_shell_expanded_is_named(fake: FakeKubectl, path: str, tool: str) -> None:
    says_config(fake, contexts=[])
    with StdioServer(fake, env={"KUBECONFIG": path}) as server:
        reply = server.call(tool)
    assert reply.is_error
    assert reply.text.startswith(f'There is no kubeconfig at "{path}". No shell expands KUBECONFIG here')
    assert "service account" not in reply.text
    assert "8080" not in reply.text


def test_an_empty_kubeconfig_is_named_with_what_to_set(fake: FakeKubectl, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    says_config(fake, contexts=None)
    for env, named in (({"KUBECONFIG": str(empty)}, empty), ({"KUBECONFIG": "", "HOME": "/nowhere"}, "/nowhere/.kube")):
        with StdioServer(fake, env=env) as server:
            for tool in (LIST, CONTEXTS):
                reply = server.call(tool)
                assert reply.is_error
                assert str(named) in reply.text
                assert "set KUBECONFIG in the MCP client's configuration, or --kubeconfig" in reply.text


def test_a_context_whose_cluster_is_missing_is_named(fake: FakeKubectl) -> None:
    contexts = [{"name": "dev", "context": {"cluster": "gone", "user": "u"}}]
    says_config(fake, contexts=contexts, **{"current-context": "dev"})
    with StdioServer(fake) as server:
        reply = server.call(LIST)
        assert reply.is_error
        assert reply.text.startswith("Context dev names cluster gone, which the kubeconfig does not define")
        assert "Context dev (in use): cluster gone, user u" in server.call(CONTEXTS).text
    # --kube-server says where it is.
    with StdioServer(fake, "--kube-server=https://127.0.0.1:1") as server:
        assert not server.call(LIST).is_error


def test_a_slow_list_beside_others_is_named(fake: FakeKubectl) -> None:
    fake.serves(*(kind.resource for kind in Api.kinds))
    fake.does("get", 'case "$*" in *customresourcedefinitions*) sleep 60;; esac')
    with StdioServer(fake, "--timeout=6") as server:
        reply = server.call("get_flux_instance")
    assert not reply.is_error
    assert reply.lines[1].startswith("Could not read: CustomResourceDefinition (timeout")
