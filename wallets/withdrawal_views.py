"""Money out over REST: a player's withdrawals, and what staff decide: withdrawals and manual adjustments."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from casino.api.fields import refuse_fields
from casino.api.idempotency import key_of, mark
from casino.api.permissions import IsFinance, IsPlayer, IsStaff
from casino.api.scope import operator_in_question
from casino.games.serializers import OperatorParameter
from wallets import adjustments, withdrawals
from wallets.adjustment_models import Adjustment
from wallets.withdrawal_models import Withdrawal
from wallets.withdrawal_serializers import (
    AdjustmentBodySerializer,
    AdjustmentParameters,
    AdjustmentSerializer,
    DecisionSerializer,
    StaffWithdrawalSerializer,
    WithdrawalBodySerializer,
    WithdrawalParameters,
    WithdrawalSerializer,
)

_IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


class WithdrawalsView(generics.ListAPIView):
    """GET, POST /withdrawals."""

    queryset = Withdrawal.objects.all()
    serializer_class = WithdrawalSerializer

    def get_permissions(self) -> list[BasePermission]:
        return [IsPlayer() if self.request.method == "POST" else IsAuthenticated()]

    def get_queryset(self) -> Any:
        return Withdrawal.objects.visible_to(self.request.user).prefetch_related("steps")

    @extend_schema(
        request=WithdrawalBodySerializer, responses={201: WithdrawalSerializer}, parameters=[_IDEMPOTENCY_KEY]
    )
    def post(self, request: Request) -> Response:
        """Ask for real money to be paid out; it is held at once, and staff decide."""
        key = key_of(request)
        body = WithdrawalBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        player: Any = request.user
        requested = withdrawals.request_withdrawal(player, key=key, **body.asked)
        answer = Response(WithdrawalSerializer(requested.withdrawal).data, status.HTTP_201_CREATED)
        return mark(answer, key, is_replay=requested.is_replay)


class WithdrawalView(generics.RetrieveAPIView):
    """GET /withdrawals/{id}."""

    queryset = Withdrawal.objects.all()
    serializer_class = WithdrawalSerializer

    def get_queryset(self) -> Any:
        return Withdrawal.objects.visible_to(self.request.user).prefetch_related("steps")


class CancelWithdrawalView(generics.GenericAPIView):
    """POST /withdrawals/{id}/cancel."""

    queryset = Withdrawal.objects.all()
    serializer_class = WithdrawalSerializer
    permission_classes = (IsPlayer,)

    def get_queryset(self) -> Any:
        return Withdrawal.objects.visible_to(self.request.user)

    @extend_schema(request=None, responses=WithdrawalSerializer)
    def post(self, request: Request, pk: Any) -> Response:
        """Take a pending withdrawal back: the money is playable again."""
        refuse_fields(request)
        return Response(WithdrawalSerializer(withdrawals.cancel_withdrawal(self.get_object().pk)).data)


class StaffListView(generics.ListAPIView):
    """What the lists of staff share: the rows of their operator, or of the one that the platform names."""

    parameters_class: type[WithdrawalParameters] | type[AdjustmentParameters]

    def narrowed(self, rows: Any) -> Any:
        """``rows`` that the caller may see, of the operator and the status asked for."""
        asked, parameters = (
            kind(data=self.request.query_params) for kind in (OperatorParameter, self.parameters_class)
        )
        asked.is_valid(raise_exception=True)
        parameters.is_valid(raise_exception=True)
        operator = operator_in_question(self.request.user, asked.validated_data.get("operator"))
        named = {"operator": operator} if operator is not None else {}
        return rows.visible_to(self.request.user).filter(**named, **parameters.validated_data)


class StaffWithdrawalsView(StaffListView):
    """GET /admin/withdrawals: the queue, and what became of the others."""

    queryset = Withdrawal.objects.all()
    serializer_class = StaffWithdrawalSerializer
    permission_classes = (IsStaff,)
    parameters_class = WithdrawalParameters

    def get_queryset(self) -> Any:
        return self.narrowed(Withdrawal.objects.with_facts())

    @extend_schema(operation_id="admin_withdrawals_list", parameters=[WithdrawalParameters, OperatorParameter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The withdrawals of the operator, newest first."""
        return super().get(request, *args, **kwargs)


class StaffWithdrawalView(generics.GenericAPIView):
    """PUT /admin/withdrawals/{id}."""

    queryset = Withdrawal.objects.all()
    serializer_class = StaffWithdrawalSerializer
    permission_classes = (IsFinance,)

    def get_queryset(self) -> Any:
        return Withdrawal.objects.visible_to(self.request.user)

    @extend_schema(request=DecisionSerializer, responses=StaffWithdrawalSerializer)
    def put(self, request: Request, pk: Any) -> Response:
        """Approve or reject; above the operator's threshold the first of two approvals leaves it pending."""
        body = DecisionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        staff: Any = request.user
        decided = withdrawals.decide_withdrawal(self.get_object().pk, staff, **body.validated_data)
        return Response(StaffWithdrawalSerializer(decided).data)


class AdjustmentsView(StaffListView):
    """GET, POST /admin/adjustments."""

    queryset = Adjustment.objects.all()
    serializer_class = AdjustmentSerializer
    parameters_class = AdjustmentParameters

    def get_permissions(self) -> list[BasePermission]:
        return [IsFinance() if self.request.method == "POST" else IsStaff()]

    def get_queryset(self) -> Any:
        return self.narrowed(Adjustment.objects.with_facts())

    @extend_schema(operation_id="admin_adjustments_list", parameters=[AdjustmentParameters, OperatorParameter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The adjustments of the operator, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=AdjustmentBodySerializer,
        responses={201: AdjustmentSerializer},
        parameters=[_IDEMPOTENCY_KEY, OperatorParameter],
    )
    def post(self, request: Request) -> Response:
        """Give a player real money or take it back; above the operator's threshold it waits for a second person."""
        key = key_of(request)
        body, asked = AdjustmentBodySerializer(data=request.data), OperatorParameter(data=request.query_params)
        body.is_valid(raise_exception=True)
        asked.is_valid(raise_exception=True)
        staff: Any = request.user
        operator = operator_in_question(staff, asked.validated_data.get("operator"))
        made = adjustments.make_adjustment(staff, operator, key=key, **body.validated_data)
        answer = Response(AdjustmentSerializer(made.adjustment).data, status.HTTP_201_CREATED)
        return mark(answer, key, is_replay=made.is_replay)


class AdjustmentView(generics.GenericAPIView):
    """PUT /admin/adjustments/{id}."""

    queryset = Adjustment.objects.all()
    serializer_class = AdjustmentSerializer
    permission_classes = (IsFinance,)

    def get_queryset(self) -> Any:
        return Adjustment.objects.visible_to(self.request.user)

    @extend_schema(request=DecisionSerializer, responses=AdjustmentSerializer)
    def put(self, request: Request, pk: Any) -> Response:
        """Approve or reject what somebody else has made."""
        body = DecisionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        staff: Any = request.user
        decided = adjustments.decide_adjustment(self.get_object().pk, staff, **body.validated_data)
        return Response(AdjustmentSerializer(decided).data)
