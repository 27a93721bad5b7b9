"""Which way examples are shared out, on tables of files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from input_pipelines.pieces import Piece, Split
from input_pipelines.sharding import choose, extra_reading, own_part, settled


def split_of(*counts: int) -> Split:
    """A split of one file for each count."""
    pieces = tuple(Piece(f"file-{n}", 0, count) for n, count in enumerate(counts))
    return Split(pieces, None, None, files=tuple(piece.path for piece in pieces))  # type: ignore


@pytest.mark.parametrize(
    ("counts", "readers", "kind", "why"),
    [
        ((100, 100), 1, "data", "there is one reader"),
        ((100, 100, 100), 3, "file", "3 files for 3 readers, each reads its own"),
        ((100,) * 12, 4, "file", "12 files for 4 readers"),
        ((360, 359, 359, 359), 4, "file", "4 files for 4 readers"),
        ((100,) * 16, 3, "file", "16 files for 3 readers"),
        ((100, 100, 100), 8, "data", "too few files: 3 files for 8 readers"),
        ((100,), 2, "data", "too few files: 1 file for 2 readers"),
        ((1000, 1, 1, 1), 4, "data", "4 files are too unequal for 4 readers"),
    ],
)
def test_files_are_shared_out_where_there_are_enough_of_like_size(
    counts: tuple[int, ...], readers: int, kind: str, why: str
) -> None:
    chosen = choose(split_of(*counts), readers)
    assert chosen.kind == kind
    assert chosen.why is not None
    assert why in chosen.why


def test_too_few_files_come_with_the_remedy() -> None:
    cure = "(python -m input_pipelines convert … convert.shards=8)"
    chosen, asked = choose(split_of(9, 9, 9), 8), settled("file", split_of(9, 9, 9), 8)
    assert chosen.why is not None
    assert asked.why is not None
    assert cure in chosen.why
    assert "files are cut" in asked.why
    assert f"{cure} or sharding=data" in asked.why
    assert asked.kind == "file"


@pytest.mark.parametrize("asked", ["data", "file"])
def test_what_was_asked_for_and_is_right_needs_no_word(asked: str) -> None:
    settlement = settled(asked, split_of(5, 5), 2)
    assert (settlement.kind, settlement.why) == (asked, None)


def test_examples_made_in_memory_are_shared_out_one_by_one() -> None:
    made = Split((Piece("", 0, 100),), None, None)  # type: ignore[arg-type]
    assert choose(made, 2).kind == "data"
    assert settled("file", made, 2).why is None


@pytest.mark.parametrize(
    ("counts", "readers", "times"),
    [
        ((10, 10), 2, 1.0),
        ((20,), 2, 2.0),
        ((10, 10, 10), 2, 4 / 3),
        ((40,), 4, 4.0),
    ],
)
def test_a_part_that_begins_within_a_file_costs_reading_up_to_it(
    counts: tuple[int, ...], readers: int, times: float
) -> None:
    assert extra_reading(split_of(*counts), readers) == pytest.approx(times)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=9), st.integers(1, 9))
def test_parts_hold_all_examples_once_and_are_nearly_equal(counts: list[int], parts: int) -> None:
    split = split_of(*counts)
    parts = min(parts, split.examples)
    own = [own_part(split, part, parts) for part in range(parts)]
    numbers = [n for runs in own for run in runs for n in range(run.number, run.number + run.count)]
    assert numbers == list(range(split.examples))
    equal = split.examples / parts
    assert all(abs(sum(run.count for run in runs) - equal) <= 1 + 0.02 * equal for runs in own)
