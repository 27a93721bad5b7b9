"""Whether two pipelines give the same elements: hashes of the content of an epoch.

An element's hash is over type, shape and bytes of every tensor in it, and over the structure's
names. A fingerprint holds the sum of all of them, which no order changes, and a chained hash, which
any change of order changes. Runs in tasks only.
"""

import hashlib
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import tensorflow as tf

_HASH_BYTES = 16
_MODULUS = 1 << (8 * _HASH_BYTES)


@dataclass(frozen=True)
class Fingerprint:
    """What an epoch holds."""

    count: int
    """Elements, or examples where they were taken one by one."""
    elements: str
    """The sum of the elements' hashes: the same for any order; an element that comes twice counts
    twice."""
    order: str
    """The hash of the elements' hashes in their order."""

    def same_elements(self, other: "Fingerprint") -> bool:
        """Whether both hold the same elements, each as often."""
        return (self.count, self.elements) == (other.count, other.elements)

    def same_order(self, other: "Fingerprint") -> bool:
        """Whether they also come in the same order."""
        return self.same_elements(other) and self.order == other.order


def fingerprint(
    dataset: tf.data.Dataset,
    *,
    by_example: bool = False,
    take: int | None = None,
    longest_seconds: float = inf,
) -> Fingerprint:
    """The fingerprint of one pass over the dataset, or of its first `take` elements, or of as many
    as `longest_seconds` are enough for.

    With `by_example` a batch counts as the examples in it (all tensors, ragged and sparse ones too,
    are cut along their first dimension), so that pipelines of different batch sizes can be
    compared; `take` then counts examples, and may end within a batch. Dense tensors of any type,
    strings, ragged and sparse tensors are hashed.

    Raises:
      ValueError: the dataset never ends and `take` is None, or an element holds something else
        (a dataset, an optional).
    """
    if take is None and dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError("this dataset never ends: an epoch has no fingerprint without `take`")
    hashes = itertools.islice(_hashes(dataset, by_example), take)
    count, total, chain = 0, 0, hashlib.blake2b(digest_size=_HASH_BYTES)
    give_up = time.perf_counter() + longest_seconds
    for digest in hashes:
        count += 1
        total = (total + int.from_bytes(digest)) % _MODULUS
        chain.update(digest)
        if time.perf_counter() > give_up:
            break
    return Fingerprint(count, f"{total:0{2 * _HASH_BYTES}x}", chain.hexdigest())


@dataclass(frozen=True)
class _Dense:
    """A dense tensor outside TensorFlow, which takes 0.1 ms to cut an example out of one."""

    dtype: tf.DType
    array: np.ndarray


def _hashes(dataset: tf.data.Dataset, by_example: bool) -> Iterator[bytes]:
    for element in dataset:
        if not by_example:
            yield _hash(element)
            continue
        flat = tf.nest.flatten(element, expand_composites=False)
        examples, parts = _examples(flat), [_taken_out(tensor) for tensor in flat]
        for index in range(examples):
            one = [_cut(part, index) for part in parts]
            yield _hash(tf.nest.pack_sequence_as(element, one, expand_composites=False))


def _examples(tensors: list[Any]) -> int:
    """The first dimension that all tensors of a batch share."""
    lengths = {int(_rows(tensor)) for tensor in tensors}
    if len(lengths) != 1:
        raise ValueError(f"this is not a batch of examples: first dimensions {sorted(lengths)}")
    return lengths.pop()


def _rows(tensor: Any) -> Any:
    if isinstance(tensor, tf.RaggedTensor):
        return tensor.nrows()
    shape = tensor.dense_shape if isinstance(tensor, tf.SparseTensor) else tf.shape(tensor)
    if not len(shape):
        raise ValueError("this is not a batch of examples: it holds a scalar")
    return shape[0]


def _taken_out(tensor: Any) -> Any:
    """A dense tensor outside TensorFlow; anything else as it is."""
    if not isinstance(tensor, tf.Tensor) or tensor.dtype in (tf.variant, tf.resource):
        return tensor
    return _Dense(tensor.dtype, np.asarray(tensor.numpy()))


def _cut(tensor: Any, index: int) -> Any:
    if isinstance(tensor, _Dense):
        return _Dense(tensor.dtype, tensor.array[index, ...])
    if isinstance(tensor, tf.SparseTensor):
        here = tensor.indices[:, 0] == index
        return tf.SparseTensor(
            tf.boolean_mask(tensor.indices[:, 1:], here),
            tf.boolean_mask(tensor.values, here),
            tensor.dense_shape[1:],
        )
    return tensor[index]


def _hash(element: Any) -> bytes:
    digest = hashlib.blake2b(digest_size=_HASH_BYTES)
    for path, tensor in _with_names(element, ""):
        digest.update(path.encode())
        _add(digest, tensor)
    return digest.digest()


def _with_names(structure: Any, path: str) -> Iterator[tuple[str, Any]]:
    """(place in the structure, tensor) of all tensors. Lists and tuples count as the same."""
    if isinstance(structure, dict):
        for name in sorted(structure):
            yield from _with_names(structure[name], f"{path}/{name}")
    elif isinstance(structure, (tuple, list)):
        for index, part in enumerate(structure):
            yield from _with_names(part, f"{path}/{index}")
    else:
        yield path, structure


def _add(digest: Any, tensor: Any) -> None:
    if isinstance(tensor, tf.RaggedTensor):
        digest.update(b"ragged")
        for part in (tensor.flat_values, *tensor.nested_row_lengths()):
            _add(digest, part)
    elif isinstance(tensor, tf.SparseTensor):
        digest.update(b"sparse")
        for part in (tensor.indices, tensor.values, tensor.dense_shape):
            _add(digest, part)
    elif isinstance(dense := _taken_out(tensor), _Dense):
        digest.update(f"{dense.dtype.name}{list(dense.array.shape)}".encode())
        if dense.dtype == tf.string:
            for text in dense.array.ravel():
                digest.update(len(text).to_bytes(8) + text)
        else:
            digest.update(np.ascontiguousarray(dense.array).tobytes())
    else:
        raise ValueError(f"a {type(tensor).__name__} can't be hashed; tensors can")
