"""The inbox over REST, and staff's decisions: deposits in review, money in suspense, events to try again."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from casino.api.fields import refuse_fields
from casino.api.permissions import IsFinance, IsStaff
from casino.api.scope import operator_in_question
from casino.games.serializers import OperatorParameter
from wallets import inbox, review
from wallets.models import Deposit, WebhookEvent
from wallets.review_serializers import (
    DepositDecisionSerializer,
    MatchSerializer,
    ReturnSerializer,
    StaffDepositSerializer,
    WebhookEventParameters,
    WebhookEventSerializer,
)


class WebhookEventsView(generics.ListAPIView):
    """GET /admin/webhooks."""

    queryset = WebhookEvent.objects.all()
    serializer_class = WebhookEventSerializer
    permission_classes = (IsStaff,)

    def get_queryset(self) -> Any:
        asked, parameters = (
            kind(data=self.request.query_params) for kind in (OperatorParameter, WebhookEventParameters)
        )
        asked.is_valid(raise_exception=True)
        parameters.is_valid(raise_exception=True)
        staff: Any = self.request.user
        events = inbox.find_events(staff, operator_in_question(staff, asked.validated_data.get("operator")))
        verdict = parameters.validated_data.get("status")
        return events.filter(verdict=verdict) if verdict else events

    @extend_schema(operation_id="admin_webhooks_list", parameters=[WebhookEventParameters, OperatorParameter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What providers sent to the operator's accounts or about its deposits and withdrawals, newest first."""
        return super().get(request, *args, **kwargs)


class WebhookEventView(generics.GenericAPIView):
    """What is done about one event."""

    queryset = WebhookEvent.objects.all()
    serializer_class = WebhookEventSerializer
    permission_classes = (IsFinance,)

    def get_queryset(self) -> Any:
        staff: Any = self.request.user
        return inbox.find_events(staff)

    def shown(self, event: WebhookEvent) -> Response:
        return Response(WebhookEventSerializer(event).data)


class ReplayView(WebhookEventView):
    """POST /admin/webhooks/{id}/replay."""

    @extend_schema(request=None, responses=WebhookEventSerializer)
    def post(self, request: Request, pk: Any) -> Response:
        """Try to settle a stored event now; it answers the event, still ``stored`` where that failed again."""
        refuse_fields(request)
        return self.shown(inbox.replay_event(self.get_object().pk))


class ReturnView(WebhookEventView):
    """POST /admin/webhooks/{id}/return."""

    @extend_schema(request=ReturnSerializer, responses=WebhookEventSerializer)
    def post(self, request: Request, pk: Any) -> Response:
        """Give the event's money in suspense back to the provider."""
        body = ReturnSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        staff: Any = request.user
        return self.shown(review.return_event(self.get_object().pk, staff, **body.validated_data))


class MatchView(WebhookEventView):
    """POST /admin/webhooks/{id}/match."""

    @extend_schema(request=MatchSerializer, responses=WebhookEventSerializer)
    def post(self, request: Request, pk: Any) -> Response:
        """Credit the event's money in suspense to the deposit it was meant for."""
        body = MatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        staff: Any = request.user
        return self.shown(review.match_event(self.get_object().pk, staff, **body.validated_data))


class DecideDepositView(generics.GenericAPIView):
    """PUT /admin/deposits/{id}."""

    queryset = Deposit.objects.all()
    serializer_class = StaffDepositSerializer
    permission_classes = (IsFinance,)

    def get_queryset(self) -> Any:
        return Deposit.objects.visible_to(self.request.user)

    @extend_schema(request=DepositDecisionSerializer, responses=StaffDepositSerializer)
    def put(self, request: Request, pk: Any) -> Response:
        """Complete a deposit in review with the money that is in suspense for it, or fail it and return the money."""
        body = DepositDecisionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        staff: Any = request.user
        decided = review.decide_deposit(self.get_object().pk, staff, **body.validated_data)
        return Response(StaffDepositSerializer(decided).data)
