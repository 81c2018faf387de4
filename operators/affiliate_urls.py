"""Addresses of affiliates."""

from django.urls import path

from operators import affiliate_views as views

urlpatterns = [
    path("admin/affiliates", views.AffiliatesView.as_view()),
    path("admin/affiliates/<uuid:pk>/statements", views.StatementsView.as_view()),
    path("admin/affiliates/<uuid:pk>/payouts", views.PayoutsView.as_view()),
]
