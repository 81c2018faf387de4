"""Players' protection over REST: own limits, time-outs and self-exclusion, and blocks by staff."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from casino.api.permissions import IsManager, IsPlayer
from casino.api.scope import operator_in_question
from casino.games.serializers import OperatorParameter
from casino.users import blocks, exclusions, limits
from casino.users.protection_serializers import (
    BlockBodySerializer,
    BlockSerializer,
    ExclusionBodySerializer,
    ExclusionSerializer,
    LimitsBodySerializer,
    LimitsSerializer,
)


class LimitsView(APIView):
    """GET, PUT /limits."""

    permission_classes = (IsPlayer,)

    @extend_schema(responses=LimitsSerializer)
    def get(self, request: Request) -> Response:
        """One's own limits, what is used of them, and the exclusion in force."""
        player: Any = request.user
        return Response(LimitsSerializer(limits.own_limits(player)).data)

    @extend_schema(request=LimitsBodySerializer, responses=LimitsSerializer)
    def put(self, request: Request) -> Response:
        """Set limits: a lower one counts at once, a higher one or none after 24 hours."""
        body = LimitsBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        player: Any = request.user
        return Response(LimitsSerializer(limits.change_limits(player, body.wanted)).data)


class ExclusionsView(APIView):
    """POST /exclusions."""

    permission_classes = (IsPlayer,)

    @extend_schema(request=ExclusionBodySerializer, responses={201: ExclusionSerializer})
    def post(self, request: Request) -> Response:
        """Shut oneself out of play and deposits, everywhere and at once; nothing shortens it."""
        body = ExclusionBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        player: Any = request.user
        return Response(ExclusionSerializer(exclusions.exclude(player, **body.validated_data)).data, status=201)


class _BlockingView(APIView):
    """What blocking and unblocking share: a manager's, at their own operator; the platform's everywhere."""

    permission_classes = (IsManager,)

    def set_blocked(self, request: Request, pk: UUID, *, is_blocked: bool) -> Response:
        body, asked = BlockBodySerializer(data=request.data), OperatorParameter(data=request.query_params)
        body.is_valid(raise_exception=True)
        asked.is_valid(raise_exception=True)
        staff: Any = request.user
        operator = operator_in_question(staff, asked.validated_data.get("operator"))
        block = blocks.set_blocked(staff, operator, pk, is_blocked=is_blocked, reason=body.validated_data["reason"])
        return Response(BlockSerializer(block).data)


class BlockView(_BlockingView):
    """POST /admin/players/{id}/block."""

    @extend_schema(request=BlockBodySerializer, responses=BlockSerializer, parameters=[OperatorParameter])
    def post(self, request: Request, pk: UUID) -> Response:
        """Keep a player from play, deposits and withdrawals here (the platform: everywhere)."""
        return self.set_blocked(request, pk, is_blocked=True)


class UnblockView(_BlockingView):
    """POST /admin/players/{id}/unblock."""

    @extend_schema(request=BlockBodySerializer, responses=BlockSerializer, parameters=[OperatorParameter])
    def post(self, request: Request, pk: UUID) -> Response:
        """Let a player play again; a block of the platform's is the platform's to lift."""
        return self.set_blocked(request, pk, is_blocked=False)
