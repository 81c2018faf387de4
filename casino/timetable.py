"""When recurring work is done: the tasks that beat sends, and how often."""

from typing import Any

from celery.schedules import crontab

TIMETABLE: dict[str, dict[str, Any]] = {
    # A message that waited too long is no use: the next one does its work.
    "fold-jackpots": {"task": "betting.tasks.fold_jackpots", "schedule": 1.0, "options": {"expires": 5}},
    "apply-level-rules": {"task": "wallets.tasks.apply_level_rules", "schedule": 60.0},
    "fold-rollups": {"task": "betting.tasks.fold_rollups", "schedule": 300.0},
    "settle-stored-webhooks": {"task": "wallets.tasks.settle_stored_webhooks", "schedule": 30.0},
    "submit-withdrawals": {"task": "wallets.tasks.submit_withdrawals", "schedule": 15.0},
    "send-simulated-payout-events": {
        "task": "wallets.tasks.send_simulated_payout_events",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "expire-deposits": {"task": "wallets.tasks.expire_deposits", "schedule": 60.0},
    # Weekly work runs when the week is over; the sweeps make up for what a run left undone.
    "pay-cashback": {"task": "vip.tasks.pay_cashback", "schedule": crontab(minute="20", hour="0", day_of_week="mon")},
    "sweep-cashback": {
        "task": "vip.tasks.pay_cashback",
        "schedule": crontab(minute="50"),
        "options": {"expires": 3600},
    },
    "grant-rewards": {"task": "vip.tasks.grant_rewards", "schedule": crontab(minute="5"), "options": {"expires": 3600}},
    "accrue-affiliates": {
        "task": "operators.tasks.accrue_affiliates",
        "schedule": crontab(minute="30", hour="0", day_of_week="mon"),
    },
    "sweep-affiliates": {
        "task": "operators.tasks.accrue_affiliates",
        "schedule": crontab(minute="55"),
        "options": {"expires": 3600},
    },
    "seal-ledger": {"task": "operators.tasks.seal_ledger", "schedule": 60.0, "options": {"expires": 60}},
    "watch-rtp": {"task": "operators.tasks.watch_rtp", "schedule": 60.0, "options": {"expires": 60}},
    "remove-gone-games": {
        "task": "casino.games.tasks.remove_gone_games",
        "schedule": crontab(minute="40"),
        "options": {"expires": 3600},
    },
    "expire-bonuses": {"task": "wallets.tasks.expire_bonuses", "schedule": 60.0},
    "sweep-runs": {"task": "seeding.tasks.sweep", "schedule": 2.0, "options": {"expires": 5}},
}
