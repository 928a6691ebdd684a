"""Addresses in texts and in names: what of them is a credential, and what names a place or a thing.

Sources: RFC 3986 (user information, percent-encoding), the data source names of MySQL (`user:password@tcp(host)/db`), the
makers' documentation of webhooks whose path is the credential, and the Flux documentation on Receivers.
"""

import pytest

from flux_mcp.sanitize.patterns import MASK, scrub, scrub_name
from flux_mcp.sanitize.table import table

DIGITS = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
OPAQUE = "kD93hTqZ71mWv0RfPbLy5XcNe82Us6Ag"
LOWER = "7x2qk9vw4zjt8bfh3mgx6rpd"
UUID = "8c2f5c3a-1b2c-4d5e-8f90-123456789abc"

CREDENTIALS = [
    # Users and passwords.
    "https://«${USER}:hunter2»@git.example.com/x",
    "https://«bob:7x/q»@git.example.com/x",
    'https://«bob:7x"q»@git.example.com/x',
    "redis://«:pa/ss»@cache:6379",
    "redis://«:x»@cache:6379",
    "https://«bob:a]b/c»@git.example.com",
    "https://«bob:pa/ss»@[fd00::1]:8443/x",
    "redirect=https%3A%2F%2F«bob%3Ahunter»%40git.example.com%2F%40acme",
    "redirect=https%3A%2F%2F«x%3Ay»%40h%2Fx%40y",
    "next=https%253A%252F%252Fh.example.com%252Cssh%253A%252F%252F«bob%253Ahunter»%2540git.example.com",
    "next=https%3A%2F%2Fh.example.com%2Cssh%3A%2F%2F«bob%3Ahunter»%40git.example.com",
    "a=https%3A%2F%2Fh.example.com,ssh%253A%252F%252F«bob%253Ahunter»%2540git.example.com",
    "app:«x»@tcp(db:3306)/x",
    "a:«hunter»@h/x",
    "bob:«hunter»@x.y/z",
    "bob:«hunter2»@git.example.com refused",
    "bob:«hunter2»@sha256.example.com/x",
    "bob:«hunter2»@mirror-sha256/x",
    "clone jane@example.com:«hunter»@git.example.com/x",
    # Queries.
    f"https://x/y?t=«{OPAQUE}»",
    f"https://x/y#part=«{OPAQUE}»",
    "https://minio.example.com/b/k?AWSAccessKeyId=«minio»&Expires=1732267626",
    "https://storage.googleapis.com/b/k?GoogleAccessId=«signer»&Expires=1732267626",
    "https://h.example.com/x?«hunter2»",
    # Paths.
    f"https://ci.example.com/hooks/«abc123» and /hook/5182bd«{DIGITS}»",
    "https://ci.example.com/Hooks/«abc123»",
    "https://ci.example.com/hook/«abc123xYz9»",
    "https://ci.example.com/hooks/«abc12X», x",
    "https://ci.example.com/hooks/«a1B2.cdeX9»",
    f"https://ci.example.com/hooks/12/«{DIGITS}»",
    "https://ci.example.com/hooks/«abc123»/r2d2c3",
    f"https://ci.example.com/hook/5182bd«{DIGITS}».",
    "https://hook.example.com/«abc123»",
    "https://hooks.example.com/«abc123»",
    "https://Webhook.example.com/«abc123»",
    "https://webhooks.example.com:8443/«abc123»",
    f"https://ping.example.com/«{OPAQUE}X»/start",
    f"https://ping.example.com/start/«{OPAQUE}X»: EOF",
    f"https://«bob:hunter2»@ping.example.com/«{OPAQUE}»",
    *(
        f"Post https://x.example.com/{place}/«{secret}»/x"
        for place in ("integration", "integrations", "trigger", "Triggers", "catch", "robot", "robots")
        for secret in (DIGITS, UUID, LOWER)
    ),
    *(
        f"https://x.example.com/v2/{place}/«{LOWER}»"
        for place in ("key", "keys", "apikey", "apikeys", "api-key", "API-Keys")
    ),
]
"""What must not be seen stands between `«` and `»`."""

NO_CREDENTIALS = [
    "http://h:8/x@y http://h:65535/x@y http://:8080/x@y",
    "http://host:port/path u=https%3A%2F%2Fu%40h%2Fx%40y",
    "http://[::1]/x@y http://[fd00::1]:8080/x@y",
    "ssh://git@github.com/acme/fleet ssh%3A%2F%2Fgit%40github.com",
    "https://acme@dev.azure.com/acme/_git/x",
    "quay.io/acme/app:v2@main/deploy",
    "podinfo:v1@sha1:b649360b1c0d4e2f8a7b6c5d4e3f2a1b0c9d8e7f",
    'User "oidc:Jane2@example.com" cannot list resource "pods"',
    "User OIDC:Jane2@example.com",
    "assignee:jane-doe@example.com",
    "https://ci.example.com/webhook/r2d2/x/y: 404",
    "https://ci.example.com/hooks/pre-install2.sh",
    "https://ci.example.com/hooks/config2.yaml",
    "https://ci.example.com/hooks/abc/r2d2c3",
    "https://app.example.com/assets/index-BxT3kQ9mWv2RfP.js",
    f"https://acme.vault.azure.net/keys/sops-key/{DIGITS}",
    f"http://h/.well-known/acme-challenge/{OPAQUE}",
    "Receiver initialized for path: /hook/5182bd…",
    "https://x/y?v2",
]

NAMES = [
    "OIDC:Jane2@example.com",
    "contractor:Jane2@example.com",
    f"https://charts.example.com/{OPAQUE}/x?ref=main",
    f"ghcr.io/acme/app:v1@sha256:{DIGITS}{DIGITS}",
]
"""Names that stay as they are: one of a user in RBAC, the address of a repository, an image."""


def shown(text: str) -> str:
    """What is to be seen of a text."""
    before, *rest = text.split("«")
    for part in rest:
        stands = "…" if before.endswith("/hook/5182bd") else MASK
        before += stands + part.partition("»")[2]
    return before


def test_what_of_an_address_is_a_credential() -> None:
    wrong = {}
    for text in CREDENTIALS:
        plain = text.replace("«", "").replace("»", "")
        if scrub(plain) != shown(text):
            wrong[plain] = scrub(plain)
    assert wrong == {}


def test_what_of_an_address_names_a_place() -> None:
    assert [text for text in NO_CREDENTIALS if scrub(text) != text] == []


@pytest.mark.parametrize("token", ["kd93htqz71mwv0rf", "kD93hTqZ71mWv0RfPbLy5XcN", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"])
@pytest.mark.parametrize("before", ["https://dl.cloudsmith.io", "https://packagecloud.io/priv"])
def test_the_token_of_a_package_repository_is_masked_in_its_name_too(before: str, token: str) -> None:
    for change in (scrub, scrub_name):
        assert change(f"{before}/{token}/acme/charts/helm/") == f"{before}/{MASK}/acme/charts/helm/"
        assert change(f"{before}/public/acme/charts/helm/") == f"{before}/public/acme/charts/helm/"
    assert scrub_name(f"https://h.example.com/x#access_token={token}") == f"https://h.example.com/x#access_token={MASK}"


def test_the_name_of_a_user_or_an_image_is_none() -> None:
    assert [text for text in NAMES if scrub_name(text) != text] == []


def test_who_signed_an_address_is_not_told() -> None:
    for key in table().signed:
        assert (
            scrub(f"https://x.example.com/y?{key.upper()}=signer&v=1")
            == f"https://x.example.com/y?{key.upper()}={MASK}&v=1"
        )


def test_what_is_longer_than_a_token_of_a_package_repository_is_none() -> None:
    text = f"https://dl.cloudsmith.io/{'a' * 129}/x"
    assert scrub_name(text) == text
