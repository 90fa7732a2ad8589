"""Web addresses as they are written in running text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ADDRESS = re.compile(
    r"(?:https?://|(?<![\w./@])(?:github\.com|gitlab\.com|huggingface\.co)/)[^\s<>\"'{}|\\^`\ue000-\ue003]+"
)


def addresses(text: str) -> Iterator[str]:
    """The web addresses that stand in a text, with their scheme."""
    if "://" not in text and ".co" not in text:
        return
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(".,;:!?*").removesuffix("$")
        while address.endswith((")", "]")) and address.count("(") < address.count(")") + address.count("]"):
            address = address[:-1].rstrip(".,;:")
        yield address if "://" in address else f"https://{address}"
