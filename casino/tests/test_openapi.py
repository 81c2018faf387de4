"""The API's description: complete, equal to the committed copy, with names that stay and examples that fit."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from casino.api import operations
from casino.api.problem_codes import all_codes
from casino.users.models import User

PROJECT = Path(__file__).resolve().parent.parent.parent
METHODS = ("get", "post", "put", "patch", "delete")
# What clients are generated from: a name that is here stays.
OPERATION_IDS = [
    "admin_adjustments_create",
    "admin_adjustments_list",
    "admin_adjustments_update",
    "admin_affiliates_create",
    "admin_affiliates_list",
    "admin_affiliates_payouts_create",
    "admin_affiliates_statements_list",
    "admin_alerts_acknowledge_create",
    "admin_alerts_list",
    "admin_bonuses_create",
    "admin_deposits_update",
    "admin_financials_retrieve",
    "admin_free_spins_create",
    "admin_games_performance_retrieve",
    "admin_games_update",
    "admin_players_block_create",
    "admin_players_list",
    "admin_players_retrieve",
    "admin_players_unblock_create",
    "admin_rtp_retrieve",
    "admin_settings_partial_update",
    "admin_settings_retrieve",
    "admin_transactions_retrieve",
    "admin_webhooks_list",
    "admin_webhooks_match_create",
    "admin_webhooks_replay_create",
    "admin_webhooks_return_create",
    "admin_withdrawals_list",
    "admin_withdrawals_update",
    "auth_login_create",
    "auth_logout_create",
    "auth_mfa_confirm_create",
    "auth_mfa_enrol_create",
    "auth_mfa_recovery_codes_create",
    "auth_mfa_remove_create",
    "auth_mfa_retrieve",
    "auth_password_create",
    "auth_password_reset_confirm_create",
    "auth_password_reset_create",
    "auth_register_create",
    "auth_user_partial_update",
    "auth_user_retrieve",
    "bets_create",
    "bets_list",
    "bets_proof_retrieve",
    "bets_retrieve",
    "bonuses_destroy",
    "bonuses_list",
    "bonuses_retrieve",
    "categories_list",
    "deposits_cancel_create",
    "deposits_create",
    "deposits_list",
    "deposits_retrieve",
    "exclusions_create",
    "fairness_retrieve",
    "fairness_rotate_create",
    "free_spins_list",
    "games_create",
    "games_destroy",
    "games_list",
    "games_par_retrieve",
    "games_partial_update",
    "games_retrieve",
    "games_update",
    "jackpots_list",
    "limits_retrieve",
    "limits_update",
    "offers_list",
    "operators_list",
    "seed_bots_create",
    "seed_database_create",
    "seed_runs_cancel_create",
    "seed_runs_list",
    "seed_runs_retrieve",
    "seed_simulate_create",
    "session_retrieve",
    "transactions_retrieve",
    "vip_add_xp_create",
    "vip_levels_list",
    "vip_redeem_create",
    "vip_user_retrieve",
    "wallets_list",
    "webhooks_operator",
    "webhooks_platform",
    "withdrawals_cancel_create",
    "withdrawals_create",
    "withdrawals_list",
    "withdrawals_retrieve",
]
CASH_OUT = {"amount": "10.00", "method": "cashapp", "destination": {"account": "$alice"}}
# Known to no operation of REST alone: any address, any method, or what only the back office and the server say.
EVERYWHERE = {
    ("server_error", 500), ("unavailable", 503), ("method_not_allowed", 405), ("refused", 406), ("refused", 403),
    ("refused", 422), ("conflict", 409), ("account_too_large", 503), ("unknown_wallet", 404), ("week_not_over", 422),
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("schema") / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    return file.read_text()


@lru_cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((PROJECT / "docs/openapi.yaml").read_text(), yaml.CSafeLoader)
    return found


def all_operations() -> dict[str, dict[str, Any]]:
    paths = schema()["paths"].values()
    return {item[method]["operationId"]: item[method] for item in paths for method in METHODS if method in item}


def test_the_committed_copy_is_what_the_code_says(written: str):
    assert (PROJECT / "docs/openapi.yaml").read_text() == written, "make openapi"


def test_the_names_of_operations_stay():
    assert sorted(all_operations()) == OPERATION_IDS


def test_every_operation_says_what_it_does_what_it_answers_and_what_it_refuses():
    for name, operation in all_operations().items():
        assert operation.get("description"), name
        assert [code for code in operation["responses"] if code.startswith("2")], name
        assert "default" in operation["responses"], name
        if operation.get("security") and {} not in operation["security"]:
            assert {"not_authenticated", "invalid_token"} <= codes_of(operation, "401"), name
        if "requestBody" in operation:
            assert {"invalid", "malformed"} <= codes_of(operation, "400"), name
            assert {"413", "415"} <= set(operation["responses"]), name


def test_every_operation_shows_what_it_takes_and_what_it_answers():
    """Each call with a body has an example of both, and so has whatever answers JSON."""
    shown: dict[str, list[str]] = {"request": [], "response": []}
    for name, operation in all_operations().items():
        if "requestBody" in operation:
            assert "example" in operation["requestBody"]["content"]["application/json"], name
            shown["request"].append(name)
        good = operation["responses"][min(operation["responses"])]
        if "content" in good:
            assert "example" in good["content"]["application/json"], name
            shown["response"].append(name)
    assert len(shown["request"]) > 35
    assert len(shown["response"]) > 75


def codes_of(operation: dict[str, Any], status: str) -> set[str]:
    content = operation["responses"].get(status, {}).get("content", {})
    return set(content.get("application/problem+json", {}).get("examples", {}))


def test_the_tables_name_only_operations_and_codes_that_exist():
    known = {(one.status, one.code) for one in all_codes()}
    named = {(status, code) for table in operations.OWN.values() for status, codes in table.items() for code in codes}
    assert set(operations.OWN) - set(all_operations()) == set()
    assert named - known == set()


def test_every_code_stands_at_an_operation_or_can_come_from_anywhere():
    at_operations = {
        (code, int(status))
        for operation in all_operations().values()
        for status in operation["responses"]
        if status != "default"
        for code in codes_of(operation, status)
    }
    assert {(one.code, one.status) for one in all_codes()} - at_operations == EVERYWHERE


def test_every_example_is_one_that_the_schema_allows():
    rules = {"components": schema()["components"]}
    checked = 0
    for name, operation in all_operations().items():
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (body.get("content", {}).get("application/json", {}) for body in bodies):
            if "example" in content:
                validator = jsonschema.Draft202012Validator(rules | content["schema"])
                assert not list(validator.iter_errors(content["example"])), name
                checked += 1
    assert checked > 115


def test_a_problem_documents_example_is_a_problem_document():
    validator = jsonschema.Draft202012Validator(
        schema()["components"]["schemas"]["Problem"] | {"components": schema()["components"]}
    )
    for one in schema()["components"]["examples"].values():
        validator.validate(one["value"])


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("post", "/bets", {"game_id": "no-such-game", "wager": "1.00"}, "bets_create"),
        ("post", "/bets", {"game_id": "no-such-game", "wager": "-1"}, "bets_create"),
        ("post", "/deposits", {"amount": "0.001", "method": "generic"}, "deposits_create"),
        ("post", "/withdrawals", CASH_OUT, "withdrawals_create"),
        ("get", "/admin/financials", None, "admin_financials_retrieve"),
        ("post", "/vip/redeem", {"points": "100.00"}, "vip_redeem_create"),
        ("get", "/bets/00000000-0000-0000-0000-000000000000", None, "bets_retrieve"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_of_those_that_the_description_lists(
    alice: User, api: Any, method: str, path: str, body: Any, name: str
):
    answer = getattr(api(alice), method)(path, body)
    assert answer.status_code >= 400
    assert answer.json()["code"] in codes_of(all_operations()[name], str(answer.status_code))
    schema_here = all_operations()[name]["responses"][str(answer.status_code)]["content"]["application/problem+json"][
        "schema"
    ]
    jsonschema.Draft202012Validator({"components": schema()["components"]} | schema_here).validate(answer.json())


def test_the_page_of_problems_has_a_place_for_every_code(client: Any):
    page = client.get("/docs/problems").content.decode()
    assert set(re.findall(r'<dt id="(\w+)">', page)) == {one.code for one in all_codes()}
