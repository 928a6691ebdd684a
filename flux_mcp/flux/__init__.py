"""What is known of Flux, as pure functions and tables. Nothing here starts a process or knows kubectl or MCP."""
