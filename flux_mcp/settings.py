"""The settings that a process is started with. They are frozen: no tool call can change them."""

import os
import re
from collections.abc import Iterator
from dataclasses import InitVar, dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

from flux_mcp.errors import BadSetting

DEFAULT_TIMEOUT = 45.0
"""Seconds for one tool call. Common MCP clients give up at 60."""
MAX_TIMEOUT = 3600.0

_TIME: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(s|m|h)?")
_UNITS: Final = {None: 1, "s": 1, "m": 60, "h": 3600}
_CONTROL: Final = {*map(chr, range(0x20)), "\x7f"}


def parse_timeout(text: str | float) -> float:
    """Seconds of `45`, `45s`, `1.5m` or `1h`.

    Raises:
        BadSetting: it is written otherwise.
    """
    found = _TIME.fullmatch(str(text))
    if found is None:
        raise BadSetting("--timeout must be a time such as 45s, 2m or 45, which is seconds.")
    return float(found[1]) * _UNITS[found[2]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How kubectl reaches the cluster. None means that the flag is left out and kubectl decides.

    No field takes a credential itself: a token on a command line can be read by every local user.

    Raises:
        BadSetting: an empty value (kubectl would silently drop it), a control character, or an
            impersonated group or uid without an impersonated user.
    """

    kubeconfig: str | None = None
    context: str | None = None
    impersonate: str | None = None
    impersonate_groups: tuple[str, ...] = ()
    impersonate_uid: str | None = None
    server: str | None = None
    tls_server_name: str | None = None
    certificate_authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    insecure_skip_tls_verify: bool = False

    def __post_init__(self) -> None:
        """Refuse what kubectl would take in another way than it was meant."""
        for ours, _, value in self._given():
            if not value.strip():
                raise BadSetting(f"{ours} is empty: leave it out, or give it a value.")
            if _CONTROL & set(value):
                raise BadSetting(f"{ours} holds a control character.")
        if self.server is not None and "@" in re.split("[/?#]", self.server.rpartition("://")[2])[0]:
            raise BadSetting("--kube-server must not hold credentials: they belong in the kubeconfig.")
        if self.impersonate is None and (self.impersonate_groups or self.impersonate_uid is not None):
            raise BadSetting("--kube-as-group and --kube-as-uid need --kube-as.")

    def _given(self) -> Iterator[tuple[str, str, str]]:
        """Our flag, kubectl's flag and the value, for each flag that was given."""
        for attribute, ours, kubectls in _FLAGS:
            value = getattr(self, attribute)
            texts = value if isinstance(value, tuple) else () if value is None else (value,)
            yield from ((ours, kubectls, text) for text in texts)

    def any(self) -> bool:
        """Whether any access flag was given."""
        return self.insecure_skip_tls_verify or any(True for _ in self._given())

    @property
    def of_one_cluster(self) -> bool:
        """Whether a flag was given that is right for one cluster only: its address, a certificate of it."""
        return self.insecure_skip_tls_verify or any(ours in _ONE_CLUSTER for ours, _, _ in self._given())

    def flags(self, context: str | None) -> tuple[str, ...]:
        """Every access flag for kubectl, for a call to `context` (None: the kubeconfig has no contexts)."""
        chosen = replace(self, context=context)
        given = [f"{kubectls}={text}" for _, kubectls, text in chosen._given()]  # noqa: SLF001
        return (*given, *(["--insecure-skip-tls-verify=true"] if self.insecure_skip_tls_verify else ()))


_FLAGS: Final = (
    ("kubeconfig", "--kubeconfig", "--kubeconfig"),
    ("context", "--kube-context", "--context"),
    ("impersonate", "--kube-as", "--as"),
    ("impersonate_groups", "--kube-as-group", "--as-group"),
    ("impersonate_uid", "--kube-as-uid", "--as-uid"),
    ("server", "--kube-server", "--server"),
    ("tls_server_name", "--kube-tls-server-name", "--tls-server-name"),
    ("certificate_authority", "--kube-certificate-authority", "--certificate-authority"),
    ("client_certificate", "--kube-client-certificate", "--client-certificate"),
    ("client_key", "--kube-client-key", "--client-key"),
)
"""The attribute of Access, our flag, kubectl's flag."""
_PATHS: Final = {"--kubeconfig", "--kube-certificate-authority", "--kube-client-certificate", "--kube-client-key"}
_ONE_CLUSTER: Final = frozenset(
    f"--kube-{name}"
    for name in ("server", "tls-server-name", "certificate-authority", "client-certificate", "client-key")
)


class Recording(NamedTuple):
    """A recording to answer from.

    Attributes:
        name: of its context; empty for what it is called itself.
    """

    folder: Path
    name: str = ""

    @property
    def called(self) -> str:
        """The name of its context beside others."""
        return self.name or self.folder.resolve().name


def parse_recording(given: str) -> Recording:
    """`DIR` or `NAME=DIR`; a folder that exists is never taken for a name."""
    name, sign, folder = given.partition("=")
    if sign and name and folder and not Path(given).is_dir():
        return Recording(Path(folder), name)
    return Recording(Path(given))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that serve, call and tools are started with.

    Attributes:
        timeout: seconds for one tool call, queueing and all its kubectl processes included; tools that wait for Flux
            add the seconds of their wait.
        read_only: leave the reconcile tools out.
        flux_only: leave out the tools that show any object, and logs.
        recordings: each is a context; without access.context no kubectl is started.
        recording: one of them, without a name.
        kubectl: the kubectl to run, a name on PATH or a path.

    Raises:
        BadSetting: a timeout out of range, an empty --kubectl, or --recording together with access flags.
    """

    access: Access = field(default_factory=Access)
    timeout: float = DEFAULT_TIMEOUT
    read_only: bool = False
    flux_only: bool = False
    recordings: tuple[Recording, ...] = ()
    recording: InitVar[Path | None] = None
    kubectl: str = "kubectl"

    def __post_init__(self, recording: Path | None) -> None:
        """Refuse what cannot work, before anything is started."""
        if not 1 <= self.timeout <= MAX_TIMEOUT:
            raise BadSetting(f"--timeout must be from 1 to {MAX_TIMEOUT:.0f} seconds.")
        if not self.kubectl.strip() or _CONTROL & set(self.kubectl):
            raise BadSetting("--kubectl must be the name or the path of a kubectl.")
        if recording is not None:
            object.__setattr__(self, "recordings", (Recording(recording),))
        if self.recordings and self.access.any() and self.access.context is None:
            raise BadSetting(
                "--recording answers from files: with --kubeconfig or another --kube-… flag it needs --kube-context, "
                "the context beside it."
            )
        names = [*([self.access.context] if self.access.context else ()), *(each.called for each in self.recordings)]
        if not self.pinned and self.recordings and len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise BadSetting(f"Two contexts would be called {twice}: write --recording NAME=DIR for one of them.")

    def flags(self) -> tuple[str, ...]:
        """The flags of the command line that make these settings, with full paths."""
        given = [(ours, os.path.abspath(text) if ours in _PATHS else text) for ours, _, text in self.access._given()]  # noqa: SLF001, PTH100
        for each in self.recordings:
            name = f"{each.name}=" if each.name else ""
            given.append(("--recording", f"{name}{os.path.abspath(each.folder)}"))  # noqa: PTH100
        if self.timeout != DEFAULT_TIMEOUT:
            given.append(("--timeout", f"{self.timeout:g}"))
        if self.kubectl != "kubectl":
            given.append(("--kubectl", os.path.abspath(self.kubectl) if os.sep in self.kubectl else self.kubectl))  # noqa: PTH100
        switches = (
            ("--kube-insecure-skip-tls-verify", self.access.insecure_skip_tls_verify),
            ("--read-only", self.read_only),
            ("--flux-only", self.flux_only),
        )
        return (*(f"{flag}={text}" for flag, text in given), *(flag for flag, on in switches if on))

    @property
    def pinned(self) -> bool:
        """Whether every call goes to one context, so that no tool takes one."""
        return len(self.recordings) + (self.access.context is not None) == 1
