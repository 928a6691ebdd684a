"""`python -m flux_mcp` is `flux-mcp`."""

from flux_mcp.cli import main

main()
