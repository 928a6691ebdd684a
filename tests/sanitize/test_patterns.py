"""The filter for credentials in free text: what it masks, what it must leave, and that it is quick.

Every credential here is made up for its row, so that nothing of it can come back from anywhere else.
"""

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.sanitize.patterns import MASK, mask_below, scrub, scrub_name
from tests.support.fake import FIXTURES

S = "zQ7rK2vN8sXw"
"""A credential without a shape of its own: only where it stands gives it away."""
LONG = "kD93hTqZ71mWv0RfPbLy5XcNe82Us6Ag"
SHA1 = "b649360b1c0d4e2f8a7b6c5d4e3f2a1b0c9d8e7f"
SHA256 = "a7b62a6e3d6d11f0c2b4a59687f0e1d2c3b4a5968778695a4b3c2d1e0f9a8b7c"
JWT = f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJmbHV4In0.{LONG}"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB{LONG}\n{LONG}\n-----END RSA PRIVATE KEY-----"


def row(name: str, text: str, *secrets: str) -> object:
    """A text, and the parts of it that must not be seen."""
    return pytest.param(text, secrets or (S,), id=name)


URLS = [
    row("user-and-password", f"unable to clone 'https://jane:{S}@github.com/org/repo': authentication required"),
    row("token-as-user", f"unable to clone 'https://{S}@github.com/org/repo'"),
    row("password-with-an-at", f"https://jane:ab@{S}@example.com/x"),
    row("any-scheme", f"dial ssh://git:{S}@example.com:22, redis://:{S}@cache:6379"),
    row("query-value", f"Get https://example.com/x?token={S}&page=2: 401"),
    row("any-query-value", f"Get https://example.com/x?a=1&code={S}"),
    row("presigned", f"https://b.s3.amazonaws.com/k?X-Amz-Credential={S}%2F20260101&X-Amz-Signature={LONG}", S, LONG),
    row(
        "sas",
        f"https://a.blob.core.windows.net/c/x?sv=2024-11-04&se=2026-12-01T00%3A00%3A00Z&sig={S}%2B{LONG}%3D",
        S,
        LONG,
    ),
]
WORDS = [
    *(
        row(f"word-{word}-{position}", text.format(word, S))
        for word in (
            "authorization",
            "token",
            "password",
            "passwd",
            "secret",
            "api-key",
            "api_key",
            "apikey",
            "access-key",
            "access_key",
            "client-secret",
            "client_secret",
            "clientSecret",
            "sig",
            "signature",
            "PASSWORD",
            "DB_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "X-Api-Key",
            "x-auth-token",
            "tls.password",
        )
        for position, text in enumerate(
            (
                "field {}: {} is refused",
                "field {}={} is refused",
                'field "{}": "{}" is refused',
                "field '{}' : '{}' is refused",
                '{{"{}":"{}"}}',
                r"msg=\"{{\"{}\":\"{}\"}}\"",
                "map[a:b {}:{}]",
            )
        )
    ),
    row("bearer-colon", f"bearer: {S}"),
    row("bearer-equals", f"bearer={S}"),
    row("header", f"Authorization: Bearer {S}"),
    row("header-basic", f"authorization: Basic {LONG}==", LONG),
    row("header-quoted", f'{{"Authorization":["Bearer {S}"]}}'),
    row("header-without-its-name", f"sent Bearer {LONG}", LONG),
    row("flag", f"helm login --password {S} --username jane"),
    row("flag-equals", f"helm login --token={S}"),
    row("words-in-quotes", f'password: "correct horse {S}"'),
    row("words-in-single-quotes", f"password: 'correct horse {S}'"),
    row("lines-in-quotes", f'password: "correct\nhorse {S}"'),
    row("line-break", f"password:\n  {S}"),
    row(
        "quote-in-quotes",
        json.dumps({"password": f'ab"{S}'}),
    ),
    *(
        row(
            f"character-{ord(character)}",
            f"password: ab{character}{S} is refused",
        )
        for character in ",;)]}"
    ),
    row("character-others", f"password: ab!@#$%^&*(<>?/|~`+=-_.:[{S} is refused"),
    row("twice", f"password={S} token={LONG}", S, LONG),
    row(
        "a-value-that-validation-echoes",
        f'Secret "db" is invalid: data.password: Invalid value: "{S}": illegal base64',
    ),
]
SHAPES = [
    row("github", f"got ghp_{LONG} and gho_{LONG}, ghs_{LONG}, ghu_{LONG}, ghr_{LONG}", LONG),
    row("github-fine", f"got github_pat_11ABCDEFG0_{LONG}", LONG),
    row("gitlab", f"got glpat-{LONG}", LONG),
    row("slack", f"got xoxb-1234-{LONG}, xoxp-1-{LONG}, xoxa-1-{LONG}, xoxr-1-{LONG}, xoxs-1-{LONG}", LONG),
    row("aws", "got AKIAQ7R2V8SXWZKD93HT and ASIAQ7R2V8SXWZKD93HT", "Q7R2V8SXWZKD93HT"),
    row("jwt", f"got {JWT}", LONG),
    row("slack-webhook", f"Post https://hooks.slack.com/services/T00/B00/{S}: no route to host"),
    row("slack-webhook-bare", f"Post hooks.slack.com/services/T00/B00/{S}"),
    row("discord-webhook", f"Post https://discord.com/api/webhooks/123/{S}: 404"),
    row("pem", f"bad key: {PEM}", LONG),
    row("pem-on-one-line", "bad key: " + PEM.replace("\n", "\\n"), LONG),
    row("pem-cut", f"bad key: {PEM[:60]}", PEM[40:60]),
    row("pem-openssh", PEM.replace("RSA PRIVATE", "OPENSSH PRIVATE"), LONG),
    row("age", f"AGE-SECRET-KEY-1{LONG.upper()}", LONG.upper()),
    row("hook", f"Receiver initialized for path: /hook/5182bd{SHA256}", SHA256),
]


@pytest.mark.parametrize(("text", "secrets"), [*URLS, *WORDS, *SHAPES])
def test_credentials_are_masked(text: str, secrets: tuple[str, ...]) -> None:
    assert all(secret in text for secret in secrets)
    masked = scrub(text)
    assert not [secret for secret in secrets if secret in masked]
    assert "***" in masked or "…" in masked


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param(
            f"unable to clone 'https://jane:{S}@github.com/org/repo': denied",
            ("github.com/org/repo", "denied"),
            id="host",
        ),
        pytest.param(
            f"Get https://example.com/x?token={S}&page=2: 401", ("https://example.com/x?token=", " 401"), id="path"
        ),
        pytest.param(
            f"Post https://hooks.slack.com/services/T0/B0/{S}: denied", ("hooks.slack.com", "denied"), id="webhook"
        ),
        pytest.param(f"/hook/5182bd{SHA256}", ("/hook/5182bd",), id="hook"),
        pytest.param(f"login failed: password={S} for user jane", ("login failed", "for user jane"), id="words"),
        pytest.param(f"before {PEM} after", ("before ", " after"), id="pem"),
    ],
)
def test_what_stands_around_a_credential_is_kept(text: str, kept: tuple[str, ...]) -> None:
    masked = scrub(text)
    assert S not in masked
    assert all(part in masked for part in kept)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Applied revision: main@sha1:{SHA1}", id="revision"),
        pytest.param(f"stored artifact for digest sha256:{SHA256}", id="digest"),
        pytest.param(SHA1, id="commit"),
        pytest.param(f"ghcr.io/stefanprodan/podinfo:6.14.1@sha256:{SHA256}", id="image"),
        pytest.param("oci://ghcr.io/stefanprodan/charts/podinfo:6.14.1", id="oci"),
        pytest.param("pulled 'kube-prometheus-stack' chart with version '75.4.0'", id="chart"),
        pytest.param("podinfo@6.14.1+a7b62a6e3d6d", id="chart-version"),
        pytest.param('secrets "x" not found', id="no-secret"),
        pytest.param("failed to get secret 'flux-system/x'", id="secret-of-a-name"),
        pytest.param("failed to get secret 'flux-system/x': secrets \"x\" not found", id="both"),
        pytest.param('could not find Secret "apps/db-password"', id="a-secret-named-password"),
        pytest.param(
            "failed to get secret 'flux-system/git-token': secrets \"git-token\" not found",
            id="a-secret-named-token",
        ),
        pytest.param("secretRef: git-auth", id="secretRef"),
        pytest.param("spec.secretRef.name: git-auth", id="secretRef-name"),
        pytest.param('"secretRef":{"name":"git-auth"}', id="secretRef-json"),
        pytest.param("secretName: wildcard-tls", id="secretName"),
        pytest.param("tokenSecretRef=git-auth", id="tokenSecretRef"),
        pytest.param("spec.decryption.secretRef", id="path"),
        pytest.param("Helm install failed for release apps/payments with chart webapp@1.3.0: timed out", id="helm"),
        pytest.param("Secret/flux-system/webhook-token created", id="applied"),
        pytest.param("password authentication failed for user jane", id="words-alone"),
        pytest.param("the token has expired, the signature is valid", id="sentence"),
        pytest.param("git@github.com:org/repo.git", id="scp"),
        pytest.param("dial tcp 10.0.0.1:443: connect: connection refused", id="address"),
        pytest.param("lookup nosuch.invalid on 10.96.0.10:53: no such host", id="lookup"),
        pytest.param("https://example.com/charts/index.yaml: 404", id="url"),
        pytest.param('no matches for kind "Widget" in version "example.com/v1"', id="kind"),
        pytest.param("dependency 'flux-system/cycle-b' is not ready", id="dependency"),
        pytest.param("timeout waiting for: [Deployment/apps/payments status: 'InProgress']", id="wait"),
        pytest.param("system:serviceaccount:flux-system:kustomize-controller", id="account"),
    ],
)
def test_what_people_search_by_stays(text: str) -> None:
    assert scrub(text) == text


def recorded() -> Iterator[str]:
    """Every message of a condition or an event in the recordings."""
    for path in FIXTURES.glob("*/*.json"):
        for item in json.loads(path.read_bytes()).get("items", []):
            conditions = (item.get("status") or {}).get("conditions") or []
            yield from (condition.get("message") or "" for condition in conditions)
            if item.get("kind") == "Event":
                yield item.get("message") or ""


def test_a_receivers_path_is_masked_in_the_recordings() -> None:
    hooks = [text for text in recorded() if "/hook/" in text]
    assert hooks
    for text in hooks:
        start = text.index("/hook/") + 6
        assert scrub(text) == f"{text[: start + 6]}…"


def test_nothing_else_of_the_recordings_is_changed() -> None:
    """The recordings were made without credentials in any message; a query of a URL is masked whatever it holds."""
    messages = {text for text in recorded() if "/hook/" not in text and not re.search(r"://\S+\?\w+=", text)}
    assert len(messages) > 200
    assert not [text for text in messages if scrub(text) != text]


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["password", "=", ":", " ", '"', "\\", "://", "@", "a", "?", "&"]), max_size=20).map(
        "".join
    )
)
def test_masking_again_changes_nothing_that_matters(text: str) -> None:
    """Any text is taken; what was masked stays masked."""
    assert isinstance(scrub(text), str)
    assert S not in scrub(scrub(f"{text} password={S}"))


BELOW = {
    ("password: |", "  correct horse", "  Sommer2024!", "user: app"): (f"  {MASK}", f"  {MASK}", "user: app"),
    ("password: >-2", "  hunter2x"): (f"  {MASK}",),
    ("password: >", "  hunter2x"): (f"  {MASK}",),
    ("password=", "  hunter2x"): (f"  {MASK}",),
    ("password=", " hunter2x"): (f" {MASK}",),
    ("password:   |  ", "  hunter2x"): (f"  {MASK}",),
    ("  password:", "    Sommer2024!", "  user:", "    app"): (f"    {MASK}", "  user:", "    app"),
    ('{"password":', '  "hunter2",', '  "user": "app"}'): (f"  {MASK},", '  "user": "app"}'),
}
STAYS_BELOW = [
    ("checking the password:", "Sommer2024! is the name of a release"),
    ("password:", "  required"),
    ("values:", "  Sommer2024!"),
    ("password: |", "user: app"),
    ("  password:", "  hunter2x"),
    ("the password: is below", "  hunter2x"),
    ("password:", "", "  hunter2x"),
    # Each line is filtered for itself elsewhere.
    ("  password=hunter2x",),
    ("user app", "  password=hunter2x"),
]


def test_a_value_below_its_key_is_masked_in_a_log() -> None:
    assert {lines: tuple(mask_below(lines)[1:]) for lines in BELOW} == BELOW


def test_a_line_that_is_no_value_of_the_one_above_stays() -> None:
    assert [lines for lines in STAYS_BELOW if tuple(mask_below(lines)) != lines] == []


def test_a_name_of_several_parts_is_no_login() -> None:
    assert scrub("app:8fJ3kd9fjw0dKf93kQz.example.com") == "app:8fJ3kd9fjw0dKf93kQz.example.com"
    assert scrub("app:8fJ3kd9fjw0dKf93kQz x") == f"app:{MASK} x"


def test_a_query_is_looked_at_in_a_name_without_a_scheme() -> None:
    assert scrub_name("charts.example.com/x?token=8fJ3kd9fjw0dKf93kQz") == f"charts.example.com/x?token={MASK}"
