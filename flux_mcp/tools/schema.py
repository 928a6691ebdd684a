"""From a tool's signature to the model of its arguments, its published schema, and the sentence of a refusal."""

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError, create_model
from pydantic.fields import FieldInfo

from flux_mcp.api.kinds import find_kind
from flux_mcp.errors import BadArgument
from flux_mcp.kubectl.validate import echo, nearest

LONG_NUMBER: Final = 10**20
"""From here on a number that does not fit is not repeated."""


_OURS: Final = frozenset({"cluster", "waiter"})
"""Parameters that the Toolbox fills."""


@functools.cache
def argument_model(function: Callable[..., object], *, without: frozenset[str]) -> type[BaseModel]:
    """A model of a tool's parameters, which refuses unknown arguments; made once, since that takes a while.

    `without` are parameters that callers do not have, beside those that no caller has.
    """
    fields: dict[str, Any] = {
        name: (_plain(parameter.annotation), ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in without | _OURS
    }
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)


def _plain(annotation: Any) -> Any:  # noqa: ANN401 (whatever a signature holds)
    """A type without what its validator makes: pydantic would build a schema of that too, a third of the start."""
    metadata = getattr(annotation, "__metadata__", ())
    return Annotated[Any, *metadata] if any(isinstance(each, PlainValidator) for each in metadata) else annotation


def published_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model, without what costs tokens and says nothing: titles, null, null defaults."""
    schema = model.model_json_schema()
    properties = {name: _slim(definition) for name, definition in schema.get("properties", {}).items()}
    slim = {"type": "object", "properties": properties, "additionalProperties": False}
    return slim | ({"required": schema["required"]} if schema.get("required") else {})


def _slim(definition: Mapping[str, Any]) -> dict[str, Any]:
    slim = {key: found for key, found in definition.items() if key not in {"title", "anyOf"} and found is not None}
    for choice in definition.get("anyOf", ()):
        if choice.get("type") != "null":
            slim = {**choice, **slim}
    if slim.get("default") is False:
        del slim["default"]
    return slim


def validate(model: type[BaseModel], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the tool takes them.

    Raises:
        BadArgument: one does not fit; the sentence names it and what is allowed.
    """
    try:
        checked = model.model_validate(_split_target(model, arguments))
    except ValidationError as error:
        raise _refusal(model, error) from None
    return {name: getattr(checked, name) for name in model.model_fields}


def _split_target(model: type[BaseModel], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """`Kind/name`, `namespace/name` and `Kind/namespace/name`, written for kind or name, as arguments of their own.

    No kind and no name holds a slash. Two parts of a name are a kind and a name where kind is left out. For kind they
    must begin with one of Flux: `pods/log` is a subresource, and no kind.

    Raises:
        BadArgument: a part differs from an argument that is given too.
    """
    found = dict(arguments)
    for argument in ("name", "kind"):
        given = found.get(argument)
        parts = given.split("/") if isinstance(given, str) else ()
        if (
            argument not in model.model_fields
            or not 1 < len(parts) <= len(_TARGET)
            or not all(map(_PART.fullmatch, parts))
        ):
            continue
        if argument == "kind" and find_kind(parts[0]) is None:
            continue
        kind = found.get("kind") or parts[0]
        same_kind = isinstance(kind, str) and kind.lower() == parts[0].lower()
        of_kind = argument == "kind" or ("kind" in model.model_fields and same_kind)
        names = _TARGET if len(parts) == len(_TARGET) else ("kind", "name") if of_kind else ("namespace", "name")
        del found[argument]
        for name, part in zip(names, parts, strict=True):
            other = found.get(name)
            if not isinstance(other, str | None):
                continue  # The model refuses it.
            if other is not None and other.lower() != part.lower():
                raise BadArgument(
                    argument, f"must be one with {name} {echo(other)}, which is given too, not {_shown(given)}"
                )
            found[name] = part
    return found


_TARGET: Final = ("kind", "namespace", "name")
_PART: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def _refusal(model: type[BaseModel], error: ValidationError) -> BadArgument:
    first = error.errors(include_url=False)[0]
    argument = str(first["loc"][0]) if first["loc"] else "arguments"
    takes = ", ".join(model.model_fields) or "no arguments"
    if first["type"] == "extra_forbidden":
        near = nearest(argument, model.model_fields)
        return BadArgument(echo(argument), f"not an argument of {model.__name__}, which takes {takes}{near}")
    if first["type"] == "missing":
        return BadArgument(argument, f"required by {model.__name__}, which takes {takes}")
    field = model.model_fields.get(argument)
    return BadArgument(argument, f"must be {_allowed(field)}, not {_shown(first['input'])}")


def _allowed(field: FieldInfo | None) -> str:
    return field.title if field is not None and field.title else "of another type"


def _shown(given: object) -> str:
    if isinstance(given, str):
        return echo(given)
    if isinstance(given, int) and abs(given) >= LONG_NUMBER:
        return "a longer number"  # Python itself refuses to write down one of more than 4,300 digits
    names = {dict: "an object", list: "a list", type(None): "null"}
    return names[type(given)] if type(given) in names else str(given)[:40]
