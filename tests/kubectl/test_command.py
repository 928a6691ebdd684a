"""The boundary to kubectl: what a value must look like, and what every command line looks like.

Row numbers are those of the table of hostile inputs that the checks were written against: what became an exploit, or
could have, in other servers of this kind.
"""

import dataclasses
import inspect
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import POD
from flux_mcp.errors import BadArgument, UnknownContext
from flux_mcp.kubectl import command as commands
from flux_mcp.kubectl.command import (
    MOST_NAMES,
    Annotate,
    ApiResources,
    CanI,
    ConfigView,
    Get,
    Logs,
    ServerVersion,
    Version,
)
from flux_mcp.kubectl.kubeconfig import parse_kubeconfig
from flux_mcp.kubectl.validate import (
    check_container,
    check_context,
    check_dns_name,
    check_namespace,
    check_path_segment,
    check_selector,
    check_substring,
)
from flux_mcp.settings import Access
from tests.support.fake import kubeconfig, versioned

KUSTOMIZATIONS = "kustomizations.v1.kustomize.toolkit.fluxcd.io"
HELM_RELEASES = "helmreleases.v1.helm.toolkit.fluxcd.io"
CHECKS: dict[str, Callable[[str], str]] = {
    "name": check_dns_name,
    "namespace": check_namespace,
    "context": check_context,
    "selector": check_selector,
    "path segment": check_path_segment,
    "text": lambda value: check_substring(value, "name_contains"),
}

FLAGS = {
    1: ["--server=https://evil:6443"],
    2: ["-shttp://evil"],
    3: ["-Ashttp://evil"],
    4: ["--insecure_skip_tls_verify=true"],
    5: ["--kubeconfig=/tmp/evil.yaml"],
    6: ["--context=other", "--cluster=other"],
    7: ["--token=x", "--user=x", "--as=system:admin", "--as-group=system:masters"],
    8: ["-A", "--all-namespaces"],
    9: ["--all"],
    10: ["-lapp=x", "--selector=app=x"],
    11: ["--watch", "-w"],
    12: ["-ogo-template-file=/etc/passwd", "-ojsonpath-file=/etc/passwd", "--template={{.}}"],
    13: ["--raw=/api/v1/secrets"],
    14: ["-f/etc/passwd", "-fhttp://evil/x", "-k/path", "-f-"],
    15: ["-v=9", "--v=10"],
    16: ["--profile-output=/x", "--cache-dir=/x"],
}
PATHS = {17: ["secret/foo", "a/b", "../x", "..", ".", "%2e%2e", "a%2fb"]}
BLANK = {18: ["", " ", "\t"]}
BROKEN = {20: ["foo\nbar", "foo\r\n", "foo\n", "foo\x00", "foo\x1b[2K", "foo\x85bar"]}
INVISIBLE = {21: ["foo\u200bbar", "foo\u202ebar", "foo\U000e0041", "foo\ud800", "foo\u00a0bar", "foo\ufeff"]}
LONG = {22: ["a" * 254, "a" * 10_000_000]}
# Harmless as a path segment, since nothing is ever joined into a shell's line, but no name of a Flux object.
SHELL = {19: ["foo,bar", "foo;id", "$(id)", "`id`", "foo|id", "foo&&id", "foo>x"]}
PAIRS = {23: ["foo=bar", "foo-"]}
BOTH = {
    **FLAGS,
    **PATHS,
    **BLANK,
    **BROKEN,
    **INVISIBLE,
    **LONG,
    19: ["foo bar"],
    23: ["kustomize.toolkit.fluxcd.io/prune=disabled"],
}


def rows(table: dict[int, list[str]]) -> list:
    return [pytest.param(text, id=f"row-{row}-{short(text)}") for row, texts in table.items() for text in texts]


def short(text: str) -> str:
    return ascii(text) if len(text) < 60 else f"{len(text)}-characters"


@pytest.mark.parametrize("text", rows(BOTH))
@pytest.mark.parametrize("check", [check_dns_name, check_path_segment])
def test_no_sort_of_name_takes(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(BadArgument):
        check(text)


@pytest.mark.parametrize("text", rows({**SHELL, **PAIRS, 21: ["\uff46oo", "f\u043eo"], 22: ["A", "a_b", "a..b", "a."]}))
def test_no_name_of_a_flux_object_or_a_workload_is(text: str) -> None:
    with pytest.raises(BadArgument):
        check_dns_name(text)


@pytest.mark.parametrize("text", [["a"], {}, None, 1, True], ids=lambda text: f"row-24-{text!r}")
@pytest.mark.parametrize("check", [check_dns_name, check_path_segment, check_namespace, check_context, check_selector])
def test_what_is_no_text_never_passes(check: Callable[[object], str], text: object) -> None:
    """The schema refuses it first; should it come as far as this, it still becomes no argument of kubectl."""
    # A slice is a key of a mapping since Python 3.12.
    with pytest.raises((BadArgument, TypeError, AttributeError, KeyError)):
        check(text)


@pytest.mark.parametrize("text", ["a", "a.b-c", "podinfo", "0", "1.2.3", "a" * 253, "a-0.b--c"], ids=short)
def test_names_of_flux_objects(text: str) -> None:
    assert check_dns_name(text) == text
    assert check_path_segment(text) == text


@pytest.mark.parametrize(
    "text", ["system:node", "system:controller:job-controller", "Foo_Bar", "a@b", "żółw", "a" * 253]
)
def test_names_of_other_objects(text: str) -> None:
    """RBAC objects and those of custom kinds take any path segment for a name."""
    assert check_path_segment(text) == text


@pytest.mark.parametrize(
    "text",
    rows(
        {
            25: [
                "--server=https://evil:6443",
                "a/b",
                "..",
                "",
                " ",
                "*",
                "Kube-System",
                "a.b",
                "a,b",
                "-a",
                "a-",
                "a\n",
                "a" * 64,
            ]
        }
    ),
)
def test_no_namespace_is(text: str) -> None:
    with pytest.raises(BadArgument):
        check_namespace(text)


@pytest.mark.parametrize("text", ["default", "flux-system", "0123", "a", "a" * 63])
def test_namespaces(text: str) -> None:
    assert check_namespace(text) == text


def test_row_25_a_namespace_named_all_is_refused() -> None:
    """`all` is what a model writes for all namespaces: as a name it would make an empty answer."""
    with pytest.raises(BadArgument, match="leave it out for all namespaces"):
        Get((KUSTOMIZATIONS,), namespace="all")


@pytest.mark.parametrize("namespace", [None, "apps"])
def test_row_26_one_namespace_or_all_of_them(namespace: str | None) -> None:
    """kubectl lets --all-namespaces win over --namespace, so it never gets both."""
    given_flags = options(Get((KUSTOMIZATIONS,), namespace=namespace).args())
    assert ("--all-namespaces=true" in given_flags) is (namespace is None)
    assert ("--namespace=apps" in given_flags) is (namespace is not None)


@pytest.mark.parametrize(
    "text",
    rows({27: ["", " "], 28: ["good ", " good", "good\nx", "good\x00", "a\u202eb", "a\u200bb", "a\ud800", "a" * 254]}),
)
def test_no_context_is(text: str) -> None:
    with pytest.raises(BadArgument):
        check_context(text)


@pytest.mark.parametrize(
    "text", rows({28: ["nope"], 29: ["--as=x", "-x", "--context=prod"], 30: ["../../etc/x", "/etc/passwd"]})
)
def test_a_context_that_is_not_there_is_unknown_and_nothing_else(text: str) -> None:
    """kubectl would only ever see it as the value of --context=; an unknown one does not get even that far."""
    assert check_context(text) == text
    assert Access().flags(text) == (f"--context={text}",)
    with pytest.raises(UnknownContext, match=r'It has "dev", "prod"\.$'):
        parse_kubeconfig(kubeconfig()).find(text)


def test_one_command_names_ten_objects_at_most() -> None:
    """kubectl reads each with a request of its own and holds itself back after some: 10 take 95 ms, 19 take 1.9 s."""
    names = tuple(f"name-{number}" for number in range(11))
    assert Get((KUSTOMIZATIONS,), "apps", names[:10]).args()[-10:] == names[:10]
    with pytest.raises(BadArgument, match="at most 10 names"):
        Get((KUSTOMIZATIONS,), "apps", names)


def test_row_28_an_unknown_context_names_twenty_at_most() -> None:
    many = [f"cluster-{number:03}" for number in range(500)]
    with pytest.raises(UnknownContext) as caught:
        parse_kubeconfig(kubeconfig("cluster-000", *many)).find("nope")
    assert str(caught.value).count("cluster-") == 20
    assert "480 more" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
        "gke_proj_zone_name",
        "kind-dev",
        "user@cluster.example.com:6443",
        "prod / eu",
        "prod-żółw",
        "本番",
        "a" * 253,
    ],
)
def test_contexts_hold_almost_anything(text: str) -> None:
    assert check_context(text) == text


@pytest.mark.parametrize(
    "text", rows({37: ["a=b,--server=x", "!", "a in (", "a=" + "b" * 5000, "a=b\nc=d", "--all", "-A", ""]})
)
def test_no_selector_is(text: str) -> None:
    with pytest.raises(BadArgument):
        check_selector(text)


@pytest.mark.parametrize(
    "text", ["", "  ", "\n", "a" * 201, "a\x00b", "a\x1bb", "a\nb", "a\ud800"], ids=lambda text: repr(text)[:12]
)
def test_no_text_to_look_for_is(text: str) -> None:
    with pytest.raises(BadArgument):
        check_substring(text, "contains")


@pytest.mark.parametrize("text", [".*", "a b", "(x|y)+", "żółw", "a" * 200])
def test_any_text_can_be_looked_for(text: str) -> None:
    assert check_substring(text, "contains") == text


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("tail", ["!\n", "\x1b[2K\x00", "\ud800\u202e", "/"], ids=ascii)
def test_a_refusal_names_the_argument_and_echoes_little(check: Callable[[str], str], tail: str) -> None:
    with pytest.raises(BadArgument) as caught:
        check("x" * 1_000_000 + tail)
    argument = inspect.signature(check).parameters.get("argument")
    assert caught.value.argument == (argument.default if argument else "name_contains")
    sentence = str(caught.value)
    assert sentence.startswith(f"Invalid {caught.value.argument}: must be ")
    assert "x" * 81 not in sentence
    assert len(sentence) < 400


@given(text=st.text(st.characters(exclude_categories=()), max_size=300))
def test_a_refusal_can_always_be_printed(text: str) -> None:
    for check in CHECKS.values():
        try:
            check(text)
        except BadArgument as refusal:
            sentence = str(refusal)
            assert sentence.isprintable()
            assert sentence.encode().decode() == sentence


def options(args: tuple[str, ...]) -> set[str]:
    """The flags among the arguments, each of which must be `--flag=value`, and stand before `--`."""
    stop = args.index("--") if "--" in args else len(args)
    found = {word for word in args[:stop] if word.startswith("-")}
    assert all(word.startswith("--") and "=" in word for word in found)
    return found


def words(args: tuple[str, ...]) -> tuple[str, ...]:
    """The verb's words."""
    stop = args.index("--") if "--" in args else len(args)
    return tuple(word for word in args[:stop] if not word.startswith("-"))


def positionals(args: tuple[str, ...]) -> tuple[str, ...]:
    """What stands behind `--`."""
    return args[args.index("--") + 1 :] if "--" in args else ()


EXPLICIT = {
    *("--output=json", "--chunk-size=500", "--watch=false", "--watch-only=false", "--ignore-not-found=false"),
    *("--show-managed-fields=false", "--subresource=", "--sort-by=", "--raw=", "--filename=", "--kustomize="),
}
"""What a kuberc could default otherwise."""


def where(namespace: str | None = None, *, everywhere: bool = False, selector: str = "", field: str = "") -> set[str]:
    """The flags that say which objects, each of them always."""
    flags = {f"--all-namespaces={str(everywhere).lower()}", f"--selector={selector}", f"--field-selector={field}"}
    return flags if namespace is None else {*flags, f"--namespace={namespace}"}


LOGS = {
    "--namespace=apps",
    "--container=app",
    "--limit-bytes=1048576",
    *("--since-time=", "--selector="),
    *("--follow=false", "--timestamps=false", "--prefix=false", "--all-containers=false", "--ignore-errors=false"),
}

TOKEN = "2026-11-22T09:27:06.000000001Z"
ANNOTATE = {
    *("--namespace=apps", "--overwrite=true", "--dry-run=none", "--field-manager=flux-client-side-apply"),
    *("--output=name", "--all=false", "--all-namespaces=false", "--selector=", "--field-selector=", "--kustomize="),
    *("--filename=", "--list=false", "--local=false", "--record=false", "--recursive=false", "--resource-version="),
}
CAN_I = {"--namespace=apps", "--all-namespaces=false", "--list=false", "--no-headers=false", "--quiet=false"} | {
    "--subresource="
}


@pytest.mark.parametrize(
    ("command", "verb", "flags", "behind"),
    [
        pytest.param(
            Get((KUSTOMIZATIONS, HELM_RELEASES)),
            ("get",),
            {*EXPLICIT, *where(everywhere=True)},
            (f"{KUSTOMIZATIONS},{HELM_RELEASES}",),
            id="row-62-get-all",
        ),
        pytest.param(
            Get(("pods.v1.",), namespace="apps", selector="app in (a,b),!c"),
            ("get",),
            {*EXPLICIT, *where("apps", selector="app in (a,b),!c")},
            ("pods.v1.",),
            id="row-62-get-selected",
        ),
        pytest.param(
            Get((HELM_RELEASES,), namespace="apps", names=("podinfo",)),
            ("get",),
            {*EXPLICIT, *where("apps")},
            (HELM_RELEASES, "podinfo"),
            id="row-62-get-one",
        ),
        pytest.param(
            Get(("nodes.v1.",), names=("node-1",)),
            ("get",),
            {*EXPLICIT, *where()},
            ("nodes.v1.", "node-1"),
            id="row-62-get-cluster-scoped",
        ),
        pytest.param(
            Get(("pods.v1.",), named="podinfo-0"),
            ("get",),
            {*EXPLICIT, *where(everywhere=True, field="metadata.name=podinfo-0")},
            ("pods.v1.",),
            id="row-62-get-wherever",
        ),
        pytest.param(
            Get(("events.v1.",), namespace="apps", named="e.1", warnings=True),
            ("get",),
            {*EXPLICIT, *where("apps", field="metadata.name=e.1,type=Warning,involvedObject.kind!=Pod")},
            ("events.v1.",),
            id="row-62-get-warnings",
        ),
        pytest.param(
            Logs("apps", "podinfo-0", "app", since=90, previous=True),
            ("logs",),
            {*LOGS, "--tail=2000", "--since=90s", "--previous=true"},
            ("podinfo-0",),
            id="row-62-logs",
        ),
        pytest.param(
            Annotate(by_kind["Kustomization"], "v1", "apps", "web", TOKEN),
            ("annotate",),
            ANNOTATE,
            (KUSTOMIZATIONS, "web", f"reconcile.fluxcd.io/requestedAt={TOKEN}"),
            id="annotate",
        ),
        pytest.param(
            Annotate(by_kind["HelmRelease"], "v1", "apps", "web", TOKEN, force=True, reset=True),
            ("annotate",),
            ANNOTATE,
            (
                HELM_RELEASES,
                "web",
                *(f"reconcile.fluxcd.io/{key}={TOKEN}" for key in ("requestedAt", "forceAt", "resetAt")),
            ),
            id="annotate-force-reset",
        ),
        pytest.param(
            CanI(by_kind["Kustomization"], "v1", "patch", "apps", "web"),
            ("auth", "can-i"),
            CAN_I,
            ("patch", f"{KUSTOMIZATIONS}/web"),
            id="auth-can-i-one",
        ),
        pytest.param(
            CanI(by_kind["Kustomization"], "v1", "patch", "apps"),
            ("auth", "can-i"),
            CAN_I,
            ("patch", KUSTOMIZATIONS),
            id="can-i",
        ),
        pytest.param(
            CanI(by_kind["Kustomization"], "v1", "patch"),
            ("auth", "can-i"),
            {*CAN_I, "--all-namespaces=true"} - {"--namespace=apps", "--all-namespaces=false"},
            ("patch", KUSTOMIZATIONS),
            id="can-i-in-all-namespaces",
        ),
        pytest.param(
            CanI(by_kind["Kustomization"], "v1"),
            ("auth", "can-i"),
            {*CAN_I, "--all-namespaces=true"} - {"--namespace=apps", "--all-namespaces=false"},
            ("list", KUSTOMIZATIONS),
            id="can-i-list",
        ),
        pytest.param(
            CanI(POD, "v1", "logs"),
            ("auth", "can-i"),
            {*CAN_I, "--all-namespaces=true", "--subresource=log"}
            - {"--namespace=apps", "--all-namespaces=false", "--subresource="},
            ("get", "pods.v1."),
            id="can-i-logs",
        ),
        pytest.param(
            ApiResources(),
            ("api-resources",),
            {"--output=wide", "--cached=false", "--no-headers=true", "--verbs=", "--categories=", "--sort-by="},
            (),
            id="api-resources",
        ),
        pytest.param(
            ConfigView(),
            ("config", "view"),
            {"--output=json", "--raw=false", "--minify=false", "--flatten=false", "--merge=true"},
            (),
            id="config-view",
        ),
        pytest.param(Version(), ("version",), {"--output=json", "--client=true"}, (), id="version"),
        pytest.param(ServerVersion(), ("version",), {"--output=json", "--client=false"}, (), id="server-version"),
    ],
)
def test_the_command_lines(
    command: commands.Command, verb: tuple[str, ...], flags: set[str], behind: tuple[str, ...]
) -> None:
    """Each flag is explicit, since a user's kuberc may default it otherwise; positional values stand behind `--`."""
    args = command.args()
    assert words(args) == verb
    assert args[: len(verb)] == verb
    assert options(args) == flags
    assert positionals(args) == behind
    assert len(args) == len(verb) + len(flags) + (len(behind) + 1 if behind else 0)


def test_logs_are_all_lines_of_the_run_of_now_up_to_two_thousand() -> None:
    """Unless they are asked for otherwise."""
    assert options(Logs("apps", "podinfo-0", "app").args()) == {*LOGS, "--tail=2000", "--since=0s", "--previous=false"}
    asked = Logs("apps", "podinfo-0", "app", tail=7, since=90, previous=True)
    assert options(asked.args()) == {*LOGS, "--tail=7", "--since=90s", "--previous=true"}


KUSTOMIZATION = by_kind["Kustomization"]


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        pytest.param(lambda: Get(()), "kinds", id="get-nothing"),
        pytest.param(lambda: Get(("pods.v1.", "nodes.v1."), names=("x",)), "name", id="get-a-name-of-two-kinds"),
        pytest.param(lambda: Get(("pods.v1.",), selector="a=b,--all"), "selector", id="get-selector"),
        pytest.param(lambda: Get(("pods.v1.",), named="--all"), "name", id="get-wherever-a-flag"),
        pytest.param(lambda: Get(("pods.v1.",), named="a/b"), "name", id="get-wherever-a-path"),
        pytest.param(lambda: Get(("pods.v1.",), names=("x", "--all")), "name", id="get-the-second-name"),
        pytest.param(lambda: Get(("pods.v1.",), names=("x",) * (MOST_NAMES + 1)), "name", id="get-too-many-names"),
        pytest.param(lambda: Annotate(by_kind["Alert"], "v1", "apps", "x", TOKEN), "kind", id="annotate-kind"),
        pytest.param(lambda: Annotate(KUSTOMIZATION, "--all", "apps", "x", TOKEN), "kind", id="annotate-version"),
        pytest.param(lambda: CanI(KUSTOMIZATION, "v1 --all", "patch", "apps"), "kind", id="can-i-version"),
        pytest.param(
            lambda: CanI(dataclasses.replace(KUSTOMIZATION), "v1", "patch", "apps"), "kind", id="can-i-a-copy-of-a-kind"
        ),
        pytest.param(lambda: CanI(dataclasses.replace(KUSTOMIZATION), "v1", "patch"), "kind", id="can-i-patch-a-copy"),
        pytest.param(lambda: Annotate(KUSTOMIZATION, "v1", "apps", "x", "now"), "token", id="annotate-token"),
        pytest.param(
            lambda: Annotate(KUSTOMIZATION, "v1", "apps", "x", TOKEN, force=True), "force", id="annotate-force"
        ),
        pytest.param(
            lambda: Annotate(KUSTOMIZATION, "v1", "apps", "x", TOKEN, reset=True), "reset", id="annotate-reset"
        ),
        pytest.param(
            lambda: CanI(dataclasses.replace(KUSTOMIZATION, plural="secrets", group=""), "v1", "patch", "apps"),
            "kind",
            id="can-i-another-kind",
        ),
        pytest.param(lambda: CanI(POD, "v1", "patch"), "kind", id="can-i-patch-no-flux-kind"),
        pytest.param(lambda: CanI(POD, "v1", "delete"), "kind", id="can-i-another-verb"),  # type: ignore[arg-type]
        pytest.param(lambda: CanI(dataclasses.replace(POD, plural="secrets"), "v1"), "kind", id="can-i-read-secrets"),
        pytest.param(lambda: CanI(KUSTOMIZATION, "v1", "logs"), "kind", id="can-i-logs-of-another-kind"),
    ],
)
def test_the_last_gate_says_what_it_refuses(build: Callable[[], commands.Command], argument: str) -> None:
    """Whoever builds a command past the checks of the tools is stopped here, by the name of the argument."""
    with pytest.raises(BadArgument) as caught:
        build()
    assert caught.value.argument == argument


def test_the_last_gate_lets_the_rights_pass_that_are_asked_about() -> None:
    assert CanI(POD, "v1").args()[-2:] == ("list", "pods.v1.")
    assert CanI(KUSTOMIZATION, "v1", "patch").args()[-2:] == ("patch", KUSTOMIZATIONS)
    assert CanI(POD, "v1", "logs").args()[-2:] == ("get", "pods.v1.")


def test_there_are_no_other_commands() -> None:
    """A verb is added with the tool that needs it, and with a row in the table above."""
    found = {
        name
        for name, member in vars(commands).items()
        if inspect.isclass(member) and dataclasses.is_dataclass(member) and hasattr(member, "args")
    }
    fixed = {"ApiResources", "ConfigView", "ServerVersion", "Version"}
    assert found == {"Annotate", "CanI", "Get", "Logs", *fixed}
    assert {name for name in found if not dataclasses.fields(getattr(commands, name))} == fixed


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param("secrets", id="row-35-plural"),
        pytest.param("secret", id="row-35-singular"),
        pytest.param("Secret", id="row-35-kind"),
        pytest.param("SeCrEtS", id="row-35-case"),
        pytest.param("secret/s", id="row-35-slash"),
        pytest.param("secrets.v1.", id="row-35-version"),
        pytest.param("secrets.v1", id="row-35-version-without-dot"),
        pytest.param("secret.v1", id="row-35-singular-version"),
        pytest.param("secrets,kustomizations", id="row-35-comma"),
        pytest.param("kustomizations,secrets", id="row-35-comma-behind"),
        pytest.param("all", id="row-35-category"),
        pytest.param("--raw=/api/v1/secrets", id="row-35-raw"),
        pytest.param("pods --all", id="row-35-space"),
        pytest.param("secrets ", id="row-35-space-behind"),
        pytest.param("secrets\n", id="row-35-line-break"),
        pytest.param("pods/secrets", id="row-35-subresource"),
        pytest.param("", id="row-35-empty"),
        pytest.param("secrets.example.com", id="row-36-other-group"),
        pytest.param("secrets.v1.", id="row-35-versioned"),
        pytest.param("secrets.v1.example.com", id="row-36-versioned"),
    ],
)
def test_no_command_names_secrets(resource: str) -> None:
    with pytest.raises(BadArgument):
        Get((resource,))
    with pytest.raises(BadArgument):
        Get((KUSTOMIZATIONS, resource))
    with pytest.raises(BadArgument):
        Get((resource,), namespace="apps", names=("x",))


@pytest.mark.parametrize(
    "resource",
    [
        "pods.v1.",
        "sealedsecrets.v1alpha1.bitnami.com",
        "externalsecrets.v1.external-secrets.io",
        *(versioned(kind.resource) for kind in FLUX_KINDS),
    ],
)
def test_kinds_that_can_be_asked_for(resource: str) -> None:
    assert positionals(Get((resource,)).args()) == (resource,)


@pytest.mark.parametrize(
    ("resources", "name", "selector"),
    [
        pytest.param((), None, None, id="no-kind"),
        pytest.param(("pods.v1.", "nodes.v1."), "x", None, id="a-name-of-two-kinds"),
        pytest.param(("pods.v1.",), "x", "a=b", id="a-name-and-a-selector"),
    ],
)
def test_questions_that_kubectl_would_not_understand(
    resources: tuple[str, ...], name: str | None, selector: str | None
) -> None:
    with pytest.raises(BadArgument):
        Get(resources, names=(name,) if name is not None else (), selector=selector)


@pytest.mark.parametrize(
    ("name", "told"), [("a=b", r"a\=b"), ("a,b", r"a\,b"), ("a\\b", r"a\\b"), ("system:node", "system:node")]
)
def test_a_name_stays_one_value_of_a_field_selector(name: str, told: str) -> None:
    assert f"--field-selector=metadata.name={told}" in options(Get(("pods.v1.",), named=name).args())


@pytest.mark.parametrize("text", [*(text for texts in (BOTH | SHELL | PAIRS).values() for text in texts)], ids=short)
def test_logs_are_of_a_pod_in_a_namespace_and_nothing_else(text: str) -> None:
    """kubectl reads `secret/x` as an object of another kind."""
    for namespace, pod, container in ((text, "a", "a"), ("a", text, "a"), ("a", "a", text)):
        with pytest.raises(BadArgument):
            Logs(namespace, pod, container)
    with pytest.raises(BadArgument, match=r"^Invalid container: must be a container's name"):
        check_container(text)


TEXTS = st.text(st.characters(exclude_categories=()), max_size=40) | st.text(
    st.sampled_from("-=a/,.!() s\n"), max_size=12
)


@example(resource="pods.v1.", namespace=None, name="--all", selector=None)
@example(resource="pods.v1.", namespace="--all", name=None, selector=None)
@example(resource="--all", namespace=None, name=None, selector=None)
@given(
    resource=st.just("pods.v1.") | TEXTS,
    namespace=st.none() | st.just("apps") | TEXTS,
    name=st.none() | TEXTS,
    selector=st.none() | TEXTS,
)
def test_whatever_is_asked_stays_a_value(
    resource: str, namespace: str | None, name: str | None, selector: str | None
) -> None:
    """A text from outside is refused, or is the value of one flag, or stands behind `--`: it is never a flag itself."""
    try:
        args = Get((resource,), namespace=namespace, names=() if name is None else (name,), selector=selector).args()
    except BadArgument:
        return
    everywhere = namespace is None and name is None
    assert options(args) == EXPLICIT | where(namespace, everywhere=everywhere, selector=selector or "")
    assert words(args) == ("get",)
    assert positionals(args) == ((resource,) if name is None else (resource, name))
    assert not any("\x00" in word for word in args)


@given(name=TEXTS, namespace=st.just("apps") | TEXTS, container=st.just("app") | TEXTS)
def test_whatever_is_named_stays_a_value(name: str, namespace: str, container: str) -> None:
    """So for the name in a field selector, and for logs."""
    with suppress(BadArgument):
        given_flags = options(Get(("pods.v1.",), named=name).args())
        (field,) = given_flags - EXPLICIT - where(everywhere=True)
        assert re.sub(r"\\(.)", r"\1", field.removeprefix("--field-selector=metadata.name=")) == name
        assert not re.search(r"(?<!\\)(\\\\)*[,=]", field.removeprefix("--field-selector=metadata.name="))
    with suppress(BadArgument):
        args = Logs(namespace, name, container).args()
        assert {f"--namespace={namespace}", f"--container={container}", "--follow=false"} <= options(args)
        assert positionals(args) == (name,)
        assert words(args) == ("logs",)
