"""Which refusals each operation of the API knows, beside those that its kind brings along; read by the schema.

A code stands under the status that it comes with. What any operation may answer (a server that is away, a fault of
ours) is every operation's ``default`` and stands nowhere else.
"""

from collections.abc import Mapping

Refusals = Mapping[int, tuple[str, ...]]

# What an operation of each kind may answer.
WITH_LOGIN: Refusals = {401: ("not_authenticated", "invalid_token")}
WITH_RIGHTS: Refusals = {403: ("not_permitted",)}
WITH_SECOND_FACTOR: Refusals = {403: ("mfa_required",)}
WITH_COOKIE: Refusals = {403: ("csrf_failed",)}
WITH_PARAMETERS: Refusals = {400: ("invalid",)}
WITH_BODY: Refusals = {400: ("invalid", "malformed"), 413: ("too_large",), 415: ("unsupported_media_type",)}
WITH_ID: Refusals = {404: ("not_found",)}
WITH_LIMIT: Refusals = {429: ("too_many_requests",)}
WITH_OPERATOR: Refusals = {404: ("unknown_operator",)}
WITH_KEY: Refusals = {400: ("invalid",), 422: ("idempotency_key_reused",)}

# Where seeding is off the addresses are not there.
_WHERE_SEEDING: Refusals = {404: ("not_found",)}
# Reads that are gathered (``casino.api.reading``).
_GATHERED: Refusals = {503: ("overloaded", "closing")}
_MAY_NOT_PLAY = ("blocked", "self_excluded", "cooling_off")

OWN: dict[str, Refusals] = {
    "auth_register_create": {400: ("already_registered",), 404: ("unknown_operator",)},
    "auth_login_create": {401: ("invalid_credentials", "mfa_required"), 403: ("blocked",), 429: ("too_many_requests",)},
    "auth_logout_create": {403: ("not_permitted",)},
    "auth_password_create": {429: ("too_many_requests",)},
    "auth_user_partial_update": {
        400: ("already_registered",),
        403: ("not_permitted", "blocked", "self_excluded"),
        404: ("unknown_operator",),
    },
    "auth_mfa_enrol_create": {409: ("mfa_set_up",), 429: ("too_many_requests",)},
    "auth_mfa_confirm_create": {409: ("mfa_set_up", "mfa_not_set_up"), 429: ("too_many_requests",)},
    "auth_mfa_recovery_codes_create": {409: ("mfa_not_set_up",), 429: ("too_many_requests",)},
    "auth_mfa_remove_create": {409: ("mfa_not_set_up",), 429: ("too_many_requests",)},
    "bets_create": {
        400: ("invalid_selections",),
        402: ("insufficient_funds",),
        403: ("not_permitted", *_MAY_NOT_PLAY),
        404: ("unknown_game", "unknown_operator", "unknown_free_spin", "no_wallet"),
        422: ("limit_exceeded", "game_disabled", "bonus_not_allowed", "bonus_max_stake", "idempotency_key_reused"),
        429: ("too_many_requests",),
        503: ("rng_unavailable", "overloaded", "closing"),
    },
    **dict.fromkeys(
        ("auth_user_retrieve", "bets_list", "bonuses_list", "jackpots_list", "session_retrieve", "vip_user_retrieve",
         "wallets_list"), _GATHERED,
    ),
    "bets_proof_retrieve": {409: ("not_provable",)},
    "bonuses_destroy": {409: ("bonus_balance_changed", "bonus_not_active")},
    "deposits_create": {
        403: _MAY_NOT_PLAY,
        404: ("unknown_operator", "no_wallet"),
        422: ("limit_exceeded", "velocity_exceeded"),
    },
    "deposits_cancel_create": {409: ("not_pending",)},
    "offers_list": {403: ("self_excluded",)},
    "withdrawals_create": {
        402: ("insufficient_funds",),
        403: ("blocked",),
        404: ("unknown_operator", "no_wallet"),
        422: (
            "limit_exceeded", "wagering_incomplete", "active_bonus", "velocity_exceeded", "withdrawal_open",
            "account_in_debt",
        ),
    },
    "withdrawals_cancel_create": {409: ("not_pending",)},
    "webhooks_platform": {401: ("invalid_signature",)},
    "webhooks_operator": {401: ("invalid_signature",)},
    "vip_redeem_create": {
        403: _MAY_NOT_PLAY,
        404: ("unknown_operator", "no_wallet"),
        422: ("insufficient_points",),
    },
    "vip_add_xp_create": {404: ("unknown_player",), 422: ("insufficient_points",)},
    "games_list": {404: ("unknown_operator",), **_GATHERED},
    "games_retrieve": {404: ("unknown_game", "unknown_operator")},
    "games_par_retrieve": {404: ("unknown_game",)},
    "games_create": {400: ("invalid_paytable", "rtp_disagrees"), 403: ("not_permitted",), 404: ("unknown_operator",)},
    "games_update": {
        400: ("invalid_paytable", "rtp_disagrees"),
        403: ("not_permitted",),
        404: ("unknown_game",),
        409: ("game_retired",),
    },
    "games_partial_update": {
        400: ("invalid_paytable", "rtp_disagrees"),
        403: ("not_permitted",),
        404: ("unknown_game",),
        409: ("game_retired",),
    },
    "games_destroy": {403: ("not_permitted",), 404: ("unknown_game",)},
    "admin_games_update": {404: ("unknown_game", "unknown_operator"), 409: ("game_retired",)},
    "admin_adjustments_create": {404: ("unknown_player", "unknown_operator"), 402: ("insufficient_funds",)},
    "admin_adjustments_update": {402: ("insufficient_funds",), 409: ("not_pending",)},
    "admin_affiliates_payouts_create": {422: ("payable_exceeded",)},
    "admin_alerts_acknowledge_create": {404: ("unknown_alert",)},
    "admin_bonuses_create": {404: ("unknown_player", "unknown_operator")},
    "admin_free_spins_create": {
        404: ("unknown_player", "unknown_operator", "unknown_game"),
        422: ("game_disabled", "limit_exceeded", "bonus_not_allowed"),
    },
    "admin_deposits_update": {
        409: ("not_in_review",),
        422: ("nothing_in_suspense", "currency_differs", "another_book", "taken_back", "same_payment_twice"),
    },
    "admin_webhooks_match_create": {
        404: ("unknown_deposit",),
        409: ("not_in_suspense", "already_completed"),
        422: ("currency_differs", "another_book", "deposit_in_review", "same_payment_twice", "taken_back"),
    },
    "admin_webhooks_return_create": {409: ("not_in_suspense",), 422: ("deposit_in_review",)},
    "admin_webhooks_replay_create": {409: ("not_stored",)},
    "admin_withdrawals_update": {409: ("not_pending", "account_in_debt")},
    "admin_players_retrieve": {404: ("unknown_player",)},
    "admin_players_block_create": {404: ("unknown_player",)},
    "admin_players_unblock_create": {404: ("unknown_player",)},
    "admin_games_performance_retrieve": {404: ("unknown_game",)},
    "admin_rtp_retrieve": {404: ("unknown_game",)},
    "admin_settings_partial_update": {404: ("unknown_setting",)},
    "seed_database_create": {403: ("demo_accounts_refused",), **_WHERE_SEEDING},
    "seed_bots_create": {404: ("not_found", "unknown_operator"), 409: ("no_operators",)},
    "seed_simulate_create": {409: ("no_operators",), **_WHERE_SEEDING},
    "seed_runs_list": _WHERE_SEEDING,
    "seed_runs_retrieve": {404: ("unknown_run",)},
    "seed_runs_cancel_create": {404: ("unknown_run",), 409: ("run_over",)},
}  # fmt: skip


def merged(*several: Refusals) -> dict[int, tuple[str, ...]]:
    """One table of several, each code once, by status."""
    found: dict[int, dict[str, None]] = {}
    for table in several:
        for status, codes in table.items():
            found.setdefault(status, {}).update(dict.fromkeys(codes))
    return {status: tuple(codes) for status, codes in sorted(found.items())}
