"""Ids of version 7: their layout, their order, and that no two are alike."""

import multiprocessing
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest

from casino import ids
from casino.ids import first_id_of, uuid7

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def none_made_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests made near ``MOMENT`` would be counted on from."""
    monkeypatch.setattr(ids, "_last", 0)


def random_bits(one: UUID) -> int:
    return one.int & (1 << 62) - 1


def test_an_id_tells_its_version_and_its_moment():
    one = uuid7(MOMENT)
    assert (one.version, one.variant) == (7, RFC_4122)
    assert one.int >> 80 == int(MOMENT.timestamp() * 1000)
    assert first_id_of(MOMENT) < one < first_id_of(MOMENT + timedelta(milliseconds=1))


def test_an_id_without_a_moment_is_of_now():
    before, one, after = time.time_ns(), uuid7(), time.time_ns()
    assert before // 1_000_000 <= one.int >> 80 <= after // 1_000_000 + 1000


def test_ids_of_one_moment_sort_as_they_were_made():
    # More than are fetched at once.
    made = [uuid7(MOMENT) for _ in range(2000)]
    assert made == sorted(made)
    assert len({random_bits(one) for one in made}) == 2000


def test_a_clock_set_back_a_little_disturbs_no_order_and_one_set_back_far_is_followed():
    later = uuid7(MOMENT + timedelta(days=1))
    assert uuid7(MOMENT + timedelta(days=1, seconds=-0.5)) > later
    assert uuid7(MOMENT).int >> 80 == int(MOMENT.timestamp() * 1000)


def test_the_random_bits_are_all_used():
    seen_set = seen_clear = 0
    for _ in range(200):
        bits = random_bits(uuid7())
        seen_set, seen_clear = seen_set | bits, seen_clear | ~bits
    assert seen_set == seen_clear & (1 << 62) - 1 == (1 << 62) - 1


def test_threads_never_make_the_same_id():
    made: list[list[UUID]] = [[] for _ in range(8)]
    threads = [
        threading.Thread(target=lambda mine=mine: mine.extend(uuid7(MOMENT) for _ in range(2000))) for mine in made
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [one for mine in made for one in mine]
    assert len({random_bits(one) for one in everything}) == len(set(everything)) == 16_000
    assert all(before < after for mine in made for before, after in pairwise(mine))


def _make_some(answers: "multiprocessing.SimpleQueue[list[UUID]]") -> None:
    answers.put([uuid7(MOMENT) for _ in range(600)])


def test_a_forked_process_shares_no_random_bits_with_its_parent():
    uuid7()  # so that some are fetched and not used yet
    assert ids._unused
    forking = multiprocessing.get_context("fork")
    answers = forking.SimpleQueue()
    children = [forking.Process(target=_make_some, args=(answers,)) for _ in range(2)]
    for child in children:
        child.start()
    made = [*answers.get(), *answers.get(), *(uuid7(MOMENT) for _ in range(600))]
    for child in children:
        child.join(10)
    assert len({random_bits(one) for one in made}) == 1800
