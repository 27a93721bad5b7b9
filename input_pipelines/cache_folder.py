"""A folder for the files of a cache, where nobody gave one."""

import shutil
import tempfile
import weakref


def temporary_folder() -> str:
    """A folder that is removed when the process ends, unless it is killed."""
    folder = tempfile.mkdtemp(prefix="distribute-bench-cache-")
    weakref.finalize(temporary_folder, shutil.rmtree, folder, ignore_errors=True)
    return folder
