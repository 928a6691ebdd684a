"""The ClusterRole that the tools need, and an admission policy for what RBAC cannot say.

It is made from the tables of kinds, so that a kind that is added is in it. It names no Secret, and no ConfigMap: a
right to read those is a right to read their values, which the tools do not need. Who wants less takes rules out, or
grants a Role in some namespaces; answers then say what they could not read.

RBAC grants a patch of an object whole. A ValidatingAdmissionPolicy (Kubernetes 1.30 and newer; its documentation,
"Validating Admission Policy") holds one identity to the annotations that request a reconciliation.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CONFIG_MAP, KUBERNETES_KINDS, POD
from flux_mcp.errors import BadSetting

NAME: Final = "fluxcd-mcp"
READ: Final = ("get", "list")
"""What kubectl get needs, with and without a name."""


def cluster_role(*, read_only: bool = False, flux_only: bool = False) -> str:
    """The manifest, as YAML that `kubectl apply --filename=-` takes.

    Args:
        read_only: leave out what the reconcile tools need.
        flux_only: leave out what only get_kubernetes_resources and get_kubernetes_logs need.
    """
    return "\n".join(_lines(read_only=read_only, flux_only=flux_only)) + "\n"


def _lines(*, read_only: bool, flux_only: bool) -> Iterator[str]:
    yield "apiVersion: rbac.authorization.k8s.io/v1"
    yield "kind: ClusterRole"
    yield "metadata:"
    yield f"  name: {NAME}"
    yield "rules:"
    yield "# Flux objects and their status."
    yield from _rules(FLUX_KINDS, READ)
    if not read_only:
        yield "# To ask Flux to reconcile: an annotation, set by patch. RBAC cannot narrow patch to annotations."
        yield from _rules([kind for kind in FLUX_KINDS if kind.reconcilable], ("patch",))
    yield "# What Flux runs and how it is: workloads, Pods, Services, claims, Events, Namespaces, the CRDs of Flux."
    yield from _rules([kind for kind in KUBERNETES_KINDS if kind != CONFIG_MAP], READ)
    if not flux_only:
        yield "# get_kubernetes_logs, and what diagnose_flux quotes of containers that crashed."
        yield from _rule(POD.group, [f"{POD.plural}/log"], ("get",))


def admission_policy(user: str) -> str:
    """The manifests, as YAML, that let a user change nothing of a Flux object but the annotations of a request.

    Args:
        user: as the API server knows it, `system:serviceaccount:flux-system:fluxcd-mcp` for example.

    Raises:
        BadSetting: the name cannot stand in the policy.
    """
    if not _USER.fullmatch(user):
        raise BadSetting("--policy-for must be the name of a user: letters, digits and . _ : @ / + = - alone.")
    groups = ", ".join(f'"{group}"' for group in dict.fromkeys(kind.group for kind in FLUX_KINDS))
    return _POLICY.format(name=NAME, user=user, groups=groups)


_USER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,252}")
_POLICY: Final = """\
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {name}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - apiGroups: [{groups}]
      apiVersions: ["*"]
      operations: [UPDATE]
      resources: ["*"]
  matchConditions:
  - name: this-user
    expression: request.userInfo.username == "{user}"
  variables:
  - name: before
    expression: "has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {{}}"
  - name: after
    expression: "has(object.metadata.annotations) ? object.metadata.annotations : {{}}"
  validations:
  - message: this user may change the annotations reconcile.fluxcd.io/* alone
    expression: >-
      has(object.spec) == has(oldObject.spec) && (!has(object.spec) || object.spec == oldObject.spec)
      && has(object.status) == has(oldObject.status) && (!has(object.status) || object.status == oldObject.status)
  - message: this user may change no label, finalizer or owner
    expression: >-
      (has(object.metadata.labels) ? object.metadata.labels : {{}})
      == (has(oldObject.metadata.labels) ? oldObject.metadata.labels : {{}})
      && (has(object.metadata.finalizers) ? object.metadata.finalizers : [])
      == (has(oldObject.metadata.finalizers) ? oldObject.metadata.finalizers : [])
      && (has(object.metadata.ownerReferences) ? object.metadata.ownerReferences : [])
      == (has(oldObject.metadata.ownerReferences) ? oldObject.metadata.ownerReferences : [])
  - message: this user may change the annotations reconcile.fluxcd.io/* alone
    expression: >-
      variables.after.all(key, key.startsWith("reconcile.fluxcd.io/")
      || (key in variables.before && variables.before[key] == variables.after[key]))
      && variables.before.all(key, key in variables.after)
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {name}
spec:
  policyName: {name}
  validationActions: [Deny]
"""


def _rules(kinds: Sequence[Kind], verbs: Sequence[str]) -> Iterator[str]:
    """One rule an API group, in the order of the table."""
    for group in dict.fromkeys(kind.group for kind in kinds):
        yield from _rule(group, [kind.plural for kind in kinds if kind.group == group], verbs)


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> Iterator[str]:
    yield f'- apiGroups: ["{group}"]'
    yield f"  resources: [{', '.join(resources)}]"
    yield f"  verbs: [{', '.join(verbs)}]"
