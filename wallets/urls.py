"""Addresses of money."""

from django.urls import path

from wallets import views

urlpatterns = [
    path("deposits", views.DepositsView.as_view()),
    path("deposits/<uuid:pk>", views.DepositView.as_view()),
    path("deposits/<uuid:pk>/cancel", views.CancelDepositView.as_view()),
    path("webhooks/<str:provider>", views.PlatformWebhookView.as_view()),
    path("webhooks/<str:provider>/<str:operator>", views.OperatorWebhookView.as_view()),
]
