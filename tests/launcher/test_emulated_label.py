"""What is emulated is named, or refused where nothing would come of it."""

import json
from pathlib import Path

import pytest

from launcher.errors import NotApplicable
from tests.runs import experiment


def test_own_pipeline_reads_by_itself_and_cannot_be_slowed() -> None:
    with pytest.raises(
        NotApplicable, match=r"^emulate\.storage\.mb_per_second=2: pipeline\._target_=mine\.make"
    ):
        experiment("emulate.storage.mb_per_second=2", "pipeline._target_=mine.make")


@pytest.mark.ci
def test_run_names_what_it_emulates(tmp_path: Path) -> None:
    from launcher.command import main

    folder = tmp_path / "run"
    words = ["workload=jpeg_cnn", "source.parameters.examples=256", "until.steps=20"]
    words += ["emulate.storage.mb_per_second=20", "emulate.storage.latency_ms=5"]
    words += ["report=false", f"hydra.run.dir={folder}", f"cache_folder={tmp_path / 'cache'}"]
    assert main(words) == 0
    named = "storage of 20 MB/s that takes 5 ms a request"
    assert json.loads((folder / "plan.json").read_text())["emulated"] == [named]
    assert json.loads((folder / "summary.json").read_text())["emulated"] == named


@pytest.mark.ci
def test_source_without_files_refuses_emulated_storage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from launcher.command import main

    words = ["workload=digits_mlp", "source=array", "emulate.storage.latency_ms=5"]
    assert main([*words, f"hydra.run.dir={tmp_path / 'run'}"]) == 2
    assert (
        "emulate.storage.latency_ms=5: source=array makes its examples in memory"
        in capsys.readouterr().err
    )
