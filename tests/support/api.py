"""A small cluster of the tests' own, in memory: it knows objects by kind, namespace and name, as kubectl asks for them."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS, NAMESPACE
from flux_mcp.api.unstructured import text
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import FluxMcpError
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Toolbox
from tests.conftest import Reply
from tests.support.fake import ALWAYS_SERVED, FakeKubectl, a_list, kubeconfig, unversioned

CLUSTER_ROLE = Kind(kind="ClusterRole", group="rbac.authorization.k8s.io", plural="clusterroles", namespaced=False)
INGRESS = Kind(kind="Ingress", group="networking.k8s.io", plural="ingresses", short_names=("ing",))
OTHER_INGRESS = Kind(kind="Ingress", group="traefik.io", plural="ingresses")
ROLLOUT = Kind(kind="Rollout", group="argoproj.io", plural="rollouts", short_names=("ro",))
OTHER_JOB = Kind(kind="Job", group="batch.volcano.sh", plural="jobs", short_names=("vj",))


NAMESPACES = frozenset({"default", "flux-system", "apps", "other", "team-a", "team-b"})
"""Exist whether something is in them or not."""


class Api:
    """What answers commands, without a process. It serves every Flux kind, Kubernetes' own and a few more.

    `calls` holds the arguments of every command so far: of a real kubectl each would be one process.
    """

    kinds: tuple[Kind, ...] = (
        *FLUX_KINDS,
        *KUBERNETES_KINDS,
        CLUSTER_ROLE,
        INGRESS,
        OTHER_INGRESS,
        ROLLOUT,
        OTHER_JOB,
    )
    now: datetime | None = None

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self._served = self.kinds
        self._objects: dict[str, dict[tuple[str, str], dict[str, Any]]] = defaultdict(dict)
        self._forbidden: tuple[str, ...] = ()
        self._unpatchable: tuple[str, ...] = ()
        self._allowed = ""
        self._toolbox = Toolbox(Cluster(self), Settings())

    def moment(self, context: str | None) -> datetime | None:
        return self.now

    def impersonated(self, context: str | None) -> str | None:
        return None

    async def ask(self, tool: str, **arguments: Any) -> Reply:
        """Call a tool, as the server does."""
        try:
            return Reply(await self._toolbox.call(tool, arguments), is_error=False)
        except FluxMcpError as error:
            return Reply(str(error), is_error=True)

    def serves(self, *kinds: Kind) -> None:
        """From now on it serves these kinds."""
        self._served = kinds

    def holds(self, *objects: dict[str, Any]) -> None:
        """From now on it holds these objects too."""
        for one in objects:
            group = one["apiVersion"].rpartition("/")[0]
            (kind,) = (kind for kind in self.kinds if (kind.kind, kind.group) == (one["kind"], group))
            meta = one["metadata"]
            self._objects[kind.resource][meta.get("namespace", ""), meta["name"]] = one

    def forbids(self, *resources: str, but_in: str = "") -> None:
        """From now on these kinds may not be read, other than in one namespace."""
        self._forbidden, self._allowed = resources, but_in

    def forbids_patch(self, *resources: str) -> None:
        """From now on objects of these kinds may not be annotated."""
        self._unpatchable = resources

    async def run(self, command: Command, context: str | None = None) -> Output:
        """What kubectl would print."""
        args = command.args()
        self.calls.append(args)
        match args[0]:
            case "config":
                return Output(0, json.dumps(kubeconfig()).encode(), "")
            case "version":
                versions = '{"clientVersion": {"gitVersion": "v1.34.4"}, "serverVersion": {"gitVersion": "v1.34.4"}}'
                return Output(0, versions.encode(), "")
            case "auth":
                verb, resource = args[args.index("--") + 1 :]
                denied = verb == "patch" and unversioned(resource) in self._unpatchable
                denied = denied or (verb != "patch" and unversioned(resource) in self._forbidden)
                return Output(int(denied), b"no\n" if denied else b"yes\n", "")
            case "logs":
                container = next(word for word in args if word.startswith("--container=")).partition("=")[2]
                return Output(0, f"hello from {container}\n".encode(), "")
            case "api-resources":
                return Output(0, "\n".join(self._table()).encode(), "")
            case "get":
                return self._get(args)
        raise AssertionError(args)

    def _table(self) -> Iterator[str]:
        for kind in self._served:
            version = f"{kind.group}/v1" if kind.group else "v1"
            row = f"{kind.plural} {','.join(kind.short_names)} {version} {str(kind.namespaced).lower()} {kind.kind}"
            yield f"{row} get,list"
        yield from ALWAYS_SERVED

    def _get(self, args: tuple[str, ...]) -> Output:
        flags = dict(word.removeprefix("--").split("=", 1) for word in args[1 : args.index("--")])
        requested, *names = args[args.index("--") + 1 :]
        resources = ",".join(map(unversioned, requested.split(",")))
        namespace = flags.get("namespace")
        fields = dict(part.split("=", 1) for part in flags.get("field-selector", "").split(",") if part)
        named, wanted = fields.get("metadata.name"), fields.get("type")
        found, errors = [], []
        for resource in resources.split(","):
            if resource in self._forbidden and (not self._allowed or namespace != self._allowed):
                errors.append(_forbidden(resource))
                continue
            for (where, name), one in sorted(self._held(resource).items()):
                # As kubectl does: a namespace says nothing about a kind that has none.
                about_pod = text(one, "involvedObject", "kind") == "Pod" and "involvedObject.kind!" in fields
                fits = wanted in {None, text(one, "type")} and not about_pod
                if (
                    fits
                    and where in {"", namespace or where}
                    and named in {None, name}
                    and (not names or name in names)
                ):
                    found.append(one)
        if names:
            there = {one["metadata"]["name"] for one in found}
            missing = [f'Error from server (NotFound): {resources} "{name}" not found' for name in names]
            errors = errors or [line for line, name in zip(missing, names, strict=True) if name not in there]
            if len(names) == 1:
                return Output(bool(errors), json.dumps(found[0]).encode() if found else b"", "\n".join(errors))
        return Output(bool(errors), a_list(*found).encode(), "\n".join(errors))

    def _held(self, resource: str) -> dict[tuple[str, str], dict[str, Any]]:
        """The objects of a kind; without Namespaces of its own, one for each namespace that a test may think of."""
        held = self._objects[resource]
        if resource != NAMESPACE.resource or held:
            return held
        spaces = {where for found in self._objects.values() for where, _ in found if where} | NAMESPACES
        return {("", name): thing(NAMESPACE, name) for name in spaces}


def _forbidden(resource: str) -> str:
    plural, _, group = resource.partition(".")
    return (
        f'Error from server (Forbidden): {resource} is forbidden: User "dev-user" cannot list resource "{plural}"'
        f' in API group "{group}" at the cluster scope'
    )


def prints(fake: FakeKubectl, **lists: list[dict[str, Any]]) -> None:
    """A real process: from now on a get prints the list of the first of these words that stands in its arguments."""
    fake.serves(*(kind.resource for kind in Api.kinds))
    cases = [f'*{word}*) cat "$dir/get-{word}"; exit 0;;' for word in lists]
    for word, found in lists.items():
        (fake.folder / f"get-{word}").write_text(a_list(*found))
    fake.does("get", f'case "$*" in {" ".join(cases)} esac')


def thing(kind: Kind, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    """An object of any kind: `labels=`, `owner=` (another such object), `spec=` and `status=`."""
    owner = more.get("owner")
    reference = owner and {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "controller": True,
    }
    return {
        "apiVersion": f"{kind.group}/v1" if kind.group else "v1",
        "kind": kind.kind,
        "metadata": {
            "name": name,
            **({"namespace": namespace} if namespace else {}),
            "labels": more.get("labels", {}),
            **({"ownerReferences": [reference]} if reference else {}),
        },
        "spec": more.get("spec", {}),
        "status": more.get("status", {}),
    }


def applied_by(
    name: str, namespace: str = "flux-system", prefix: str = "kustomize.toolkit.fluxcd.io"
) -> dict[str, str]:
    """The labels that an applier puts on what it applies."""
    return {f"{prefix}/name": name, f"{prefix}/namespace": namespace}


def inventory(*ids: str) -> dict[str, Any]:
    """A status with an inventory."""
    return {"inventory": {"entries": [{"id": one, "v": "v1"} for one in ids]}}
