"""Reports, transactions and financials over REST: staff see their operator's, the platform one operator's or all."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from casino.api.pagination import NewestFirst
from casino.api.permissions import IsPlayer, IsStaff
from casino.api.scope import operator_in_question
from casino.errors import Invalid
from casino.games.models import Game
from operators import exports, financials, reports, session_reports, transactions
from operators.admin_serializers import TransactionPageSerializer
from operators.models import Operator, UnknownOperator
from operators.periods import SEEDED, Period, parse_period
from operators.report_serializers import (
    AllFinancialsSerializer,
    OperatorFinancialsSerializer,
    PerformanceSerializer,
    RtpReportSerializer,
    SessionRtpReportSerializer,
)
from operators.snapshots import reports_database

OPERATOR = OpenApiParameter("operator", str, description="The platform's choice: the slug of one operator")
PERIOD = [
    OpenApiParameter("from", str, description="A date, or a whole hour of UTC; 30 days before `to` by default"),
    OpenApiParameter("to", str, description="A date (included), or a whole hour of UTC (excluded); today by default"),
    OpenApiParameter("seeded", str, enum=SEEDED, description="Whether seeded play counts"),
]
PLAYER = OpenApiParameter("playerId", UUID)
_GAME = OpenApiParameter("name", str, OpenApiParameter.PATH, description="Id or slug")
_TRANSACTIONS = [
    OpenApiParameter("type", str, enum=transactions.TYPES, description="All types by default"),
    OpenApiParameter("format", str, enum=["json", "csv"]),
    OpenApiParameter("cursor", str),
    OpenApiParameter("limit", int),
]


class StaffView(GenericAPIView):
    """What the views of staff share: at which operator, and for which interval."""

    permission_classes: Any = (IsStaff,)
    pagination_class = NewestFirst

    def operator(self) -> Operator | None:
        """The operator in question; None where the platform means all."""
        slug = self.request.query_params.get("operator")
        asked = Operator.objects.filter(slug=slug).first() if slug else None
        if slug and asked is None:
            raise UnknownOperator
        found: Operator | None = operator_in_question(self.request.user, asked)
        return found

    def period(self) -> Period:
        return parse_period(self.request.query_params, timezone.now())

    def id_parameter(self, name: str) -> UUID | None:
        """The id that a query parameter carries; None where it was left out."""
        text = self.request.query_params.get(name)
        if not text:
            return None
        try:
            return UUID(text)
        except ValueError:
            raise Invalid.field(name, f"{name} is an id.") from None

    def game(self, name: str) -> Game:
        """The game with this id or slug, if the caller sees it."""
        game: Game = Game.objects.visible_to(self.request.user).named(name)
        return game


class PerformanceView(StaffView):
    """GET /admin/games/{id or slug}/performance."""

    serializer_class = PerformanceSerializer

    @extend_schema(parameters=[_GAME, OPERATOR, *PERIOD])
    def get(self, request: Request, name: str) -> Response:
        """What was played on a game and what it brought, by version and by player."""
        return Response(reports.performance(self.game(name), self.operator(), self.period()))


_RTP = [
    OpenApiParameter("gameId", str, description="Id or slug"),
    PLAYER,
    OpenApiParameter("group", str, enum=["session"], description="By one player's logins; playerId is required then"),
    OPERATOR,
    *PERIOD,
]
_RTP_REPORT = PolymorphicProxySerializer(
    component_name="RtpReportOrBySession",
    serializers=[RtpReportSerializer, SessionRtpReportSerializer],
    resource_type_field_name=None,
)


class RtpView(StaffView):
    """GET /admin/rtp."""

    serializer_class = RtpReportSerializer

    @extend_schema(parameters=_RTP, responses=_RTP_REPORT)
    def get(self, request: Request) -> Response:
        """The return to players beside what the maths promise, with its standard error, z and verdict; by game and
        player, or (``group=session``) by the logins of one player."""
        name = request.query_params.get("gameId")
        game, player_id = self.game(name) if name else None, self.id_parameter("playerId")
        if not self.is_by_session():
            return Response(reports.rtp(self.operator(), self.period(), game, player_id))
        if player_id is None:
            raise Invalid.field("playerId", "Sessions are those of one player: name the player.", "required")
        operator, period = self.operator(), self.period()
        return Response(session_reports.rtp_by_session(request.user, operator, period, player_id, game))

    def is_by_session(self) -> bool:
        group = self.request.query_params.get("group")
        if group not in (None, "", "session"):
            raise Invalid.field("group", "group is session, or left out.")
        return bool(group)


_FINANCIALS = PolymorphicProxySerializer(
    component_name="Financials",
    serializers=[OperatorFinancialsSerializer, AllFinancialsSerializer],
    resource_type_field_name=None,
)


class FinancialsView(StaffView):
    """GET /admin/financials."""

    serializer_class = OperatorFinancialsSerializer

    @extend_schema(parameters=[OPERATOR, *PERIOD], responses=_FINANCIALS)
    def get(self, request: Request) -> Response:
        """An operator's book: balances, money in and out, GGR, costs and NGR; all books for the platform."""
        operator, period = self.operator(), self.period()
        if operator is None:
            return Response(financials.all_financials(period))
        return Response(financials.operator_financials(operator, period))


class CsvRenderer(JSONRenderer):
    """Names CSV in the negotiation; the view streams it itself, so only problem documents are rendered, as JSON."""

    media_type = "text/csv"
    format = "csv"


class TransactionsView(StaffView):
    """GET /admin/transactions."""

    renderer_classes = (JSONRenderer, CsvRenderer)
    serializer_class = TransactionPageSerializer

    @extend_schema(parameters=[*_TRANSACTIONS, PLAYER, OPERATOR, *PERIOD])
    def get(self, request: Request) -> Any:
        """Deposits, withdrawals and bets, newest first: a page of them, or all of them as CSV."""
        operator, player_id = self.operator(), self.id_parameter("playerId")
        query = transactions.Query(
            request.user, self.period(), self.types(), operator, player_id, database=reports_database()
        )
        return self.answer(query)

    def types(self) -> tuple[str, ...]:
        wanted = self.request.query_params.get("type")
        if not wanted:
            return transactions.TYPES
        if wanted not in transactions.TYPES:
            raise Invalid.field("type", f"type is one of {', '.join(transactions.TYPES)}.")
        return (wanted,)

    def answer(self, query: transactions.Query) -> Any:
        request: Any = self.request
        if request.accepted_renderer.format == "csv":
            return _streamed(request, exports.transactions_csv(query, timezone.now()), exports.file_name(query))
        limit = NewestFirst().get_page_size(request)
        page = transactions.page_of(query, limit, request.query_params.get("cursor"))
        address = request.build_absolute_uri()
        links = {
            name: replace_query_param(address, "cursor", cursor) if cursor else None
            for name, cursor in (("next", page.next), ("previous", page.previous))
        }
        return Response({**links, **page.about, "results": page.results})


class OwnTransactionsView(TransactionsView):
    """GET /transactions."""

    permission_classes = (IsPlayer,)

    @extend_schema(parameters=[*_TRANSACTIONS, *PERIOD[:2]])
    def get(self, request: Request) -> Any:
        """The player's own deposits, withdrawals and bets, at all operators, newest first."""
        return self.answer(transactions.Query(request.user, self.period(), self.types()))


def _streamed(request: Request, pieces: Iterator[str], name: str) -> StreamingHttpResponse:
    """A file that is sent while it is read: under ASGI piece by piece from a thread, for a plain iterator would be
    gathered whole before the first byte leaves."""
    is_async = isinstance(request._request, ASGIRequest)
    answer = StreamingHttpResponse(_from_thread(pieces) if is_async else pieces, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def _from_thread(pieces: Iterator[str]) -> AsyncIterator[str]:
    def read() -> str:
        return next(pieces, "")

    while piece := await sync_to_async(read)():
        yield piece
