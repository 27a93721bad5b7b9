"""Our workloads: all build and learn under both versions of Keras."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.workloads import load_workload
from input_pipelines import load_source

ROOT = Path(__file__).parents[2]
CONF = ROOT / "launcher" / "conf"
STEPS = {"digits_mlp": 60, "jpeg_cnn": 150, "resnet": 30, "embedding": 100, "byte_lm": 20}


@pytest.fixture(scope="module", params=["keras", "tf_keras"])
def learned(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """How each workload learned under that Keras, one after the other in a process of theirs."""
    cache = tmp_path_factory.getbasetemp() / "prepared"
    asked = [f"{name}={steps}" for name, steps in STEPS.items()]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.workloads.plain_training", str(cache), *asked],
        cwd=ROOT,
        env=os.environ | {"TF_USE_LEGACY_KERAS": str(int(request.param == "tf_keras"))},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]  # TFDS prints, too
    told = [json.loads(line) for line in lines]
    assert {each["keras"] for each in told} == {request.param}
    return {each["workload"]: each for each in told}


@pytest.mark.ci
@pytest.mark.parametrize("name", STEPS)
def test_loss_falls_and_held_out_quality_improves(
    name: str, learned: dict[str, dict[str, Any]]
) -> None:
    first, last = learned[name]["loss"]
    assert last < first
    conf = yaml.safe_load((CONF / "workload" / f"{name}.yaml").read_text())
    before, after = learned[name]["quality"]
    direction = load_workload(conf["_target_"], conf["parameters"]).quality.direction
    assert after > before if direction == "higher" else after < before


@pytest.mark.parametrize("name", STEPS)
def test_configuration_names_what_the_code_takes(name: str) -> None:
    conf = yaml.safe_load((CONF / "workload" / f"{name}.yaml").read_text())
    assert conf["name"] == name
    workload = load_workload(conf["_target_"], conf["parameters"])
    assert conf["takes"] in {"images", "clicks", "text"}
    assert workload.quality.direction in {"higher", "lower"}
    source = yaml.safe_load((CONF / "source" / f"{_usual_source(conf)}.yaml").read_text())
    assert source["gives"] == conf["takes"]
    shared = conf["parameters"].keys() & source["parameters"].keys()
    assert {key: conf["parameters"][key] for key in shared} == {
        key: source["parameters"][key] for key in shared
    }


@pytest.mark.parametrize("path", sorted((CONF / "source").glob("*.yaml")), ids=lambda p: p.stem)
def test_source_configuration_names_what_the_code_takes(path: Path) -> None:
    conf = yaml.safe_load(path.read_text())
    assert conf["name"] == path.stem
    assert conf["gives"] in {"images", "clicks", "text", "any"}
    load_source(conf["_target_"], conf["parameters"])


def test_nothing_of_a_workload_or_source_needs_tensorflow_before_it_is_called() -> None:
    script = (
        "import sys; from benchmarks.workloads import load_workload; import input_pipelines as i\n"
        "load_workload('benchmarks.workloads.byte_lm.workload', {})\n"
        "i.load_source('input_pipelines.sources.digits.source', {}).identity\n"
        "assert not {'tensorflow', 'keras', 'pandas', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)


def _usual_source(conf: dict) -> str:
    return conf["defaults"][0]["override /source@_global_.source"]
