import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from input_pipelines.diagnosis.actions import Situation, actions, outlook
from input_pipelines.diagnosis.blocks import (
    APART,
    CACHED,
    COLD,
    INPUT,
    LARGER,
    LARGER_TIMES,
    WARM,
    Series,
    series,
)
from input_pipelines.diagnosis.candidates import candidates
from input_pipelines.diagnosis.memory import Memory
from input_pipelines.diagnosis.prediction import Sides, exposure, step_seconds
from input_pipelines.diagnosis.shares import Estimate, shares
from input_pipelines.diagnosis.trying import Tried
from input_pipelines.diagnosis.verdict import INCONCLUSIVE, conditions, judge, told
from input_pipelines.settings import PipelineSettings

ROUNDS = 7
ENOUGH = Memory(500, 1000, "watch.memory_mb", 10_000, 100, 0, 0.0)
seconds = st.floats(1e-4, 1.0)


def of_steps(step_seconds: np.ndarray) -> Series:
    nothing = np.zeros(len(step_seconds))
    return Series(step_seconds, nothing, nothing)


def measured(noise: float = 0.0, **parts: float) -> dict[str, Series]:
    """Blocks of a step made of the given parts, seconds; every block errs by a factor."""
    rng = np.random.default_rng(1)

    def block(value: float) -> Series:
        return of_steps(value * np.exp(rng.normal(0, noise, ROUNDS)))

    compute, overhead = parts["compute"], parts["overhead"]
    alone = compute + overhead
    cached = alone + parts.get("communicate", 0.0)
    warm = cached + parts.get("prepare", 0.0)
    found = {WARM: block(warm), CACHED: block(cached), INPUT: block(0.01)}
    found[LARGER] = block(LARGER_TIMES * compute + overhead)
    if "communicate" in parts:
        found[APART] = block(alone)
    if "fetch" in parts:
        found[COLD] = block(warm + parts["fetch"])
    return found


@given(compute=seconds, overhead=seconds, communicate=seconds, prepare=seconds, fetch=seconds)
def test_shares_are_the_planted_ones_and_add_up_to_one(**parts: float) -> None:
    found = shares(measured(**parts)).value
    assert sum(found.values()) == pytest.approx(1)
    whole = sum(parts.values())
    for name, planted in parts.items():
        assert found[name] == pytest.approx(planted / whole, abs=1e-9)


def test_what_a_run_cannot_have_is_no_share() -> None:
    found = shares(measured(compute=1.0, overhead=0.1, prepare=0.5))
    assert set(found.value) == {"compute", "overhead", "prepare"}


def test_block_that_something_else_slowed_changes_little() -> None:
    clean = measured(0.02, compute=0.01, overhead=0.002, prepare=0.03)
    slowed = dict(clean)
    blocks = clean[CACHED].step_seconds.copy()
    blocks[3] *= 20
    slowed[CACHED] = of_steps(blocks)
    assert shares(slowed).value["prepare"] == pytest.approx(
        shares(clean).value["prepare"], abs=0.03
    )


def test_intervals_hold_the_planted_share_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        parts = {CACHED: 0.01, WARM: 0.02, LARGER: 0.037, INPUT: 0.01}
        found = {
            name: of_steps(value * np.exp(rng.normal(0, 0.05, ROUNDS)))
            for name, value in parts.items()
        }
        share = shares(found)["prepare"]
        held += share.low <= 0.5 <= share.high
    assert held >= 170


@pytest.mark.parametrize("name", ["compute", "overhead", "communicate", "prepare", "fetch"])
def test_largest_part_is_named_whatever_it_is(name: str) -> None:
    parts = dict.fromkeys(["compute", "overhead", "communicate", "prepare", "fetch"], 0.01)
    verdict = judge(shares(measured(0.02, **parts | {name: 0.1})), ENOUGH, ROUNDS)
    assert verdict.name == name
    assert verdict.claims[0].name == name
    assert verdict.settle is None


def test_equal_parts_are_inconclusive_and_the_line_says_what_would_settle_it() -> None:
    verdict = judge(
        shares(measured(0.1, compute=0.05, overhead=0.001, prepare=0.047)), ENOUGH, ROUNDS
    )
    assert verdict.name == INCONCLUSIVE
    assert verdict.settle is not None
    assert verdict.settle in verdict.line


@pytest.mark.parametrize(
    ("emulated", "data_workers", "said"),
    [
        (None, 0, ""),
        ("storage of 2 MB/s", 0, " (emulated: storage of 2 MB/s)"),
        (None, 2, " (without the CPU of pipeline.service.workers=2, which run beside"),
        ("a", 1, " (emulated: a; without the CPU of pipeline.service.workers=1"),
    ],
)
def test_what_was_emulated_or_not_counted_stands_with_the_verdict(
    emulated: str | None, data_workers: int, said: str
) -> None:
    assert conditions(emulated, data_workers).startswith(said)
    assert bool(conditions(emulated, data_workers)) == bool(said)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (Estimate(0.456, 0.41, 0.501), "46% (41 to 50)"),
        (Estimate(1.07, 1.03, 1.12), "100% (100 to 100)"),
        (Estimate(-0.01, -0.04, 0.03), "0% (0 to 3)"),
    ],
)
def test_share_is_told_within_a_step(share: Estimate, said: str) -> None:
    assert told(share) == said


def test_part_below_a_tenth_is_not_claimed() -> None:
    verdict = judge(
        shares(measured(0.001, compute=0.1, overhead=0.005, prepare=0.008)), ENOUGH, ROUNDS
    )
    assert [claim.name for claim in verdict.claims] == ["compute"]


def test_run_near_its_memory_limit_is_held_back_by_memory() -> None:
    near = Memory(950_000_000, 1_000_000_000, "watch.memory_mb", None, None, 0, None)
    verdict = judge(shares(measured(compute=1.0, overhead=0.1, prepare=0.5)), near, ROUNDS)
    assert verdict.name == "memory"
    assert "950 MB of the 1,000 MB" in verdict.line


@given(model=seconds, fed=seconds, share=st.floats(0.0, 1.0), cores=st.integers(1, 64))
def test_step_lies_between_all_hidden_and_nothing_hidden(
    model: float, fed: float, share: float, cores: int
) -> None:
    sides = Sides(model, model, fed, fed, cores)
    modelled = step_seconds(sides, exposure(sides, sides.at_least + share * sides.hidden))
    assert max(model, fed) <= modelled <= max(sides.at_least, model + fed) * (1 + 1e-9)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_exposure_is_the_measured_one_where_the_bounds_lie_far_apart(share: float) -> None:
    sides = Sides(0.010, 0.001, 0.010, 0.001, 64)
    measured = sides.at_least + share * sides.hidden
    assert exposure(sides, measured) == pytest.approx(share, abs=0.06)


def test_exposure_is_the_usual_one_where_one_side_is_nearly_all() -> None:
    sides = Sides(0.0001, 0.0001, 0.010, 0.001, 64)
    for measured in (0.0098, 0.0101, 0.0104):
        assert exposure(sides, measured) == pytest.approx(0.5, abs=0.05)


def test_step_without_input_is_the_models() -> None:
    assert step_seconds(Sides(0.02, 0.02, 0.0, 0.0, 2), 1.0) == 0.02


def test_input_that_takes_the_models_cores_slows_the_step_without_any_wait() -> None:
    assert step_seconds(Sides(0.01, 0.02, 0.001, 0.02, 2), 0.0) == pytest.approx(0.02)


def tried(name: str, step: float, *overrides: str, refused: str | None = None) -> Tried:
    return Tried(name, "do it", overrides, False, (step,) * 5, (step,) * 5, refused)


INPUT_BOUND = Situation(
    whole=0.1,
    warm=0.1,
    cached=0.01,
    alone=0.01,
    larger=0.04,
    cached_cpu=0.01,
    input=0.1,
    input_cpu=0.1,
    cores=2,
)


def test_input_ten_times_as_fast_is_predicted_to_gain_until_the_model_holds() -> None:
    found = actions(
        INPUT_BOUND,
        [tried("present", 0.1), tried("cache", 0.001, "pipeline.cache=memory")],
        ["prepare"],
        batch=32,
    )
    (action,) = found
    assert action.overrides == ("pipeline.cache=memory",)
    assert action.predicted_speedup == pytest.approx(10, rel=0.05)


def test_what_gains_less_than_a_twentieth_or_was_refused_is_no_advice() -> None:
    others = [
        tried("threads", 0.099, "pipeline.threads=null"),
        tried("cache", 0.001, "pipeline.cache=memory", refused="behind a random map"),
    ]
    assert actions(INPUT_BOUND, [tried("present", 0.1), *others], ["prepare"], batch=32) == ()


def test_larger_batch_pays_fixed_costs_for_more_examples() -> None:
    tiny = Situation(0.002, 0.002, 0.002, 0.002, 0.002, 0.002, 0.0001, 0.0001, 2)
    (action,) = actions(tiny, [], ["overhead"], batch=1)
    assert action.overrides == ("batch.per_replica=4",)
    assert action.predicted_speedup == pytest.approx(4, rel=0.1)


def test_faster_accelerator_is_bounded_by_the_input() -> None:
    compute_bound = Situation(0.1, 0.1, 0.1, 0.1, 0.4, 0.1, 0.02, 0.02, 2)
    told = outlook(compute_bound, ["compute"], examples_per_step=32)
    assert told is not None
    assert "5.0 ×" in told
    assert "1,600 examples/s" in told


def test_candidates_are_for_the_input_only_and_change_what_is_set() -> None:
    slow = PipelineSettings(parallel_calls=1, prefetch=0, cache="memory")
    assert candidates(slow, ["compute"], 2) == ()
    found = {each.overrides for each in candidates(slow, ["prepare"], 2)}
    assert ("pipeline.parallel_calls=null",) in found
    assert ("pipeline.prefetch=null",) in found
    assert not any("cache" in override for overrides in found for override in overrides)


def test_round_that_a_task_did_not_finish_is_left_out() -> None:
    def block(number: int, variant: str) -> dict[str, object]:
        used = {"cpu_seconds": 1.0, "read_bytes": None, "wait_seconds": 0.0, "inside_seconds": 1.0}
        return {"round": number, "variant": variant, "steps": 2, "seconds": 1.0, **used}

    whole = [block(number, variant) for number in range(3) for variant in (WARM, CACHED)]
    found = series({"chief-0": whole, "worker-0": whole[:-1]})
    assert len(found[WARM].step_seconds) == 2
    assert found[WARM].cpu_seconds.tolist() == [1.0, 1.0]
    assert np.isnan(found[WARM].read_bytes).all()
