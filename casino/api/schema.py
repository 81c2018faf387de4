"""OpenAPI: what every operation has in common."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


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
    """Adds the problem document as every operation's ``default`` answer."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if direction == "response":
            bodies["default"] = self._get_response_for_code(
                OpenApiResponse(ProblemSerializer, "A problem"), "default", ["application/problem+json"]
            )
        return bodies
