"""The run folder's format, statistics, tables and the report. Reads what is there, runs nothing.

Importing this package is light: what needs pandas, matplotlib or pyarrow imports it when called.
"""

from results.errors import UserError, nearest
from results.loading import Run, load, read_runs
from results.run_folder import RunFolder, is_run, now

__all__ = ["Run", "RunFolder", "UserError", "is_run", "load", "nearest", "now", "read_runs"]
