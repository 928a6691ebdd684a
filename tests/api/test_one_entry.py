"""Adding a kind is one entry: an invented kind, known by its entry alone, is asked for with every tool.

In a process of its own, since the table is read when the modules are imported.
"""

import subprocess
import sys

from tests.support.fake import ROOT

SCRIPT = """
import asyncio

from flux_mcp.api import flux_kinds
from flux_mcp.api.fields import COMMON, CONDITIONS, REF, FieldPolicy, keep
from flux_mcp.api.kind import FluxKind, HealthWait, Reference, Role

flux_kinds.FLUX_KINDS += (
    FluxKind(
        kind="Widget",
        group="widgets.toolkit.fluxcd.io",
        plural="widgets",
        short_names=("wdg",),
        role=Role.APPLIER,
        controller="widget-controller",
        references=(Reference(("spec", "sourceRef"), ("GitRepository",)),),
        owner_label="widgets.toolkit.fluxcd.io",
        health_wait=HealthWait.ALWAYS,
        revision=(("lastAppliedRevision",),),
        inline=(("values",),),
        fields={
            **COMMON,
            "spec": {**keep("interval path"), "sourceRef": REF, "values": FieldPolicy.KEYS},
            "status": {**keep("lastAppliedRevision observedGeneration"), "conditions": CONDITIONS},
        },
    ),
)

from tests.support.api import Api, thing
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT
from tests.support.items import failing, item
from flux_mcp.tools.registry import TOOLS

LABELS = {"widgets.toolkit.fluxcd.io/name": "one", "widgets.toolkit.fluxcd.io/namespace": "apps"}


async def main() -> None:
    api = Api()
    widget = thing(
        by_kind["Widget"],
        "one",
        "apps",
        spec={"interval": "10m", "sourceRef": {"kind": "GitRepository", "name": "repo"}, "values": {"password": "hunter22"}},
        status={
            "lastAppliedRevision": "main@sha1:0123456789012345678901234567890123456789",
            "conditions": [{"type": "Ready", "status": "False", "reason": "HealthCheckFailed", "message": "no", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "inventory": {"entries": [{"id": "apps_web_apps_Deployment", "v": "v1"}]},
        },
    )
    api.holds(widget, item("GitRepository", name="repo", namespace="apps"), thing(DEPLOYMENT, "web", "apps", labels=LABELS))
    named = {"kind": "wdg", "name": "one"}
    asked = {
        "get_flux_resource": named,
        "diagnose_flux": named,
        "get_flux_graph": named,
        "trace_kubernetes_resource": {"kind": "Deployment", "name": "web"},
        "get_kubernetes_events": {"kind": "Widget"},
        "get_kubernetes_resources": {"kind": "Widget"},
        "get_kubernetes_logs": None,
        "compare_flux": None,
        "reconcile_flux_resource": None,
        "reconcile_flux_sources": None,
        "get_kubeconfig_contexts": {},
    }
    for tool in TOOLS:
        arguments = asked.get(tool.name, {})
        if arguments is None:
            continue
        reply = await api.ask(tool.name, **arguments)
        print("==", tool.name, "error" if reply.is_error else "answer")
        print(reply.text)


asyncio.run(main())
"""
NAMED = (
    "get_flux_instance",
    "list_flux_resources",
    "get_flux_resource",
    "diagnose_flux",
    "get_flux_graph",
    "list_flux_workloads",
    "trace_kubernetes_resource",
    "get_kubernetes_resources",
)
"""The tools whose answer is about the invented kind too."""


def test_an_invented_kind_is_known_to_every_tool_by_its_entry() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    answers = {}
    for part in ran.stdout.split("== ")[1:]:
        first, _, text = part.partition("\n")
        name, _, how = first.partition(" ")
        assert how == "answer", (name, text)
        answers[name] = text
    assert [name for name in NAMED if "Widget" not in answers[name]] == []
    assert "main@0123456" in answers["list_flux_resources"]
    assert "hunter22" not in ran.stdout
