"""Wherever a sweep is cut off, going on with it makes each run exactly once, rounds interleaved."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.sweeps import journal as rules
from launcher.sweeps.journal import Cell, Ending, interleaved, next_run
from results.run_folder import now
from results.sweep_folder import (
    DONE,
    FAILED,
    INTERRUPTED,
    NOT_APPLICABLE,
    RUNNING,
    Journal,
    read_journal,
    write_journal,
)

_EVENTS = (
    "done",
    "fails",
    "interrupted by a person",
    "killed before it is in the journal",
    "killed while it runs",
    "killed when it has ended but the journal doesn't say so",
    "killed when it has failed but the journal doesn't say so",
)


def sweep(cells: int, repeats: int = 1, seed: int = 0, senseless: tuple[int, ...] = ()) -> Journal:
    every = [Cell((f"cell={n}",), "no sense" if n in senseless else None) for n in range(cells)]
    runs = interleaved(every, repeats, seed)
    return Journal(words=(), identity={}, runs=runs, created=now())


def happens(journal: Journal, event: str, retries: int) -> tuple[Journal, str | None]:
    """The journal that the next launcher finds; what the run that was next came to, if it ended."""
    run = next_run(journal, retries)
    assert run is not None
    if event == "killed before it is in the journal":
        return journal, None
    journal = rules.begun(rules.waiting_again(journal, run), run, now(), None)
    (going,) = [each for each in journal.runs if each.state == RUNNING]
    if event == "done":
        return rules.ended(journal, going, Ending(DONE, None, 1.0)), DONE
    if event == "fails":
        return rules.ended(journal, going, Ending(FAILED, "why", 1.0)), FAILED
    if event == "interrupted by a person":
        return rules.ended(journal, going, Ending(INTERRUPTED)), None
    if event == "killed while it runs":
        return rules.cut_off(journal, {}), None
    state = DONE if "ended" in event else FAILED
    return rules.cut_off(journal, {going.number: Ending(state, None, 1.0)}), state


@settings(max_examples=150, deadline=None)
@given(
    cells=st.integers(1, 5),
    repeats=st.integers(1, 4),
    seed=st.integers(0, 9),
    senseless=st.sets(st.integers(0, 4)),
    retries=st.integers(0, 2),
    events=st.lists(st.sampled_from(_EVENTS), max_size=60),
)
def test_sweep_cut_off_anywhere_makes_each_run_exactly_once(
    cells, repeats, seed, senseless, retries, events, tmp_path_factory
):
    journal = sweep(cells, repeats, seed, tuple(senseless))
    folder: Path = tmp_path_factory.getbasetemp() / "cut-off"
    begun: list[int] = []
    came_to: dict[int, Counter] = {run.number: Counter() for run in journal.runs}
    script = iter(events)
    while (run := next_run(journal, retries)) is not None:
        if run.number not in begun:
            begun.append(run.number)
        journal, state = happens(journal, next(script, "done"), retries)
        came_to[run.number][state] += 1
        folder.mkdir(exist_ok=True)
        write_journal(folder, journal)
        assert read_journal(folder) == journal
    for run in journal.runs:
        if run.cell in senseless:
            assert run.state == NOT_APPLICABLE
            assert not came_to[run.number]
        elif run.state == DONE:
            assert came_to[run.number][DONE] == 1
            assert came_to[run.number][FAILED] == run.failures <= retries
        else:
            assert run.state == FAILED
            assert came_to[run.number][DONE] == 0
            assert came_to[run.number][FAILED] == run.failures == retries + 1
    blocks = {run.number: run.block for run in journal.runs}
    assert [blocks[number] for number in begun] == sorted(blocks[number] for number in begun)


@settings(max_examples=60, deadline=None)
@given(cells=st.integers(1, 6), repeats=st.integers(1, 5), seed=st.integers(0, 99))
def test_each_round_holds_each_configuration_once(cells, repeats, seed):
    runs = sweep(cells, repeats, seed).runs
    assert sorted(run.number for run in runs) == list(range(cells * repeats))
    for block in range(repeats):
        one_round = runs[block * cells : (block + 1) * cells]
        assert {run.block for run in one_round} == {run.repeat for run in one_round} == {block}
        assert sorted(run.cell for run in one_round) == list(range(cells))


def test_order_of_rounds_is_shuffled_by_the_seed_and_by_nothing_else():
    orders = {seed: [run.cell for run in sweep(6, 3, seed).runs] for seed in (1, 1, 2)}
    assert orders[1] == [run.cell for run in sweep(6, 3, 1).runs]
    assert orders[1] != orders[2]
    assert orders[1][:6] != orders[1][6:12]


def test_sweep_without_repeats_keeps_the_order_of_the_command_line():
    assert [run.cell for run in sweep(5, seed=7).runs] == [0, 1, 2, 3, 4]


def test_what_makes_no_sense_is_there_once_and_settled():
    runs = sweep(3, repeats=2, senseless=(1,)).runs
    assert [run.state for run in runs].count(NOT_APPLICABLE) == 1
    assert len(runs) == 5


def test_failed_run_is_begun_again_at_once_and_only_as_often_as_asked():
    journal = sweep(2)
    for failures in (1, 2):
        journal, _ = happens(journal, "fails", retries=1)
        assert journal.runs[0].failures == failures
    again = next_run(journal, retries=1)
    assert again is not None
    assert again.number == 1
    later = next_run(journal, retries=2)
    assert later is not None
    assert later.number == 0


@pytest.mark.parametrize("state", [RUNNING, INTERRUPTED])
def test_sweep_with_something_left_is_not_done(state):
    journal = sweep(1)
    run = rules.begun(journal, journal.runs[0], now(), None)
    assert rules.final_state(run) == INTERRUPTED
    ended = rules.ended(run, run.runs[0], Ending(FAILED, "why"))
    assert rules.final_state(ended) == DONE
