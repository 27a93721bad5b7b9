"""From the traces of all tasks to a table of the costliest operations and one trace for Perfetto.

`python -m benchmarks.trace_conversion <run folder>`, in a process of its own: the package `xprof`
is native code that prints hundreds of lines unless `TF_CPP_MIN_LOG_LEVEL=3` was set before it was
imported. It doesn't import TensorFlow. Exit code 1 and a line on standard error where it fails.
"""

import gzip
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from results.configuration import configuration
from results.formats import as_csv
from results.profiles import OPERATIONS, OPERATIONS_CSV, TRACE, Operation, traces
from results.run_folder import RunFolder, replace_file

_MICROSECOND = 1e-6


class TraceError(Exception):
    """A trace that can't be converted; the message is one line."""


def convert(folder: RunFolder) -> None:
    """Writes `OPERATIONS`, `OPERATIONS_CSV` and `TRACE`. Raises TraceError, OSError."""
    found = dict(traces(folder.path))
    if not found:
        raise TraceError("no task left a trace: the run didn't get to the end of profile.steps")
    with tempfile.TemporaryDirectory() as temporary:
        # xprof names tasks by their files and leaves files of its own beside them.
        links = [Path(temporary) / path.name for path in found.values()]
        for link, path in zip(links, found.values(), strict=True):
            link.symlink_to(path.resolve())
        operations = _operations(_converted(links, "framework_op_stats"))
        trace = _converted(links, "trace_viewer@")
    _check(trace, list(found))
    rows = [asdict(each) for each in operations]
    steps = configuration(folder).get("profile.steps")
    folder.write(OPERATIONS, {"steps": steps, "tasks": list(found), "operations": rows})
    columns = [field.name for field in fields(Operation)]
    replace_file(folder.path / OPERATIONS_CSV, as_csv(columns, rows))
    text = json.dumps(trace, separators=(",", ":"))
    replace_file(folder.path / TRACE, gzip.compress(text.encode(), mtime=0))


def _converted(paths: Sequence[Path], tool: str) -> Any:
    from xprof.convert import raw_to_tool_data

    options = {"use_saved_result": False}
    text, _ = raw_to_tool_data.xspace_to_tool_data([str(path) for path in paths], tool, options)
    if not text:
        raise TraceError(f"xprof can't make {tool} of {', '.join(path.name for path in paths)}")
    return json.loads(text)


def _operations(tables: Sequence[Mapping[str, Any]]) -> list[Operation]:
    """The rows of xprof's second table, the one without idle time."""
    names = [column["id"] for column in tables[1]["cols"]]
    cells = [[cell["v"] for cell in row["c"]] for row in tables[1]["rows"]]
    rows = [dict(zip(names, values, strict=True)) for values in cells]
    totals: dict[str, float] = {}
    for row in rows:
        place = row["host_or_device"]
        totals[place] = totals.get(place, 0.0) + row["total_self_time"]
    found = [
        Operation(
            operation=row["operation"],
            kind=row["type"].removeprefix("_Mkl"),
            place=row["host_or_device"],
            occurrences=int(row["occurrences"]),
            self_seconds=row["total_self_time"] * _MICROSECOND,
            self_share=row["total_self_time"] / totals[row["host_or_device"]],
        )
        for row in rows
        if row["total_self_time"] > 0
    ]
    return sorted(found, key=lambda each: each.self_seconds, reverse=True)


def _check(trace: Mapping[str, Any], tasks: Sequence[str]) -> None:
    """That every task is in the trace, with events that have a beginning and a duration."""
    names: dict[str, set[int]] = {task: set() for task in tasks}
    timed = set()
    for event in trace["traceEvents"]:
        if event.get("ph") == "X" and "ts" in event and "dur" in event:
            timed.add(event["pid"])
        elif event.get("name") == "process_name":
            task = event["args"]["name"].partition(" ")[0]
            names.setdefault(task, set()).add(event["pid"])
    silent = [task for task in tasks if not names[task] & timed]
    if silent:
        raise TraceError(f"the trace holds nothing of {', '.join(silent)}")


def main(words: Sequence[str]) -> int:
    """Converts the traces of the run in the folder that is named; returns the exit code."""
    try:
        convert(RunFolder(Path(words[0])))
    except (TraceError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
