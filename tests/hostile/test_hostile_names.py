"""Hostile names, through a client, for every tool that takes a name: those that come later join by themselves.

Row numbers are those of the table of hostile inputs. Each is refused, and no process is started; but `a/b` of row 17 is
a namespace and a name.
"""

from typing import Any

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS
from flux_mcp.settings import Settings
from tests.conftest import Ask
from tests.kubectl.test_command import BOTH, PAIRS, SHELL, short
from tests.support.fake import FakeKubectl
from tests.tools.test_golden import listed

pytestmark = pytest.mark.anyio

TEXTS = {row: [*BOTH.get(row, []), *SHELL.get(row, []), *PAIRS.get(row, [])] for row in range(1, 24)}
TEXTS[21] += ["\uff46oo", "f\u043eo"]
TEXTS[17] = [text for text in TEXTS[17] if text not in {"a/b", "secret/foo"}]
FILLED = {"namespace": "apps"}
"""What else a tool may require."""


def rows() -> list:
    return [pytest.param(text, id=f"row-{row}-{short(text)}") for row, texts in TEXTS.items() for text in texts]


async def calls(name: object) -> list[tuple[str, dict[str, Any]]]:
    """A call of each tool that takes a name, in which nothing else is wrong."""
    found = []
    for tool in await listed(Settings()):
        properties, required = tool["inputSchema"]["properties"], tool["inputSchema"].get("required", [])
        if "name" in properties:
            kind = "Kustomization" if "flux" in tool["name"] else "Pod"
            rest = {key: FILLED[key] for key in required if key not in {"kind", "name"}}
            found.append((tool["name"], {"kind": kind, **rest, "name": name}))
    assert found
    return found


@pytest.mark.parametrize("text", rows())
async def test_no_name_is(fake: FakeKubectl, ask_fake: Ask, text: str) -> None:
    for tool, arguments in await calls(text):
        reply = await ask_fake(tool, **arguments)
        assert reply.is_error, tool
        assert reply.text.startswith("Invalid name: must be an object's name"), tool
        assert len(reply.text) < 400
        assert reply.text.isprintable()
    assert fake.calls() == []


@pytest.mark.parametrize("text", ["a/b", "secret/foo"])
async def test_row_17_two_words_are_a_namespace_and_a_name(fake: FakeKubectl, ask_fake: Ask, text: str) -> None:
    """kubectl would take the first for a kind: it never gets them as one word."""
    namespace, name = text.split("/")
    fake.serves(*(kind.resource for kind in (*FLUX_KINDS, *KUBERNETES_KINDS)))
    fake.says("get", "", f'Error from server (NotFound): x "{name}" not found\n', 1)
    for tool, arguments in await calls(text):
        fake.forget()
        reply = await ask_fake(tool, **arguments)
        if "namespace" in arguments:
            assert reply.text.startswith('Invalid name: must be one with namespace "apps"'), tool
            continue
        assert not reply.text.startswith("Invalid "), tool
        gets = fake.calls("get")
        assert gets, tool
        assert not any("/" in word for argv in gets for word in argv[argv.index("--") :]), tool
        spaces = {word for argv in gets for word in argv if word.startswith("--namespace=")}
        assert spaces <= {f"--namespace={namespace}"}, tool


@pytest.mark.parametrize("name", ["a", "0", "a.b-c", "1.2.3", "a-0.b--c", "a" * 253], ids=short)
@pytest.mark.parametrize("namespace", ["default", "1234"])
async def test_a_name_is_accepted(fake: FakeKubectl, ask_fake: Ask, name: str, namespace: str) -> None:
    """Odd and right: nothing is so called here, which kubectl was asked to find out."""
    fake.serves(*(kind.resource for kind in (*FLUX_KINDS, *KUBERNETES_KINDS)))
    fake.says("get", "", f'Error from server (NotFound): x "{name}" not found\n', 1)
    for tool, arguments in await calls(name):
        fake.forget()
        reply = await ask_fake(tool, **{**arguments, "namespace": namespace})
        assert not reply.text.startswith("Invalid "), tool
        assert fake.calls("get"), tool


@pytest.mark.parametrize("given", [["a"], {}, None, 1, True], ids=lambda given: f"row-24-{given!r}")
async def test_row_24_what_is_no_text_is_no_name(fake: FakeKubectl, ask_fake: Ask, given: object) -> None:
    """null is the same as nothing where a name may be left out."""
    for tool, arguments in await calls(given):
        schema = next(entry["inputSchema"] for entry in await listed(Settings()) if entry["name"] == tool)
        if given is None and "name" not in schema.get("required", []):
            continue
        reply = await ask_fake(tool, **arguments)
        assert reply.is_error, tool
        assert reply.text.startswith("Invalid name: must be an object's name, not "), tool
    assert fake.calls() == []


async def test_a_name_needs_a_kind(fake: FakeKubectl, ask_fake: Ask) -> None:
    for tool, arguments in await calls("web"):
        del arguments["kind"]
        reply = await ask_fake(tool, **arguments)
        assert reply.is_error, tool
        assert "kind" in reply.text, tool
    assert fake.calls() == []


@pytest.mark.parametrize(
    "kind", ["secrets", "Secret", "SeCrEtS", "secret/s", "secrets.v1.", "secrets,pods", "all", "--raw=/x"]
)
async def test_row_35_no_kind_is(fake: FakeKubectl, ask_fake: Ask, kind: str) -> None:
    for tool, arguments in await calls("web"):
        reply = await ask_fake(tool, **{**arguments, "kind": kind})
        assert reply.is_error, tool
        assert reply.text.startswith("Invalid kind: must "), tool
    assert fake.calls() == []


@pytest.mark.parametrize(
    "namespace", ["--server=https://evil", "a/b", "..", "", "*", "Kube-System", "a" * 64], ids=short
)
async def test_row_25_no_namespace_is(fake: FakeKubectl, ask_fake: Ask, namespace: str) -> None:
    for tool, arguments in await calls("web"):
        reply = await ask_fake(tool, **{**arguments, "namespace": namespace})
        assert reply.is_error, tool
        assert reply.text.startswith("Invalid namespace: must be a namespace: "), tool
    assert fake.calls() == []
