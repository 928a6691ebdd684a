"""What is masked with no key beside it: tokens of issuers that nobody knows, encoded texts, private keys, look-alikes."""

import base64
import hashlib

from flux_mcp.sanitize.patterns import MASK, scrub, scrub_name

OPAQUE = "kD93hTqZ71mWv0RfPbLy5XcNe82Us6Ag"
LINE = "MIIEowIBAAKCAQEAx7Qm2Kd93hTqZ71mWv0RfPbLy5XcNe82Us6AgB4nJ1tYwE3s"
NOT_ASCII = "# gr\u00f6\u00dfe: password=aB3dE6x"
END = "-----END RSA PRIVATE KEY-----"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


MASKED = {
    f"got x_{OPAQUE}, then": f"got {MASK}, then",
    f"got Acme_{OPAQUE} then": f"got {MASK} then",
    f"got ACME_{OPAQUE} then": f"got {MASK} then",
    f"got a:{OPAQUE} then": f"got a:{MASK} then",
    f"got a:{OPAQUE[:16]} then": f"got a:{MASK} then",
    f"got acme_1_{OPAQUE} then": f"got {MASK} then",
    f"got bob@h:{OPAQUE} then": f"got bob@h:{MASK} then",
    f"etag: 1, acme_{OPAQUE}": f"etag: 1, {MASK}",
    # As Go wraps errors, and at the end of a sentence or of a line.
    f"login: acme_{OPAQUE}: status 401": f"login: {MASK}: status 401",
    f"rejected acme_{OPAQUE}.": f"rejected {MASK}.",
    f"rejected acme_{OPAQUE}:": f"rejected {MASK}:",
    f"login: a:{OPAQUE}: status 401": f"login: a:{MASK}: status 401",
    f"rejected a:{OPAQUE}.": f"rejected a:{MASK}.",
    # RFC 4648 with and without padding, the shortest that holds a credential.
    f"got {encoded('password=aB3dE6')} here": f"got {MASK} here",
    f"got {encoded('password=aB3dE6x')} here": f"got {MASK} here",
    f"got {encoded('password=aB3dE6xy')} here": f"got {MASK} here",
    f"got {encoded('a=11, password=aB3dE6x').rstrip('=')} here": f"got {MASK} here",
    f"got {encoded('a=1, password=aB3dE6').rstrip('=')} here": f"got {MASK} here",
    # Text is not ASCII only, and hexadecimal digits encode it as well.
    f"got {encoded(NOT_ASCII)} here": f"got {MASK} here",
    f"got {b'password=aB3dE6x'.hex()} here": f"got {MASK} here",
    f"got {b'password=aB3dE6x'.hex().upper()} here": f"got {MASK} here",
    f"got {NOT_ASCII.encode().hex()}, then": f"got {MASK}, then",
    # RFC 7468: lines of 64 characters, of which the last may be shorter; what stands before the end is the key.
    f"read:\n{LINE}\n{LINE}\nQw==\n{END} x": f"read:\n{MASK} x",
    f"read:\n{LINE}\n{LINE}\nQ7x\n{END} x": f"read:\n{MASK} x",
    f"read:\n{LINE}\nQw\n{END}": f"read:\n{MASK}",
    f"read:\n{LINE[:16]}\n{LINE}\n{END} x": f"read:\n{MASK} x",
    f"read:\\n{LINE}\\n{LINE}\\n{END}\\n": f"read:\\n{MASK}\\n",
    f"failed\n{LINE}\n{LINE}\n-----END PRIVATE KEY----- x": f"failed\n{MASK} x",
    f"{END} x\nfailed to read\n{LINE}\n{END} y": f"{MASK} x\nfailed to read\n{MASK} y",
    f"-----BEGIN PRIVATE KEY-----\n{LINE}\n-----END PRIVATE KEY-----\nand\n{LINE}\n{END} y": f"{MASK}\nand\n{MASK} y",
    f"{LINE[9:]}\n{END} x": f"{MASK} x",
    f"kubernetes/configuration:\n{LINE}\n{END}": f"kubernetes/configuration:\n{MASK}",
    "-----BEGIN PRIVATE KEY----------END PRIVATE KEY----- x": f"{MASK} x",
    # Letters that look like those of ASCII, with their marks or without, and what is not seen among them.
    "the p\u0430ssword=hunter2 \u017c\u00f3\u0142w": f"the p\u0430ssword={MASK} \u017c\u00f3\u0142w",
    "passw\u00f3rd=hunter2 ok": f"passw\u00f3rd={MASK} ok",
    "passwo\u0301rd=hunter2 ok": f"passwo\u0301rd={MASK} ok",
    "pass\u00adword=hunter2 ok": f"pass\u00adword={MASK} ok",
    "\u5bc6 password=hunter2 token=hunter3": f"\u5bc6 password={MASK} token={MASK}",
}
LABELS = (
    *("id", "uid", "uuid", "etag", "digest", "checksum", "hash", "sum", "fingerprint", "trace", "request", "revision"),
    *("version", "requestId", "TRACE"),
)
STAYS = [
    *(f"{label}: acme_{OPAQUE}" for label in LABELS),
    *(f"a {label}=acme_{OPAQUE} b" for label in LABELS),
    *(f"of {label}:{OPAQUE} b" for label in LABELS),
    *(form.format(OPAQUE) for form in ('"etag":"w_{}"', "'etag' : 'w_{}'", '"etag" = "w_{}"', "x-request-id:{}")),
    f"created req_{OPAQUE} and run-{OPAQUE}",
    f"mounted /var/lib/kubelet/vol_{OPAQUE}",
    f"wrote acme_{OPAQUE}/part-0",
    f"wrote ./acme_{OPAQUE}",
    f"pulled acme_{OPAQUE}:latest",
    f"got {encoded('replicas=3, paused=no')} here",
    f"got {encoded('replicas=3')}{OPAQUE} here",
    f"got {b'replicas=3, paused=no'.hex()} here",
    f"got {b'password=aB3dE6x'.hex()}f here",
    f"got {hashlib.sha256(b'password=aB3dE6x').hexdigest()} here",
    "read:\nQw==\n-----END CERTIFICATE-----",
]
"""A label says that it is the name of something; a path, and what begins as the objects of a service do, are names."""
NAMES = ["ghcr.io/acme/hooks/app2x", f"acme/keys/{OPAQUE.lower()}", "OIDC:Jane2@example.com"]


def test_what_is_masked_for_its_looks() -> None:
    assert {text: scrub(text) for text, masked in MASKED.items() if scrub(text) != masked} == {}


def test_what_only_names_something() -> None:
    assert [text for text in STAYS if scrub(text) != text] == []


def test_a_name_is_looked_at_for_passwords_of_addresses_only() -> None:
    assert [text for text in NAMES if scrub_name(text) != text] == []
    assert scrub_name("bob:hunter2@registry.example.com/x:1") == f"bob:{MASK}@registry.example.com/x:1"
    assert scrub_name("https://h.example.com/x?token=hunter2") == f"https://h.example.com/x?token={MASK}"
