"""The parts of a step against rows whose parts are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.breakdown import (
    PARTS,
    mean_parts,
    overlapping_parts,
    staleness,
    staleness_mean,
    synchronous_parts,
)
from benchmarks.throughput import StepRows

FIELDS = ("wait", "pull", "compute", "communicate", "push", "update", "agree", "queue", "call")


def rows(start: float, steps: int, rest: float, first: int = 1, **parts: float) -> StepRows:
    """Steps that follow each other, each of the same `parts` (seconds) and `rest`."""
    told = {name: np.full(steps, parts.get(name, np.nan)) for name in FIELDS}
    seconds = np.full(steps, rest + sum(parts.values()))
    return StepRows(
        step=first + np.arange(steps),
        start=start + np.arange(steps) * seconds[0],
        seconds=seconds,
        wait_seconds=told["wait"],
        examples=np.full(steps, 32),
        loss=np.full(steps, np.nan),
        pull_seconds=told["pull"],
        compute_seconds=told["compute"],
        communicate_seconds=told["communicate"],
        push_seconds=told["push"],
        update_seconds=told["update"],
        agree_seconds=told["agree"],
        queue_seconds=told["queue"],
        call_seconds=told["call"],
    )


def test_waiting_for_the_slowest_is_told_from_transfer():
    fast = rows(0.0, 20, rest=1, wait=2, compute=10, communicate=12, update=3, agree=1)
    slow = rows(0.0, 20, rest=1, wait=2, compute=15, communicate=7, update=3, agree=1)
    found = synchronous_parts({"chief-0": fast, "worker-0": slow})
    assert (found["chief-0"].straggle, found["chief-0"].transfer) == pytest.approx((5, 8))
    assert (found["worker-0"].straggle, found["worker-0"].transfer) == pytest.approx((0, 8))
    mean = mean_parts(found)
    assert mean is not None
    assert (mean.step, mean.straggle, mean.compute) == pytest.approx((29, 2.5, 12.5))
    assert mean.queue is None


def test_only_steps_that_every_task_wrote_down_are_compared():
    parts = {"wait": 1, "compute": 1, "communicate": 1, "update": 1, "agree": 0}
    whole, cut = rows(0.0, 20, rest=0, **parts), rows(4.0, 10, rest=0, first=2, **parts)
    found = synchronous_parts({"chief-0": whole, "worker-0": cut})
    assert {of.straggle for of in found.values()} == {0.0}


def test_rows_that_do_not_tell_have_no_parts():
    silent = rows(0.0, 5, rest=0, wait=1)
    told = rows(0.0, 5, rest=0, wait=1, compute=1, communicate=1, update=1, agree=0)
    assert synchronous_parts({"chief-0": told, "worker-0": silent}) == {}
    assert overlapping_parts({"worker-0": silent}) == {}
    assert synchronous_parts({}) == {} == overlapping_parts({})
    assert mean_parts({}) is None
    assert staleness_mean({"worker-0": silent}) is None


def test_what_lies_between_two_calls_is_a_part_where_rows_tell():
    parts = {"wait": 1, "compute": 4, "communicate": 2, "update": 1, "agree": 0}
    (older,) = synchronous_parts({"chief-0": rows(0.0, 8, rest=3, **parts)}).values()
    (of,) = synchronous_parts({"chief-0": rows(0.0, 8, rest=1, **parts, call=2)}).values()
    assert (older.call, older.rest, older.step) == (None, 3, 11)
    assert (of.call, of.rest, of.step) == pytest.approx((2, 1, 11))


def test_a_pause_is_no_part_of_a_step_and_is_told():
    parts = {"wait": 1, "compute": 4, "communicate": 2, "update": 1, "agree": 0}
    before, after = rows(0.0, 10, rest=2, **parts), rows(125.0, 10, rest=2, first=11, **parts)
    both = StepRows(
        **{
            name: np.concatenate([column, getattr(after, name)])
            for name, column in vars(before).items()
        }
    )
    (found,) = synchronous_parts({"chief-0": both}).values()
    assert found.step == pytest.approx(10)
    assert found.unaccounted_share == pytest.approx(25 / 225)


def test_reading_and_handing_over_are_told_apart_where_rows_tell():
    parts = {"wait": 1, "compute": 5, "update": 2, "queue": 3}
    older = overlapping_parts({"worker-0": rows(0, 8, 1, **parts)})["worker-0"]
    of = overlapping_parts({"worker-0": rows(0, 8, 1, **parts, pull=4, push=6)})["worker-0"]
    assert (older.pull, older.push, older.step, older.rest) == (None, None, 12, 1)
    assert (of.pull, of.push, of.step, of.rest) == pytest.approx((4, 6, 22, 1))


def test_a_coordinators_worker_waits_for_its_next_call():
    found = overlapping_parts({"worker-0": rows(0, 8, 1, wait=1, compute=5, update=2, queue=3)})
    of = found["worker-0"]
    assert (of.step, of.queue, of.rest) == pytest.approx((12, 3, 1))
    assert (of.straggle, of.transfer) == (None, None)


@pytest.mark.parametrize(
    ("ahead", "each"),
    [
        # reads at 0, 10, …, writes at 10, 20, …; the other half a step later: one lies between
        (5.0, 1),
        # the other's update comes just before this one's own
        (9.0, 1),
    ],
)
def test_staleness_counts_updates_of_others_between_read_and_own_update(ahead, each):
    one = rows(0.0, 50, rest=0, wait=0, compute=8, update=2, queue=0)
    other = rows(ahead - 10, 52, rest=0, wait=0, compute=8, update=2, queue=0)
    assert staleness({"worker-0": one, "worker-1": other})[:50].tolist() == [each] * 50


def test_what_others_wrote_while_the_variables_were_read_counts_as_stale():
    one = rows(0.0, 50, rest=0, wait=0, pull=4, compute=2, push=3, update=1, queue=0)
    other = rows(-9.0, 52, rest=0, wait=0, compute=8, update=2, queue=0)  # writes at 1, 11, …
    assert staleness({"worker-0": one, "worker-1": other})[:50].tolist() == [1] * 50


def test_a_worker_alone_is_never_stale():
    alone = rows(0.0, 9, rest=0, wait=1, compute=8, update=2, queue=0)
    assert staleness_mean({"worker-0": alone}) == 0.0


@given(
    st.lists(
        st.tuples(*[st.floats(0, 5) for _ in range(7)], st.floats(-3, 3)), min_size=1, max_size=4
    )
)
def test_parts_add_up_to_the_step_whatever_the_clocks_say(tasks):
    names = ("wait", "compute", "communicate", "update", "agree", "call")
    measured = {
        f"worker-{place}": rows(each[7], 5, rest=each[6], **dict(zip(names, each, strict=False)))
        for place, each in enumerate(tasks)
    }
    for of in synchronous_parts(measured).values():
        known = [getattr(of, name) for name in PARTS if getattr(of, name) is not None]
        assert sum(known) == pytest.approx(of.step, abs=1e-9)
        assert min(known) >= -1e-9
