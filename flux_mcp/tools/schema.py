"""From a tool's signature to the model of its arguments, its published schema, and the sentence of a refusal."""

import copy
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo

from flux_mcp.errors import BadArgument
from flux_mcp.kubectl.validate import echo

LONG_NUMBER: Final = 10**20
"""From here on a number that does not fit is not repeated."""


@functools.cache
def argument_model(function: Callable[..., object], *, without: frozenset[str]) -> type[BaseModel]:
    """A model of a tool's parameters, which refuses unknown arguments; made once, since that takes a while.

    Args:
        function: the tool.
        without: parameters that callers do not have.
    """
    fields: dict[str, Any] = {
        name: (parameter.annotation, ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in without
    }
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)


def published_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model, without what costs tokens and tells nothing: titles, null, null defaults."""
    return copy.deepcopy(_published(model))


@functools.cache
def _published(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    properties = {name: _slim(entry) for name, entry in schema.get("properties", {}).items()}
    slim = {"type": "object", "properties": properties, "additionalProperties": False}
    return slim | ({"required": schema["required"]} if schema.get("required") else {})


def _slim(entry: Mapping[str, Any]) -> dict[str, Any]:
    slim = {key: found for key, found in entry.items() if key not in {"title", "anyOf"} and found is not None}
    for choice in entry.get("anyOf", ()):
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
        checked = model.model_validate(dict(arguments))
    except ValidationError as error:
        raise _refusal(model, error) from None
    return {name: getattr(checked, name) for name in model.model_fields}


def _refusal(model: type[BaseModel], error: ValidationError) -> BadArgument:
    first = error.errors(include_url=False)[0]
    argument = str(first["loc"][0]) if first["loc"] else "arguments"
    takes = ", ".join(model.model_fields) or "no arguments"
    if first["type"] == "extra_forbidden":
        return BadArgument(echo(argument), f"is not an argument of {model.__name__}, which takes {takes}")
    if first["type"] == "missing":
        return BadArgument(argument, f"is required by {model.__name__}, which takes {takes}")
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
