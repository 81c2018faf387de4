"""OpenAPI: what every operation has in common."""

import json
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated

from casino.api import operations
from casino.api.fields import StrictSerializer
from casino.api.permissions import ABOUT_MONEY
from casino.api.problem_codes import ProblemCode, all_codes


class FieldProblemSerializer(serializers.Serializer):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.CharField(allow_null=True)
    errors = FieldProblemSerializer(many=True, required=False)  # type: ignore[assignment]


class Schema(AutoSchema):
    """Adds what every operation has in common: its refusals by status and code, and its examples."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        self.resolve_serializer(ProblemSerializer(), "response")
        name = operation["operationId"]
        responses = operation["responses"]
        for status, codes in self._refusals(operation, operations.OWN.get(name, {})).items():
            responses[str(status)] = _problem(status, codes)
        operation["responses"] = {key: responses[key] for key in sorted(responses)}
        operation["responses"]["default"] = _problem(0, ("unavailable", "server_error"))
        examples = _examples().get(name, {})
        if "request" in examples:
            operation["requestBody"]["content"]["application/json"]["example"] = examples["request"]
        if "response" in examples:
            good = next(key for key in operation["responses"] if key.startswith("2"))
            operation["responses"][good]["content"]["application/json"]["example"] = examples["response"]
        return operation

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """A body whose unknown fields are refused says so."""
        schema = super()._map_basic_serializer(serializer, direction)
        if direction == "request" and isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema

    def _refusals(self, operation: Any, own: operations.Refusals) -> dict[int, tuple[str, ...]]:
        """What the operation's kind brings along, and what it refuses by itself."""
        view, security = self.view, operation.get("security", [])
        parameters = {parameter["name"]: parameter["in"] for parameter in operation.get("parameters", [])}
        rights = [one for one in view.get_permissions() if type(one) not in (AllowAny, IsAuthenticated)]
        brought = [
            (security, {401: ("invalid_token",)}),
            (security and {} not in security, operations.WITH_LOGIN),
            (rights, operations.WITH_RIGHTS),
            (any(isinstance(one, ABOUT_MONEY) for one in rights), operations.WITH_SECOND_FACTOR),
            (security and self.method not in SAFE_METHODS, operations.WITH_COOKIE),
            ("query" in parameters.values(), operations.WITH_PARAMETERS),
            (parameters.get("operator") == "query", operations.WITH_OPERATOR),
            # Calls that take no body read it all the same, to refuse what is sent in vain.
            (self.method not in SAFE_METHODS, operations.WITH_BODY),
            ("path" in parameters.values(), operations.WITH_ID),
            (view.get_throttles(), operations.WITH_LIMIT),
            ("Idempotency-Key" in parameters, operations.WITH_KEY),
        ]
        return operations.merged(*(table for applies, table in brought if applies), own)


def add_examples(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """The problem documents that the operations refer to, as components of the schema; a hook of spectacular."""
    example: dict[str, Any] = {}
    for one in all_codes():
        body = {
            "type": f"/docs/problems#{one.code}",
            "title": one.title,
            "status": one.status,
            "detail": one.meaning,
            "code": one.code,
            "request_id": "0199f1d2-7a3b-7c11-9b55-3f1f6f2a8e10",
        }
        example[f"{one.code}_{one.status}"] = {"summary": one.meaning, "value": body}
    result["components"]["examples"] = example
    return result


def _problem(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    """A response that is a problem document with one of these codes; status 0 for whatever else there is."""
    known = _codes()
    found = [
        known[code, status] if status else next(one for key, one in known.items() if key[0] == code) for code in codes
    ]
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Problem"}
    if status:
        schema = {
            "allOf": [schema, {"type": "object", "properties": {"code": {"type": "string", "enum": list(codes)}}}]
        }
    examples = {one.code: {"$ref": f"#/components/examples/{one.code}_{one.status}"} for one in found}
    content = {"application/problem+json": {"schema": schema, "examples": examples}}
    return {"description": HTTPStatus(status).phrase if status else "Any other problem", "content": content}


@lru_cache
def _codes() -> dict[tuple[str, int], ProblemCode]:
    """By code and status; asked for once the site's addresses, and with them all refusals, are loaded."""
    return {(one.code, one.status): one for one in all_codes()}


@lru_cache
def _examples() -> dict[str, Any]:
    """Requests and answers by operation, as a running casino gave them."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "examples.json").read_text())
    return found
