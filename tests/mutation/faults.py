"""Faults in a module: every mutant of its source, with a name that stays the same while the code around it changes."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.mutation.patterns import faulty

_COMPARED: dict[type, type] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COMPUTED: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
}
_METHODS = {
    "fullmatch": "match",
    "match": "search",
    "search": "match",
    "startswith": "endswith",
    "endswith": "startswith",
    "lower": "upper",
    "upper": "lower",
    "strip": "lstrip",
    "partition": "rpartition",
    "rpartition": "partition",
    "any": "all",
    "all": "any",
}
_UNTOUCHED = {"__all__", "__slots__", "T"}
SENTENCE = 3
"""Blanks in a text that make it a sentence."""
_SHOWN = 90
"""Characters of a node in a name."""
_HOLE = "\ue000"
"""Stands in a pattern for a value that is put into it."""


class Mutant(NamedTuple):
    """A module with one fault.

    Attributes:
        name: where the fault is, what stood there, and what stands there now.
    """

    name: str
    source: str


class _Site(NamedTuple):
    """A place in the tree: the value of a field of a node, or one entry of it, and what could stand there."""

    where: str
    node: ast.AST
    field: str
    place: int | None
    instead: ast.AST | None
    """None leaves the entry out."""
    told: str = ""
    """What changes, where that is less than the whole node."""


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a module."""
    return [Mutant(name, ast.unparse(ast.fix_missing_locations(tree))) for name, tree in _changed(source)]


def names(source: str) -> list[str]:
    """The names of every mutant of a module."""
    return [name for name, _ in _changed(source)]


def _changed(source: str) -> Iterator[tuple[str, ast.Module]]:
    """The name of each mutant and its tree, which is the same one every time and changed back afterwards."""
    tree = ast.parse(source)
    named: Counter[str] = Counter()
    for site in list(_sites(tree, "", _pattern_names(tree))):
        before = _put(site, site.instead)
        told = f"{site.where}: {site.told or f'{_short(before)} → {_short(site.instead)}'}"
        named[told] += 1
        yield told if named[told] == 1 else f"{told} #{named[told]}", tree
        _restore(site, before)


def _put(site: _Site, instead: Any) -> Any:
    value = getattr(site.node, site.field)
    if site.place is None:
        setattr(site.node, site.field, instead)
        return value
    before = value[site.place]
    value[site.place : site.place + 1] = [] if instead is None else [instead]
    return before


def _restore(site: _Site, before: Any) -> None:
    if site.place is None:
        setattr(site.node, site.field, before)
    elif site.instead is None:
        getattr(site.node, site.field).insert(site.place, before)
    else:
        getattr(site.node, site.field)[site.place] = before


def _short(node: Any) -> str:
    """A node on one line."""
    if node is None:
        return "nothing"
    if isinstance(node, ast.operator | ast.cmpop | ast.boolop):
        return type(node).__name__
    text = ascii(" ".join((node if isinstance(node, str) else ast.unparse(node)).split()))[1:-1]
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}…{text[-_SHOWN // 2 :]}"


def _is_pattern_call(node: ast.AST) -> bool:
    """Whether a node is `re.compile(…)` or its kin."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
    )


def _pattern_names(tree: ast.AST) -> frozenset[str]:
    """The names of the pieces that are put into patterns."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_pattern_call(node) and node.args]
    holes = [part for call in calls for part in ast.walk(call.args[0]) if isinstance(part, ast.FormattedValue)]
    return frozenset(hole.value.id for hole in holes if isinstance(hole.value, ast.Name))


def _sites(  # noqa: C901, PLR0912 (one walk)
    node: ast.AST, where: str, patterns: frozenset[str], above: ast.AST | None = None
) -> Iterator[_Site]:
    """Every place below a node where something else could stand."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        where = f"{where}.{node.name}".lstrip(".")
    if isinstance(node, ast.ClassDef) and any(isinstance(base, ast.Name) and "Enum" in base.id for base in node.bases):
        return  # Its values are an order, and whoever holds a member of it would hold another one.
    if isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        name = target.id if isinstance(target, ast.Name) else ""
        if name in _UNTOUCHED or node.value is None:
            return
        where = where or name
        if name in patterns:
            yield from _in_pattern(node, "value", None, where)
            return
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "bases", "type_params", "ctx", "names"}:
            continue
        entries = value if isinstance(value, list) else [value]
        for index, entry in enumerate(entries):
            if not isinstance(entry, ast.AST):
                continue
            at = index if isinstance(value, list) else None
            if _is_pattern_call(node) and field == "args" and index == 0:
                yield from _in_pattern(node, field, at, where)
                continue
            if not _is_docstring(entry):
                yield from (_Site(where, node, field, at, other) for other in _others(entry, node, field))
            if field == "elts" and _loses_entries(node, above):
                yield _Site(where, node, field, at, None)
            if not _is_docstring(entry):
                yield from _sites(entry, where, patterns, node)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _in_pattern(node: ast.AST, field: str, index: int | None, where: str) -> Iterator[_Site]:
    """The faults of a pattern, which may have values put into it."""
    value = getattr(node, field)
    pattern = value if index is None else value[index]
    parts = pattern.values if isinstance(pattern, ast.JoinedStr) else [pattern]
    if not all(isinstance(part, ast.Constant | ast.FormattedValue) for part in parts):
        return
    holes = [part for part in parts if not isinstance(part, ast.Constant)]
    is_bytes = isinstance(parts[0], ast.Constant) and isinstance(parts[0].value, bytes)
    text = "".join(_HOLE if not isinstance(part, ast.Constant) else _decoded(part.value) for part in parts)
    for start, end, instead in faulty(text):
        changed = text[:start] + instead + text[end:]
        if changed.count(_HOLE) != len(holes):
            continue
        told = f"/{_around(text, start, end)}/ → {ascii(instead)[1:-1] or 'nothing'}"
        yield _Site(where, node, field, index, _joined(changed, holes, is_bytes=is_bytes), told)


def _decoded(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _around(text: str, start: int, end: int) -> str:
    """A piece of a pattern, with a little of what stands before and behind it."""
    shown = f"{text[max(0, start - 12) : start]}«{text[start:end]}»{text[end : end + 8]}"
    return "".join(c if c in "«»" else ascii(c)[1:-1] for c in shown.replace(_HOLE, "{}"))


def _joined(text: str, holes: Sequence[ast.expr], *, is_bytes: bool) -> ast.expr:
    """The node of a pattern, with values put into it."""
    if not holes:
        return ast.Constant(text.encode("latin-1") if is_bytes else text)
    values: list[ast.expr] = []
    for number, piece in enumerate(text.split(_HOLE)):
        values += [*([holes[number - 1]] if number else []), *([ast.Constant(piece)] if piece else [])]
    return ast.JoinedStr(values)


def _others(  # noqa: C901, PLR0912 (one case a fault)
    node: ast.AST, parent: ast.AST, field: str
) -> Iterator[ast.AST | None]:
    """What could stand in the place of a node; None where it could be left out."""
    match node:
        case ast.Constant() if not (node.value is None and isinstance(parent, ast.Compare)):
            yield from _other_values(node.value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(op=op) if type(op) in _COMPUTED:
            yield _with(node, op=_COMPUTED[type(op)]())
        case ast.Compare(ops=[op]) if type(op) in _COMPARED:
            yield _with(node, ops=[_COMPARED[type(op)]()])
        case ast.Compare(ops=[first, *rest]) if rest:
            yield from (_with(node, ops=[other, *rest]) for other in [_COMPARED[type(first)]()])
            yield _with(node, ops=[first, *(_COMPARED[type(op)]() for op in rest)])
        case ast.BoolOp(op=op, values=values):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
            yield from (_with(node, values=[*values[:n], *values[n + 1 :]]) for n in range(len(values)))
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Attribute(attr=name) if name in _METHODS and isinstance(parent, ast.Call):
            yield _with(node, attr=_METHODS[name])
        case ast.Name(id=name) if name in _METHODS and isinstance(parent, ast.Call) and field == "func":
            yield ast.Name(_METHODS[name], ast.Load())
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.keyword() if isinstance(parent, ast.Call):
            yield None
    if isinstance(parent, ast.comprehension) and field == "ifs":
        yield None


def _loses_entries(node: ast.AST, above: ast.AST | None) -> bool:
    """Whether a node is a collection that could do with an entry less; the rows of a table could not."""
    collection = isinstance(node, ast.Set) or (
        isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load)
    )
    return collection and not isinstance(above, ast.Tuple | ast.List | ast.Subscript | ast.Assign | ast.For)


def _other_values(value: object) -> Iterator[ast.AST]:
    """Of a sentence none: its wording is no rule."""
    match value:
        case bool():
            yield ast.Constant(not value)
        case int() | float():
            yield ast.Constant(value + 1)
        case None:
            yield ast.Constant("")
        case str() if value.count(" ") < SENTENCE:
            yield ast.Constant(f"XX{value}XX")


def _with(node: ast.AST, **changed: Any) -> ast.AST:
    fields = {**dict(ast.iter_fields(node)), **changed}
    return type(node)(**fields)
