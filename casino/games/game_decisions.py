"""What staff do to a game in the back office: make it, change its terms or its maths, switch it, retire it."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from casino.admin import Decision, DecisionForm, Panel
from casino.admin.columns import member
from casino.admin.fields import AmountField, AtOperatorForm
from casino.errors import Refusal
from casino.games import paytables, services, versions
from casino.games.jackpots import JackpotGroup
from casino.games.models import Category, Game
from casino.games.specs import GameSpec
from casino.strict_json import parse_json
from operators.models import Operator

FIGURES = {"rtp": "RTP %", "rtp_with_jackpot": "RTP % with jackpots", "sigma": "Sigma", "hit_rate": "Hit rate %",
           "max_multiplier": "Top multiplier", "volatility": "Volatility",
           "bets_needed": "Bets until the RTP is within 0.5 points"}  # fmt: skip


class PaytableField(forms.CharField):
    """A paytable as JSON, numbers exact."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea({"rows": 24, "class": "paytable", "spellcheck": "false"})
        super().__init__(widget=widget, strip=False, help_text="JSON, as the game's kind wants it.", **kwargs)

    def clean(self, value: Any) -> Any:
        try:
            return parse_json(super().clean(value).encode())
        except Refusal as refusal:
            raise forms.ValidationError(refusal.detail) from None


class PaytableForm(DecisionForm):
    paytable = PaytableField()

    def prepare(self) -> None:
        self.initial["paytable"] = json.dumps(self.row.version.paytable, indent=2)


class TermsForm(DecisionForm):
    name = forms.CharField(max_length=120)
    description = forms.CharField(max_length=400, required=False)
    category = forms.ModelChoiceField(Category.objects.all())
    studio = forms.CharField(max_length=80, required=False, label="Provider")
    jackpot_group = forms.ModelChoiceField(JackpotGroup.objects.all(), required=False)
    min_bet = AmountField(label="Lowest bet")
    max_bet = AmountField(label="Highest bet")
    wagering_weight = forms.DecimalField(min_value=0, max_value=10, max_digits=6, decimal_places=4)
    vip_weight = forms.DecimalField(min_value=0, max_value=10, max_digits=6, decimal_places=4, label="VIP weight")
    bonus_allowed = forms.BooleanField(required=False, label="Takes bonus money")
    is_active = forms.BooleanField(required=False, label="Active")

    def prepare(self) -> None:
        if self.row is not None:
            names = ("name", "description", "category", "studio", "jackpot_group", "bonus_allowed", "is_active")
            self.initial.update({name: getattr(self.row, name) for name in names})
            self.initial.update({name: f"{getattr(self.row, name):.2f}" for name in ("min_bet", "max_bet")})
            self.initial.update({name: f"{getattr(self.row, name):.4f}" for name in ("wagering_weight", "vip_weight")})

    def terms(self) -> dict[str, Any]:
        """The game's terms as the services take them."""
        return terms_of(self.cleaned_data)


class NewGameForm(TermsForm):
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in paytables.KINDS])
    paytable = PaytableField()

    def prepare(self) -> None:
        self.initial.update(
            min_bet="0.10", max_bet="100.00", wagering_weight="1", vip_weight="1", bonus_allowed=True, is_active=True
        )
        if self.staff.is_platform_admin:
            operators = Operator.objects.all()
            self.fields["operator"] = forms.ModelChoiceField(operators, required=False, empty_label="Shared by all")


class SwitchForm(AtOperatorForm):
    is_enabled = forms.BooleanField(required=False, label="Switched on")
    min_bet = AmountField(required=False, label="Lowest bet", help_text="Empty: the game's own")
    max_bet = AmountField(required=False, label="Highest bet", help_text="Empty: the game's own")

    def prepare(self) -> None:
        super().prepare()
        switch = self.row.switches.filter(operator=self.staff.operator_id).first() if self.staff.operator_id else None
        self.initial["is_enabled"] = switch is None or switch.is_enabled
        for name in ("min_bet", "max_bet"):
            if switch is not None and getattr(switch, name) is not None:
                self.initial[name] = f"{getattr(switch, name):.2f}"

    def operators(self) -> Any:
        own = {"pk": self.row.operator_id} if self.row.operator_id else {}
        return Operator.objects.filter(**own)


def terms_of(answers: dict[str, Any]) -> dict[str, Any]:
    """A form's answers as the services take them: categories and groups by slug."""
    left_out = ("key", "reason", "operator")
    terms = {name: value for name, value in answers.items() if name not in left_out}
    group = terms["jackpot_group"]
    return {**terms, "category": terms["category"].slug, "jackpot_group": group.slug if group else None}


def _is_own(staff: Any, row: Game) -> bool:
    """Whether the game is the person's to write: the platform's all, a manager's those of their operator."""
    return bool(staff.is_platform_admin or row.operator_id == staff.operator_id)


def _is_kept(row: Game) -> bool:
    return row.retired_at is None


def _create(staff: Any, row: None, answers: dict[str, Any]) -> Any:
    operator = answers.get("operator") if staff.is_platform_admin else staff.operator
    spec = GameSpec(**terms_of(answers), operator_id=operator.pk if operator else None)
    game = services.create_game(spec, staff.pk, answers["reason"])
    assert game.version is not None
    return f"{game} is made; its RTP is {game.version.rtp:f} %.", game


def _change_terms(staff: Any, row: Game, answers: dict[str, Any]) -> str:
    changes: Any = terms_of(answers)
    return f"{services.change_game(row.pk, changes, staff.pk, answers['reason'])} is changed."


def _change_paytable(staff: Any, row: Game, answers: dict[str, Any]) -> str:
    game = services.change_game(row.pk, {"paytable": answers["paytable"]}, staff.pk, answers["reason"])
    assert game.version is not None
    return f"Version {game.version.number} of {game} is in force; its RTP is {game.version.rtp:f} %."


def _compare(staff: Any, row: Game, answers: dict[str, Any]) -> Sequence[Panel]:
    """The figures of the version in force beside those of the new paytable, before anything is saved."""
    assert row.version is not None
    return (_beside("Old and new figures", row.version.par, versions.preview_version(row, answers["paytable"])),)


def _show_new(staff: Any, row: None, answers: dict[str, Any]) -> Sequence[Panel]:
    group: JackpotGroup | None = answers["jackpot_group"]
    sheet = versions.preview_version(Game(kind=answers["kind"], jackpot_group=group), answers["paytable"])
    return (_beside("Figures of the new game", {}, sheet),)


def _beside(title: str, old: dict[str, Any], new: dict[str, Any]) -> Panel:
    lines = [(label, old.get(name, "—"), new[name]) for name, label in FIGURES.items()]
    columns = [member(at, name) for at, name in enumerate(("figure", "now", "new"))]
    return Panel(title, columns, lines)


def _switch(staff: Any, row: Game, answers: dict[str, Any]) -> str:
    limits: dict[str, Decimal | None] = {name: answers[name] for name in ("min_bet", "max_bet")}
    operator = answers["operator"]
    changes: Any = {"is_enabled": answers["is_enabled"], **limits}
    switch = services.set_switch(row.pk, operator.pk, changes, staff.pk, answers["reason"])
    return f"{row} is {'on' if switch.is_enabled else 'off'} at {operator}."


def _retire(staff: Any, row: Game, answers: dict[str, Any]) -> str:
    services.retire_game(row.pk, staff.pk, answers["reason"])
    return f"{row} is retired."


DECISIONS = (
    Decision("paytable", "Change paytable", "Other maths make a new version; bets that were placed keep theirs.",
             _change_paytable, form=PaytableForm, is_due=_is_kept, may=_is_own, preview=_compare, last_label="Save"),
    Decision("terms", "Change terms", "What the game is called, where it stands, what it takes and counts for.",
             _change_terms, form=TermsForm, is_due=_is_kept, may=_is_own, last_label="Save"),
    Decision("switch", "Switch at an operator", "On or off at one operator, and its limits there; they only narrow.",
             _switch, form=SwitchForm, is_due=_is_kept, last_label="Save"),
    Decision("retire", "Retire", "The game is played no more. One that bets name is kept for them.", _retire,
             is_due=_is_kept, may=_is_own),
)  # fmt: skip
NEW_GAME = Decision(
    "new", "New game", "Its exact figures are shown before it is saved.", _create, form=NewGameForm, preview=_show_new,
    last_label="Save",
)  # fmt: skip
