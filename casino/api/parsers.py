"""Reading request bodies: strict JSON, up to a size."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser

from casino.errors import Refusal
from casino.strict_json import parse_json


class TooLarge(Refusal):
    """The body is larger than any request of this API needs (413)."""

    status = 413
    code = "too_large"
    title = "Request body too large"
    detail = "The request body is too large."


class StrictJSONParser(BaseParser):
    """``application/json`` through ``parse_json``, up to DATA_UPLOAD_MAX_MEMORY_SIZE bytes."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge
        return parse_json(raw) if raw else {}
