"""What changed in a cluster and by whom: from objects and Events to a timeline. Pure."""
