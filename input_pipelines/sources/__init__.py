"""Where examples come from: one module a source, named by `source._target_`.

Importing a source doesn't import TensorFlow; opening one does.
"""
