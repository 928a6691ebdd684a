"""Mutation testing of the modules that the promises rest on: `make mutants`.

A mutant is a module with one small fault put into it; a test that fails kills it, and a mutant that no test kills tells
of a rule that nobody tests. Patterns and tables of flags are the code here, so they are mutated like the rest, which
the common tools do not do: they leave out whatever stands outside a function, or in one with a decorator.
"""
