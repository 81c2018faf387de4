"""The back office: Django's admin, kept to who may see what. Every ModelAdmin that is not Scoped is the platform's."""

from casino.admin.decisions import Decision, DecisionForm
from casino.admin.filters import PeriodFilter, ScopedRelatedFilter
from casino.admin.panels import Facts, Panel, Tab
from casino.admin.rows import ReadOnly, Rows, Scoped
from casino.admin.site import BackOffice, Page

__all__ = [
    "BackOffice",
    "Decision",
    "DecisionForm",
    "Facts",
    "Page",
    "Panel",
    "PeriodFilter",
    "ReadOnly",
    "Rows",
    "Scoped",
    "ScopedRelatedFilter",
    "Tab",
]
