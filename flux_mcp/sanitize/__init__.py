"""What may leave: allow-lists per kind, projection, credential patterns, quoting. Pure."""
