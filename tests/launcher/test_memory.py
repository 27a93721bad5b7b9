"""What doesn't fit into an emulated memory is refused, with what would."""

import dataclasses
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher import memory
from launcher.errors import NotApplicable
from launcher.experiment import Experiment
from launcher.memory import ReplicaNeeds
from launcher.schema import EmulateSettings, HostSettings
from strategies.settings import AcceleratorSettings
from tests.runs import experiment

_MB = 1_000_000
_NEEDS = ReplicaNeeds(
    state_bytes=30 * _MB,
    gradient_bytes=10 * _MB,
    batch_bytes=70 * _MB,
    least_batch_bytes=7 * _MB + _MB,
)
"""Of 63 examples after the first MB for each."""


def on_accelerators(memory_mb: int, *words: str) -> Experiment:
    settings = AcceleratorSettings(examples_per_second=1000, memory_mb=memory_mb)
    return replace(experiment(*words), emulate=EmulateSettings(accelerator=settings))


@pytest.mark.parametrize(
    ("strategy", "memory_mb", "advice"),
    [
        ("one_device", 99, "give a batch of 62 a replica at most, or 100 MB"),
        ("mirrored", 50, "give a batch of 13 a replica at most, or 100 MB"),
        ("one_device", 39, "give a smaller model, or 100 MB"),
        ("central_storage", 69, "give a batch of 62 a replica at most, or 70 MB"),
        ("parameter_server", 20, "give a batch of 13 a replica at most, or 70 MB"),
    ],
)
def test_step_beyond_an_accelerator_is_refused_with_the_batch_that_fits(
    strategy: str, memory_mb: int, advice: str
) -> None:
    asked = on_accelerators(memory_mb, f"strategy={strategy}", "batch.per_replica=63")
    with pytest.raises(NotApplicable) as refused:
        memory.check_accelerator(asked, asdict(_NEEDS))
    said = str(refused.value)
    assert said.startswith(f"emulate.accelerator.memory_mb={memory_mb}: a replica's step of 63 ex")
    assert said.endswith(advice)
    assert "\n" not in said


@pytest.mark.parametrize(("strategy", "memory_mb"), [("one_device", 100), ("central_storage", 70)])
def test_what_may_fit_is_let_through(strategy: str, memory_mb: int) -> None:
    asked = on_accelerators(memory_mb, f"strategy={strategy}", "batch.per_replica=63")
    memory.check_accelerator(asked, asdict(_NEEDS))
    memory.check_accelerator(experiment(), None)


@given(
    gradient=st.integers(0, 10**9),
    first=st.integers(1, 10**8),
    each=st.integers(0, 10**7),
    examples=st.integers(1, 500),
    memory_mb=st.integers(1, 5000),
)
def test_batch_that_is_advised_fits_and_none_above_it_does(
    gradient: int, first: int, each: int, examples: int, memory_mb: int
) -> None:
    def needs(batch: int) -> ReplicaNeeds:
        return ReplicaNeeds(10 * _MB, gradient, first + (batch - 1) * each, first)

    room = memory_mb * _MB - 10 * _MB
    found = memory.largest_batch(needs(examples), room, examples, parts=1)
    assert 0 <= found <= examples
    if found:
        assert needs(found).least_bytes(holds_state=True) <= memory_mb * _MB
    if found < examples:
        assert needs(found + 1).least_bytes(holds_state=True) > memory_mb * _MB


def test_task_beyond_its_host_is_refused_with_what_it_holds() -> None:
    hosts = EmulateSettings(hosts=HostSettings(memory_mb=300))
    asked = dataclasses.replace(experiment(), emulate=hosts)
    memory.check_hosts(asked, 300 * _MB)
    memory.check_hosts(asked, None)
    memory.check_hosts(experiment(), 10**12)
    with pytest.raises(NotApplicable, match=r"^emulate\.hosts\.memory_mb=300: a task holds 301 MB"):
        memory.check_hosts(asked, 300 * _MB + 1)
