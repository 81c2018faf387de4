"""Money's periodic tasks: hints only; the rows say what is due, and each may run twice."""

from celery import shared_task

from wallets import endings, level_rules, payout_runs, payout_simulator, services


@shared_task
def settle_stored_webhooks() -> int:
    """Settle the provider events that could not be settled when they came."""
    return services.settle_stored_webhooks()


@shared_task
def expire_deposits() -> int:
    """End the pending deposits whose time is over."""
    return services.expire_deposits()


@shared_task
def expire_bonuses() -> int:
    """End the active bonuses whose time is over."""
    return endings.expire_bonuses()


@shared_task
def apply_level_rules() -> int:
    """Grant what the operators' rules give for levels reached."""
    return level_rules.apply_due_level_rules()


@shared_task
def submit_withdrawals() -> int:
    """Submit approved withdrawals to the payout provider, and ask again about those whose outcome is due."""
    return payout_runs.submit_withdrawals()


@shared_task
def send_simulated_payout_events() -> int:
    """Play the simulated payout provider: tell how the payouts that have taken long enough ended."""
    return payout_simulator.send_due_events()
