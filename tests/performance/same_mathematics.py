"""How far synchronous strategies are from one device after 10 steps, for every workload of ours.

    python -m tests.performance.same_mathematics [--save]

Random augmentation off; no workload of ours has dropout. Prints the largest difference of a loss
and of a variable between one_device and mirrored, multiworker and central_storage with 2 replicas.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from launcher.groups import members
from launcher.session import Session
from results.streams import STEPS, read_rows
from tests.performance.record import save
from tests.runs import run

TEN_STEPS = (
    "batch.total=32",
    "until.steps=10",
    "measure.warmup_steps=2",
    "loop.steps_per_call=1",
    "pipeline.augment=false",
)
SHARED = {
    "mirrored": ("strategy=mirrored", "workers=2"),
    "central_storage": ("strategy=central_storage", "workers=2"),
    "multiworker": ("strategy=multiworker", "workers=2"),
}


def trained(session: Session, folder: Path, *overrides: str):
    outcome, run_folder = run(session, folder, *TEN_STEPS, *overrides)
    if outcome.state != "done":
        raise SystemExit(f"{overrides}: {outcome.reason}\n{outcome.log_tail}")
    losses = read_rows(run_folder.task_folder("chief-0"), STEPS).to_pandas().loss.to_numpy()
    served = tf.saved_model.load(str(folder / "model"))
    return losses, [variable.numpy() for variable in served.variables_of_model]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    table = []
    with tempfile.TemporaryDirectory() as place, Session() as session:
        for workload in members("workload"):
            chosen = f"workload={workload}"
            losses, variables = trained(session, Path(place) / workload, chosen)
            for strategy, words in SHARED.items():
                folder = Path(place) / f"{workload}-{strategy}"
                other_losses, others = trained(session, folder, chosen, *words)
                loss = float(np.abs(losses - other_losses).max())
                variable = max(
                    float(np.abs(one - other).max())
                    for one, other in zip(variables, others, strict=True)
                )
                table.append({"workload": workload, "strategy": strategy, "loss": loss})
                table[-1]["variable"] = variable
                print(f"{workload:12} {strategy:16} loss {loss:.1e}  variables {variable:.1e}")
    if asked.save:
        save("same_mathematics", {"largest_difference_from_one_device": table})


if __name__ == "__main__":
    main()
