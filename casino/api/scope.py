"""At which operator a caller of staff acts or looks: the platform names one or means all, staff have their own."""

from typing import Any

from casino.errors import Invalid, NotPermitted


def operator_in_question(user: Any, asked: Any, *, is_due: bool = False) -> Any:
    """The operator that the caller means, None being all of them, which is the platform's to see.

    ``asked`` is the operator that ``?operator=slug`` named, or None. Raises NotPermitted for another operator than the
    staff's own, and Invalid where one is due and the platform named none.
    """
    if user.is_platform_admin:
        if asked is None and is_due:
            raise Invalid.field("operator", "Name the operator: ?operator=slug.", "required")
        return asked
    if asked not in (None, user.operator):
        raise NotPermitted("You act at your own operator only.")
    return user.operator
