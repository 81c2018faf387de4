"""Addresses of bets."""

from django.urls import path

from betting.views import BetViewSet, JackpotsView

urlpatterns = [
    path("jackpots", JackpotsView.as_view()),
    path("bets", BetViewSet.as_view({"get": "list", "post": "create"})),
    path("bets/<uuid:pk>", BetViewSet.as_view({"get": "retrieve"})),
]
