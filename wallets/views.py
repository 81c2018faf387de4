"""Money in over REST: a player's deposits, and the door through which providers send their events."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from casino.api.fields import refuse_fields
from casino.api.idempotency import key_of, mark
from casino.api.lists import PreparedList
from casino.api.parsers import TooLarge
from casino.api.permissions import IsPlayer
from casino.prepared import Prepared
from wallets import services
from wallets.documents import deposit_document
from wallets.models import Deposit
from wallets.serializers import (
    DepositRequestSerializer,
    DepositSerializer,
    WebhookAnswerSerializer,
    WebhookRequestSerializer,
)

_IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)
_WEBHOOK: dict[str, Any] = {
    "auth": [],
    "request": WebhookRequestSerializer,
    "responses": WebhookAnswerSerializer,
    "parameters": [
        OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True)
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
}


def _deposits_shown_to(user: Any) -> Any:
    return Deposit.objects.visible_to(user).order_by("-id")


class DepositsView(PreparedList, generics.ListAPIView):
    """GET, POST /deposits."""

    queryset = Deposit.objects.all()
    serializer_class = DepositSerializer
    document = staticmethod(deposit_document)
    prepared = Prepared(_deposits_shown_to)

    def get_permissions(self) -> list[BasePermission]:
        return [IsPlayer() if self.request.method == "POST" else IsAuthenticated()]

    def get_queryset(self) -> Any:
        return _deposits_shown_to(self.request.user)

    @extend_schema(request=DepositRequestSerializer, responses={201: DepositSerializer}, parameters=[_IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Announce a deposit; the answer says how to pay. No money moves before the provider confirms it."""
        key = key_of(request)
        body = DepositRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        player: Any = request.user
        opened = services.open_deposit(player, key=key, **body.validated_data)
        answer = Response(DepositSerializer(opened.deposit).data, status.HTTP_201_CREATED)
        return mark(answer, key, is_replay=opened.is_replay)


class DepositView(generics.RetrieveAPIView):
    """GET /deposits/{id}."""

    serializer_class = DepositSerializer

    def get_queryset(self) -> Any:
        return Deposit.objects.visible_to(self.request.user)


class CancelDepositView(generics.GenericAPIView):
    """POST /deposits/{id}/cancel."""

    serializer_class = DepositSerializer
    permission_classes = (IsPlayer,)

    def get_queryset(self) -> Any:
        return Deposit.objects.visible_to(self.request.user)

    @extend_schema(request=None, responses=DepositSerializer)
    def post(self, request: Request, pk: Any) -> Response:
        """Give up a pending deposit."""
        refuse_fields(request)
        deposit = services.cancel_deposit(self.get_object().pk)
        return Response(DepositSerializer(deposit).data)


class _AnswersJson(DefaultContentNegotiation):
    """Providers ask for all sorts of answers; they get JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class WebhookView(APIView):
    """What the doors for providers share: no session and no CSRF, for the signature says who it is."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = _AnswersJson

    def receive(self, request: Request, provider: str, operator: str | None) -> Response:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = request._request.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge
        services.receive_webhook(provider, operator, request.headers, raw)
        return Response({"status": "stored"})


class PlatformWebhookView(WebhookView):
    """POST /webhooks/{provider}."""

    @extend_schema(operation_id="webhooks_platform", **_WEBHOOK)
    def post(self, request: Request, provider: str) -> Response:
        """Take a signed event (Standard Webhooks) for the platform's account; duplicates are answered alike."""
        return self.receive(request, provider, None)


class OperatorWebhookView(WebhookView):
    """POST /webhooks/{provider}/{operator}."""

    @extend_schema(operation_id="webhooks_operator", **_WEBHOOK)
    def post(self, request: Request, provider: str, operator: str) -> Response:
        """Take a signed event for an operator's own account, about its own deposits only."""
        return self.receive(request, provider, operator)
