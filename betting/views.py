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
from casino.api.answers import Answer
from casino.api.idempotency import key_of, mark
from casino.api.lists import PreparedList
from casino.api.permissions import IsPlayer
from casino.api.throttling import PlayThrottle
from casino.errors import Invalid
from casino.prepared import Prepared
from operators.models import Operator

IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)

# Columns of a bet that its document leaves out.
_UNSHOWN = (
    *("unrounded_win", "expected_win", "variance", "affiliate", "affiliate_rate", "rng_evidence", "free_spins"),
    *("wallet", "wallet_version", "idempotency_key", "request_digest", "jackpot_win"),
)
# What a bet's document names of other rows.
_NAMED = (
    *("operator__slug", "game__slug", "game__name", "game_version__number"),
    *("seed_pair__server_seed_hash", "seed_pair__client_seed"),
)
_OWN = tuple(field.name for field in Bet._meta.concrete_fields if field.name not in _UNSHOWN)


def _shown_to(user: Any) -> Any:
    return Bet.objects.with_facts().visible_to(user).only(*_OWN, *_NAMED).order_by("-id")


_ABOUT = "The caller's bets: a player's own, or those at the staff's operator."


@extend_schema_view(
    list=extend_schema(responses=BetSerializer, description=_ABOUT), retrieve=extend_schema(responses=BetSerializer)
)
class BetViewSet(PreparedList, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The caller's bets: a player's own, or those at the staff's operator."""

    queryset = Bet.objects.all()
    serializer_class = BetSerializer
    document = staticmethod(bet_document)
    prepared = Prepared(_shown_to)

    def get_queryset(self) -> Any:
        return _shown_to(self.request.user)

    def get_permissions(self) -> Any:
        return [IsPlayer()] if self.action == "create" else [IsAuthenticated()]

    def get_throttles(self) -> Any:
        return [PlayThrottle()] if self.action == "create" else []

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """A row becomes a document: the same code makes it for the answer, the list and the feeds."""
        return _Document(*args, **kwargs)

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
    def get(self, request: Request) -> Answer:
        """Every jackpot group with its current values."""
        return Answer(jackpot_documents())


class _Document:
    """What the generic view of one row asks of a serializer: ``data``."""

    def __init__(self, instance: Any, **_: Any) -> None:
        self.data = bet_document(instance)
