"""The parameters of the tools: their types and what they allow.

A parameter's `title` is what is allowed, for the sentence of a refusal; it is not published. Names, types and
descriptions are published as the tool's JSON schema.
"""

import json
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

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
)
from flux_mcp.reconcile.outcome import SOURCE_KINDS
from flux_mcp.tools.choices import (
    TROUBLE,
    to_health,
    to_kinds,
    to_seconds,
    to_severity,
    to_sources,
    to_workload_kinds,
)

MAX_LIMIT: Final = 500
MAX_TAIL: Final = 2000
MAX_WAIT: Final = 600
_SOURCES: Final = ", ".join(kind.kind for kind in SOURCE_KINDS)


def _split(given: object) -> object:
    """Take a list that came as one text: a JSON array, or values between commas."""
    if not isinstance(given, str):
        return given
    try:
        parsed = json.loads(given)
    except (ValueError, RecursionError):
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
    AfterValidator(lambda given: given if given is None else (to_health(given), given)[1]),
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
