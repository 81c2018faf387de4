"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from casino.api import metrics, views

urlpatterns = [
    path("", views.landing),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("metrics", metrics.show),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema")),
    path("admin/", RedirectView.as_view(url="/backoffice/")),
    path("backoffice/", admin.site.urls),
]
handler400 = "casino.api.problems.bad_request"
handler403 = "casino.api.problems.forbidden"
handler404 = "casino.api.problems.not_found"
handler500 = "casino.api.problems.server_error"
