"""What a key says about its value, and what a value looks like."""

import pytest

from flux_mcp.sanitize.private_keys import drop_keys
from flux_mcp.sanitize.words import Key, Looks, ends_in_key, is_prose, is_random, is_spelled, key, looks
from tests.support.made_up import filled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *((name, Key.STRONG) for name in ("password", "DB_PASSWORD", "dbpassword", "adminPassword", "--pass", "apiKey", "api_key", "APIKEY", "clientSecret", "client-secret", "SECRET_KEY_BASE", "AWS_SECRET_ACCESS_KEY", "accessToken", "private-key", "passwordHash", "Kennwort", "client-key-data", "PASSWORD_1", "password_new", "psk", "X-Auth-Key", "requirepass", "wachtwoord")),
        *((name, Key.NAMED) for name in ("secret", "existingSecret", "token", "credentials", "signature", "sig", "bearer", "tokens", "secret_named", "token_refresh", "webhook-secret", "AutomountServiceAccountToken", ".dockerconfigjson", "secret_id")),
        *((name, Key.WEAK) for name in ("key", "auth", "X-Auth", "APP_KEY", "sessionid", "otp", "salt", "tls.key", "PASSWORD_SALT"[9:], "pat", "community", "encrypt")),
        *((name, Key.ABOUT) for name in ("secretName", "secretRef", "tokenFile", "token-file", "TOKEN_EXPIRY", "tokenExpirationSeconds", "private_key_path", "secretstore", "password-store", "passwordLength", "accessKeyId", "token_name", "access-key-rotator", "key_id", "authMode", "keyRotation", "cookie-domain", "tokens_used")),
        *((name, Key.NONE) for name in ("design", "compass", "bypass", "publicKey", "pubkey"[:3] + "_key", "jsig", "signal", "cpwd", "pwdx", "monkey", "tokenizer", "oauth", "author", "namespace", "", "42")),
    ],
)  # fmt: skip
def test_what_a_key_says(text: str, said: Key) -> None:
    assert key(text) is said


@pytest.mark.parametrize(
    ("text", "look"),
    [
        *((value, Looks.NOTHING) for value in ("", "not", "Required", "true", "nil", "***", "xxxx", "${DB}", "$DB_PASSWORD", "{{.Values.x}}", "<redacted>", "[REDACTED]", "[]", "8080"[:3], "30m", "1h30m", "100ms", "64Mi", "10%", "v1.2.3", "1.2.3-rc.1", "10.0.0.1", "10.0.0.1:443", "2026-11-22T09:27:06Z", "/home/x", "./x", "~/x", "https://h/x", "sha256:abc", "md5-abc", "(*bool)(nil)"[1:], "*string", "map[string]x", "%s", "%+v", "sha256WithRSAEncryption", "RS256", "ecdsa-sha2", "age1helqcqsh9464r8chnwc2fzj8uv7vr5ntnsft0tn45v2xtz0hpfwq98cmsg", "AAAAC3NzaC1lZDI1NTE5AAAAIGx")),
        *((value, Looks.WORD) for value in ("hunter", "web-tls", "web-tls-2", "tls.crt", "db-auth", "Deployment/vault/vault-token", "couldn't", "8080", "x")),
        *((value, Looks.MIXED) for value in ("hunter2", "p@ss", "a1B2c3", "x+y", "Secret1", "main:x")),
        *((value, Looks.DIGITS) for value in ("0f1e2d3c4b5a6978", "0F1E2D3C4B5A6978", "8c2f5c3a-1b2c-4d5e-8f90-123456789abc")),
        *((filled(value), Looks.RANDOM) for value in ("<an24>", "<az24>", "<AZ24>", "<an12>+/<an12>", "<an24>-<an24>", "base64:<an24>==", "/<an24>", "$<an24>")),
    ],
)  # fmt: skip
def test_what_a_value_looks_like(text: str, look: Looks) -> None:
    assert looks(text) is look


@pytest.mark.parametrize("size", [12, 16, 24, 40])
@pytest.mark.parametrize("alphabet", ["an", "az", "AZ"])
def test_nearly_everything_drawn_by_chance_looks_random(alphabet: str, size: int) -> None:
    missed = sum(not is_random(filled(f"<{alphabet}{size}>", seed), 12) for seed in range(1000))
    assert missed <= {12: 60, 16: 20, 24: 5, 40: 1}[size]


@pytest.mark.parametrize(
    "text",
    [
        *("AutomountServiceAccountToken", "TestDecryptSessionKey", "kustomize-controller-5d9f8b7c6d-x2k4z"),
        *("ip-10-0-12-7.eu-west-1.compute.internal", "mutatingwebhookconfigurations", "observedLayerSelector"),
        *("gke-prod-default-pool-1a2b3c4d-x1y2", "sk-ecommerce-frontend-service-v2", "SUBJECTACCESSREVIEWS"),
        *("abcdefghijklmnopqrstuvwxyz", "aaaaaaaaaaaaaaaaaaaaaaaa1", "20261122092706000000", "production-cluster-0001"),
        *("k8S", "x7Q"),
    ],
)
def test_a_name_does_not_look_random(text: str) -> None:
    assert not is_random(text, 12)


def test_how_long_a_random_text_must_be() -> None:
    assert is_random("kD93hTqZ", 8)
    assert not is_random("kD93hTqZ", 9)


@pytest.mark.parametrize(
    ("text", "part", "prose"),
    [
        ("must be at least 8 characters", 0.33, True),
        ("String length must be greater than or equal to 8", 0.33, True),
        ("correct horse battery staple", 0.33, False),
        ("not found", 0.5, True),
        ("missing", 0.5, True),
        ("a b", 0.5, False),
        ("a", 0.5, False),
        ("couldn't find", 0.5, False),
        ("couldn't be found", 0.5, True),
        ("correct horse is", 0.33, True),
        ("correct horse is", 0.5, False),
        ("", 0.5, True),
        ("Not found.", 0.5, True),
    ],
)
def test_a_sentence_is_known_by_its_words(text: str, part: float, prose: bool) -> None:
    assert is_prose(text, part) is prose


@pytest.mark.parametrize(
    ("text", "ends", "spelled"),
    [
        *(("--password", True, True), ("token", True, True), ("--token-ca", False, False), ("api-key", True, True)),
        *(("bypassword", True, False), ("dbPassword", True, True), ("", False, False), ("apikey", True, False)),
    ],
)
def test_how_a_key_ends(text: str, ends: bool, spelled: bool) -> None:
    assert ends_in_key(text) is ends
    assert is_spelled(text) is spelled


BODY = [filled("<b6464>", seed) for seed in range(3)]
KEY = ["-----BEGIN RSA PRIVATE KEY-----", *BODY, "Qw7x==", "-----END RSA PRIVATE KEY-----"]


@pytest.mark.parametrize(
    "form",
    ["{}", "2026-11-22T09:27:06.000000Z {}", "2026-11-22T09:27:06Z stderr F {}", "I1122 09:27:06 1 main.go:12] {}", '{{"log":"{}\\n","stream":"stdout","time":"2026-11-22T09:27:06Z"}}'],
)  # fmt: skip
def test_a_private_key_is_dropped_whatever_stands_before_its_lines(form: str) -> None:
    lines = ["before", *(form.format(line) for line in KEY), "after"]
    kept = drop_keys(lines)
    assert kept == [lines[0], lines[1], lines[-2], lines[-1]]
    # Without its first line, and without its last.
    assert not [line for line in drop_keys(lines[2:]) if any(part in line for part in BODY)]
    assert not [line for line in drop_keys(lines[:-3]) if any(part in line for part in BODY)]


def test_lines_that_only_stand_between_stay() -> None:
    lines = ["x -----BEGIN PRIVATE KEY-----", "x an ordinary line", "x -----END PRIVATE KEY-----"]
    assert drop_keys(lines) == lines
