"""diagnose_flux where there is more to say than room: what stays, and how one cause refers to another."""

import re
from datetime import UTC, datetime

import pytest

from flux_mcp.flux.objects import view
from flux_mcp.flux.status import assess
from tests.cases.case import Ask, answer
from tests.support.fake import FIXTURES

pytestmark = pytest.mark.anyio

STAGING = FIXTURES / "staging"


async def test_a_cause_says_which_advice_of_another_is_meant() -> None:
    """payments has an image that does not exist and retries that are used up; of checkout only the first is true."""
    text = (await answer(STAGING, Ask(tool="diagnose_flux"))).text
    payments, checkout = (
        re.search(rf"^\d+\. {name}.*?(?=^\d+\. |\Z)", text, re.MULTILINE | re.DOTALL)
        for name in ("HelmRelease apps/payments", "Kustomization flux-system/checkout")
    )
    assert payments is not None
    assert checkout is not None
    number = payments[0].partition(".")[0]
    causes = re.findall(r"^   cause: (.*)$", payments[0], re.MULTILINE)
    assert causes[0] == "the registry has no image with this name and tag"
    assert len(causes) == 2
    assert f"   cause, fix: as the first of cause {number}\n" in checkout[0]


def test_how_long_it_is_not_ready_counts_and_not_when_the_retries_were_used_up() -> None:
    conditions = [
        {"type": kind, "status": status, "reason": reason, "message": "x", "lastTransitionTime": time}
        for kind, status, reason, time in (
            ("Stalled", "True", "RetriesExceeded", "2026-11-27T08:23:00Z"),
            ("Ready", "False", "UpgradeFailed", "2026-11-27T07:49:00Z"),
        )
    ]
    release = view(
        {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"name": "web", "namespace": "apps", "generation": 1},
            "status": {"conditions": conditions, "observedGeneration": 1},
        }
    )
    assert release is not None
    (status,) = assess((release,), datetime(2026, 11, 27, 8, 30, tzinfo=UTC))
    assert status.failing_since == datetime(2026, 11, 27, 7, 49, tzinfo=UTC)
