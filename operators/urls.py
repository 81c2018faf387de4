"""Addresses of operators."""

from django.urls import include, path

from operators import admin_views, report_views
from operators.views import OperatorListView

urlpatterns = [
    path("operators", OperatorListView.as_view()),
    path("transactions", report_views.OwnTransactionsView.as_view()),
    path("admin/transactions", report_views.TransactionsView.as_view()),
    path("admin/financials", report_views.FinancialsView.as_view()),
    path("admin/rtp", report_views.RtpView.as_view()),
    path("admin/games/<slug:name>/performance", report_views.PerformanceView.as_view()),
    path("admin/players", admin_views.PlayersView.as_view()),
    path("admin/players/<uuid:pk>", admin_views.PlayerView.as_view()),
    path("admin/alerts", admin_views.AlertsView.as_view()),
    path("admin/alerts/<uuid:pk>/acknowledge", admin_views.AcknowledgeView.as_view()),
    path("admin/settings", admin_views.SettingsView.as_view()),
    path("", include("operators.affiliate_urls")),
]
