"""Prepares a task's devices before anything else touches TensorFlow."""

import tensorflow as tf

from results.errors import UserError
from strategies.placement import Placement


def prepare_devices(placement: Placement) -> None:
    """Cuts the CPU into one logical device a replica, or lets the GPUs' memory grow.

    Raises:
      UserError: fewer GPUs are visible to TensorFlow than the plan gave to this task.
    """
    if placement.devices == "cpu":
        tf.config.set_visible_devices([], "GPU")
        cpu = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration() for _ in range(placement.replicas)]
        tf.config.set_logical_device_configuration(cpu, parts)
    elif placement.devices == "gpu":
        found = tf.config.list_physical_devices("GPU")
        if len(found) < placement.replicas:
            raise UserError(
                f"devices=gpu: TensorFlow sees {len(found)} of the {placement.replicas} GPUs "
                "that this task needs; install the extra `cuda`, or take devices=cpu"
            )
        for gpu in found:
            tf.config.experimental.set_memory_growth(gpu, True)
