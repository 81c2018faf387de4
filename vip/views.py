"""The VIP programme over REST: the ladder, the caller's standing, redeeming points, XP by the platform's hand."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from casino.api.answers import Answer
from casino.api.idempotency import key_of, mark
from casino.api.pagination import NewestFirst
from casino.api.permissions import IsPlayer, MayAddXp
from vip import services
from vip.documents import standing_document
from vip.models import VipLevel
from vip.serializers import (
    AddXpBodySerializer,
    LevelSerializer,
    RedeemBodySerializer,
    RedemptionSerializer,
    StandingSerializer,
    XpChangeSerializer,
)

_IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


class LowestFirst(NewestFirst):
    """Pages up the ladder."""

    ordering = "xp_required"


class LevelsView(generics.ListAPIView):
    """GET /vip/levels: the ladder, lowest first."""

    queryset = VipLevel.objects.select_related("reward_free_spin_game")
    serializer_class = LevelSerializer
    pagination_class = LowestFirst


class StandingView(APIView):
    """GET /vip/user."""

    permission_classes = (IsPlayer,)

    @extend_schema(responses=StandingSerializer)
    def get(self, request: Request) -> Answer:
        """Where the caller stands, what their level gives, and what was unlocked when."""
        player: Any = request.user
        overview = services.read_overview(player)
        return Answer(standing_document(overview.standing, overview.ladder, overview.reached))


class RedeemView(APIView):
    """POST /vip/redeem."""

    permission_classes = (IsPlayer,)

    @extend_schema(request=RedeemBodySerializer, responses={201: RedemptionSerializer}, parameters=[_IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Turn points into a bonus."""
        key = key_of(request)
        body = RedeemBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        player: Any = request.user
        sent = body.validated_data
        redeemed = services.redeem_points(player, sent["points"], operator=sent.get("operator"), key=key)
        answer = Response(RedemptionSerializer(redeemed).data, status.HTTP_201_CREATED)
        return mark(answer, key, is_replay=redeemed.is_replay)


class AddXpView(APIView):
    """POST /vip/add-xp."""

    permission_classes = (MayAddXp,)

    @extend_schema(request=AddXpBodySerializer, responses={201: XpChangeSerializer}, parameters=[_IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Give a player XP and points, or take them away; logged."""
        key = key_of(request)
        body = AddXpBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        staff: Any = request.user
        changed = services.add_xp(staff, **body.validated_data, key=key)
        answer = Response(XpChangeSerializer(changed).data, status.HTTP_201_CREATED)
        return mark(answer, key, is_replay=changed.is_replay)
