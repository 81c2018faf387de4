"""Addresses of operators."""

from django.urls import path

from operators.views import OperatorListView

urlpatterns = [path("operators", OperatorListView.as_view())]
