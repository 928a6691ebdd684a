"""What the Deployment of a controller says: its image, its arguments and its feature gates."""

from collections.abc import Iterable, Iterator

from flux_mcp.kubernetes.workloads import Workload


def controller_image(controller: Workload) -> tuple[str, str]:
    """Name and tag of its image, without registry and digest."""
    image = next((container.image for container in controller.containers if not container.init), "").partition("@")[0]
    name, _, tag = image.rpartition("/")[2].partition(":")
    return name, tag


def arguments(controller: Workload) -> Iterator[tuple[str, str]]:
    """Names without dashes, and values."""
    for container in controller.containers:
        for arg in container.args:
            name, _, value = arg.lstrip("-").partition("=")
            yield name, value


def feature_gates(controllers: Iterable[Workload]) -> tuple[str, ...]:
    """`Name=true` and `Name=false` of all that are set."""
    values = (value for one in controllers for name, value in arguments(one) if name == "feature-gates")
    return tuple(gate.strip() for value in values for gate in value.split(","))
