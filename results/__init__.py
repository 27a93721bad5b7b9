"""The run folder's format, statistics, tables and the report. Reads what is there, runs nothing.

Importing this package is light: what needs pandas, matplotlib or pyarrow imports it when called.
"""

from results.errors import UserError, nearest
from results.run_folder import RunFolder, is_run, now

__all__ = ["RunFolder", "UserError", "is_run", "nearest", "now"]
