"""A value by its key: whatever ties them together, and what only speaks of a key."""

import pytest

from flux_mcp.sanitize.patterns import MASK, scrub
from flux_mcp.sanitize.table import table
from tests.support.made_up import filled

OPAQUE = "kD93hTqZ71mWv0RfPbLy5XcNe82Us6Ag"
DIGITS = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
NEAR = "8fJ3kd9fjw0dKf93kQz"
"""Random, and masked beside a key alone."""

CREDENTIALS = [
    # What stands between a key and its value.
    *(
        f"a password{sign}«hunter2» b"
        for sign in (" -> ", " \u2192 ", " == ", " === ", " => ", " \u2022 ", "%3D", "%3a", " is: ", " was : ", " :: ")
    ),
    *(f"the password {verb} «hunter2» b" for verb in ("is", "was", "set to", "is set to", "is  set  to", "set  to")),
    *(f"password: {block}«hunter2»" for block in ("|\n", "|\n    ", "|-\n  ", ">2\n  ", "|+2\n ", ">-\n")),
    'Password(«"hunter2"»)',
    "password: «\u201chunter two\u201d» x",
    "password: «\u2018hunter two\u2019» x",
    'password: Invalid value: «"hunter2"»: too short',
    "a PASSWORD_X=«hunter2» b",
    "password=«hunterX», then",
    "password: [«hunter2,hunter3»]",
    "password: [«hunter2, hunter3, hunter4»] x",
    "password: [«hunter2,hunter3, hunter4»]",
    "password: [«hunter2»] of a, b, c",
    'Token(«"hunter2"»)',
    "password=«a=b9» then",
    'password: «"correct basic horse9"» x',
    f'password: «"not {OPAQUE} found"» x',
    'password: «"hunterX"» y',
    "the pw was «hunter2» x",
    # Headers.
    "Authorization: OAuth «abc», x",
    "Authorization: NTLM «abc»",
    r"\"Cookie\": \"«a=b»\"",
    "Set-Cookie: «sid=b; c=d»",
    'Authorization: Digest «username="x"» y',
    'Authorization: Digest «n="x",realm="",  response="abc"» y',
    *(f"Authorization: {scheme} «abc»" for scheme in ("Negotiate", "ApiKey", "Hawk", "AWS4-HMAC-SHA256")),
    'Authorization: Bearer «abc9», x="y"',
    # Environments.
    f"A_KEY=«{DIGITS}» b",
    f"MY_APP_B_KEY=«{DIGITS}» b",
    '{"key":"DB_PASSWORD","value":«"hunter"»}',
    "name: db, PASSWORD=«hunter2»",
    '{"value":"«hunter2»","name":"DB_PASSWORD"}',
    "value: «x»\n    name: DB_PASSWORD",
    "value=«hunter», name='DB_PASSWORD'",
    "value : '«hunter»', name : DB_PASSWORD",
    "name: DB_PASSWORD, value: «hunter»,",
    'name: DB_PASSWORD, value: «hunter», x: "y z"',
    # Other keys beside it.
    "in public token=«hunter2»",
    "secretKey: «client-secret9»",
    "secretKey: «correct-horse»",
    "password: «client-secret»",
    "secretKey: «hunter2», name: client-secret",
    "password.value=«hunter2» b",
    "secret.data: «hunter2» b",
    "an api key: «hunter2» b",
    # Chains of errors, objects and options.
    "password: «hunter2»: refused",
    "token=«hunter2x»: refused",
    "token: «b649360b1c0d4e2f»: not found",
    "token: «hunter2x», ref: x",
    "helm --password «correct-horse» x",
    "helm --token «ab-cd!x9» x",
    "helm --token «abcd-7x2qk9vw4zjt8bfh» x",
    "token=«ab-7x2qk9vw4zjt8bfh» x",
    "helm --password=«hunter» --debug",
    "password: «-x9Yz1» b",
    "plink -pw «hunter2» x",
    "client_secret%3D«hunter2»%26x%3Dy",
    "x?token=«hunter2»;a#b",
    "helm --token «hunter» x",
    "x?a=1&token=«hunter2»;b",
    # Fields, and parts of names.
    "map[token:«hunter2» user:x]",
    "{User:app Token:«hunter2» Host:db}",
    "{token:«hunter2»}",
    '"token:«hunter2»"',
    "'token:«hunter2»'",
    # Words behind a password.
    "password: «correct horse battery staple orange window lamp river», x",
    "password=«correct» horse",
    # What looks random beside a key.
    *(f"invalid API key {word}: «{OPAQUE}»" for word in ("provided", "given", "received", "supplied", "specified", "got", "found", "was", "used")),
    f"the token we saw by one two «{OPAQUE}» x",
    f"the token we saw by one two three «{OPAQUE}» x",
    f"the token {'x' * 62} «{OPAQUE}»",
    f"«{OPAQUE}» one two three four five six token",
    f"using token «{OPAQUE[:16]}» x",
    f"using token «{OPAQUE}X»* x",
    f"using token =«X{OPAQUE}» x",
    f"access-token «{DIGITS}» x",
    "token at «kD93hT/qZ71+mWv0RfPbLy» x",
    "token at «kD93hTqZ71mWv0Rf»/«PbLyXc» x",
    f"token at apps/«{OPAQUE}»/x",
    f"{'y' * 70} xx «{OPAQUE}» token",
    f"invalid token, pin: «{OPAQUE}»",
    "password=«ab,cd!9,e» x",
    "a sid  = «7x2qk9vw4zjt8bfh3mgx6rpd»",
    f"token value: «{OPAQUE}»",
    f"token x -> «{OPAQUE}»",
    f"token x => «{OPAQUE}»",
    f"found *«{OPAQUE}»* in the token",
    f"token ~ =«{OPAQUE}» x",
    f"token ~ =«X{NEAR}» x",
    f"the token «{NEAR}»/v1.2 expired",
    f"got: «{NEAR}» as the token",
    f"the token id:X «{NEAR}»",
    f"the token (new) : «{NEAR}»",
    # Of several values, all that have no label of their own.
    f"key=«abc,{NEAR}» x",
    f"key=«abc,+{NEAR}==» x",
    r'password: «"Xk9\""» said "y"',
    # Tags of YAML, and quotes of other languages and of Python.
    *(f"password: {tag} «hunter2» x" for tag in ("!!str", "!vault", "!x")),
    "password: «\u201ehunter two\u201c» x",
    "password: «'''hunter two'''» x",
    'password: «"""hunter two"""» x',
    # Lists of arguments.
    "[--password, «hunter2»]",
    "args [--password,  «hunter2», --debug]",
    "[--client-secret, «hunter2x»]",
    "[--password «hunter2», y9z]",
    # Digits, where they are no commit.
    f"the passphrase «{DIGITS}» x",
    f"a pwd «{DIGITS}» x",
    # Entries of templates.
    '{"VariableName":"DB_PASSWORD","VariableValue":«"hunter"»}',
    "EnvName: DB_PASSWORD, EnvValue: «hunter»",
    # Elements of XML.
    "see <a:password>«hunter2»</a:password>",
    "see <password >«hunter2»</password>",
    "see <password>\n  «hunter2»</password>",
    "see <password>«hun&ter2»</password>",
    "see <password>«hun]ter2»</password>",
    "a <b> password: «hunter2»",
    # What people choose.
    *(
        f"the password «{chosen}» is wrong"
        for chosen in ("Sommer2024!", "sommeR2024!", "9Sommer!x", "S!ommer24", "Sommer2!")
    ),
    "is the password «Sommer2024!»? no",
    "the password x/«Sommer2024!» is wrong",
    "the password «Sommer24!X» is wrong",
    "[--token, «ab-cd!x9»]",
    '[--password, «ab9xQ», "c9d"]',
    '["--password", «"hunter2"»]',
    r'[\"--password\",«\"hunter2\"»]',
    "args: ['--token', «'ab-cd!x9'»]",
    "got: «Sommer2024!» as the password",
]  # fmt: skip

NO_CREDENTIALS = [
    "a token::Kind2 b",
    "the token issuer1A b",
    f"key={DIGITS} FOO_BAR=1",
    "secretKey: client-secret, x",
    "secretKey: db-pw",
    "secretKey: my-client-secret",
    "DB_PASSWORD:?unset2x}",
    "helm --password,--token2",
    "password=",
    "call to getToken(ctx9) failed",
    "password: --debug9",
    "open /run/secrets/token: x9y denied",
    "secret: db",
    "etcd --key apps x",
    "x --token-foo daily",
    "acme/password:v2x",
    "urn:acme:password:x9y",
    "the password was not accepted by 'bob 9x'",
    "must pass 'apps' to it",
    "you must pass '--namespace=apps9'",
    "the cookie 'apps' expired",
    f"secret {DIGITS} not found",
    f"signed with key {OPAQUE}",
    f"{OPAQUE} in /var/token",
    '{"name":"DB_PASSWORD","valueFrom":{}},{"name":"A","value":"b1"}',
    "token: realm=x9y",
    'password: "must have 9x"',
    f"invalid token, id = {OPAQUE}",
    f"the token which we saw by one two three {OPAQUE}",
    f"the token {'x' * 63} {OPAQUE}",
    "password: Vault agent sidecar injects rendered templates alongside application pods",
    "secretKey: tls-key",
    '{"value":"b1","name":"LOG_LEVEL"},{"name":"DB_PASSWORD","valueFrom":{}}',
    '{"name":"session","value":"db1"}',
    '{"name":"DB_PASSWORD","value":""}',
    "name: DB_PASSWORD\n  value: $(DB)",
    "value: $(DB)\n  name: DB_PASSWORD",
    "cannot refresh the token: oauth2: invalid_grant",
    "cannot refresh the token: x509-v1: unknown authority",
    "helm --image-pull-secret db-auth-2 x",
    "helm --secret db-2 x",
    "config.value=hunter2",
    "secret.title=hunter2",
    f"public key={OPAQUE}",
    f"pub key={OPAQUE}",
    "helm --password --debug",
    "helm --password -x",
    "acme/token:v2x",
    "urn:acme:token:x9y",
    "password: policy requires at least 8 characters",
    "password: Vault agent sidecar injects rendered templates alongside application pods automatically",
    f"the token which we saw there one two three four {OPAQUE}",
    f"the token {'x' * 70} {OPAQUE}",
    f"{OPAQUE} {'x' * 70} token",
    f"{OPAQUE} one two three four five six seven eight token",
    f"invalid token, request id: {OPAQUE}",
    f"invalid token for id={OPAQUE}",
    f'invalid token, "id": "{OPAQUE}"',
    f"invalid token for {OPAQUE}.example.com",
    f"invalid token for jane@{OPAQUE}",
    f"the token gotX: {NEAR}",
    f"the token was refused, x-request-id: {NEAR}",
    f"GET /callback?a=1&token {NEAR}",
    f"GET /callback?token {NEAR}",
    "<password/><user>bob9x</user>",
    "Name:DB_PASSWORD Value: Id:x9y",
    f"[--sort-key, {NEAR}]",
    "[--password, --debug]",
    *(
        f"the password {rule} is wrong"
        for rule in (
            "SOMMER2024!",
            "Sommer-Zeit!",
            "a-zA9!bcd",
            "aA-Z9!bcd",
            "aA0-9!bcd",
            "aA9%2Fbcd!",
            "Sommer2024!.example.com",
        )
    ),
    "the password id: Sommer2024! x",
    "the token: hunter2x: refused",
    "[x --password; a, b9xQ]",
    "[--password, <b9xQ>]",
    '["--password", "--debug9"]',
    f"the tokens {DIGITS} x",
    "the token 8fJ3kd9fjw0dKf9/abcdefgh x",
]


def shown(text: str) -> str:
    """What is to be seen of a text."""
    before, *rest = text.split("«")
    return before + "".join(MASK + part.partition("»")[2] for part in rest)


def test_the_value_of_a_key_is_masked_and_nothing_around_it() -> None:
    plain = {text.replace("«", "").replace("»", ""): shown(text) for text in CREDENTIALS}
    assert {text: scrub(text) for text, masked in plain.items() if scrub(text) != masked} == {}


def test_a_value_in_angle_quotes_is_masked() -> None:
    """Those that mark a credential in the table above."""
    assert scrub("password: \u00abhunter two\u00bb x") == f"password: {MASK} x"
    assert scrub("password: \u00abhunter two x") == f"password: {MASK}"


def test_what_speaks_of_a_key_stays() -> None:
    assert {text: scrub(text) for text in NO_CREDENTIALS if scrub(text) != text} == {}


def test_every_key_of_the_table_is_found() -> None:
    for key in table().keys:
        secret = filled("<an24>", len(key))
        for name in (key.replace(" ", "_"), key.replace(" ", "").upper()):
            assert scrub(f"a {name}={secret} b") == f"a {name}={MASK} b"


def test_every_key_of_a_password_is_an_option_of_a_command() -> None:
    strong = [key.replace(" ", "-") for key, level in table().keys.items() if level == "strong"]
    assert [key for key in strong if scrub(f"x --{key} hunter2 y") != f"x --{key} {MASK} y"] == []


CHOSEN = "Sommer2024!"
"""What a person chooses; it does not look random."""
SET_APART = [
    "<password>{}</password>",
    "<ns:Password type='text'>{}</ns:Password>",
    "&lt;password&gt;{}&lt;/password&gt;",
    "<password><![CDATA[{}]]></password>",
    '<property name="password">{}</property>',
    "{{Key:password Value:{}}}",
    "Key=DB_PASSWORD, Value={}",
    "ParameterKey=DbPassword,ParameterValue={}",
    'http.Header{{"Authorization":[]string{{"Bearer {}"}}}}',
    "password: !!str {}",
    "password: ''{}''",
    'password = """{}"""',
    '{{""password"":""{}""}}',
    "Passwort „{}“",
    "password «{}»",
    "args: [--password, {}]",
    "args: [--user, app, --db-password, {}, --tls]",
]
NOT_SET_APART = [
    "the password for bob is now {} again",
    "login failed for user bob with password {}",
    "initial admin password -- {}",
    "das Passwort lautet {}",
    "machine github.com login bob password {}",
    "('password', '{}')",
    "| password | {} |",
    "INSERT INTO users (name, password) VALUES ('bob', '{}')",
    "login/password: bob/{}",
    "password: got {}, want a string",
]
NO_PASSWORD = [
    "<password>required</password>",
    "<password></password>",
    '<property name="password">${DB_PASSWORD}</property>',
    "use [--password, --token] or --user, password or not",
    "args: [--password, $(DB_PASSWORD)]",
    "use --password, then retry",
    "Key=password, Operator=Exists",
    "{Name:DB_PASSWORD Value: ValueFrom:&EnvVarSource{SecretKeyRef:&SecretKeySelector{Key:x,},}}",
    "the password must match ^[A-Za-z0-9!#$%&*]{12,}$",
    "the password must hold a-z, A-Z, 0-9 and one of !#$%&*",
    "did the password come from OAuth2Proxy?",
    "the signing key 3AA5C34371567BD2 is not known",
    "the password of https://h.example.com/Release2024%21/x",
]


@pytest.mark.parametrize(
    "secret", [CHOSEN, "correct-horse-battery", "kD93hTqZ71mWv0RfPbLy5XcN", "0f1e2d3c4b5a69788796a5b4"]
)
@pytest.mark.parametrize("text", SET_APART)
def test_a_password_is_masked_however_its_key_is_tied_to_it(text: str, secret: str) -> None:
    masked = scrub(text.format(secret))
    assert secret not in masked
    assert MASK in masked


@pytest.mark.parametrize("text", NOT_SET_APART)
def test_what_a_policy_makes_people_choose_is_masked_near_a_password(text: str) -> None:
    masked = scrub(text.format(CHOSEN))
    assert CHOSEN not in masked
    assert MASK in masked


@pytest.mark.parametrize("name", ["password", "passwd", "Passphrase", "api token"])
def test_hexadecimal_digits_behind_a_password_are_no_commit(name: str) -> None:
    assert scrub(f"the {name} 0f1e2d3c4b5a69788796a5b4 is wrong") == f"the {name} {MASK} is wrong"


def test_what_is_no_password_though_it_stands_where_one_does() -> None:
    assert [text for text in NO_PASSWORD if scrub(text) != text] == []
