"""One fault under load, from the first bet to the proof."""

import time
from collections.abc import Callable
from typing import Any

from casino.tests.faults.blows import Target
from casino.tests.faults.load import Load, Sent
from casino.tests.faults.verdict import prove

WARM_SECONDS, BEFORE_SECONDS, AFTER_SECONDS = 1.0, 5.0, 2.0
RECOVERY_SECONDS, RECOVERY_SHARE = 30, 0.8


# Wagering is due again after a deposit; nobody asks for more than twenty withdrawals a day.
DUE_OF_WITHDRAWALS = ("wagering_incomplete", "velocity_exceeded")


def is_due(refused: Sent) -> bool:
    """A bet above the limit is refused for that, and a withdrawal by its rules; nothing else is refused at all."""
    if refused.kind == "withdrawal":
        return refused.code in DUE_OF_WITHDRAWALS
    return refused.kind == "refusable" and refused.code == "limit_exceeded"


def survive(
    target: Target,
    seed: int,
    blow: Callable[[Target], Any],
    due_refusals: Callable[[Sent], bool] = is_due,
    load: Load | None = None,
) -> Any:
    """Play (``load``, or the usual one), strike, wait until play is back, prove; answers what the blow answers."""
    began = time.monotonic()
    load = load or Load(target.stack.url, seed)
    with load.running():
        time.sleep(WARM_SECONDS + BEFORE_SECONDS)
        struck = time.monotonic()
        before = load.rate(struck - BEFORE_SECONDS, struck)
        found = blow(target)
        over = time.monotonic()
        back = load.recovered_after(over, RECOVERY_SHARE * before, RECOVERY_SECONDS)
        time.sleep(AFTER_SECONDS)
    verdict = prove(load, target.stack, target.database_url, due_refusals)
    print(
        f"{before:.0f}/s before; the fault took {over - struck:.1f} s; "
        + (f"full rate {back:.1f} s after it" if back is not None else "no full rate after it")
        + f"; {verdict}; {time.monotonic() - began:.0f} s in all"
    )
    assert back is not None, f"not back at {RECOVERY_SHARE:.0%} of {before:.0f}/s within {RECOVERY_SECONDS} s"
    return found
