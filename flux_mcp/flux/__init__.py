"""Flux objects: health, inventory, graph, ownership, installation. Pure."""
