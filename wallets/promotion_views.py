"""Promotions over REST: a player's bonuses, free spins and offers, and what managers grant by hand."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from casino.api.fields import refuse_fields
from casino.api.idempotency import key_of, mark
from casino.api.lists import PreparedList
from casino.api.permissions import IsPlayer, MayGrant
from casino.errors import Invalid, NotPermitted
from casino.games.serializers import OperatorParameter
from casino.prepared import Prepared
from operators.models import Operator
from wallets import bonus_rules, endings, grants
from wallets.promotion_documents import bonus_document, free_spins_document
from wallets.promotion_serializers import (
    BonusGrantSerializer,
    BonusSerializer,
    FreeSpinsGrantSerializer,
    FreeSpinsSerializer,
    OfferSerializer,
    WaivedSerializer,
    WaiveParameters,
)
from wallets.promotions import Bonus, BonusRule, FreeSpins

_IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


# What the documents leave out of an operator's thirty columns.
_UNSHOWN = [field.name for field in Operator._meta.concrete_fields if field.name not in ("id", "slug", "currency")]


def _bonuses_shown_to(user: Any) -> Any:
    bonuses = Bonus.objects.visible_to(user).select_related("operator").order_by("-id")
    return bonuses.defer(*(f"operator__{name}" for name in _UNSHOWN))


class BonusesView(PreparedList, generics.ListAPIView):
    """GET /bonuses: one's own at all operators; staff see their operator's."""

    queryset = Bonus.objects.all()
    serializer_class = BonusSerializer
    document = staticmethod(bonus_document)
    prepared = Prepared(_bonuses_shown_to)

    def get_queryset(self) -> Any:
        return _bonuses_shown_to(self.request.user)


class BonusView(generics.RetrieveAPIView):
    """GET, DELETE /bonuses/{id}."""

    queryset = Bonus.objects.all()
    serializer_class = BonusSerializer

    def get_permissions(self) -> list[BasePermission]:
        return [IsPlayer() if self.request.method == "DELETE" else IsAuthenticated()]

    def get_queryset(self) -> Any:
        return _bonuses_shown_to(self.request.user)

    @extend_schema(parameters=[WaiveParameters], responses={200: WaivedSerializer})
    def delete(self, request: Request, pk: Any) -> Response:
        """Waive an active bonus; answers what was removed."""
        refuse_fields(request)
        seen = WaiveParameters(data=request.query_params.dict())
        seen.is_valid(raise_exception=True)
        waived = endings.waive_bonus(self.get_object().pk, seen.validated_data.get("balance"))
        return Response(WaivedSerializer(waived).data)


def _free_spins_shown_to(user: Any) -> Any:
    grants = FreeSpins.objects.visible_to(user).select_related("operator", "game").order_by("-id")
    return grants.defer(*(f"operator__{name}" for name in _UNSHOWN))


class FreeSpinsView(PreparedList, generics.ListAPIView):
    """GET /free-spins: one's own at all operators; staff see their operator's."""

    queryset = FreeSpins.objects.all()
    serializer_class = FreeSpinsSerializer
    document = staticmethod(free_spins_document)
    prepared = Prepared(_free_spins_shown_to)

    def get_queryset(self) -> Any:
        return _free_spins_shown_to(self.request.user)


class OffersView(generics.ListAPIView):
    """GET /offers: the bonus rules open to the player at their active operator, with all terms."""

    queryset = BonusRule.objects.all()
    serializer_class = OfferSerializer
    permission_classes = (IsPlayer,)

    def get_queryset(self) -> Any:
        player: Any = self.request.user
        return bonus_rules.open_offers(player, timezone.now())


class GrantView(generics.GenericAPIView):
    """What the two views of granting share: a manager's, at their own operator; the platform names one."""

    permission_classes = (MayGrant,)

    def operator(self, request: Request) -> Operator:
        """At which operator the caller acts."""
        asked = OperatorParameter(data=request.query_params)
        asked.is_valid(raise_exception=True)
        named: Operator | None = asked.validated_data.get("operator")
        user: Any = request.user
        if user.is_platform_admin:
            if named is None:
                raise Invalid.field("operator", "Name the operator: ?operator=slug.", "required")
            return named
        if named not in (None, user.operator):
            raise NotPermitted("You act at your own operator only.")
        own: Operator = user.operator
        return own


class GrantBonusView(GrantView):
    """POST /admin/bonuses."""

    serializer_class = BonusSerializer

    @extend_schema(
        request=BonusGrantSerializer,
        responses={201: BonusSerializer},
        parameters=[_IDEMPOTENCY_KEY, OperatorParameter],
    )
    def post(self, request: Request) -> Response:
        """Grant bonus money to a player; the operator's default terms hold where none are given."""
        key = key_of(request)
        body = BonusGrantSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sent: dict[str, Any] = body.validated_data
        staff: Any = request.user
        granted = grants.grant_bonus(
            staff, self.operator(request), sent["player_id"], body.terms(), reason=sent["reason"], key=key
        )
        answer = Response(BonusSerializer(granted.row).data, status.HTTP_201_CREATED)
        return mark(answer, key, is_replay=granted.is_replay)


class GrantFreeSpinsView(GrantView):
    """POST /admin/free-spins."""

    serializer_class = FreeSpinsSerializer

    @extend_schema(
        request=FreeSpinsGrantSerializer,
        responses={201: FreeSpinsSerializer},
        parameters=[_IDEMPOTENCY_KEY, OperatorParameter],
    )
    def post(self, request: Request) -> Response:
        """Grant free spins on one game to a player."""
        key = key_of(request)
        body = FreeSpinsGrantSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sent: dict[str, Any] = body.validated_data
        staff: Any = request.user
        granted = grants.grant_free_spins(
            staff, self.operator(request), sent["player_id"], body.terms(), reason=sent["reason"], key=key
        )
        answer = Response(FreeSpinsSerializer(granted.row).data, status.HTTP_201_CREATED)
        return mark(answer, key, is_replay=granted.is_replay)
