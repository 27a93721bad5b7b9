"""One of several workers as a person starts them without a launcher: `python fresh_worker.py …`.

A plain script as in TensorFlow's tutorial on custom loops with MultiWorkerMirroredStrategy. It
writes the moment at which its first step was done, and stays until its input is closed: a worker
that leaves takes the others with it.
"""

import os
import sys
import time
from pathlib import Path


def main(name: str, data: str, answer: str) -> None:
    """Makes the first step of `one_layer` or `jpeg_cnn`, reading from `data`."""
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    if name == "one_layer":
        from tests.performance.one_layer import BATCH_PER_WORKER, dataset, loss, model, optimizer
    else:
        from tests.performance.jpeg_input import BATCH_PER_WORKER, dataset, workload

        model, optimizer, loss = workload().model, workload().optimizer, workload().loss
    with strategy.scope():
        network, rule = model(), optimizer()
        rule.build(network.trainable_variables)
    batches = strategy.distribute_datasets_from_function(
        lambda context: dataset(data, context.input_pipeline_id, context.num_input_pipelines)
    )

    def replica_step(x, y):
        with tf.GradientTape() as tape:
            losses = loss(y, network(x, training=True))
            share = tf.reduce_sum(losses) / (BATCH_PER_WORKER * strategy.num_replicas_in_sync)
        gradients = tape.gradient(share, network.trainable_variables)
        rule.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return share

    @tf.function
    def train_step(iterator):
        shares = strategy.run(replica_step, args=next(iterator))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, shares, axis=None)

    float(train_step(iter(batches)))
    done = Path(answer)
    done.with_suffix(".part").write_text(str(time.time()))
    done.with_suffix(".part").rename(done)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
