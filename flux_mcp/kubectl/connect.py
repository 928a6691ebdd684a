"""What answers commands: kubectl, a recording, or for each context the one or the other."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from flux_mcp.api.unstructured import items, text
from flux_mcp.kubectl.base import Kubectl, Output
from flux_mcp.kubectl.command import Command, ConfigView, Version
from flux_mcp.kubectl.live import LiveKubectl
from flux_mcp.kubectl.output import parse_document
from flux_mcp.kubectl.replay import RecordedKubectl, config_of
from flux_mcp.settings import Settings


class SeveralContexts:
    """Answers each command from the recording that its context names, else with kubectl.

    Args:
        recordings: by the name of their context; the first is in use where there is no kubectl.
        live: kubectl, whose one context is in use.
        context: that context.
    """

    def __init__(
        self, recordings: Mapping[str, RecordedKubectl], live: LiveKubectl | None, context: str | None
    ) -> None:
        self._recordings, self._live, self._context = recordings, live, context

    def moment(self, context: str | None) -> datetime | None:
        return self._of(context).moment(context)

    def impersonated(self, context: str | None) -> str | None:
        return self._of(context).impersonated(context)

    async def run(self, command: Command, context: str | None = None) -> Output:
        if isinstance(command, ConfigView):
            return await self._config(command)
        if isinstance(command, Version) and self._live is not None:
            return await self._live.run(command, context)
        return await self._of(context).run(command, context)

    def _of(self, context: str | None) -> LiveKubectl | RecordedKubectl:
        first = self._live or next(iter(self._recordings.values()))
        return self._recordings.get(context, first) if context is not None else first

    async def _config(self, command: Command) -> Output:
        """The recordings as contexts; with kubectl its context too, which is in use."""
        document = config_of(*self._recordings.values())
        if self._live is not None:
            output = await self._live.run(command)
            if output.exit_code:
                return output
            found = parse_document(output.stdout)
            mine: list[Any] = [entry for entry in items(found, "contexts") if text(entry, "name") == self._context]
            # Where a cluster of the kubeconfig has the name of a recording, the later entry counts.
            clusters = [*document["clusters"], *items(found, "clusters")]
            contexts = [*mine, *document["contexts"]]
            document = {**found, "current-context": self._context, "contexts": contexts, "clusters": clusters}
        return Output(0, orjson.dumps(document), "")

    def kill_all(self) -> None:
        if self._live is not None:
            self._live.kill_all()


def connect(settings: Settings) -> Kubectl:
    """What answers commands under these settings. Nothing is started yet.

    Raises:
        BadRecording: there is no such recording, or two contexts are called the same.
    """
    live = LiveKubectl(settings.kubectl, settings.access, timeout=settings.timeout)
    if not settings.recordings:
        return live
    context = settings.access.context
    if settings.pinned:
        return RecordedKubectl(*settings.recordings[0])
    recordings = {each.called: RecordedKubectl(each.folder, each.called) for each in settings.recordings}
    return SeveralContexts(recordings, live if context is not None else None, context)
