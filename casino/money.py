"""Money: exact decimals, one rounding function, one model field, one parser of what people send."""

import re
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import Any

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.lookups import Exact

ZERO = Decimal(0)
CENT = Decimal("0.01")
MICRO = Decimal("0.000001")
# numeric(20,6) holds 14 digits before the point; a single amount that a person sends stays far below.
LARGEST_AMOUNT = Decimal("999999999999.99")
# numeric also takes NaN, which it sorts above every number: an upper bound keeps it out.
MOST = Decimal("99999999999999")

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,20})?", re.ASCII)


def round_down(amount: Decimal | Fraction, unit: Decimal = CENT) -> Decimal:
    """``amount`` cut to whole ``unit``s towards zero; the platform's only rounding function."""
    if isinstance(amount, Fraction):
        return _cut(amount.numerator, amount.denominator, unit)
    return amount.quantize(unit, rounding=ROUND_DOWN)


def multiply(amount: Decimal, factor: Fraction, unit: Decimal = CENT) -> Decimal:
    """``amount`` × ``factor``, computed exactly and then cut to whole ``unit``s towards zero."""
    numerator, denominator = amount.as_integer_ratio()
    return _cut(numerator * factor.numerator, denominator * factor.denominator, unit)


def _cut(numerator: int, denominator: int, unit: Decimal) -> Decimal:
    """The quotient (of a positive denominator) in whole units towards zero; integers make it several times cheaper
    than fractions do."""
    per, units = unit.as_integer_ratio()
    whole = abs(numerator) * units // (denominator * per)
    return Decimal(whole if numerator >= 0 else -whole) * unit


def is_whole(amount: Decimal, unit: Decimal = CENT) -> bool:
    """Whether ``amount`` is a whole number of ``unit``s (minor units by default)."""
    return not amount % unit


def parse_amount(value: Any) -> Decimal:
    """The exact amount that ``value`` (a JSON string or number) states, in whole minor units.

    Raises ValueError with one sentence for anything else: floats that carry an exponent, NaN, infinities, commas,
    full-width digits, booleans, fractions of a minor unit, or more than ``LARGEST_AMOUNT``.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise ValueError('An amount is a decimal string or number, such as "12.50".')
    text = value if isinstance(value, str) else str(value)
    if not _PLAIN.fullmatch(text):
        raise ValueError('An amount is written with digits and at most one point, such as "12.50".')
    amount = Decimal(text)
    if abs(amount) > LARGEST_AMOUNT:
        raise ValueError(f"An amount is at most {LARGEST_AMOUNT}.")
    if not is_whole(amount):
        raise ValueError("An amount is a whole number of minor units (two decimals).")
    return amount.quantize(CENT) + ZERO


def largest_remainder(
    total: Decimal, weights: Sequence[Decimal | Fraction | int], unit: Decimal = CENT
) -> list[Decimal]:
    """``total`` split in proportion to ``weights`` into whole ``unit``s that sum to it exactly.

    Each share is rounded down; the units left over go to the largest remainders, the first one first among equals
    (Hamilton's method). Raises ValueError for a total below zero or not of whole units, and when the weights do not sum
    to a positive number.
    """
    if total < 0 or not is_whole(total, unit):
        raise ValueError("Only a whole number of units, not below zero, can be split.")
    units = int(total / unit)
    exact = [Fraction(weight) for weight in weights]
    whole = sum(exact)
    if whole <= 0:
        raise ValueError("The weights of a split must sum to a positive number.")
    quotas = [units * weight / whole for weight in exact]
    shares = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda i: (shares[i] - quotas[i], i))
    for i in by_remainder[: units - sum(shares)]:
        shares[i] += 1
    return [share * unit for share in shares]


def format_money(amount: Decimal) -> str:
    """The wire form of a money amount: exactly two decimals."""
    return f"{amount:.2f}"


class MoneyField(models.DecimalField):  # type: ignore[type-arg]
    """numeric(20,6): exact, finite; wallets hold whole minor units in it, jackpots millionths."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"], kwargs["decimal_places"] = 20, 6
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs


def whole_units(*fields: str) -> Q:
    """The condition, for a constraint, that every field holds whole minor units, and a number; empty ones pass."""
    condition = Q()
    for field in fields:
        condition &= Q(Exact(F(field), Func(F(field), 2, function="trunc")), **{f"{field}__lte": MOST})
    return condition
