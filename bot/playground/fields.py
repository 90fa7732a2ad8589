"""The fields of an object in a request, read as strictly as the server reads them."""

from __future__ import annotations

import re
from typing import Any

from bot.playground.errors import ApiError, bad_request


class Fields:
    """The fields of one object; `what` is its type's name in the refusals ("can't parse InputRichBlock: …").

    Raises:
        ApiError: from every method, where the value is not an object, a field is missing or of another type.
    """

    def __init__(self, value: object, what: str) -> None:
        self.what = what
        if not isinstance(value, dict):
            raise self.wrong("expected an Object")
        self.values: dict[str, Any] = value

    def wrong(self, why: str) -> ApiError:
        """The refusal of this object."""
        return bad_request(f"Can't parse {self.what}: {why}")

    def _present(self, name: str) -> object:
        if (value := self.values.get(name)) is None:
            raise self.wrong(f'Can\'t find field "{name}"')
        return value

    def has(self, name: str) -> bool:
        """Whether the object has the field."""
        return self.values.get(name) is not None

    def any(self, name: str) -> Any:
        """A required field of any type."""
        return self._present(name)

    def text(self, name: str) -> str:
        """A required text; a number counts as one, as on the server."""
        value = self._present(name)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self.wrong(f'Field "{name}" must be of type String')
        return str(value)

    def optional_text(self, name: str) -> str:
        """A text, "" where it is missing."""
        return self.text(name) if self.has(name) else ""

    def integer(self, name: str) -> int:
        """A required whole number; a text of digits counts as one."""
        value = self._present(name)
        if not isinstance(value, bool) and isinstance(value, (int, str)) and re.fullmatch(r"-?[0-9]{1,18}", str(value)):
            return int(value)
        raise self.wrong(f'Field "{name}" must be a valid Number')

    def optional_integer(self, name: str, default: int) -> int:
        """A whole number, `default` where it is missing."""
        return self.integer(name) if self.has(name) else default

    def decimal(self, name: str) -> float:
        """A required number."""
        value = self._present(name)
        try:
            return float(value)  # type: ignore[arg-type]  # what is no number raises
        except (TypeError, ValueError):
            raise self.wrong(f'Field "{name}" must be of type Number') from None

    def flag(self, name: str) -> bool:
        """Whether a field of type True is set."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(f'Field "{name}" must be of type Boolean')
        return bool(value)

    def array(self, name: str) -> list[Any]:
        """A required array."""
        value = self._present(name)
        if not isinstance(value, list):
            raise self.wrong(f'Field "{name}" must be of type Array')
        return value
