"""From objects in trouble to root causes, and what each blocks. Pure."""
