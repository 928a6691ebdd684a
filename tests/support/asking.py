"""The questions that this project exists for, and the call that answers each.

The demo asks them, the benchmark measures the answers, and the facts of questions.md are looked for in them.
"""

from typing import Any, Final, NamedTuple


class Question(NamedTuple):
    """One question: what a user asks, the tool and arguments that answer it, and the tokens that may be taken."""

    number: int
    text: str
    tool: str
    arguments: dict[str, Any]
    bound: int


READING: Final = (
    Question(
        1,
        "Analyze the Flux installation in my cluster and report the status of all components",
        "get_flux_instance",
        {},
        4_000,
    ),
    Question(2, "Are there any reconciliation errors in the Flux managed resources?", "diagnose_flux", {}, 4_000),
    Question(
        3, "Are the Flux kustomizations and Helm releases configured correctly?", "audit_flux_configuration", {}, 1_220
    ),
    Question(
        4, "Create a report of all Flux resources in the cluster and their status", "list_flux_resources", {}, 4_000
    ),
    Question(5, "Draw a diagram of the Flux dependency flow in the cluster", "get_flux_graph", {"edges": "all"}, 1_600),
    Question(
        6,
        "Which Kubernetes deployments are managed by Flux in the cluster?",
        "list_flux_workloads",
        {"kinds": ["Deployment"]},
        1_250,
    ),
    Question(
        7,
        "Which images are deployed by Flux in the monitoring namespace?",
        "list_flux_workloads",
        {"namespace": "monitoring"},
        475,
    ),
)
"""The seven questions that read, as they are asked of the recording staging."""

CHANGED: Final = (
    Question(
        13,
        "What changed, by which client or commit, and which revision broke it?",
        "get_flux_changes",
        {"context": "after", "since": "10m"},
        2_500,
    ),
    Question(
        14,
        "What differs between yesterday's recording and now?",
        "compare_flux",
        {"context": "before", "with_context": "after"},
        2_500,
    ),
    Question(15, "How are all my clusters?", "get_flux_fleet", {}, 500),
)
"""Those about several contexts, as they are asked of the recordings before and after."""
COMPARED: Final = ("before", "after")

EXPLAINED: Final = {
    "apps": "Kustomization",
    "checkout": "Kustomization",
    "payments": "HelmRelease",
    "backend": "HelmRelease",
    "frontend": "HelmRelease",
    "cycle-a": "Kustomization",
    "from-private": "Kustomization",
}
"""The objects that question 11 asks about, why it fails and what else waits for it, and their kinds."""


def explain(name: str) -> dict[str, Any]:
    """The arguments of diagnose_flux for question 11."""
    return {"kind": EXPLAINED[name], "name": name}
