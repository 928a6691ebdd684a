"""The tools, one module a family: arguments → cluster → flux → facts, which render themselves with text."""
