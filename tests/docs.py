"""The pages of docs/ and the files that are written from data: `make docs`. A test fails when one of them is stale."""

import ast
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from flux_mcp.diagnosis.catalog.failure import Failure, with_recreation
from flux_mcp.diagnosis.catalog.lookup import PLACES, failures
from flux_mcp.render.documents import FIELDS
from flux_mcp.tools.registry import TOOLS
from flux_mcp.tools.schema import argument_model, published_schema
from tests.support.fake import ROOT
from tests.support.rules_page import rules_page
from tests.support.tools_page import tools_page

_TITLES: Final = {
    "build": "Before anything is applied",
    "health": "Health checks",
    "helm": "Helm",
    "apply": "Applying",
    "sources": "Sources",
    "images": "Images",
    "notifications": "Notifications",
    "operator": "Flux Operator",
    "pods": "Pods",
    "state": "State of the cluster",
}


def failures_page() -> str:
    """docs/failures.md."""
    about = (
        f"The {len(failures())} failures that fluxcd-mcp recognizes. Search for the id, the reason or a part of the "
        "message. Written by `make docs` from flux_mcp/diagnosis/catalog/*.toml: change them there."
    )
    lines = [
        "# Failures",
        "",
        about,
        *(line for place in PLACES for line in _section(place)),
    ]
    return "\n".join(lines) + "\n"


def _section(place: str) -> Iterator[str]:
    yield from ("", f"## {_TITLES[place]}")
    for entry in failures():
        if entry.place == place:
            yield from ("", f"### {entry.id}", "")
            yield from (f"- {name}: {text}" for name, text in _facts(entry) if text)


def _facts(entry: Failure) -> Iterator[tuple[str, str]]:
    yield "cause", _escaped(entry.advice.cause)
    yield "fix", _escaped(with_recreation(entry.advice.fix))
    yield "kinds", ", ".join(entry.kinds)
    yield "reasons", ", ".join(entry.reasons)
    yield "message", _code(entry.pattern and entry.samples[0])
    yield "fields", ", ".join(f"`spec.{field}`" for field in entry.look)
    yield "shown by", "nothing in the status" if entry.silent else ""
    yield (
        "Flux versions",
        " ".join(filter(None, (entry.since and f"since {entry.since}", entry.until and f"until {entry.until}"))),
    )
    yield "source", f"<{entry.source}>"


def _escaped(text: str) -> str:
    return text.replace("_", "\\_").replace("[", "\\[").replace("<", "\\<").replace("*", "\\*")


def _code(text: str) -> str:
    """A message as code, on one line."""
    return f"`` {text} ``" if text else ""


_PACKAGE: Final = ROOT / "flux_mcp"


def json_page() -> str:
    """docs/json.md."""
    lines = [
        "# Answers as JSON",
        "",
        "`fluxcd-mcp call TOOL --output=json` prints the facts of an answer as fields, masked like its text. Fields are only",
        "ever added. Written by `make docs` from flux_mcp/render/documents.py: change it there.",
    ]
    for title, fields in FIELDS.items():
        lines += ["", f"## {title}", "", "| field | |", "|---|---|"]
        lines += [f"| `{name}` | {text} |" for name, text in fields.items()]
    return "\n".join(lines) + "\n"


_MODULES: Final = "<!-- Below: written by `make docs` from the first sentence of each module. -->\n"


def architecture_page() -> str:
    """docs/architecture.md: its prose as it stands, then a line for each module."""
    prose = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition(_MODULES)[0]
    folders = (_PACKAGE, *sorted(path for path in _PACKAGE.rglob("*") if (path / "__init__.py").exists()))
    return prose + _MODULES + "".join(_folder(path) for path in folders)


def _folder(path: Path) -> str:
    name = path.relative_to(_PACKAGE.parent).as_posix()
    rows = [
        f"| `{file.relative_to(_PACKAGE).as_posix()}` | {_sentence(file)} |"
        for file in sorted(path.glob("*.py"))
        if file.name != "__init__.py"
    ]
    head = f"\n### {name}/\n\n{_sentence(path / '__init__.py')}\n"
    return "\n".join((head, "| module | |", "|---|---|", *rows, "")) if rows else head


def _sentence(file: Path) -> str:
    """The first paragraph of a module's docstring, on one line.

    Raises:
        ValueError: it has none.
    """
    found = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    if not found:
        raise ValueError(f"{file} does not say what it is: give it a docstring")
    return _escaped(" ".join(found.split("\n\n")[0].split()).replace("|", "\\|"))


def published() -> str:
    """flux_mcp/tools/published.json: what a server says of its tools, so that it starts without importing them."""
    found = {}
    for tool in TOOLS:
        text = " ".join((inspect.getdoc(tool.function) or "").split("\n\n")[0].split())
        schema = published_schema(argument_model(tool.function, without=frozenset()))
        found[tool.name] = {"description": text, "schema": schema}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "flux_mcp/tools/published.json": published,
    "docs/architecture.md": architecture_page,
    "docs/json.md": json_page,
    "docs/failures.md": failures_page,
    "docs/rules.md": rules_page,
    "docs/tools.md": tools_page,
}
"""Path → what writes it."""


if __name__ == "__main__":
    for path, page in PAGES.items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(page(), encoding="utf-8")
