"""Workloads trained in a plain loop, as a script that prints how each learned, a line of JSON each.

python -m tests.workloads.plain_training <cache folder> <workload>=<steps> …
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks.workloads import load_workload
from benchmarks.workloads.check import check
from input_pipelines import PipelineSettings, load_source, open_source, prepare
from input_pipelines.build import Feed, evaluation_dataset, training_dataset
from launcher.light_imports import import_tensorflow

tf = import_tensorflow()
CONF = Path(__file__).parents[2] / "launcher" / "conf"
SMALLER = {
    "digits": {},
    "jpeg_records": {"examples": 1024},
    "csv_lines": {"examples": 16_384},
    "text_bytes": {"pattern": "[a-d]*.py", "held_out": 64},
}


def configured(group: str, name: str) -> dict[str, Any]:
    return yaml.safe_load((CONF / group / f"{name}.yaml").read_text())


def usual_source(workload: dict[str, Any]) -> str:
    return workload["defaults"][0]["override /source@_global_.source"]


def feed_for(name: str, cache: Path) -> tuple[Feed, int]:
    """The feed of a workload with a smaller version of its usual source, and its usual batch."""
    conf = configured("workload", name)
    source_name = usual_source(conf)
    source_conf = configured("source", source_name)
    parameters = source_conf["parameters"] | SMALLER[source_name]
    source = load_source(source_conf["_target_"], parameters)
    prepare(source, source_name, cache)
    splits = open_source(source, source_name, cache)
    workload = load_workload(conf["_target_"], conf["parameters"])
    return Feed(*splits, workload, PipelineSettings(), seed=0), conf["usual"]["batch_per_replica"]


def train(name: str, cache: Path, steps: int) -> tuple[list[float], tuple[float, float]]:
    """Losses of all steps, and the quality before and after."""
    tf.keras.utils.set_random_seed(1)
    feed, batch = feed_for(name, cache)
    workload = feed.workload
    check(workload, feed, batch)
    model, optimizer = workload.model(), workload.optimizer()
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(workload.loss(y, model(x, training=True)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    @tf.function
    def score(weight, x, y):
        return tf.reduce_sum(weight * workload.quality.score(y, model(x, training=False)))

    def quality() -> float:
        batches = evaluation_dataset(feed, 0, 1, batch)
        return sum(float(score(*each)) for each in batches) / feed.test.examples

    before = quality()
    examples = iter(training_dataset(feed, 0, 1, batch))
    losses = [float(step(x, y)) for _, x, y in (next(examples) for _ in range(steps))]
    return losses, (before, quality())


def main(cache: str, *asked: str) -> None:
    keras = type(tf.keras.optimizers.Adam()).__module__.split(".")[0]
    for name, _, steps in (each.partition("=") for each in asked):
        losses, (before, after) = train(name, Path(cache), int(steps))
        tenth = max(1, len(losses) // 10)
        first, last = sum(losses[:tenth]) / tenth, sum(losses[-tenth:]) / tenth
        told = {"keras": keras, "loss": [first, last], "quality": [before, after]}
        print(json.dumps({"workload": name, **told}))


if __name__ == "__main__":
    main(*sys.argv[1:])
