"""Where the credentials come from that a server rejected: whoever uses the same ones has the same cause."""

import re
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, text
from flux_mcp.diagnosis.catalog.failure import Failure
from flux_mcp.diagnosis.catalog.lookup import failure
from flux_mcp.diagnosis.cause import Detail, Fact
from flux_mcp.diagnosis.search import Search
from flux_mcp.flux.status import Health

HOST_KEY: Final = "ssh-host-key-unknown"
REJECTED: Final = frozenset(
    {
        "authentication-failed",
        "git-credentials-type-wrong",
        "git-login-page",
        "git-sso-required",
        "git-write-denied",
        "github-app-failed",
        "ssh-authentication-failed",
        HOST_KEY,
        "ssh-key-unreadable",
        "token-permission-missing",
    }
)
"""Failures of the catalog that are about credentials which were sent, or should have been."""
MISSING: Final = frozenset({"credentials-secret-missing", "credentials-key-missing"})
"""Failures that are about a Secret which another object may name."""
_BORROWING: Final = frozenset({"HelmChart", "ImageUpdateAutomation"})
"""Kinds that use the credentials of their source."""
_CLOUD_REGISTRY: Final = re.compile(r"\.dkr\.ecr\.[a-z0-9-]{1,40}\.amazonaws\.com|\.azurecr\.io\b|-docker\.pkg\.dev\b")
HOST: Final = re.compile(r"\w{1,20}://(?:[^\s'\"/@]{1,300}@)?([^\s'\"/:]{1,300})")


def follow_credentials(search: Search, first: Failure | None, message: str) -> None:
    """Name what the credentials of an object come from, where they were rejected."""
    spec, ref = at(search.subject.item, "spec"), search.ref
    if first is None or first.id not in REJECTED:
        borrowed = ref.kind in _BORROWING and "Verification" not in search.status.reason
        if first is not None and first.id in MISSING and borrowed and search.status.object.sources:
            search.details.append(Detail(Fact.CREDENTIALS, search.status.object.sources[:1]))
        return
    if ref.kind == "ImageUpdateAutomation" and first.id == "authentication-failed" and _only_push(search, message):
        search.failures[0] = first = failure("git-write-denied")
    secret, provider = text(spec, "secretRef", "name"), text(spec, "provider")
    sources = search.status.object.sources if ref.kind in _BORROWING else ()
    origin = (ObjectRef("Secret", ref.namespace, secret),) if secret else sources[:1]
    if at(spec, "recurseSubmodules") is True:
        search.failures.append(failure("git-submodule-credentials"))
    if origin:
        search.details.append(Detail(Fact.CREDENTIALS, origin))
        host = HOST.search(message)
        # A repository that is not found may be one that these credentials do not see.
        if first.id != HOST_KEY:
            used = _secret_of(search, origin[0]) if origin[0].kind != "Secret" else origin
            search.key = (first.id, used, host[1] if host is not None else "", "not found" in message.lower())
    elif provider not in {"", "generic"}:
        search.details.append(Detail(Fact.CREDENTIALS, (), (provider,)))
    elif not text(spec, "serviceAccountName") and _CLOUD_REGISTRY.search(text(spec, "url") or text(spec, "image")):
        search.failures[0] = failure("cloud-provider-not-set")
    elif ref.kind not in _BORROWING:
        search.details.append(Detail(Fact.CREDENTIALS_NONE, (ref,)))


def _secret_of(search: Search, source: ObjectRef) -> tuple[ObjectRef, ...]:
    """The Secret of a source in trouble, whose credentials others use; of one that is Ready the source itself."""
    known = search.snapshot.objects.get(source)
    name = text(at(known.item, "spec"), "secretRef", "name") if known is not None else ""
    return (ObjectRef("Secret", source.namespace, name),) if name else (source,)


def _only_push(search: Search, message: str) -> bool:
    """Whether the source of an automation is fetched with the credentials that it may not push with."""
    sources = [search.snapshot.statuses.get(ref) for ref in search.status.object.sources]
    fetched = any(one is not None and one.health is Health.READY for one in sources)
    return fetched and search.status.reason == "GitOperationFailed" and "clone" not in message
