"""Seeding over REST: the platform's alone, and not there at all while it is switched off."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from casino.api.fields import refuse_fields
from casino.api.permissions import IsPlatform
from casino.errors import Missing
from seeding import runs, tasks
from seeding.models import Intensity, Run
from seeding.runs import run_document
from seeding.serializers import BotsMadeSerializer, RunSerializer, SeededSerializer
from seeding.services import seed_database

_COUNT = OpenApiParameter("count", int, required=True, description=f"1 to {runs.MOST_BOTS:,}")
_SIMULATION = [
    OpenApiParameter("duration", float, required=True, description=f"Minutes, up to {runs.MOST_MINUTES}"),
    OpenApiParameter("intensity", str, enum=Intensity.values, description="2, 10 or 50 actions a second"),
    OpenApiParameter("seed", int, description="The same seed and the same outcomes give the same deeds"),
]


class SeedingView(GenericAPIView):
    """What the views of seeding share: who may, when there is anything at all, and that all is said in the address."""

    permission_classes: Any = (IsPlatform,)
    serializer_class: Any = RunSerializer
    queryset = Run.objects.all()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nobody is told whether they might, while there is nothing here."""
        if not settings.SEEDING_ENABLED:
            raise Missing("There is nothing at this address.")
        super().initial(request, *args, **kwargs)
        refuse_fields(request)


class SeedDatabaseView(SeedingView):
    """POST /seed/database."""

    @extend_schema(request=None, responses=SeededSerializer)
    def post(self, request: Request) -> Response:
        """Make the demo's brands, people, games and money; what is there already stays as it is."""
        summary = seed_database()
        return Response({"created": summary.created, "existing": summary.existing})


class SeedBotsView(SeedingView):
    """POST /seed/bots."""

    @extend_schema(request=None, parameters=[_COUNT], responses={201: BotsMadeSerializer, 202: RunSerializer})
    def post(self, request: Request) -> Response:
        """Make so many more bots: at once (201), or by a run where they are many (202)."""
        count = runs.parse_count(request.query_params.get("count", ""))
        run = runs.start_bots(count, by=request.user, wake=tasks.wake)  # type: ignore[arg-type]
        return Response({"created": count}, status=201) if run is None else Response(run_document(run), status=202)


class SimulateView(SeedingView):
    """POST /seed/simulate."""

    @extend_schema(request=None, parameters=_SIMULATION, responses={202: RunSerializer})
    def post(self, request: Request) -> Response:
        """Let bots play for a while; the run says how far they are."""
        asked = request.query_params
        order = runs.parse_simulation(asked.get("duration", ""), asked.get("intensity"), asked.get("seed"))
        run = runs.start_simulation(order, by=request.user, wake=tasks.wake)  # type: ignore[arg-type]
        return Response(run_document(run), status=202)


class RunListView(SeedingView):
    """GET /seed/runs."""

    @extend_schema(responses=RunSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Every run, newest first."""
        page = self.paginate_queryset(Run.objects.visible_to(request.user))
        return self.get_paginated_response([run_document(run) for run in page or ()])


class RunView(SeedingView):
    """GET /seed/runs/{id}."""

    @extend_schema(responses=RunSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """A run: its progress, its totals, and its report once it has ended."""
        return Response(run_document(runs.find_run(pk)))


class CancelView(SeedingView):
    """POST /seed/runs/{id}/cancel."""

    @extend_schema(request=None, responses=RunSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """End a run early: what was done stands, nothing more begins."""
        return Response(run_document(runs.cancel_run(pk, wake=tasks.wake)))
