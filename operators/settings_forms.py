"""Settings as a form: the fields with what stands there now, and what somebody has changed of them.

A field is named by its path in the body that changes settings (``limits.max_bet``, ``levels.2.cashback_rate``), and
carries what stood there when the form was made, so that nobody undoes what they have not seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from casino.games.jackpots import JackpotLevel
from operators.models import Operator, RngProvider
from operators.parameters import (
    JACKPOT_TERMS,
    LIMITS,
    OPERATOR_RATES,
    ORIGINS,
    RTP,
    VIP_TERMS,
    operator_settings,
    platform_settings,
)
from operators.platform import PlatformSettings
from operators.settings_serializers import OperatorSettingsBodySerializer, PlatformSettingsBodySerializer
from vip.models import VipLevel

SEPARATOR = "."


@dataclass
class Field:
    """One setting: ``now`` as it stands, ``was`` as it stood when the form was made, ``text`` as it was sent."""

    name: str
    label: str
    now: Any
    hint: str = ""
    kind: str = "text"
    choices: Iterable[tuple[str, str]] = ()
    was: str = ""
    text: str = ""
    error: str = ""

    def __post_init__(self) -> None:
        self.was = self.text = _written(self.now)

    @property
    def is_changed(self) -> bool:
        return self.text != self.was

    @property
    def value(self) -> Any:
        """What was sent, as JSON would carry it: whole numbers and truths as such, the rest as text."""
        if isinstance(self.now, bool):
            return self.text == "True"
        if isinstance(self.now, int) and self.text.isdecimal():
            return int(self.text)
        if isinstance(self.now, list):
            return [part for part in self.text.replace(",", " ").split() if part]
        return self.text or None


@dataclass
class Group:
    title: str
    fields: list[Field] = field(default_factory=list)


@dataclass
class SettingsForm:
    """The settings of an operator, or (None) of the platform."""

    operator: Operator | None
    groups: list[Group]
    reason: str = ""
    reason_error: str = ""

    @property
    def fields(self) -> list[Field]:
        return [found for group in self.groups for found in group.fields]

    def take(self, sent: Mapping[str, str]) -> None:
        """Fill in what was sent; fields that were not sent stay as they are."""
        self.reason = sent.get("reason", "").strip()
        for found in self.fields:
            if f"was:{found.name}" in sent:
                found.was = sent[f"was:{found.name}"]
                found.text = sent.get(found.name, "False" if found.kind == "check" else "").strip()
            if found.is_changed and found.was != _written(found.now):
                found.error = f"Somebody has changed this meanwhile, to {_written(found.now)}. Look again."

    def changes(self) -> dict[str, Any] | None:
        """What is to be changed, checked and typed; None where something is wrong, which the fields then say."""
        body = _body(found for found in self.fields if found.is_changed)
        provider = body.pop("rng_provider", None)
        kind: Any = OperatorSettingsBodySerializer if self.operator else PlatformSettingsBodySerializer
        checked = kind(data={**body, "reason": self.reason})
        if not checked.is_valid():
            self._tell(dict(_sentences(checked.errors, body)))
        if self.reason_error or any(found.error for found in self.fields):
            return None
        valid = {name: value for name, value in checked.validated_data.items() if name != "reason"}
        return valid | ({"rng_provider": provider} if provider else {})

    def _tell(self, sentences: dict[str, str]) -> None:
        self.reason_error = "Say why." if sentences.pop("reason", "") else ""
        for found in self.fields:
            found.error = found.error or sentences.pop(found.name, "")
        # What belongs to no field is said all the same.
        self.reason_error = self.reason_error or " ".join(sentences.values())


def settings_form(operator: Operator | None) -> SettingsForm:
    """The form with what stands there now."""
    return SettingsForm(operator, _operator_groups(operator) if operator else _platform_groups())


def _operator_groups(operator: Operator) -> list[Group]:
    now = operator_settings(operator)
    limits = [
        Field(f"limits.{name}", _label(name), now["limits"][name], _help(Operator, name)) for name in LIMITS
    ]  # fmt: skip
    rates = [Field(name, _label(name), now[name], _help(Operator, name)) for name in OPERATOR_RATES]
    provider = Field(
        "rng_provider", "Random numbers", str(operator.rng_provider), "Of bets from now on", "choice",
        RngProvider.choices,
    )  # fmt: skip
    origins = Field(ORIGINS, "Origins", now[ORIGINS], _help(Operator, ORIGINS))
    return [
        Group(f"Limits, in {operator.currency}", limits), Group("Rates", rates), Group("Fairness", [provider]),
        Group("Front ends", [origins]),
    ]  # fmt: skip


def _platform_groups() -> list[Group]:
    now = platform_settings()
    rtp = [
        Field(
            f"rtp.{name}", _label(column), now["rtp"][name], _help(PlatformSettings, column),
            "check" if isinstance(now["rtp"][name], bool) else "text",
        )
        for name, column in RTP.items()
    ]  # fmt: skip
    share = now["vip"]["platform_share"]
    shared = Field("vip.platform_share", "Platform's share", share, _help(PlatformSettings, "vip_platform_share"))
    levels = [
        Group(
            f"VIP level {level['number']}: {level['name']}",
            [
                Field(f"vip.levels.{level['number']}.{name}", _label(name), level[name], _help(VipLevel, name))
                for name in VIP_TERMS
            ],
        )
        for level in now["vip"]["levels"]
    ]
    jackpots = [
        Group(
            f"Jackpot {group['group']}, {level['level']} ({level['kind']}, {group['currency']})",
            [
                Field(
                    f"jackpots.{group['group']}/{level['level']}.{name}", _label(name), level[name],
                    _help(JackpotLevel, name),
                )
                for name in JACKPOT_TERMS
                if level[name] is not None
            ],
        )
        for group in now["jackpots"]
        for level in group["levels"]
    ]  # fmt: skip
    return [Group("RTP monitor", rtp), Group("Shared VIP costs", [shared]), *levels, *jackpots]


def _body(changed: Iterable[Field]) -> dict[str, Any]:
    """The changed fields as the body that the serializers check: lists of rows where paths name rows."""
    body: dict[str, Any] = {}
    rows: dict[str, dict[str, Any]] = {}
    for found in changed:
        *path, name = found.name.split(SEPARATOR)
        if path[:1] == ["jackpots"]:
            if path[1] not in rows:
                group, level = path[1].split("/")
                rows[path[1]] = {"group": group, "level": level}
                body.setdefault("jackpots", []).append(rows[path[1]])
            rows[path[1]][name] = found.value
        elif path[:2] == ["vip", "levels"]:
            if path[2] not in rows:
                rows[path[2]] = {"number": int(path[2])}
                body.setdefault("vip", {}).setdefault("levels", []).append(rows[path[2]])
            rows[path[2]][name] = found.value
        else:
            (body.setdefault(path[0], {}) if path else body)[name] = found.value
    return body


def _sentences(errors: Any, body: Any, path: str = "") -> list[tuple[str, str]]:
    """Each fault as (the field's name, a sentence); rows of lists, whose faults are keyed by their number, are named as
    the form names them."""
    if not isinstance(errors, Mapping):
        return [(path, " ".join(str(error) for error in errors))]
    found = []
    for key, inner in errors.items():
        is_row = isinstance(body, list)
        step = _row_name(body[key]) if is_row else str(key)
        inside = body[key] if is_row else body.get(key) if isinstance(body, Mapping) else None
        found += _sentences(inner, inside, f"{path}{SEPARATOR}{step}" if path else step)
    return found


def _row_name(row: Mapping[str, Any]) -> str:
    return str(row["number"]) if "number" in row else f"{row['group']}/{row['level']}"


def _label(name: str) -> str:
    words = name.replace("_", " ").removeprefix("rtp ")
    return words[:1].upper() + words[1:]


def _help(model: Any, name: str) -> str:
    return str(model._meta.get_field(name).help_text)


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)
