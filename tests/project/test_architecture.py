"""The layers of docs/architecture.md: which package may import which, and that every module has its line there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flux_mcp.flux.graph_algorithms import components
from tests.support.fake import ROOT

PACKAGE = ROOT / "flux_mcp"
LAYERS = (
    ("flux_mcp", "errors"),
    ("api",),
    ("sanitize",),
    ("request", "settings"),
    ("kubernetes",),
    ("flux",),
    ("audit", "changes", "compare", "diagnosis"),
    ("kubectl",),
    ("cluster",),
    ("reconcile",),
    ("render",),
    ("recording", "rbac", "signals", "memory", "install"),
    ("tools", "worker", "apps"),
    ("guides", "command_frame"),
    ("server", "graph_command", "shell", "doctor"),
    ("cli",),
    ("__main__",),
)
"""From the bottom up: a package imports from its own layer's package and from those below."""
PURE = ("api", "sanitize", "kubernetes", "flux", "diagnosis", "audit", "changes", "compare")
IMPURE = ("anyio", "mcp", "mcp_types", "subprocess", "flux_mcp.kubectl", "flux_mcp.cluster.client")


def name_of(path: Path) -> str:
    """`flux_mcp.api.kinds` for its file, `flux_mcp.api` for the package's own."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (name for alias in node.names if (name := f"{node.module}.{alias.name}") in MODULES)


IMPORTED = {name: frozenset(imports(path)) for name, path in MODULES.items()}
OURS = {name: tuple(sorted(found & MODULES.keys() - {name})) for name, found in IMPORTED.items()}


def part_of(module: str) -> str:
    """The package, or the module at the top, that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def layer_of(module: str) -> int:
    (found,) = (number for number, layer in enumerate(LAYERS) if part_of(module) in layer)
    return found


def reached(module: str) -> frozenset[str]:
    """All that a module imports, directly or through others."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        for name in IMPORTED.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return frozenset(seen)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_from_a_layer_above_or_beside(module: str) -> None:
    upward = [
        name
        for name in OURS[module]
        if part_of(name) != part_of(module) and name != "flux_mcp" and layer_of(name) >= layer_of(module)
    ]
    assert upward == []


def test_no_modules_import_each_other() -> None:
    circles = [found for found in components(OURS) if len(found) > 1]
    assert circles == []


@pytest.mark.parametrize("module", [name for name in MODULES if part_of(name) in PURE])
def test_what_is_known_of_flux_starts_no_process_and_knows_no_protocol(module: str) -> None:
    """Also through what it imports: it can be tested, and read, without either."""
    forbidden = [name for name in reached(module) if any(name == one or name.startswith(f"{one}.") for one in IMPURE)]
    assert forbidden == []


@pytest.mark.parametrize("module", [name for name in MODULES if part_of(name) == "render"])
def test_what_writes_answers_reads_nothing_itself(module: str) -> None:
    """It is given the facts of cluster/ and reconcile/, which do read."""
    forbidden = [name for name in IMPORTED[module] if any(name == one or name.startswith(f"{one}.") for one in IMPURE)]
    assert forbidden == []


def test_one_file_starts_processes() -> None:
    starting = {"subprocess", "multiprocessing", "pty"}
    assert [name for name in MODULES if starting & IMPORTED[name]] == ["flux_mcp.kubectl.live"]


def test_every_module_has_a_line_in_the_documentation() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    described = set(re.findall(r"^\| `([\w/.]+)` \| \S", text, re.MULTILINE))
    there = {str(path.relative_to(PACKAGE)) for path in MODULES.values() if path.name != "__init__.py"}
    assert described == there, "run make docs"
