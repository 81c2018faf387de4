"""Bets over REST."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from betting.documents import bet_document, jackpot_documents
from betting.models import Bet
from betting.orders import Settled, parse_order
from betting.serializers import BetBodySerializer, BetSerializer, JackpotGroupSerializer
from betting.services import place_bet
from casino.api.idempotency import key_of, mark
from casino.api.permissions import IsPlayer
from casino.api.throttling import PlayThrottle
from casino.errors import Invalid
from operators.models import Operator

IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


@extend_schema_view(list=extend_schema(responses=BetSerializer), retrieve=extend_schema(responses=BetSerializer))
class BetViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The caller's bets: a player's own, or those at the staff's operator."""

    queryset = Bet.objects.with_facts()
    serializer_class = BetSerializer

    def get_queryset(self) -> Any:
        return self.queryset.visible_to(self.request.user)

    def get_permissions(self) -> Any:
        return [IsPlayer()] if self.action == "create" else [IsAuthenticated()]

    def get_throttles(self) -> Any:
        return [PlayThrottle()] if self.action == "create" else []

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Rows become documents: the same code makes them for the answer, the list and the feeds."""
        return _Documents(*args, **kwargs)

    @extend_schema(request=BetBodySerializer, responses={201: BetSerializer}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Stake, draw and pay, in one transaction; the answer is final."""
        key = key_of(request)
        answer = place_bet(parse_order(request.data, UUID(str(request.user.pk)), _operator_id(request), key))
        if not isinstance(answer, Settled):
            raise answer
        return mark(Response(answer.document, status=201), key, is_replay=answer.is_replay)


def _operator_id(request: Request) -> UUID:
    """The operator that the body names, or the player's active one."""
    named = request.data.get("operator") if isinstance(request.data, dict) else None
    if named is None:
        user: Any = request.user
        active: UUID = user.operator_id
        return active
    if not isinstance(named, str):
        raise Invalid.field("operator", "The operator's slug is due.")
    operator: Operator = Operator.objects.named(named)
    return operator.pk


class JackpotsView(APIView):
    """GET /jackpots."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=JackpotGroupSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Every jackpot group with its current values."""
        return Response(jackpot_documents())


class _Documents:
    """What the generic views ask of a serializer: ``data``."""

    def __init__(self, instance: Any, many: bool = False, **_: Any) -> None:
        self.data = [bet_document(bet) for bet in instance] if many else bet_document(instance)
