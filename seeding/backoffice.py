"""The back office's page of simulations: start one, watch it, end it early, read its report. The platform's alone."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from casino.admin import BackOffice, Page
from operators.pages import attempt, scope_of, show
from seeding import runs, tasks
from seeding.models import Intensity, Run
from seeding.runs import run_document

NEWEST_RUNS = 20


def simulation(request: HttpRequest) -> HttpResponse:
    """GET /backoffice/simulation/: the newest runs, and how far they are; POST starts one."""
    if request.method == "POST":
        attempt(request, lambda: _start(request), "The bots are on their way.")
        return HttpResponseRedirect(reverse("admin:simulation"))
    now = timezone.now()
    found = Run.objects.visible_to(request.user).select_related("requested_by")[:NEWEST_RUNS]
    rows = [{"run": run, **run_document(run, now), "percent": round(runs.progress(run, now) * 100)} for run in found]
    return show(
        request, "backoffice/simulation.html", "Simulation", scope_of(request), rows=rows,
        intensities=Intensity.choices, most_minutes=runs.MOST_MINUTES,
    )  # fmt: skip


def simulated(request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET /backoffice/simulation/{id}/: one run: its progress, and its report once it has ended."""
    run = runs.find_run(pk)
    document = run_document(run)
    return show(
        request, "backoffice/simulated.html", f"Run of {run.created_at:%d %b %H:%M}", scope_of(request), run=run,
        document=document, percent=round(document["progress"] * 100),
    )  # fmt: skip


@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """POST /backoffice/simulation/{id}/cancel/: end a run early."""
    attempt(request, lambda: runs.cancel_run(pk, wake=tasks.wake), "The run is ended; what was played stands.")
    return HttpResponseRedirect(reverse("admin:simulated", args=[pk]))


def _start(request: HttpRequest) -> Run:
    sent, user = request.POST, request.user
    order = runs.parse_simulation(sent.get("duration", ""), sent.get("intensity"), sent.get("seed"))
    return runs.start_simulation(order, by=user, wake=tasks.wake)  # type: ignore[arg-type]


def is_on() -> bool:
    """Whether there is any seeding here."""
    return settings.SEEDING_ENABLED


def furnish(site: BackOffice) -> None:
    """Give the site its pages of seeding."""
    about: dict[str, Any] = {"section": "Platform", "is_platforms": True, "is_open": is_on}
    site.add_page(Page("simulation/", "simulation", "Simulation", view=simulation, **about))
    site.add_page(Page("simulation/<uuid:pk>/", "simulated", "Run", view=simulated, is_in_menu=False, **about))
    site.add_page(Page("simulation/<uuid:pk>/cancel/", "cancel_run", "Cancel", view=cancel, is_in_menu=False, **about))


furnish(admin.site)  # type: ignore[arg-type]
