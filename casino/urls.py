"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

import casino.api.gathering  # noqa: F401 - its refusals belong into the list of problems
from casino.api import metrics, problems, views
from casino.api.routing import KnownFirst
from operators import gauges

site = [
    path("", views.landing),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", metrics.show, {"gauges": gauges.read}),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="casino/docs.html")),
    path("docs/problems", views.problem_list),
    path("admin/", RedirectView.as_view(url="/backoffice/")),
    path("backoffice", RedirectView.as_view(url="/backoffice/")),
    path("backoffice/", admin.site.urls),
    path("", include("casino.users.urls")),
    path("", include("operators.urls")),
    path("", include("casino.games.urls")),
    path("", include("wallets.urls")),
    path("", include("vip.urls")),
    path("", include("betting.urls")),
    path("", include("seeding.urls")),
]
# Unknown addresses answer a problem document also while DEBUG, where Django would show its own page.
urlpatterns = [KnownFirst(site), re_path("", csrf_exempt(problems.not_found))]
handler400 = "casino.api.problems.bad_request"
handler403 = "casino.api.problems.forbidden"
handler404 = "casino.api.problems.not_found"
handler500 = "casino.api.problems.server_error"
