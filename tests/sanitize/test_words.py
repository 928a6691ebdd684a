"""What a key says about its value, and what a value looks like."""

import pytest

from flux_mcp.sanitize.private_keys import drop_keys
from flux_mcp.sanitize.words import Key, Looks, ends_in_key, is_opaque, is_prose, is_random, is_spelled, key, looks
from tests.support.made_up import filled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *((name, Key.STRONG) for name in ("password", "DB_PASSWORD", "dbpassword", "adminPassword", "--pass", "apiKey", "api_key", "APIKEY", "clientSecret", "client-secret", "SECRET_KEY_BASE", "AWS_SECRET_ACCESS_KEY", "accessToken", "private-key", "passwordHash", "Kennwort", "client-key-data", "PASSWORD_1", "password_new", "psk", "X-Auth-Key", "requirepass", "wachtwoord", "PASSWORD_SALT", "authtoken", "PASSWORD_12", "PASSWORD_BASE64", "recovery_code", "user_password_salt")),
        *((name, Key.NAMED) for name in ("secret", "existingSecret", "token", "credentials", "signature", "sig", "bearer", "tokens", "secret_named", "token_refresh", "webhook-secret", "AutomountServiceAccountToken", ".dockerconfigjson", "secret_id", "mytoken")),
        *((name, Key.WEAK) for name in ("key", "auth", "X-Auth", "APP_KEY", "sessionid", "otp", "salt", "tls.key", "PASSWORD_SALT"[9:], "pat", "community", "encrypt", "user_salt")),
        *((name, Key.ABOUT) for name in ("secretName", "secretRef", "tokenFile", "token-file", "TOKEN_EXPIRY", "tokenExpirationSeconds", "private_key_path", "secretstore", "password-store", "passwordLength", "accessKeyId", "token_name", "access-key-rotator", "key_id", "authMode", "keyRotation", "cookie-domain", "tokens_used")),
        *((name, Key.NONE) for name in ("design", "compass", "bypass", "publicKey", "pubkey"[:3] + "_key", "jsig", "signal", "cpwd", "pwdx", "monkey", "tokenizer", "oauth", "author", "session_affinity", "key_press", "forbearer", "biscookie", "reauthorization", "publictoken", "namespace", "", "42")),
    ],
)  # fmt: skip
def test_what_a_key_says(text: str, said: Key) -> None:
    assert key(text) is said


ABOUT_NOTHING = (
    *("xxx", "XXXX", "8", "42", "v1", "v12", "v123", "0.10.44", "10.0.0.1:8443", "1.2.3+build.5", "2026-11-22", "https://", "s3://bucket/x"),
    *("7s", "5ns", "10\u00b5s", "1.25s", "1h5m30s", "64M", "64MB", "64MiB", "0.5%", "0x0", "0xc000123abc"),
    # Digests, and the names of algorithms.
    *("sha1:ab", "sha384:ab", "SHA512-ab", "md5:ab", "x@sha256:ab", "main@sha1:ab", "app:1@sha512:ab"),
    *("sha1", "sha256", "rsa", "ecdsa", "ed25519", "hmac", "aes", "hmac-sha1", "aes-128-gcm", "aes256-cbc", "ECDSA-SHA256"),
    *("SHA256withRSA", "sha256WithECDSA", "ecdsaWithSHA512", "PS384", "es256"),
    # What OAuth 2 (RFC 6749), TLS alerts and registries call an error.
    *("invalid_grant", "missing_token", "expired_token", "unknown_ca", "unsupported_grant_type", "unauthorized_client"),
    *("access_denied", "bad_certificate", "wrong-credentials", "not_found", "no_certificate", "access_denied_by_policy"),
    # Where a value is kept, and what a program puts in its place.
    *("ENC[AES256_GCM,data:x]", "kv:apps/db", "vault:secret/data/db#password", "arn:aws/x.y/z"),
    *("os.environ.get(X)", "process.env[X]", 'ENV["DB_PASSWORD"]', "env(DB_PASSWORD)", 'get("db.password")', "lookup($x)"),
    # Types of Go, and their values where there is none.
    *("(nil)", "bool)(nil)", "*string(nil)", "interface)(nil)}", "[]byte", "*string", "map[string]x", "&v1.Secret{data:x}", "core.PodSpec{containers:x"),
    # Paths, variables, templates and placeholders.
    *("/", "./x", "../x", "~/x", "/home/kD93hTqZ71mWv0Rf/x", "$(DB)", "%(db)s", "%", "{{ db }}", "<db>", "[your password]", "[REDACTED", "["),
    *("[hidden]", "${DB_PASSWORD}=", "***", "\u2022\u2022\u2022", "\u2026"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "look"),
    [
        *((value, Looks.NOTHING) for value in ("", "not", "Required", "true", "nil", "***", "xxxx", "${DB}", "$DB_PASSWORD", "{{.Values.x}}", "<redacted>", "[REDACTED]", "[]", "8080"[:3], "30m", "1h30m", "100ms", "64Mi", "10%", "v1.2.3", "1.2.3-rc.1", "10.0.0.1", "10.0.0.1:443", "2026-11-22T09:27:06Z", "/home/x", "./x", "~/x", "https://h/x", "sha256:abc", "md5-abc", "(*bool)(nil)"[1:], "*string", "map[string]x", "%s", "%+v", "sha256WithRSAEncryption", "RS256", "ecdsa-sha2", "age1helqcqsh9464r8chnwc2fzj8uv7vr5ntnsft0tn45v2xtz0hpfwq98cmsg", "AAAAC3NzaC1lZDI1NTE5AAAAIGx")),
        *((value, Looks.WORD) for value in ("hunter", "web-tls", "web-tls-2", "tls.crt", "db-auth", "Deployment/vault/vault-token", "couldn't", "we've", "8080", "x", "a-b", "v1-x", "web2-tls", "a1.b2", "a-1")),
        *((value, Looks.MIXED) for value in ("hunter2", "p@ss", "a1B2c3", "x+y", "Secret1", "main:x", "$ecret1")),
        *((value, Looks.DIGITS) for value in ("0f1e2d3c4b5a6978", "0F1E2D3C4B5A6978", "8c2f5c3a-1b2c-4d5e-8f90-123456789abc", "0F1E2D3C4B5A69788796", "a:0f1e2d3c4b5a6978", "acme/x/0f1e2d3c4b5a6978")),
        *((filled(value), Looks.RANDOM) for value in ("<an24>", "<az24>", "<AZ24>", "<an12>+/<an12>", "<an24>-<an24>", "base64:<an24>==", "/<an24>", "$<an24>", "/<an24>/", "/kD93hTqZ71/mWv0RfPbLy+x=", "/XkD93hTqZ71m", "0f1e2d3c4b5a6978zqxk")),
    ],
)  # fmt: skip
def test_what_a_value_looks_like(text: str, look: Looks) -> None:
    assert looks(text) is look


def test_what_stands_for_a_value_or_speaks_of_it_is_none() -> None:
    assert {text: looks(text) for text in ABOUT_NOTHING if looks(text) is not Looks.NOTHING} == {}


@pytest.mark.parametrize("size", [12, 16, 24, 40])
@pytest.mark.parametrize("alphabet", ["an", "az", "AZ"])
def test_nearly_everything_drawn_by_chance_looks_random(alphabet: str, size: int) -> None:
    missed = sum(not is_random(filled(f"<{alphabet}{size}>", seed), 12) for seed in range(1000))
    assert missed <= {12: 25, 16: 3, 24: 0, 40: 0}[size]


def test_of_300_short_texts_drawn_by_chance_no_more_than_one_is_missed() -> None:
    drawn = [
        filled(f"<{form}{size}>", seed) for form in ("an", "az", "AZ") for size in (12, 16, 24) for seed in range(1000)
    ]
    assert sum(not is_random(text, 12) for text in drawn) <= len(drawn) / 300


@pytest.mark.parametrize(
    "text",
    [
        *("AutomountServiceAccountToken", "TestDecryptSessionKey", "kustomize-controller-5d9f8b7c6d-x2k4z"),
        *("ip-10-0-12-7.eu-west-1.compute.internal", "mutatingwebhookconfigurations", "observedLayerSelector"),
        *("gke-prod-default-pool-1a2b3c4d-x1y2", "sk-ecommerce-frontend-service-v2", "SUBJECTACCESSREVIEWS"),
        *("abcdefghijklmnopqrstuvwxyz", "aaaaaaaaaaaaaaaaaaaaaaaa1", "20261122092706000000", "production-cluster-0001"),
        *(
            "k8S",
            "x7Q",
            "WorkloadView",
            "AuditedObject",
            "NetworkReady",
            "AADSTS700016",
            "X-CSRF-Token",
            "patchesJson6902",
        ),
        *(
            "Bucket.s3.acme.io",
            "sig-2026-11-27T12",
            "AKS-prod-westeurope-01",
            "Role.NOTIFICATION",
            "IMGPROXY_KEY",
            "AWS4-HMAC-SHA256",
        ),
    ],
)
def test_a_name_does_not_look_random(text: str) -> None:
    assert not is_random(text, 12)


@pytest.mark.parametrize(
    ("text", "opaque"),
    [
        ("kD93hTqZ71mWv0Rf", True),
        ("kD93hTqZ71mWv0R", False),
        ("kDzZhTqZxQmWvJRfPbLy", False),
        ("kd93htqz71mwv0rfpbly", False),
        ("KD93HTQZ71MWV0RFPBLY", False),
        ("kD93hTqZ7-mWv0RfPb2", False),
        ("kD93hTqZ71-mWv0RfPb2", True),
        ("-" * 20, False),
    ],
)
def test_an_opaque_text_holds_letters_of_both_cases_and_digits(text: str, opaque: bool) -> None:
    assert is_opaque(text) is opaque


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
        ("correct horse is not", 0.5, True),
        ("missing :", 0.5, True),
        ("a :", 0.5, True),
        ("couldn't", 0.5, True),
        ("a token", 0.5, True),
        ("an error", 0.5, True),
        ("Xerror", 0.5, False),
        ("errorX", 0.5, False),
    ],
)
def test_a_sentence_is_known_by_its_words(text: str, part: float, prose: bool) -> None:
    assert is_prose(text, part) is prose


@pytest.mark.parametrize(
    ("text", "ends", "spelled"),
    [
        *(("--password", True, True), ("token", True, True), ("--token-ca", False, False), ("api-key", True, True)),
        *(("bypassword", True, False), ("dbPassword", True, True), ("", False, False), ("apikey", True, False)),
        *(("recoveryCode", True, False), ("my-recovery-code", True, False), ("password1", True, True)),
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
