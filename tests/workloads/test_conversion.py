"""AutoGraph reaches what a person wrote, and nothing else."""

import pytest
import tensorflow as tf

from benchmarks.workloads.classification import class_loss
from benchmarks.workloads.conversion import converted


def halved_where_large(x):
    if tf.reduce_sum(x) > 10:
        return x / 2
    return x


class Halving:
    def __call__(self, x):
        return halved_where_large(x)

    def method(self, x):
        return halved_where_large(x)


def in_a_graph(function, x):
    return tf.function(lambda x: function(x), autograph=False)(x).numpy()


FUNCTIONS = {
    "function": halved_where_large,
    "object": Halving(),
    "method": Halving().method,
    "lambda": lambda x: halved_where_large(x),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_an_if_on_a_tensor_is_converted(function):
    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError):
        in_a_graph(function, tf.constant(20.0))
    assert in_a_graph(converted(function), tf.constant(20.0)) == 10
    assert in_a_graph(converted(function), tf.constant(4.0)) == 4


def test_a_function_without_source_runs_as_it_is():
    scope = {"tf": tf}
    exec("def doubled(x): return tf.multiply(x, 2)", scope)
    assert in_a_graph(converted(scope["doubled"]), tf.constant(2.0)) == 4


def test_ours_and_those_of_keras_optimizers_come_back_unchanged():
    step = tf.keras.optimizers.Adam().apply_gradients
    for function in (class_loss, step):
        assert converted(function) is function
