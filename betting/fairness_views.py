"""Fairness over REST: a player's seeds, their rotation, and the proof of a bet."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from betting import fairness
from betting.models import Bet
from betting.serializers import FairnessSerializer, ProofSerializer, RotationBodySerializer, RotationSerializer
from casino.api.permissions import IsPlayer
from casino.api.throttling import PlayThrottle
from operators.models import Operator

_OPERATOR = OpenApiParameter("operator", str, description="Slug; by default the operator that is active for the player")


class FairnessView(APIView):
    """GET /fairness."""

    permission_classes = (IsPlayer,)

    @extend_schema(parameters=[_OPERATOR], responses=FairnessSerializer)
    def get(self, request: Request) -> Response:
        """The seeds that the player's next bet at an operator is drawn from."""
        pair = fairness.find_seeds(_player_id(request), _operator_id(request))
        return Response(FairnessSerializer(pair).data)


class RotationView(APIView):
    """POST /fairness/rotate."""

    permission_classes = (IsPlayer,)
    throttle_classes = (PlayThrottle,)

    @extend_schema(parameters=[_OPERATOR], request=RotationBodySerializer, responses=RotationSerializer)
    def post(self, request: Request) -> Response:
        """Reveal the server seed in use; the one whose hash was published takes over, from nonce 0."""
        body = RotationBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        rotation = fairness.rotate_seeds(_player_id(request), _operator_id(request), **body.validated_data)
        return Response(RotationSerializer(rotation).data)


class ProofView(GenericAPIView):
    """GET /bets/{id}/proof."""

    queryset = Bet.objects.with_proof()
    serializer_class = ProofSerializer

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        return queryset.visible_to(self.request.user)

    def get(self, request: Request, pk: UUID) -> Response:
        """All that it takes to recompute the bet; the server seed once it was revealed."""
        return Response(fairness.prove_bet(self.get_object()))


def _player_id(request: Request) -> UUID:
    return UUID(str(request.user.pk))


def _operator_id(request: Request) -> UUID:
    """The operator that the query names, or the player's active one."""
    named = request.query_params.get("operator")
    if named is None:
        user: Any = request.user
        active: UUID = user.operator_id
        return active
    operator: Operator = Operator.objects.named(named)
    return operator.pk
