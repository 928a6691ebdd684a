"""Configuring MCP clients: the entry of this server for each client, and merging it into the client's file."""
