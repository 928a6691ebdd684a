"""Every error that reaches a user: a sentence that says what happened, to which object or context, and what to do.

FluxMcpError
├── BadArgument             an argument does not fit; kubectl was not started
├── BadSetting              a flag of the command line or an environment variable does not fit
├── BadRecording            a file of a recording is missing or cannot be understood
├── CannotRecord            a recording cannot be written
├── CannotWrite             a file that a command writes cannot be written
├── CannotReconcile         an object does not reconcile on request; nothing was requested
├── KubectlMissing          there is no kubectl to start
├── KubectlTooOld           kubectl is older than 1.28
└── KubectlError            kubectl ran, or should have
    ├── UnknownContext      the kubeconfig has no such context
    ├── BadKubeconfig       the kubeconfig is missing or broken
    ├── Unreachable         the API server does not answer
    ├── NotLoggedIn         no credentials, or the credential plugin failed
    ├── Forbidden           the identity may not do this
    │   ├── ForbiddenEverywhere    it may not list in all namespaces
    │   └── ImpersonationForbidden
    ├── KindNotInstalled    the API server does not serve this kind
    ├── NotFound            no object of that name
    ├── NotRecorded         a recording does not hold this kind
    │   └── RecordedInPart         it holds some namespaces only
    ├── ServerError         the API server answered with another error
    │   └── Conflict        somebody else wrote the object at the same time
    ├── TimedOut            the time for the call ran out
    ├── TooMuchOutput       kubectl printed more than is read
    ├── BadOutput           kubectl printed what cannot be understood
    └── KubectlFailed       kubectl ended in a way that is none of the above
"""

import signal
from collections.abc import Sequence
from typing import Self


class FluxMcpError(Exception):
    """The base of every error that is meant to be read. `str()` is the sentence in full."""


class BadArgument(FluxMcpError):
    """An argument of a tool does not fit.

    Attributes:
        argument: the name of the argument.
        why: what is allowed, and what was given.
    """

    def __init__(self, argument: str, why: str) -> None:
        self.argument, self.why = argument, why
        super().__init__(f"Invalid {argument}: {why}")


class BadSetting(FluxMcpError):
    """A flag or an environment variable does not fit, so nothing was started."""


class BadRecording(FluxMcpError):
    """A recording lacks a file that it must have, or holds one that cannot be understood."""


class CannotRecord(FluxMcpError):
    """A recording cannot be written there; nothing was left behind."""


class CannotWrite(FluxMcpError):
    """A file cannot be written where it was requested; nothing was left there."""


class CannotReconcile(FluxMcpError):
    """An object does not reconcile on request, or not now: it is suspended, being deleted, or has nothing to run."""


class KubectlMissing(FluxMcpError):
    """There is no kubectl where it was looked for, or it cannot be executed."""


class KubectlTooOld(FluxMcpError):
    """kubectl is older than the oldest version that this program is tested with."""


class KubectlError(FluxMcpError):
    """kubectl ran, or should have, and there is no answer.

    Attributes:
        brief: the cause in a few words, for the line that lists what could not be read.
        resources: the `plural.group` names that this is known to be about; empty when kubectl did not say.
        said: the line of kubectl that this was made from, masked; empty where there was none.
    """

    said = ""

    def __init__(self, sentence: str, *, brief: str = "", resources: Sequence[str] = ()) -> None:
        self.brief, self.resources = brief or sentence, tuple(resources)
        super().__init__(sentence)

    def at(self, place: str) -> Self:
        """The same error, with where it happened."""
        return type(self)(f"{self} ({place})", brief=self.brief, resources=self.resources)


class UnknownContext(KubectlError):
    """The kubeconfig has no context of that name."""


class BadKubeconfig(KubectlError):
    """The kubeconfig is missing, broken or has no current context."""


class Unreachable(KubectlError):
    """The API server does not answer: refused, no such host, TLS."""


class NotLoggedIn(KubectlError):
    """There are no valid credentials, or the credential plugin of the kubeconfig failed."""


class Forbidden(KubectlError):
    """RBAC does not allow this identity to do it."""


class ForbiddenEverywhere(Forbidden):
    """RBAC does not allow to list in all namespaces; in one namespace it may."""


class ImpersonationForbidden(Forbidden):
    """The user of the context may not act as the identity that --kube-as names."""


class KindNotInstalled(KubectlError):
    """The API server does not serve this kind."""


class NotFound(KubectlError):
    """There is no object of that name."""


class NotRecorded(KubectlError):
    """The recording was made without this kind, or the question needs a live cluster."""


class RecordedInPart(NotRecorded):
    """The recording holds some namespaces only, which `brief` names."""

    BEGIN = "recorded only for the namespaces "

    @property
    def namespaces(self) -> tuple[str, ...]:
        return tuple(self.brief.removeprefix(self.BEGIN).split(", "))


class ServerError(KubectlError):
    """The API server answered with an error of another sort."""


class Conflict(ServerError):
    """Somebody else wrote the object at the same time, so that the API server did not take this write."""


class TimedOut(KubectlError):
    """The time for the call ran out; kubectl and whatever it had started were ended."""


class TooMuchOutput(KubectlError):
    """kubectl printed more than this program reads."""


class BadOutput(KubectlError):
    """kubectl printed something that cannot be understood."""


class KubectlFailed(KubectlError):
    """kubectl ended with an error that is not known, or was ended by a signal."""


class Signalled(Exception):
    """A signal ended the work.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"ended by {signal.Signals(number).name}")


def first_of(error: BaseException) -> BaseException:
    """The first error of a group of tasks, however deep; an error that is no group as it is."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
