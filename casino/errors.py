"""Refusals: what the domain raises when a rule says no, and what the API renders as a problem document."""

from typing import Any, ClassVar


class Refusal(Exception):
    """A rule said no; nothing moved.

    Subclasses are named for what happened and declared beside their raiser. ``code`` is the stable machine word,
    ``status`` the HTTP status, ``detail`` one sentence for a person; ``errors`` lists faulty fields and ``extra``
    carries further members of the problem document (for example ``required`` and ``wagered``).
    """

    status: ClassVar[int] = 422
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was refused"
    detail: str = "A rule of the platform refuses this request."
    retry_after_seconds: int | None = None

    def __init__(self, detail: str | None = None, *, errors: list["FieldError"] | None = None, **extra: Any) -> None:
        if detail is not None:
            self.detail = detail
        self.errors = errors or []
        self.extra = extra
        super().__init__(self.detail)


class FieldError(dict[str, str]):
    """One faulty field of a request: ``{"field", "code", "detail"}``."""

    def __init__(self, field: str, detail: str, code: str = "invalid") -> None:
        super().__init__(field=field, code=code, detail=detail)


class Invalid(Refusal):
    """The request is malformed or a value is out of its domain (400)."""

    status = 400
    code = "invalid"
    title = "The request is invalid"
    detail = "The request is invalid."

    @classmethod
    def field(cls, field: str, detail: str, code: str = "invalid") -> "Invalid":
        """A refusal that names one field."""
        return cls(detail, errors=[FieldError(field, detail, code)])


class NotPermitted(Refusal):
    """The caller is known but may not do this (403)."""

    status = 403
    code = "not_permitted"
    title = "Not permitted"
    detail = "You are not permitted to do this."


class Missing(Refusal):
    """The thing does not exist, or is not the caller's (404)."""

    status = 404
    code = "not_found"
    title = "Not found"
    detail = "There is no such thing here."


class Conflict(Refusal):
    """The state changed meanwhile (409)."""

    status = 409
    code = "conflict"
    title = "The state has changed"
    detail = "This has changed meanwhile; read it again."


class Unavailable(Refusal):
    """A part that is needed does not answer; nothing moved, try again (503)."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"
    detail = "A part of the platform is not available; try again."
    retry_after_seconds = 2
