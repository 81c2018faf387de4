"""Every code that a problem document can carry: those of the refusals in the code, and those of the framework's own."""

from dataclasses import dataclass
from http import HTTPStatus

from casino.errors import Refusal

# Named by ``problems``, which translates what Django REST framework raises.
_OF_THE_FRAMEWORK = {
    (401, "not_authenticated"): "Nobody is logged in, and somebody has to be.",
    (401, "invalid_token"): "The token or the session is unknown, has ended, or belongs to nobody who may log in.",
    (403, "csrf_failed"): "A change by session cookie came without its CSRF token.",
    (405, "method_not_allowed"): "The address does not know this method.",
    (406, "refused"): "The caller accepts no JSON.",
    (415, "unsupported_media_type"): "The body is not declared as JSON.",
}


@dataclass(frozen=True)
class ProblemCode:
    """A code under one status: what it is called, and what it means."""

    status: int
    code: str
    title: str
    meaning: str


def all_codes() -> list[ProblemCode]:
    """By code and status; every refusal that the loaded modules declare."""
    found: dict[tuple[str, int], ProblemCode] = {}
    for kind in sorted(_below(Refusal), key=lambda kind: (kind.__module__, kind.__qualname__)):
        if kind.__name__.startswith("_"):
            continue
        meaning = " ".join((kind.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")
        known = found.get((kind.code, kind.status))
        if known is not None and meaning not in known.meaning:
            meaning = f"{known.meaning} {meaning}"
        found[kind.code, kind.status] = ProblemCode(
            kind.status, kind.code, known.title if known else kind.title, meaning
        )
    for (status, code), meaning in _OF_THE_FRAMEWORK.items():
        found[code, status] = ProblemCode(status, code, HTTPStatus(status).phrase, meaning)
    return [found[key] for key in sorted(found)]


def _below(kind: type[Refusal]) -> list[type[Refusal]]:
    return [kind, *(deeper for inner in kind.__subclasses__() for deeper in _below(inner))]
