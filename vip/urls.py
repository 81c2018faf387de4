"""Addresses of the VIP programme."""

from django.urls import path

from vip import views

urlpatterns = [
    path("vip/levels", views.LevelsView.as_view()),
    path("vip/user", views.StandingView.as_view()),
    path("vip/redeem", views.RedeemView.as_view()),
    path("vip/add-xp", views.AddXpView.as_view()),
]
