"""Addresses of bets, jackpots and fairness."""

from django.urls import path

from betting.fairness_views import FairnessView, ProofView, RotationView
from betting.views import BetViewSet, JackpotsView

urlpatterns = [
    path("jackpots", JackpotsView.as_view()),
    path("bets", BetViewSet.as_view({"get": "list", "post": "create"})),
    path("bets/<uuid:pk>", BetViewSet.as_view({"get": "retrieve"})),
    path("bets/<uuid:pk>/proof", ProofView.as_view()),
    path("fairness", FairnessView.as_view()),
    path("fairness/rotate", RotationView.as_view()),
]
