"""Held-out examples: each once over all replicas, in batches of one shape."""

from pathlib import Path

import numpy as np
import pytest

from input_pipelines.build import evaluation_dataset
from tests.input_pipelines.made_splits import feed_of, record_files


@pytest.mark.parametrize(
    ("replicas", "batch", "counts"),
    [
        (1, 4, (7, 1, 12)),
        (2, 50, (7, 1, 12)),
        pytest.param(3, 4, (7, 1, 12), marks=pytest.mark.ci),
        pytest.param(3, 1, (7, 1, 12), marks=pytest.mark.ci),
        (5, 2, (3,)),
    ],
)
def test_each_example_has_weight_one_once(
    tmp_path: Path, replicas: int, batch: int, counts: tuple[int, ...]
) -> None:
    feed = feed_of(record_files(tmp_path, counts))
    seen, lengths = [], set()
    for replica in range(replicas):
        batches = list(evaluation_dataset(feed, replica, replicas, batch))
        lengths.add(len(batches))
        for weight, x, y in batches:
            assert weight.shape == x.shape == y.shape == [batch]
            assert set(weight.numpy().tolist()) <= {0.0, 1.0}
            seen.append(y.numpy()[weight.numpy() == 1])
    assert len(lengths) == 1
    assert sorted(np.concatenate(seen).tolist()) == list(range(sum(counts)))
