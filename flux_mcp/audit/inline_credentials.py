"""Where an object holds a credential itself, by names of keys and shapes of addresses alone. The value is never kept.

Source: the API documentation of the fields in FluxKind.inline, and that of Provider (which addresses are credentials).
"""

import re
from collections.abc import Iterator
from typing import Any, Final

_KEY: Final = re.compile(
    r"(?i)(?:password|passwd|passphrase|pwd|token|dsn|credentials?"
    r"|(?:api|access|secret|private|encryption|signing|account|license)[-_]?key|secret[-_]?access[-_]?key"
    r"|(?:client|app|jwt|cookie|webhook|signing|shared|oauth|session)[-_]?secret|_secret)$"
)
"""Names of credentials; a reference to one (existingSecret, passwordKey, tokenFile, secretName) ends otherwise."""
_PLACEHOLDER: Final = re.compile(r"\s*(?:\$\{.*\}|\$\(.*\)|\{\{.*\}\}|<<.*>>)\s*", re.DOTALL)
_SHOWN: Final = 50
"""Key paths that are kept of one object."""
_DEEPEST: Final = 50

_ADDRESS_IS_CREDENTIAL: Final = frozenset({"slack", "discord", "msteams", "googlechat", "rocket", "lark", "sentry"})
"""Types of Provider whose address is a webhook or a DSN: anyone who knows it can post."""
_CONNECTION: Final = frozenset({"azureeventhub"})
"""Types whose address may be a connection string with a key."""
_SECRET_URL: Final = re.compile(
    r"(?i)://[^/?#\s]*@|[?&#][\w-]*(?:token|key|sig|signature|secret|code|password)=|/(?:web)?hooks?/|//hooks\.slack\.com/"
)
_SLACK_API: Final = re.compile(r"https://slack\.com/api/")


def credential_keys(node: Any) -> Iterator[str]:  # noqa: ANN401 (JSON)
    """The paths of keys that name a credential and have a literal, at most 50; of an environment's entry its name."""
    found = 0
    waiting: list[tuple[str, int, Any]] = [("", 0, node)]
    while waiting and found < _SHOWN:
        path, depth, here = waiting.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(here, list):
            waiting.extend((path, depth + 1, entry) for entry in reversed(here))
        elif isinstance(here, dict):
            name = here.get("name")
            pairs = {**here, name: here["value"]} if isinstance(name, str) and "value" in here else here
            below = []
            for key, value in pairs.items():
                where = f"{path}.{key}" if path else str(key)
                if isinstance(value, dict | list):
                    below.append((where, depth + 1, value))
                elif _is_literal(value) and _KEY.search(key):
                    found += 1
                    yield where
            waiting.extend(reversed(below))


def _is_literal(value: Any) -> bool:  # noqa: ANN401 (JSON)
    if isinstance(value, str):
        return bool(value.strip()) and not _PLACEHOLDER.fullmatch(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def holds_credential(address: str, kind: str, field: str) -> bool:
    """Whether the address or the proxy of a Provider of this type is, or holds, a credential."""
    if not address:
        return False
    if _SECRET_URL.search(address):
        return True
    if field != "address":
        return False
    if kind in _CONNECTION:
        return "key=" in address.lower()
    return kind in _ADDRESS_IS_CREDENTIAL and not _SLACK_API.match(address)
