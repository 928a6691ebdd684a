"""docs/performance.md: what was measured, on what, and how to repeat it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tests.bench.table import Table
from tests.support.fake import ROOT

PATH: Final = ROOT / "docs" / "performance.md"
_ABOUT: Final = """\
# Performance

What an answer costs: time, processes, memory and tokens. Written by `make bench PAGE=1`, figures and bounds alike.

Measured on {day}: {machine} (the load counts this and whatever else the machine did).

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

## How to repeat it

`make bench` takes about 15 minutes. It needs kubectl and no cluster.

```sh
make bench SIZE=1000 TOOL=list_flux_resources   # one fleet, one tool; commas separate several
make bench PART=start                           # start, answers or fleets
make bench PAIRS=20                             # more calls
make bench PAGE=1                               # everything, and this page
```

"""


def page(tables: Sequence[Table], machine: str, now: datetime) -> str:
    """The page."""
    lines = [line for table in tables for line in table.page()]
    return _ABOUT.format(day=f"{now:%-d %B %Y}", machine=machine) + "\n".join(lines)
