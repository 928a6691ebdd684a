"""An API server in memory with Flux controllers of the tests' own: they answer requests to reconcile as Flux does.

Time is the test's too: a wait costs none. Each look at an object that was asked lets its controller do one more step.
"""

from collections.abc import Callable
from typing import Any

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import FluxMcpError
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from flux_mcp.reconcile.wait import Pace
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Toolbox
from tests.conftest import Reply
from tests.support.api import Api
from tests.support.fake import unversioned

Item = dict[str, Any]
Step = Callable[[Item], None]

KEYS = {
    "requestedAt": "lastHandledReconcileAt",
    "forceAt": "lastHandledForceAt",
    "resetAt": "lastHandledResetAt",
}
NOW = "2026-02-03T04:05:06Z"


class Clock:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def condition(kind: str, status: str, reason: str, message: str, **more: Any) -> Item:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": NOW,
        "observedGeneration": 1,
        **more,
    }


def annotations(item: Item) -> dict[str, str]:
    found: dict[str, str] = item["metadata"].setdefault("annotations", {})
    return found


def token_of(item: Item) -> str:
    return annotations(item).get("reconcile.fluxcd.io/requestedAt", "")


def handles(item: Item) -> None:
    """Take down the token, and force and reset where they carry the same one."""
    for key, told in KEYS.items():
        value = annotations(item).get(f"reconcile.fluxcd.io/{key}")
        if value is not None and value == token_of(item):
            item["status"][told] = value


def works(message: str = "Running health checks") -> Step:
    """Be at work, as an object is whose run has begun."""

    def step(item: Item) -> None:
        item["status"]["conditions"] = [
            condition("Reconciling", "True", "Progressing", message),
            condition("Ready", "Unknown", "Progressing", "Reconciliation in progress"),
        ]

    return step


def ends(status: str = "True", reason: str = "ReconciliationSucceeded", message: str = "done", *more: Item) -> Step:
    """Finish a run with this Ready condition."""

    def step(item: Item) -> None:
        handles(item)
        item["status"]["conditions"] = [*more, condition("Ready", status, reason, message)]

    return step


def stays(_: Item) -> None:
    """Do nothing."""


class FluxApi(Api):
    """The API server. Without `reacts` a controller finishes every request well at the first look."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.clock = Clock()
        self.cluster = Cluster(self)
        self.reports: list[tuple[float, float, str]] = []
        self.annotated: list[tuple[str, ...]] = []
        self.before_annotate: list[Callable[[], Output | None]] = []
        self._steps: dict[str, list[Step]] = {}
        self._moving: list[tuple[str, str, str]] = []
        self._denied: set[str] = set()
        self._failing: list[Output] = []
        self._toolbox = Toolbox(self.cluster, Settings(**settings), Pace(clock=self.clock, sleep=self.clock.sleep))

    async def ask(self, tool: str, **arguments: Any) -> Reply:
        async def report(waited: float, seconds: float, message: str) -> None:
            self.reports.append((waited, seconds, message))

        try:
            return Reply(await self._toolbox.call(tool, arguments, report), is_error=False)
        except FluxMcpError as error:
            return Reply(str(error), is_error=True)

    def reacts(self, name: str, *steps: Step) -> None:
        """From now on the controllers do this to objects of that name, one step a look."""
        self._steps[name] = list(steps)

    def moves(self, kind: str, name: str, *steps: Step, namespace: str = "flux-system") -> None:
        """From the first request on the controllers do this to an object that nobody requested, one step a look."""
        self._moving.append((by_kind[kind].resource, namespace, name))
        self.reacts(name, *steps)

    def denies(self, resource: str) -> None:
        """From now on nobody may patch this kind."""
        self._denied.add(resource)

    def fails_to_get(self, *outputs: Output) -> None:
        """The next reads after a request end so."""
        self._failing = list(outputs)

    def item(self, kind: str, name: str, namespace: str = "flux-system") -> Item:
        (resource,) = (one.resource for one in FLUX_KINDS if one.kind == kind)
        return self._objects[resource][namespace, name]

    def schema(self, tool: str) -> dict[str, Any]:
        """What a tool takes."""
        return self._toolbox.schema(tool)

    def everything(self) -> list[Item]:
        """Every object that it holds."""
        return [one for found in self._objects.values() for one in found.values()]

    def gone(self, kind: str, name: str, namespace: str = "flux-system") -> None:
        """Delete an object."""
        (resource,) = (one.resource for one in FLUX_KINDS if one.kind == kind)
        self._objects[resource].pop((namespace, name), None)

    def verbs(self) -> list[str]:
        """The verb of each kubectl so far, without what is asked once for a context."""
        return [call[0] for call in self.calls if call[0] not in {"config", "version", "api-resources"}]

    async def run(self, command: Command, context: str | None = None) -> Output:
        args = command.args()
        if args[0] == "auth":
            self.calls.append(args)
            resource = unversioned(args[-1].partition("/")[0])
            return Output(1, b"no\n", "") if resource in self._denied else Output(0, b"yes\n", "")
        if args[0] == "annotate":
            self.calls.append(args)
            return self._annotate(args)
        if args[0] == "get" and self.annotated:
            if self._failing:
                self.calls.append(args)
                return self._failing.pop(0)
            requested, *names = args[args.index("--") + 1 :]
            resources = set(map(unversioned, requested.split(",")))
            for resource, namespace, name in dict.fromkeys((*self.annotated, *self._moving)):
                if resource in resources and name in (names or [name]):
                    self._step(resource, namespace, name)
        return await super().run(command, context)

    def _annotate(self, args: tuple[str, ...]) -> Output:
        flags = dict(word.removeprefix("--").split("=", 1) for word in args[1 : args.index("--")])
        resource, name, *_ = args[args.index("--") + 1 :]
        resource = unversioned(resource)
        for early in self.before_annotate[:1]:
            self.before_annotate.pop(0)
            if (output := early()) is not None:
                return output
        where = flags["namespace"], name
        if where not in self._objects[resource]:
            return Output(1, b"", f'Error from server (NotFound): {resource} "{name}" not found')
        if resource in self._denied:
            return Output(1, b"", cannot_patch(resource, name, where[0]))
        annotations(self._objects[resource][where]).update(keys_of(args))
        self.annotated.append((resource, *where))
        return Output(0, f"{resource}/{name} annotated\n".encode(), "")

    def _step(self, resource: str, namespace: str, name: str) -> None:
        item = self._objects[resource].get((namespace, name))
        if item is None:
            return
        steps = self._steps.setdefault(name, [ends()])
        steps[0](item)
        if len(steps) > 1:
            steps.pop(0)


def cannot_patch(resource: str, name: str, namespace: str) -> str:
    plural, _, group = resource.partition(".")
    return (
        f'Error from server (Forbidden): {resource} "{name}" is forbidden: User "dev-user" cannot patch resource '
        f'"{plural}" in API group "{group}" in the namespace "{namespace}"'
    )


def refused(text: str) -> Output:
    """A kubectl that printed this error."""
    return Output(1, b"", text)


def keys_of(args: tuple[str, ...]) -> dict[str, str]:
    """The annotations that an annotate writes."""
    return dict(word.split("=", 1) for word in args[args.index("--") + 3 :])
