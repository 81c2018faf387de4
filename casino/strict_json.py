"""Strict JSON: one reading of every text, and numbers exactly as they are written."""

import json
from decimal import Decimal
from typing import Any, Self

from casino.errors import Invalid


class Malformed(Invalid):
    """The body is not strict JSON."""

    code = "malformed"
    title = "Malformed request body"


def parse_json(raw: bytes) -> Any:
    """The value that ``raw`` (UTF-8 JSON) states, numbers with a point as exact Decimals.

    Raises Malformed for anything that is not strict JSON: duplicate keys, NaN, infinities, other encodings, nesting
    beyond what the parser takes, text that no column can hold.
    """
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            raise ValueError("a byte order mark comes first")
        value = _DECODER.decode(text)
        if b"\\u" in raw:
            # Only an escape can state what PostgreSQL and UTF-8 cannot: NUL, and halves of surrogate pairs.
            _refuse_unstorable(value)
        return value
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The body is not strict JSON: {error}.") from None


class Scientific(Decimal):
    """A number that was written with an exponent; its text stays so, for those who take plain numbers only."""

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __str__(self) -> str:
        return self.text


def _as_written(text: str) -> Decimal:
    return Scientific(text) if "e" in text.lower() else Decimal(text)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _bounded_int(text: str) -> int:
    if len(text) > 40:
        raise ValueError("a number has too many digits")
    return int(text)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refuse_unstorable(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("a text contains the NUL character")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("a text contains half a character") from None
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_unstorable(name)
            _refuse_unstorable(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner)


_DECODER = json.JSONDecoder(
    parse_float=_as_written, parse_int=_bounded_int, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys
)
