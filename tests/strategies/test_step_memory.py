"""What a step has to keep, against sums worked by hand."""

import pytest
import tensorflow as tf

from benchmarks.workloads.digits_mlp import workload as digits_mlp
from benchmarks.workloads.workload import Workload
from strategies.model import build_training
from strategies.settings import LoopSettings
from strategies.step_memory import StepMemory, step_memory

_FLOAT = 4


def memory_of(workload: Workload, shape: tuple[int, ...], examples: int, parts: int) -> StepMemory:
    training = build_training(workload, LoopSettings(), seed=1)
    batch = (tf.zeros((examples, *shape)), tf.zeros(examples, tf.int64))
    return step_memory(training, workload, batch, examples=examples, parts=parts)


@pytest.mark.parametrize(("examples", "parts"), [(32, 1), (64, 1), (64, 2)])
def test_dense_network_keeps_its_hidden_layers_and_the_gradient_of_its_loss(
    examples: int, parts: int
) -> None:
    found = memory_of(digits_mlp(hidden=100), (8, 8, 1), examples, parts)
    parameters = 64 * 100 + 100 + 100 * 100 + 100 + 100 * 10 + 10
    assert found.variable_bytes == found.gradient_bytes == _FLOAT * parameters
    assert found.optimizer_bytes == pytest.approx(2 * _FLOAT * parameters, abs=64)  # Adam's, a step
    assert found.batch_bytes == examples * (64 * _FLOAT + 8)
    # Both layers after their ReLU, which is what its gradient reads too, and softmax less labels.
    assert found.activation_bytes == examples // parts * (100 + 100 + 10) * _FLOAT


def test_convolution_keeps_what_its_filters_gradient_reads_and_no_shapes() -> None:
    def model() -> tf.keras.Model:
        layers = tf.keras.layers
        image = tf.keras.Input((8, 8, 3))
        deep = layers.Conv2D(5, 3, padding="same", activation="relu")(image)
        deep = layers.Conv2D(7, 3, padding="same", activation="relu")(deep)
        return tf.keras.Model(image, layers.Dense(10)(layers.Flatten()(deep)))

    own = digits_mlp()
    workload = Workload(model, own.optimizer, own.loss, own.quality, own.features)
    found = memory_of(workload, (8, 8, 3), 16, parts=1)
    assert found.activation_bytes == 16 * (64 * 5 + 64 * 7 + 10) * _FLOAT
