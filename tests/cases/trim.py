"""Cuts a recording down to what a case needs: `python -m tests.cases.trim RECORDING NAME [--without PLURAL.GROUP]…`.

What is written is redacted as answers are, one object a line, without the fields that no answer is about.
"""

import argparse
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import CRD, KUBERNETES_KINDS, OTHER_KINDS
from flux_mcp.api.unstructured import at, items, number, text
from flux_mcp.sanitize.project import project
from tests.cases.case import CASES

MOST_BYTES: Final = 30_000
"""Bytes of the recording of one case."""
_DROPPED: Final = frozenset(
    {
        "uid",
        "resourceVersion",
        "managedFields",
        "selfLink",
        "qosClass",
        "imagePullPolicy",
        "revisionHistoryLimit",
        "progressDeadlineSeconds",
        "imageID",
        "containerID",
        "terminationMessagePath",
        "resources",
        "volumeMounts",
        "tolerations",
        "lastProbeTime",
        "podIP",
        "hostIP",
        "startTime",
        "dnsPolicy",
        "restartPolicy",
        "schedulerName",
        "terminationGracePeriodSeconds",
    }
)
_LABELS: Final = frozenset({"app.kubernetes.io/instance", "app.kubernetes.io/component", "control-plane"})
_ORDER: Final = tuple(kind.resource for kind in (*FLUX_KINDS, *KUBERNETES_KINDS, *OTHER_KINDS))
_KEPT_EMPTY: Final = frozenset({"pods", "events", "replicasets.apps", "deployments.apps"})
"""What is written even where it is empty: that there is none is a fact."""


def trimmed(node: Any) -> Any:
    """JSON without the fields that no answer is about, and without empty ones."""
    if isinstance(node, dict):
        cut = {key: trimmed(value) for key, value in node.items() if key not in _DROPPED | _LABELS}
        return {key: value for key, value in cut.items() if value not in ({}, [], "")}
    return [trimmed(value) for value in node] if isinstance(node, list) else node


def needless(item: dict[str, Any]) -> bool:
    """Whether it is a Pod or ReplicaSet of a Flux controller of which nothing is to be said."""
    named = re.match(r"(?:source|kustomize|helm|notification|image-\w+)-controller-", text(item, "metadata", "name"))
    pods = number(item, "status", "readyReplicas") or len(items(item, "status", "containerStatuses"))
    ready = all(
        at(one, "ready") and not number(one, "restartCount") for one in items(item, "status", "containerStatuses")
    )
    return text(item, "kind") in {"Pod", "ReplicaSet"} and named is not None and pods > 0 and ready


def lines(found: list[Any]) -> Iterator[str]:
    yield '{"kind": "List", "apiVersion": "v1", "items": ['
    yield ",\n".join(json.dumps(item, separators=(",", ":"), ensure_ascii=False) for item in found)
    yield "]}"


def trim(source: Path, target: Path, without: frozenset[str]) -> None:
    """Write what a case needs of a recording."""
    target.mkdir(parents=True)
    served = []
    for path in sorted(source.glob("*.json"), key=lambda path: _ORDER.index(path.stem) if path.stem in _ORDER else 99):
        if path.stem in {"recording", "version", "configmaps", CRD.resource} | without:
            continue
        found = [item for item in json.loads(path.read_text()).get("items", []) if not needless(item)]
        if not found and path.stem not in _KEPT_EMPTY:
            continue
        served.append(path.stem)
        written = "\n".join(filter(None, lines([trimmed(project(item)) for item in found])))
        (target / path.name).write_text(written + "\n")
    if (source / "logs").is_dir():
        shutil.copytree(source / "logs", target / "logs")
    about = source / "recording.json"
    told = json.loads(about.read_text()) if about.exists() else {}
    kept = {key: told[key] for key in ("recordedAt", "context", "user", "unreadable") if key in told}
    (target / "recording.json").write_text(json.dumps({**kept, "served": served}, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.cases.trim")
    parser.add_argument("recording", type=Path)
    parser.add_argument("name")
    parser.add_argument("--without", action="append", default=[], metavar="PLURAL.GROUP")
    options = parser.parse_args()
    trim(options.recording, CASES / options.name / "recording", frozenset(options.without))
