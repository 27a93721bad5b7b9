"""Emulated accelerators and stragglers as asked for: what is refused, what they come to."""

import dataclasses

import pytest

from launcher import emulation
from launcher.engines import cgroups
from launcher.errors import NotApplicable
from launcher.hardware import available_cores, memory_mb
from results.errors import UserError
from tests.runs import experiment

_RATE = "emulate.accelerator.examples_per_second"
_MBIT = "emulate.network.mbit_per_second"
_REFUSED = {
    "a quality": ([f"{_RATE}=1000", "until.quality=0.9"], "until.quality=0.9: nothing is"),
    "evaluations": ([f"{_RATE}=1000", "evaluate.every_steps=20"], "evaluate.every_steps=20: noth"),
    "a diagnosis": ([f"{_RATE}=1000", "diagnose=true"], "diagnose=true: nothing is"),
    "bitwise repeats": ([f"{_RATE}=1000", "deterministic=true"], "deterministic=true: nothing"),
    "XLA": ([f"{_RATE}=1000", "loop.jit_compile=true"], "loop.jit_compile=true: nothing"),
    "bfloat16": ([f"{_RATE}=1000", "loop.mixed_precision=true"], "loop.mixed_precision=true: no"),
    "no speed": ([f"{_RATE}=0"], f"{_RATE}=0.0: more than 0"),
    "calls that look lost": ([f"{_RATE}=1"], "a call of 10 steps waits 320 s"),
    "a straggler told no time": (
        ["deterministic=true", "emulate.straggler={chief-0: 2}"],
        "deterministic=true: with 'emulate.straggler={chief-0: 2}' waits follow",
    ),
    "nobody's task": (
        [f"{_RATE}=1000", "strategy=multiworker", "workers=3", "emulate.straggler={wroker-1: 2}"],
        "did you mean worker-1?",
    ),
    "a server that doesn't compute": (
        [f"{_RATE}=1000", "strategy=parameter_server", "emulate.straggler={ps-0: 2}"],
        "no task that computes has that name; one of worker-0",
    ),
    "a faster one": ([f"{_RATE}=1000", "emulate.straggler={chief-0: 0.5}"], "from 1 to 1000"),
    "one that stands still": (
        [f"{_RATE}=1000", "emulate.straggler={chief-0: 1e12}"],
        "from 1 to 1000",
    ),
    "no factor": ([f"{_RATE}=1000", "emulate.straggler={chief-0: fast}"], "how many times as"),
    "no tasks": ([f"{_RATE}=1000", "emulate.straggler=2"], "emulate.straggler=2: tasks and"),
    "a memory of nothing": (
        ["emulate.accelerator.memory_mb=16000"],
        f"memory_mb=16000: only an emulated accelerator has a memory to compare with; give {_RATE}",
    ),
    "a host without cores": (["emulate.hosts.cores=0"], "emulate.hosts.cores=0.0: at least 0.05"),
    "cores that are no number": (["emulate.hosts.cores=nan"], "emulate.hosts.cores=nan: at least"),
    "a host without memory": (["emulate.hosts.memory_mb=0"], "hosts.memory_mb=0: at least 1"),
    "a host of more cores than the machine": (
        ["emulate.hosts.cores=5000"],
        f"emulate.hosts.cores=5000: this machine has {len(available_cores())}, and a host on it",
    ),
    "a host of more memory than the machine": (
        ["emulate.hosts.memory_mb=99000000"],
        f"give {memory_mb()} at most",
    ),
    "hosts elsewhere": (
        ["engine.elsewhere=true", "strategy=multiworker", "emulate.hosts.cores=0.5"],
        "emulate.hosts.cores=0.5: the tasks of engine=local run on other machines",
    ),
    "latency": (
        ["strategy=multiworker", "emulate.network.latency_ms=5"],
        "emulate.network.latency_ms=5: only bandwidth can be emulated",
    ),
    "a network within a process": (
        ["strategy=mirrored", "workers=2", f"{_MBIT}=50"],
        "strategy=mirrored trains in one task",
    ),
    "no network": (["strategy=multiworker", f"{_MBIT}=0"], f"{_MBIT}=0.0: at least 1"),
    "no number": (["strategy=multiworker", f"{_MBIT}=nan"], f"{_MBIT}=nan: at least 1"),
    "a wire of tomorrow": (["strategy=multiworker", f"{_MBIT}=1e6"], "at most 100000 is needed"),
    "everybody's network": (
        ["strategy=multiworker", f"{_MBIT}=50", "isolation=none"],
        f"isolation=none: {_MBIT}=50 needs a network of the run's own",
    ),
    "a bucket beyond it": (
        ["strategy=multiworker", f"{_MBIT}=50", "+source.parameters.at=gs://b/c"],
        "lies on another machine, which no emulated host reaches",
    ),
}


@pytest.mark.parametrize(("words", "said"), _REFUSED.values(), ids=_REFUSED)
def test_what_cannot_be_emulated_is_refused_in_a_line(words: list[str], said: str) -> None:
    with pytest.raises((UserError, NotApplicable)) as refused:
        experiment(*words)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nothing_is_emulated_unless_asked_for() -> None:
    asked = experiment("strategy=multiworker", "workers=2")
    assert emulation.compute_seconds(asked) == {}
    assert emulation.phrases(asked) == emulation.notes(asked) == []


def test_straggler_waits_its_factor_of_the_others_wait() -> None:
    words = ["strategy=parameter_server", "workers=3", "batch.per_replica=50"]
    asked = experiment(*words, f"{_RATE}=1000", "emulate.straggler={worker-1: 1.5}")
    seconds = emulation.compute_seconds(asked)
    assert seconds == pytest.approx({"worker-0": 0.05, "worker-1": 0.075, "worker-2": 0.05})
    named = ["accelerators of 1,000 examples/s each", "worker-1 1.5 times as slow"]
    assert emulation.phrases(asked) == named


def test_straggler_really_computes_where_nothing_is_in_its_place() -> None:
    asked = experiment("strategy=multiworker", "workers=2", "emulate.straggler={worker-0: 1.5}")
    assert emulation.slower(asked) == {"worker-0": 1.5}
    assert emulation.compute_seconds(asked) == {}
    assert emulation.phrases(asked) == ["worker-0 1.5 times as slow"]
    (note,) = emulation.notes(asked)
    assert "each step of worker-0" in note


def test_straggler_is_refused_where_the_hosts_clock_sees_no_computing() -> None:
    asked = experiment("emulate.straggler={chief-0: 1.5}")
    with pytest.raises(NotApplicable, match="this run computes on gpu") as refused:
        emulation.check(dataclasses.replace(asked, devices="gpu"))
    assert "give devices=cpu" in str(refused.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["emulate.hosts.cores=0.5"], "hosts of 0.5 cores each"),
        (["emulate.hosts.cores=1"], "hosts of 1 core each"),
        (["emulate.hosts.memory_mb=2000"], "hosts of 2,000 MB each"),
        (
            ["emulate.hosts.cores=0.75", "emulate.hosts.memory_mb=2000"],
            "hosts of 0.75 cores and 2,000 MB each",
        ),
        (
            [f"{_RATE}=1000", "emulate.accelerator.memory_mb=16000"],
            "accelerators of 1,000 examples/s and 16,000 MB each",
        ),
    ],
)
def test_sizes_of_what_is_emulated_are_named(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "why_not", lambda cores, memory: None)
    assert emulation.phrases(experiment(*words)) == [said]


@pytest.mark.parametrize(("share", "marked"), [(0.5, False), (0.51, True)])
def test_more_cores_than_the_machine_has_are_marked(
    share: float, marked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "why_not", lambda cores, memory: None)
    cores = share * len(available_cores())
    words = ["strategy=multiworker", "workers=2", f"emulate.hosts.cores={cores}"]
    notes = emulation.notes(experiment(*words))
    assert [note.endswith("the machine's own cores are full") for note in notes] == [True] * marked


def test_hosts_that_cannot_be_had_are_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[bool, bool]] = []

    def why_not(cores: bool, memory: bool) -> str:
        asked.append((cores, memory))
        return "no control groups are mounted"

    monkeypatch.setattr(cgroups, "why_not", why_not)
    with pytest.raises(UserError) as refused:
        experiment("emulate.hosts.memory_mb=2000")
    assert asked == [(False, True)]
    assert str(refused.value).startswith("emulate.hosts.memory_mb=2000: each task needs a control")
    assert "no control groups are mounted" in str(refused.value)


@pytest.mark.parametrize(("rate", "marked"), [(1000, False), (1600, True)])
def test_short_waits_are_marked(rate: int, marked: bool) -> None:
    (note,) = emulation.notes(experiment(f"{_RATE}={rate}"))
    assert ("waits below 30 ms" in note) == marked
