"""`python -m input_pipelines <verb> key=value …`: measure, diagnose and tune an input pipeline.

The keys are those of `python -m launcher`.
"""

import sys
from collections.abc import Sequence

from launcher.paths import put_current_folder_last

put_current_folder_last()

_HELP_WORDS = {"--help", "-h", "help"}
_DIAGNOSE = "diagnose"
_BARE = "workload._target_=input_pipelines.bare.workload"


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code: its own, 2 for what a person got wrong, or 130."""
    try:
        return _run(list(sys.argv[1:] if words is None else words))
    except KeyboardInterrupt:
        return 130


def _run(words: Sequence[str]) -> int:
    from input_pipelines.commands import verb, verb_names

    if not words or _HELP_WORDS & set(words):
        print(_help())
        return 0 if words else 2
    name, keys = words[0], words[1:]
    if name == _DIAGNOSE:
        from launcher.command import main as launch

        return launch([*keys, "diagnose=true"])
    if name not in verb_names():
        from results.errors import nearest

        meant = nearest(name, [*verb_names(), _DIAGNOSE])
        hint = f"did you mean {meant}?" if meant else "--help lists them"
        print(f"error: {name}: no such command; {hint}", file=sys.stderr)
        return 2
    from launcher.studies import StudyKind, study

    chosen = verb(name)
    return study([*keys, *_workload(keys)], StudyKind(chosen.function, chosen.show, chosen.check))


def _workload(words: Sequence[str]) -> list[str]:
    """What stands for the workload where only the examples are named: the one of ours whose usual
    source it is, so that its features and augmentation are measured too, or none."""
    from launcher.groups import workload_of_source

    given = dict(word.split("=", 1) for word in words if "=" in word)
    keys = {key.lstrip("+") for key in given}
    if any(key == "workload" or key.startswith("workload.") for key in keys):
        return []
    if "pipeline._target_" in keys or "source._target_" in keys:
        return [_BARE]
    if "source" not in given:
        return []
    usual = workload_of_source(given["source"])
    return [_BARE] if usual is None else [f"workload={usual}", f"source={given['source']}"]


def _help() -> str:
    from input_pipelines.commands import verb, verb_names

    rows = [(name, verb(name).does) for name in verb_names()]
    rows.append((_DIAGNOSE, "trains, then finds out which resource holds it back (diagnose=true)"))
    return "\n".join(
        [
            "Measure, diagnose and tune an input pipeline; keys as for python -m launcher.",
            "",
            *(f"  python -m input_pipelines {name} …\n      {does}" for name, does in rows),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
