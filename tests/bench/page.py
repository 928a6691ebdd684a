"""docs/performance.md: what was measured, on what, and how to repeat it. A run replaces the sections that it measured."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tests.bench.fleets import SIZES
from tests.bench.table import Table
from tests.support.fake import ROOT

PATH: Final = ROOT / "docs" / "performance.md"
_TITLES: Final = (
    *(f"{size:,} Flux objects" for size in sorted(SIZES, reverse=True)),
    "Growth",
    "One server, many calls",
    "Questions on a cluster",
    "Start",
    "Length of answers",
)
_ABOUT: Final = """\
# Performance

What an answer costs: time, processes, memory and tokens. Written by `make bench PAGE=1`, figures and bounds both.

## What is measured

- A fleet is generated, never stored: Kustomizations and HelmReleases with inventories of 5 to 500 entries (median 30),
  histories and managedFields, in 20 namespaces; three of a hundred Kustomizations fail, for ten reasons. A local API
  server serves it to a real kubectl, in chunks of 500. A second cluster has the same objects, of which some differ.
- *bare* is the time of the same kubectl processes without fluxcd-mcp, printing to nowhere, each measured in turn with
  a call; those that fluxcd-mcp runs at the same time run at the same time. *x wall* and *x CPU* are the medians of the
  ratios. The server is warm: it knows the context and the served kinds.
- *kubectl* is how many processes run, in how many steps. *printed* is what they print.
- *own CPU* is the CPU time of a call over a kubectl that prints at once what the real one printed.
- *peak* is the peak of resident memory over that of the idle server; *x printed* is its ratio to what kubectl printed.
- *holds* says whether the figures are within the bound. On a machine that does other work at the same time, times and
  their ratios vary; CPU ratios, processes, memory and tokens hardly do.

## How to repeat it

`make bench` takes about 15 minutes on a quiet machine. It needs kubectl, and a cluster (KUBECONFIG) for the part questions alone.

```sh
make bench SIZE=1000 TOOL=list_flux_resources   # one fleet, one tool; commas separate several
make bench PART=start                           # start, answers, questions or fleets
make bench PAIRS=20                             # more calls
make bench PAGE=1                               # everything, and this page; with PART or SIZE, their sections of it
```

"""


def write(tables: Sequence[Table], machine: str, now: datetime) -> None:
    """Write the page, with the sections of an earlier run that this one did not measure."""
    known = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
    sections = dict(re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", known, re.DOTALL | re.MULTILINE))
    for table in tables:
        measured = f"Measured on {now:%-d %B %Y}: {machine}."
        sections[table.title] = "\n".join(("", f"{table.about} {measured}".strip(), "", *table.lines(), "", ""))
    body = "".join(f"## {title}\n{sections[title]}" for title in _TITLES if title in sections)
    PATH.write_text(_ABOUT + body.rstrip() + "\n", encoding="utf-8")
