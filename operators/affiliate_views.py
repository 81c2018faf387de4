"""Affiliates over REST: an operator's staff see their own, managers make them, finance pays them."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from casino.api.idempotency import key_of, mark
from casino.api.pagination import NewestFirst
from casino.api.permissions import IsFinance, IsManager, IsStaff
from casino.api.scope import operator_in_question
from casino.games.serializers import OperatorParameter
from operators import affiliates
from operators.affiliate_models import AffiliateStatement
from operators.affiliate_serializers import (
    AffiliateBodySerializer,
    AffiliateSerializer,
    PayoutBodySerializer,
    PayoutSerializer,
    StatementSerializer,
)
from operators.models import Affiliate

_IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


class AffiliatesView(generics.ListAPIView):
    """GET, POST /admin/affiliates."""

    queryset = Affiliate.objects.all()
    serializer_class = AffiliateSerializer

    def get_permissions(self) -> list[BasePermission]:
        return [IsManager() if self.request.method == "POST" else IsStaff()]

    def get_queryset(self) -> Any:
        rows = affiliates.with_balances(Affiliate.objects.visible_to(self.request.user))
        operator = self._operator()
        return rows.filter(operator=operator) if operator else rows

    @extend_schema(parameters=[OperatorParameter])
    def get(self, request: Request) -> Response:
        """The operator's affiliates; the platform's admin sees all, or those of the operator named."""
        return self.list(request)

    @extend_schema(
        request=AffiliateBodySerializer, responses={201: AffiliateSerializer}, parameters=[OperatorParameter]
    )
    def post(self, request: Request) -> Response:
        """Make an affiliate; players name its code when they register."""
        body = AffiliateBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        staff: Any = request.user
        made = affiliates.create_affiliate(staff, self._operator(is_due=True), **body.validated_data)
        return Response(AffiliateSerializer(made).data, status.HTTP_201_CREATED)

    def _operator(self, *, is_due: bool = False) -> Any:
        asked = OperatorParameter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return operator_in_question(self.request.user, asked.validated_data.get("operator"), is_due=is_due)


class ByWeek(NewestFirst):
    """Pages from the newest week back."""

    ordering = "-week"


class StatementsView(generics.ListAPIView):
    """GET /admin/affiliates/{id}/statements: week by week, each line with its formula."""

    queryset = AffiliateStatement.objects.all()
    serializer_class = StatementSerializer
    pagination_class = ByWeek
    permission_classes = (IsStaff,)

    def get_queryset(self) -> Any:
        return AffiliateStatement.objects.visible_to(self.request.user).filter(affiliate=self.kwargs.get("pk"))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        generics.get_object_or_404(Affiliate.objects.visible_to(request.user), pk=kwargs["pk"])
        return super().list(request, *args, **kwargs)


class PayoutsView(generics.GenericAPIView):
    """POST /admin/affiliates/{id}/payouts."""

    queryset = Affiliate.objects.all()
    serializer_class = PayoutSerializer
    permission_classes = (IsFinance,)

    def get_queryset(self) -> Any:
        return Affiliate.objects.visible_to(self.request.user)

    @extend_schema(request=PayoutBodySerializer, responses={201: PayoutSerializer}, parameters=[_IDEMPOTENCY_KEY])
    def post(self, request: Request, pk: Any) -> Response:
        """Pay an affiliate what was accrued, or part of it; never more."""
        affiliate: Affiliate = self.get_object()
        key = key_of(request)
        body = PayoutBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        staff: Any = request.user
        paid = affiliates.pay_affiliate(staff, affiliate.pk, key=key, **body.validated_data)
        return mark(Response(PayoutSerializer(paid).data, status.HTTP_201_CREATED), key, is_replay=paid.is_replay)
