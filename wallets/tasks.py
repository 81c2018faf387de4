"""Money's periodic tasks: hints only; the rows say what is due, and each may run twice."""

from celery import shared_task

from wallets import endings, services


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
