"""The shapes of operators."""

from rest_framework import serializers


class OperatorSerializer(serializers.Serializer):
    """What anybody may know of a brand."""

    id = serializers.UUIDField()
    slug = serializers.SlugField()
    name = serializers.CharField()
    currency = serializers.CharField(help_text="ISO 4217")
