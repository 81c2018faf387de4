"""Seeding in the back office."""

from seeding import backoffice

__all__ = ["backoffice"]
