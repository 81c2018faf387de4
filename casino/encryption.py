"""Secrets at rest: Fernet under the newest of FIELD_ENCRYPTION_KEYS; older keys still decrypt."""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

__all__ = ["InvalidToken", "decrypt", "encrypt"]


def encrypt(text: str) -> str:
    """The encrypted form of ``text``, to be stored."""
    return _fernet().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """The text behind a stored secret; raises InvalidToken when no key fits."""
    return _fernet().decrypt(stored.encode()).decode()


@lru_cache
def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])
