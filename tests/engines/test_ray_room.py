"""Whether tasks have room on a cluster's nodes, and what is said where they don't."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.engines.ray.room import (
    PACK,
    PLACEMENTS,
    SPREAD,
    STRICT_PACK,
    STRICT_SPREAD,
    Node,
    Wanted,
    asked_in_words,
    gpus_by_task,
    has_room,
    nodes_in_words,
)

THREE = [Node(1, 0), Node(1, 0), Node(4, 2)]


def fits_somehow(wanted, nodes):
    """By trying every way to put the tasks on the nodes."""
    for chosen in itertools.product(range(len(nodes)), repeat=len(wanted.gpus)):
        if wanted.placement == STRICT_PACK and len(set(chosen)) > 1:
            continue
        if wanted.placement == STRICT_SPREAD and len(set(chosen)) < len(chosen):
            continue
        if all(
            sum(wanted.cpus for at in chosen if at == place) <= node.cpus
            and sum(gpus for gpus, at in zip(wanted.gpus, chosen, strict=True) if at == place)
            <= node.gpus
            for place, node in enumerate(nodes)
        ):
            return True
    return False


@given(
    cpus=st.sampled_from([0.5, 1.0, 2.0]),
    each=st.integers(0, 2),
    computes=st.lists(st.booleans(), min_size=1, max_size=4),
    placement=st.sampled_from(PLACEMENTS),
    nodes=st.lists(st.builds(Node, st.integers(0, 4), st.integers(0, 4)), max_size=3),
)
def test_there_is_room_where_some_way_to_place_the_tasks_exists(
    cpus, each, computes, placement, nodes
):
    wanted = Wanted(cpus, tuple(each if one else 0 for one in computes), placement)
    assert has_room(wanted, nodes) == fits_somehow(wanted, nodes)


@pytest.mark.parametrize(
    ("tasks", "cpus", "placement", "expected"),
    [
        (6, 1.0, SPREAD, True),
        (7, 1.0, PACK, False),
        (3, 1.0, STRICT_SPREAD, True),
        (4, 1.0, STRICT_SPREAD, False),
        (4, 1.0, STRICT_PACK, True),
        (5, 1.0, STRICT_PACK, False),
        (10, 0.1, STRICT_PACK, True),
        (41, 0.1, STRICT_PACK, False),
    ],
)
def test_room_on_two_small_nodes_and_a_large_one(tasks, cpus, placement, expected):
    assert has_room(Wanted(cpus, (0,) * tasks, placement), THREE) == expected


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (["chief-0", "worker-0"], (2, 2)),
        (["chief-0", "worker-0", "worker-1", "ps-0"], (0, 2, 2, 0)),
        (["chief-0", "dispatcher-0", "data_worker-0"], (2, 0, 0)),
    ],
)
def test_gpus_are_for_tasks_that_compute(tasks, expected):
    assert gpus_by_task(tasks, 2) == expected


def test_what_is_asked_for_and_what_there_is_can_be_read():
    asked = asked_in_words(Wanted(1.0, (0, 2, 2), STRICT_SPREAD))
    assert asked == "2 tasks of 1 CPU and 2 GPUs and 1 task of 1 CPU, placed STRICT_SPREAD"
    assert nodes_in_words(THREE) == "3 nodes: 2 with 1 CPU, 1 with 4 CPUs and 2 GPUs"
    assert nodes_in_words([Node(0.5, 0)] * 2) == "2 nodes with 0.5 CPUs each"
    assert nodes_in_words([]) == "no node"
