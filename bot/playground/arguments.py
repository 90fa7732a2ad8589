"""The arguments of one request, wherever they came from: query string, form, multipart or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.playground.errors import bad_request


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file."""

    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Arguments:
    """Values as texts, as the Bot API sees them: an object is its JSON, True is "true"."""

    values: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The value, "" where it is missing."""
        return self.values.get(name, "")

    def required(self, name: str) -> str:
        """The value.

        Raises:
            ApiError: it is missing or empty.
        """
        if not (value := self.text(name)):
            raise bad_request(f'Parameter "{name}" is required')
        return value

    def number_in(self, holder: dict[str, Any], name: str) -> int:
        """A whole number in an object of the request, 0 where it is missing.

        Raises:
            ApiError: it is something else.
        """
        value = holder.get(name) or 0
        if isinstance(value, (int, str)) and re.fullmatch(r"-?[0-9]{1,18}", str(value)):
            return int(value)
        raise bad_request(f'Field "{name}" must be a valid Number')

    def boolean(self, name: str) -> bool:
        """Whether the value says yes."""
        return self.text(name).lower() in ("true", "yes", "1")

    def integer(self, name: str, default: int = 0, least: int = -(2**31), most: int = 2**31 - 1) -> int:
        """The number the value begins with, held between `least` and `most`; like the server, it never complains."""
        value = self.text(name)
        match = re.match(r"-?\d{1,18}", value)
        number = (int(match[0]) if match else 0) if value else default
        return max(least, min(most, number))

    def parsed(self, name: str, what: str) -> Any:
        """The value read as JSON, None where it is missing.

        Raises:
            ApiError: "can't parse `what` JSON object".
        """
        if not (value := self.text(name)):
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise bad_request(f"Can't parse {what} JSON object") from None

    def upload(self, name: str) -> Upload | None:
        """The file of a field: under its own name, or where "attach://…" points."""
        value = self.text(name)
        return self.files.get(value.removeprefix("attach://") if value.startswith("attach://") else name)


def from_json(body: object) -> dict[str, str]:
    """The values of a JSON body.

    Raises:
        ApiError: it is not an object.
    """
    if not isinstance(body, dict):
        raise bad_request("Object expected as request body")
    return {str(name): _text(value) for name, value in body.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
