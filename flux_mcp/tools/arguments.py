"""The parameters of the tools: what a caller may write, and what the tool receives.

A kind arrives in the tool as a kind, a status as a health value, a time as seconds. A parameter's `title` is what is
allowed, for the sentence of an error; it is not published. Names, types and descriptions are published as the tool's
JSON schema.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind, Kind
from flux_mcp.api.kinds import find_kind, find_known
from flux_mcp.api.kubernetes_kinds import WORKLOAD_KINDS
from flux_mcp.audit.rule import Severity
from flux_mcp.errors import BadArgument
from flux_mcp.flux.status import TROUBLE, Health, ObjectStatus, find_health
from flux_mcp.flux.versions import TARGETS, Minor, minor, version_text
from flux_mcp.kubectl.validate import (
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
    nearest,
)
from flux_mcp.reconcile.outcome import SOURCE_KINDS

K = TypeVar("K", bound=Kind)

MAX_LIMIT: Final = 500
MAX_TAIL: Final = 2000
MAX_WAIT: Final = 600
ALL: Final = "all"
DEPENDENCIES: Final = "dependencies"
_SINCE: Final = re.compile(r"([0-9]{1,4})([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_SINCE: Final = 30 * _UNITS["d"]


@dataclass(frozen=True, slots=True)
class StatusFilter:
    """The objects that `status` asks for."""

    health: frozenset[Health]
    trouble: bool

    def fits(self, status: ObjectStatus) -> bool:
        return status.health in self.health or (self.trouble and status.trouble)


def _one_of(given: str, allowed: Sequence[str]) -> str:
    return f"must be one of {', '.join(allowed)}, not {echo(given)}{nearest(given, allowed)}"


def _split(given: object) -> list[str]:
    """A list of texts, also where it came as one text: a JSON array, or values separated by commas."""
    if isinstance(given, str):
        try:
            parsed = json.loads(given)
        except (ValueError, RecursionError):
            parsed = None
        given = parsed if isinstance(parsed, list) else given.split(",")
    if not isinstance(given, list) or not all(isinstance(element, str) for element in given):
        raise ValueError("not a list of texts")
    return given


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise ValueError("not a text")  # noqa: TRY004 (pydantic reports it as a bad argument)
    return given


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


def to_flux_kind(given: str, argument: str = "kind") -> FluxKind:
    """The Flux kind of a kind name, plural or short name, in any case.

    Raises:
        BadArgument: it is none; the allowed ones are named.
    """
    kind = find_kind(given)
    if kind is None:
        words = {word: entry.kind for entry in FLUX_KINDS for word in entry.spellings}
        known = find_known(given)
        hint = f". trace_kubernetes_resource takes a {known.kind}" if known else nearest(given, words, words)
        allowed = ", ".join(entry.kind for entry in FLUX_KINDS)
        raise BadArgument(
            argument, f"must be a Flux kind, one of {allowed}, or its plural or short name, not {echo(given)}{hint}"
        )
    return kind


def _workload_kind(given: str) -> Kind:
    kind = find_known(given)
    if kind not in WORKLOAD_KINDS:
        raise BadArgument("kinds", _one_of(given, [workload_kind.kind for workload_kind in WORKLOAD_KINDS]))
    return kind


def _source_kind(given: str) -> FluxKind:
    kind = to_flux_kind(given, "kinds")
    if kind not in SOURCE_KINDS:
        sources = ", ".join(source_kind.kind for source_kind in SOURCE_KINDS)
        raise BadArgument("kinds", f"must name sources ({sources}), not {kind.kind}")
    return kind


def _status(named: Sequence[str]) -> StatusFilter:
    health = set()
    for spelling in named:
        found = find_health(spelling)
        if found is not None:
            health.add(found)
        elif spelling.lower() != TROUBLE:
            raise BadArgument("status", _one_of(spelling, [*(health_value.value for health_value in Health), TROUBLE]))
    return StatusFilter(frozenset(health), any(spelling.lower() == TROUBLE for spelling in named))


def _severity(given: str) -> Severity:
    found = next((severity for severity in Severity if severity.value == given.lower()), None)
    if found is None:
        raise BadArgument("severity", _one_of(given, [severity.value for severity in Severity]))
    return found


def _edges(given: str) -> str:
    if given not in {ALL, DEPENDENCIES}:
        raise BadArgument("edges", _one_of(given, [ALL, DEPENDENCIES]))
    return given


def _target(given: str) -> Minor:
    """The minor version of Flux that an upgrade leads to."""
    found = minor(given)
    if found not in TARGETS:
        raise BadArgument("upgrade_to", _one_of(given, [version_text(target) for target in TARGETS]))
    return found


def to_seconds(given: str, argument: str = "since") -> int:
    """Seconds of `45s`, `10m`, `2h` or `3d`.

    Raises:
        BadArgument: it is written otherwise, zero, or more than 30 days.
    """
    match = _SINCE.fullmatch(given)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < seconds <= MAX_SINCE:
        raise BadArgument(argument, f"must be a time such as 45s, 10m, 2h or 3d, at most 30d, not {echo(given)}")
    return seconds


def _required(convert: Callable[[str], Any]) -> PlainValidator:
    return PlainValidator(lambda given: convert(_text(given)))


def _optional(convert: Callable[[str], Any]) -> PlainValidator:
    return PlainValidator(lambda given: None if given is None else convert(_text(given)))


def _list(what: str, convert: Callable[[Sequence[str]], Any]) -> PlainValidator:
    """A list of at least one; None for all."""

    def converted(given: object, info: ValidationInfo) -> object:
        if given is None:
            return None
        named = _split(given)
        if not named:
            raise BadArgument(str(info.field_name), f"must name at least one {what}; leave it out for all")
        return convert(named)

    return PlainValidator(converted)


def _kinds(kinds: Sequence[K], find: Callable[[str], K]) -> PlainValidator:
    """The kinds that a list names, in the order of the table."""

    def found(named: Sequence[str]) -> tuple[K, ...]:
        wanted = {find(spelling).kind for spelling in named}
        return tuple(kind for kind in kinds if kind.kind in wanted)

    return _list("kind", found)


def _checked(check: Callable[[str, str], str]) -> AfterValidator:
    def checked(given: str | None, info: ValidationInfo) -> str | None:
        return None if given is None else check(given, str(info.field_name))

    return AfterValidator(checked)


def _parameter(allowed: str, description: str, schema: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """What is allowed, what is published, and the published type where the tool receives another one."""
    more = (WithJsonSchema(schema),) if schema is not None else ()
    return (*more, Field(title=allowed, description=description))


_TEXT: Final = {"type": "string"}
_LIST: Final = {"type": "array", "items": {"type": "string"}}
_BOOLEAN: Final = BeforeValidator(_boolean)


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
    *_parameter("the name of a context", "kubeconfig context; default: the one in use"),
]
TheContext = Annotated[str, _checked(check_context), *_parameter("the name of a context", "context or recording")]
OtherContext = Annotated[str, _checked(check_context), *_parameter("the name of a context", "the other")]
Contexts = Annotated[
    tuple[str, ...] | None,
    _list("context", lambda named: tuple(check_context(name, "contexts") for name in named)),
    *_parameter("a list of names of contexts", "default: all, 20 at most", _LIST),
]
Namespace = Annotated[str | None, _checked(check_namespace), *_parameter("the name of a namespace", "default: all")]
OneNamespace = Annotated[
    str | None,
    _checked(check_namespace),
    *_parameter("the name of a namespace", "defaults to the only namespace with that name"),
]
TheNamespace = Annotated[str, _checked(check_namespace), *_parameter("the name of a namespace", "of the object")]

Kinds = Annotated[
    tuple[FluxKind, ...] | None,
    _kinds(FLUX_KINDS, lambda spelling: to_flux_kind(spelling, "kinds")),
    *_parameter("a list of Flux kinds", "Flux kinds, e.g. Kustomization, HelmRelease; default: all", _LIST),
]
WorkloadKinds = Annotated[
    tuple[Kind, ...] | None,
    _kinds(WORKLOAD_KINDS, _workload_kind),
    *_parameter("a list of kinds of workloads", "e.g. Deployment, CronJob; default: all", _LIST),
]
SourceKinds = Annotated[
    tuple[FluxKind, ...] | None,
    _kinds(SOURCE_KINDS, _source_kind),
    *_parameter("a list of kinds of sources", "e.g. GitRepository; default: all sources", _LIST),
]
OneFluxKind = Annotated[
    FluxKind, _required(to_flux_kind), *_parameter("a Flux kind", "Flux kind, e.g. Kustomization", _TEXT)
]
OnlyFluxKind = Annotated[
    FluxKind | None, _optional(to_flux_kind), *_parameter("a Flux kind", "Flux kind; default: all", _TEXT)
]
OneKind = Annotated[str, _checked(check_kind), *_parameter("a kind", "e.g. Pod, or plural.group")]
OnlyKind = Annotated[str | None, _checked(check_kind), *_parameter("a kind", "of the object")]
ApiVersion = Annotated[
    str | None,
    _checked(check_api_version),
    *_parameter("an API version", "apps/v1, v1: where several groups have the kind"),
]

FluxName = Annotated[str, _checked(check_dns_name), *_parameter("an object's name", "its name")]
OnlyFluxName = Annotated[str | None, _checked(check_dns_name), *_parameter("an object's name", "its name; needs kind")]
OneName = Annotated[str, _checked(check_path_segment), *_parameter("an object's name", "its name")]
OnlyName = Annotated[str | None, _checked(check_path_segment), *_parameter("an object's name", "of the object")]
OneContainer = Annotated[str | None, _checked(check_container), *_parameter("the name of a container", "default: all")]

Status = Annotated[
    StatusFilter | None,
    _list("health value", _status),
    *_parameter("a list of health values", f"health values, e.g. Failing, Suspended, or {TROUBLE}", _LIST),
]
AtLeast = Annotated[
    Severity,
    _required(_severity),
    *_parameter("high, medium or low", "high, medium or low: that and worse; default: medium", _TEXT),
]
UpgradeTo = Annotated[
    Minor | None,
    _optional(_target),
    *_parameter("a version of Flux", "a Flux version, e.g. 2.10: report what breaks or changes there instead", _TEXT),
]
Edges = Annotated[
    str | None,
    _optional(_edges),
    *_parameter("all or dependencies", f"all or {DEPENDENCIES}; default: all up to 40 edges", _TEXT),
]
Selector = Annotated[str | None, _checked(check_selector), *_parameter("a label selector", "label selector")]
NameContains = Annotated[str | None, _checked(check_substring), *_parameter("a text", "substring of the name")]
ImageContains = Annotated[str | None, _checked(check_substring), *_parameter("a text", "substring of an image")]
Contains = Annotated[str | None, _checked(check_substring), *_parameter("a text", "substring to match")]
_SECONDS = Annotated[int | None, _optional(to_seconds)]
Since = Annotated[_SECONDS, *_parameter("a time", "e.g. 45s, 10m, 2h, 3d", _TEXT)]
SinceOneDay = Annotated[_SECONDS, *_parameter("a time", "e.g. 10m, 3d; default: 24h", _TEXT)]

Limit = Annotated[
    Annotated[int, Field(ge=1, le=MAX_LIMIT)] | None,
    BeforeValidator(_number),
    *_parameter(f"a whole number from 1 to {MAX_LIMIT}", "objects; default: what fits"),
]
Tail = Annotated[
    Annotated[int, Field(ge=1, le=MAX_TAIL)] | None,
    BeforeValidator(_number),
    *_parameter(f"a whole number from 1 to {MAX_TAIL}", "lines; default: 100"),
]
WaitSeconds = Annotated[
    int,
    Field(ge=0, le=MAX_WAIT),
    BeforeValidator(_number),
    *_parameter(f"a whole number from 0 to {MAX_WAIT}", "0: request only"),
]

WarningsOnly = Annotated[bool, _BOOLEAN, *_parameter("true or false", "default: false")]
Previous = Annotated[bool, _BOOLEAN, *_parameter("true or false", "before the last restart")]
WithSource = Annotated[bool, _BOOLEAN, *_parameter("true or false", "its source first, then it")]
Force = Annotated[
    bool,
    _BOOLEAN,
    *_parameter("true or false", "HelmRelease: upgrade even in sync; InputProvider: off schedule"),
]
Reset = Annotated[bool, _BOOLEAN, *_parameter("true or false", "HelmRelease: reset failure counters")]
