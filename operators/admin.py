"""Operators in the back office."""

from operators import affiliate_admin, backoffice, brand_admin, jackpot_admin, rule_admin

__all__ = ["affiliate_admin", "backoffice", "brand_admin", "jackpot_admin", "rule_admin"]
