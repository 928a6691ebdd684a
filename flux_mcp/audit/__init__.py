"""The audit: rules about the configuration of Flux objects and controllers. Pure.

A rule is an entry in audit/rules/*.toml with its texts and two examples, and a check of the same id in the .py file of
the same name: docs/rules.md is made of them, and the examples are tests. What a check is given: audit/rule.py.
"""
