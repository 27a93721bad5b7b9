"""What TensorBoard shows of a run: loss, throughput and quality as scalars, the graph once."""

from pathlib import Path

import tensorflow as tf

TENSORBOARD_FOLDER = "tensorboard"


class Summaries:
    """The chief's event file; in every other task nothing is written."""

    def __init__(self, run_folder: Path, *, chief: bool) -> None:
        self._writer = (
            tf.summary.create_file_writer(str(run_folder / TENSORBOARD_FOLDER))
            if chief
            else tf.summary.create_noop_writer()
        )

    def scalars(self, step: int, **values: float) -> None:
        with self._writer.as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def graph(self, graph: tf.Graph) -> None:
        with self._writer.as_default():
            tf.summary.graph(graph)

    def close(self) -> None:
        self._writer.close()
