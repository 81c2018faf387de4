"""Addresses of operators."""

from django.urls import include, path

from operators.views import OperatorListView

urlpatterns = [
    path("operators", OperatorListView.as_view()),
    path("", include("operators.affiliate_urls")),
]
