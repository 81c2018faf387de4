"""The audit of the whole house: every app's checks, in one snapshot of the database."""

from collections.abc import Sequence

import betting.audit
import operators.affiliate_audit
import operators.seals
import vip.audit
import wallets.audit
import wallets.promotion_audit
import wallets.withdrawal_audit
from casino.audit import Breach, Check, find_breaches
from operators.snapshots import one_snapshot

CHECKS = sorted(
    [
        *wallets.audit.CHECKS,
        *wallets.promotion_audit.CHECKS,
        *wallets.withdrawal_audit.CHECKS,
        *vip.audit.CHECKS,
        *betting.audit.CHECKS,
        *operators.affiliate_audit.CHECKS,
        *operators.seals.CHECKS,
    ],
    key=lambda check: check.number,
)


def audit(also: Sequence[Check] = ()) -> list[Breach]:
    """What does not hold, by number of the invariant; nothing when the books are sound. ``also``: further checks."""
    with one_snapshot():
        return find_breaches([*CHECKS, *also])
