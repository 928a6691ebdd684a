"""A recording answers as kubectl would have: what is a recording, and what each question to it brings."""

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flux_mcp.errors import (
    BadArgument,
    BadRecording,
    FluxMcpError,
    Forbidden,
    KindNotInstalled,
    KubectlError,
    NotFound,
    NotRecorded,
)
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import ApiResources, ConfigView, Get, Version
from flux_mcp.kubectl.connect import connect
from flux_mcp.kubectl.kubeconfig import Kubeconfig, parse_kubeconfig
from flux_mcp.kubectl.output import map_items, parse_document, problems
from flux_mcp.kubectl.replay import RecordedKubectl
from flux_mcp.request import ErrorContext
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.conftest import Ask, ask_server
from tests.support import items
from tests.support.fake import FIXTURES, versioned

pytestmark = pytest.mark.anyio

CRDS = "customresourcedefinitions.apiextensions.k8s.io"
KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"
HELM_RELEASES = "helmreleases.helm.toolkit.fluxcd.io"
BUCKETS = "buckets.source.toolkit.fluxcd.io"
MOMENT = "2026-01-02T03:04:05Z"


def item(name: str, namespace: str = "apps", **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": labels, "creationTimestamp": MOMENT}
    return {"kind": "Kustomization", "metadata": metadata}


def crd(resource: str) -> dict[str, Any]:
    return {"kind": "CustomResourceDefinition", "metadata": {"name": resource, "creationTimestamp": MOMENT}}


ITEMS = [item("a", app="web"), item("b", app="db"), item("a", "flux-system"), item("c", "flux-system", app="web")]


def record(folder: Path, about: object = None, /, **files: object) -> RecordedKubectl:
    """A recording of files by resource: a list holds items, bytes are written as they are."""
    folder.mkdir(exist_ok=True)
    for name, content in {**files, **({} if about is None else {"recording": about})}.items():
        document = {"apiVersion": "v1", "items": content, "kind": "List"} if isinstance(content, list) else content
        raw = document if isinstance(document, bytes) else json.dumps(document).encode()
        (folder / f"{name}.json").write_bytes(raw)
    return RecordedKubectl(folder)


async def names(kubectl: RecordedKubectl, command: Get) -> list[str]:
    """`namespace/name` of each item; the answer must be without an error."""
    output = await kubectl.run(command)
    assert not problems(output, ErrorContext(None))
    found = map_items(output.stdout, lambda found: f"{found['metadata']['namespace']}/{found['metadata']['name']}")
    return [name for name in found if name is not None]


async def refused(kubectl: RecordedKubectl, command: Get) -> tuple[KubectlError, ...]:
    output = await kubectl.run(command)
    assert output.exit_code == 1
    return problems(output, ErrorContext("recorded"))


async def config(kubectl: RecordedKubectl) -> Kubeconfig:
    return parse_kubeconfig(parse_document((await kubectl.run(ConfigView())).stdout))


@pytest.mark.parametrize(
    ("folder", "moment"),
    [
        ("staging", datetime(2026, 11, 22, 9, 27, 6, tzinfo=UTC)),
        ("bootstrap", datetime(2026, 11, 22, 9, 52, 36, tzinfo=UTC)),
    ],
)
def test_the_moment_of_a_recording_is_its_newest_timestamp(folder: str, moment: datetime) -> None:
    assert RecordedKubectl(FIXTURES / folder).moment() == moment


@pytest.mark.parametrize(
    "newest",
    [
        pytest.param({"metadata": {"creationTimestamp": "2026-02-02T02:02:02Z"}}, id="made"),
        pytest.param({"status": {"conditions": [{"lastTransitionTime": "2026-02-02T02:02:02Z"}]}}, id="condition"),
        pytest.param({"status": {"artifact": {"lastUpdateTime": "2026-02-02T02:02:02Z"}}}, id="artifact"),
        pytest.param({"status": {"history": [{"lastReconciled": "2026-02-02T02:02:02Z"}]}}, id="history"),
        pytest.param({"lastTimestamp": "2026-02-02T02:02:02Z"}, id="event"),
        pytest.param({"eventTime": "2026-02-02T02:02:02.123456Z"}, id="event-with-microseconds"),
        pytest.param(
            {"status": {"lastScanResult": {"scanTime": "2026-02-02T02:02:02Z"}}},
            id="scan",
        ),
        pytest.param(
            {"status": {"lastAutomationRunTime": "2026-02-02T02:02:02Z"}},
            id="automation",
        ),
        pytest.param(
            {"status": {"history": [{"lastDeployed": "2026-02-02T02:02:02Z"}]}},
            id="release",
        ),
    ],
)
def test_any_timestamp_may_be_the_newest(tmp_path: Path, newest: dict[str, Any]) -> None:
    kubectl = record(tmp_path, **{KUSTOMIZATIONS: ITEMS, HELM_RELEASES: [{"kind": "HelmRelease", **newest}]})
    assert kubectl.moment() == datetime(2026, 2, 2, 2, 2, 2, tzinfo=UTC)


def test_the_moment_that_is_told_wins(tmp_path: Path) -> None:
    kubectl = record(tmp_path, {"recordedAt": "2026-05-05T07:05:05+02:00"}, **{KUSTOMIZATIONS: ITEMS})
    assert kubectl.moment() == datetime(2026, 5, 5, 5, 5, 5, tzinfo=UTC)


def test_a_date_that_does_not_exist_is_passed_over(tmp_path: Path) -> None:
    odd = {"kind": "Bucket", "metadata": {"name": "x", "creationTimestamp": "2026-99-99T99:99:99Z"}}
    assert record(tmp_path, **{KUSTOMIZATIONS: ITEMS, BUCKETS: [odd]}).moment() == datetime(
        2026, 1, 2, 3, 4, 5, tzinfo=UTC
    )


@pytest.mark.parametrize("indent", [None, 4], ids=["compact", "as-kubectl-prints"])
def test_one_object_dated_in_the_future_does_not_move_the_clock(tmp_path: Path, indent: int | None) -> None:
    future = {"kind": "Bucket", "metadata": {"name": "x", "creationTimestamp": "2099-01-01T00:00:00Z"}}
    future["status"] = {"conditions": [{"lastTransitionTime": "2099-01-02T00:00:00Z"}]}
    lists = {KUSTOMIZATIONS: ITEMS, BUCKETS: [future]}
    files = {
        name: json.dumps({"apiVersion": "v1", "items": found, "kind": "List"}, indent=indent).encode()
        for name, found in lists.items()
    }
    assert record(tmp_path, **files).moment() == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("metadata", [{"continue": "abc"}, {"remainingItemCount": 7}])
async def test_a_list_that_has_more_pages_is_recorded_in_part(tmp_path: Path, metadata: dict[str, Any]) -> None:
    document = {"apiVersion": "v1", "items": ITEMS, "kind": "List", "metadata": metadata}
    kubectl = record(tmp_path, **{KUSTOMIZATIONS: json.dumps(document).encode()})
    command = Get((versioned(KUSTOMIZATIONS),))
    (error,) = await refused(kubectl, command)
    assert error.resources == (KUSTOMIZATIONS,)
    assert "more pages" in error.brief
    assert len(map_items((await kubectl.run(command)).stdout, lambda found: found)) == len(ITEMS)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("\ufeff" + json.dumps({"items": ITEMS, "kind": "List"}), id="byte-order-mark"),
        pytest.param(json.dumps({"items": [*ITEMS, item("\ud800")], "kind": "List"}), id="lone-surrogate"),
    ],
)
async def test_an_odd_character_hides_no_other_object(tmp_path: Path, raw: str) -> None:
    kubectl = record(tmp_path, **{KUSTOMIZATIONS: raw.encode()})
    found = await names(kubectl, Get((versioned(KUSTOMIZATIONS),)))
    assert set(found) >= {"apps/a", "apps/b", "flux-system/a", "flux-system/c"}


def test_without_any_time_it_says_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="recordedAt"):
        _ = record(tmp_path, **{KUSTOMIZATIONS: []}).moment()


@pytest.mark.parametrize(
    ("about", "context", "user"),
    [
        pytest.param(None, "incident-42", "", id="the-folder"),
        pytest.param({"recordedAt": MOMENT}, "incident-42", "", id="not-told"),
        pytest.param({"context": "prod / eu", "user": "viewer"}, "prod / eu", "viewer", id="told"),
        pytest.param({"context": None, "as": None}, "incident-42", "", id="null"),
    ],
)
async def test_context_and_identity(tmp_path: Path, about: object, context: str, user: str) -> None:
    found = await config(record(tmp_path / "incident-42", about))
    assert found.choose() == context
    assert [(entry.name, entry.user) for entry in found.contexts] == [(context, user)]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            Get((versioned(KUSTOMIZATIONS),)), ["apps/a", "apps/b", "flux-system/a", "flux-system/c"], id="all"
        ),
        pytest.param(Get((versioned(KUSTOMIZATIONS),), namespace="apps"), ["apps/a", "apps/b"], id="namespace"),
        pytest.param(Get((versioned(KUSTOMIZATIONS),), namespace="nowhere"), [], id="empty-namespace"),
        pytest.param(Get((versioned(KUSTOMIZATIONS),), selector="app=web"), ["apps/a", "flux-system/c"], id="selector"),
        pytest.param(
            Get((versioned(KUSTOMIZATIONS),), selector="app!=web"), ["apps/b", "flux-system/a"], id="selector-unequal"
        ),
        pytest.param(Get((versioned(KUSTOMIZATIONS),), selector="!app"), ["flux-system/a"], id="selector-absent"),
        pytest.param(
            Get((versioned(KUSTOMIZATIONS),), namespace="apps", selector="app in (web)"), ["apps/a"], id="both"
        ),
        pytest.param(
            Get((versioned(KUSTOMIZATIONS), versioned(BUCKETS)), namespace="apps"),
            ["apps/a", "apps/b", "apps/z"],
            id="two-kinds",
        ),
    ],
)
async def test_lists(tmp_path: Path, command: Get, expected: list[str]) -> None:
    assert await names(record(tmp_path, **{KUSTOMIZATIONS: ITEMS, BUCKETS: [item("z")]}), command) == expected


@pytest.mark.parametrize("field", ["name", "namespace", "labels"])
@pytest.mark.parametrize("value", [7, ["a"], {"a": []}, None, True])
async def test_an_object_with_odd_metadata_hides_no_other(tmp_path: Path, field: str, value: object) -> None:
    odd = item("odd")
    odd["metadata"][field] = value
    kubectl = record(tmp_path, **{KUSTOMIZATIONS: [odd, *ITEMS]})
    command = Get((versioned(KUSTOMIZATIONS),), namespace="flux-system", selector="app!=none")
    assert await names(kubectl, command) == ["flux-system/a", "flux-system/c"]


async def test_one_object(tmp_path: Path) -> None:
    kubectl = record(tmp_path, **{KUSTOMIZATIONS: ITEMS})
    output = await kubectl.run(Get((versioned(KUSTOMIZATIONS),), namespace="flux-system", names=("a",)))
    assert output.exit_code == 0
    assert parse_document(output.stdout) == ITEMS[2]


async def test_no_object_of_that_name(tmp_path: Path) -> None:
    kubectl = record(tmp_path, **{KUSTOMIZATIONS: ITEMS})
    (error,) = await refused(kubectl, Get((versioned(KUSTOMIZATIONS),), namespace="flux-system", names=("b",)))
    assert type(error) is NotFound
    assert error.resources == (KUSTOMIZATIONS,)


async def test_several_objects(tmp_path: Path) -> None:
    """kubectl prints those that are there, and an error for each that is not."""
    output = await record(tmp_path, **{KUSTOMIZATIONS: ITEMS}).run(
        Get((versioned(KUSTOMIZATIONS),), namespace="apps", names=("c", "a", "b"))
    )
    assert map_items(output.stdout, lambda found: found["metadata"]["name"]) == ["a", "b"]
    (error,) = problems(output, ErrorContext("recorded"))
    assert type(error) is NotFound
    assert re.search(r"\bc\b.* not found", str(error))


async def test_a_kind_that_the_crds_lack_is_not_installed(tmp_path: Path) -> None:
    """As kubectl: the whole question fails, and nothing is printed."""
    kubectl = record(tmp_path, **{KUSTOMIZATIONS: ITEMS, CRDS: [crd(KUSTOMIZATIONS)]})
    output = await kubectl.run(Get((versioned(KUSTOMIZATIONS), versioned(BUCKETS))))
    assert output.stdout == b""
    assert [type(error) for error in problems(output, ErrorContext(None))] == [KindNotInstalled]
    assert BUCKETS not in names_of(await kubectl.run(ApiResources()))


@pytest.mark.parametrize(
    ("files", "resource"),
    [
        pytest.param({CRDS: [crd(KUSTOMIZATIONS), crd(BUCKETS)]}, BUCKETS, id="in-the-crds"),
        pytest.param({}, BUCKETS, id="without-crds"),
        pytest.param({}, "pods", id="core-group-without-crds"),
        pytest.param({CRDS: [crd(KUSTOMIZATIONS)]}, "pods", id="core-group"),
        pytest.param(
            {CRDS: [crd(KUSTOMIZATIONS)]},
            "cronjobs.batch",
            id="built-in-group",
        ),
        pytest.param(
            {CRDS: [crd(KUSTOMIZATIONS)]},
            "networkpolicies.networking.k8s.io",
            id="built-in-group-with-a-dot",
        ),
    ],
)
async def test_what_was_not_recorded_is_not_an_empty_list(tmp_path: Path, files: dict[str, Any], resource: str) -> None:
    """The rest of the question is answered."""
    kubectl = record(tmp_path, **{KUSTOMIZATIONS: ITEMS, **files})
    output = await kubectl.run(Get((versioned(KUSTOMIZATIONS), versioned(resource))))
    (error,) = problems(output, ErrorContext(None))
    assert type(error) is NotRecorded
    assert error.resources == (resource,)
    assert len(map_items(output.stdout, lambda found: found)) == len(ITEMS)


def names_of(output: Output) -> set[str]:
    """The `plural.group` names in what api-resources printed."""
    names = set()
    for words in map(str.split, output.stdout.decode().splitlines()):
        at = next(position for position, word in enumerate(words) if word in {"true", "false"})
        group = words[at - 1].rpartition("/")[0]
        names.add(f"{words[0]}.{group}" if group else words[0])
    return names


async def test_the_kinds_that_were_served(tmp_path: Path) -> None:
    unreadable = [{"resource": HELM_RELEASES, "reason": "Forbidden", "message": "no"}]
    kubectl = record(tmp_path, {"unreadable": unreadable}, **{KUSTOMIZATIONS: ITEMS, "pods": [], CRDS: [crd(BUCKETS)]})
    output = await kubectl.run(ApiResources())
    served = names_of(output)
    assert {name for name in served if "toolkit.fluxcd.io" in name} == {KUSTOMIZATIONS, HELM_RELEASES, BUCKETS}
    assert {"pods", "events", "deployments.apps", CRDS} <= served


async def test_without_crds_every_flux_kind_may_have_been_served(tmp_path: Path) -> None:
    output = await record(tmp_path, **{KUSTOMIZATIONS: ITEMS}).run(ApiResources())
    assert {KUSTOMIZATIONS, HELM_RELEASES, BUCKETS} <= names_of(output)


@pytest.mark.parametrize(
    ("about", "crds"),
    [
        pytest.param({}, {"items": [crd("a.b")], "metadata": {"continue": "x"}, "kind": "List"}, id="more-pages"),
        pytest.param({"unreadable": [{"resource": CRDS, "reason": "Forbidden", "message": "no"}]}, [], id="unreadable"),
        pytest.param({}, [], id="none-at-all"),
    ],
)
async def test_crds_that_were_not_read_do_not_tell_what_is_not_installed(
    tmp_path: Path, about: dict[str, Any], crds: object
) -> None:
    kubectl = record(tmp_path, {"recordedAt": MOMENT} | about, **{CRDS: crds})
    assert {KUSTOMIZATIONS, HELM_RELEASES, BUCKETS} <= names_of(await kubectl.run(ApiResources()))
    (error,) = await refused(kubectl, Get((versioned(KUSTOMIZATIONS),)))
    assert type(error) is NotRecorded


async def test_what_there_is_a_file_of_was_served_whatever_is_told(tmp_path: Path) -> None:
    kubectl = record(tmp_path, {"served": ["pods"]}, **{KUSTOMIZATIONS: ITEMS})
    assert names_of(await kubectl.run(ApiResources())) >= {KUSTOMIZATIONS, "pods"}
    assert len(await names(kubectl, Get((versioned(KUSTOMIZATIONS),)))) == len(ITEMS)


@pytest.mark.parametrize("kind", ["Status", "Table", 7, None])
async def test_a_file_that_is_no_list_is_named(tmp_path: Path, kind: object) -> None:
    kubectl = record(tmp_path, {"recordedAt": MOMENT}, **{KUSTOMIZATIONS: {"kind": kind, "items": []}})
    with pytest.raises(BadRecording, match="must hold a list"):
        await kubectl.run(Get((versioned(KUSTOMIZATIONS),)))


FORBIDDEN = (
    'buckets.source.toolkit.fluxcd.io is forbidden: User "viewer" cannot list resource "buckets" '
    'in API group "source.toolkit.fluxcd.io" at the cluster scope'
)


@pytest.mark.parametrize(
    ("reason", "message", "error"),
    [
        pytest.param("Forbidden", FORBIDDEN, Forbidden, id="forbidden"),
        pytest.param(
            "ServiceUnavailable",
            "the server is currently unable",
            KubectlError,
            id="unavailable",
        ),
        pytest.param(
            "Forbidden",
            "unknown",
            Forbidden,
            id="without-a-kind",
        ),
        pytest.param(
            "TimedOut",
            "no answer\nin time",
            KubectlError,
            id="two-lines",
        ),
    ],
)
async def test_what_could_not_be_read_when_it_was_made(
    tmp_path: Path, reason: str, message: str, error: type[KubectlError]
) -> None:
    """The recording says which kind it was, so that the others are known to be whole."""
    unreadable = [{"resource": BUCKETS, "reason": reason, "message": message}]
    kubectl = record(tmp_path, {"unreadable": unreadable}, **{KUSTOMIZATIONS: ITEMS, HELM_RELEASES: []})
    output = await kubectl.run(Get((versioned(KUSTOMIZATIONS), versioned(HELM_RELEASES), versioned(BUCKETS))))
    found = problems(output, ErrorContext(None))
    assert all(isinstance(one, error) for one in found)
    assert [one.resources for one in found] == [(BUCKETS,)]
    assert len(map_items(output.stdout, lambda found: found)) == len(ITEMS)


async def test_the_version(tmp_path: Path) -> None:
    told = {"clientVersion": {"gitVersion": "v1.33.1"}}
    assert parse_document((await record(tmp_path, version=told).run(Version())).stdout) == told


async def test_without_a_version_it_is_new_enough(tmp_path: Path) -> None:
    found = parse_document((await record(tmp_path).run(Version())).stdout)
    assert found["clientVersion"]["gitVersion"] >= "v1.28"


async def test_secrets_are_not_read_even_if_a_file_holds_them(tmp_path: Path) -> None:
    record(tmp_path, secrets=[item("x")])
    with pytest.raises(BadArgument):
        Get((versioned("secrets"),))


@pytest.mark.parametrize("content", [None, "a file"])
def test_no_recording_there(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "nothing"
    if content is not None:
        folder.write_text(content)
    with pytest.raises(BadRecording) as caught:
        RecordedKubectl(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    "about",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"\xff\xfe{}", id="utf-16"),
        pytest.param(b"[" * 5000, id="deep"),
        pytest.param([], id="a-list"),
        pytest.param({"recordedAt": "yesterday"}, id="no-time"),
        pytest.param({"recordedAt": 1767323045}, id="time-is-a-number"),
        pytest.param({"recordedAt": None}, id="time-is-null"),
        pytest.param({"context": 5}, id="context-is-a-number"),
        pytest.param({"as": ["viewer"]}, id="as-is-a-list"),
        pytest.param({"unreadable": {}}, id="unreadable-is-an-object"),
        pytest.param({"unreadable": ["buckets"]}, id="unreadable-is-of-texts"),
        pytest.param({"unreadable": [{"resource": "buckets"}]}, id="unreadable-without-a-reason"),
    ],
)
def test_a_broken_recording_json_is_named(tmp_path: Path, about: object) -> None:
    raw = json.dumps(about).encode() if isinstance(about, list) else about
    with pytest.raises(BadRecording) as caught:
        record(tmp_path, raw)
    assert str(tmp_path / "recording.json") in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"items": [{"kind": "x"}', id="cut"),
        pytest.param(b"\xff\xfe\x00", id="garbage"),
        pytest.param(b"[]", id="a-list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[" * 5000, id="deep"),
        pytest.param({"kind": "List"}, id="no-items"),
        pytest.param({"items": {}}, id="items-are-an-object"),
        pytest.param({"items": [1]}, id="item-is-a-number"),
        pytest.param({"items": [None]}, id="item-is-null"),
    ],
)
@pytest.mark.parametrize("resource", [KUSTOMIZATIONS, CRDS])
async def test_a_broken_file_is_named(tmp_path: Path, resource: str, content: object) -> None:
    kubectl = record(tmp_path, **{resource: content})
    with pytest.raises(BadRecording) as caught:
        await kubectl.run(Get((versioned(KUSTOMIZATIONS),)))
    assert str(tmp_path / f"{resource}.json") in str(caught.value)


@pytest.mark.parametrize("content", [b"{", b"[]"])
async def test_a_broken_version_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadRecording, match=r"version\.json"):
        await record(tmp_path, version=content).run(Version())


async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / f"{KUSTOMIZATIONS}.json").mkdir()
    with pytest.raises(BadRecording, match=KUSTOMIZATIONS):
        await RecordedKubectl(tmp_path).run(Get((versioned(KUSTOMIZATIONS),)))


@pytest.mark.parametrize(
    ("files", "command"),
    [
        pytest.param({KUSTOMIZATIONS: [{}]}, Get((versioned(KUSTOMIZATIONS),), namespace="apps"), id="nothing-in-it"),
        pytest.param(
            {KUSTOMIZATIONS: [{"metadata": None}]}, Get((versioned(KUSTOMIZATIONS),), selector="a=b"), id="null"
        ),
        pytest.param(
            {KUSTOMIZATIONS: [{"metadata": ["x"]}]}, Get((versioned(KUSTOMIZATIONS),), namespace="apps"), id="a-list"
        ),
        pytest.param(
            {KUSTOMIZATIONS: [{"metadata": {"labels": ["a"]}}]},
            Get((versioned(KUSTOMIZATIONS),), selector="a"),
            id="labels-are-a-list",
        ),
        pytest.param(
            {KUSTOMIZATIONS: [{"metadata": {"labels": {"a": ["b"]}}}]},
            Get((versioned(KUSTOMIZATIONS),), selector="a=b"),
            id="label-is-a-list",
        ),
        pytest.param(
            {KUSTOMIZATIONS: [], CRDS: [{"metadata": "x"}]},
            Get((versioned(KUSTOMIZATIONS),)),
            id="crd",
        ),
        pytest.param(
            {KUSTOMIZATIONS: [], CRDS: [{"metadata": {"name": 5}}]}, Get((versioned(KUSTOMIZATIONS),)), id="crd-name"
        ),
    ],
)
async def test_odd_objects_are_passed_over_or_named(tmp_path: Path, files: dict[str, Any], command: Get) -> None:
    kubectl = record(tmp_path, **files)
    try:
        output = await kubectl.run(command)
    except FluxMcpError as error:
        assert ".json" in str(error)  # noqa: PT017 (one of two good ends)
    else:
        assert map_items(output.stdout, lambda found: found) == []


async def test_nothing_else_is_answered(tmp_path: Path) -> None:
    class Other:
        def args(self) -> tuple[str, ...]:
            return ("logs", "x")

    output = await record(tmp_path, **{KUSTOMIZATIONS: ITEMS}).run(Other())
    assert isinstance(output, Output)
    assert output.exit_code == 1
    assert not output.stdout


async def test_a_kind_that_every_cluster_has_is_not_recorded_instead_of_not_served(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", "get_kubernetes_resources", kind="ing")
    assert reply.is_error
    assert "ot recorded" in reply.text or "ot in this recording" in reply.text
    assert "does not serve" not in reply.text


# A recording that comes from somebody else


@pytest.mark.parametrize("name", ["pods.json", "version.json", "kustomizations.kustomize.toolkit.fluxcd.io.json"])
async def test_a_pipe_or_a_device_is_not_read(tmp_path: Path, name: str) -> None:
    """It would never end, and no time-out ends a read."""
    makes: tuple[Callable[[Path], None], ...] = (os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir)
    for number, make in enumerate(makes):
        folder = tmp_path / f"odd{number}"
        folder.mkdir()
        (folder / "recording.json").write_text('{"recordedAt": "2026-01-01T00:00:00Z"}')
        make(folder / name)
        chosen = Settings(recording=folder)
        reply = await ask_server(build(connect(chosen), chosen), "get_flux_instance", {})
        assert "is not a file" in reply.text


@pytest.mark.parametrize("name", ["recording.json", "version.json", f"{KUSTOMIZATIONS}.json"])
async def test_a_link_out_of_the_recording_is_not_followed(tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps({"items": [item("hidden")], "context": "hidden", "recordedAt": MOMENT}))
    folder = tmp_path / "recorded"
    folder.mkdir()
    (folder / name).symlink_to(elsewhere)

    async def use() -> None:
        kubectl = RecordedKubectl(folder)
        await kubectl.run(Version())
        await kubectl.run(Get((versioned(KUSTOMIZATIONS),)))

    with pytest.raises(BadRecording, match="leads out of the recording"):
        await use()


async def test_what_is_nested_deep_is_no_defect(tmp_path: Path) -> None:
    values: object = "x"
    for _ in range(400):
        values = {"a": values}
    made = items.item("HelmRelease", spec={"values": values})
    (tmp_path / "helmreleases.helm.toolkit.fluxcd.io.json").write_text(json.dumps({"items": [made]}))
    chosen = Settings(recording=tmp_path)
    reply = await ask_server(build(connect(chosen), chosen), "list_flux_resources", {"kinds": ["hr"]})
    assert not reply.is_error
    assert "apps" in reply.text


@pytest.mark.parametrize(("names", "verb"), [((), "list"), (("a.example.com",), "get")])
async def test_a_refusal_is_told_of_the_verb_that_is_asked_for(tmp_path: Path, names: tuple, verb: str) -> None:
    """`record` reads CRDs by their names, other tools list them; who may not do the one may not do the other."""
    crds = "customresourcedefinitions.apiextensions.k8s.io"
    said = (
        f'{crds} "a.example.com" is forbidden: User "me" cannot get resource "customresourcedefinitions" in API group'
    )
    unread = [
        {"resource": crds, "reason": "Forbidden", "message": f'{said} "apiextensions.k8s.io" at the cluster scope'}
    ]
    (tmp_path / "recording.json").write_text(json.dumps({"unreadable": unread, "recordedAt": "2026-01-01T00:00:00Z"}))
    output = await RecordedKubectl(tmp_path).run(Get((versioned(crds),), names=names))
    assert f'User "me" cannot {verb} resource' in output.stderr
