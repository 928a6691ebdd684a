"""The ends of what a value may be: the shortest and the longest that passes, and the next one, which does not.

Sources: the Kubernetes documentation on names (a DNS label has at most 63 characters, a subdomain at most 253), on API
versions, and the contract of the parameters. What is hostile stands in test_command.py.
"""

import json
from collections.abc import Callable

import pytest

from flux_mcp.errors import BadArgument
from flux_mcp.kubectl.validate import (
    check_api_version,
    check_container,
    check_context,
    check_dns_name,
    check_kind,
    check_namespace,
    check_path_segment,
    check_resource,
    check_selector,
    check_substring,
    echo,
    is_resource,
    nearest,
    split_resource,
)

LABEL_63 = f"a{'-' * 61}z"
SELECTOR_512 = ",".join(["app=web"] * 64) + "1"
PASS: dict[Callable[[str], str], tuple[str, ...]] = {
    check_api_version: (
        *("v1", "v12", "apps/v1", "v1beta1", "v2alpha1", "batch/v1beta10", "x/v1", "xy/v1"),
        *("source.toolkit.fluxcd.io/v1beta2", "helm.toolkit.fluxcd.io/v2", f"{'a' * 253}/v1"),
    ),
    check_namespace: ("a", "ab", "a-b", "0", LABEL_63),
    check_container: ("a", "ab", "a-b", "0", LABEL_63, "all"),
    check_dns_name: ("a", "ab", "a.b", "a.bc", "a-b.c-d", "a" * 253),
    check_path_segment: ("a", "X", "a.b", "...", "a-", "system:node", "a" * 253),
    check_context: ("a", "-", "prod / eu", "a" * 253),
    check_selector: ("a", "a=b", SELECTOR_512),
    check_kind: (
        *("Pod", "pods", "po", "x", "all2", "p" * 63, "deployments.apps", "ingresses.networking.k8s.io", "a.b.c"),
        *("SealedSecret", "externalsecrets.external-secrets.io"),
    ),
    check_resource: (
        "x.v1.",
        "x.v.",
        "pods.v1.",
        "pods.v1.a",
        "pods.v1.ab",
        "deployments.v1.apps",
        "a.v1beta1.c-d.e",
        f"{'p' * 63}.v1.",
        f"{'a' * 63}.v1.{'b' * 186}",
    ),
}
REFUSED: dict[Callable[[str], str], tuple[str, ...]] = {
    check_api_version: (
        *("", "v", "1", "1v", "v1234", "v1gamma1", "v1alpha", "v1beta1234", "v1x", "v1\n", " v1", "V1"),
        *("apps", "apps/", "/v1", "apps/v1/x", "Apps/v1", "-a/v1", "a-/v1", "a b/v1", f"{'a' * 254}/v1", "secrets/v"),
    ),
    check_namespace: ("", "a" * 64, "all", "a.b", "-a", "a-", "a\n"),
    check_container: ("", "a" * 64, "a.b", "-a", "a-", "a\n"),
    check_dns_name: ("", "a" * 254, ".a", "a.", "a..b", "-a", "a-", "a.-b", "a\n"),
    check_path_segment: (
        "",
        "a" * 254,
        ".",
        "..",
        "-a",
        "a/b",
        "a%b",
        "a b",
        "a\u2028",
        "a\u00a0",
        "a\u00ad",
        "a\u0378",
    ),
    check_context: (
        "",
        " a",
        "a ",
        "a" * 254,
        "a\x00",
        "a\u200b",
        "a\ud800",
        "a\ue000",
        "a\u0378",
        "a\u2028b",
        "a\u2029b",
    ),
    check_selector: (f"{SELECTOR_512}2",),
    # U+212A is the sign for kelvin, of which a lower-case k is made.
    check_kind: (
        "",
        "all",
        "ALL",
        "all.apps",
        "\u212austomizations",
        "p" * 64,
        "a.",
        "pods/log",
        "1a",
        f"a.{'b' * 252}",
    ),
    check_resource: (
        *("Pods.v1.", "deployments.v1.Apps", "", f"{'a' * 63}.v1.{'b' * 187}", "pods", "deployments.apps", "pods.v1"),
        *("secrets.v1.", "secret.v1.example.com", "pods.V1.", "pods.v1.a/b", "pods,nodes.v1.", "-pods.v1."),
    ),
}
ARGUMENTS: dict[Callable[[str], str], str] = {
    check_api_version: "api_version",
    check_namespace: "namespace",
    check_container: "container",
    check_dns_name: "name",
    check_path_segment: "name",
    check_context: "context",
    check_selector: "selector",
    check_kind: "kind",
    check_resource: "kind",
}
"""What each is about, unless told otherwise: the error names it."""


def cases(table: dict[Callable[[str], str], tuple[str, ...]]) -> list:
    return [
        pytest.param(check, text, id=f"{check.__name__}-{ascii(text)[:40]}-{len(text)}")
        for check, texts in table.items()
        for text in texts
    ]


@pytest.mark.parametrize(("check", "text"), cases(PASS))
def test_what_passes_is_given_back(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize(("check", "text"), cases(REFUSED))
def test_what_does_not_pass_is_refused_under_its_name(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(BadArgument) as caught:
        check(text)
    assert caught.value.argument == ARGUMENTS[check]


@pytest.mark.parametrize("spelling", ["secret", "Secret", "secrets", "SECRETS", "secrets.v1", "secret.example.com"])
def test_a_secret_is_refused_as_one(spelling: str) -> None:
    """The sentence says that it is no typing error, so that nobody tries another spelling."""
    with pytest.raises(BadArgument, match="never reads Secrets") as caught:
        check_kind(spelling)
    assert caught.value.argument == "kind"


def test_a_text_to_look_for_may_have_blanks_around_it() -> None:
    assert check_substring(" a ", "contains") == " a "
    assert check_substring("x" * 200, "contains") == "x" * 200
    for text in ("", "  ", "x" * 201, "a\x00", "a\ud800"):
        with pytest.raises(BadArgument) as caught:
            check_substring(text, "contains")
        assert caught.value.argument == "contains"


@pytest.mark.parametrize(("text", "is_one"), [(f"a.{'b' * 251}", True), (f"a.{'b' * 252}", False), ("a b", False)])
def test_a_line_of_api_resources_is_a_resource_or_not(text: str, is_one: bool) -> None:
    assert is_resource(text) is is_one


def test_a_refused_value_is_shown_short_and_harmless() -> None:
    """As a JSON string of at most 80 characters; of a longer one it is told how long it is."""
    assert echo("x" * 80) == json.dumps("x" * 80)
    assert echo("x" * 81) == f'"{"x" * 80}" (81 characters)'
    assert echo("żółw") == '"żółw"'
    assert json.loads(echo('a"\\\n\x1b\u202e\ud800é')) == 'a"\\\ufffd\ufffd\ufffd\ufffdé'


@pytest.mark.parametrize(
    ("given", "allowed", "near"),
    [
        ("Deploymnet", ("Pod", "Deployment", "DaemonSet"), " (did you mean Deployment?)"),
        ("DEPLOYMENT", ("Deployment",), " (did you mean Deployment?)"),
        # Seven of ten letters are like each other, and no less may be.
        ("abcdefgxyz", ("abcdefguvw",), " (did you mean abcdefguvw?)"),
        ("abcdefxyzz", ("abcdefuvww",), ""),
        ("nothing", ("Pod", "Deployment"), ""),
        ("nothing", (), ""),
    ],
)
def test_the_nearest_allowed_value_is_named_where_one_is_near(given: str, allowed: tuple[str, ...], near: str) -> None:
    assert nearest(given, allowed) == near


def test_the_nearest_value_is_called_by_its_name() -> None:
    assert (
        nearest("deploys", ("deploy", "pod"), {"deploy": "Deployment", "pod": "Pod"}) == " (did you mean Deployment?)"
    )


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("deployments.v1.apps", ("deployments.apps", "v1")),
        ("pods.v1.", ("pods", "v1")),
        (
            "kustomizations.v1beta2.kustomize.toolkit.fluxcd.io",
            ("kustomizations.kustomize.toolkit.fluxcd.io", "v1beta2"),
        ),
    ],
)
def test_a_resource_is_taken_apart(value: str, parts: tuple[str, str]) -> None:
    assert split_resource(value) == parts
