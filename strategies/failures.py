"""What can go wrong in a step and is the training's own doing."""

import numpy as np


class NotFiniteError(Exception):
    """The loss of a step is NaN or infinite, so nothing after it can be trusted."""

    def __init__(self, task: str, step: int, loss: float) -> None:
        super().__init__(
            f"the loss is {loss} at step {step} in {task}; try a smaller learning rate, "
            "or look for such values in the data"
        )
        self.step = step


def check_finite(task: str, first_step: int, losses: np.ndarray) -> None:
    """Raises NotFiniteError at the first of `losses` (float [steps]) that is not finite."""
    bad = np.flatnonzero(~np.isfinite(losses))
    if bad.size:
        raise NotFiniteError(task, first_step + int(bad[0]), float(losses[bad[0]]))
