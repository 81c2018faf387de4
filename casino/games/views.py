"""Games over HTTP: the public catalogue, its upkeep by the platform and by managers, and operators' switches."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from casino.api.answers import Answer, KeptAnswers
from casino.api.fields import refuse_fields
from casino.api.pagination import NewestFirst
from casino.api.permissions import IsManager
from casino.api.scope import operator_in_question
from casino.errors import NotPermitted
from casino.games import services
from casino.games.catalogue import game_document
from casino.games.models import Category, Game, GameQuerySet
from casino.games.serializers import (
    CategorySerializer,
    GameBodySerializer,
    GameParameters,
    GameSerializer,
    OperatorParameter,
    ParSerializer,
    SwitchBodySerializer,
)
from casino.kept import ask_revision
from operators.models import Operator

# Pages of games that all callers of the same role and operator share, until anything they show changes.
_PAGES = KeptAnswers(128)
_NAME = OpenApiParameter("name", str, OpenApiParameter.PATH, description="Id or slug")


class MayWriteGames(IsManager):
    """Managers, and the platform; each their own games only."""

    message = "Only the platform may change shared games, and a manager those of their own operator."

    def has_object_permission(self, request: Request, view: Any, obj: Game) -> bool:
        user: Any = request.user
        return bool(user.is_platform_admin or obj.operator_id == user.operator_id)


class ByPosition(NewestFirst):
    """Pages in the order of the lobby's shelves."""

    ordering = ("position", "slug")  # type: ignore[assignment]


class GamesView(generics.GenericAPIView):
    """What the views of games share: reading is open to all, writing to those who may write."""

    queryset = Game.objects.all()
    serializer_class = GameSerializer

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method in SAFE_METHODS else MayWriteGames()]

    def get_object(self) -> Game:
        return self.writable(self.kwargs["name"])

    def writable(self, name: str) -> Game:
        """The game with this id or slug, if the caller sees it (404 otherwise) and may write it (403 otherwise)."""
        game: Game = Game.objects.visible_to(self.request.user).named(name)
        self.check_object_permissions(self.request, game)
        return game

    def parameters(self, request: Request, kind: type[OperatorParameter] = OperatorParameter) -> dict[str, Any]:
        """The valid query parameters; empty ones count as left out."""
        sent = kind(data={name: value for name, value in request.query_params.items() if value != ""})
        sent.is_valid(raise_exception=True)
        return dict(sent.validated_data)

    def body(self, game: Game | None = None) -> GameBodySerializer:
        body = GameBodySerializer(game, data=self.request.data, partial=self.request.method == "PATCH")
        body.is_valid(raise_exception=True)
        return body

    def shown(self, operator: Operator | None = None) -> GameQuerySet:
        """What the caller is shown, at ``operator`` if they asked for one."""
        games: GameQuerySet = Game.objects.shown_to(self.request.user, operator.pk if operator else None)
        return games

    def answer(self, game: Game, status_code: int = status.HTTP_200_OK) -> Response:
        """The game as the caller sees it."""
        return Response(GameSerializer(self.shown().get(pk=game.pk)).data, status_code)


class GameList(GamesView):
    """GET, POST /games."""

    @extend_schema(parameters=[GameParameters], responses=GameSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        """Games, newest first: those playable at an operator, or all that the caller may see."""
        user: Any = request.user
        audience = (user.role, user.operator_id) if user.is_authenticated else None
        return _PAGES.answer((audience, request.build_absolute_uri()), ask_revision()(), lambda: self._page(request))

    def _page(self, request: Request) -> Answer:
        """What an audience is shown: ``GameQuerySet.shown_to`` asks for a caller's role and operator only."""
        wanted = self.parameters(request, GameParameters)
        games = self.shown(wanted.get("operator")).filter(retired_at=None)
        if "category" in wanted:
            games = games.filter(category=wanted["category"])
        if "search" in wanted:
            games = games.filter(Q(name__icontains=wanted["search"]) | Q(studio__icontains=wanted["search"]))
        if (jackpot := wanted.get("jackpot")) in ("true", "false"):
            games = games.filter(jackpot_group__isnull=jackpot == "false")
        elif jackpot:
            games = games.filter(jackpot_group__slug=jackpot)
        pages = NewestFirst()
        page = pages.paginate_queryset(games, request, view=self)
        return pages.get_paginated_response([game_document(game) for game in page])

    @extend_schema(request=GameBodySerializer, responses={201: GameSerializer})
    def post(self, request: Request) -> Response:
        """Make a game: a manager for their operator, the platform for all or for the operator it names."""
        body = self.body()
        owner = self._owner(body.validated_data.get("operator"))
        return self.answer(services.create_game(body.spec(owner), request.user.pk), status.HTTP_201_CREATED)

    def _owner(self, named: Operator | None) -> Operator | None:
        """Whose the new game is."""
        user: Any = self.request.user
        if user.is_platform_admin:
            return named
        if named not in (None, user.operator):
            raise NotPermitted("A manager makes games of their own operator only.")
        own: Operator = user.operator
        return own


class GameDetail(GamesView):
    """GET, PUT, PATCH, DELETE /games/{id or slug}."""

    @extend_schema(parameters=[_NAME, OperatorParameter])
    def get(self, request: Request, name: str) -> Response:
        """One game, as it stands at the operator asked for or at the caller's."""
        game = self.shown(self.parameters(request).get("operator")).named(name)
        return Response(GameSerializer(game).data)

    @extend_schema(parameters=[_NAME], request=GameBodySerializer)
    def put(self, request: Request, name: str) -> Response:
        """Change a game; what is optional and left out stays. Another paytable or kind makes a new version."""
        return self._change(request, name)

    @extend_schema(parameters=[_NAME], request=GameBodySerializer)
    def patch(self, request: Request, name: str) -> Response:
        """Change what is named of a game. Another paytable or kind makes a new version."""
        return self._change(request, name)

    @extend_schema(parameters=[_NAME], responses={204: OpenApiResponse(description="Gone, or retired")})
    def delete(self, request: Request, name: str) -> Response:
        """Delete a game; one that bets name is retired instead."""
        refuse_fields(request)
        services.retire_game(self.writable(name).pk, request.user.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, name: str) -> Response:
        game = self.writable(name)
        return self.answer(services.change_game(game.pk, self.body(game).changes(), request.user.pk))


class GamePar(GamesView):
    """GET /games/{id or slug}/par."""

    serializer_class = ParSerializer  # type: ignore[assignment]

    @extend_schema(parameters=[_NAME, OperatorParameter])
    def get(self, request: Request, name: str) -> Response:
        """The exact figures of the game's maths, bet by bet."""
        game = self.shown(self.parameters(request).get("operator")).named(name)
        return Response(ParSerializer(game).data)


class GameSwitches(GamesView):
    """PUT /admin/games/{id or slug}."""

    def get_permissions(self) -> list[BasePermission]:
        return [IsManager()]

    @extend_schema(parameters=[_NAME, OperatorParameter], request=SwitchBodySerializer)
    def put(self, request: Request, name: str) -> Response:
        """Switch a game off or on at one operator, or narrow its limits there; answers the game as it stands there."""
        operator = operator_in_question(request.user, self.parameters(request).get("operator"), is_due=True)
        game = self.writable(name)
        body = SwitchBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.set_switch(game.pk, operator.pk, body.changes(), request.user.pk)
        return Response(GameSerializer(Game.objects.seen_at(operator.pk).get(pk=game.pk)).data)


class CategoryList(generics.ListAPIView):
    """GET /categories: the shelves of the lobby, in their order."""

    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    permission_classes = [AllowAny]
    pagination_class = ByPosition
