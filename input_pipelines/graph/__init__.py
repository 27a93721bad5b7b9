"""Any `tf.data.Dataset` as a graph: its stages seen, and the pipeline rewritten around them."""

from input_pipelines.graph.caching import CachePlace, cache_place
from input_pipelines.graph.dataset_graph import DatasetGraph
from input_pipelines.graph.reordering import Rewrite
from input_pipelines.graph.stages import Stage

__all__ = ["CachePlace", "DatasetGraph", "Rewrite", "Stage", "cache_place"]
