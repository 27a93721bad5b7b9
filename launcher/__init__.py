"""The command line, the configuration, the plan, engines, and what runs inside a task.

The parent process that this room runs in never imports TensorFlow.
"""
