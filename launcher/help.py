"""`--help`, written for a person: what it is for first, then every key. Hydra isn't imported."""

import textwrap
from typing import Any

from launcher import groups, schema

_COLUMNS = 80
_KEY_COLUMNS = 30

_JOURNEYS = (
    ("one run", "python -m launcher strategy=multiworker workers=4"),
    ("a sweep", "python -m launcher -m strategy=mirrored,multiworker workers=1,2,4"),
    ("a ready sweep", "python -m launcher -m experiment=overnight"),
    ("go on with a sweep", "python -m launcher resume=multirun/<date>/<time>"),
    ("what holds it back", "python -m launcher diagnose=true"),
    ("a faster pipeline", "python -m input_pipelines tune source=jpeg_records"),
    ("how far a sweep is", "python -m results watch folder=multirun/<date>/<time>"),
    ("your own model", "python -m launcher workload._target_=my_package.my_workload"),
    ("see the plan, start nothing", "python -m launcher strategy=parameter_server dry_run=true"),
    ("read what runs left behind", "python -m results list folder=outputs"),
)
_FLAGS = (
    ("-m", "a sweep: each comma makes another run"),
    ("--cfg job", "print the whole configuration, run nothing"),
    ("--info", "what Hydra read, and from where"),
    ("-sc install=bash", "tab completion, for the installed command: eval it in your shell"),
    ("--hydra-help", "Hydra's own flags"),
)
_MORE_KEYS = {
    "workload._target_": "Dotted name of your own function that returns a workload.",
    "workload.parameters.*": "Its keyword arguments; +workload.parameters.x=1 adds one.",
    "source.parameters.*": "Keyword arguments of the source.",
    "engine.first_port": "Tasks listen on this port and those after it; null: free ones.",
    "engine.partition": "Of the Slurm cluster (its queue).",
    "engine.time": "Longest time of the job, as sbatch --time takes it.",
    "engine.account": "Who is charged for the job.",
    "engine.cpus_per_task": "CPUs that are reserved for each task.",
    "engine.mem": "Memory of each node of the job: 16G.",
    "engine.constraint": "Features that the job's nodes must have.",
    "engine.nodes": "Nodes that the tasks are spread over.",
    "engine.extra": 'More options for sbatch: [--exclusive,"--qos=long"].',
    "engine.addresses": "host:port of every task, or a pattern of them with %d for its number.",
    "engine.index": "Which of engine.addresses is this process's own, counted from 0.",
    "engine.address": "A Ray cluster's host:port, or auto; null makes one on this machine.",
    "engine.placement": "PACK, SPREAD, STRICT_PACK or STRICT_SPREAD over Ray's nodes.",
    "hydra.run.dir": "Folder of the run (outputs/<date>/<time>).",
    "hydra.sweep.dir": "Folder of the sweep (multirun/<date>/<time>).",
}


def text() -> str:
    """The whole page, at most 80 columns wide."""
    return "\n".join(
        [
            "Trains a model under a strategy of tf.distribute, measures it, and explains what",
            "held it back.",
            "",
            *_block("What for", _JOURNEYS, under=True),
            *_block("Keys, given as key=value, with what they are if you don't say", _keys()),
            *[line for group in groups.GROUPS for line in _group(group)],
            *_block("Flags", _FLAGS),
            "Exit code: 0 well, 1 a run failed, 2 something to correct, 130 interrupted.",
        ]
    )


def _keys() -> list[tuple[str, str]]:
    rows = []
    for key, (default, meaning) in schema.known_keys().items():
        if key in groups.GROUPS:
            chosen = groups.usual_member(key)
            rows.append((f"{key}={chosen or 'null'}", f"{meaning} Members: below."))
        else:
            rows.append((f"{key}={_as_typed(default)}", meaning))
    return [*rows, *_MORE_KEYS.items()]


def _group(group: str) -> list[str]:
    rows = [(name, groups.meaning(group, name)) for name in groups.members(group)]
    return _block(f"{group}=…", rows)


def _block(title: str, rows: Any, under: bool = False) -> list[str]:
    """Titled rows of a term and its meaning: side by side, or the meaning under the term."""
    lines = [f"{title}:"]
    for term, meaning in rows:
        if under:
            lines += [f"  {term}", f"      {meaning}"]
            continue
        first = f"  {term}"
        if len(first) >= _KEY_COLUMNS:
            lines.append(first)
            first = ""
        indent = " " * _KEY_COLUMNS
        wrapped = textwrap.wrap(meaning, _COLUMNS - _KEY_COLUMNS) or [""]
        lines.append(f"{first:<{_KEY_COLUMNS}}{wrapped[0]}".rstrip())
        lines += [indent + line for line in wrapped[1:]]
    return [*lines, ""]


def _as_typed(value: Any) -> str:
    """A value as it is typed on the command line."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
