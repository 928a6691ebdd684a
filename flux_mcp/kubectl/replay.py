"""Answers from a folder of recorded kubectl output, as kubectl would have answered.

One file per resource, `PLURAL.GROUP.json` (`PLURAL.json` for the core group), each what
`kubectl get PLURAL.GROUP --all-namespaces -o json` printed; `version.json`; optionally `recording.json` with
recordedAt, context, as or user, served, namespaces, unreadable and more, and `logs/NAMESPACE/POD/CONTAINER.log`, with
`CONTAINER.previous.log` of the run before the last restart. Without recording.json the moment is the
newest timestamp in the items and the context is the folder's name.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import orjson

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRD, KUBERNETES_KINDS, NAMESPACE, OTHER_KINDS
from flux_mcp.api.selector import matches, parse_selector
from flux_mcp.api.unstructured import at, items, labels, parse_time, text
from flux_mcp.errors import BadRecording, RecordedInPart
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import ApiResources, Command, ConfigView, Get, Logs, ServerVersion, Version
from flux_mcp.kubectl.output import NEXT_ITEM, load_json, problems
from flux_mcp.kubectl.validate import split_resource
from flux_mcp.request import ErrorContext

JsonObject = dict[str, Any]

CRDS: Final = CRD.resource
_EVERYWHERE: Final = (*KUBERNETES_KINDS, *OTHER_KINDS)
"""The kinds that every API server serves."""
_UNREADABLE: Final = (
    "bindings v1 true Binding create",
    "tokenreviews authentication.k8s.io/v1 false TokenReview create",
)
"""Kinds that every API server serves and nobody reads: without such ones a table counts as filtered."""
NOT_RECORDED: Final = "not recorded"
LOGS: Final = "logs"
"""The folder of the logs in a recording."""
_STAMPS: Final = re.compile(
    rb'"(?:creationTimestamp|lastTransitionTime|lastUpdateTime|lastTimestamp|firstTimestamp|eventTime|lastObservedTime'
    rb"|lastReconciled|lastDeployed|firstDeployed|deleted|scanTime|lastAutomationRunTime|lastPushTime"
    rb"|lastScheduleTime|lastHeartbeatTime|startTime|startedAt|finishedAt|completionTime)\"\s*:\s*"
    rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[.\d]*Z"'
)


_BUILT_IN: Final = frozenset(
    {"", "apps", "autoscaling", "batch", "policy", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io"}
    | {
        f"{group}.k8s.io"
        for group in (
            "admissionregistration",
            "apiextensions",
            "apiregistration",
            "authentication",
            "authorization",
            "certificates",
            "coordination",
            "discovery",
            "events",
            "networking",
            "node",
            "rbac.authorization",
            "resource",
            "scheduling",
            "storage",
        )
    }
)
"""The API groups of Kubernetes itself, whose kinds are not among the CRDs."""


ALONE: Final = timedelta(days=365)
"""How much newer than all others an object is that does not tell when a recording was made."""


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """What kubectl reported of a resource when it was recorded; `namespace` is None where that was about all of it."""

    resource: str
    reason: str
    message: str
    namespace: str | None

    def line(self, verb: str) -> str:
        """The line that kubectl would print, so that it names the resource, and what may not be done with it now.

        Args:
            verb: get, or list without names; it may have been recorded with the other one.
        """
        said = re.sub(r"\bcannot (?:get|list) resource\b", f"cannot {verb} resource", " ".join(self.message.split()))
        line = f"Error from server ({self.reason}): {said}"
        named = any(self.resource in error.resources for error in problems(Output(1, b"", line), ErrorContext(None)))
        return line if named else f"{line} (get {self.resource})"


@dataclass(frozen=True, slots=True)
class _About:
    """What recording.json tells, or what stands in for it.

    Attributes:
        served: None where it is not known what the API server served.
        namespaces: the only ones that were recorded; empty where all were.
    """

    context: str
    user: str
    impersonated: str | None
    recorded_at: datetime | None
    served: frozenset[str] | None
    namespaces: tuple[str, ...]
    unreadable: tuple[_Unreadable, ...]


class RecordedKubectl:
    """Answers commands from a recording. Nothing is started, and time stands still.

    Args:
        folder: the recording.
        name: what its context is called; empty for what it was called when it was recorded.

    Raises:
        BadRecording: there is no such folder, or its recording.json is broken.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        """Read recording.json only; the other files are read when they are needed."""
        if not folder.is_dir():
            raise BadRecording(f"There is no recording at {folder}: it must be a folder of kubectl's JSON output.")
        self._folder, self._resolved, self._name = folder, folder.resolve(), name
        self._partial: set[str] = set()
        self._about = self._read_about()

    @property
    def context(self) -> str:
        """What its context is called: the name that was given, else as recorded, else as the folder."""
        return self._name or self._about.context

    @property
    def user(self) -> str:
        """The kubeconfig's name for the user that recorded it; empty where that is not recorded."""
        return self._about.user

    def moment(self, context: str | None = None) -> datetime:
        """The moment that the recording was made.

        Raises:
            BadRecording: nothing in it has a time.
        """
        del context
        return self._moment

    @cached_property
    def _moment(self) -> datetime:
        if self._about.recorded_at is not None:
            return self._about.recorded_at
        pieces = (piece for path in self._files() for piece in self._bytes(path).split(NEXT_ITEM))
        stamps = ([parse_time(f"{stamp.decode()}Z") for stamp in _STAMPS.findall(piece)] for piece in pieces)
        known = ([moment for moment in found if moment is not None] for found in stamps)
        moments = sorted((max(found) for found in known if found), reverse=True)
        for moment, before in pairwise(moments):
            # Whoever writes one object may date it in the future.
            if moment - before <= ALONE:
                return moment
        if moments:
            return moments[-1]
        raise BadRecording(f"No object in {self._folder} has a time: add a recording.json with recordedAt.")

    def impersonated(self, context: str | None = None) -> str | None:
        """Whom the recording was made as, with --kube-as."""
        del context
        return self._about.impersonated

    async def run(self, command: Command, context: str | None = None) -> Output:
        """Answer as kubectl would.

        Raises:
            BadRecording: a file is broken.
        """
        del context
        match command:
            case ConfigView():
                return _printed(config_of(self))
            case Version() | ServerVersion():
                return self._version()
            case ApiResources():
                return Output(0, "\n".join((*(_row(*found) for found in self._kinds()), *_UNREADABLE)).encode(), "")
            case Get():
                return self._get(command)
            case Logs():
                return self._log(command)
            case _:
                return Output(1, b"", "Error from server (NotRecorded): what no file holds is not recorded")

    def _log(self, command: Logs) -> Output:
        path = log_file(self._folder, command)
        about = f"Error from server (NotRecorded): the log of {command.namespace}/{command.pod}/{command.container}"
        if not path.is_file():
            return Output(1, b"", f"{about} is {NOT_RECORDED}")
        if command.since:
            return Output(1, b"", f"{about} is recorded without times: leave out since")
        return Output(0, b"".join(self._bytes(path).splitlines(keepends=True)[-command.tail :]), "")

    def _files(self) -> Iterator[Path]:
        return (path for path in sorted(self._folder.glob("*.json")) if path.stem not in {"recording", "version"})

    def _bytes(self, path: Path) -> bytes:
        # A recording may come from somebody else: a pipe or a device would never end.
        if path.exists() and not path.is_file():
            raise BadRecording(f"{path} is not a file.")
        # And a link may lead anywhere.
        if not path.resolve().is_relative_to(self._resolved):
            raise BadRecording(f"{path} leads out of the recording.")
        try:
            return path.read_bytes()
        except OSError as error:
            raise BadRecording(f"{path} cannot be read: {error.strerror}.") from None

    def _document(self, path: Path) -> JsonObject:
        try:
            document = load_json(self._bytes(path))
        except (ValueError, RecursionError) as error:
            raise BadRecording(f"{path} is not JSON: {error}.") from None
        if not isinstance(document, dict):
            raise BadRecording(f"{path} must hold a JSON object.")
        return document

    def _items(self, resource: str) -> list[JsonObject] | None:
        """The recorded items of a resource; None if it was not recorded."""
        path = self._folder / f"{resource}.json"
        if not path.exists():
            return None
        document = self._document(path)
        items = document.get("items")
        if at(document, "metadata", "continue") or at(document, "metadata", "remainingItemCount"):
            self._partial.add(resource)
        is_list = text(document, "kind").endswith("List") or "kind" not in document
        if not is_list or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise BadRecording(f"{path} must hold a list of objects under items, as kubectl get -o json prints it.")
        return items

    def _read_about(self) -> _About:
        path = self._folder / "recording.json"
        about = self._document(path) if path.exists() else {}
        recorded_at = parse_time(_text(about, "recordedAt", path)) if "recordedAt" in about else None
        if "recordedAt" in about and recorded_at is None:
            raise BadRecording(f"{path}: recordedAt must be an RFC 3339 time.")
        return _About(
            context=_text(about, "context", path) if about.get("context") else self._resolved.name,
            user=_text(about, "user", path) if about.get("user") else "",
            impersonated=_text(about, "as", path) if about.get("as") else None,
            recorded_at=recorded_at,
            served=frozenset(_texts(about, "served", path)) if "served" in about else None,
            namespaces=_texts(about, "namespaces", path),
            unreadable=tuple(_unreadable(entry, path) for entry in _list(about.get("unreadable"), path, "unreadable")),
        )

    def _version(self) -> Output:
        path = self._folder / "version.json"
        if path.exists():
            return _printed(self._document(path))
        return _printed({"clientVersion": {"gitVersion": "v1.28.0"}})

    def _served(self) -> set[str]:
        """What the API server served: as recording.json tells, else as far as files, unreadable kinds and CRDs do.

        Without the CRDs it is not known which Flux kinds were installed, so all are taken to be.
        """
        unreadable = {entry.resource for entry in self._about.unreadable if entry.resource != "version"}
        # What there is a file of was served, whatever recording.json tells.
        names = {path.stem for path in self._files()} | unreadable
        if self._about.served is not None:
            return names | self._about.served
        names |= {kind.resource for kind in _EVERYWHERE}
        names |= {text(crd, "metadata", "name") for crd in self._items(CRDS) or []}
        return names if self._crds_are_whole else names | {kind.resource for kind in FLUX_KINDS}

    @cached_property
    def _crds_are_whole(self) -> bool:
        """Whether a kind that is not among the CRDs was not installed.

        A list that failed prints an empty list, so no CRD at all tells nothing.
        """
        crds = self._items(CRDS)
        failed = CRDS in self._partial or any(entry.resource == CRDS for entry in self._about.unreadable)
        return bool(crds) and not failed

    def _kinds(self) -> Iterator[tuple[Kind, str]]:
        """Every kind that the API server served, as far as a table, its CRD or a first object tells, and a version."""
        known = {kind.resource: (kind, "v1") for kind in (*_EVERYWHERE, *FLUX_KINDS)}
        for path in self._files():
            first = next(iter(self._items(path.stem) or []), None)
            if first is not None:
                plural, _, group = path.stem.partition(".")
                namespaced = bool(text(first, "metadata", "namespace"))
                kind = Kind(kind=text(first, "kind"), group=group, plural=plural, namespaced=namespaced)
                version = text(first, "apiVersion").rpartition("/")[2]
                known[path.stem] = (known[path.stem][0] if path.stem in known else kind, version or "v1")
        for crd in self._items(CRDS) or []:
            names, name = at(crd, "spec", "names"), text(crd, "metadata", "name")
            kind = Kind(
                kind=text(names, "kind"),
                group=text(crd, "spec", "group"),
                plural=text(names, "plural"),
                short_names=tuple(name for name in items(names, "shortNames") if isinstance(name, str)),
                namespaced=text(crd, "spec", "scope") != "Cluster",
            )
            served = (text(one, "name") for one in items(crd, "spec", "versions") if at(one, "served") is True)
            # A kind of our own table needs no CRD that is whole.
            known.setdefault(name, (kind, next(served, "v1")))
        return (known[name] for name in sorted(self._served()) if name in known)

    def _serves(self, resource: str, served: set[str]) -> bool:
        described = resource.partition(".")[2] not in _BUILT_IN and self._crds_are_whole
        known = self._about.served is not None or described
        return resource in served or not known

    def _get(self, command: Get) -> Output:
        served, resources = self._served(), [split_resource(name)[0] for name in command.resources]
        for resource in resources:
            if not self._serves(resource, served):
                return Output(1, b"", f'error: the server doesn\'t have a resource type "{resource.split(".")[0]}"')
        found: list[JsonObject] = []
        errors: list[str] = []
        for resource in resources:
            items = self._items(resource)
            found += _select(items or [], command)
            errors += self._errors(resource, command, recorded=items is not None)
        stderr = "\n".join(errors)
        missing = set(command.names) - {text(item, "metadata", "name") for item in found}
        if not stderr and missing:
            resource = resources[0]
            stderr = "\n".join(
                f'Error from server (NotFound): {resource} "{name}" not found' for name in sorted(missing)
            )
        if len(command.names) != 1:
            return _printed({"apiVersion": "v1", "items": found, "kind": "List"}, stderr)
        return _printed(found[0]) if found else Output(1, b"", stderr)

    def _errors(self, resource: str, command: Get, *, recorded: bool) -> list[str]:
        """What kubectl reported of this resource then, and where the question goes beyond what was recorded."""
        if (beyond := self._beyond(resource, command)) is not None:
            return [f"Error from server (NotRecorded): {resource} is {beyond}"]
        lines = [
            entry.line("get" if command.names else "list")
            for entry in self._about.unreadable
            if entry.resource == resource
            and (command.namespace is None or entry.namespace in {None, command.namespace})
        ]
        if resource in self._partial:
            lines.append(f"Error from server (NotRecorded): {resource} is recorded in part: its list has more pages")
        if not lines and not recorded:
            return [f"Error from server (NotRecorded): {resource} is {NOT_RECORDED}"]
        return lines

    def _beyond(self, resource: str, command: Get) -> str | None:
        recorded = self._about.namespaces
        if not recorded or resource == CRDS:
            return None
        wanted = command.names if resource == NAMESPACE.resource else (command.namespace,)
        if wanted and set(wanted) <= set(recorded):
            return None
        return RecordedInPart.BEGIN + ", ".join(recorded)


def config_of(*recordings: RecordedKubectl) -> JsonObject:
    """What `kubectl config view` prints where the contexts are recordings; the first is the one in use."""
    contexts = [{"name": each.context, "context": {"cluster": each.context, "user": each.user}} for each in recordings]
    clusters = [{"name": each.context, "cluster": {}} for each in recordings]
    return {"kind": "Config", "current-context": contexts[0]["name"], "contexts": contexts, "clusters": clusters}


def log_file(folder: Path, command: Logs) -> Path:
    """Where the log of a container stands in a recording."""
    ending = ".previous.log" if command.previous else ".log"
    return folder / LOGS / command.namespace / command.pod / f"{command.container}{ending}"


def _row(kind: Kind, version: str) -> str:
    """As `kubectl api-resources` prints a kind."""
    api_version = f"{kind.group}/{version}" if kind.group else version
    return " ".join((kind.plural, ",".join(kind.short_names), api_version, str(kind.namespaced).lower(), kind.kind))


def _select(found: list[JsonObject], command: Get) -> Iterator[JsonObject]:
    selector = parse_selector(command.selector) if command.selector is not None else ()
    for item in found:
        name = text(item, "metadata", "name")
        if (
            command.namespace in {None, text(item, "metadata", "namespace")}
            and (not command.names or name in command.names)
            and command.named in {None, name}
            and not (command.warnings and not _is_warning(item))
            and matches(selector, labels(item, "metadata", "labels"))
        ):
            yield item


def _is_warning(item: JsonObject) -> bool:
    return text(item, "type") == "Warning" and text(item, "involvedObject", "kind") != "Pod"


def _printed(document: JsonObject, stderr: str = "") -> Output:
    try:
        return Output(1 if stderr else 0, orjson.dumps(document), stderr)
    except TypeError:
        # Nested deeper than orjson writes, though it has read it.
        return Output(1 if stderr else 0, json.dumps(document).encode(), stderr)


def _list(value: object, path: Path, key: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRecording(f"{path}: {key} must be a list.")
    return value


def _text(node: object, key: str, path: Path) -> str:
    value = node.get(key) if isinstance(node, dict) else None
    if not isinstance(value, str):
        raise BadRecording(f"{path}: {key} must be a text.")
    return value


def _texts(node: JsonObject, key: str, path: Path) -> tuple[str, ...]:
    texts = _list(node.get(key), path, key)
    if not all(isinstance(text, str) for text in texts):
        raise BadRecording(f"{path}: {key} must be a list of texts.")
    return tuple(texts)


def _unreadable(entry: object, path: Path) -> _Unreadable:
    namespace = entry.get("namespace") if isinstance(entry, dict) else None
    return _Unreadable(
        resource=_text(entry, "resource", path),
        reason=_text(entry, "reason", path),
        message=_text(entry, "message", path),
        namespace=namespace if isinstance(namespace, str) else None,
    )
