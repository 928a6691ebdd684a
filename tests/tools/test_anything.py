"""Whatever is asked, whatever the cluster holds and however kubectl ends: what must hold of every tool.

`make fuzz` runs these and the other property tests for longer, each time with other examples.
"""

import re
import unicodedata
from functools import partial

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.kubectl.base import Output
from flux_mcp.tools.registry import TOOLS
from tests.conftest import Reply, examples
from tests.hostile.test_hostile import outside_strings
from tests.kubectl.test_command import options, positionals, words
from tests.support.anything import CODES, GARBAGE, ODD_TEXTS, STDERR, STDOUT, AnyApi, Item, arguments, clusters, objects
from tests.support.fake import unversioned
from tests.support.items import item
from tests.tools.test_writes import assert_a_request

NAMES = [tool.name for tool in TOOLS]
READS = [tool.name for tool in TOOLS if tool.reads_only]
SCHEMAS = {name: AnyApi().schema(name) for name in NAMES}
VERBS = {("get",), ("logs",), ("api-resources",), ("version",), ("config", "view"), ("auth", "can-i"), ("annotate",)}
"""All that kubectl is ever asked."""


def ask(api: AnyApi, tool: str, asked: Item) -> Reply:
    """The answer or the error of a tool; whatever else it raises fails the test."""
    return anyio.run(partial(api.ask, tool, **asked))


def assert_sound(reply: Reply, tool: str, asked: Item) -> None:
    """An answer that can be read: bounded, nothing hidden in it, no text of the cluster outside a JSON string."""
    bound = 60_000 if {"limit", "tail"} & set(asked) else 12_000
    assert len(reply.text.encode()) <= (1_500 if reply.is_error else bound)
    assert reply.text.strip()
    assert not {c for c in reply.text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}}
    # Lines of a log stand below the line that says whose they are, two blanks from the margin, where nothing else does.
    shown = "\n".join(line for line in reply.lines if tool != "get_kubernetes_logs" or not line.startswith("  "))
    assert "MARK" not in outside_strings(shown)
    if reply.is_error:
        assert len(reply.lines) == 1
    else:
        assert re.match(rf"{tool}\b.* · ", reply.lines[0])


def assert_closed(args: tuple[str, ...], tool: str) -> None:
    """One of the commands of the closed list, about no Secret, and a write only of a tool that writes."""
    assert words(args) in VERBS
    options(args)
    if args[0] == "annotate":
        assert tool.startswith("reconcile_")
        assert_a_request(args)
    if args[0] == "get":
        resources = positionals(args)[0].split(",")
        assert all(re.fullmatch(r"[a-z0-9]+(\.[a-z0-9.-]+)?", resource) for resource in resources)
        assert not {resource.partition(".")[0] for resource in resources} & {"secret", "secrets", "all"}
    if args[0] == "auth":
        verb, resource = positionals(args)
        assert verb == "patch"
        assert unversioned(resource.partition("/")[0]) in {kind.resource for kind in FLUX_KINDS}
    if args[0] == "logs":
        (pod,) = positionals(args)
        assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", pod)


@st.composite
def questions(draw: st.DrawFn, held: list[Item], tool: str) -> Item:
    """Arguments of a tool, half of them about an object that is there."""
    asked: Item = draw(arguments(SCHEMAS[tool]))
    about_one, one = draw(st.booleans()), draw(st.sampled_from(held or [item()]))
    if about_one:
        metadata = one["metadata"]
        about = {"kind": one["kind"], "name": metadata["name"], "namespace": metadata.get("namespace", "apps")}
        asked = {**asked, **{name: value for name, value in about.items() if name in SCHEMAS[tool]["properties"]}}
    return asked


@pytest.mark.parametrize("tool", NAMES)
@examples(5)
@given(data=st.data(), held=clusters(), log=ODD_TEXTS)
def test_any_question_about_any_objects(tool: str, data: st.DataObject, held: list[Item], log: str) -> None:
    """No tool breaks; every answer is sound; kubectl is asked nothing but what it may be asked."""
    api = AnyApi(*held)
    api.log = log.encode(errors="surrogatepass") * 3
    asked = data.draw(questions(held, tool))
    reply = ask(api, tool, asked)
    assert_sound(reply, tool, asked)
    for args in api.calls:
        assert_closed(args, tool)


@pytest.mark.parametrize("tool", NAMES)
@examples(5)
@given(data=st.data(), held=clusters())
def test_what_a_question_requires_is_enough(tool: str, data: st.DataObject, held: list[Item]) -> None:
    """With default arguments the answers are bounded by 12,000 bytes."""
    required = {name: SCHEMAS[tool]["properties"][name] for name in SCHEMAS[tool].get("required", [])}
    asked = data.draw(questions(held, tool))
    asked = {name: value for name, value in asked.items() if name in required}
    assert_sound(ask(AnyApi(*held), tool, asked), tool, {})


def plain(tool: str) -> Item:
    """Arguments that fit, about an object that is there."""
    about = {"kind": "Pod" if tool == "get_kubernetes_logs" else "Kustomization", "name": "apps"}
    known = SCHEMAS[tool]
    asked = {name: value for name, value in about.items() if name in known.get("required", [])}
    return {**asked, **({"namespace": "flux-system"} if "namespace" in known.get("required", []) else {})}


POD: Item = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "apps", "namespace": "flux-system"},
    "spec": {"containers": [{"name": "app"}]},
    "status": {"containerStatuses": [{"name": "app", "state": {"running": {}}}]},
}


@pytest.mark.parametrize("tool", [name for name in READS if name != "get_kubeconfig_contexts"])
@examples(8)
@given(
    output=st.builds(Output, CODES, STDOUT, STDERR) | st.builds(Output, st.just(0), GARBAGE, STDERR),
    gets=st.none() | st.frozensets(st.integers(0, 4), min_size=1),
    others=st.lists(objects(), max_size=2),
)
def test_a_list_that_failed_is_never_an_all_clear(
    tool: str, output: Output, gets: frozenset[int] | None, others: list[Item]
) -> None:
    """Whichever of its gets fail, however: an error, or the answer says what was not read."""
    api = AnyApi(*others, item(), POD)
    api.instead, api.gets = {"get": output}, gets
    reply = ask(api, tool, plain(tool))
    assert_sound(reply, tool, {})
    if api.failed:
        assert reply.is_error or "could not read" in reply.text.lower()


@pytest.mark.parametrize("tool", [name for name in NAMES if name not in READS])
@examples(5)
@given(output=st.builds(Output, CODES, STDOUT, STDERR) | st.builds(Output, st.just(0), GARBAGE, STDERR))
def test_nothing_is_asked_of_flux_where_nothing_could_be_read(tool: str, output: Output) -> None:
    api = AnyApi(item(), item("GitRepository", "repo"))
    api.instead = {"get": output}
    reply = ask(api, tool, plain(tool))
    assert reply.is_error
    assert_sound(reply, tool, {})
    assert "annotate" not in {args[0] for args in api.calls}


@pytest.mark.parametrize("tool", [name for name in NAMES if name not in READS])
@examples(5)
@given(output=st.builds(Output, CODES, STDOUT | GARBAGE, STDERR))
def test_a_request_that_failed_is_not_told_as_done(tool: str, output: Output) -> None:
    api = AnyApi(item(), item("GitRepository", "repo"))
    api.instead = {"annotate": output}
    reply = ask(api, tool, plain(tool))
    assert_sound(reply, tool, {})
    assert reply.is_error or "succeeded" not in outside_strings(reply.text)


@pytest.mark.parametrize("verb", ["config", "version", "api-resources", "auth", "logs"])
@examples(8)
@given(
    tool=st.sampled_from(NAMES),
    output=st.builds(Output, CODES, STDOUT | GARBAGE, STDERR) | st.builds(Output, st.just(0), GARBAGE, STDERR),
)
def test_however_kubectl_ends_there_is_an_answer_or_an_error(verb: str, tool: str, output: Output) -> None:
    """Of what is asked before and beside the objects: the kubeconfig, versions, the kinds that are served, logs."""
    api = AnyApi(item(), POD, item("GitRepository", "repo"))
    api.instead = {verb: output}
    reply = ask(api, tool, plain(tool))
    assert_sound(reply, tool, {})
    if output.exit_code and verb == "config":
        assert reply.is_error
