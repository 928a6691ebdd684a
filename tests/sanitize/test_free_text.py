"""Free text, as people and programs write it: messages that hold no credential, and every way in which one travels."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flux_mcp.sanitize.patterns import MASK, scrub
from flux_mcp.sanitize.quote import message
from flux_mcp.sanitize.visible import visible
from tests.support.made_up import filled, made_up

HERE = Path(__file__).parent


def lines(name: str) -> list[str]:
    return [line for line in (HERE / name).read_text().splitlines() if line and not line.startswith("# ")]


HARMLESS = [*lines("harmless.txt"), *lines("harmless_values.txt")]
MASKED_ALL_THE_SAME: dict[str, str] = {}
"""Of the lines above those that are not whole, and why."""


def test_a_message_without_a_credential_comes_out_whole() -> None:
    whole = {text for text in HARMLESS if scrub(text) == text and scrub(visible(text)) == visible(text)}
    assert [text for text in HARMLESS if text not in whole and text not in MASKED_ALL_THE_SAME] == []
    assert whole & MASKED_ALL_THE_SAME.keys() == set(), "it comes out whole: it need not be excused"


def test_few_lines_are_excused() -> None:
    assert len(HARMLESS) > 300
    assert set(MASKED_ALL_THE_SAME) <= set(HARMLESS)
    assert len(MASKED_ALL_THE_SAME) <= 0.05 * len(HARMLESS)


NOT_TOLD_APART = {
    "scp-like git": "what stands there is the name of a repository, which people search by",
    "hex of pw": "it is a row of digits as of a digest, with nothing beside it",
}
"""Shapes that are not masked, and why not."""


def credentials() -> Iterator[tuple[str, str]]:
    """The label of each row, and its text."""
    for line in lines("credentials.tsv"):
        label, text = line.split("\t")
        yield label, text.replace("\\n", "\n").replace("\\t", "\t")


def is_shown(text: str, seed: int) -> bool:
    """Whether a made-up credential is seen in the text, however it is written."""
    secrets = made_up(text, seed)
    assert secrets, text
    texts = (*map(scrub, {filled(text, seed), visible(filled(text, seed))}), message(filled(text, seed)))
    return any(secret in shown for shown in texts for secret in secrets) or not all(
        MASK in shown or "\u2026" in shown for shown in texts
    )


@pytest.mark.parametrize("seed", range(10), ids="seed-{}".format)
def test_a_credential_is_masked_in_whatever_way_it_travels(seed: int) -> None:
    assert {label for label, text in credentials() if is_shown(text, seed)} == set(NOT_TOLD_APART)


MORE = {
    "a key that is a file of its own goes with its first and last line": (
        *("pem oneline", "pem no begin", "pem openssh", "pgp", "pem ec", "pem esc", "pem encrypted", "pem logs ts"),
        *("gcp sa key", "gcp sa key json esc", "nats creds", "putty"),
    ),
    "of a cookie, or a header of several parts, all is the credential": (
        *("set-cookie", "cookie multi", "set-cookie jsession", "digest auth", "header hawk", "header digest"),
        *("splunk hec", "opsgenie genie", "okta hdr", "cookie oauth2proxy", "rancher 3"),
    ),
    "of the address of a webhook the whole path is the credential, and signed addresses name who signed": (
        *("gchat", "telegram", "url teams powerplatform", "url googlechat token pct", "provider teams ev"),
        *("s3 presigned", "gcs signed", "azure sas bare conn"),
    ),
    "the credential has more parts than the random one": (
        *(
            "pass multi word",
            "quoted with escaped",
            "smart quotes2",
            "APP_KEY",
            "laravel",
            "argon",
            "azure storage key",
        ),
        *("k3s", "password special", "firebase fcm", "skopeo creds", "skopeo src creds", "proxmox", "bitwarden sm"),
        *("pass quotes fr", "html entity", "hash ntlm", "pw list flow", "cr env go2", "php dump"),
        *("secret go struct data", "password comma list", "password helm nested", "scram", "secret last-applied"),
    ),
    "of the data of a Secret all is masked": ("secret of kustomize", "secret with string data", "secret as yaml"),
    "how the value is set apart is not understood, and rather more is masked": (
        *("unicode escape quote", "url form", "argv dump sep", "win slash", "url api_key query"),
    ),
}
"""Rows of which more is masked than the part that is made up, with quotes and what holds it together, and why."""
_USER = re.compile(
    r"((?::|%(?:25)?3A)(?:\\*/|%(?:25)?2F){2})[^/\s]*\*\*\*[^\s]*?(@|%(?:25)?40)(?=[\w.-]+(?:[:/\"\s\\%]|$))"
)
_TOGETHER = re.compile(r"""[\\"'\u201c\u201d`]*[\w+/=.~$%!{}\[\]-]*?\*\*\*[\w+/.~$%!*-]*=*[\\"'\u201c\u201d`;]*""")


def _whole(text: str) -> str:
    """The text, each mask with the word that it is part of, its quotes, and what stands before a host."""
    for _ in range(3):
        text = re.sub(r"\*{4,}", MASK, _TOGETHER.sub(MASK, _USER.sub(rf"\1{MASK}\2", text)))
    return text


def test_what_stands_around_a_credential_stays() -> None:
    excused = {*NOT_TOLD_APART, *(label for labels in MORE.values() for label in labels)}
    wrong = {}
    for label, text in credentials():
        expected = filled(text)
        for secret in sorted(made_up(text), key=len, reverse=True):
            expected = expected.replace(secret, MASK)
        if label not in excused and _whole(scrub(filled(text))) != _whole(expected):
            wrong[label] = scrub(filled(text))
    assert wrong == {}


def test_every_excuse_is_of_a_row() -> None:
    rows = {line.split("\t")[0] for line in lines("credentials.tsv")}
    assert {*NOT_TOLD_APART, *(label for labels in MORE.values() for label in labels)} <= rows
