"""Held-out accuracy of `digits_mlp` under every strategy, with both versions of Keras.

    python -m tests.performance.learns_everywhere [--seeds 5] [--save]

Every strategy × Keras 2 and 3 × 1, 2, 4 workers that makes sense, each seed in turn. The saved
model is then loaded in a new process that knows nothing of the strategy, and scored again.
"""

import argparse
import multiprocessing
import tempfile
from pathlib import Path

import numpy as np

from launcher.session import Session
from tests.performance.record import save
from tests.runs import experiment, run

TARGET, MOST_STEPS = 0.95, 2_000
WORKERS = {
    "one_device": (1,),
    "mirrored": (1, 2, 4),
    "central_storage": (1, 2, 4),
    "multiworker": (1, 2, 4),
    "parameter_server": (1, 2, 4),
}


def overrides(strategy: str, keras: int, workers: int, seed: int) -> list[str]:
    return [
        f"strategy={strategy}",
        f"workers={workers}",
        f"keras={keras}",
        f"seed={seed}",
        f"until.quality={TARGET}",
        f"until.steps={MOST_STEPS}",
        "evaluate.every_steps=50",
    ]


def score_saved(folders: list[str], answers) -> None:
    """In a new process: each saved model's accuracy on the held-out set."""
    import tensorflow as tf

    from input_pipelines.build import evaluation_dataset
    from launcher.training_job import make_feed

    feed = make_feed(experiment("strategy=one_device"))
    batches = list(evaluation_dataset(feed, 0, 1, 360))
    for folder in folders:
        served = tf.saved_model.load(folder)
        hits = [
            float(np.sum((np.argmax(served.serve(x), -1) == y) * weight))
            for weight, x, y in batches
        ]
        answers.put(sum(hits) / sum(float(np.sum(weight)) for weight, _, _ in batches))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as place, Session() as session:
        for seed in range(asked.seeds):
            for strategy, counts in WORKERS.items():
                for keras in (3, 2):
                    for workers in counts:
                        words = overrides(strategy, keras, workers, seed)
                        folder = Path(place) / str(len(found))
                        outcome, _ = run(session, folder, *words)
                        if outcome.state != "done":
                            raise SystemExit(f"{words}: {outcome.reason}\n{outcome.log_tail}")
                        summary = outcome.summary
                        names = ("strategy", "keras", "workers", "seed", "quality", "steps")
                        found.append({name: summary[name] for name in names})
                        print(*found[-1].values(), flush=True)
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        models = [str(Path(place) / str(number) / "model") for number in range(len(found))]
        process = context.Process(target=score_saved, args=(models, answers))
        process.start()
        for each in found:
            each["saved_quality"] = answers.get(timeout=120)
        process.join()
    cells: dict[tuple, list[dict]] = {}
    for each in found:
        cells.setdefault((each["strategy"], each["keras"], each["workers"]), []).append(each)
    print(f"{'strategy':18}{'Keras':>6}{'workers':>8}{'lowest':>8}{'steps to 0.95':>14}{'most':>6}")
    for (strategy, keras, workers), runs in cells.items():
        steps = [each["steps"] for each in runs]
        lowest = min(each["quality"] for each in runs)
        print(
            f"{strategy:18}{keras:>6}{workers:>8}{lowest:>8.3f}{np.median(steps):>14.0f}{max(steps):>6}"
        )
    differs = [e for e in found if abs(e["quality"] - e["saved_quality"]) > 1e-6]
    missed = [each for each in found if each["quality"] < TARGET]
    print(f"{len(found)} runs, {len(missed)} below {TARGET}, {len(differs)} saved models differ")
    if asked.save:
        save("learns_everywhere", {"target": TARGET, "runs": found})


if __name__ == "__main__":
    main()
