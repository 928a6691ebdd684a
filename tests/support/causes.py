"""Which first causes each object in trouble of the recording staging stands behind.

Written by hand from the raw JSON (conditions, dependsOn, sourceRef, chart, inventories, pods), before there was a
program to compare it with. A cause is called by the object that it is in; the loop is the cause `loop`.

Kustomization apps has `wait: true`, and of the four releases in its inventory three are not ready: payments failed,
backend has no chart, frontend depends on backend; ledger is suspended. GitRepository nope does not exist.
"""

STAGING_CAUSES: dict[str, set[str]] = {
    "HelmChart flux-system/apps-backend": {"HelmChart flux-system/apps-backend"},
    "HelmRelease apps/payments": {"HelmRelease apps/payments"},
    "Bucket flux-system/artifacts": {"Bucket flux-system/artifacts"},
    "GitRepository flux-system/private-repo": {"GitRepository flux-system/private-repo"},
    "GitRepository flux-system/wrong-branch": {"GitRepository flux-system/wrong-branch"},
    "HelmRelease apps/backend": {"HelmChart flux-system/apps-backend"},
    "HelmRepository flux-system/bitnami-gone": {"HelmRepository flux-system/bitnami-gone"},
    "Kustomization flux-system/apply-error": {"Kustomization flux-system/apply-error"},
    "Kustomization flux-system/apps": {"HelmRelease apps/payments", "HelmChart flux-system/apps-backend"},
    "Kustomization flux-system/build-error": {"Kustomization flux-system/build-error"},
    "Kustomization flux-system/checkout": {"Kustomization flux-system/checkout"},
    "Kustomization flux-system/from-private": {"GitRepository flux-system/private-repo"},
    "Kustomization flux-system/missing-vars": {"Kustomization flux-system/missing-vars"},
    "Kustomization flux-system/no-crd": {"Kustomization flux-system/no-crd"},
    "Kustomization flux-system/orphan-source": {"GitRepository flux-system/nope"},
    "Kustomization flux-system/remote": {"Kustomization flux-system/remote"},
    "Kustomization flux-system/sops-error": {"Kustomization flux-system/sops-error"},
    "Kustomization flux-system/wrong-path": {"Kustomization flux-system/wrong-path"},
    "OCIRepository flux-system/manifests-missing-tag": {"OCIRepository flux-system/manifests-missing-tag"},
    # Both were never reconciled, by the same controller: one cause with two members.
    "ImagePolicy flux-system/podinfo": {"image-reflector-controller"},
    "ImageRepository flux-system/podinfo": {"image-reflector-controller"},
    "HelmRelease apps/frontend": {"HelmChart flux-system/apps-backend"},
    "Kustomization flux-system/cycle-a": {"loop"},
    "Kustomization flux-system/cycle-b": {"loop"},
    "Kustomization flux-system/waits-for-broken": {"Kustomization flux-system/build-error"},
}
