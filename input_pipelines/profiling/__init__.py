"""A pipeline measured by itself: what each stage costs, which one limits, what comes out a second.

Importing this package doesn't import TensorFlow; `input_pipelines.profiling.study` does.
"""
