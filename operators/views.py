"""The public list of brands."""

from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny

from operators.models import Operator
from operators.serializers import OperatorSerializer


class OperatorListView(ListAPIView):
    """The brands that take players."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    queryset = Operator.objects.open()
    serializer_class = OperatorSerializer
