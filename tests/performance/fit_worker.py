"""tf_keras `fit` under MultiWorkerMirroredStrategy, written as TensorFlow's tutorial writes it."""

import json
import os
import sys
import time
from pathlib import Path

from tests.performance.cnn import BATCH_PER_WORKER, arrays, model


def main(steps: str, warmup: str, steps_per_execution: str, answer: str) -> None:
    """Trains, and writes milliseconds a step after `warmup` steps to the file `answer` (chief)."""
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    global_batch = BATCH_PER_WORKER * strategy.num_replicas_in_sync
    split = arrays()["train"]
    dataset = (
        tf.data.Dataset.from_tensor_slices((split["image"], split["label"]))
        .repeat()
        .batch(global_batch, drop_remainder=True)
        .prefetch(tf.data.AUTOTUNE)
    )
    with strategy.scope():
        network = model()
        network.compile(
            optimizer=tf.keras.optimizers.SGD(0.01),
            loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            steps_per_execution=int(steps_per_execution),
        )
    clock = _Clock(tf, int(warmup), int(steps))
    network.fit(
        dataset, steps_per_epoch=int(steps), epochs=1, callbacks=[clock.callback], verbose=0
    )
    if json.loads(os.environ["TF_CONFIG"])["task"]["type"] == "chief":
        Path(answer).write_text(json.dumps(clock.milliseconds))
        time.sleep(0.5)
    sys.stdout.flush()
    os._exit(0)


class _Clock:
    def __init__(self, tf, warmup: int, steps: int) -> None:
        self.began = self.milliseconds = None
        clock = self

        class Callback(tf.keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                done = batch + 1
                if done >= warmup and clock.began is None:
                    clock.began = time.perf_counter(), done
                if done == steps:
                    seconds, since = time.perf_counter() - clock.began[0], clock.began[1]
                    clock.milliseconds = 1000 * seconds / (steps - since)

        self.callback = Callback()
