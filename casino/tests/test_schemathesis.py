"""The OpenAPI document against the site: generated requests by every kind of person break nothing and are answered
with what the document says."""

from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from casino.api.throttling import connection as redis_connection
from casino.tests.access import Caller, things_of
from casino.tests.test_access_matrix import (
    Cast,
    callers,
    coin,
    ever_lose,
    make_game,
    make_jackpot,
    order_of,
    play,
    world,
)  # fmt: skip
from operators.tests.backoffice_world import World

__all__ = ["callers", "coin", "ever_lose", "make_game", "make_jackpot", "order_of", "play", "world"]
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]
# It makes the demo's brands and games, which takes seconds, whatever is sent.
LEFT_OUT = {"/seed/database"}


@pytest.fixture(scope="module")
def operations() -> list[Any]:
    document = SchemaGenerator().get_schema(request=None, public=True)
    schema = schemathesis.openapi.from_dict(document)
    return [found.ok() for found in schema.get_all_operations() if found.ok().path not in LEFT_OUT]


def answer_of(caller: Caller, case: Any) -> Response:
    """What the site answers to a generated case, in the terms of its checks; what it wrote is taken back."""
    sent = case.as_transport_kwargs(base_url="http://testserver")
    redis_connection().flushdb()
    prepared = requests.Request(
        **{name: sent[name] for name in ("method", "url", "params", "headers", "data", "json") if name in sent}
    ).prepare()
    body = prepared.body or b""
    raw = body.encode() if isinstance(body, str) else body
    headers = {name: value for name, value in prepared.headers.items() if name != "Content-Length"}
    kind = headers.pop("Content-Type", "application/json")
    client: APIClient = caller.client
    with transaction.atomic():
        answer = client.generic(case.method, prepared.path_url, raw, kind, headers=headers)
        content = answer.getvalue() if answer.streaming else answer.content
        transaction.set_rollback(True)
    return Response(
        status_code=answer.status_code, headers={name.lower(): [value] for name, value in answer.items()},
        content=content, request=prepared, elapsed=0.0, verify=False, encoding="utf-8", http_version="1.1",
    )  # fmt: skip


def try_out(operation: Any, caller: Caller, ids: str | None, examples: int) -> tuple[int, list[str]]:
    """So many valid and invalid requests to one operation; answers how many were sent, and what was wrong."""
    faults: list[str] = []
    sent = 0

    @settings(
        max_examples=examples, database=None, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=st.data())
    def attempt(data: Any) -> None:
        nonlocal sent
        case = data.draw(operation.as_strategy(generation_mode=data.draw(st.sampled_from(GenerationMode))))
        for name in ("id", "pk", "name"):
            if ids and name in (case.path_parameters or {}) and data.draw(st.booleans()):
                case.path_parameters[name] = ids
        sent += 1
        try:
            case.validate_response(answer_of(caller, case), checks=CHECKS)
        except FailureGroup as group:
            faults.extend(f"{case.method} {case.formatted_path} {case.body!r}: {fault}" for fault in group.exceptions)

    with suppress(Unsatisfiable):
        # Nothing can be wrong with a request that takes nothing.
        attempt()
    return sent, faults


def check(operations: list[Any], callers: Cast, world: World, roles: tuple[str, ...], examples: int) -> int:
    """Try each operation as each of ``roles``; answers how many requests were sent."""
    things, total, faults = things_of(world), 0, []
    for operation in operations:
        ids = things.get(operation.path.partition("/{")[0].strip("/"))
        for role in roles:
            sent, found = try_out(operation, callers[role], ids, examples)
            total += sent
            faults += [f"{role}: {fault}" for fault in found]
    assert faults == [], "\n\n".join(faults[:20])
    return total


def test_generated_requests_are_answered_as_documented(operations: list[Any], callers: Cast, world: World):
    assert len(operations) >= 75
    sent = check(operations, callers, world, ("alice", "olga", "petra"), 2)
    print(f"{sent} requests to {len(operations)} operations")
    assert sent > 350


@pytest.mark.slow
def test_many_more_generated_requests_by_everybody(operations: list[Any], callers: Cast, world: World):
    sent = check(operations, callers, world, ("nobody", "boris", "sam", "fiona", "olga", "bruno", "petra"), 15)
    print(f"{sent} requests to {len(operations)} operations")
    assert sent > 7_000
