"""What holds training back: shares of a step, the verdict, and what to do about it.

Pure functions on what `strategies.diagnosing` measured, but for `trying`, which runs in a task.
"""
