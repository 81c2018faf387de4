"""The back office: Django's admin, kept to who may see what. Every ModelAdmin that is not Scoped is the platform's."""

from casino.admin.rows import ReadOnly, Scoped
from casino.admin.site import BackOffice, Page

__all__ = ["BackOffice", "Page", "ReadOnly", "Scoped"]
