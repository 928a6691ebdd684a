"""Every fact of questions.md is in the answer to its question, asked once, with the tool that answers it."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ask
from tests.support.asking import READING, explain
from tests.support.tokens import tokens

pytestmark = pytest.mark.anyio

SECTIONS = dict(
    re.findall(
        r"^## (Q[^\n]*)\n(.*?)(?=^## |\Z)",
        (Path(__file__).parent / "questions.md").read_text(),
        re.DOTALL | re.MULTILINE,
    )
)

ASKED = {f"Q{question.number}": (question.tool, question.arguments, question.bound) for question in READING} | {
    "Q7 bootstrap": ("list_flux_workloads", {"namespace": "ingress"}, 350),
}
"""Question, or question and recording → the tool, its arguments, the tokens that the answer may take."""
TRACED = "trace_kubernetes_resource"
"""Answers question 12; a section's first line tells the arguments."""


def sections() -> list[Any]:
    return [
        pytest.param(heading, id=heading.replace(" ", "-"))
        for heading in SECTIONS
        if heading.partition(" ")[0] in {*ASKED, "Q11", "Q12"}
    ]


@pytest.mark.parametrize("heading", sections())
async def test_every_fact_is_in_the_answer(ask_recording: Ask, heading: str) -> None:
    told = re.match(r"(Q\d+) (\w+)(?:, severity (\w+))?", heading)
    assert told is not None
    question, recording, severity = told.groups()
    pairs = re.findall(r"`(kind=[^`]*)`", SECTIONS[heading])
    traced = dict(pair.split("=") for pair in pairs[0].split()) if pairs else {}
    tool, arguments, bound = ASKED.get(heading) or ASKED.get(question, (TRACED, traced, 1_500))
    if question == "Q11":
        tool, arguments = "diagnose_flux", explain(heading.split()[2])
    if severity:
        arguments, bound = {"severity": severity}, 1_600
    reply = await ask_recording(recording, tool, **arguments)
    assert not reply.is_error
    facts = re.findall(r"^- (.*)$", SECTIONS[heading], re.MULTILINE)
    assert facts
    # In a diagram, kind and name stand on lines of their own.
    text = reply.text.lower().replace("<br>", " ")
    missing = [fact for fact in facts if any(literal.lower() not in text for literal in re.findall(r"`([^`]+)`", fact))]
    assert missing == []
    assert tokens(reply.text) <= bound
    assert len(reply.text.encode()) <= 12_000
