"""Searching long lists: whole words only, so that an index answers; a person is found first, then their rows."""

from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.db.models.functions import Lower
from django.http import HttpRequest

from casino.admin.filters import scoped


def whole(rows: Any, request: HttpRequest, term: str) -> Q:
    """The condition that a row of ``rows`` (a ``Rows``) is the one meant, or is about the person meant."""
    wanted = Q(pk__in=[])
    if "\x00" in term:
        return wanted
    for name in rows.find_by:
        if name != "id":
            wanted |= Q(**{f"{name}__in": [term, term.upper()]})
    try:
        key = UUID(term)
    except ValueError:
        people = _people_called(request, term)
    else:
        wanted |= Q(pk=key)
        people = [key]
    if rows.person_field and people:
        wanted |= Q(**{f"{rows.person_field}__in": people})
    return wanted


def sees_person(request: HttpRequest, key: str) -> bool:
    """Whether the viewer may see the person with this id."""
    try:
        return bool(scoped(get_user_model()._default_manager.filter(pk=UUID(key)), request).exists())
    except ValueError:
        return False


def _people_called(request: HttpRequest, term: str) -> list[Any]:
    """The ids of whoever the viewer sees with this username or address, whatever its case."""
    people = scoped(get_user_model()._default_manager.all(), request).alias(
        name_in_small=Lower("username"), address_in_small=Lower("email")
    )
    called = Q(name_in_small=term.lower()) | Q(address_in_small=term.lower())
    return list(people.filter(called).values_list("pk", flat=True)[:10])
