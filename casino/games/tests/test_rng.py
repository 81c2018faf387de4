"""Random words: the published recipe to the letter, the rejection rule, and words that spread evenly."""

import hmac
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from struct import unpack

import pytest

from casino.games.rng import (
    WORD_SPAN,
    acceptance_limit,
    below,
    new_server_seed,
    provably_fair_words,
    seed_hash,
    system_words,
)

SEED = "0123456789abcdef" * 4
CLIENT = "player-client-seed"
# 1 % and 99 % points of chi-square: too even is as suspicious as too uneven.
CHI_SQUARE = {
    9: (2.088, 21.666),
    36: (19.233, 58.619),
    37: (19.960, 59.893),
    51: (30.475, 77.386),
    99: (69.230, 134.642),
}


def chi_square(counts: Counter[int], cells: int) -> float:
    expected = sum(counts.values()) / cells
    return sum((counts[cell] - expected) ** 2 / expected for cell in range(cells))


def test_the_published_example_of_a_seed_and_its_first_round() -> None:
    assert seed_hash(SEED) == "a8ae6e6ee929abea3afcfc5258c8ccd6f85273e0d4626d26c7279f3250f77c8e"
    first = b"".join(word.to_bytes(8, "big") for word in islice(provably_fair_words(SEED, CLIENT, 0), 4))
    assert first.hex() == "43e49e1169b986d9bfe9ed21dad76b330e262d0c5f8a63728023108a88ea3753"


@pytest.mark.parametrize("stream", ["", "jackpot:grand"])
@pytest.mark.parametrize("seed", [SEED, "k", "long" * 40])
def test_every_round_is_hmac_sha256_of_client_seed_nonce_stream_and_round(seed: str, stream: str) -> None:
    middle = f"{stream}:" if stream else ""
    expected = [
        word
        for number in range(12)
        for word in unpack(">4Q", hmac.digest(seed.encode(), f"Zoë:{7}:{middle}{number}".encode(), "sha256"))
    ]
    assert list(islice(provably_fair_words(seed, "Zoë", 7, stream), 48)) == expected


def test_words_of_another_nonce_client_or_stream_are_others() -> None:
    first = next(provably_fair_words(SEED, CLIENT, 0))
    others = [
        provably_fair_words(SEED, CLIENT, 1),
        provably_fair_words(SEED, CLIENT + "x", 0),
        provably_fair_words(SEED, CLIENT, 0, "jackpot:mini"),
        provably_fair_words(SEED[::-1], CLIENT, 0),
    ]
    assert len({first, *(next(words) for words in others)}) == 5


def test_words_of_the_incomplete_last_span_are_skipped() -> None:
    limit = WORD_SPAN // 37 * 37
    assert acceptance_limit(37) == limit
    words = iter([WORD_SPAN - 1, limit, limit - 1, 5])
    assert below(words, 37) == 36
    assert next(words) == 5


def test_a_power_of_two_skips_nothing_and_one_still_takes_a_word() -> None:
    words = iter([WORD_SPAN - 1, WORD_SPAN - 1, 9])
    assert below(words, WORD_SPAN) == WORD_SPAN - 1
    assert below(words, 1) == 0
    assert next(words) == 9


def bets(cells: int, rounds: int) -> Iterator[int]:
    return (below(provably_fair_words(SEED, CLIENT, nonce), cells) for nonce in range(rounds))


@pytest.mark.parametrize("cells", [10, 37, 38, 52, 100])
def test_integers_below_n_spread_evenly_but_not_too_evenly(cells: int) -> None:
    low, high = CHI_SQUARE[cells - 1]
    assert low < chi_square(Counter(bets(cells, 20_000)), cells) < high
    words = provably_fair_words(SEED, CLIENT, 0)
    assert low < chi_square(Counter(below(words, cells) for _ in range(20_000)), cells) < high


def test_system_words_and_new_seeds_do_not_repeat() -> None:
    words = list(islice(system_words(), 1000))
    assert len(set(words)) == 1000
    assert all(0 <= word < WORD_SPAN for word in words)
    seeds = {new_server_seed() for _ in range(100)}
    assert len(seeds) == 100
    assert all(len(seed) == 64 and set(seed) <= set("0123456789abcdef") for seed in seeds)
    assert all(seed_hash(seed) == sha256(seed.encode()).hexdigest() for seed in seeds)
