"""`fluxcd-mcp doctor`: whether everything that answers depend on is there, from kubectl to what the identity may do.

No file of the kubeconfig is opened: its content is what `kubectl config view` prints. Nothing is written anywhere.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS, POD
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.errors import FluxMcpError, KubectlError, KubectlMissing, KubectlTooOld, NotLoggedIn
from flux_mcp.kubectl.command import CanI
from flux_mcp.kubectl.kubeconfig import kubeconfig_files
from flux_mcp.kubectl.live import path_of
from flux_mcp.render.doctor import Check, Result
from flux_mcp.request import ContextEntry, RequestContext
from flux_mcp.sanitize.quote import clean, value
from flux_mcp.settings import Settings
from flux_mcp.tools.get_flux_instance import get_flux_instance

BARE_PATH: Final = "/usr/bin:/bin:/usr/sbin:/sbin"
"""PATH of a program that is not started from a shell, as launchd sets it on macOS."""


class _Stop(Exception):
    """What follows needs what just failed."""


class Doctor:
    """The checks of one run.

    Args:
        settings: the flags that the run was started with, as serve would take them.
        monotonic: a clock, in seconds.
    """

    def __init__(
        self, cluster: Cluster, settings: Settings, monotonic: Callable[[], float] = time.perf_counter
    ) -> None:
        self._cluster, self._settings, self._monotonic = cluster, settings, monotonic
        self._live = not settings.recordings or settings.access.context is not None
        self._step = "kubectl"
        self._plugin = ""
        self.checks: list[Check] = []

    async def run(self) -> list[Check]:
        """Every check, within the time of one call: what has no answer by then is a failure."""
        try:
            with anyio.move_on_after(self._settings.timeout) as scope:
                await self._run()
        except _Stop:
            pass
        if scope.cancelled_caught:
            self._add(
                Result.FAILURE,
                f"no answer within {self._settings.timeout:g} seconds: kubectl was ended, later checks are left out",
                "check the network and the credential plugin, or pass a longer --timeout",
            )
        if self._live:
            self._on_bare_path()
        return self.checks

    def _add(self, result: Result, detail: str, fix: str = "", step: str = "") -> None:
        self.checks.append(Check(step or self._step, result, detail, fix))

    def _fail(self, error: FluxMcpError) -> None:
        """Add a failure, and end.

        Raises:
            _Stop: always.
        """
        self._add(Result.FAILURE, str(error))
        raise _Stop

    async def _run(self) -> None:
        if self._live:
            self._files()
        request = await self._open()
        await self._api_server(request)
        served = await self._discovery(request)
        await self._flux(request, served)
        if self._live:
            await self._reading(request, served)
            await self._reconciling(request, served)

    def _files(self) -> None:
        self._step = "kubeconfig files"
        files = kubeconfig_files(self._settings.access.kubeconfig)
        there = [path for path in files if Path(path).exists()]
        unreadable = [path for path in there if not os.access(path, os.R_OK) or Path(path).is_dir()]
        if unreadable:
            self._add(Result.FAILURE, f"not readable: {_names(unreadable)}", "chmod u+r it, or set --kubeconfig")
        missing = [path for path in files if path not in there]
        if there and not unreadable:
            merged = ", merged by kubectl" if len(there) > 1 else ""
            self._add(Result.WARNING if missing else Result.OK, f"{_names(there)}{merged}" + _absent(missing))
        elif not unreadable and os.environ.get("KUBERNETES_SERVICE_HOST"):
            self._add(Result.OK, "none; kubectl uses the service account of this Pod")
        elif not unreadable:
            self._add(
                Result.WARNING,
                f"there is none at {_names(files)}",
                "set KUBECONFIG or --kubeconfig to the full path of your kubeconfig",
            )

    async def _open(self) -> RequestContext:
        self._step = "kubectl" if self._live else "recording"
        try:
            request = await self._cluster.open()
        except (KubectlMissing, KubectlTooOld) as error:
            self._fail(error)
        except FluxMcpError as error:
            if self._live:
                self._kubectl()
            self._step = "context" if self._live else "recording"
            self._fail(error)
        if not self._live:
            self._add(Result.OK, f"{value(request.context or '')}, made at {request.now:%Y-%m-%dT%H:%M:%SZ}")
            return request
        self._kubectl()
        known = await self._cluster.kubeconfig()
        entry = next((entry for entry in known.contexts if entry.name == request.context), None)
        self._context(request, entry, len(known.contexts))
        if entry is not None and entry.plugin:
            self._plugin = entry.plugin
            self._credential_plugin()
        return request

    def _kubectl(self) -> None:
        if version := self._cluster.kubectl_version:
            self._add(Result.OK, f"{value(version)} at {clean(path_of(self._settings.kubectl) or '')}")

    def _context(self, request: RequestContext, entry: ContextEntry | None, contexts: int) -> None:
        self._step = "context"
        if entry is None:
            self._add(Result.WARNING, "the kubeconfig has no contexts; kubectl uses its defaults")
            return
        pinned = ", chosen with --kube-context" if self._settings.access.context is not None else ""
        self._add(Result.OK, f"{value(entry.name)}{pinned}, one of {contexts}")
        who, name = request.identity
        self._add(
            Result.OK, f"{who} {value(name)} at {value(self._settings.access.server or entry.server)}", step="identity"
        )

    def _credential_plugin(self) -> None:
        self._step = "credential plugin"
        found = path_of(self._plugin)
        if found is None:
            self._add(
                Result.FAILURE,
                f"{clean(self._plugin)} is not on PATH ({os.environ.get('PATH', 'not set')})",
                "install it, or add its folder to PATH",
            )
        else:
            self._add(Result.OK, f"{clean(self._plugin)} at {clean(found)}")

    async def _api_server(self, request: RequestContext) -> None:
        self._step = "API server"
        start = self._monotonic()
        try:
            version = await self._cluster.server_version(request)
        except KubectlError as error:
            if not self._live:
                self._add(Result.WARNING, str(error))
                return
            if self._plugin and isinstance(error, NotLoggedIn):
                self._step = "credentials"
            self._fail(error)
        seconds = self._monotonic() - start
        took = f", answered in {seconds:.1f} s (kubectl and the credential plugin included)" if self._live else ""
        slow = self._live and seconds > self._settings.timeout / 5
        self._add(
            Result.WARNING if slow else Result.OK,
            f"Kubernetes {value(version)}{took}",
            "a tool call needs up to five such requests: pass a longer --timeout" if slow else "",
        )

    async def _discovery(self, request: RequestContext) -> tuple[Kind, ...]:
        self._step = "discovery"
        try:
            served = await self._cluster.served(request, FLUX_KINDS)
            total = len(await self._cluster.served_names(request))
        except FluxMcpError as error:
            self._fail(error)
        self._add(Result.OK, f"{total} kinds are served, {len(served)} of the {len(FLUX_KINDS)} Flux kinds among them")
        return served

    async def _flux(self, request: RequestContext, served: Sequence[Kind]) -> None:
        self._step = "Flux"
        if not served:
            self._add(Result.WARNING, "not installed in this cluster", "choose another context, or install Flux")
            return
        try:
            found = await get_flux_instance(self._cluster, context=request.context if request.chosen else None)
        except FluxMcpError as error:
            self._fail(error)
        down = [controller.ref.name for controller in found.controllers if not controller.up]
        total = len(found.controllers)
        ready = f"{total - len(down)} of {total} controllers ready" if total else "no controller found"
        version = value(found.distributions[0].version) if found.distributions[0].version else "version not reported"
        good = found.controllers and not down
        self._add(
            Result.OK if good else Result.WARNING,
            f"{version}, {ready}" + (f"; not ready: {_names(down)}" if down else ""),
            "" if good else "fluxcd-mcp call get_flux_instance shows more",
        )
        self._step = "read Flux kinds"
        unread = {kind: part.why for part in found.unread for kind in part.kinds}
        names = [kind.kind for kind in served]
        bad = {kind: why for kind, why in unread.items() if kind in names}
        if not bad:
            self._add(Result.OK, ", ".join(names))
            return
        whys = "; ".join(f"{_names(k for k in bad if bad[k] == why)}: {why}" for why in dict.fromkeys(bad.values()))
        self._add(
            Result.FAILURE if len(bad) == len(names) else Result.WARNING,
            f"{len(names) - len(bad)} of {len(names)} kinds; not {whys}",
            "fluxcd-mcp rbac prints the ClusterRole that the tools need",
        )

    async def _reading(self, request: RequestContext, served: Sequence[Kind]) -> None:
        """What else answers are made of."""
        if not served:
            return
        self._step = "read Kubernetes kinds"
        kinds = await self._cluster.served(request, KUBERNETES_KINDS)
        versions = {kind.kind: await self._cluster.version_of(request, kind) for kind in kinds}
        questions = {kind.kind: CanI(kind, versions[kind.kind]) for kind in kinds}
        if POD in kinds and not self._settings.flux_only:
            questions["logs of Pods"] = CanI(POD, versions[POD.kind], "logs")
        await self._rights(request, questions, "answers leave out what they would show")

    async def _reconciling(self, request: RequestContext, served: Sequence[Kind]) -> None:
        if self._settings.read_only or not served:
            return
        self._step = "request reconciliation"
        questions = {
            kind.kind: CanI(kind, await self._cluster.version_of(request, kind), "patch")
            for kind in FLUX_KINDS
            if kind in served and kind.reconcilable
        }
        await self._rights(request, questions, "the reconcile tools reject those")

    async def _rights(self, request: RequestContext, questions: Mapping[str, CanI], effect: str) -> None:
        async with gather() as reads:
            pending = {
                name: reads.start(name, self._cluster.may_everywhere(request, question), False)  # noqa: FBT003
                for name, question in questions.items()
            }
        missing = [name for name, answer in pending.items() if not answer.value]
        if not missing:
            self._add(Result.OK, ", ".join(pending))
            return
        allowed = f"{len(pending) - len(missing)} of {len(pending)} kinds in all namespaces"
        self._add(
            Result.WARNING,
            f"{allowed}; not {', '.join(missing)}: {effect}",
            "fluxcd-mcp rbac prints the ClusterRole that the tools need",
        )

    def _on_bare_path(self) -> None:
        """Desktop clients start servers with PATH as the system sets it, not as a shell does."""
        self._step = "bare PATH"
        wanted = [name for name in (self._settings.kubectl, self._plugin) if name and os.sep not in name]
        missing = [name for name in wanted if shutil.which(name, path=BARE_PATH) is None]
        if missing:
            self._add(
                Result.WARNING,
                f"{_names(missing)} not found with PATH={BARE_PATH}, as desktop clients set it",
                "configure the client with fluxcd-mcp install, which writes PATH",
            )
        else:
            self._add(Result.OK, f"{_names(wanted) or 'full paths'} found with PATH={BARE_PATH}")


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(clean, names))


def _absent(missing: Sequence[str]) -> str:
    return f"; missing: {_names(missing)}" if missing else ""
