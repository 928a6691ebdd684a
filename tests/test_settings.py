"""What a process is started with: which flags reach kubectl, and what is refused before anything starts."""

import dataclasses
import inspect
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.errors import BadSetting
from flux_mcp.settings import DEFAULT_TIMEOUT, Access, Recording, Settings, parse_recording

FULL: dict[str, Any] = {
    "kubeconfig": "/home/jane/.kube/config",
    "context": "prod",
    "impersonate": "system:serviceaccount:flux-system:viewer",
    "impersonate_groups": ("viewers", "system:authenticated"),
    "impersonate_uid": "1234",
    "server": "https://10.0.0.1:6443",
    "tls_server_name": "kubernetes.default",
    "certificate_authority": "/etc/ca.crt",
    "client_certificate": "/etc/client.crt",
    "client_key": "/etc/client.key",
    "insecure_skip_tls_verify": True,
}
TEXTS = tuple(name for name, value in FULL.items() if isinstance(value, str))
KUBECTL_FLAGS = (
    "--kubeconfig=",
    "--context=",
    "--as=",
    "--as-group=",
    "--as-uid=",
    "--server=",
    "--tls-server-name=",
    "--certificate-authority=",
    "--client-certificate=",
    "--client-key=",
    "--insecure-skip-tls-verify=",
)


def access(**given_fields: Any) -> Access:
    """An Access of these fields; with a user where one is needed for another field to be allowed."""
    if {"impersonate_groups", "impersonate_uid"} & set(given_fields):
        given_fields = {"impersonate": "jane", **given_fields}
    return Access(**given_fields)


def test_every_flag_reaches_kubectl() -> None:
    assert set(FULL) == {field.name for field in dataclasses.fields(Access)}
    assert sorted(Access(**FULL).flags("prod")) == sorted(
        [
            "--kubeconfig=/home/jane/.kube/config",
            "--context=prod",
            "--as=system:serviceaccount:flux-system:viewer",
            "--as-group=viewers",
            "--as-group=system:authenticated",
            "--as-uid=1234",
            "--server=https://10.0.0.1:6443",
            "--tls-server-name=kubernetes.default",
            "--certificate-authority=/etc/ca.crt",
            "--client-certificate=/etc/client.crt",
            "--client-key=/etc/client.key",
            "--insecure-skip-tls-verify=true",
        ]
    )


def test_what_is_left_out_is_left_to_kubectl() -> None:
    """An empty value would silently mean the default; so there is no flag at all."""
    assert Access().flags(None) == ()
    assert Access().flags("dev") == ("--context=dev",)


@pytest.mark.parametrize("attribute", [*TEXTS, "impersonate_groups"])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="row-31-empty"),
        pytest.param("  ", id="row-31-blank"),
        pytest.param("a\r\nX-Evil: 1", id="row-32-header"),
        pytest.param("a\nb", id="row-32-line-break"),
        pytest.param("a\x00b", id="row-32-nul"),
        pytest.param("a\x1b[2K", id="row-32-escape"),
        pytest.param("a\x7fb", id="row-32-delete"),
    ],
)
def test_values_that_kubectl_would_take_in_another_way(attribute: str, text: str) -> None:
    """`--as ""` is no impersonation at all, and `--context ""` the current context."""
    with pytest.raises(BadSetting, match="--kube") as caught:
        access(**{attribute: ("viewers", text) if attribute == "impersonate_groups" else text})
    assert str(caught.value).isprintable()


def test_row_31_a_call_cannot_empty_the_context() -> None:
    with pytest.raises(BadSetting):
        Access(context="prod").flags("")


def test_row_33_the_identity_is_that_of_the_start() -> None:
    """A call names a context and nothing else, so no tool can change who is asking."""
    assert list(inspect.signature(Access.flags).parameters) == ["self", "context"]
    started = Access(impersonate="viewer", impersonate_groups=("viewers",))
    for context in ("dev", "prod"):
        assert set(started.flags(context)) == {"--as=viewer", "--as-group=viewers", f"--context={context}"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        started.impersonate = "admin"  # type: ignore[misc]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"impersonate_groups": ("viewers",)}, id="row-34-group"),
        pytest.param({"impersonate_uid": "1234"}, id="row-34-uid"),
    ],
)
def test_groups_and_uid_need_a_user(fields: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match="need --kube-as"):
        Access(**fields)


@pytest.mark.parametrize(
    "who", ["system:serviceaccount:flux-system:viewer", "oidc:jane@example.com", "jane doe", "żółw", "CN=jane,O=dev"]
)
def test_identities(who: str) -> None:
    assert Access(impersonate=who).flags("dev") == ("--context=dev", f"--as={who}")


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            **{name: st.text(st.characters(exclude_categories=()), max_size=20) | st.none() for name in TEXTS},
            "impersonate_groups": st.lists(st.text(max_size=20), max_size=3).map(tuple),
            "insecure_skip_tls_verify": st.booleans(),
        },
    ),
    context=st.none() | st.text(max_size=20) | st.sampled_from(["--as=admin", "-A", "dev"]),
)
def test_flags_are_the_fixed_ones(fields: dict[str, Any], context: str | None) -> None:
    """Whatever a value holds, it stands behind one of the known flags and its `=`."""
    try:
        flags = Access(**fields).flags(context)
    except BadSetting:
        return
    assert all(flag.startswith(KUBECTL_FLAGS) for flag in flags)
    values = [flag.partition("=")[2] for flag in flags]
    assert all(value.strip() and not any(c < " " for c in value) for value in values)
    given_texts = [value for name, value in fields.items() if isinstance(value, str) and name != "context"]
    assert len(flags) == (
        len(given_texts)
        + len(fields.get("impersonate_groups", ()))
        + bool(fields.get("insecure_skip_tls_verify"))
        + (context is not None)
    )


@pytest.mark.parametrize("seconds", [1, 1.0, 45, 59.9, 3600])
def test_time_outs(seconds: float) -> None:
    assert Settings(timeout=seconds).timeout == seconds


@pytest.mark.parametrize("seconds", [0, -1, 0.99, 3600.1, 1e9, math.inf, -math.inf, math.nan])
def test_time_outs_out_of_range(seconds: float) -> None:
    with pytest.raises(BadSetting, match="--timeout"):
        Settings(timeout=seconds)


def test_the_default_time_out_is_below_that_of_common_clients() -> None:
    assert Settings().timeout == DEFAULT_TIMEOUT == 45


@pytest.mark.parametrize("program", ["", " ", "kube\nctl", "kube\x00ctl"], ids=ascii)
def test_no_kubectl_is(program: str) -> None:
    with pytest.raises(BadSetting, match="--kubectl"):
        Settings(kubectl=program)


@pytest.mark.parametrize("attribute", sorted({*FULL} - {"context"}))
def test_a_recording_takes_access_flags_beside_a_context_only(attribute: str) -> None:
    chosen = access(**{attribute: FULL[attribute]})
    assert chosen.any()
    with pytest.raises(BadSetting, match="needs --kube-context"):
        Settings(access=chosen, recording=Path("recording"))
    Settings(access=access(**{attribute: FULL[attribute], "context": "prod"}), recording=Path("recording"))


@pytest.mark.parametrize(
    ("given", "recording"),
    [
        ("a", Recording(Path("a"))),
        ("x/a", Recording(Path("x/a"))),
        ("then=x/a", Recording(Path("x/a"), "then")),
        ("=a", Recording(Path("=a"))),
        ("a=", Recording(Path("a="))),
    ],
)
def test_a_recording_is_a_folder_or_a_name_and_a_folder(given: str, recording: Recording) -> None:
    assert parse_recording(given) == recording


def test_a_folder_with_an_equals_sign_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a=b"
    folder.mkdir()
    assert parse_recording(str(folder)) == Recording(folder)


@pytest.mark.parametrize(
    ("recordings", "context"),
    [
        ((Recording(Path("x/a")), Recording(Path("y/a"))), None),
        ((Recording(Path("x"), "a"), Recording(Path("y"), "a")), None),
        ((Recording(Path("x/prod")),), "prod"),
    ],
)
def test_two_contexts_are_not_called_the_same(recordings: tuple[Recording, ...], context: str | None) -> None:
    with pytest.raises(BadSetting, match="NAME=DIR"):
        Settings(recordings=recordings, access=Access(context=context))


def test_a_recording_alone() -> None:
    assert not Access().any()
    assert Settings(recording=Path("recording")).recordings == (Recording(Path("recording")),)


@pytest.mark.parametrize(
    ("settings", "pinned"),
    [
        pytest.param(Settings(), False, id="neither"),
        pytest.param(Settings(access=Access(kubeconfig="/x")), False, id="a-kubeconfig"),
        pytest.param(Settings(access=Access(context="prod")), True, id="a-context"),
        pytest.param(Settings(recording=Path("recording")), True, id="a-recording"),
        pytest.param(Settings(recordings=(Recording(Path("a")), Recording(Path("b")))), False, id="two-recordings"),
        pytest.param(
            Settings(recording=Path("a"), access=Access(context="prod")), False, id="a-recording-and-a-context"
        ),
    ],
)
def test_pinned(settings: Settings, pinned: bool) -> None:
    """With one context for all calls, no tool takes one."""
    assert settings.pinned is pinned


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().read_only = True  # type: ignore[misc]
