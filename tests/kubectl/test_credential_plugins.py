"""What credential plugins write when they fail: their own words are in the error, under "not logged in".

Sources: reports of users of each plugin, such as https://github.com/oracle/oci-cli/issues/1119,
https://github.com/gravitational/teleport/issues/6575, https://github.com/kubernetes/test-infra/pull/28391.
"""

import pytest

from flux_mcp.errors import NotLoggedIn
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.output import problems, unfinished
from flux_mcp.request import ErrorContext

WHERE = ErrorContext("prod")
FAILED = "Unable to connect to the server: getting credentials: exec: executable {} failed with exit code {}"
REPEATED = (
    'E1127 03:00:01.500000       1 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list: '
    'Get \\"https://10.0.0.1/api?timeout=32s\\": getting credentials: exec: executable {0} failed with exit code {1}"\n'
    "E0709 10:17:27.723595   34196 memcache.go:265] couldn't get current server API group list: Get "
    '"https://10.0.0.1/api?timeout=32s": getting credentials: exec: executable {0} failed with exit code {1}\n'
)
PLUGINS = {
    "aws": ("aws", 255, ["Error loading SSO Token: Token for https://acme.awsapps.com/start does not exist"]),
    "aws expired": (
        "aws",
        255,
        [
            (
                "The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO "
                "session run aws sso login with the corresponding profile."
            )
        ],
    ),
    "aws assume role": (
        "aws",
        254,
        [
            (
                "An error occurred (ExpiredTokenException) when calling the AssumeRole operation: The security token "
                "included in the request is expired"
            )
        ],
    ),
    "aws without credentials": (
        "aws",
        253,
        ['Unable to locate credentials. You can configure credentials by running "aws configure".'],
    ),
    "gke": (
        "gke-gcloud-auth-plugin",
        1,
        [
            (
                "print credential failed with error: Failed to retrieve access token:: failure while executing gcloud, with "
                "args [config config-helper --format=json]: exit status 1 (err: ERROR: (gcloud.config.config-helper) There "
                "was a problem refreshing your current auth tokens: ('invalid_grant: Bad Request', {'error': "
                "'invalid_grant', 'error_description': 'Bad Request'})"
            ),
            "$ gcloud auth login",
        ],
    ),
    "kubelogin": (
        "kubelogin",
        1,
        [
            (
                "Error: failed to get token: expected an empty error but received: DeviceCodeCredential: context deadline "
                "exceeded"
            )
        ],
    ),
    "kubelogin refresh": (
        "kubelogin",
        1,
        [
            (
                "failed to refresh token: adal: Refresh request failed. Status Code = '400'. Response body: {\"error\":"
                '"invalid_grant","error_description":"AADSTS700082: The refresh token has expired due to inactivity."}'
            )
        ],
    ),
    "tsh": ("/usr/local/bin/tsh", 1, ["ERROR: timed out waiting for callback"]),
    "tsh expired": ("tsh", 1, ["ERROR: Active profile expired. Please login."]),
    "az": ("az", 1, ["ERROR: Please run 'az login' to setup account."]),
    "oidc-login": (
        "kubectl",
        1,
        [
            (
                "error: get-token: authentication error: authcode-browser error: authentication error: authorization code "
                "flow error: oauth2 error: authorization error: context deadline exceeded while waiting for authorization: "
                "context deadline exceeded"
            )
        ],
    ),
    "oidc-login refresh": (
        "kubectl",
        1,
        ['error: get-token: could not refresh the token: oauth2: "invalid_grant" "Token is not active"'],
    ),
    "oci": ("oci", 1, ["ERROR: This CLI session has expired, so it cannot currently be used to run commands"]),
    "oci without configuration": ("oci", 1, ["ERROR: Could not find config file at /root/.oci/config"]),
    "ibmcloud": ("ibmcloud", 1, ["FAILED", "Not logged in. Use 'ibmcloud login' to log in."]),
    "doctl": (
        "doctl",
        1,
        [
            (
                "Error: Unable to initialize DigitalOcean API client: access token is required. (hint: run 'doctl auth "
                "init')"
            )
        ],
    ),
    "rancher": ("rancher", 1, ['level=fatal msg="Token has expired, run rancher login: 401 Unauthorized"']),
}


@pytest.mark.parametrize("name", PLUGINS)
def test_the_words_of_a_plugin_are_in_the_error(name: str) -> None:
    program, code, lines = PLUGINS[name]
    # gke-gcloud-auth-plugin and kubelogin log as kubectl does.
    head = "F0109 11:43:18.597155     871 cred.go:123] " if name in {"gke", "kubelogin refresh"} else ""
    words = "\n".join((head + lines[0], *lines[1:]))
    stderr = f"\n{words}\n{REPEATED.format(program, code)}\n{words}\n{FAILED.format(program, code)}\n"
    (error,) = problems(Output(1, b"", stderr), WHERE)
    assert type(error) is NotLoggedIn
    assert error.brief == "not logged in"
    text = str(error).replace('\\"', '"')
    assert text.startswith("Not logged in")
    for line in lines:
        assert line in text
    assert text.count(lines[0]) == 1


def test_a_plugin_that_is_not_installed_is_named_with_what_to_set() -> None:
    stderr = (
        "Unable to connect to the server: getting credentials: exec: executable gke-gcloud-auth-plugin not found\n\n"
        "It looks like you are trying to use a client-go credential plugin that is not installed.\n\n"
        "To learn more about this feature, consult the documentation available at:\n"
        "      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins\n\n"
        "Install gke-gcloud-auth-plugin for use with kubectl by following https://cloud.google.com/kubernetes-engine/x\n"
    )
    (error,) = problems(Output(1, b"", stderr), WHERE)
    assert type(error) is NotLoggedIn
    assert "gke-gcloud-auth-plugin is not in PATH of this process: set PATH in the MCP client's configuration" in str(
        error
    )
    assert "Install gke-gcloud-auth-plugin for use with kubectl" in str(error)


def test_a_token_in_the_words_of_a_plugin_is_masked() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhY21lIn0.c2lnbmF0dXJlc2lnbmF0dXJl"
    stderr = f"error: get-token: could not verify token {token}: expired\n{FAILED.format('kubectl', 1)}\n"
    (error,) = problems(Output(1, b"", stderr), WHERE)
    assert token not in str(error)
    assert "error: get-token: could not verify token" in str(error)


@pytest.mark.parametrize(
    "prompt",
    [
        (
            "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code B24ZD6FP8 "
            "to authenticate."
        ),
        "Please visit the following URL in your browser manually: http://localhost:8000/",
        "If browser window does not open automatically, open it by clicking on the link:\n http://127.0.0.1:40493/x",
        "ERROR: This CLI session has expired, so it cannot currently be used to run commands",
        (
            "Attempting to automatically open the SSO authorization page in your default browser.\nThen enter the code: "
            "QWER-TYUI"
        ),
    ],
)
def test_a_plugin_that_waits_for_a_login_is_shown_with_its_prompt(prompt: str) -> None:
    error = unfinished([f"{prompt}\n"], WHERE)
    assert type(error) is NotLoggedIn
    assert "context prod: the credential plugin waits for a login" in str(error)
    for line in prompt.splitlines():
        assert line.strip() in str(error)


def test_a_slow_api_server_is_no_login() -> None:
    noise = "I1127 03:00:01.500000       1 request.go:601] Waited for 1.1s due to client-side throttling\n"
    assert unfinished([noise, "Warning: policy/v1beta1 is deprecated\n"], WHERE) is None
    assert unfinished([], WHERE) is None


@pytest.mark.parametrize("letter", ["x", "ü", "漢"])
def test_what_a_plugin_writes_at_length_is_shortened_in_its_middle(letter: str) -> None:
    """An error stays one sentence that a model reads: at most 1,500 bytes, with the beginning and the end of both."""
    long = " ".join([letter * 9] * 100)
    stderr = f"refused: {long} run acme login\n{FAILED.format('acme', 1)}: {long} and gave up\n"
    error = problems(Output(1, b"", stderr), WHERE)[0]
    assert len(str(error).encode()) <= 1500
    for words in ("refused: ", "run acme login", "executable acme failed with exit code 1", "and gave up"):
        assert words in str(error)
    waiting = unfinished(
        [f"To sign in, use a web browser to open the page https://acme.example {long} enter ABC\n"], WHERE
    )
    assert waiting is not None
    assert len(str(waiting).encode()) <= 1500
    assert "https://acme.example" in str(waiting)
    assert "enter ABC" in str(waiting)
