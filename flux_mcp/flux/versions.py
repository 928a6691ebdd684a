"""The releases of Flux: which are supported, and which controllers belong to which.

Source: the release notes of Flux, and its support policy: https://fluxcd.io/flux/releases/ (the last three minor
versions).
"""

import re
from typing import Final

RELEASES: Final = {
    (2, 6): {"source": (1, 6), "kustomize": (1, 6), "helm": (1, 3), "notification": (1, 6)},
    (2, 7): {"source": (1, 7), "kustomize": (1, 7), "helm": (1, 4), "notification": (1, 7)},
    (2, 8): {"source": (1, 8), "kustomize": (1, 8), "helm": (1, 5), "notification": (1, 8)},
    (2, 9): {"source": (1, 9), "kustomize": (1, 9), "helm": (1, 6), "notification": (1, 9)},
}
"""The minor version of Flux → the minor versions of its controllers."""

SUPPORTED: Final = tuple(sorted(RELEASES)[-3:])


def minor(version: str) -> tuple[int, int] | None:
    """(2, 9) of `v2.9.4`; None if it is not a version."""
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})(?:\.|$)", version)
    return (int(found[1]), int(found[2])) if found else None


def version_text(version: tuple[int, ...]) -> str:
    """`2.10` of (2, 10)."""
    return ".".join(map(str, version))


def release_of(component: str, image: str) -> tuple[int, int] | None:
    """The minor version of Flux that the image of a controller belongs to; None where that is not known."""
    tag = minor(image.partition("@")[0].rpartition(":")[2])
    name = component.removesuffix("-controller")
    return next((release for release, minors in RELEASES.items() if tag and minors.get(name) == tag), None)


def unsupported(version: str) -> bool:
    """Whether a Flux version is older than the oldest supported one. An unknown version is not."""
    known = minor(version)
    return known is not None and known < SUPPORTED[0]
