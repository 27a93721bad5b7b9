"""Our workloads: all build and learn under both versions of Keras."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks.workloads import load_workload
from input_pipelines import load_source

ROOT = Path(__file__).parents[2]
CONF = ROOT / "launcher" / "conf"
STEPS = {"digits_mlp": 60, "jpeg_cnn": 150, "resnet": 30, "embedding": 100, "byte_lm": 20}


@pytest.mark.ci
@pytest.mark.parametrize("keras", ["keras", "tf_keras"])
@pytest.mark.parametrize("name", STEPS)
def test_loss_falls_and_held_out_quality_improves(
    name: str, keras: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.getbasetemp() / "prepared"
    arguments = ["tests.workloads.plain_training", name, str(cache), str(STEPS[name]), keras]
    ended = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | {"TF_USE_LEGACY_KERAS": str(int(keras == "tf_keras"))},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]


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
