"""One side of a comparison: what is compared of each object, and no more."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import orjson

from flux_mcp.api.coverage import Coverage
from flux_mcp.api.fields import FieldPolicy
from flux_mcp.api.kinds import kind_of
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, STATEFUL_SET
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owner_references, owners_by_label
from flux_mcp.api.unstructured import at, items, labels, number, text
from flux_mcp.compare.leaves import Leaf, leaves
from flux_mcp.flux.graph import FluxNode, view_node
from flux_mcp.flux.installation import (
    VERSION_LABEL,
    Distribution,
    behavior_args,
    is_part_of_flux,
    reported_distribution,
)
from flux_mcp.flux.inventory import managed_refs
from flux_mcp.flux.status import ObjectStatus, assess
from flux_mcp.kubernetes.rollout_status import rollout
from flux_mcp.kubernetes.workloads import containers
from flux_mcp.sanitize.lookup import fields_of

WORKLOADS: Final = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB)
_APP: Final = "app.kubernetes.io/"
_REQUESTS: Final = "reconcile.fluxcd.io/"
_ANNOTATIONS: Final = (".toolkit.fluxcd.io/", "fluxcd.controlplane.io/", "source.extensions.fluxcd.io/")
_LABELS: Final = frozenset(
    {
        "sharding.fluxcd.io/key",
        "reconcile.fluxcd.io/watch",
        "kustomize.toolkit.fluxcd.io/prune",
        "kustomize.toolkit.fluxcd.io/reconcile",
        "kustomize.toolkit.fluxcd.io/ssa",
    }
)
"""Labels that change what Flux's controllers do with an object."""
_WORDS: Final = {
    "FluxInstance": "applied",
    "ResourceSet": "applied",
    "Kustomization": "applied",
    "ImagePolicy": "latest",
    "ResourceSetInputProvider": "inputs",
    "ImageUpdateAutomation": "pushed",
}
"""What the revision of a kind is, where it is no artifact's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedObject:
    """What is compared of an object.

    Attributes:
        uid: the same on both sides where it is the very same object at two times.
        content: its spec, and the labels and annotations that change what controllers do, as JSON: most objects of two
            clusters are equal, and only those that are not need be taken apart. Of what cannot be JSON again, such as
            what is nested too deep, its fields.
        node: of a Flux object.
        appliers: by label.
        release: chart and version of the newest Helm release, its number, and the digest of its values.
        state: how a workload is.
        version: of a Flux controller, which this label makes it.
    """

    ref: ObjectRef
    uid: str
    generation: int
    content: bytes | Mapping[str, Leaf] = field(repr=False)
    node: FluxNode | None = None
    appliers: tuple[ObjectRef, ...] = ()
    release: tuple[str, int, str] = ("", 0, "")
    state: str = ""
    controller: bool = False
    version: str = ""
    distribution: Distribution | None = None

    @property
    def fields(self) -> Mapping[str, Leaf]:
        """Path → value. It is made anew each time."""
        return _fields(orjson.loads(self.content)) if isinstance(self.content, bytes) else self.content

    @property
    def revision(self) -> tuple[str, str]:
        """What the revision in force is called, and the revision."""
        if self.node is None:
            return "", ""
        return _WORDS.get(self.ref.kind, "artifact"), self.node.object.revision


@dataclass(frozen=True)
class Side:
    """One side.

    Attributes:
        coverage: of which kinds all objects were read.
        server: the version of the API server; empty where it is not known.
    """

    objects: Mapping[ObjectRef, ComparedObject]
    coverage: Coverage
    server: str
    now: datetime

    @cached_property
    def statuses(self) -> Mapping[ObjectRef, ObjectStatus]:
        flux = (each.node.object for each in self.objects.values() if each.node is not None)
        return {status.object.ref: status for status in assess(flux, self.now)}


def view_compared(item: Mapping[str, Any]) -> ComparedObject | None:
    """The view of a Flux object or a workload; None if it has no name."""
    metadata = at(item, "metadata")
    name = text(metadata, "name")
    if not name:
        return None
    flux = kind_of(text(item, "apiVersion"), text(item, "kind")) is not None
    node = view_node(item) if flux else None
    found = labels(metadata, "labels")
    controller = is_part_of_flux(found)
    state = None if flux else rollout(item)
    return ComparedObject(
        ref=ObjectRef(text(item, "kind"), text(metadata, "namespace"), name),
        uid=text(metadata, "uid"),
        generation=number(metadata, "generation"),
        content=_content(item, name),
        node=node,
        appliers=owners_by_label(found) if not any(each[2] for each in owner_references(item)) else (),
        release=_release(item) if node is not None and node.ref.kind == "HelmRelease" else ("", 0, ""),
        state=state.state.value if state is not None else "",
        controller=controller,
        version=found.get(VERSION_LABEL, "") if controller else "",
        distribution=reported_distribution(item) if flux else None,
    )


def _content(item: Mapping[str, Any], name: str) -> bytes | Mapping[str, Leaf]:
    """An object without what is not compared by field."""
    annotations = {
        key: value
        for key, value in labels(item, "metadata", "annotations").items()
        if not key.startswith(_REQUESTS) and any(domain in key for domain in _ANNOTATIONS)
    }
    own_labels = {
        key: value
        for key, value in labels(item, "metadata", "labels").items()
        if key in _LABELS or key.startswith(_APP)
    }
    metadata = {"name": name, "labels": own_labels, "annotations": annotations}
    compared = {**{key: item.get(key) for key in ("apiVersion", "kind", "spec")}, "metadata": metadata}
    try:
        return orjson.dumps(compared)
    except orjson.JSONEncodeError:
        return _fields(compared)


def _fields(item: Mapping[str, Any]) -> dict[str, Leaf]:
    own_labels = labels(item, "metadata", "labels")
    found = leaves(at(item, "spec"), fields_of(item).get("spec", FieldPolicy.KEYS), "spec")
    if is_part_of_flux(own_labels) and kind_of(text(item, "apiVersion"), text(item, "kind")) is None:
        # Of a command line only the arguments that change behavior are shown.
        found = {path: leaf for path, leaf in found.items() if not path.endswith(".args")}
        given = [arg for container in containers(item) for arg in container.args]
        if args := tuple(behavior_args(given)):
            found["arguments"] = args
        found["further arguments"] = hash(tuple(sorted((Counter(given) - Counter(args)).elements())))
    for key, value in labels(item, "metadata", "annotations").items():
        found[f"metadata.annotations.{key}"] = value
    found.update((f"metadata.labels.{key}", value) for key, value in own_labels.items() if key in _LABELS)
    return found


def _release(item: Mapping[str, Any]) -> tuple[str, int, str]:
    """Chart and version, number and values of the newest release; the history is in no order."""
    newest = max(items(item, "status", "history"), key=lambda entry: number(entry, "version"), default=None)
    if newest is None:
        return "", 0, ""
    chart = f"{text(newest, 'chartName')} {text(newest, 'chartVersion')}"
    return chart, number(newest, "version"), text(newest, "configDigest")


def managed(side: Side) -> dict[ObjectRef, ComparedObject]:
    """The objects of a side without the workloads that Flux does not manage."""
    refs = managed_refs(each.node.applied for each in side.objects.values() if each.node is not None)
    return {
        ref: each
        for ref, each in side.objects.items()
        if each.node is not None or each.appliers or each.controller or ref in refs
    }
