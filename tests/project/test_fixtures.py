"""The recordings in fixtures/ that were made by `record`: what they are, and that answers say it."""

import json

import pytest

from tests.conftest import Ask
from tests.support.fake import FIXTURES

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("recording", ["noflux", "limited"])
def test_a_recording_says_how_it_came_to_be(recording: str) -> None:
    about = json.loads((FIXTURES / recording / "recording.json").read_text())
    assert len(about["origin"]) > 80
    assert {"recordedAt", "context", "user", "fluxMcp", "kubectl", "unreadable", "served"} <= set(about)


async def test_a_cluster_without_flux_says_so(ask_recording: Ask) -> None:
    reply = await ask_recording("noflux", "list_flux_resources")
    assert not reply.is_error
    assert reply.lines == [
        "list_flux_resources: 0 of 0 · context noflux · user admin · 2026-11-22T09:52:36Z",
        "Flux is not installed: the API server serves none of its kinds.",
    ]


async def test_what_a_viewer_may_not_read_is_said(ask_recording: Ask) -> None:
    reply = await ask_recording("limited", "list_flux_resources")
    assert not reply.is_error
    assert reply.lines[0].startswith("list_flux_resources: 42 of 42 · context viewer · user viewer · ")
    assert reply.lines[1] == (
        "Could not read: ArtifactGenerator, HelmRelease, ImageRepository, ImagePolicy, ImageUpdateAutomation, Receiver, "
        "Alert, Provider (forbidden: viewer may not list in all namespaces)"
    )


async def test_a_kind_that_a_viewer_may_not_read_is_an_error(ask_recording: Ask) -> None:
    reply = await ask_recording("limited", "list_flux_resources", kinds=["Alert"])
    assert reply.is_error
    assert reply.text.startswith(
        "Forbidden: viewer may not list alerts.notification.toolkit.fluxcd.io in all namespaces;"
    )
