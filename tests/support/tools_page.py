"""docs/tools.md, from the tools' descriptions and schemas, each with an answer about the recording staging."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import anyio

from flux_mcp.cluster.client import Cluster
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from flux_mcp.kubectl.connect import connect
from flux_mcp.settings import Recording, Settings
from flux_mcp.tools.registry import TOOLS, Tool, Toolbox
from tests.support.controller import FluxApi, handles
from tests.support.fake import FIXTURES

_RECORDING: Final = FIXTURES / "staging"
_LINES: Final = 14
"""Lines of an answer that are shown."""
_WIDTH: Final = 220
"""Characters of a line that are shown."""
_FENCE: Final = "````"
"""One backtick more than the fence of a diagram has."""
_ABOUT: Final = """\
# Tools

What each tool answers, its arguments, and a part of a real answer, about the recording `fixtures/staging`. Written by
`make docs` from the tools themselves. Each answer can be had with `fluxcd-mcp call TOOL KEY=VALUE … --recording=fixtures/staging`,
except those of the tools that no recording answers, which are from a test server, and those about changes and several
clusters, which are about other recordings in `fixtures/`.

## What holds for all

- The first line names the tool, how much of how much is shown, the context, the user and the time of the answer. The lines
  below it say what could not be read, if anything. An answer without them is complete.
- Health: Stalled (no retry before a change), Failing, Deleting, Pending (never reconciled), Stale (latest generation not yet
  observed), Waiting (for a dependency), Progressing, Suspended, Ready, Static (a kind without a status). Flags stand
  beside it in parentheses: `stuck`, `after-failure`, `source-failing`, `source-missing`, `revision-behind`,
  `request-pending`, `drifted`.
- An age (`45s`, `12m`, `5h`, `3d`) is the time since the last transition, which a retry can move.
- What stands in quotes is text of the cluster, and never an instruction. Credentials in it are masked.
- An answer takes 12,000 bytes at most, 60,000 with `limit`. Objects in trouble come first; what is left out is counted.
- Every tool but get_kubeconfig_contexts also takes `context`, a context of the kubeconfig; without it the one in use. A server
  that was started with `--kube-context` or one recording has one context only, and the argument is not there.
- A kind is a kind, plural, short name or plural.group, in any case. Lists are arrays in MCP, and are separated by commas in
  `fluxcd-mcp call`. An argument marked with `*` is required. Unknown arguments are rejected.
"""


class _Example(NamedTuple):
    """What a user asks, the arguments of the call that answers it, and the recordings that it is about."""

    question: str
    arguments: Mapping[str, Any] = {}
    recordings: tuple[str, ...] = ("staging",)


_EXAMPLES: Final[Mapping[str, _Example]] = {
    "get_flux_instance": _Example("Which Flux runs in this cluster, and is it healthy?"),
    "list_flux_resources": _Example("Which HelmReleases are there, and how are they?", {"kinds": ["HelmRelease"]}),
    "get_flux_resource": _Example(
        "Show me the HelmRelease payments.", {"kind": "HelmRelease", "name": "payments", "namespace": "apps"}
    ),
    "diagnose_flux": _Example("Why does the Kustomization apps fail?", {"kind": "Kustomization", "name": "apps"}),
    "get_flux_changes": _Example(
        "What changed lately, and what broke the Kustomization web?",
        {"kind": "Kustomization", "name": "web", "since": "10m"},
        ("after",),
    ),
    "get_flux_graph": _Example(
        "What does the Kustomization checkout depend on?",
        {"kind": "Kustomization", "name": "checkout", "edges": "dependencies"},
    ),
    "list_flux_workloads": _Example("Which images does Flux run in monitoring?", {"namespace": "monitoring"}),
    "audit_flux_configuration": _Example("Is anything configured dangerously?", {"severity": "high"}),
    "trace_kubernetes_resource": _Example(
        "Who manages this Pod, and from which commit?",
        {"kind": "Pod", "name": "checkout-api-6947f5696f-2cfzp", "namespace": "checkout"},
    ),
    "get_kubernetes_events": _Example(
        "What went wrong in apps lately?", {"namespace": "apps", "warnings_only": True, "since": "10m"}
    ),
    "get_kubernetes_resources": _Example("Which Deployments are in apps?", {"kind": "Deployment", "namespace": "apps"}),
    "get_kubernetes_logs": _Example(
        "What does the kustomize-controller log about apps?",
        {"kind": "Deployment", "name": "kustomize-controller", "namespace": "flux-system", "contains": '"apps"'},
    ),
    "get_kubeconfig_contexts": _Example("Which clusters can you reach?"),
    "compare_flux": _Example(
        "What differs between then and now?", {"context": "before", "with_context": "after"}, ("before", "after")
    ),
    "get_flux_fleet": _Example("How are all my clusters?", recordings=("staging", "bootstrap", "noflux")),
    "reconcile_flux_resource": _Example(
        "Reconcile the Kustomization infra-configs with its source.",
        {"kind": "Kustomization", "name": "infra-configs", "namespace": "flux-system", "with_source": True},
    ),
    "reconcile_flux_sources": _Example("Reconcile the OCI sources.", {"kinds": ["OCIRepository"]}),
}
"""Name of a tool → its example."""
_LOG: Final = (
    '{"level":"info","ts":"2026-11-22T09:26:31.121Z","msg":"server-side apply completed","name":"infra-configs"}',
    (
        '{"level":"error","ts":"2026-11-22T09:27:04.702Z","msg":"Reconciliation failed after 1.2s, next try in 1m0s",'
        '"name":"apps","namespace":"flux-system","error":"health check failed after 35.367907ms: failed early due to stalled '
        "resources: [HelmRelease/apps/payments status: 'Failed']\"}"
    ),
)


class _Server(FluxApi):
    """The objects of the recording, with controllers that handle requests and write a log."""

    def __init__(self) -> None:
        super().__init__()
        kinds = {kind.resource for kind in self.kinds}
        files = (path for path in sorted(_RECORDING.glob("*.json")) if path.stem in kinds)
        self.holds(*(entry for path in files for entry in json.loads(path.read_text())["items"]))
        for name in ("flux-system", "infra-configs", "podinfo", "tenants", "manifests-missing-tag"):
            self.reacts(name, handles)

    def moment(self, context: str | None) -> datetime | None:
        return connect(Settings(recording=_RECORDING)).moment(context)

    async def run(self, command: Command, context: str | None = None) -> Output:
        if command.args()[0] == "logs":
            return Output(0, "".join(f"{line}\n" for line in _LOG).encode(), "")
        return await super().run(command, context)


def tools_page() -> str:
    """docs/tools.md."""
    return _ABOUT + "\n".join(line for tool in TOOLS for line in _section(tool)) + "\n"


def _section(tool: Tool) -> Iterator[str]:
    example = _EXAMPLES[tool.name]
    schema = Toolbox(Cluster(_Server()), Settings()).schema(tool.name)
    yield from ("", f"## {tool.name}", "", tool.description)
    required = schema.get("required", ())
    arguments = {name: entry for name, entry in schema["properties"].items() if name != "context" or name in required}
    if arguments:
        yield ""
    for name, entry in arguments.items():
        yield f"- `{name}`{'*' if name in required else ''} ({_type(entry)}): {entry['description']}"
    yield from ("", f"> {example.question}", "", _FENCE + "text")
    yield " ".join((tool.name, *(f"{name}={_shown(value)}" for name, value in example.arguments.items())))
    yield ""
    yield from _shortened(anyio.run(_answer, tool, example))
    yield _FENCE


def _type(entry: Mapping[str, Any]) -> str:
    if entry["type"] == "array":
        return "list"
    if entry["type"] == "integer":
        return f"{entry['minimum']} to {entry['maximum']}"
    return "true or false" if entry["type"] == "boolean" else str(entry["type"])


def _shown(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else value


async def _answer(tool: Tool, example: _Example) -> str:
    settings = Settings(recordings=tuple(Recording(FIXTURES / name) for name in example.recordings))
    offered = Toolbox(Cluster(connect(settings)), settings)
    if tool.name in offered.tools:
        return await offered.call(tool.name, example.arguments)
    reply = await _Server().ask(tool.name, **example.arguments)
    assert not reply.is_error, reply.text
    return reply.text


def _shortened(answer: str) -> Iterator[str]:
    lines = answer.splitlines()
    yield from (line if len(line) <= _WIDTH else f"{line[:_WIDTH]} …" for line in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"(… {len(lines) - _LINES} more lines)"
