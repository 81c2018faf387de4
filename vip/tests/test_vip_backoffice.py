"""The VIP programme in the back office: terms are the platform's alone, an operator sees its own costs and shares."""

from decimal import Decimal
from typing import Any

import pytest

from casino.users.models import User
from operators.models import Operator, SignificantEvent
from vip import rewards
from vip.models import VipLevel
from vip.programme import VipCostShare, VipProgramme
from vip.tests.scenes import a_game, bet_at, give_xp, open_the_limits, pay_in

PAGES = ("standing", "levelreached", "pointsmovement", "vipcost", "vipcostshare", "cashback")


@pytest.fixture
def shared(
    books_close: None, alice: User, aurora: Operator, borealis: Operator, cascade: Operator, provider_account: Any
) -> None:
    """Alice's silver reward at Aurora, of which Borealis bears a part."""
    a_game("even", "1")
    open_the_limits()
    for operator in (aurora, borealis):
        pay_in(alice, operator, "100.00")
        bet_at(alice, operator, "even", "100.00")
    give_xp(alice, "1000", aurora)
    assert rewards.grant_due_rewards() == 1


def rows(client: Any, user: User, page: str) -> int:
    client.force_login(user)
    answer = client.get(f"/backoffice/vip/{page}/")
    assert answer.status_code == 200, page
    return int(answer.context["cl"].result_count)


@pytest.mark.usefixtures("shared")
def test_each_sees_its_own_rows(client: Any, olga: User, bruno: User, petra: User):
    assert {
        page: (rows(client, olga, page), rows(client, bruno, page), rows(client, petra, page)) for page in PAGES
    } == {
        "standing": (1, 1, 1),
        "levelreached": (1, 0, 1),
        "pointsmovement": (1, 0, 1),
        "vipcost": (1, 0, 1),
        "vipcostshare": (1, 1, 3),
        "cashback": (0, 0, 0),
    }
    client.force_login(bruno)
    theirs = VipCostShare.objects.get(operator__slug="aurora")
    assert client.get(f"/backoffice/vip/vipcostshare/{theirs.pk}/change/").status_code in (302, 403, 404)
    assert client.get(f"/backoffice/vip/vipcost/{theirs.cost_id}/change/").status_code in (302, 403, 404)


def test_the_terms_are_the_platforms_to_edit_and_each_change_is_an_event(client: Any, olga: User, petra: User):
    VipProgramme.objects.get_or_create(id=1)
    path = "/backoffice/vip/viplevel/1/change/"
    terms = {
        "slug": "silver", "name": "Silver", "xp_required": "1000", "cashback_rate": "0.04", "xp_multiplier": "1.1",
        "max_bet_factor": "1.5", "withdrawal_limit": "10000", "reward_bonus": "7.50", "reward_wagering_multiple": "10",
        "reward_free_spins": "0", "reward_free_spin_value": "0.10", "reward_free_spin_game": "", "reason": "Richer",
    }  # fmt: skip
    client.force_login(olga)
    assert client.get(path).status_code == 403
    assert client.post(path, terms).status_code == 403
    assert client.get("/backoffice/vip/vipprogramme/1/change/").status_code == 403
    client.force_login(petra)
    assert client.get(path).status_code == 200
    assert client.get("/backoffice/vip/vipprogramme/1/change/").status_code == 200
    # Without a reason nothing changes.
    assert client.post(path, terms | {"reason": ""}).status_code == 200
    assert not SignificantEvent.objects.exists()
    assert client.post(path, terms).status_code == 302
    assert (VipLevel.objects.get(number=1).reward_bonus, VipLevel.objects.get(number=1).cashback_rate) == (
        Decimal("7.5"), Decimal("0.04"),
    )  # fmt: skip
    event = SignificantEvent.objects.get()
    assert (event.kind, event.actor, event.reason) == ("viplevel.changed", petra, "Richer")
    assert (Decimal(event.before["reward_bonus"]), Decimal(event.after["reward_bonus"])) == (Decimal(5), Decimal("7.5"))
