"""What a reader of an answer sees: nothing in it is hidden from him."""

import unicodedata


def assert_seen(text: str) -> None:
    """Every character of a text is one that a reader sees: no control, format, private or unassigned one."""
    hidden = {c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}}
    assert not hidden
