"""Sweeps: many runs of one command, which go on where they stopped.

`sweep` leads one from the command line to its last run: every run is composed and judged first
(`cells`), then the folder is opened with its journal (`opening`), a new one or one of `resume=…`
(`resuming`), which has to be the same sweep still (`identity`). `loop` asks the `journal` which
run is next and has it done (`swept_run`); what each try at a run leaves is kept apart (`attempts`).
"""
