"""The second factor over REST, for players and staff alike."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from casino.api.fields import StrictCharField, StrictSerializer
from casino.users import mfa
from casino.users.serializers import PasswordField


class MfaStandingSerializer(serializers.Serializer):
    is_set_up = serializers.BooleanField()
    is_shown = serializers.BooleanField(help_text="Whether this session began with a code")
    recovery_codes_left = serializers.IntegerField()


class MfaPasswordSerializer(StrictSerializer):
    password = PasswordField()


class MfaCodeSerializer(StrictSerializer):
    code = StrictCharField(max_length=32, help_text="That the app shows now")


class MfaProofSerializer(StrictSerializer):
    """Either of the two."""

    password = PasswordField(required=False)
    code = StrictCharField(max_length=32, required=False, help_text="That the app shows now")


class MfaEnrolmentSerializer(serializers.Serializer):
    secret = serializers.CharField(help_text="Base 32, to be typed into the app")
    uri = serializers.CharField(help_text="otpauth: address, to be shown as a QR code")


class RecoveryCodesSerializer(serializers.Serializer):
    recovery_codes = serializers.ListField(child=serializers.CharField(), help_text="Each logs in once")


class MfaView(APIView):
    @extend_schema(responses=MfaStandingSerializer)
    def get(self, request: Request) -> Response:
        """How one's second factor stands."""
        return Response(MfaStandingSerializer(mfa.read_standing(*_who(request))).data)


class MfaEnrolView(APIView):
    @extend_schema(request=MfaPasswordSerializer, responses=MfaEnrolmentSerializer)
    def post(self, request: Request) -> Response:
        """Begin to set an authenticator app up; nothing changes before its first code is confirmed."""
        sent = _checked(MfaPasswordSerializer, request)
        return Response(MfaEnrolmentSerializer(mfa.begin(request._request, *_who(request), **sent)).data)


class MfaConfirmView(APIView):
    @extend_schema(request=MfaCodeSerializer, responses=RecoveryCodesSerializer)
    def post(self, request: Request) -> Response:
        """Confirm the app by its first code; from now on logging in asks for one. Answers the recovery codes."""
        sent = _checked(MfaCodeSerializer, request)
        return Response({"recovery_codes": mfa.confirm(request._request, *_who(request), **sent)})


class MfaRecoveryCodesView(APIView):
    @extend_schema(request=MfaProofSerializer, responses=RecoveryCodesSerializer)
    def post(self, request: Request) -> Response:
        """The recovery codes that are left, for who proves to be there."""
        sent, (user, _) = _checked(MfaProofSerializer, request), _who(request)
        return Response({"recovery_codes": mfa.read_recovery_codes(request._request, user, **sent)})


class MfaRemoveView(APIView):
    @extend_schema(request=MfaProofSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Take the app and the recovery codes away."""
        mfa.remove(request._request, *_who(request), **_checked(MfaProofSerializer, request))
        return Response(status=204)


def _checked(serializer_class: Any, request: Request) -> dict[str, Any]:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    checked: dict[str, Any] = serializer.validated_data
    return checked


def _who(request: Request) -> tuple[Any, Any]:
    """The caller and their session."""
    return request.user, request.auth
