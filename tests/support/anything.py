"""Strategies for whatever may come: objects, texts, arguments of tools, and a kubectl that ends as it likes."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from functools import cache
from typing import Any

from hypothesis import strategies as st

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from tests.support.api import Api
from tests.support.controller import FluxApi
from tests.support.fake import FIXTURES, a_list

Item = dict[str, Any]

MARK = "MARK ME"
"""Two words that stand in texts of the cluster: wherever an answer shows them, it must be in a JSON string."""
HIDDEN = (
    *("\n", "\r\n", "\t", "\x00", "\x1b[2K", "\x9b31m", "\x1b]8;;x\x07", "\x07", "\x7f", "\x85", "\u2028"),
    *("\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\ue000", "\ud800", "\U000e0041", "\U000f0000", "\ufe0f"),
)
SYNTAX = (
    *('"', "\\", '\\"', "'", "`", "```", "]", "}", "</tool_result>", "<b>", "#quot;", "-->", "|", ";", ":", ",", "·"),
    *(
        "Could not read: ",
        "\nlist_flux_resources: 0 of 0",
        "All is well.",
        "… 3 more",
        "%s",
        "{0}",
        "$(id)",
        "--all",
        "=",
        "/",
    ),
)
ODD_TEXTS = st.one_of(
    st.lists(st.sampled_from((*HIDDEN, *SYNTAX, "x", " ")), max_size=6).map(lambda parts: f"{''.join(parts)}{MARK}"),
    st.lists(st.sampled_from((*HIDDEN, *SYNTAX, MARK)), max_size=6).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=20),
    st.integers(1, 3000).map(lambda count: f"{MARK} " * count),
)
"""Texts that a cluster may hold: with hidden characters, with what could end a string or a line, long, or any."""
WORDS = st.sampled_from(
    (
        *("True", "False", "Unknown", "Ready", "Stalled", "Reconciling", "Released", "Healthy", "DependencyNotReady"),
        *(
            "SourceNotReady",
            "HealthCheckFailed",
            "BuildFailed",
            "Progressing",
            "InstallFailed",
            "Succeeded",
            "disabled",
        ),
        *("Kustomization", "HelmRelease", "GitRepository", "HelmChart", "Deployment", "Pod", "Secret", "flux-system"),
        *("apps", "podinfo", "monitoring", "2026-11-22T09:27:06Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"),
        *("main@sha1:b649360b1c0d4e2f8a7b6c5d4e3f2a1b0c9d8e7f", "10m", "-1s", "https://me:pw@example.com/x?a=b"),
    )
)
SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(-2, 3), st.integers(), st.floats(allow_nan=False), WORDS, ODD_TEXTS)
)


@cache
def _recorded() -> tuple[Item, ...]:
    """Every object of the recording staging, and one of each kind that it holds none of."""
    found = [
        one
        for path in sorted((FIXTURES / "staging").glob("*.json"))
        if path.stem != "version"
        for one in json.loads(path.read_text())["items"]
    ]
    known = {(kind.kind, kind.group) for kind in Api.kinds}
    there = [one for one in found if (one["kind"], one["apiVersion"].rpartition("/")[0]) in known]
    have = {one["kind"] for one in there}
    bare = [
        {"apiVersion": f"{kind.group}/v1", "kind": kind.kind, "metadata": {"name": "bare", "namespace": "apps"}}
        for kind in FLUX_KINDS
        if kind.kind not in have
    ]
    return (*there, *bare)


@cache
def _keys() -> tuple[str, ...]:
    """Every key that is used anywhere in the recording, since the code looks for some of them."""
    return tuple(sorted({key for one in _recorded() for path in _paths(one) for key in path if isinstance(key, str)}))


@cache
def _by_kind() -> dict[str, tuple[Item, ...]]:
    kinds: dict[str, list[Item]] = {}
    for one in _recorded():
        kinds.setdefault(one["kind"], []).append(one)
    return {kind: tuple(ones) for kind, ones in kinds.items()}


def _paths(node: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths to every part of a document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield (*above, key)
        yield from _paths(value, (*above, key))


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON, with keys that are used somewhere."""
    keys = st.sampled_from(_keys()) | ODD_TEXTS
    return st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )


def _called(one: Item) -> tuple[str, str, str]:
    return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]


@cache
def _changeable(called: tuple[str, str, str]) -> tuple[tuple[str | int, ...], ...]:
    """The paths of a recorded object, without those that say what it is."""
    one = next(one for one in _recorded() if _called(one) == called)
    fixed = {("metadata",), ("metadata", "name"), ("metadata", "namespace")}
    return tuple(path for path in _paths(one) if path[0] not in {"kind", "apiVersion"} and path not in fixed)


def _change(node: Any, path: tuple[str | int, ...], other: Any, *, kept: bool) -> None:
    """Put another value at a path, or leave out what is there."""
    for key in path[:-1]:
        node = node[key]
    if kept:
        node[path[-1]] = other
    else:
        del node[path[-1]]


@st.composite
def objects(draw: st.DrawFn) -> Item:
    """An object of the recording, some parts of which are others, or not there."""
    found = draw(st.sampled_from(draw(st.sampled_from(tuple(_by_kind().values())))))
    paths = _changeable(_called(found))
    one = deepcopy(found)
    for _ in range(draw(st.integers(0, 4)) if paths else 0):
        path, kept, other = draw(st.sampled_from(paths)), draw(st.integers(0, 4)), draw(json_values())
        # What was there may be gone, or another, by the change before.
        with suppress(LookupError, TypeError):
            _change(one, path, other, kept=bool(kept))
    if draw(st.integers(0, 9)) == 0:
        one["metadata"]["name"] = draw(ODD_TEXTS)
    return one


def clusters() -> st.SearchStrategy[list[Item]]:
    """Some objects, no two called the same."""
    return st.lists(objects(), max_size=5, unique_by=_called)


KINDS = st.sampled_from(
    (
        *(kind.kind for kind in (*FLUX_KINDS, *KUBERNETES_KINDS)),
        *("ks", "hr", "deploy", "po", "Secret", "secrets", "secrets.v1", "all", "svc", "ingresses.networking.k8s.io"),
    )
)
NAMES = st.sampled_from(("apps", "podinfo", "flux-system", "infra-configs", "backend", "nope", "a,b", "--all", "x=y"))
NAMESPACES = st.sampled_from(("flux-system", "apps", "monitoring", "podinfo", "all", "-A", "nope"))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "kind": KINDS,
    "kinds": st.lists(KINDS, max_size=3),
    "name": NAMES,
    "namespace": NAMESPACES,
    "container": st.sampled_from(("manager", "podinfo", "--all-containers", "a/b")),
    "context": st.sampled_from(("dev", "prod", "nope", "--as=x")),
    "status": st.lists(st.sampled_from(("trouble", "Ready", "failing", "Static")), max_size=2),
    "edges": st.sampled_from(("all", "dependencies", "dotted")),
    "severity": st.sampled_from(("high", "medium", "low", "none")),
    "selector": st.sampled_from(("app=web", "a in (b,c),!d", "a=b,--all", "(")),
    "since": st.sampled_from(("5m", "30d", "0s", "99999d", "1h; id")),
    "api_version": st.sampled_from(("v1", "apps/v1", "v1/secrets", "")),
    "limit": st.integers(-1, 501),
    "tail": st.integers(-1, 2001),
    "wait_seconds": st.integers(-1, 601),
}
"""What a parameter of that name is given, most of the time."""


def arguments(schema: Item) -> st.SearchStrategy[Item]:
    """Arguments for a tool: what it takes, most of the time, and now and then anything, under any name."""
    typed = {
        "boolean": st.booleans(),
        "string": st.sampled_from(("a", "flux", "error")),
        "integer": st.integers(0, 600),
    }
    given = {
        name: st.one_of(*[VALUES.get(name, typed.get(told["type"], st.just(["a"])))] * 6, SCALARS, json_values())
        for name, told in schema["properties"].items()
    }
    needed = schema.get("required", [])
    fitting = st.fixed_dictionaries(
        {name: given[name] for name in needed},
        optional={name: one for name, one in given.items() if name not in needed},
    )
    return st.one_of(*[fitting] * 9, st.dictionaries(st.sampled_from((*given, "namesapce", "as")) | ODD_TEXTS, SCALARS))


LINES = st.sampled_from(
    (
        'Error from server (Forbidden): pods is forbidden: User "x" cannot list resource "pods" in API group "" at the cluster scope',
        "Error from server (Forbidden): unknown (get kustomizations.kustomize.toolkit.fluxcd.io)",
        'Error from server (NotFound): pods "x" not found',
        "Error from server (NotFound): the server could not find the requested resource",
        "Error from server (InternalError): an error on the server",
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
        "Error from server (Timeout): the server was unable to return a response in the time allotted",
        "Error from server: etcdserver: leader changed",
        'error: the server doesn\'t have a resource type "kustomizations"',
        "error: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: the server is unavailable",
        "Unable to connect to the server: dial tcp 10.0.0.1:443: connect: connection refused",
        "error: You must be logged in to the server (Unauthorized)",
        "Unable to connect to the server: getting credentials: exec: exit status 1",
        "error: EOF",
        "E1122 09:27:06.100000 1 memcache.go:287] couldn't get resource list for metrics.k8s.io/v1beta1",
        "Warning: v1 ComponentStatus is deprecated in v1.19+",
        "No resources found",
        "Please enter Username: ",
    )
)
STDERR = st.lists(LINES | ODD_TEXTS, max_size=3).map("\n".join)
"""What kubectl may say: what it is known to say, and anything."""
CODES = st.sampled_from((1, 1, 1, 2, 126, 127, 137, 255, -9, -15, -64))
"""How it may fail."""
STDOUT = st.sampled_from(
    (b"", a_list().encode(), b'{"kind": "Status", "message": "no"}', b"Please enter Username: ", b"{")
)
GARBAGE = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        (
            b"",
            b"\n",
            b"null",
            b"[]",
            b'{"kind":"Table","rows":[]}',
            b'{"kind":"List","items":{}}',
            b'{"kind":"List"',
            b"{}x",
        )
    ),
    ODD_TEXTS.map(lambda text: text.encode(errors="replace")),
)
"""What it may print that is no list."""


class AnyApi(FluxApi):
    """An API server that holds what it is given, and a kubectl before it that fails as it is told.

    Attributes:
        instead: what a kubectl of that verb ends with, instead of what it would.
        gets: of which of the gets that holds, by their number; None for all.
        failed: the gets that it did for.
    """

    def __init__(self, *held: Item) -> None:
        super().__init__()
        self.instead: dict[str, Output] = {}
        self.gets: frozenset[int] | None = None
        self.failed: list[tuple[str, ...]] = []
        self.log = b""
        self.holds(*held)

    async def run(self, command: Command, context: str | None = None) -> Output:
        args = command.args()
        number = sum(call[0] == "get" for call in self.calls)
        if args[0] in self.instead and (args[0] != "get" or self.gets is None or number in self.gets):
            self.calls.append(args)
            self.failed += [args] if args[0] == "get" else []
            return self.instead[args[0]]
        if args[0] == "logs":
            self.calls.append(args)
            return Output(0, self.log, "")
        return await super().run(command, context)

    def _annotate(self, args: tuple[str, ...]) -> Output:
        """A real API server would hold no annotations that are no map, so that a request makes one of them."""
        for one in self.everything():
            if not isinstance(one["metadata"].get("annotations"), dict):
                one["metadata"]["annotations"] = {}
        return super()._annotate(args)

    def _step(self, resource: str, namespace: str, name: str) -> None:
        """Nor a status that is no object, once a controller writes one."""
        one = self._objects[resource].get((namespace, name), {})
        if not isinstance(one.get("status"), dict):
            one["status"] = {}
        super()._step(resource, namespace, name)
