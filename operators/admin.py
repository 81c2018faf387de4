"""Operators in the back office."""

from operators import affiliate_admin

__all__ = ["affiliate_admin"]
