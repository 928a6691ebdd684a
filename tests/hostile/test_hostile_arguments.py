"""Bad arguments, as an MCP client passes them: each is refused by every tool that has the parameter, before any kubectl.

The tools and their parameters are taken from tools/list: a new tool joins by itself, and a new parameter must be given
its bad values here. Names have a file of their own, test_hostile_names.py. The ids carry the numbers of tests/support/rows.py.
"""

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import TextContent, Tool

from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Access, Settings
from tests.conftest import Reply
from tests.support.fake import FakeKubectl
from tests.support.seen import assert_seen

pytestmark = pytest.mark.anyio

NEEDED = {
    "kind": "Kustomization",
    "name": "apps",
    "namespace": "flux-system",
    "context": "dev",
    "with_context": "prod",
}
"""A value for each argument that some tool requires."""
PODS = frozenset({"get_kubernetes_logs"})
"""Tools that take kinds with Pods alone."""

FLAGS = {
    "row01-server": "--server=https://evil:6443",
    "row05-kubeconfig": "--kubeconfig=/tmp/evil.yaml",
    "row08-short": "-A",
    "row13-raw": "--raw=/api/v1/secrets",
}
SHELL = {"row19-shell": "$(id)", "row19-two-words": "foo; id"}
BROKEN = {"row20-line-break": "a\nb", "row20-carriage-return": "a\r\nX-Evil: 1", "row20-nul": "a\x00"}
UNSEEN = {
    "row21-zero-width": "a\u200bb",
    "row21-right-to-left": "a\u202eb",
    "row21-full-width": "\uff44efault",
    "row21-tag": "a\U000e0041",
}
LONG = {"row22-a-megabyte": "a" * 1_000_000}
BLANK = {"row18-empty": "", "row18-blank": " ", "row18-tab": "\t"}
WORD = {**FLAGS, **SHELL, **BROKEN, **UNSEEN, **LONG, **BLANK}
"""What nothing is that is a word of Kubernetes."""
TEXT = {
    "row18-empty": "",
    "row18-blank": "  ",
    "row20-line-break": "a\nb",
    "row20-nul": "a\x00",
    "row20-escape": "\x1b[2K",
    "row21-surrogate": "a\ud800",
    "row22-201-characters": "a" * 201,
    **LONG,
}
"""What cannot be looked for in a text."""
SECRETS = {
    "row35-plural": "secrets",
    "row35-kind": "Secret",
    "row35-case": "SeCrEtS",
    "row35-slash": "secret/s",
    "row35-version": "secrets.v1.",
    "row35-version-without-dot": "secret.v1",
    "row35-two": "secrets,kustomizations",
    "row35-two-behind": "kustomizations,secrets",
    "row35-category": "all",
    "row35-raw": "--raw=/api/v1/secrets",
    "row35-flag-behind": "pods --all",
    "row35-subresource": "pods/secrets",
    "row35-white-space": "secrets ",
    "row35-line-break": "secrets\n",
    "row35-long-s": "\u017fecrets",
    "row36-another-group": "secrets.example.com",
}
NUMBERS = {
    **{f"row38-{value}": value for value in (-1, 10**9, 2.5, True, "ten", "", "1e3", "0x10", "\uff11")},
    "row38-list": [1],
    "row38-object": {"a": 1},
    "row38-5000-digits": 10**5000,
    "row38-5000-digits-as-text": "9" * 5000,
    "row38-minus-5000-digits": -(10**5000),
}

CONTEXTS = {
    "row27-empty": "",
    "row27-blank": " ",
    "row28-blank-at-the-end": "good ",
    "row28-line-break": "good\nx",
    "row28-nul": "good\x00",
    "row28-right-to-left": "go\u202eod",
    "row28-zero-width": "go\u200bod",
    "row28-tag": "good\U000e0041",
    "row28-long": "a" * 300,
    "row28-a-megabyte": "a" * 1_000_000,
}

BAD: dict[str, dict[str, Any]] = {
    "namespace": {
        **{f"row25-{name}": value for name, value in {**WORD, "all": "all", "star": "*", "dots": ".."}.items()},
        "row25-slash": "a/b",
        "row25-upper-case": "Kube-System",
        "row25-64-characters": "a" * 64,
        "row25-two": "a,b",
        "row25-line-break-at-the-end": "default\n",
        "row26-flag": "default --all-namespaces",
    },
    "context": CONTEXTS,
    "with_context": CONTEXTS,
    "contexts": {name: ["good", value] for name, value in CONTEXTS.items()},
    "kind": {**SECRETS, **WORD},
    "kinds": {
        **{name: [value] for name, value in {**SECRETS, **WORD}.items()},
        **{f"{name}-behind-a-good-one": ["Kustomization", value] for name, value in SECRETS.items()},
        "row24-deep": "[" * 100_000,
        "row24-list-in-list": [["Kustomization"]],
        "row22-many": ["x"] * 100_000,
    },
    "status": {name: [value] for name, value in {**WORD, "row40-no-verdict": "Healthy"}.items()},
    "severity": {**WORD, "row40-no-severity": "critical"},
    "edges": {**WORD, "row40-no-edges": "dotted"},
    "upgrade_to": {**WORD, "unknown": "9.9", "line-break": "2.10\n2.9", "long": "2." + "1" * 5000},
    "selector": {
        "row37-flag": "a=b,--server=x",
        "row37-lone-bang": "!",
        "row37-open-set": "a in (",
        "row37-five-kilobytes": "a=b," * 1250 + "c=d",
        "row37-line-break": "a=b\n",
        "row37-nul": "a=b\x00",
        "row37-trailing-comma": "a=b,",
        "row37-shell": "a=$(id)",
        "row37-field": "metadata.name=a/b",
        "row37-flag-alone": "--all",
        "row37-a-megabyte": "a" * 1_000_000,
        **{f"row37-{name}": value for name, value in BLANK.items()},
    },
    "limit": {**NUMBERS, "row38-none": 0, "row38-501": 501},
    "tail": {**NUMBERS, "row38-none": 0, "row38-2001": 2001},
    "wait_seconds": {**NUMBERS, "row38-601": 601},
    "since": {
        f"row39-{name}": value
        for name, value in {
            **WORD,
            "shell": "1h; id",
            "negative": "-5",
            "negative-with-unit": "-5m",
            "long": "9999999999h",
            "over": "31d",
            "nothing": "0s",
            "no-unit": "5",
            "other-digits": "\u0665m",
            "line-break": "5m\n",
            "a-time": "2026-01-01T00:00:00Z",
        }.items()
    },
    "contains": TEXT,
    "name_contains": TEXT,
    "image_contains": TEXT,
    "container": {**WORD, "row17-slash": "a/b", "row17-dots": "..", "row22-64-characters": "a" * 64},
    "api_version": {**WORD, "row17-slash": "apps/v1/secrets", "row17-dots": "../v1", "row35-core": "v1."},
}
"""Parameter → what it must not be."""


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> tuple[FakeKubectl, Any]:
    """A server whose kubectl must never be started."""
    fake = FakeKubectl(tmp_path_factory.mktemp("silent"))
    chosen = Settings(kubectl=str(fake.path), timeout=20.0)
    return fake, build(connect(chosen), chosen)


@pytest.fixture(scope="module")
def tools(silent: tuple[FakeKubectl, Any]) -> list[Tool]:
    async def listed() -> list[Tool]:
        async with Client(silent[1]) as client:
            return (await client.list_tools()).tools

    return anyio.run(listed)


def needed(tool: Tool) -> dict[str, Any]:
    given = {name: NEEDED[name] for name in tool.input_schema.get("required", ())}
    return given | ({"kind": "Pod"} if tool.name in PODS else {})


async def call(client: Client, tool: Tool, arguments: dict[str, Any]) -> Reply:
    result = await client.call_tool(tool.name, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    return Reply(content.text, bool(result.is_error))


def refused(reply: Reply, argument: str) -> None:
    """A short error that names the argument, and holds neither what is not seen nor how the program is made."""
    assert reply.is_error
    assert reply.text.startswith("Invalid ")
    assert argument in reply.text
    assert len(reply.text) < 700
    assert not any(word in reply.text for word in ("Traceback", "pydantic", "Error executing", ".py"))
    assert_seen(reply.text)


def test_every_parameter_has_its_bad_values(tools: list[Tool]) -> None:
    """But booleans, of which there is nothing to choose, and names."""
    parameters = {name for tool in tools for name, schema in properties(tool) if schema["type"] != "boolean"}
    assert parameters - {"name"} == set(BAD)


def properties(tool: Tool) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from tool.input_schema["properties"].items()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        pytest.param(argument, value, id=f"{argument}-{name}")
        for argument, values in BAD.items()
        for name, value in values.items()
    ],
)
async def test_a_bad_argument_is_refused(
    silent: tuple[FakeKubectl, Any], tools: list[Tool], argument: str, value: object
) -> None:
    fake, server = silent
    having = [tool for tool in tools if argument in dict(properties(tool))]
    assert having
    given = value[-1] if isinstance(value, list) and value else value
    async with Client(server) as client:
        for tool in having:
            extra = {"kind": "Pod"} if argument == "api_version" else {}
            reply = await call(client, tool, {**needed(tool), **extra, argument: value})
            refused(reply, argument)
            assert not (isinstance(given, str) and len(given) > 80 and given[:81] in reply.text)
    assert fake.calls() == []


WRONG_TYPES: dict[str, tuple[object, ...]] = {
    "string": (["a"], {}, {"a": "b"}, 1, True, "", 10**5000),
    "array": ({}, {"a": "b"}, 1, True, [1], [["a"]], [None], [{}], [], [""], "", 10**5000, [10**5000]),
    "integer": ([], {}, "x", "", True, 1.5, 10**5000),
    "number": ([], {}, "x", "", True),
    "boolean": ([], {}, "x", "", 2, None, 10**5000, "yes", "1"),
}


async def test_row24_values_of_another_type_are_refused(silent: tuple[FakeKubectl, Any], tools: list[Tool]) -> None:
    """Every argument of every tool, with every type that it does not have; an empty value is none of its values."""
    fake, server = silent
    async with Client(server) as client:
        for tool in tools:
            for argument, schema in properties(tool):
                for value in WRONG_TYPES[schema["type"]]:
                    refused(await call(client, tool, {**needed(tool), argument: value}), argument)
            for argument in needed(tool):
                refused(await call(client, tool, {**needed(tool), argument: None}), argument)
    assert fake.calls() == []


@pytest.mark.parametrize(
    "value",
    [10**5000, -(10**5000), 0, False, [], {}, ["a/b"]],
    ids=["5000-digits", "minus-5000-digits", "0", "false", "list", "object", "list-of-text"],
)
@pytest.mark.parametrize("argument", ["kind", "namespace"])
async def test_row24_beside_a_name_with_a_slash_it_is_refused_too(
    silent: tuple[FakeKubectl, Any], tools: list[Tool], argument: str, value: object
) -> None:
    """Where `namespace/name` is taken apart, the other parts may be of any type; Python writes no number that long."""
    fake, server = silent
    (tool,) = (tool for tool in tools if tool.name == "get_flux_resource")
    async with Client(server) as client:
        for name in ("apps/web", "Kustomization/apps/web"):
            arguments = {"kind": "Kustomization", "name": name, argument: value}
            refused(await call(client, tool, arguments), argument)
    assert fake.calls() == []


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        pytest.param("all_namespaces", True, id="row26-all-namespaces"),
        pytest.param("as", "admin", id="row33-as"),
        pytest.param("kube_as", "admin", id="row33-kube-as"),
        pytest.param("impersonate", "admin", id="row33-impersonate"),
        pytest.param("as_group", "system:masters", id="row34-as-group"),
        pytest.param("namesapce", "apps", id="row40-typo"),
        pytest.param("Namespace", "apps", id="row40-upper-case"),
        pytest.param("namespaces", "dev", id="row40-plural"),
        pytest.param("server", "https://evil:6443", id="row40-server"),
        pytest.param("kubeconfig", "/tmp/evil", id="row40-kubeconfig"),
        pytest.param("flags", {"server": "https://evil"}, id="row40-flags"),
        pytest.param("cluster", "evil", id="row40-cluster"),
        pytest.param("waiter", None, id="row40-waiter"),
        pytest.param("settings", {}, id="row40-settings"),
        pytest.param("self", 1, id="row40-self"),
        pytest.param("ctx", None, id="row40-null"),
        pytest.param("__class__", {}, id="row40-dunder"),
        pytest.param("", "x", id="row40-empty-name"),
        pytest.param("x\x1b[31m\u202e" + "y" * 500, "x", id="row40-odd-name"),
    ],
)
async def test_an_unknown_argument_is_refused(
    silent: tuple[FakeKubectl, Any], tools: list[Tool], argument: str, value: object
) -> None:
    """By every tool; nothing that was meant otherwise is ever ignored."""
    fake, server = silent
    async with Client(server) as client:
        for tool in tools:
            assert tool.input_schema["additionalProperties"] is False
            reply = await call(client, tool, {**needed(tool), argument: value})
            refused(reply, argument[:1])
            assert "not an argument of" in reply.text
    assert fake.calls() == []


async def test_row40_a_context_is_refused_where_a_tool_takes_none(
    silent: tuple[FakeKubectl, Any], tools: list[Tool]
) -> None:
    fake, server = silent
    async with Client(server) as client:
        for tool in tools:
            if "context" not in dict(properties(tool)):
                refused(await call(client, tool, {**needed(tool), "context": "dev"}), '"context"')
    assert fake.calls() == []


async def test_row40_a_context_is_refused_where_the_server_is_pinned_to_one(fake: FakeKubectl) -> None:
    """By every tool, even the very same one: it is not in the schema, and is not ignored either."""
    chosen = Settings(kubectl=str(fake.path), access=Access(context="dev"))
    async with Client(build(connect(chosen), chosen)) as client:
        for tool in (await client.list_tools()).tools:
            for context in ("dev", "prod"):
                refused(await call(client, tool, {**needed(tool), "context": context}), '"context"')
    assert fake.calls() == []
