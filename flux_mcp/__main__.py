"""`python -m flux_mcp` is `fluxcd-mcp`."""

from flux_mcp.cli import main

main()
