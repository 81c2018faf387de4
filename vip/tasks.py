"""The VIP programme's periodic work: hints only; the rows say what is due, and each task may run twice and at once."""

from celery import shared_task

from vip import cashback, rewards


@shared_task
def pay_cashback() -> int:
    """Pay what is due for last week; answers how many were paid."""
    return cashback.pay_cashback().paid


@shared_task
def grant_rewards() -> int:
    """Grant the level-up rewards that are due; answers how many."""
    return rewards.grant_due_rewards()
