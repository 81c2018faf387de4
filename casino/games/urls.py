"""The addresses of games, categories and operators' switches."""

from django.urls import path

from casino.games import views

urlpatterns = [
    path("games", views.GameList.as_view()),
    path("games/<slug:name>", views.GameDetail.as_view()),
    path("games/<slug:name>/par", views.GamePar.as_view()),
    path("categories", views.CategoryList.as_view()),
    path("admin/games/<slug:name>", views.GameSwitches.as_view()),
]
