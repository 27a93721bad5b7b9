"""Importing TensorFlow without what no training needs, and without looking for garbage meanwhile.

Keras brings scikit-learn and matplotlib's pyplot along for `keras.wrappers` and
`keras.visualization`, which are imported here when they are first used.
"""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any

_ON_FIRST_USE = frozenset(
    {
        "keras._tf_keras.keras.visualization",
        "keras._tf_keras.keras.wrappers",
        "keras.src.visualization",
        "keras.visualization",
        "keras.wrappers",
    }
)


@contextmanager
def light_imports() -> Iterator[None]:
    """What is imported within it is left out of later collections of garbage; where that is one of
    `_ON_FIRST_USE`, it is executed when somebody uses it, within or after."""
    collects = gc.isenabled()
    gc.disable()  # it would walk through ever more that stays
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        gc.freeze()
        if collects:
            gc.enable()


def import_tensorflow() -> ModuleType:
    """TensorFlow with its Keras, `tf_keras` where `TF_USE_LEGACY_KERAS=1` asks for that."""
    with light_imports():
        import tensorflow as tf

        tf.keras  # noqa: B018  imported on first use
    return tf


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _ON_FIRST_USE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _OnFirstUse(spec.loader)
        return spec


class _OnFirstUse(Loader):
    """Leaves a module that knows its file, and executes it when another name of it is asked for.

    Not `importlib.util.LazyLoader`: that executes for any name, `__file__` among them, which
    `inspect` asks of every module there is.
    """

    def __init__(self, real: Loader) -> None:
        self._real = real
        self._lock = RLock()
        self._executed = False

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__loader__ = module.__spec__.loader = self._real

        def found(name: str) -> Any:
            if not (name.startswith("__") and name.endswith("__")):
                with self._lock:
                    if not self._executed:
                        self._executed = True
                        self._real.exec_module(module)
                if name in vars(module):
                    return vars(module)[name]
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        vars(module)["__getattr__"] = found
