"""TensorFlow is imported without what no training needs, which is there for whoever uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import gc, inspect, json, sys
from launcher.light_imports import import_tensorflow

tf = import_tensorflow()
heavy = {"sklearn", "matplotlib.pyplot"}


@tf.function
def positive(x):
    return x if x > 0 else -x


told = {"value": int(positive(tf.constant(-3))), "found": inspect.getmodule(positive) is not None}
told["hooked"] = any(type(each).__module__ == "launcher.light_imports" for each in sys.meta_path)
told["collects"] = gc.isenabled()
told["before"] = sorted(heavy & set(sys.modules))
from keras.visualization import plot_image_gallery
told["wrapper"] = tf.keras.wrappers.SKLearnClassifier.__module__
told["gallery"] = callable(plot_image_gallery)
told["after"] = sorted(heavy & set(sys.modules))
try:
    tf.keras.wrappers.nothing
except AttributeError as error:
    told["unknown"] = str(error)
print(json.dumps(told))
"""


@pytest.mark.ci
def test_what_no_training_needs_is_imported_when_it_is_used(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    ended = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "value": 3,
        "found": True,
        "hooked": False,
        "collects": True,
        "before": [],
        "wrapper": "keras.src.wrappers.sklearn_wrapper",
        "gallery": True,
        "after": ["matplotlib.pyplot", "sklearn"],
        "unknown": "module 'keras.wrappers' has no attribute 'nothing'",
    }
