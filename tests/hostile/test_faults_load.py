"""Too much, too slow, too many at once, or taken away meanwhile: no hang, nothing left behind, and the next call works.

The single faults are in test_faults.py. The ids carry the numbers of tests/support/rows.py.
"""

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import TextContent

from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.conftest import Reply, ask_server
from tests.hostile.test_faults import STUBBORN
from tests.support.fake import FakeKubectl, a_list, kubeconfig
from tests.support.items import item
from tests.support.stdio import StdioServer, soon, until, words

pytestmark = pytest.mark.anyio

LIST = "list_flux_resources"
HUNDRED = 100
SLOW: dict[str, str] = {
    "row59-closes-its-output-and-stays": 'cat "$dir/get.out"; exec >&- 2>&-; sleep 60',
    "row59-says-a-word-at-a-time": "while :; do printf x; sleep 0.05; done",
    "row59-floods-stderr": "yes error >&2",
    "row59-stops-itself": "kill -STOP $$",
    "row59-a-login-plugin-that-forks-and-hangs": "(sleep 60 & sleep 60 & wait) & wait",
}


def server_of(fake: FakeKubectl, timeout: float = 20.0) -> Any:
    settings = Settings(kubectl=str(fake.path), timeout=timeout)
    return build(connect(settings), settings)


async def ask(server: Any, **arguments: Any) -> Reply:
    return await ask_server(server, LIST, arguments)


def used() -> tuple[int, int]:
    """Descriptors and threads of this process."""
    return len(list(Path("/dev/fd").iterdir())), threading.active_count()


async def given_back(before: tuple[int, int]) -> None:
    """Wait until no more is used than before."""
    await until(lambda: all(now <= then for now, then in zip(used(), before, strict=True)), within=10.0)


async def works(fake: FakeKubectl, server: Any) -> None:
    """The next call, of a kubectl that is well again."""
    await until(lambda: fake.running() == [], within=1.0)
    FakeKubectl(fake.folder).lists(item())
    assert ": 1 of 1 " in (await ask(server)).lines[0]


@pytest.mark.parametrize("name", SLOW)
async def test_one_that_does_not_end_is_ended_at_the_time_out(fake: FakeKubectl, name: str) -> None:
    server = server_of(fake, timeout=1.5)
    fake.does("get", SLOW[name])
    begin = time.monotonic()
    reply = await ask(server)
    assert time.monotonic() - begin < 5
    assert reply.is_error
    assert "within 1.5 seconds" in reply.text
    await works(fake, server)


async def test_row59_a_login_plugin_that_leaves_the_group_does_not_hold_the_answer(fake: FakeKubectl) -> None:
    """In a session of its own it cannot be ended with the others; it holds kubectl's output open all the same."""
    fake.lists(item())
    server = server_of(fake)
    await ask(server)
    before = used()
    fake.does("get", 'setsid sh -c "sleep 5" &')
    with anyio.fail_after(4):
        assert ": 1 of 1 " in (await ask(server)).lines[0]
    await given_back(before)


def test_row46_two_gigabytes_are_refused_without_being_held(fake: FakeKubectl) -> None:
    fake.lists(item())
    with StdioServer(fake) as server:
        assert not server.call(LIST).is_error
        fake.does("get", "head -c 2147483648 /dev/zero")
        reply = server.call(LIST)
        most = server.most_memory()
        assert soon(lambda: fake.running() == [])
        FakeKubectl(fake.folder).lists(item())
        assert not server.call(LIST).is_error
    assert reply.is_error
    assert "more than 256 MiB" in reply.text
    assert most < 768 << 20


# Many calls at once


async def many_calls(client: Client, count: int) -> list[tuple[str, Reply]]:
    """That many calls at once to two contexts: the context and the answer of each."""
    answers: list[tuple[str, Reply]] = []

    async def one(context: str) -> None:
        result = await client.call_tool(LIST, {"context": context})
        (content,) = result.content
        assert isinstance(content, TextContent)
        answers.append((context, Reply(content.text, bool(result.is_error))))

    async with anyio.create_task_group() as group:
        for n in range(count):
            group.start_soon(one, ("dev", "prod")[n % 2])
    return answers


async def test_row65_a_hundred_calls_at_once_are_all_answered(fake: FakeKubectl) -> None:
    for context in ("dev", "prod"):
        (fake.folder / f"{context}.json").write_text(a_list(item(name=f"only-{context}")))
    fake.does(
        "get",
        'echo +1 >> "$dir/load"\n'
        'case "$*" in *--context=dev*) cat "$dir/dev.json";; *--context=prod*) cat "$dir/prod.json";; esac\n'
        'echo -1 >> "$dir/load"; exit 0',
    )
    async with Client(server_of(fake)) as client:
        await client.call_tool(LIST, {})
        before = used()
        fake.forget()
        answers = await many_calls(client, HUNDRED)
        # One thread for each kubectl that may run stays: they are used again.
        await given_back((before[0], before[1] + 8))
    assert Counter(context for context, _ in answers) == {"dev": HUNDRED // 2, "prod": HUNDRED // 2}
    for context, reply in answers:
        assert f" · context {context} · user {context}-user · " in reply.lines[0]
        assert reply.lines[-1].startswith(f"Ready Kustomization flux-system/: only-{context} ")
    assert Counter(words(fake.calls("get"), "--context=")) == {f"--context={one}": 50 for one in ("dev", "prod")}
    running = most = 0
    for change in (fake.folder / "load").read_text().split():
        running += int(change)
        most = max(most, running)
    assert most <= 8
    assert fake.running() == []


async def test_row65_a_hundred_calls_that_hang_end_together(fake: FakeKubectl) -> None:
    """Waiting for a place counts as time too: nobody waits for the hundred before him."""
    server = server_of(fake, timeout=2.0)
    async with Client(server) as client:
        await client.call_tool(LIST, {})
        before = used()
        fake.does("get", STUBBORN)
        begin = time.monotonic()
        answers = await many_calls(client, HUNDRED)
        assert time.monotonic() - begin < 8
        assert all(reply.is_error and "within 2 seconds" in reply.text for _, reply in answers)
        await until(lambda: fake.running() == [], within=2.0)
        await given_back((before[0], before[1] + 16))
    await works(fake, server)


def test_row64_a_client_that_dies_with_a_hundred_calls_under_way_leaves_nothing(fake: FakeKubectl) -> None:
    """Both its ends of the pipes are gone at once, so that no answer can be written any more."""
    with StdioServer(fake) as server:
        server.call(LIST)
        fake.forget()
        fake.does("get", STUBBORN)
        for _ in range(HUNDRED):
            server.start(LIST)
        assert soon(lambda: len(fake.calls("get")) == 8, within=10.0)
        server.vanish()
        assert soon(lambda: fake.running() == [])


# What is taken away or replaced meanwhile


@pytest.fixture
def config(fake: FakeKubectl, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the kubeconfig, of which the fake tells what a test writes there."""
    path = fake.folder / "kubeconfig"
    path.write_text(json.dumps(kubeconfig()))
    monkeypatch.setenv("KUBECONFIG", str(path))
    fake.says("config")
    fake.does("config", f'cat "{path}"; exit 0')
    return path


def replace(path: Path, text: str) -> None:
    """As kubectl and login tools do: a new file in the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


async def test_row28_a_context_that_goes_away_is_an_error_and_never_another_one(
    fake: FakeKubectl, config: Path
) -> None:
    server = server_of(fake)
    assert " · context dev · " in (await ask(server)).lines[0]
    fake.forget()
    replace(config, json.dumps(kubeconfig("prod", "prod")))
    reply = await ask(server)
    assert reply.is_error
    assert reply.text == 'The kubeconfig has no context "dev". It has "prod".'
    assert fake.calls("get") == []
    replace(config, json.dumps(kubeconfig("prod", "dev", "prod")))
    assert " · context dev · " in (await ask(server)).lines[0]
    assert words(fake.calls("get"), "--context=") == ["--context=dev"]


async def test_row28_another_user_in_the_kubeconfig_is_told_in_the_next_answer(fake: FakeKubectl, config: Path) -> None:
    """And the kinds of the cluster before are forgotten, since it may be another one."""
    server = server_of(fake)
    await ask(server)
    fake.forget()
    other = kubeconfig()
    other["contexts"][0]["context"] = {"cluster": "other", "user": "somebody-else"}
    other["clusters"].append({"name": "other", "cluster": {"server": "https://other.example.com:6443"}})
    replace(config, json.dumps(other))
    assert " · context dev · user somebody-else · " in (await ask(server)).lines[0]
    assert len(fake.calls("api-resources")) == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="row56-empty"),
        pytest.param('{"contexts": [', id="row56-half-written"),
        pytest.param("{}", id="row28-without-contexts"),
        pytest.param("[]", id="row56-another-shape"),
    ],
)
async def test_a_kubeconfig_that_is_broken_meanwhile(fake: FakeKubectl, config: Path, text: str) -> None:
    server = server_of(fake)
    await ask(server)
    fake.forget()
    replace(config, text)
    assert (await ask(server)).is_error
    assert fake.calls("get") == []
    replace(config, json.dumps(kubeconfig()))
    assert not (await ask(server)).is_error


async def test_row58_a_kubectl_that_is_gone_meanwhile(fake: FakeKubectl) -> None:
    server = server_of(fake)
    await ask(server)
    fake.path.unlink()
    reply = await ask(server)
    assert reply.is_error
    assert "was not found" in reply.text
    await works(fake, server)
