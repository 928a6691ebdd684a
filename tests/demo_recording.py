"""`python -m tests.demo_recording` writes flux_mcp/demo/, the recording of `fluxcd-mcp demo`, from fixtures/staging.

It is masked as answers are, without what no answer needs, and small enough to be in every wheel.
"""

import json
import shutil
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import CONFIG_MAP, CRD, KUBERNETES_KINDS
from flux_mcp.sanitize.project import project
from tests.support.fake import FIXTURES, ROOT

DEMO: Final = ROOT / "flux_mcp" / "demo"
STAGING: Final = FIXTURES / "staging"
MOST_BYTES: Final = 430_000
_DROPPED: Final = frozenset({"uid", "managedFields", "selfLink", "resourceVersion", "generateName", "containerID"})
_KINDS: Final = (*FLUX_KINDS, *(kind for kind in KUBERNETES_KINDS if kind != CONFIG_MAP))


def files() -> dict[str, str]:
    """The files of the recording: name → text."""
    made = {
        "version.json": json.dumps(json.loads((STAGING / "version.json").read_text()), separators=(",", ":")) + "\n"
    }
    seen: set[tuple[str, ...]] = set()
    for kind in _KINDS:
        path = STAGING / f"{kind.resource}.json"
        if path.exists():
            items = json.loads(path.read_text())["items"]
            kept = [_trimmed(item if kind == CRD else project(item)) for item in items if not _is_repeated(item, seen)]
            made[path.name] = (
                json.dumps({"apiVersion": "v1", "kind": "List", "items": kept}, separators=(",", ":")) + "\n"
            )
    about = {"recordedAt": "2026-11-22T09:27:06Z", "context": "staging", "user": "admin"}
    made["recording.json"] = json.dumps(about, separators=(",", ":")) + "\n"
    return made


def _is_repeated(item: dict[str, Any], seen: set[tuple[str, ...]]) -> bool:
    """Whether it is an Event like one before it; the API server has the newest last."""
    if item.get("kind") != "Event":
        return False
    about = item["involvedObject"]
    key = (about["kind"], about.get("namespace", ""), about["name"], item["reason"], item.get("type", ""))
    repeated = key in seen and item.get("type") == "Normal"
    seen.add(key)
    return repeated


def _trimmed(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _trimmed(value) for key, value in node.items() if key not in _DROPPED}
    return [_trimmed(value) for value in node] if isinstance(node, list) else node


if __name__ == "__main__":
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    for name, text in files().items():
        (DEMO / name).write_text(text, encoding="utf-8")
