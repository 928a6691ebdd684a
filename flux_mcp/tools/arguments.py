"""The parameters of the tools: their types, what they allow, and the sentence for what they do not.

A parameter's `title` is what is allowed, for the sentence of a refusal; it is not published. Names, types and
descriptions are published as the tool's JSON schema.
"""

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from flux_mcp.errors import BadArgument
from flux_mcp.flux.checking import Severity
from flux_mcp.flux.kinds import FLUX_KINDS, WORKLOAD_KINDS, FluxKind, Kind, find_kind, find_known
from flux_mcp.flux.reconciling import SOURCE_KINDS
from flux_mcp.flux.status import Verdict, find_verdict
from flux_mcp.kubectl.command import (
    check_api_version,
    check_container,
    check_context,
    check_dns_name,
    check_kind,
    check_namespace,
    check_path_segment,
    check_selector,
    check_substring,
    echo,
)

__all__ = [
    "AtLeast",
    "Contains",
    "Context",
    "Force",
    "ImageContains",
    "Kinds",
    "Limit",
    "NameContains",
    "Namespace",
    "OneContainer",
    "OneKind",
    "OneName",
    "OneNamespace",
    "OnlyFluxKind",
    "OnlyFluxName",
    "OnlyKind",
    "OnlyName",
    "Previous",
    "Reset",
    "Selector",
    "Since",
    "SourceKinds",
    "Status",
    "Tail",
    "TheNamespace",
    "WaitSeconds",
    "WarningsOnly",
    "WithSource",
    "WorkloadKinds",
    "argument_model",
    "check_target",
    "published_schema",
    "to_kinds",
    "to_seconds",
    "to_severity",
    "to_sources",
    "to_verdicts",
    "to_workload_kinds",
    "validate",
]

MAX_LIMIT: Final = 500
MAX_TAIL: Final = 2000
MAX_WAIT: Final = 600
TROUBLE: Final = "trouble"
_SOURCES: Final = ", ".join(kind.kind for kind in SOURCE_KINDS)
_SINCE: Final = re.compile(r"([0-9]{1,4})([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_SINCE: Final = 30 * _UNITS["d"]


def _split(given: object) -> object:
    """Take a list that came as one text: a JSON array, or values between commas."""
    if not isinstance(given, str):
        return given
    try:
        parsed = json.loads(given)
    except ValueError:
        parsed = None
    return parsed if isinstance(parsed, list) else given.split(",")


def _number(given: object) -> object:
    """A boolean is not a number, though Python says so."""
    if isinstance(given, bool):
        raise ValueError("not a number")  # noqa: TRY004 (pydantic reports it as a bad argument)
    return given


def _boolean(given: object) -> object:
    """Only true and false, as a command line writes them too: pydantic would take 1, yes and on."""
    if isinstance(given, str) and given.lower() in {"true", "false"}:
        return given.lower() == "true"
    if not isinstance(given, bool):
        raise ValueError("not a boolean")  # noqa: TRY004 (pydantic reports it as a bad argument)
    return given


def _checked(check: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(lambda given: None if given is None else check(given))


def to_kinds(spellings: Sequence[str] | None, argument: str = "kinds") -> tuple[FluxKind, ...]:
    """The Flux kinds of these spellings, in the table's order; all of them for None.

    Raises:
        BadArgument: a spelling is not that of a Flux kind; the allowed ones are named.
    """
    if spellings is None:
        return FLUX_KINDS
    if not spellings:
        raise BadArgument(argument, "must name at least one kind; leave it out for all")
    wanted = set()
    for spelling in spellings:
        kind = find_kind(spelling)
        if kind is None:
            allowed = ", ".join(entry.kind for entry in FLUX_KINDS)
            raise BadArgument(
                argument, f"must be of the Flux kinds {allowed} (or a plural or short name), not {echo(spelling)}"
            )
        wanted.add(kind)
    return tuple(kind for kind in FLUX_KINDS if kind in wanted)


def to_workload_kinds(spellings: Sequence[str] | None, argument: str = "kinds") -> tuple[Kind, ...]:
    """The kinds of workloads of these spellings, in the table's order; all of them for None.

    Raises:
        BadArgument: a spelling is not that of one; the allowed ones are named.
    """
    if spellings is None:
        return WORKLOAD_KINDS
    if not spellings:
        raise BadArgument(argument, "must name at least one kind; leave it out for all")
    wanted = set()
    for spelling in spellings:
        kind = find_known(spelling)
        if kind is None or kind not in WORKLOAD_KINDS:
            allowed = ", ".join(entry.kind for entry in WORKLOAD_KINDS)
            raise BadArgument(argument, f"must be of {allowed}, not {echo(spelling)}")
        wanted.add(kind)
    return tuple(kind for kind in WORKLOAD_KINDS if kind in wanted)


def to_sources(spellings: Sequence[str] | None, argument: str = "kinds") -> tuple[FluxKind, ...]:
    """The source kinds of these spellings, in the table's order; all of them for None.

    Raises:
        BadArgument: a spelling is not that of a source; the allowed ones are named.
    """
    wanted = SOURCE_KINDS if spellings is None else to_kinds(spellings, argument)
    for kind in wanted:
        if kind not in SOURCE_KINDS:
            raise BadArgument(argument, f"must be of the sources {_SOURCES}, not {kind.kind}")
    return wanted


def to_verdicts(spellings: Sequence[str] | None, argument: str = "status") -> tuple[frozenset[Verdict], bool]:
    """The verdicts of these spellings, and whether `trouble` is among them.

    Raises:
        BadArgument: a spelling is neither; the allowed ones are named.
    """
    verdicts, trouble = set(), False
    if spellings is not None and not spellings:
        raise BadArgument(argument, "must name at least one verdict; leave it out for all")
    for spelling in spellings or ():
        verdict = find_verdict(spelling)
        if verdict is not None:
            verdicts.add(verdict)
        elif spelling.lower() == TROUBLE:
            trouble = True
        else:
            allowed = ", ".join(entry.value for entry in Verdict)
            raise BadArgument(argument, f"must be of {allowed} or {TROUBLE}, not {echo(spelling)}")
    return frozenset(verdicts), trouble


def to_severity(spelling: str | None, argument: str = "severity") -> Severity:
    """The severity of this spelling, in any case; medium for None.

    Raises:
        BadArgument: it is none; the allowed ones are named.
    """
    if spelling is None:
        return Severity.MEDIUM
    found = next((one for one in Severity if one.value == spelling.lower()), None)
    if found is None:
        raise BadArgument(argument, f"must be of {', '.join(one.value for one in Severity)}, not {echo(spelling)}")
    return found


def to_seconds(since: str | None, argument: str = "since") -> int | None:
    """Seconds of `45s`, `10m`, `2h` or `3d`; None for None.

    Raises:
        BadArgument: it is written otherwise, nothing, or more than 30 days.
    """
    if since is None:
        return None
    match = _SINCE.fullmatch(since)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < seconds <= MAX_SINCE:
        raise BadArgument(argument, f"must be a time such as 45s, 10m, 2h or 3d, at most 30d, not {echo(since)}")
    return seconds


def check_target(kind: Kind | None, name: str | None, namespace: str | None) -> None:
    """Whether a kind, a name and a namespace fit together.

    Args:
        kind: None where only the API server knows it: its names are any path segment.
        name: as OneName takes it.
        namespace: None where it was left out.

    Raises:
        BadArgument: they do not.
    """
    if kind is None:
        return
    if not kind.namespaced and namespace is not None:
        raise BadArgument("namespace", f"must be left out: {kind.kind} is not in a namespace")
    if name is not None:
        check_dns_name(name)


Context = Annotated[
    str | None,
    _checked(check_context),
    Field(title="the name of a context", description="kubeconfig context; default: the one in use"),
]
Namespace = Annotated[
    str | None, _checked(check_namespace), Field(title="the name of a namespace", description="default: all")
]
Kinds = Annotated[
    list[str] | None,
    BeforeValidator(_split),
    AfterValidator(lambda given: given if given is None else (to_kinds(given), given)[1]),
    Field(title="a list of Flux kinds", description="Flux kinds, e.g. Kustomization, HelmRelease; default: all"),
]
WorkloadKinds = Annotated[
    list[str] | None,
    BeforeValidator(_split),
    AfterValidator(lambda given: given if given is None else (to_workload_kinds(given), given)[1]),
    Field(title="a list of kinds of workloads", description="e.g. Deployment, CronJob; default: all"),
]
Status = Annotated[
    list[str] | None,
    BeforeValidator(_split),
    AfterValidator(lambda given: given if given is None else (to_verdicts(given), given)[1]),
    Field(title="a list of verdicts", description=f"verdicts, e.g. Failing, Suspended, or {TROUBLE}"),
]
NameContains = Annotated[
    str | None,
    _checked(lambda given: check_substring(given, "name_contains")),
    Field(title="a text", description="part of the name"),
]
ImageContains = Annotated[
    str | None,
    _checked(lambda given: check_substring(given, "image_contains")),
    Field(title="a text", description="part of an image"),
]
Selector = Annotated[
    str | None, _checked(check_selector), Field(title="a label selector", description="label selector")
]
Limit = Annotated[
    Annotated[int, Field(ge=1, le=MAX_LIMIT)] | None,
    BeforeValidator(_number),
    Field(title=f"a whole number from 1 to {MAX_LIMIT}", description="objects; default: what fits"),
]


AtLeast = Annotated[
    str | None,
    _checked(lambda given: (to_severity(given), given)[1]),
    Field(title="high, medium or low", description="high, medium or low: that and worse; default: medium"),
]
OneKind = Annotated[str, _checked(check_kind), Field(title="a kind", description="e.g. Pod, or plural.group")]
OnlyKind = Annotated[str | None, _checked(check_kind), Field(title="a kind", description="of the object")]
OneFluxKind = Annotated[
    str,
    AfterValidator(lambda given: (to_kinds([given], "kind"), given)[1]),
    Field(title="a Flux kind", description="Flux kind, e.g. Kustomization"),
]
OnlyFluxKind = Annotated[
    str | None,
    AfterValidator(lambda given: given if given is None else (to_kinds([given], "kind"), given)[1]),
    Field(title="a Flux kind", description="Flux kind; default: all"),
]
OnlyFluxName = Annotated[
    str | None, _checked(check_dns_name), Field(title="an object's name", description="its name; needs kind")
]
FluxName = Annotated[str, _checked(check_dns_name), Field(title="an object's name", description="its name")]
ApiVersion = Annotated[
    str | None,
    _checked(check_api_version),
    Field(title="an API version", description="apps/v1, v1: where several groups have the kind"),
]
OneName = Annotated[str, _checked(check_path_segment), Field(title="an object's name", description="its name")]
OnlyName = Annotated[
    str | None, _checked(check_path_segment), Field(title="an object's name", description="of the object")
]
OneNamespace = Annotated[
    str | None,
    _checked(check_namespace),
    Field(title="the name of a namespace", description="default: where the name is"),
]
OneContainer = Annotated[
    str | None,
    _checked(check_container),
    Field(title="the name of a container", description="default: all"),
]
Since = Annotated[
    str | None,
    _checked(lambda given: (to_seconds(given), given)[1]),
    Field(title="a time", description="e.g. 45s, 10m, 2h, 3d"),
]
Contains = Annotated[
    str | None,
    _checked(lambda given: check_substring(given, "contains")),
    Field(title="a text", description="a text in it"),
]
Tail = Annotated[
    Annotated[int, Field(ge=1, le=MAX_TAIL)] | None,
    BeforeValidator(_number),
    Field(title=f"a whole number from 1 to {MAX_TAIL}", description="lines; default: 100"),
]
WarningsOnly = Annotated[bool, BeforeValidator(_boolean), Field(title="true or false", description="default: false")]
Previous = Annotated[
    bool, BeforeValidator(_boolean), Field(title="true or false", description="before the last restart")
]
TheNamespace = Annotated[
    str, _checked(check_namespace), Field(title="the name of a namespace", description="where it is")
]
SourceKinds = Annotated[
    list[str] | None,
    BeforeValidator(_split),
    AfterValidator(lambda given: given if given is None else (to_sources(given), given)[1]),
    Field(title="a list of kinds of sources", description="e.g. GitRepository; default: all sources"),
]
WithSource = Annotated[
    bool, BeforeValidator(_boolean), Field(title="true or false", description="its source first, then it")
]
Force = Annotated[
    bool,
    BeforeValidator(_boolean),
    Field(title="true or false", description="HelmRelease: upgrade even in sync; InputProvider: off schedule"),
]
Reset = Annotated[
    bool, BeforeValidator(_boolean), Field(title="true or false", description="HelmRelease: failure counters to 0")
]
WaitSeconds = Annotated[
    int,
    Field(ge=0, le=MAX_WAIT),
    BeforeValidator(_number),
    Field(title=f"a whole number from 0 to {MAX_WAIT}", description="0: only ask"),
]


def argument_model(function: Callable[..., object], *, without: frozenset[str]) -> type[BaseModel]:
    """A model of a tool's parameters, which refuses unknown arguments.

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
    return {dict: "an object", list: "a list", type(None): "null"}.get(type(given), str(given)[:40])
