"""Each shape in which a credential travels, on its own: the prefixes of their makers, webhooks, headers and flags.

Sources: the makers' documentation of what their tokens and webhooks look like, RFC 7617 (Basic), RFC 6265 (cookies), the
configuration files of registries, and the Flux API reference on fields that hold addresses and tokens.
"""

import pytest

from flux_mcp.sanitize.patterns import MASK, scrub
from flux_mcp.sanitize.urls import address
from flux_mcp.sanitize.visible import visible

HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
MIXED = "kD93hTqZ71mWv0RfPbLy5XcNe82Us6Ag"
UPPER = MIXED.upper()

FIXED = ("AKIA", "ASIA", "ABIA", "ACCA")
"""Prefixes of tokens that have one length."""
TOKENS = [
    *(f"gh{letter}_{MIXED[:16]}" for letter in "pousr"),
    f"github_pat_{MIXED[:20]}",
    *(f"gl{kind}-{MIXED[:16]}" for kind in ("pat", "dt", "rt", "ptt", "cbt", "ft", "soat")),
    *(f"xox{letter}-{MIXED[:8]}" for letter in "abeoprs"),
    f"xapp-{MIXED[:8]}",
    *(f"{prefix}{UPPER[:16]}" for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")),
    f"AIza{MIXED[:30]}",
    f"ya29.{MIXED[:16]}",
    *(f"hv{letter}.{MIXED[:16]}" for letter in "sbr"),
    *(f"dckr_{kind}_{MIXED[:16]}" for kind in ("pat", "oat")),
    f"npm_{MIXED[:30]}",
    f"pypi-{MIXED[:16]}",
    f"sk-{MIXED[:20]}",
    f"ATATT{MIXED[:16]}",
    f"SG.{MIXED[:16]}.{MIXED[16:]}",
    f"SG.{MIXED[:22]}.{MIXED}{MIXED[:11]}",
    f"eyJ{MIXED[:8]}.{MIXED[8:12]}.",
    *(f"{kind}_{MIXED[:16]}" for kind in ("glsa", "glc")),
    f"dop_v1_{HEX}",
    *(f"shp{kind}_{HEX[:16]}" for kind in ("at", "ca", "pa", "ss")),
    f"AGE-SECRET-KEY-1{UPPER[:20]}",
    f"age-secret-key-1{UPPER[:20].lower()}",
    f"eyJ{MIXED[:8]}.{MIXED[8:12]}",
    f"eyJ{MIXED[:8]}.{MIXED[8:12]}.{MIXED[12:]}",
    f"eyJ{MIXED}{MIXED[:8]}",
    f"eyJ{MIXED}{MIXED[:8]}=",
    f"eyJ{MIXED}{MIXED[:8]}==",
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_known_by_its_prefix_from_its_shortest_length_on(token: str) -> None:
    assert scrub(f"got {token} here") == f"got {MASK} here"
    if not token.startswith(FIXED) and token[-1].isalnum():
        assert scrub(f"got {token}{token[-1]} here") == f"got {MASK} here"


@pytest.mark.parametrize(
    "word", ["ghp_short", "sk-1", "task-runner-0", "npm_config", "SG.a.b", "eyJ", "AKIA", "xoxo-1"]
)
def test_a_word_that_only_begins_like_a_token_stays(word: str) -> None:
    assert scrub(f"got {word} here") == f"got {word} here"


WEBHOOKS = [
    *(f"hooks.slack.com/{kind}/" for kind in ("services", "workflows", "triggers")),
    *(f"{host}/api/webhooks/" for host in ("discord.com", "discordapp.com")),
    *("acme.webhook.office.com/", "prod-1.logic.azure.com/", "chat.googleapis.com/v1/spaces/"),
    *(f"open.{host}/open-apis/bot/" for host in ("feishu.cn", "larksuite.com")),
    *("api.telegram.org/bot", "ci.example.com/hooks/", "ci.example.com/webhook/", "ci.example.com/webhooks/"),
]


@pytest.mark.parametrize("place", WEBHOOKS)
def test_the_path_of_a_webhook_is_masked_and_its_host_is_not(place: str) -> None:
    # Whether the colon behind it is a part of the path is not to be seen.
    assert (
        scrub(f"Post https://{place}a1B2c3: no route").replace(f"{MASK}:", MASK)
        == f"Post https://{place}{MASK} no route"
    )
    assert scrub(f'Post "https://{place}a1B2c3": no route') == f'Post "https://{place}{MASK}": no route'


def test_six_digits_of_a_receivers_path_are_kept() -> None:
    assert scrub(f"path: /hook/{HEX}") == f"path: /hook/{HEX[:6]}…"
    assert scrub(f"path: /hook/{HEX[:16]}") == f"path: /hook/{HEX[:6]}…"
    assert scrub("path: /hook/0f1e2d") == "path: /hook/0f1e2d"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"ssh://{MIXED}@h/p", f"ssh://{MASK}@h/p"),
        ("ssh://x@h/p", "ssh://x@h/p"),
        ("https://u:p/q@h/p", f"https://{MASK}@h/p"),
        ("http://h:8080/a@b", "http://h:8080/a@b"),
        ("http://h:80/a@b http://h:65535/x@y", "http://h:80/a@b http://h:65535/x@y"),
        ("https://jane:p/q@h/p", f"https://{MASK}@h/p"),
        ("https://u:/@h", f"https://{MASK}@h"),
        ("http://h:8/a@b", "http://h:8/a@b"),
        ("http://h/hooks/abc123", f"http://h/hooks/{MASK}"),
        ("http://h/webhook/abc123/x", f"http://h/webhook/{MASK}/x"),
        ("https://h?ab3c", f"https://h?{MASK}"),
        ("https://h/p?ab3c", f"https://h/p?{MASK}"),
        ("https://h/p?ab3c https://h/q", f"https://h/p?{MASK} https://h/q"),
        (
            "https://h/p?token=abc&auth=b2x&page=2#secret=c",
            f"https://h/p?token={MASK}&auth={MASK}&page=2#secret={MASK}",
        ),
        (f"https://h/p?code={MIXED}&ref=main", f"https://h/p?code={MASK}&ref=main"),
        (
            f"https://h/p?sig={MIXED}%3D&ske=2026-09-20T10%3A00%3A00Z&sp=r",
            f"https://h/p?sig={MASK}&ske=2026-09-20T10%3A00%3A00Z&sp=r",
        ),
        (
            f'{{"password":"{MIXED}","email":"b@example.com","user":"bob"}}',
            f'{{"password":{MASK},"email":"b@example.com","user":"bob"}}',
        ),
        (f"https://h/p;jsessionid={MIXED}", f"https://h/p;jsessionid={MASK}"),
        (f"https://h/p?a[0]={MIXED}", f"https://h/p?a[0]={MASK}"),
        ("Authorization: Bearer abc", f"Authorization: Bearer {MASK}"),
        ("authorization=basic abc", f"authorization=basic {MASK}"),
        ('"Authorization": "Token abc", x', f'"Authorization": "Token {MASK}", x'),
        (r"\"Authorization\":\"Digest  abc\"", rf"\"Authorization\":\"Digest  {MASK}\""),
        ("AUTHORIZATION :  abc, x", f"AUTHORIZATION :  {MASK}, x"),
        (f"got BEARER {MIXED[:12]}", f"got BEARER {MASK}"),
        (f"got Bearer  {MIXED}", f"got Bearer  {MASK}"),
        (f"got Basic {MIXED}", f"got Basic {MASK}"),
        (f"got Basic 0{'a' * 15}", f"got Basic {MASK}"),
        ("Cookie:a", f"Cookie:{MASK}"),
        ('"Cookie" : "a=b"', f'"Cookie" : "{MASK}"'),
        ("curl -u m:pw https://h", f"curl -u m:{MASK} https://h"),
        ('cut: password: "a b', f"cut: password: {MASK}"),
        ('cut: password "a b', f"cut: password {MASK}"),
        ("cut: password 'a b", f"cut: password {MASK}"),
        ('password "a" b', f"password {MASK} b"),
        ("password 'a' b", f"password {MASK} b"),
        ('password is "a b"', f"password is {MASK}"),
        ('password was  "a b"', f"password was  {MASK}"),
        ("helm --PASSWORD x y", f"helm --PASSWORD {MASK} y"),
        ('{"name":"PASSWORD_1","value":"ab"}', f'{{"name":"PASSWORD_1","value":{MASK}}}'),
        ("the bearer of this letter", "the bearer of this letter"),
        (f"got Basic {MIXED[:16]}", f"got Basic {MASK}"),
        (f"got basic  {MIXED[:16]}==", f"got basic  {MASK}"),
        ("basic authenticationisrequired", "basic authenticationisrequired"),
        ("Cookie: a=b; c=d\nx", f"Cookie: {MASK}\nx"),
        ("set-cookie:  a=b", f"set-cookie:  {MASK}"),
        ('{"Cookie": "a=b; c=d", "x": 1}', f'{{"Cookie": "{MASK}", "x": 1}}'),
        ('"auth": "dXNlcjpw"', f'"auth": "{MASK}"'),
        ('"auth":"dXNlcjpwYQ=="', f'"auth":"{MASK}"'),
        (r"\"AUTH\" : \"dXNlcjpw\"", rf"\"AUTH\" : \"{MASK}\""),
        ("//registry/:_auth=dXNlcjpw", f"//registry/:_auth={MASK}"),
        ("_auth = dXNlcjpwYQ==", f"_auth = {MASK}"),
        ("curl -u me:pw https://h", f"curl -u me:{MASK} https://h"),
        ("curl --user me:pw https://h", f"curl --user me:{MASK} https://h"),
        ("curl --user=me:pw https://h", f"curl --user=me:{MASK} https://h"),
        ('password "a b"', f"password {MASK}"),
        ("passwd 'a b' refused", f"passwd {MASK} refused"),
        ("Passphrase  is  'ab'", f"Passphrase  is  {MASK}"),
        ('the password was "a b" before', f"the password was {MASK} before"),
        (r"password \"a b\" x", f"password {MASK} x"),
        ("helm --set-password  x y", f"helm --set-password  {MASK} y"),
        ("helm -token x y", f"helm -token {MASK} y"),
        ("helm --password --debug", "helm --password --debug"),
        ('{"name":"DB_PASSWORD","value":"a b"}', f'{{"name":"DB_PASSWORD","value":{MASK}}}'),
        ("name: DB_PASSWORD\n    value: ab", f"name: DB_PASSWORD\n    value: {MASK}"),
        (r"{\"name\" : \"token\", \"value\" : \"ab\"}", rf"{{\"name\" : \"token\", \"value\" : {MASK}}}"),
    ],
)
def test_one_shape_alone(text: str, masked: str) -> None:
    assert scrub(text) == masked


KEYWORDS = [
    *("bearer", "password", "passwd", "passphrase", "secret", "token", "credential", "api-key", "api_key", "apikey"),
    *("access-key", "access_key", "accesskey", "private-key", "private_key", "privatekey", "account-key", "AccountKey"),
    *(
        "client-key-data",
        "client_key_data",
        "clientkeydata",
        "dockerconfigjson",
        ".dockerconfigjson",
        "sig",
        "signature",
    ),
    *("pwd", "pass", "DB_PASSWORD", "passwordHash", "credentials", "token_value", "token_refresh", "secret_named"),
]


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_what_stands_behind_a_keyword_is_masked(keyword: str) -> None:
    assert scrub(f"a {keyword}=hunter2 b") == f"a {keyword}={MASK} b"


@pytest.mark.parametrize("sign", ["=", ":", ": ", " = ", ":=", "=>", " := ", " => ", "= Invalid value: "])
def test_whatever_ties_a_value_to_its_keyword(sign: str) -> None:
    assert scrub(f"a password{sign}hunter2 b") == f"a password{sign}{MASK} b"
    assert scrub(f'a "password"{sign}"hunter 2" b') == f'a "password"{sign}{MASK} b'


@pytest.mark.parametrize(
    "text",
    [
        *("a secretRef=git b", "a secretName: git b", "a tokenFile: /x b", "a token-file=/x b", "a bypass: yes b"),
        *("a design: x b", "a compass=x b", "a token://x b", "a password: *** b", "a secret: secret x b"),
        *("a jsig=x b", "a signal=x b", "a signatures: 3 b", "a cpwd=x b", "a pwdx=x b", "tests pass: 3 of 4"),
        *(f"forbearer {MIXED}", f"nonbasic {MIXED}", '"oauth": "dXNlcjpw"', "x_auth=dXNlcjpw", "biscookie: a b"),
        '{"hostname":"token","value":"x"}',
        *('a bypassword "a b"', "a:_x_auth=dXNlcjpw", f"highp_{MIXED.lower()}"),
    ],
)
def test_a_reference_and_a_word_that_looks_alike_stay(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize("end", ["-----END RSA PRIVATE KEY-----", "-----END -----", ""])
@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "ENCRYPTED PRIVATE KEY"])
def test_a_key_is_masked_up_to_its_end(kind: str, end: str) -> None:
    after = " after" if end else ""
    assert scrub(f"before -----BEGIN {kind}-----\nMII\nabc\n{end}{after}") == f"before {MASK}{after}"


UNSEEN = [
    *range(0x80, 0x85), *range(0x86, 0x9B), *range(0x9C, 0xA0), 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810),
    *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x2800, 0x3164, 0xD800, 0xDFFF, 0xE000, 0xF8FF,
    0xFE00, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF0, 0xFFFC, 0x110BD, 0x110CD, 0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A, 0xE0000, 0xE0041,
    0xE0FFF, 0xF0000, 0x10FFFF,
]  # fmt: skip


@pytest.mark.parametrize("code", UNSEEN, ids=hex)
def test_a_character_that_is_not_seen_is_taken_out(code: int) -> None:
    """Controls, fillers, what turns or joins text, tags, private use, surrogates: of the Unicode character database."""
    assert visible(f"pass{chr(code)}word") == "password"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\nb", "a b"),
        (" a\t\r\n b ", "a b"),
        ("a\x85b\u2028c\u2029d", "a b c d"),
        ("\x1b[31ma\x1b[0m b", "a b"),
        ("\x9b1;31ma", "a"),
        ("\x1b]8;;http://x\x07a\x1b]8;;\x1b\\b", "ab"),
        ("\x9d0;x\x9ca", "a"),
        ("\x1bPx\x1b\\a\x1b_x\x9cb\x1b^x\x1b\\c\x1bXx\x1b\\d", "abcd"),
        ("\x1b(Ba\x1bcb", "ab"),
        ("\x1bP\x9ca\x1b_\x1b\\b", "ab"),
        ("\x1b[1 qa\x1b]\x07b\x1bP\x1b\\c", "abc"),
        ("żółw 🚀", "żółw 🚀"),
    ],
)
def test_a_text_is_on_one_line(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("hunter2", MASK),
        ("https://h", "https://h"),
        ("https://h/", "https://h"),
        ("https://h/x", f"https://h/{MASK}"),
        ("https://h:8443?x=y", f"https://h:8443/{MASK}"),
        ("https://h#x", f"https://h/{MASK}"),
        ("https://u:p@h", f"https://h/{MASK}"),
        ("https://u:p@h/x", f"https://h/{MASK}"),
        ("git+ssh://h/x", f"git+ssh://h/{MASK}"),
        ("1s://h", MASK),
        ("a://h/x", f"a://h/{MASK}"),
        ("https://u@h/x", f"https://h/{MASK}"),
    ],
)
def test_of_an_address_scheme_and_host_are_shown(text: str, shown: str) -> None:
    assert address(text) == shown
