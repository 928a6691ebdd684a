"""The releases of Flux: which are supported, which controllers belong to which, and which Kubernetes each one needs.

Source: the release notes of Flux, https://github.com/fluxcd/flux2/releases, and its support policy,
https://fluxcd.io/flux/releases/ (the last three minor versions).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Minor = tuple[int, int]
Patch = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class FluxRelease:
    """A minor version of Flux.

    Attributes:
        controllers: their minor versions; those that are not among them have a version of their own scheme.
        kubernetes: of each supported minor version of Kubernetes the oldest one; none for releases that are no target
            of an upgrade any more.
    """

    controllers: Mapping[str, Minor]
    kubernetes: tuple[Patch, ...] = ()


def _release(number: int, helm: int, *kubernetes: Patch) -> FluxRelease:
    """Source-, kustomize- and notification-controller carry the minor version of Flux itself."""
    same = dict.fromkeys(("source-controller", "kustomize-controller", "notification-controller"), (1, number))
    return FluxRelease({**same, "helm-controller": (1, helm)}, kubernetes)


RELEASES: Final[Mapping[Minor, FluxRelease]] = {
    (2, 4): _release(4, 1),
    (2, 5): _release(5, 2),
    (2, 6): _release(6, 3),
    (2, 7): _release(7, 4, (1, 32, 0), (1, 33, 0), (1, 34, 0)),
    (2, 8): _release(8, 5, (1, 33, 0), (1, 34, 0), (1, 35, 0)),
    (2, 9): _release(9, 6, (1, 34, 1), (1, 35, 0), (1, 36, 0)),
    (2, 10): _release(10, 7, (1, 35, 2), (1, 36, 1), (1, 37, 0)),
}
SUPPORTED: Final = tuple(sorted(RELEASES)[-3:])
TARGETS: Final = tuple(minor for minor, release in sorted(RELEASES.items()) if release.kubernetes)
"""The versions of which it is known what changes in them."""


_VERSION: Final = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[-+@_][\w.+:@-]*)?", re.ASCII)


def patch(version: str) -> Patch | None:
    """(2, 9, 4) of `v2.9.4` and `2.9.4-rc.1`, (2, 9, 0) of `2.9`; None if it is not a version."""
    found = _VERSION.fullmatch(version)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def minor(version: str) -> Minor | None:
    """(2, 9) of `v2.9.4`; None if it is not a version."""
    found = patch(version)
    return found[:2] if found else None


def version_text(version: Minor | Patch) -> str:
    """`2.10` or `1.35.2`."""
    return ".".join(map(str, version))


def release_of(component: str, image: str) -> tuple[int, int] | None:
    """The minor version of Flux that the image of a controller belongs to; None where that is not known."""
    tag = minor(image.partition("@")[0].rpartition(":")[2])
    name = f"{component.removesuffix('-controller')}-controller"
    return next((number for number, release in RELEASES.items() if tag and release.controllers.get(name) == tag), None)


def unsupported(version: str) -> bool:
    """Whether a Flux version is older than the oldest supported one. An unknown version is not."""
    known = minor(version)
    return known is not None and known < SUPPORTED[0]
