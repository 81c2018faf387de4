"""Addresses of seeding."""

from django.urls import path

from seeding import views

urlpatterns = [
    path("seed/database", views.SeedDatabaseView.as_view()),
    path("seed/bots", views.SeedBotsView.as_view()),
    path("seed/simulate", views.SimulateView.as_view()),
    path("seed/runs", views.RunListView.as_view()),
    path("seed/runs/<uuid:pk>", views.RunView.as_view()),
    path("seed/runs/<uuid:pk>/cancel", views.CancelView.as_view()),
]
