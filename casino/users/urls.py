"""Addresses of people."""

from django.urls import path

from casino.users import mfa_views, protection_views, views

urlpatterns = [
    path("auth/register", views.RegisterView.as_view()),
    path("auth/login", views.LoginView.as_view()),
    path("auth/logout", views.LogoutView.as_view()),
    path("auth/user", views.UserView.as_view()),
    path("auth/password", views.PasswordView.as_view()),
    path("auth/password/reset", views.PasswordResetView.as_view()),
    path("auth/password/reset/confirm", views.PasswordResetConfirmView.as_view()),
    path("auth/mfa", mfa_views.MfaView.as_view()),
    path("auth/mfa/enrol", mfa_views.MfaEnrolView.as_view()),
    path("auth/mfa/confirm", mfa_views.MfaConfirmView.as_view()),
    path("auth/mfa/recovery-codes", mfa_views.MfaRecoveryCodesView.as_view()),
    path("auth/mfa/remove", mfa_views.MfaRemoveView.as_view()),
    path("wallets", views.WalletListView.as_view()),
    path("session", views.SessionView.as_view()),
    path("limits", protection_views.LimitsView.as_view()),
    path("exclusions", protection_views.ExclusionsView.as_view()),
    path("admin/players/<uuid:pk>/block", protection_views.BlockView.as_view()),
    path("admin/players/<uuid:pk>/unblock", protection_views.UnblockView.as_view()),
]
