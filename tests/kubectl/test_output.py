"""What kubectl printed, and what it means: the errors of kubectl 1.32 and 1.34 word for word, and JSON of all sorts."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flux_mcp.errors import (
    BadKubeconfig,
    BadOutput,
    Forbidden,
    ForbiddenEverywhere,
    ImpersonationForbidden,
    KindNotInstalled,
    KubectlError,
    KubectlFailed,
    NotFound,
    NotLoggedIn,
    ServerError,
    TimedOut,
    UnknownContext,
    Unreachable,
)
from flux_mcp.kubectl import output
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.output import continues, map_items, parse_document, problems
from flux_mcp.request import ErrorContext

HELM_RELEASES = "helmreleases.helm.toolkit.fluxcd.io"
KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"
NOISE = (
    'E1122 22:19:31.629166   12157 memcache.go:265] "Unhandled Error" '
    'err="couldn\'t get current server API group list: unknown"\n'
) * 5
FORBIDDEN = (
    'Error from server (Forbidden): helmreleases.helm.toolkit.fluxcd.io is forbidden: User "viewer" cannot list resource '
    '"helmreleases" in API group "helm.toolkit.fluxcd.io" at the cluster scope'
)
FORBIDDEN_THERE = FORBIDDEN.replace("at the cluster scope", 'in the namespace "apps"')
NO_IMPERSONATION = (
    'Error from server (Forbidden): users "foo" is forbidden: User "viewer" cannot impersonate resource "users" '
    'in API group "" at the cluster scope'
)
PLACE = ErrorContext("staging")
AS_SOMEBODY = ErrorContext("staging", impersonating=True)


def failed(stderr: str, stdout: bytes = b"", code: int = 1, place: ErrorContext = PLACE) -> tuple[KubectlError, ...]:
    return problems(Output(code, stdout, stderr), place)


@pytest.mark.parametrize(
    ("stderr", "error", "resources", "brief"),
    [
        pytest.param(
            FORBIDDEN,
            ForbiddenEverywhere,
            (HELM_RELEASES,),
            "forbidden: viewer may not list in all namespaces",
            id="forbidden",
        ),
        pytest.param(
            FORBIDDEN_THERE,
            Forbidden,
            (HELM_RELEASES,),
            "forbidden: viewer may not list in namespace apps",
            id="forbidden-in-a-namespace",
        ),
        pytest.param(
            'Error from server (Forbidden): pods is forbidden: User "viewer" cannot list resource "pods" '
            'in API group "" in the namespace "apps"',
            Forbidden,
            ("pods",),
            "forbidden: viewer may not list in namespace apps",
            id="forbidden-core-group",
        ),
        pytest.param(
            NOISE + "Error from server (Forbidden): unknown", Forbidden, (), "forbidden", id="forbidden-unknown"
        ),
        pytest.param(
            "Error in configuration: context was not found for specified context: nope",
            UnknownContext,
            (),
            "unknown context",
            id="no-such-context",
        ),
        pytest.param(
            'error: context "nope" does not exist', UnknownContext, (), "unknown context", id="no-such-context-other"
        ),
        pytest.param(NO_IMPERSONATION, ImpersonationForbidden, (), "impersonation", id="impersonation"),
        pytest.param(
            NOISE + "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
            Unreachable,
            (),
            "cannot reach the cluster",
            id="refused",
        ),
        pytest.param(
            NOISE + "Unable to connect to the server: dial tcp: lookup nosuch.invalid on 10.0.0.1:53: no such host",
            Unreachable,
            (),
            "cannot reach the cluster",
            id="no-such-host",
        ),
        pytest.param(
            "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown "
            "authority",
            Unreachable,
            (),
            "cannot reach the cluster",
            id="tls",
        ),
        pytest.param(
            'error: the server doesn\'t have a resource type "foos"',
            KindNotInstalled,
            ("foos",),
            "not installed",
            id="no-kind",
        ),
        pytest.param(
            'Error from server (NotFound): helmreleases.helm.toolkit.fluxcd.io "nosuch" not found',
            NotFound,
            (HELM_RELEASES,),
            "not found",
            id="not-found",
        ),
        pytest.param(
            'Error from server (NotFound): namespaces "nosuch" not found',
            NotFound,
            ("namespaces",),
            "not found",
            id="no-namespace",
        ),
        pytest.param(
            'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "a in (", '
            "field selector \"\": unable to parse requirement: found '', expected: ',', ')' or identifier",
            ServerError,
            ("pods",),
            "BadRequest",
            id="bad-request",
        ),
        pytest.param(
            "error: requesting uid, groups or user-extra for admin without impersonating a user",
            BadKubeconfig,
            (),
            "bad kubeconfig",
            id="group-without-user",
        ),
        pytest.param(
            "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
            TimedOut,
            (),
            "timeout",
            id="client-time-out",
        ),
        pytest.param(
            "Error from server (Timeout): the server was unable to return a response in the time allotted, but may still "
            f"be processing the request (get {KUSTOMIZATIONS})",
            TimedOut,
            (KUSTOMIZATIONS,),
            "timeout",
            id="server-time-out",
        ),
        pytest.param(
            "error: stat /nonexist: no such file or directory", BadKubeconfig, (), "bad kubeconfig", id="no-kubeconfig"
        ),
        pytest.param(
            "error: You must be logged in to the server (Unauthorized)",
            NotLoggedIn,
            (),
            "not logged in",
            id="unauthorized",
        ),
        pytest.param(
            NOISE
            + "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
            NotLoggedIn,
            (),
            "not logged in",
            id="credentials-wanted",
        ),
        pytest.param(
            "Unable to connect to the server: getting credentials: exec: executable nosuchplugin not found\n\n"
            "It looks like you are trying to use a client-go credential plugin that is not installed.\n\n"
            "To learn more about this feature, consult the documentation available at:\n"
            "      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
            NotLoggedIn,
            (),
            "not logged in",
            id="plugin-not-found",
        ),
        pytest.param(
            "Unable to connect to the server: getting credentials: exec: executable /bin/false failed with exit code 1",
            NotLoggedIn,
            (),
            "not logged in",
            id="plugin-failed",
        ),
        pytest.param(
            "Error from server (ServiceUnavailable): the server is currently unable to handle the request "
            f"(get {HELM_RELEASES})",
            ServerError,
            (HELM_RELEASES,),
            "ServiceUnavailable",
            id="unavailable",
        ),
        pytest.param(
            'Error from server (InternalError): an error on the server ("") has prevented the request from succeeding '
            f"(get {KUSTOMIZATIONS})",
            ServerError,
            (KUSTOMIZATIONS,),
            "InternalError",
            id="internal-error",
        ),
        pytest.param(
            "error: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: "
            "the server is currently unable to handle the request",
            KubectlFailed,
            (),
            "metrics.k8s.io/v1beta1",
            id="aggregated-api",
        ),
        pytest.param("", KubectlFailed, (), "kubectl failed", id="silence"),
        pytest.param(NOISE, KubectlFailed, (), "kubectl failed", id="noise-alone"),
        pytest.param(
            "error: flag provided but not defined: -x", KubectlFailed, (), "kubectl failed", id="something-else"
        ),
    ],
)
def test_errors(stderr: str, error: type[KubectlError], resources: tuple[str, ...], brief: str) -> None:
    """Every error is of its own class, says which kind it is about where kubectl does, and which context always."""
    found = failed(stderr)
    assert {type(one) for one in found} == {error}
    assert found[0].resources == resources
    assert brief in found[0].brief
    assert "nope" in str(found[0]) or "context staging" in str(found[0])
    for one in found:
        assert str(one).isprintable()
        assert len(str(one)) < 800
        assert len(one.brief) < 400


@pytest.mark.parametrize(
    ("stderr", "error"),
    [
        pytest.param(NOISE + "Error from server (Forbidden): unknown", ImpersonationForbidden, id="unknown"),
        pytest.param(NO_IMPERSONATION, ImpersonationForbidden, id="named"),
        pytest.param(FORBIDDEN, ForbiddenEverywhere, id="the-identity-itself-may-not"),
    ],
)
def test_forbidden_with_an_identity_given(stderr: str, error: type[KubectlError]) -> None:
    """Without the name of a kind it is the impersonation that is not allowed; kubectl does not say so."""
    (found,) = failed(stderr, place=AS_SOMEBODY)
    assert type(found) is error


def test_a_forbidden_list_says_who_what_and_what_to_try() -> None:
    everywhere, there = failed(f"{FORBIDDEN}\n{FORBIDDEN_THERE}")
    assert str(everywhere).startswith(
        f"Forbidden: viewer may not list {HELM_RELEASES} in all namespaces; context staging."
    )
    # Whether there is a namespace to pass is known to the tool alone.
    assert (type(everywhere), type(there)) == (ForbiddenEverywhere, Forbidden)
    assert "in namespace apps" in str(there)
    assert "pass namespace" not in str(everywhere) + str(there)


def test_every_error_of_a_call_is_told() -> None:
    found = failed(
        NOISE + FORBIDDEN + "\nWarning: v1beta2 is deprecated\n"
        f"Error from server (ServiceUnavailable): the server is currently unable to handle the request (get {KUSTOMIZATIONS})\n"
    )
    assert [(type(one), one.resources) for one in found] == [
        (ForbiddenEverywhere, (HELM_RELEASES,)),
        (ServerError, (KUSTOMIZATIONS,)),
    ]


@pytest.mark.parametrize(
    "line", ["error: unexpected EOF", "error: stream error: INTERNAL_ERROR", "panic: runtime error", "net/http: abort"]
)
def test_a_line_that_is_not_understood_is_not_forgotten_beside_others(line: str) -> None:
    """It names no kind, so that every kind without an error of its own counts as read in part."""
    known, other = failed(f"{FORBIDDEN}\n{line}\n")
    assert (type(known), known.resources) == (ForbiddenEverywhere, (HELM_RELEASES,))
    assert (type(other), other.resources) == (KubectlFailed, ())
    assert line in other.brief


def test_what_a_credential_plugin_writes_is_repeated() -> None:
    told = "Error loading SSO Token: Token for https://acme.awsapps.com/start does not exist"
    (found,) = failed(
        f"\n{told}\n{NOISE}\n{told}\nUnable to connect to the server: getting credentials: exec: failed\n"
    )
    assert type(found) is NotLoggedIn
    assert "https://acme.awsapps.com/start does not exist" in str(found)
    assert str(found).startswith("Not logged in, or the credential plugin failed; context staging: ")


def test_a_signal_says_what_was_written_before() -> None:
    (found,) = failed("error: half a", code=-9)
    assert 'kubectl wrote: "error: half a"' in str(found)


LOGIN = "Unable to connect to the server: "
EXEC = f"{LOGIN}getting credentials: "


@pytest.mark.parametrize(
    ("stderr", "error", "said"),
    [
        pytest.param(
            f'{EXEC}decoding stdout: no kind "ExecCredential" is registered for version '
            '"client.authentication.k8s.io/v1alpha1" in scheme "pkg/client/auth/exec/exec.go:62"',
            NotLoggedIn,
            "aws eks update-kubeconfig",
            id="a-kubeconfig-of-an-old-cli",
        ),
        pytest.param(
            f"{EXEC}decoding stdout: couldn't get version/kind; json parse error: unexpected end of JSON input",
            NotLoggedIn,
            "something else than a credential",
            id="a-plugin-that-prints-no-credential",
        ),
        pytest.param(
            f"{EXEC}fork/exec /opt/tsh: exec format error", NotLoggedIn, "built for this machine", id="another-machine"
        ),
        pytest.param(
            "error: unable to read certificate-authority /x/ca.crt for prod due to open /x/ca.crt: no such file or directory",
            BadKubeconfig,
            "/x/ca.crt",
            id="a-missing-ca-file",
        ),
        pytest.param("error: tls: failed to find any PEM data in certificate input", BadKubeconfig, "PEM", id="no-pem"),
        pytest.param(
            "error: The azure auth plugin has been removed.\nPlease use the https://github.com/Azure/kubelogin "
            "kubectl/client-go credential plugin instead.",
            NotLoggedIn,
            "kubelogin convert-kubeconfig",
            id="a-removed-plugin",
        ),
        pytest.param(
            f'error: unknown command "oidc-login" for "kubectl"\n{EXEC}exec: executable kubectl failed with exit code 1',
            NotLoggedIn,
            "not in PATH of this process",
            id="a-missing-kubectl-plugin",
        ),
        pytest.param(
            f"{EXEC}exec plugin cannot support interactive mode: standard input is not a terminal",
            NotLoggedIn,
            "Log in once in a terminal",
            id="a-plugin-that-wants-a-terminal",
        ),
        pytest.param(
            f"{LOGIN}No valid id-token, and cannot refresh without refresh-token",
            NotLoggedIn,
            "Log in again",
            id="oidc",
        ),
        pytest.param(
            f"{LOGIN}failed to refresh token: oauth2: cannot fetch token: 400 Bad Request\n"
            'Response: {"errorMessage":"Provided refresh_token is expired"}',
            NotLoggedIn,
            "Provided refresh_token is expired",
            id="an-expired-refresh-token",
        ),
        pytest.param(
            f"{LOGIN}remote error: tls: expired certificate", NotLoggedIn, "client certificate", id="client-certificate"
        ),
        pytest.param(
            f"The config profile (prod) could not be found\n{EXEC}exec: executable aws failed with exit code 255",
            NotLoggedIn,
            "create the profile",
            id="a-missing-profile",
        ),
        pytest.param(
            "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::1:user/x is "
            f"not authorized to perform: sts:AssumeRole\n{EXEC}exec: executable aws failed with exit code 254",
            NotLoggedIn,
            "A new login does not help",
            id="a-role-that-may-not-be-assumed",
        ),
        pytest.param(
            'Error: could not perform OIDC discovery for "https://p": dial tcp: lookup p: no such host\n'
            f"{EXEC}exec: executable pinniped failed with exit code 1",
            NotLoggedIn,
            "does not reach its login server",
            id="a-login-server-that-is-not-reached",
        ),
        pytest.param(
            "E0713 11:43:46.581167   13628 azure.go:154] Failed to acquire a token: refreshing token: AADSTS50173: The "
            f"provided grant has expired\n{LOGIN}acquiring a token for authorization header: refreshing token",
            NotLoggedIn,
            "Entra ID refuses the login",
            id="a-revoked-grant",
        ),
        pytest.param(
            FORBIDDEN.replace("viewer", "system:anonymous"), NotLoggedIn, "carried no credentials", id="anonymous"
        ),
        pytest.param(
            f"{LOGIN}tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
            Unreachable,
            "A new login does not help",
            id="the-servers-certificate-expired",
        ),
        pytest.param(
            f"{LOGIN}tls: failed to verify certificate: x509: certificate is valid for 10.96.0.1, not 203.0.113.5",
            Unreachable,
            "--kube-tls-server-name",
            id="another-name",
        ),
        pytest.param(
            f"{LOGIN}tls: failed to verify certificate: x509: certificate signed by unknown authority",
            Unreachable,
            "--kube-certificate-authority",
            id="another-authority",
        ),
        pytest.param(f"{LOGIN}Forbidden", Unreachable, "NO_PROXY", id="a-proxy-that-refuses"),
        pytest.param(
            f"{LOGIN}proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused",
            Unreachable,
            "NO_PROXY",
            id="a-proxy-that-is-down",
        ),
        pytest.param(
            f"{LOGIN}dial tcp: lookup abc.gr7.eu-west-1.eks.amazonaws.com: no such host",
            Unreachable,
            "VPN",
            id="no-host",
        ),
        pytest.param(f"{LOGIN}dial tcp 10.0.0.1:443: i/o timeout", TimedOut, "VPN", id="dropped"),
        pytest.param(
            "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?",
            Unreachable,
            "start the cluster",
            id="refused",
        ),
        pytest.param(
            "error: invalid configuration: [context was not found for specified context: x, cluster has no server defined]",
            UnknownContext,
            "no context x;",
            id="a-context-among-other-faults",
        ),
        pytest.param(
            'error: an error on the server ("<html>502 Bad Gateway</html>") has prevented the request from succeeding',
            ServerError,
            "502 Bad Gateway",
            id="a-gateway",
        ),
    ],
)
def test_what_to_do_depends_on_why(stderr: str, error: type[KubectlError], said: str) -> None:
    (found,) = failed(stderr)
    assert type(found) is error
    assert said in str(found)


@pytest.mark.parametrize("seed", ["Error from server (NotFound): ", "error: open ", "(get a.b ", 'resource "a', "x"])
def test_stderr_is_bounded_by_line_and_number(seed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the work for a megabyte is that for 40 lines of 4,000 characters."""
    seen: list[int] = []
    understand = output._understand

    def look(line: str, place: ErrorContext) -> KubectlError | None:
        seen.append(len(line))
        return understand(line, place)

    monkeypatch.setattr(output, "_understand", look)
    failed("\n".join(f"{seed * 3000}{number}" for number in range(200)))
    assert len(seen) <= output.MOST_LINES
    assert max(seen) <= output.LONGEST_LINE + 3


def test_a_prompt_for_a_user_name() -> None:
    """Without credentials kubectl asks on stdout; its input is empty, so it fails with EOF."""
    (found,) = failed("error: EOF\n", stdout=b"Please enter Username: ")
    assert type(found) is NotLoggedIn
    (found,) = failed("", stdout=b"Please enter Username: ")
    assert type(found) is NotLoggedIn


@pytest.mark.parametrize("stderr", [NOISE, "Warning: v1beta2 is deprecated", FORBIDDEN])
def test_row_57_noise_is_no_failure(stderr: str) -> None:
    assert failed(stderr, stdout=b'{"kind":"List","items":[]}', code=0) == ()


def test_row_54_an_empty_list_does_not_make_up_for_a_failure() -> None:
    assert failed(FORBIDDEN, stdout=b'{"apiVersion":"v1","items":[],"kind":"List"}')


@pytest.mark.parametrize(
    ("code", "text"), [(-9, "signal 9"), (-15, "signal 15"), (137, "exit code 137"), (255, "exit code 255")]
)
def test_row_58_kubectl_was_ended(code: int, text: str) -> None:
    (found,) = failed("", code=code)
    assert type(found) is KubectlFailed
    assert text in str(found)


@pytest.mark.parametrize(
    "stderr",
    [
        "error: request failed: Authorization: Bearer zq7Rk2Vn8sXw",
        "Unable to connect to the server: Get https://jane:zq7Rk2Vn8sXw@10.0.0.1/api: refused",
        "Unable to connect to the server: getting credentials: exec: password=zq7Rk2Vn8sXw failed",
        "error: open /home/x?token=zq7Rk2Vn8sXw: no such file or directory",
        "Error from server (InternalError): token: zq7Rk2Vn8sXw",
        "Error from server: token: zq7Rk2Vn8sXw",
        "odd --token=zq7Rk2Vn8sXw",
    ],
)
def test_row_61_credentials_of_an_error_are_masked(stderr: str) -> None:
    for found in failed(stderr):
        assert "zq7Rk2Vn8sXw" not in str(found) + found.brief


@pytest.mark.parametrize(
    "stderr",
    [
        "\x1b[2K\x1b[1Aerror: \x1b]8;;http://evil\x07click\x1b]8;;\x07 \u202egnp\u200b\x9b31m",
        'Error from server (NotFound): pods "\x1b[2K\u202e" not found',
        "x" * 1_000_000,
        "Error from server (InternalError): " + "x" * 1_000_000,
        f'Error from server (Forbidden): x is forbidden: User "{"v" * 100_000}" cannot list resource "x" in API group ""',
        'error: context "' + "x" * 100_000 + '" does not exist',
        "error: the server doesn't have a resource type \"" + "x" * 100_000 + '"',
        "\ud800\ufffd\x00",
    ],
    ids=range(8),
)
def test_what_kubectl_says_is_bounded_and_inert(stderr: str) -> None:
    for found in failed(stderr):
        for text in (str(found), found.brief):
            assert text.isprintable()
            assert len(text) < 1000
            text.encode()


ITEMS: list[dict[str, Any]] = [
    {
        "kind": "Kustomization",
        "metadata": {"name": "a", "labels": {"x": "y"}},
        "status": {"conditions": [{"type": "Ready"}]},
    },
    {"kind": "HelmRelease", "metadata": {"name": "b"}, "spec": {"values": [{"a": [{}]}, {}, []]}},
    {"kind": "Bucket", "metadata": {"name": "c"}},
]


def document(items: object, kind: str = "List") -> dict[str, Any]:
    """In the order of keys that kubectl prints."""
    return {"apiVersion": "v1", "items": items, "kind": kind, "metadata": {"resourceVersion": ""}}


def indented(items: object, *, ascii_only: bool = False) -> bytes:
    """As kubectl lays it out."""
    return (json.dumps(document(items), indent=4, ensure_ascii=ascii_only) + "\n").encode("utf-8", "surrogatepass")


def compact(items: object) -> bytes:
    """On one line."""
    return json.dumps(document(items)).encode()


def same(item: dict[str, Any]) -> dict[str, Any]:
    return item


@pytest.mark.parametrize(
    "stdout",
    [
        pytest.param(indented(ITEMS), id="indented"),
        pytest.param(compact(ITEMS), id="on-one-line"),
        pytest.param(json.dumps(document(ITEMS), indent=2).encode(), id="indented-by-two"),
        pytest.param(json.dumps(document(ITEMS), separators=(",", ":")).encode(), id="without-spaces"),
        pytest.param(json.dumps(document(ITEMS, "KustomizationList")).encode(), id="of-one-kind"),
        pytest.param(json.dumps({"kind": "List", "items": ITEMS}, indent=4).encode(), id="in-another-order"),
        pytest.param(b"\xef\xbb\xbf" + indented(ITEMS), id="byte-order-mark"),
        pytest.param(b"\n \r\n" + indented(ITEMS) + b"\n\n", id="white-space-around"),
        pytest.param(indented(ITEMS).replace(b"\n", b"\r\n"), id="crlf"),
    ],
)
def test_lists_in_every_layout(stdout: bytes) -> None:
    assert map_items(stdout, same) == ITEMS


@pytest.mark.parametrize(
    "stdout",
    [
        pytest.param(indented([]), id="empty"),
        pytest.param(b'{"apiVersion":"v1","items":[],"kind":"List"}', id="empty-on-one-line"),
        pytest.param(b'{"apiVersion":"v1","items":null,"kind":"List"}', id="row-50-null"),
    ],
)
def test_lists_of_nothing(stdout: bytes) -> None:
    assert map_items(stdout, same) == []


def deep(levels: int) -> bytes:
    return indented([{"a": 1}]).replace(b"1\n", b'{"a":' * levels + b"1" + b"}" * levels + b"\n")


@pytest.mark.parametrize(
    "stdout",
    [
        pytest.param(b"", id="row-56-nothing"),
        pytest.param(b" \n\t ", id="row-56-blank"),
        pytest.param(b"Please enter Username: ", id="row-56-prompt"),
        pytest.param(b"\x1b[31mWarning: deprecated\x1b[0m\n{}", id="row-56-banner"),
        pytest.param(b"No resources found", id="row-56-text"),
        pytest.param(b"\x00\xff\xfe\x80", id="garbage"),
        pytest.param(b"[]", id="an-array"),
        pytest.param(b'"List"', id="a-text"),
        pytest.param(b"null", id="null"),
        pytest.param(b"NaN", id="no-number"),
        pytest.param(b"{}", id="an-empty-object"),
        pytest.param(b'{"apiVersion":"v1","kind":"List"}', id="a-list-without-items"),
        pytest.param(json.dumps({"kind": "Table", "rows": []}).encode(), id="row-50-table"),
        pytest.param(json.dumps({"kind": "Status", "message": "no"}).encode(), id="row-50-status"),
        pytest.param(json.dumps(ITEMS[0]).encode(), id="one-object"),
        pytest.param(compact({"a": 1}), id="items-are-an-object"),
        pytest.param(compact("x"), id="items-are-a-text"),
        pytest.param(json.dumps(document(ITEMS, kind="x") | {"kind": 7}).encode(), id="kind-is-a-number"),
        pytest.param(compact([*ITEMS, 1]), id="row-50-item-is-a-number"),
        pytest.param(compact([None]), id="row-50-item-is-null"),
        pytest.param(indented([*ITEMS, "x", *ITEMS]), id="row-50-item-is-a-text"),
        pytest.param(indented([*ITEMS, [], *ITEMS]), id="row-50-item-is-an-array"),
        pytest.param(indented(ITEMS)[:200], id="cut"),
        pytest.param(indented(ITEMS) + indented(ITEMS), id="two-documents"),
        pytest.param(indented(ITEMS) + compact(ITEMS), id="two-documents-of-two-layouts"),
        pytest.param(indented(ITEMS) + b"error: lost connection\n", id="text-behind"),
        pytest.param(indented(ITEMS).rstrip()[:-1], id="cut-before-the-last-brace"),
        pytest.param(b"Warning: deprecated\n" + indented(ITEMS), id="text-before"),
        pytest.param(b"[" * 100_000, id="100000-brackets"),
    ],
)
def test_what_is_no_list_is_never_an_empty_one(stdout: bytes) -> None:
    with pytest.raises(BadOutput) as caught:
        map_items(stdout, same)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


HIDDEN = {"apiVersion": "v1", "kind": "X", "spec": {"values": {"greeting": "xyzzy"}}}


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"Token refreshed\n", b" \n"], ids=range(4))
@pytest.mark.parametrize("layout", [indented, compact])
def test_objects_are_not_repeated_in_an_error(layout: Callable[[object], bytes], before: bytes) -> None:
    """What is never shown of an object is not shown because kubectl failed, or printed half of it."""
    stdout = before + layout([HIDDEN])
    (error,) = problems(Output(3, stdout, ""), ErrorContext("dev"))
    with pytest.raises(BadOutput) as caught:
        map_items(stdout[:-5], same)
    for told in (str(error), error.brief, error.said, str(caught.value), caught.value.brief):
        assert "xyzzy" not in told
        assert "values" not in told


@pytest.mark.parametrize("space", ["", " "])
def test_a_list_says_that_it_has_more_pages_in_any_layout(space: str) -> None:
    separators = (f",{space}", f":{space}")
    for metadata in ({"continue": "abc"}, {"remainingItemCount": 5}):
        orders: tuple[dict[str, Any], ...] = (
            {"metadata": metadata, "items": [], "kind": "List"},
            document(ITEMS) | {"metadata": metadata},
        )
        for order in orders:
            assert continues(json.dumps(order, separators=separators).encode())
    assert not continues(json.dumps(document(ITEMS) | {"metadata": {"continue": ""}}, separators=separators).encode())


def test_row_50_an_item_that_is_too_deep_is_none_and_not_nothing() -> None:
    """The others are read, and whoever counts sees that one was not."""
    (read,) = map_items(deep(500), same)
    assert read is not None
    # How deep is too deep is the parser's choice, and differs by version of Python.
    assert map_items(deep(200_000), same) == [None]


@pytest.mark.parametrize("behind", ["", "Warning: deprecated"])
def test_a_list_that_was_cut_is_whole_or_refused(behind: str) -> None:
    stdout = indented(ITEMS)
    for end in range(0, len(stdout), 7):
        with suppress(BadOutput):
            assert map_items(stdout[:end] + behind.encode(), same) == ITEMS


def test_500_levels_are_read() -> None:
    assert len(map_items(deep(500), same)) == 1


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param(b"caf\xe9", "caf\ufffd", id="row-45-bad-bytes"),
        pytest.param(rb"\ud800", "\ud800", id="row-45-lone-surrogate"),
        pytest.param(rb"a\u0000b", "a\x00b", id="row-45-nul"),
        pytest.param("żółw 🐢".encode(), "żółw 🐢", id="utf-8"),
        pytest.param(rb"\u017c\ud83d\udc22\u003c", "ż🐢<", id="escapes"),
    ],
)
@pytest.mark.parametrize("layout", [indented, compact])
def test_row_45_odd_texts_are_read(layout: Any, raw: bytes, text: str) -> None:
    stdout = layout([*ITEMS, {"message": "HERE"}]).replace(b"HERE", raw)
    assert map_items(stdout, same) == [*ITEMS, {"message": text}]


@pytest.mark.parametrize(
    "text",
    [
        "},\n{",
        "\n        },\n        {\n",
        "\n        }\n    ],\n",
        "\\n        },\\n        {\\n",
        '"kind": "List"',
        '"}],"kind":"Status"',
        "{[}]",
        "\\",
        '\\"',
    ],
    ids=ascii,
)
def test_what_looks_like_the_end_of_an_item_inside_a_text(text: str) -> None:
    items = [{"message": text, text: {"a": [text, {text: text}]}}, {"message": text}]
    assert map_items(indented(items), same) == items


def test_a_projection_sees_each_item_once_and_in_order() -> None:
    assert map_items(indented(ITEMS), lambda item: item["metadata"]["name"]) == ["a", "b", "c"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(items=st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=3), max_size=5), ascii_only=st.booleans())
def test_kubectls_layout_holds_the_same_items(items: list[dict[str, Any]], ascii_only: bool) -> None:
    stdout = indented(items, ascii_only=ascii_only)
    assert map_items(stdout, same) == json.loads(stdout)["items"] == items


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_printed_is_read_or_refused(stdout: bytes) -> None:
    for read in (parse_document, lambda text: map_items(text, same)):
        with suppress(BadOutput):
            assert isinstance(read(stdout), list | dict)


def test_one_document() -> None:
    assert parse_document(b'{"clientVersion": {"gitVersion": "v1.34.4"}}') == {
        "clientVersion": {"gitVersion": "v1.34.4"}
    }
