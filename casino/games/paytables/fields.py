"""Reading paytables: each value checked for type, size and range before anything is computed from it.

Every reader raises ``InvalidPaytable`` with one sentence; none looks at more of a value than its limit allows.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from casino.errors import FieldError, Invalid

LARGEST_MULTIPLIER = 1_000_000
LARGEST_WEIGHT = 1_000_000_000
LONGEST_SYMBOL = 24
LONGEST_LABEL = 64

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,6})?", re.ASCII)
_COUNT = re.compile(r"0|[1-9][0-9]?", re.ASCII)


class InvalidPaytable(Invalid):
    """The maths of a game are malformed or break a rule of the platform (400)."""

    code = "invalid_paytable"
    title = "The paytable is invalid"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, errors=[FieldError("paytable", detail, "invalid_paytable")])


def mapping(value: Any, name: str, *, required: Iterable[str] = (), optional: Iterable[str] = ()) -> dict[str, Any]:
    """``value`` as an object that has the required fields and no field beyond the optional ones."""
    if not isinstance(value, dict):
        raise InvalidPaytable(f"The {name} is an object.")
    required, allowed = tuple(required), {*required, *optional}
    if len(value) > len(allowed) or not all(isinstance(key, str) and key in allowed for key in value):
        raise InvalidPaytable(f"The {name} has the fields {_listed(allowed)} and no others.")
    missing = [key for key in required if key not in value]
    if missing:
        raise InvalidPaytable(f"The {name} lacks {_listed(missing)}.")
    return value


def table(value: Any, name: str, *, most: int) -> dict[str, Any]:
    """``value`` as an object with 1…``most`` entries under text keys of the table's own choosing."""
    if not isinstance(value, dict):
        raise InvalidPaytable(f"The {name} is an object.")
    if not 1 <= len(value) <= most:
        raise InvalidPaytable(f"The {name} has 1 to {most} entries, not {len(value)}.")
    if not all(isinstance(key, str) for key in value):
        raise InvalidPaytable(f"The {name} has text keys.")
    return value


def sequence(value: Any, name: str, *, least: int, most: int) -> list[Any]:
    """``value`` as a list of ``least``…``most`` items."""
    if not isinstance(value, list):
        raise InvalidPaytable(f"The {name} is a list.")
    if not least <= len(value) <= most:
        expected = str(least) if least == most else f"{least} to {most}"
        raise InvalidPaytable(f"The {name} has {expected} entries, not {len(value)}.")
    return value


def text(value: Any, name: str, *, longest: int = LONGEST_SYMBOL) -> str:
    """``value`` as printable text of 1…``longest`` characters without blanks at its ends."""
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise InvalidPaytable(f"The {name} is a text of 1 to {longest} characters.")
    if not value.isprintable() or value != value.strip():
        raise InvalidPaytable(f"The {name} is printable text without blanks at its ends.")
    return value


def integer(value: Any, name: str, *, least: int, most: int) -> int:
    """``value`` as a whole JSON number in ``least``…``most``."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidPaytable(f"The {name} is a whole number from {least} to {most}.")
    return value


def multiplier(value: Any, name: str, *, most: int = LARGEST_MULTIPLIER) -> Fraction:
    """``value`` (a JSON number or decimal string, 0…``most``, at most six decimals) as an exact fraction."""
    sentence = f"The {name} is a number from 0 to {most} with at most six decimals."
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise InvalidPaytable(sentence)
    if isinstance(value, int):
        integer(value, name, least=0, most=most)
    # A long string is refused before the pattern reads it; Decimal keeps trailing zeros and may be long, too.
    written = value if isinstance(value, str) else str(value)
    if len(written) > 24 or not _DECIMAL.fullmatch(written) or Decimal(written) > most:
        raise InvalidPaytable(sentence)
    return Fraction(written)


def positive(value: Any, name: str, *, most: int = LARGEST_MULTIPLIER) -> Fraction:
    """``value`` as ``multiplier`` reads it, and above zero."""
    number = multiplier(value, name, most=most)
    if number <= 0:
        raise InvalidPaytable(f"The {name} is above zero.")
    return number


def counts(value: Any, name: str, *, least: int = 1, most: int) -> dict[int, Any]:
    """``value`` as an object whose keys are counts written "``least``"…"``most``"; an empty object is allowed."""
    if not isinstance(value, dict) or len(value) > most + 1 - least:
        raise InvalidPaytable(f"The {name} is an object with at most {most + 1 - least} entries.")
    for key in value:
        if not isinstance(key, str) or not _COUNT.fullmatch(key) or not least <= int(key) <= most:
            raise InvalidPaytable(f'The {name} names counts from "{least}" to "{most}".')
    return {int(key): entry for key, entry in value.items()}


def flag(value: Any, name: str) -> bool:
    """``value`` as a JSON boolean."""
    if not isinstance(value, bool):
        raise InvalidPaytable(f"The {name} is true or false.")
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(names))
