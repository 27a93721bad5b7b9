"""What counts as the same examples, and what is said where that can't be shown."""

from pathlib import Path

import pytest

from input_pipelines.settings import PipelineSettings, TuneSettings
from input_pipelines.study import Study
from input_pipelines.tuning.proof import compared, reference
from input_pipelines.tuning.study import tune
from results.errors import UserError
from results.pipeline_file import TUNING, part
from results.run_folder import RunFolder
from tests.input_pipelines.made_splits import study_on
from tests.input_pipelines.test_own_pipeline import BATCH, HERE, own


def study_of(name: str, folder: Path, ordered: bool = False, **pipeline) -> Study:
    feed, tune = own(name, **pipeline), TuneSettings(seconds=1)
    return study_on(feed, folder, batch=BATCH, ordered=ordered, tune=tune)


def settings(name: str, **pipeline) -> PipelineSettings:
    return PipelineSettings(_target_=f"{HERE}.{name}", **pipeline)


@pytest.mark.parametrize(
    ("name", "given", "change"),
    [
        ("unseeded", {}, {"cache": "memory"}),
        ("unseeded", {}, {"parallel_calls": 4, "prefetch": 2}),
        ("pairs", {"parameters": {"noise": True}}, {"prefetch": 8}),
        ("pairs", {}, {"cache": "memory", "deterministic": False}),
    ],
)
def test_settings_that_keep_the_examples_are_let_pass(name, given, change, tmp_path) -> None:
    held = reference(study_of(name, tmp_path, **given))
    comparison = compared(held, settings(name, **given, **change))
    assert (comparison.refused, comparison.same_order) == (None, True)


@pytest.mark.parametrize("ordered", [False, True])
def test_another_order_is_refused_where_it_was_to_stay(ordered: bool, tmp_path: Path) -> None:
    given = {"parameters": {"seed": 1}}
    held = reference(study_of("seeded", tmp_path, ordered, **given))
    comparison = compared(held, settings("seeded", parameters={"seed": 2}))
    assert not comparison.same_order
    assert (comparison.refused is not None) == ordered
    assert held.order_matters == ordered


def test_other_examples_are_refused(tmp_path: Path) -> None:
    held = reference(study_of("pairs", tmp_path))
    comparison = compared(held, settings("pairs", parameters={"noise": True}))
    assert comparison.refused == "an epoch of it holds other elements, by hash"


def test_order_stays_where_other_examples_could_not_be_told_from_it(tmp_path: Path) -> None:
    noisy = reference(study_of("pairs", tmp_path, parameters={"noise": True}))
    assert noisy.order_matters
    assert "stage noise draws random numbers" in str(noisy.random)


def test_pipeline_that_no_seed_repeats_is_refused_with_the_stage(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"^pipeline._target_=\S+unrepeatable: .* \(stage dice calls Python"
    ):
        reference(study_of("unrepeatable", tmp_path))


@pytest.mark.ci
def test_pipeline_without_an_end_is_tuned(tmp_path: Path) -> None:
    tune(study_of("endless_unfilled", tmp_path))
    found = part(RunFolder(tmp_path), TUNING)
    assert found is not None
    assert found["same"]["examples"] == 4096
    assert found["same"]["whole_epoch"] is False
    assert all(each["settings"]["cache"] == "none" for each in found["tried"])
    assert all(each["settings"]["deterministic"] for each in found["tried"])
