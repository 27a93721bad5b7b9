"""Arithmetic of runs and spans, held against its meaning on numbers written out."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from input_pipelines.pieces import Piece, Run, cut, numbered, span

counts = st.lists(st.integers(1, 20), min_size=1, max_size=8)


def laid_out(runs: tuple[Run, ...]) -> list[tuple[int, str, int]]:
    """(number, path, index in the file) of every example."""
    return [(r.number + i, r.path, r.first + i) for r in runs for i in range(r.count)]


def runs_of(counts: list[int]) -> tuple[Run, ...]:
    return numbered([Piece(f"f{i}", 3 * i, count) for i, count in enumerate(counts)])


@given(st.integers(0, 10_000), st.integers(1, 64))
def test_spans_cover_all_and_differ_by_one_at_most(examples: int, parts: int) -> None:
    spans = [span(examples, part, parts) for part in range(parts)]
    assert spans[0][0] == 0
    assert spans[-1][1] == examples
    assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
    sizes = [end - first for first, end in spans]
    assert max(sizes) - min(sizes) <= 1


@given(counts)
def test_numbers_count_on_over_pieces(counts: list[int]) -> None:
    numbers = [number for number, _, _ in laid_out(runs_of(counts))]
    assert numbers == list(range(sum(counts)))


@given(counts, st.integers(0, 170), st.integers(0, 170))
def test_cut_holds_just_the_positions_asked_for(counts: list[int], first: int, end: int) -> None:
    runs = runs_of(counts)
    assert laid_out(cut(runs, first, end)) == laid_out(runs)[first:end]


@given(counts, st.data())
def test_cut_follows_any_order_of_runs(counts: list[int], data: st.DataObject) -> None:
    runs = tuple(data.draw(st.permutations(runs_of(counts))))
    end = data.draw(st.integers(0, sum(counts)))
    assert laid_out(cut(runs, 0, end)) + laid_out(cut(runs, end, sum(counts))) == laid_out(runs)
