"""Addresses of money."""

from django.urls import path

from wallets import promotion_views, views

urlpatterns = [
    path("deposits", views.DepositsView.as_view()),
    path("deposits/<uuid:pk>", views.DepositView.as_view()),
    path("deposits/<uuid:pk>/cancel", views.CancelDepositView.as_view()),
    path("webhooks/<str:provider>", views.PlatformWebhookView.as_view()),
    path("webhooks/<str:provider>/<str:operator>", views.OperatorWebhookView.as_view()),
    path("bonuses", promotion_views.BonusesView.as_view()),
    path("bonuses/<uuid:pk>", promotion_views.BonusView.as_view()),
    path("free-spins", promotion_views.FreeSpinsView.as_view()),
    path("offers", promotion_views.OffersView.as_view()),
    path("admin/bonuses", promotion_views.GrantBonusView.as_view()),
    path("admin/free-spins", promotion_views.GrantFreeSpinsView.as_view()),
]
