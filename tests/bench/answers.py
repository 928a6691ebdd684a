"""How long the answers to the questions are, and the list of tools."""

import json
from typing import Any, Final

from tests.bench.process import Server
from tests.bench.table import Table, above
from tests.support.asking import CHANGED, COMPARED, EXPLAINED, READING, explain
from tests.support.fake import FIXTURES
from tests.support.tokens import tokens

STAGING: Final = 9_500
TOOLS_LIST: Final = 2_800
EXPLANATION: Final = 1_500


def answers() -> Table:
    """Measure; the table."""
    table = Table(
        "Length of answers",
        "Tokens as o200k_base counts them, on the recordings in fixtures/.",
        "question".ljust(70),
        "tokens",
        "bytes".ljust(6),
    )

    def add(words: str, text: str, bound: int) -> int:
        count = tokens(text)
        table.add(
            words.ljust(70),
            f"{count:,}".ljust(6),
            f"{len(text.encode()):,}",
            bound=f"≤ {bound:,} tokens",
            broken=above("tokens", count, bound),
        )
        return count

    with Server(recording=str(FIXTURES / "staging")) as server:
        together = 0
        for question in READING:
            text = server.call(question.tool, question.arguments).text
            together += add(f"{question.number}: {_call(question.tool, question.arguments)}", text, question.bound)
        table.add(
            "1 to 7 together".ljust(70),
            f"{together:,}",
            "",
            bound=f"≤ {STAGING:,} tokens",
            broken=above("tokens", together, STAGING),
        )
        for name in EXPLAINED:
            text = server.call("diagnose_flux", explain(name)).text
            add(f"11: {_call('diagnose_flux', explain(name))}", text, EXPLANATION)
    with Server(recording=":".join(str(FIXTURES / name) for name in COMPARED)) as server:
        for question in CHANGED:
            text = server.call(question.tool, question.arguments).text
            add(f"{question.number}: {_call(question.tool, question.arguments)}", text, question.bound)
    with Server() as server:
        listed = server.wait(server.send("tools/list"))[1]["result"]["tools"]
    brief = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in listed]
    add(f"tools/list, {len(listed)} tools", json.dumps(brief, separators=(",", ":"), ensure_ascii=False), TOOLS_LIST)
    return table


def _call(tool: str, arguments: dict[str, Any]) -> str:
    return " ".join((tool, *(f"{name}={value}" for name, value in arguments.items())))
