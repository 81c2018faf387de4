"""Addresses of money."""

from django.urls import path

from wallets import promotion_views, review_views, views, withdrawal_views

urlpatterns = [
    path("deposits", views.DepositsView.as_view()),
    path("deposits/<uuid:pk>", views.DepositView.as_view()),
    path("deposits/<uuid:pk>/cancel", views.CancelDepositView.as_view()),
    path("withdrawals", withdrawal_views.WithdrawalsView.as_view()),
    path("withdrawals/<uuid:pk>", withdrawal_views.WithdrawalView.as_view()),
    path("withdrawals/<uuid:pk>/cancel", withdrawal_views.CancelWithdrawalView.as_view()),
    path("admin/withdrawals", withdrawal_views.StaffWithdrawalsView.as_view()),
    path("admin/withdrawals/<uuid:pk>", withdrawal_views.StaffWithdrawalView.as_view()),
    path("admin/adjustments", withdrawal_views.AdjustmentsView.as_view()),
    path("admin/adjustments/<uuid:pk>", withdrawal_views.AdjustmentView.as_view()),
    path("admin/deposits/<uuid:pk>", review_views.DecideDepositView.as_view()),
    path("admin/webhooks", review_views.WebhookEventsView.as_view()),
    path("admin/webhooks/<uuid:pk>/replay", review_views.ReplayView.as_view()),
    path("admin/webhooks/<uuid:pk>/return", review_views.ReturnView.as_view()),
    path("admin/webhooks/<uuid:pk>/match", review_views.MatchView.as_view()),
    path("webhooks/<str:provider>", views.PlatformWebhookView.as_view()),
    path("webhooks/<str:provider>/<str:operator>", views.OperatorWebhookView.as_view()),
    path("bonuses", promotion_views.BonusesView.as_view()),
    path("bonuses/<uuid:pk>", promotion_views.BonusView.as_view()),
    path("free-spins", promotion_views.FreeSpinsView.as_view()),
    path("offers", promotion_views.OffersView.as_view()),
    path("admin/bonuses", promotion_views.GrantBonusView.as_view()),
    path("admin/free-spins", promotion_views.GrantFreeSpinsView.as_view()),
]
