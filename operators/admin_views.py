"""Players, alerts and settings over REST, for staff."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from casino.api.fields import refuse_fields
from casino.api.permissions import IsManager, IsStaff
from casino.errors import Invalid
from operators import alerts, parameters, players
from operators.admin_serializers import AlertSerializer, PlayerDetailSerializer, PlayerSerializer
from operators.models import Alert
from operators.report_views import OPERATOR, StaffView
from operators.settings_serializers import (
    OperatorSettingsBodySerializer,
    OperatorSettingsSerializer,
    PlatformSettingsBodySerializer,
    PlatformSettingsSerializer,
)

_SEARCH = OpenApiParameter("search", str, description="Part of a username or an e-mail address, or an id")
_ALERTS = [
    OpenApiParameter("kind", str),
    OpenApiParameter("acknowledged", str, enum=["true", "false"]),
]
_SETTINGS = PolymorphicProxySerializer(
    component_name="Settings",
    serializers=[OperatorSettingsSerializer, PlatformSettingsSerializer],
    resource_type_field_name=None,
)
_SETTINGS_BODY = PolymorphicProxySerializer(
    component_name="SettingsBody",
    serializers=[OperatorSettingsBodySerializer, PlatformSettingsBodySerializer],
    resource_type_field_name=None,
)


class PlayersView(StaffView):
    """GET /admin/players."""

    serializer_class = PlayerSerializer

    @extend_schema(parameters=[_SEARCH, OPERATOR], responses=PlayerSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The players with a wallet at the operator, newest first."""
        search = request.query_params.get("search", "").strip()
        if "\x00" in search or len(search) > 100:
            raise Invalid.field("search", "search is up to 100 plain characters.")
        page: Any = self.paginate_queryset(players.find_players(request.user, self.operator(), search))
        return self.get_paginated_response([players.player_document(player) for player in page])


class PlayerView(StaffView):
    """GET /admin/players/{id}."""

    serializer_class = PlayerDetailSerializer

    @extend_schema(parameters=[OPERATOR])
    def get(self, request: Request, pk: UUID) -> Response:
        """One player: wallets here, VIP, flags, and totals of all time."""
        return Response(players.read_player(request.user, self.operator(), pk))


class AlertsView(StaffView):
    """GET /admin/alerts."""

    serializer_class = AlertSerializer

    @extend_schema(parameters=[*_ALERTS, OPERATOR], responses=AlertSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What staff should look at, newest first."""
        operator, kind = self.operator(), request.query_params.get("kind")
        rows = Alert.objects.visible_to(request.user).select_related("operator")
        if operator is not None:
            rows = rows.filter(operator=operator)
        if kind:
            rows = rows.filter(kind=kind)
        if acknowledged := request.query_params.get("acknowledged"):
            if acknowledged not in ("true", "false"):
                raise Invalid.field("acknowledged", "acknowledged is true or false.")
            rows = rows.filter(acknowledged_at__isnull=acknowledged == "false")
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response([alerts.alert_document(alert) for alert in page])


class AcknowledgeView(StaffView):
    """POST /admin/alerts/{id}/acknowledge."""

    serializer_class = AlertSerializer

    @extend_schema(request=None)
    def post(self, request: Request, pk: UUID) -> Response:
        """Note that somebody has seen to an alert; the first who does stays."""
        refuse_fields(request)
        return Response(alerts.alert_document(alerts.acknowledge(request.user, pk, timezone.now())))


class SettingsView(StaffView):
    """GET, PATCH /admin/settings."""

    def get_permissions(self) -> list[BasePermission]:
        return [IsStaff() if self.request.method in SAFE_METHODS else IsManager()]

    @extend_schema(parameters=[OPERATOR], responses=_SETTINGS)
    def get(self, request: Request) -> Response:
        """The operator's settings; the platform's own where the platform names no operator."""
        operator = self.operator()
        return Response(parameters.operator_settings(operator) if operator else parameters.platform_settings())

    @extend_schema(parameters=[OPERATOR], request=_SETTINGS_BODY, responses=_SETTINGS)
    def patch(self, request: Request) -> Response:
        """Change what is named, with a reason; answers all settings as they stand then."""
        operator = self.operator()
        kind: Any = OperatorSettingsBodySerializer if operator else PlatformSettingsBodySerializer
        body = kind(data=request.data)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        reason: str = changes.pop("reason")
        actor_id: Any = request.user.pk
        if operator is None:
            parameters.change_platform(changes, actor_id, reason)
            return Response(parameters.platform_settings())
        return Response(
            parameters.operator_settings(parameters.change_operator(operator.pk, changes, actor_id, reason))
        )
