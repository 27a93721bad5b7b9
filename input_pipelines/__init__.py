"""From stored examples to batches: sources, preparation, and the datasets of `build`.

Importing this package doesn't import TensorFlow; `input_pipelines.build` does.
"""

from input_pipelines.opening import load_source, open_source
from input_pipelines.preparation import Prepared, prepare, prepared_folder
from input_pipelines.settings import PipelineSettings

__all__ = [
    "PipelineSettings",
    "Prepared",
    "load_source",
    "open_source",
    "prepare",
    "prepared_folder",
]
