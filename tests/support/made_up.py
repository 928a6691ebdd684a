"""Makes up credentials for tests, the same ones each time, so that none stands in the repository.

In a text `<an36>` stands for 36 letters and digits: `az` and `AZ` in one case, `hex` and `n` digits, `b64`, `ab` letters.
`{base64:…}` is what stands in it, encoded.
"""

import base64
import random
import re
import string

_ALPHABETS = {
    "an": string.ascii_letters + string.digits,
    "az": string.ascii_lowercase + string.digits,
    "AZ": string.ascii_uppercase + string.digits,
    "hex": "0123456789abcdef",
    "n": string.digits,
    "b64": string.ascii_letters + string.digits + "+/",
    "ab": string.ascii_letters,
}
_ENCODED = re.compile(r"\{base64:([^}]*)\}")
_PLACE = re.compile(r"<(an|az|AZ|hex|n|b64|ab)(\d+)>")


def filled(text: str, seed: int = 0) -> str:
    """A text with made-up credentials in its places."""
    return _fill(text, seed)[0]


def made_up(text: str, seed: int = 0) -> list[str]:
    """The parts that were made up, of which none may be seen; of less than 8 characters one may stand there by chance."""
    return [part for part in _fill(text, seed)[1] if len(part) >= 8]


def _fill(text: str, seed: int) -> tuple[str, list[str]]:
    chance, parts = random.Random(f"{seed} {text}"), list[str]()

    def fill(place: re.Match[str]) -> str:
        alphabet, size = _ALPHABETS[place[1]], int(place[2])
        parts.append("".join(chance.choice(alphabet) for _ in range(size)))
        # By chance it might hold no digit, as a credential of that length hardly does.
        if size >= 16 and place[1] not in {"ab", "n"} and not any(letter.isdigit() for letter in parts[-1]):
            parts[-1] = f"{parts[-1][:5]}7{parts[-1][6:]}"
        return parts[-1]

    def encode(place: re.Match[str]) -> str:
        parts[:] = [base64.b64encode(_PLACE.sub(fill, place[1]).encode()).decode()]
        return parts[0]

    return _PLACE.sub(fill, _ENCODED.sub(encode, text)), parts
