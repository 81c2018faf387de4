"""Addresses of people."""

from django.urls import path

from casino.users import views

urlpatterns = [
    path("auth/register", views.RegisterView.as_view()),
    path("auth/login", views.LoginView.as_view()),
    path("auth/logout", views.LogoutView.as_view()),
    path("auth/user", views.UserView.as_view()),
    path("auth/password", views.PasswordView.as_view()),
    path("auth/password/reset", views.PasswordResetView.as_view()),
    path("auth/password/reset/confirm", views.PasswordResetConfirmView.as_view()),
    path("wallets", views.WalletListView.as_view()),
    path("session", views.SessionView.as_view()),
]
