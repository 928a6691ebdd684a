"""The one command that writes, and the proof that no tool ever builds another.

Each argument is tried as it would have to be for something else to be written: several objects, another kind, another
annotation.
"""

import dataclasses
import json
import re
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind, Kind
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT
from flux_mcp.errors import BadArgument
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Annotate, CanI, Command
from flux_mcp.tools.registry import TOOLS
from tests.kubectl.test_command import ANNOTATE, TEXTS, TOKEN, options, positionals
from tests.support.controller import FluxApi
from tests.support.fake import unversioned, versioned
from tests.support.items import item

READING = {"get", "logs", "config", "version", "api-resources", "auth"}
"""The verbs that write nothing; of auth only can-i, of config only view."""


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(by_kind["Alert"], id="static"),
        pytest.param(by_kind["Provider"], id="static-too"),
        pytest.param(by_kind["ExternalArtifact"], id="nobody-reconciles-it"),
        pytest.param(dataclasses.replace(by_kind["Kustomization"], plural="secrets", group=""), id="forged"),
        pytest.param(dataclasses.replace(by_kind["Kustomization"], options=("forceAt",)), id="forged-options"),
        pytest.param(DEPLOYMENT, id="not-flux"),
        pytest.param(Kind(kind="Secret", group="", plural="secrets"), id="secret"),
    ],
)
def test_only_flux_kinds_that_reconcile_on_request_are_annotated(kind: Any) -> None:
    with pytest.raises(BadArgument, match="kind"):
        Annotate(kind, "v1", "apps", "web", TOKEN)


def test_every_kind_that_reconciles_on_request_is_annotated() -> None:
    """All kinds but those without a controller of their own (Flux and Flux Operator API references)."""
    static = {"ExternalArtifact", "Alert", "Provider"}
    for kind in FLUX_KINDS:
        if kind.kind not in static:
            assert Annotate(kind, "v1", "apps", "web", TOKEN).args()[-3:-1] == (versioned(kind.resource), "web")


@pytest.mark.parametrize(
    "name", ["", "--all", "-lapp=x", "a,b", "a b", "web=x", "web-", "a/b", "*", "a\n", "A", "reconcile.fluxcd.io/x=y"]
)
def test_one_object_is_annotated_by_its_name(name: str) -> None:
    with pytest.raises(BadArgument, match="name"):
        Annotate(by_kind["Kustomization"], "v1", "apps", name, TOKEN)
    if name:
        with pytest.raises(BadArgument, match="name"):
            CanI(by_kind["Kustomization"], "v1", "patch", "apps", name)


@pytest.mark.parametrize("namespace", ["", "all", "--all-namespaces", "a,b", "A", "a/b", "a\n"])
def test_one_namespace_is_annotated_in(namespace: str) -> None:
    with pytest.raises(BadArgument, match="namespace"):
        Annotate(by_kind["Kustomization"], "v1", namespace, "web", TOKEN)
    with pytest.raises(BadArgument, match="namespace"):
        CanI(by_kind["Kustomization"], "v1", "patch", namespace)


@pytest.mark.parametrize(
    "token",
    ["", "now", "2026-11-22T09:27:06Z", "2026-11-22T09:27:06.1Z", f"{TOKEN}\n", f"{TOKEN} x=y", f"{TOKEN},x=y", "-"],
)
def test_the_value_is_a_time_with_nanoseconds(token: str) -> None:
    with pytest.raises(BadArgument, match="token"):
        Annotate(by_kind["Kustomization"], "v1", "apps", "web", token)


@pytest.mark.parametrize("kind", FLUX_KINDS, ids=lambda kind: kind.kind)
def test_force_and_reset_are_of_the_kinds_that_take_them(kind: FluxKind) -> None:
    """By the HelmRelease and ResourceSetInputProvider documentation; forceAt of a FluxInstance, a migration, is not offered."""
    for argument, kinds in {
        "force": {"HelmRelease", "ResourceSetInputProvider"},
        "reset": {"HelmRelease"},
    }.items():
        if kind.kind in kinds:
            keys = Annotate(kind, "v1", "apps", "web", TOKEN, **{argument: True}).args()[-2:]
            assert keys == tuple(f"reconcile.fluxcd.io/{key}={TOKEN}" for key in ("requestedAt", f"{argument}At"))
        else:
            with pytest.raises(BadArgument):
                Annotate(kind, "v1", "apps", "web", TOKEN, **{argument: True})


@given(
    kind=st.sampled_from((*FLUX_KINDS, DEPLOYMENT)),
    namespace=st.just("apps") | TEXTS,
    name=st.just("web") | TEXTS,
    token=st.just(TOKEN) | TEXTS,
    force=st.booleans(),
    reset=st.booleans(),
)
def test_whatever_is_annotated_it_is_a_request_to_one_flux_object(  # one line an argument
    kind: Any, namespace: str, name: str, token: str, force: bool, reset: bool
) -> None:
    with suppress(BadArgument):
        args = Annotate(kind, "v1", namespace, name, token, force, reset).args()
        assert options(args) == {*(ANNOTATE - {"--namespace=apps"}), f"--namespace={namespace}"}
        resource, named, *keys = positionals(args)
        assert unversioned(resource) in {one.resource for one in FLUX_KINDS}
        assert re.fullmatch(r"[a-z0-9][-a-z0-9.]*", named)
        assert keys
        for key in keys:
            assert re.fullmatch(r"reconcile\.fluxcd\.io/(requestedAt|forceAt|resetAt)=[0-9TZ:.-]+", key)


# No tool builds another


NAMES = st.sampled_from(["apps", "repo", "charts", "flux", "nope", "--all", "a,b", "apps=x"]) | TEXTS
NAMESPACES = st.sampled_from(["flux-system", "apps", "all", "--all-namespaces"]) | TEXTS
KIND_NAMES = st.sampled_from([kind.kind for kind in FLUX_KINDS] + ["Secret", "secrets", "Deployment", "Pod", "all"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "kind": KIND_NAMES | TEXTS,
    "kinds": st.lists(KIND_NAMES | TEXTS, max_size=3),
    "name": NAMES,
    "namespace": NAMESPACES,
    "wait_seconds": st.sampled_from([0, 1, 600, -1, 601]),
    "context": st.sampled_from(["dev", "prod", "nope"]),
    "status": st.lists(st.sampled_from(["trouble", "Ready"]), max_size=1),
    "since": st.sampled_from(["5m", "x"]),
    "limit": st.sampled_from([1, 500, 0]),
    "tail": st.sampled_from([1, 2000]),
}
"""What a parameter of that name is given; one of another name what fits its type, or any text."""


def calls(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    given_values = {
        name: VALUES.get(name, st.booleans() if told["type"] == "boolean" else TEXTS)
        for name, told in schema["properties"].items()
    }
    required = schema.get("required", [])
    return st.fixed_dictionaries(
        {name: given_values[name] for name in required},
        optional={name: value for name, value in given_values.items() if name not in required},
    )


class Watched(FluxApi):
    """Holds an object of each kind under several names; everything that is written to it is seen."""

    def __init__(self) -> None:
        super().__init__()
        for kind in FLUX_KINDS:
            for name in ("apps", "repo", "charts", "flux"):
                reference = {"sourceRef": {"kind": "GitRepository", "name": "repo"}}
                self.holds(item(kind.kind, name, spec=reference))

    async def run(self, command: Command, context: str | None = None) -> Output:
        if command.args()[0] == "logs":
            self.calls.append(command.args())
            return Output(0, b"a line\n", "")
        return await super().run(command, context)


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
def test_whatever_a_tool_is_asked_it_writes_nothing_but_a_request_to_reconcile(tool: str) -> None:
    writes = next(not one.reads_only for one in TOOLS if one.name == tool)
    api, seen = Watched(), set[str]()

    @settings(max_examples=100)
    @given(arguments=calls(api.schema(tool)))
    def check(arguments: dict[str, Any]) -> None:
        before = json.dumps(api.everything())
        api.calls.clear()
        anyio.run(partial(api.ask, tool, **arguments))
        for args in api.calls:
            seen.add(args[0])
            if args[0] == "annotate":
                assert writes
                assert_a_request(args)
            else:
                assert args[0] in READING
                assert args[:2] in {("auth", "can-i"), ("config", "view")} or args[0] not in {"auth", "config"}
        if not any(args[0] == "annotate" for args in api.calls):
            assert json.dumps(api.everything()) == before

    check()
    assert ("annotate" in seen) is writes


def assert_a_request(args: tuple[str, ...]) -> None:
    """One Flux object in one namespace by its name, keys of reconcile.fluxcd.io, one value for all of them."""
    resource, name, *keys = positionals(args)
    assert unversioned(resource) in {
        kind.resource for kind in FLUX_KINDS if kind.kind not in {"ExternalArtifact", "Alert", "Provider"}
    }
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", name)
    (namespace,) = (flag for flag in options(args) if flag.startswith("--namespace="))
    assert re.fullmatch(r"--namespace=[a-z0-9]([-a-z0-9]*[a-z0-9])?", namespace)
    assert options(args) - {namespace} == ANNOTATE - {"--namespace=apps"}
    told = [re.fullmatch(r"reconcile\.fluxcd\.io/(requestedAt|forceAt|resetAt)=([0-9TZ:.-]+)", key) for key in keys]
    assert all(told)
    assert len({match[2] for match in told if match}) == 1
    assert next(match[1] for match in told if match) == "requestedAt"


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS if not tool.reads_only])
def test_only_force_and_reset_add_keys(tool: str) -> None:
    """They are never a default: without them there is requestedAt alone."""
    api = Watched()
    arguments = {"kind": "hr", "name": "apps", "namespace": "flux-system"} if tool.endswith("resource") else {}

    anyio.run(partial(api.ask, tool, **arguments))
    written = [positionals(args)[2:] for args in api.calls if args[0] == "annotate"]
    assert written
    assert all(len(keys) == 1 and keys[0].startswith("reconcile.fluxcd.io/requestedAt=") for keys in written)
