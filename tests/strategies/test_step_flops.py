"""FLOPs counted from traced graphs, against sums worked by hand."""

import pytest
import tensorflow as tf

from strategies.step_flops import step_flops


def traced(multiply, *shapes):
    """The graph of a call whose loop trains on what `multiply` makes of tensors of `shapes`; the
    first is data, the others are variables."""
    variables = [tf.Variable(tf.ones(shape)) for shape in shapes[1:]]

    @tf.function(autograph=False)
    def call(count, data):
        def step(k, total):
            with tf.GradientTape() as tape:
                made = tf.reduce_sum(multiply(data, *variables))
            for variable, gradient in zip(variables, tape.gradient(made, variables), strict=True):
                variable.assign_sub(gradient)
            return k + 1, total + made

        return tf.while_loop(lambda k, _: k < count, step, (0, 0.0))

    return call.get_concrete_function(tf.TensorSpec([], tf.int32), tf.TensorSpec(shapes[0])).graph


def two_layers(x, first, second):
    return tf.matmul(tf.nn.relu(tf.matmul(x, first)), second)


CASES = {
    # forward and the filter's gradient; the first layer's input needs none
    "a product": (tf.matmul, [(8, 20), (20, 30)], 2 * 2 * 8 * 20 * 30),
    # the second layer's input does
    "two layers": (
        two_layers,
        [(8, 20), (20, 30), (30, 5)],
        2 * 2 * 8 * 20 * 30 + 3 * 2 * 8 * 30 * 5,
    ),
    "an einsum": (
        lambda x, w: tf.einsum("bsi,ihd->bshd", x, w),
        [(2, 3, 4), (4, 5, 6)],
        2 * 2 * 2 * 3 * 4 * 5 * 6,
    ),
    "a convolution": (
        lambda x, w: tf.nn.conv2d(x, w, 2, "SAME"),
        [(8, 6, 6, 4), (3, 3, 4, 5)],
        2 * 2 * (8 * 3 * 3 * 5) * (3 * 3 * 4),
    ),
    "a depthwise convolution": (
        lambda x, w: tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME"),
        [(8, 6, 6, 4), (3, 3, 4, 2)],
        2 * 2 * (8 * 6 * 6 * 4 * 2) * (3 * 3),
    ),
}


@pytest.mark.parametrize(("multiply", "shapes", "flops"), CASES.values(), ids=CASES)
def test_contractions_that_run_are_counted(multiply, shapes, flops):
    graph = traced(multiply, *shapes)
    assert step_flops(graph, replicas=1) == flops
    assert step_flops(graph, replicas=2) == flops // 2


def test_a_function_that_is_called_is_looked_into():
    inner = tf.function(tf.matmul, autograph=False)
    flops = step_flops(traced(inner, (8, 20), (20, 30)), replicas=1)
    assert flops == step_flops(traced(tf.matmul, (8, 20), (20, 30)), replicas=1)


def test_what_can_not_be_told_before_it_runs_is_none():
    def as_often_as_it_takes(x, w):
        return tf.while_loop(
            lambda y: tf.reduce_sum(y) < 100.0, lambda y: (tf.matmul(y, w),), (x,)
        )[0]

    assert step_flops(traced(as_often_as_it_takes, (8, 20), (20, 20)), replicas=1) is None
    assert step_flops(traced(tf.matmul, (None, 20), (20, 20)), replicas=1) is None


def test_a_step_that_multiplies_nothing_has_no_flops():
    assert step_flops(traced(tf.add, (8, 20), (8, 20)), replicas=1) is None
