"""list_flux_resources on the recordings, against tables written from the raw JSON."""

import re
from datetime import UTC, datetime

import pytest

from flux_mcp.api.unstructured import parse_time
from flux_mcp.flux.objects import view
from flux_mcp.flux.status import assess
from flux_mcp.kubectl.output import map_items
from tests.conftest import Ask
from tests.support.api import Api
from tests.support.expected import BOOTSTRAP, BOOTSTRAP_MOMENT, STAGING, STAGING_MOMENT, Expected
from tests.support.fake import FIXTURES
from tests.support.items import READY, item

pytestmark = pytest.mark.anyio

SOURCE = {"sourceRef": {"kind": "GitRepository", "name": "fleet"}}
TABLES = {"staging": (STAGING, STAGING_MOMENT), "bootstrap": (BOOTSTRAP, BOOTSTRAP_MOMENT)}


@pytest.fixture
def api() -> Api:
    return Api()


def rows() -> list:
    return [
        pytest.param(recording, row, id=f"{recording}-{row.kind}-{row.namespace}-{row.name}")
        for recording, (table, _) in TABLES.items()
        for row in table
    ]


@pytest.fixture(scope="module")
def judged() -> dict:
    found = {}
    for recording, (_, moment) in TABLES.items():
        objects = [
            one
            for path in sorted((FIXTURES / recording).glob("*fluxcd.*.json"))
            for one in map_items(path.read_bytes(), view)
            if one is not None
        ]
        now = parse_time(moment)
        assert now is not None
        found[recording] = {entry.object.ref: entry for entry in assess(objects, now)}, now
    return found


@pytest.mark.parametrize(("recording", "row"), rows())
def test_every_object_has_its_verdict_flags_reason_and_age(judged: dict, recording: str, row: Expected) -> None:
    entries, now = judged[recording]
    (entry,) = [e for ref, e in entries.items() if (ref.kind, ref.namespace, ref.name) == row[:3]]
    assert entry.health.value == row.verdict
    assert tuple(flag.value for flag in entry.flags) == row.flags
    assert entry.reason == row.reason
    assert (now - entry.since).total_seconds() == row.age


@pytest.mark.parametrize("recording", TABLES)
async def test_the_answer_names_every_object_with_its_verdict(ask_recording: Ask, recording: str) -> None:
    table, moment = TABLES[recording]
    reply = await ask_recording(recording, "list_flux_resources")
    assert not reply.is_error
    assert reply.lines[0] == (
        f"list_flux_resources: {len(table)} of {len(table)} · context {recording} · user unknown · {moment}"
    )
    for row in table:
        assert told(reply.lines, row), row


def told(lines: list[str], row: Expected) -> bool:
    """Whether a line of its own, or its part of a line for several, says what the table says of an object."""
    flags = f" ({' '.join(row.flags)})" if row.flags else ""
    own = f"{row.kind} {row.namespace}/{row.name}, {row.verdict}{flags}"
    together = f"{row.verdict} {row.kind} {row.namespace}/: "
    for line in lines:
        if line == own or line.startswith((f"{own}, ", f"{own}: ")):
            return (not row.reason or f", {row.reason}, " in line) and (not row.revision or row.revision in line)
        if line.startswith(together):
            parts = [part.split(" ") for part in line.removeprefix(together).split("; ")]
            return (
                any(part[0] == row.name and (row.revision in part or not row.revision) for part in parts)
                and not row.flags
            )
    return False


async def test_the_counts_are_those_of_the_table(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", "list_flux_resources")
    assert reply.lines[1] == "2 Stalled, 17 Failing, 2 Pending, 4 Waiting, 3 Suspended, 25 Ready, 3 Static"


async def test_ready_objects_that_are_flagged_are_counted_beside_the_others(api: Api) -> None:
    """A Ready object with a flag is in trouble; so is one that progresses after a failure."""
    source = item("GitRepository", "fleet", status={"artifact": {"revision": "main@sha1:2"}})
    behind = item(name="behind", spec=SOURCE, status={"lastAppliedRevision": "main@sha1:1"})
    running = {"conditions": [{**READY, "status": "Unknown", "lastTransitionTime": f"{datetime.now(UTC):%FT%TZ}"}]}
    first, again = item(name="first", status=running), item(name="again", status={**running, "failures": 1})
    api.holds(item(), behind, source, first, again)
    reply = await api.ask("list_flux_resources")
    assert reply.lines[1] == "2 Progressing, 1 of them flagged, 3 Ready, 1 of them flagged"
    assert [line.split(", ")[1] for line in reply.lines[2:5]] == [
        "Progressing (after-failure)",
        "Progressing",
        "Ready (revision-behind)",
    ]


async def test_equal_messages_are_shown_once_where_there_is_no_room_for_all(api: Api) -> None:
    said = "cannot build: " + "no such file or directory at this very long place " * 8
    failed = {"conditions": [{**READY, "status": "False", "reason": "BuildFailed", "message": said}]}
    api.holds(*(item(name=f"app-{number:02}", status=failed) for number in range(60)))
    reply = await api.ask("list_flux_resources")
    assert ": 60 of 60 " in reply.lines[0]
    assert said.strip() in reply.lines[2]
    assert reply.lines[-1].endswith(", same message as Kustomization flux-system/app-00")
    assert len(reply.text.encode()) <= 12_000


async def test_trouble_comes_first_in_the_order_of_the_verdicts(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", "list_flux_resources")
    order = ["Stalled", "Failing", "Pending", "Waiting", "Suspended", "Ready", "Static"]
    seen = [re.findall(rf"\b({'|'.join(order)})\b", line.split(":")[0])[0] for line in reply.lines[2:]]
    assert seen == sorted(seen, key=order.index)


async def test_an_example_is_as_the_design_has_it(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", "list_flux_resources")
    assert (
        'HelmRelease apps/payments, Stalled, InstallFailed, 64s, 1.3.0: "Helm install failed for release apps/payments '
        "with chart webapp@1.3.0: timeout waiting for: [Deployment/apps/payments status: 'InProgress']\""
    ) in reply.lines
    assert "Ready HelmRelease monitoring/: kube-prometheus-stack 75.4.0 2m; loki 6.30.1 114s" in reply.lines
    assert (
        "Kustomization flux-system/cycle-a, Waiting, DependencyNotReady, 11m: \"dependency 'flux-system/cycle-b' is not ready\""
        in reply.lines
    )


async def test_an_answer_is_bounded(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", "list_flux_resources")
    assert len(reply.text.encode()) <= 12_000


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        pytest.param(
            {"kinds": ["hr"], "namespace": "apps"}, {"payments", "backend", "frontend", "ledger"}, id="namespace"
        ),
        pytest.param({"status": ["suspended"]}, {"frozen", "ledger", "paused"}, id="status"),
        pytest.param({"status": ["STALLED", "Pending"]}, {"apps-backend", "payments", "podinfo"}, id="two-verdicts"),
        pytest.param({"name_contains": "CYCLE"}, {"cycle-a", "cycle-b"}, id="part-of-a-name-in-any-case"),
        pytest.param(
            {"kinds": ["gitrepositories.source.toolkit.fluxcd.io"], "status": ["ready"]},
            {"flux-system"},
            id="resource-name",
        ),
        pytest.param(
            {"selector": "kustomize.toolkit.fluxcd.io/name=apps", "kinds": ["HelmRelease"]},
            {"payments", "backend", "frontend", "ledger", "podinfo"},
            id="selector",
        ),
    ],
)
async def test_arguments_select(ask_recording: Ask, arguments: dict, names: set[str]) -> None:
    reply = await ask_recording("staging", "list_flux_resources", **arguments)
    found = {
        re.split("[ ,]", line.split("/")[1])[0] for line in reply.lines[1:] if re.match(r"[A-Z]\w+ [\w-]+/\w", line)
    }
    together = [line.split("/: ")[1] for line in reply.lines if "/: " in line]
    found |= {part.split(" ")[0] for line in together for part in line.split("; ")}
    assert found == names
    named = [line for line in reply.lines if re.match(r"[A-Z]\w+ [\w-]+/\w", line)] + together
    count = sum(line.count("; ") + 1 if line in together else 1 for line in named)
    assert reply.lines[0].startswith(f"list_flux_resources: {count} of {count} ")


async def test_trouble_is_all_that_somebody_should_look_at(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", "list_flux_resources", status=["trouble"])
    assert ": 25 of 25 " in reply.lines[0]  # 2 Stalled, 17 Failing, 2 Pending, 4 Waiting


async def test_a_limit_is_said(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", "list_flux_resources", limit=3)
    assert ": 3 of 56 " in reply.lines[0]
    assert reply.lines[-1] == "… 53 more objects: raise limit, or narrow with status, kinds or namespace."


async def test_sources_that_were_not_read_are_said(ask_recording: Ask) -> None:
    """With a namespace the sources in another are not read, so nothing is claimed about them."""
    reply = await ask_recording("staging", "list_flux_resources", namespace="podinfo")
    assert (
        "Skipped (the sources of 1 object were not read): source-failing, source-missing, revision-behind"
        in reply.lines
    )


async def test_nothing_that_matches_is_not_an_empty_cluster(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", "list_flux_resources", name_contains="no-such-name")
    assert reply.lines[0].startswith("list_flux_resources: 0 of 0 · ")
    assert reply.lines[-1] == "No object matches; 56 were read."


async def test_kinds_that_are_not_installed_are_said(ask_recording: Ask) -> None:
    reply = await ask_recording("bootstrap", "list_flux_resources")
    (line,) = [line for line in reply.lines if line.startswith("Not installed: ")]
    assert {"FluxInstance", "ResourceSet", "ImagePolicy", "ArtifactGenerator"} <= set(line.split(": ")[1].split(", "))
    refused = await ask_recording("bootstrap", "list_flux_resources", kinds=["ResourceSet"])
    assert refused.is_error
    assert refused.text == "The cluster does not serve ResourceSet; context bootstrap."


async def test_trouble_beside_the_verdicts_that_were_asked_for_is_counted(ask_recording: Ask) -> None:
    """Of Kustomizations and HelmReleases, twelve fail; payments has stalled and four wait."""
    reply = await ask_recording("staging", "list_flux_resources", kinds=["ks", "hr"], status=["failing"])
    assert reply.lines[1:3] == [
        "12 Failing",
        "Also in trouble, but of another status: 1 Stalled, 4 Waiting (status=trouble lists them)",
    ]


@pytest.mark.parametrize("status", [["trouble"], ["ready"], ["suspended"], ["failing", "trouble"]])
async def test_who_asks_for_all_trouble_or_none_is_told_of_no_other(ask_recording: Ask, status: list[str]) -> None:
    reply = await ask_recording("staging", "list_flux_resources", status=status)
    assert "Also in trouble" not in reply.text


NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
IDLE = "No Kustomization was reconciled since 2026-01-02T11:30:00Z, though each was due twice"


def ran(name: str, last: str, *, interval: str = "10m", **status: object) -> dict:
    history = [{"lastReconciled": f"2026-01-02T{last}:00Z", "lastReconciledStatus": "ReconciliationSucceeded"}]
    return item(name=name, status={"conditions": [READY], "history": history, **status}, spec={"interval": interval})


@pytest.mark.parametrize("tool", ["list_flux_resources", "get_flux_graph"])
@pytest.mark.parametrize(
    ("objects", "idle"),
    [
        pytest.param([ran("a", "11:30"), ran("b", "11:05")], True, id="all-are-overdue"),
        pytest.param([ran("a", "11:30"), ran("b", "11:45")], False, id="one-was-reconciled"),
        pytest.param([ran("a", "11:30", interval="1h")], False, id="not-due-twice"),
        pytest.param([item(name="a")], False, id="flux-before-2.7"),
        pytest.param([ran("a", "11:30") | {"spec": {"suspend": True}}], False, id="suspended"),
    ],
)
async def test_that_nothing_is_reconciled_any_more_is_said(api: Api, tool: str, objects: list, idle: bool) -> None:
    """A controller that does not run leaves every object as it was: Ready."""
    api.now = NOW
    api.holds(*objects)
    assert (IDLE in (await api.ask(tool)).text) is idle


async def test_that_nothing_is_reconciled_is_said_though_nothing_matches(api: Api) -> None:
    api.now = NOW
    api.holds(ran("a", "11:30"))
    assert IDLE in (await api.ask("list_flux_resources", status="trouble")).text
