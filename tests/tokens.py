"""Tokens as o200k_base counts them."""

import functools

import bpe_openai


@functools.cache
def _encoding() -> bpe_openai.Encoding:
    return bpe_openai.get_encoding("o200k_base")


def tokens(text: str) -> int:
    return len(_encoding().encode(text))
