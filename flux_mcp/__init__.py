"""fluxcd-mcp: an MCP server that answers questions about Flux CD with kubectl."""

from importlib import metadata


def __getattr__(name: str) -> str:
    """Read the version from the installed package, only when somebody asks."""
    if name == "__version__":
        return metadata.version("fluxcd-mcp")
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
