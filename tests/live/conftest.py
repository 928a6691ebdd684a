"""The fleet that the live tests share, and the objects of it that most of them ask for."""

from collections.abc import Iterator

import pytest

from tests.support.live import Fleet, a_fleet, git, kubectl, kustomization, needs_cluster, template


@pytest.fixture(scope="session")
def cluster() -> None:
    needs_cluster()


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with a_fleet(tmp_path_factory.mktemp("fleet")) as made:
        yield made


@pytest.fixture(scope="session")
def objects(fleet: Fleet) -> Fleet:
    """Sources and Kustomizations that are well, fail, wait or are suspended."""
    fleet.make("GitRepository", "no-branch", git(fleet, ref={"branch": "no-such-branch"}))
    fleet.make("GitRepository", "suspended", git(fleet, suspend=True))
    fleet.make("Kustomization", "app", kustomization("app"))
    fleet.make("Kustomization", "broken", kustomization("broken"))
    fleet.make("Kustomization", "after-broken", kustomization("app", dependsOn=[{"name": "broken"}], prune=False))
    fleet.make("Kustomization", "suspended", kustomization("app", suspend=True))
    fleet.make("Kustomization", "from-suspended", kustomization("app", "suspended"))
    fleet.make("Kustomization", "from-no-branch", kustomization("app", "no-branch"))
    fleet.make("Kustomization", "from-nothing", kustomization("app", "nope"))
    fleet.settles("Kustomization", "app", "True")
    fleet.settles("Kustomization", "broken", "False", "BuildFailed")
    fleet.settles("Kustomization", "after-broken", "False", "DependencyNotReady")
    fleet.settles("GitRepository", "no-branch", "False")
    return fleet


@pytest.fixture(scope="session")
def release(fleet: Fleet) -> Fleet:
    """A HelmRelease whose chart is in the Git repository."""
    if not fleet.served("HelmRelease"):
        pytest.skip("the cluster has no helm-controller")
    fleet.make("HelmRelease", "web", template())
    fleet.settles("HelmRelease", "web", "True")
    return fleet


@pytest.fixture(scope="session")
def workload(objects: Fleet) -> Fleet:
    """A Deployment with a Pod that runs."""
    if not kubectl("get", "nodes", "--output=name"):
        pytest.skip("the cluster has no nodes, or they may not be read")
    objects.make("Kustomization", "workload", kustomization("workload", wait=True, timeout="2m"))
    objects.settles("Kustomization", "workload", "True")
    return objects
