"""What managers and the platform may set, as rows: an operator's limits and promotions; thresholds, jackpots and VIP.

Each row that changes leaves one significant event: who, why, before and after. What is set takes effect at once, but a
jackpot's terms only after its next win.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction

from betting.models import RngService
from casino.errors import Invalid, Missing
from casino.games.jackpots import JackpotLevel, jackpot_rtp
from casino.games.models import GameVersion
from operators.models import Operator, RngProvider, SignificantEvent
from operators.origins import forget_origins
from operators.platform import PlatformSettings
from vip.models import VipLevel
from wallets.promotions import BonusRule

LIMITS = (
    "max_bet", "deposit_min", "deposit_max", "deposit_daily_max", "deposits_per_hour", "withdrawal_min",
    "withdrawal_daily_max", "withdrawals_per_day", "withdrawal_approval_threshold", "adjustment_threshold",
)  # fmt: skip
# By which generator its games draw; not over REST, where the remote service's own settings are not either.
OPERATOR_CHOICES = ("rng_provider",)
ORIGINS = "allowed_origins"
OPERATOR_RATES = ("affiliate_rate", "points_per_unit", "bonus_points_factor", "bonus_wagering_multiple")
RULE_TERMS = (
    "match_percent", "cap", "amount", "min_deposit", "free_spins", "free_spin_value", "xp", "xp_percent",
    "wagering_multiple", "max_stake", "conversion_cap", "expires_days", "is_once_per_player", "is_active",
)  # fmt: skip
RTP = {
    "least_rounds": "rtp_least_rounds", "amber": "rtp_amber", "red": "rtp_red", "switches_off": "rtp_switches_off",
}  # fmt: skip
VIP_TERMS = ("xp_required", "cashback_rate", "xp_multiplier", "max_bet_factor", "withdrawal_limit")
JACKPOT_TERMS = ("rate", "seed", "odds", "ceiling")
Document = dict[str, Any]


class UnknownSetting(Missing):
    """A bonus rule, VIP level or jackpot level that is to be changed does not exist here."""

    code = "unknown_setting"


def operator_settings(operator: Operator) -> Document:
    """``{operator, currency, limits, affiliate_rate, …, bonus_rules: […]}``; amounts in the operator's currency."""
    rules = BonusRule.objects.filter(operator=operator)
    return {
        "operator": operator.slug,
        "currency": operator.currency,
        "limits": _shown(operator, LIMITS),
        **_shown(operator, (*OPERATOR_RATES, ORIGINS)),
        "bonus_rules": [
            {
                "id": str(rule.pk),
                "name": rule.name,
                "trigger": str(rule.trigger),
                "code": rule.code or None,
                **_shown(rule, RULE_TERMS),
            }
            for rule in rules
        ],
    }


def platform_settings() -> Document:
    """``{rtp: {…}, vip: {platform_share, levels: […]}, jackpots: [{group, currency, levels: […]}]}``."""
    row = PlatformSettings.objects.current()
    groups: dict[str, Document] = {}
    for level in JackpotLevel.objects.select_related("group").order_by("group__slug", "position"):
        group = groups.setdefault(
            level.group.slug, {"group": level.group.slug, "currency": level.group.currency, "levels": []}
        )
        group["levels"].append({"level": level.name, "kind": str(level.kind), **_shown(level, JACKPOT_TERMS)})
    return {
        "rtp": {name: _show(getattr(row, column)) for name, column in RTP.items()},
        "vip": {
            "platform_share": _show(row.vip_platform_share),
            "levels": [
                {"number": level.number, "slug": level.slug, "name": level.name, **_shown(level, VIP_TERMS)}
                for level in VipLevel.objects.all()
            ],
        },
        "jackpots": list(groups.values()),
    }


def change_operator(operator_id: UUID, changes: Mapping[str, Any], actor_id: UUID, reason: str) -> Operator:
    """Change an operator's settings: ``limits``, rates, ``rng_provider`` and ``allowed_origins`` by name,
    ``bonus_rules`` as ``{id, …terms}``.

    Raises UnknownSetting for another operator's rule, Invalid where the result would break a rule of its table or draw
    from a remote service that is not set up.
    """
    _check_generator(operator_id, changes.get("rng_provider", RngProvider.PROVABLY_FAIR))
    with transaction.atomic():
        operator: Operator = Operator.objects.select_for_update(no_key=True).get(pk=operator_id)
        named = (*OPERATOR_RATES, *OPERATOR_CHOICES, ORIGINS)
        rates = {name: changes[name] for name in named if name in changes}
        about: Document = {"operator_id": operator_id, "actor_id": actor_id, "reason": reason}
        _change(operator, {**changes.get("limits", {}), **rates}, {"operator": operator.slug}, about)
        for wanted in changes.get("bonus_rules", ()):
            rows = BonusRule.objects.select_for_update(no_key=True).filter(operator=operator)
            rule = _found(rows.filter(pk=wanted["id"]).first(), f"There is no bonus rule {wanted['id']} here.")
            _change(rule, _without(wanted, "id"), {"bonus_rule": str(rule.pk)}, about)
        if ORIGINS in changes:
            transaction.on_commit(forget_origins)
    return operator


def change_platform(changes: Mapping[str, Any], actor_id: UUID, reason: str) -> None:
    """Change the platform's settings: ``rtp`` by name, ``vip`` (``platform_share``, ``levels`` as ``{number, …}``) and
    ``jackpots`` as ``{group, level, …terms}``. Raises UnknownSetting, and Invalid as ``change_operator`` does or where
    jackpots would lift a game above 100 %."""
    about: Document = {"operator_id": None, "actor_id": actor_id, "reason": reason}
    vip = changes.get("vip", {})
    columns = {RTP[name]: value for name, value in changes.get("rtp", {}).items()}
    if "platform_share" in vip:
        columns["vip_platform_share"] = vip["platform_share"]
    with transaction.atomic():
        if columns:
            PlatformSettings.objects.get_or_create(pk=1)
            _change(PlatformSettings.objects.select_for_update(no_key=True).get(pk=1), columns, {}, about)
        for wanted in vip.get("levels", ()):
            levels = VipLevel.objects.select_for_update(no_key=True).filter(number=wanted["number"])
            level = _found(levels.first(), f"There is no VIP level {wanted['number']}.")
            _change(level, _without(wanted, "number"), {"vip_level": level.number}, about)
        for wanted in changes.get("jackpots", ()):
            _change_jackpot(wanted, about)


def _check_generator(operator_id: UUID, provider: str) -> None:
    if provider not in RngProvider.values:
        raise Invalid.field("rng_provider", "Choose one of the generators.")
    if provider == RngProvider.REMOTE and not RngService.objects.filter(operator=operator_id).exists():
        raise Invalid.field("rng_provider", "No remote service is set up for this operator; its bets would be refused.")


def _change_jackpot(wanted: Mapping[str, Any], about: Document) -> None:
    rows = JackpotLevel.objects.select_for_update(no_key=True, of=("self",)).select_related("group")
    named = f"{wanted['group']}/{wanted['level']}"
    found = rows.filter(group__slug=wanted["group"], name=wanted["level"]).first()
    level = _found(found, f"There is no jackpot level {named}.")
    _change(level, _without(wanted, "group", "level"), {"jackpot": named}, about)
    part = jackpot_rtp(level.group)
    for version in GameVersion.objects.filter(pk__in=level.group.games.values("version")).select_related("game"):
        if max(Fraction(bet["exact"]["rtp"]) for bet in version.par["bets"]) + part > 1:
            raise Invalid.field("jackpots", f"The RTP of {version.game.name} would be above 100 %.", "rtp_above_100")


def _change(row: models.Model, columns: Mapping[str, Any], named: Document, about: Document) -> None:
    """Write what differs of a locked row, and the event that tells of it."""
    new = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if not new:
        return
    before = _shown(row, new)
    for name, value in new.items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save(update_fields=list(new))
    except IntegrityError as error:
        diagnostics = getattr(error.__cause__, "diag", None)
        rule = (getattr(diagnostics, "constraint_name", None) or "what must hold").replace("_", " ")
        raise Invalid(f"This would break a rule: {rule}.") from None
    SignificantEvent.objects.record(
        "settings.changed", before={**named, **before}, after={**named, **_shown(row, new)}, **about
    )


def _found(row: Any, sentence: str) -> Any:
    if row is None:
        raise UnknownSetting(sentence)
    return row


def _without(wanted: Mapping[str, Any], *names: str) -> Document:
    return {name: value for name, value in wanted.items() if name not in names}


def _shown(row: models.Model, names: Any) -> Document:
    return {name: _show(getattr(row, name)) for name in names}


def _show(value: Any) -> Any:
    """Decimals as text: two places at least, and no needless zeros beyond."""
    if not isinstance(value, Decimal):
        return value
    whole, _, places = f"{value:.18f}".partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"
