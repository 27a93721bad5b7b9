"""One run from end to end: checked, prepared, started, watched, summed up."""

import dataclasses
import importlib
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.pressure import stalled_seconds, stalled_shares
from input_pipelines.diagnosis.memory import ended_by_memory
from launcher import emulation, isolation, memory, profiling
from launcher.abandoned import RESERVE, TEMPORARY, remove_working_files
from launcher.agreement import facts
from launcher.causes import Cause
from launcher.cluster_plan import ClusterPlan
from launcher.earlier import BEGUN, earlier_starts
from launcher.engines import EngineError, Group, Isolation
from launcher.engines.given.gathering import gather
from launcher.environment import environment
from launcher.experiment import Experiment
from launcher.failure_kinds import MEMORY, PLATFORM, PREEMPTED, is_full_disk
from launcher.folder_lock import held
from launcher.marks import SIGNALLED
from launcher.progress import progress_view
from launcher.restarts import Attempts
from launcher.session import Session
from launcher.studies import ask_study
from launcher.supervisor import Watched
from results.errors import UserError
from results.pipeline_file import DIAGNOSIS, put_part
from results.run_folder import BREAKDOWN, ENVIRONMENT, PLAN, STATUS, SUMMARY, RunFolder, now
from strategies.checkpoint_folder import remove_incomplete

_DIAGNOSIS = "input_pipelines.diagnosis.study:diagnose"
_ADVICE = "input_pipelines.profiling.study:profile_briefly"
_RESERVED_BYTES = 1 << 20
"""The status, the summary and the report take less."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    state: str
    """`done`, `failed`, `interrupted`; of a run that a job does also `in queue` and `goes on`,
    where it hasn't ended."""
    reason: str | None
    """In one line, where it is not `done`."""
    log_tail: str = ""
    """The end of the log of the task that failed."""
    consequences: tuple[str, ...] = ()
    """How other tasks ended because of it, a line each."""
    summary: dict[str, Any] | None = None


def run_one(
    session: Session, experiment: Experiment, folder: Path, overrides: list[str]
) -> Outcome:
    """Runs the experiment and leaves everything about it in `folder`; where an earlier launcher has
    begun it there and was ended before the run was, goes on from the newest checkpoint.

    Raises:
      UserError: the preflight found something that a person can mend; nothing was started.
      FolderTaken: another launcher is at work in `folder`.
    """
    threading.Thread(target=_import_early, daemon=True).start()
    with held(folder):
        return _run(session, experiment, folder, overrides)


def _import_early() -> None:
    """What sums a run up, while its tasks are waited for: the next run of a sweep starts sooner."""
    for module in ("benchmarks.summary", "pyarrow.parquet"):
        importlib.import_module(module)


def _run(session: Session, experiment: Experiment, folder: Path, overrides: list[str]) -> Outcome:
    started, asked = now(), time.perf_counter()
    run_folder = RunFolder(folder)
    earlier = earlier_starts(run_folder)
    with (
        closing(_group(session, experiment, folder)) as group,
        reserve(folder),
        temporary_folder(folder) as temporary,
    ):
        settled = isolation.settled(experiment, group.isolation)
        found = session.preflight(group, experiment, folder, temporary)
        prepared = found["preparation_seconds"]
        checked = time.perf_counter() - asked - prepared
        memory.check_accelerator(experiment, found["replica_needs"])
        memory.check_hosts(experiment, found["anonymous_bytes"])
        hosts = group.hosts()
        memory.check(experiment, found["task_bytes"], hosts)
        run_folder.write(ENVIRONMENT, {**environment(), **({"hosts": hosts} if hosts else {})})
        status: dict[str, Any] = {
            "state": "running",
            "reason": None,
            "cause": None,
            "started": earlier.started if earlier else started,
            "tasks_started": earlier.tasks_started if earlier else time.time(),
            "isolation": dataclasses.asdict(settled),
            "preparation_seconds": prepared,
            "preflight_seconds": checked,
            "train_examples": found["train_examples"],
            "test_examples": found["test_examples"],
            "matmul_flops_per_second": found["matmul_flops_per_second"],
        }
        replaced_before = earlier.replaced if earlier else ()
        run_folder.write(STATUS, status)
        stalled, watched_from = stalled_seconds(), time.time()

        def write_start(plan: ClusterPlan, resumed: Experiment, step: int | None) -> None:
            _write_plan(run_folder, plan, resumed, settled, overrides)
            begun = {"started": time.time(), "restored_step": step}
            run_folder.write(STATUS, {**status, **_starts(attempts, replaced_before), BEGUN: begun})

        if group.warning:
            print(group.warning, file=sys.stderr)
        with progress_view(experiment, run_folder) as view:
            attempts = Attempts(
                group=group,
                experiment=experiment,
                isolation=settled,
                folder=run_folder,
                environment=temporary,
                interrupts=session.interrupts,
                on_plan=write_start,
                on_tick=view.update,
                done=list(earlier.attempts) if earlier else [],
            )
            watched = _to_the_end(attempts)
            if group.lost_hosts():  # they take long to let go of the rest: who follows hears it now
                run_folder.write(STATUS, {**status, **_starts(attempts, replaced_before)})
        ended = now()
        status["stalled_shares"] = stalled_shares(
            stalled, stalled_seconds(), time.time() - watched_from
        )
        if experiment.diagnose and not watched.interrupted:
            if watched.cause is None:
                _diagnose(session, group, experiment, folder, temporary)
            elif watched.cause.kind == MEMORY:
                put_part(run_folder, DIAGNOSIS, ended_by_memory(_judged(watched)[1] or ""))
    remove_working_files(folder)
    remove_incomplete(folder)
    state, reason = _judged(watched)
    status |= {
        "state": state,
        "reason": reason,
        "cause": dataclasses.asdict(watched.cause) if watched.cause else None,
        "ended": ended,
        "exit_codes": {task: ended.code for task, ended in watched.exits.items()},
        **_starts(attempts, replaced_before),
    }
    if lost := group.lost_hosts():
        status["lost_hosts"] = list(lost)
    run_folder.write(STATUS, status)
    if experiment.profile.steps is not None:
        problem = profiling.convert(folder)
        if problem is not None:
            print(f"no profile: {problem}", file=sys.stderr)
    summary = _summarize(run_folder)
    cause = watched.cause
    return Outcome(
        state=state,
        reason=reason,
        log_tail=cause.log_tail if cause else "",
        consequences=consequences(cause) if cause else (),
        summary=summary,
    )


def _starts(attempts: Attempts, replaced_before: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What `status.json` says of all starts, those of earlier launchers included."""
    return {
        "attempts": [dataclasses.asdict(attempt) for attempt in attempts.done],
        "replaced": [*replaced_before, *map(dataclasses.asdict, attempts.replaced)],
    }


def _group(session: Session, experiment: Experiment, folder: Path) -> Group:
    """Of all of the run's tasks, also where somebody else started their launchers."""
    group, cluster = session.open(experiment, folder), experiment.engine.given
    if cluster is None:
        return group
    return gather(
        group,
        folder,
        cluster,
        facts(experiment),
        experiment.watch.start_seconds,
        interrupted=lambda: session.interrupts.count > 0,
    )


def _diagnose(
    session: Session,
    group: Group,
    experiment: Experiment,
    folder: Path,
    environment: dict[str, str],
) -> None:
    """What the run lacks then is said in a line; what it has measured stands."""
    for function in (_DIAGNOSIS, _ADVICE) if experiment.measure.advice else (_DIAGNOSIS,):
        try:
            ask_study(session, group, experiment, folder, function, environment)
        except UserError as error:
            print(f"diagnosis: {error}", file=sys.stderr)


def _to_the_end(attempts: Attempts) -> Watched:
    """How the run ended, also where what leads its tasks was killed, and they with it."""
    try:
        return attempts.run()
    except EngineError as error:
        return Watched(cause=Cause(task="launcher", kind=PLATFORM, message=str(error), when=now()))


def consequences(cause: Cause) -> tuple[str, ...]:
    """How other tasks ended because of it; those that ended alike share a line."""
    alike: dict[str, list[str]] = {}
    for task, how in cause.consequences.items():
        alike.setdefault(how, []).append(task)
    return tuple(f"then {', '.join(tasks)}: {how}" for how, tasks in alike.items())


def _write_plan(
    folder: RunFolder,
    plan: ClusterPlan,
    experiment: Experiment,
    settled: Isolation,
    overrides: list[str],
) -> None:
    """Also says, before a port is open, where others could reach it."""
    folder.write(
        PLAN,
        {
            "experiment": experiment.to_dict(),
            "tasks": [_task_record(task) for task in plan.tasks],
            "engine": experiment.engine.name,
            "isolation": dataclasses.asdict(settled),
            "emulated": emulation.phrases(experiment),
            "notes": emulation.notes(experiment),
            "overrides": overrides,
        },
    )
    line = isolation.warning(
        settled, [address for task in plan.tasks for address in task.addresses]
    )
    if line is not None:
        print(line, file=sys.stderr)


@contextmanager
def temporary_folder(run_folder: Path) -> Iterator[dict[str, str]]:
    """Where a run's processes put temporary files (AutoGraph's code, for one), as an environment.

    It goes with the run: processes that end at once never clean up after themselves.
    """
    folder = run_folder / TEMPORARY
    folder.mkdir(exist_ok=True)
    try:
        yield {"TMPDIR": str(folder.absolute())}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def reserve(folder: Path) -> Iterator[None]:
    """Keeps space for what is written at the end, however full the disk is by then.

    Raises UserError where it is full already.
    """
    try:
        (folder / RESERVE).write_bytes(bytes(_RESERVED_BYTES))
        yield
    except OSError as error:
        if is_full_disk(error):
            raise UserError(f"hydra.run.dir={folder}: the disk is full; make space") from error
        raise
    finally:
        (folder / RESERVE).unlink(missing_ok=True)


def _summarize(folder: RunFolder) -> dict[str, Any]:
    from benchmarks.summary import summary_and_breakdown

    summary, parts = summary_and_breakdown(folder)
    if parts is not None:
        folder.write(BREAKDOWN, parts)
    folder.write(SUMMARY, summary)
    return summary


def _judged(watched: Watched) -> tuple[str, str | None]:
    if watched.interrupted:
        return "interrupted", SIGNALLED
    if watched.cause is None:
        return "done", None
    reason = f"{watched.cause.task}: {watched.cause.message}"
    left_well = all(ended.code == 0 for ended in watched.exits.values())
    preempted = watched.cause.kind == PREEMPTED and left_well
    return "interrupted" if preempted else "failed", reason


def _task_record(task: Any) -> dict[str, Any]:
    return {"task": task.name, **dataclasses.asdict(task)}
