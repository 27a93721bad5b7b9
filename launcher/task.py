"""What runs inside a task: reads the plan, trains or serves, and says why it ended.

Only task processes import this module; it may use every room and TensorFlow.
"""

import faulthandler
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.recorder import Recorder
from benchmarks.resources import rss_bytes
from launcher.addresses import is_free
from launcher.cluster_plan import DATA_WORKER, DISPATCHER, SERVICE_ROLES
from launcher.experiment import Experiment
from launcher.failure_kinds import (
    DISK_FULL_CODE,
    AddressTakenError,
    CorruptDataError,
    is_full_disk,
    record_failure,
)
from launcher.hardware import keep_to_cores
from launcher.light_imports import import_tensorflow
from launcher.stalls import STACK_SIGNAL
from launcher.targets import named
from results.errors import UserError
from results.run_folder import PLAN, RunFolder
from strategies.failures import NotFiniteError

_SAY_IT_ALL = (UserError, NotFiniteError, CorruptDataError, AddressTakenError)
"""What needs no traceback: the message names what is wrong, and it isn't in the code."""
_HELD: list[Any] = []
"""Servers, until the process ends: one that nobody refers to is stopped by TensorFlow 2.21 under
Python's lock, and so waits for ever where a pipeline of its own is about to call Python."""
_PEERS_SECONDS = 10.0
"""How long the chief waits for the others to be done before it ends the cluster's coordination."""


def main(run_folder: str, task: str) -> None:
    """Entry point of the task `task` (`worker-1`) of the run in `run_folder`."""
    folder = RunFolder(Path(run_folder))
    plan = folder.read(PLAN)
    experiment = Experiment.from_dict(plan["experiment"])
    tasks = tuple(entry["task"] for entry in plan["tasks"])
    _show_stacks_on_request()
    keep_to_cores(plan["tasks"][tasks.index(task)]["cores"])
    with Recorder(folder, task) as recorder:
        recorder.event("process_started")
        try:
            _run(folder, experiment, task, tasks, recorder)
        except BaseException as error:
            _leave(_say_why(folder, task, error, recorder))
    if task == "chief-0" and experiment.strategy.loop == "synchronous":
        training = [each["task"] for each in plan["tasks"] if each["role"] not in SERVICE_ROLES]
        _wait_for_peers(folder, [each for each in training if each != task])
    _leave(0)


def _show_stacks_on_request() -> None:
    """The launcher asks for them when a run stands still; a crash shows its own."""
    faulthandler.enable(all_threads=True)
    faulthandler.register(STACK_SIGNAL, all_threads=True)


def _say_why(folder: RunFolder, task: str, error: BaseException, recorder: Recorder) -> int:
    """Writes down what ended the task, as far as the disk takes it; returns the exit code."""
    if isinstance(error, _SAY_IT_ALL):
        print(error, file=sys.stderr)
    else:
        traceback.print_exc()
    try:
        record_failure(folder, task, error)
        recorder.event("failed", type=type(error).__name__)
        recorder.close(clean=False)
    except OSError as refused:
        return DISK_FULL_CODE if is_full_disk(refused) else 1
    return 1


def _run(
    folder: RunFolder,
    experiment: Experiment,
    task: str,
    tasks: tuple[str, ...],
    recorder: Recorder,
) -> None:
    recorder.state("importing")
    role, _, index = task.rpartition("-")
    tf = import_tensorflow()
    from launcher.training_job import configure, placement_of, serves_only, training_job
    from strategies.devices import prepare_devices
    from strategies.model import build_training
    from strategies.model_size import model_size

    recorder.event("imported")
    configure(experiment)
    if role in SERVICE_ROLES:
        _serve_data(experiment, folder, task, recorder)
        return
    _check_cluster_address(task)
    placement = placement_of(experiment, role)
    prepare_devices(placement)
    if serves_only(experiment, role):
        from strategies.parameter_server import start_server

        _serve(lambda: start_server(role, int(index)), recorder)
        return
    # The strategy comes before the first operation: collectives are set up only then.
    recorder.state("joining")
    strategy = named(experiment.strategy.build)(placement)
    recorder.event("cluster_joined")
    job = training_job(experiment, folder, role, int(index), tasks, recorder)
    framework_bytes = rss_bytes()
    with strategy.scope():
        training = build_training(job.workload, job.loop, job.seed)
    size = model_size(training, remote=job.asynchronous)
    recorder.event("model_built", **asdict(size), framework_bytes=framework_bytes)
    try:
        named(f"strategies.{experiment.strategy.loop}.train")(job, strategy, training)
    except tf.errors.DataLossError as error:
        raise _named_corruption(job.feed) or error from error


def _named_corruption(feed: Any) -> CorruptDataError | None:
    """TensorFlow says that a record is corrupt, but not in which file: look."""
    from input_pipelines.build import find_corruption

    for split in (feed.train, feed.test):
        found = find_corruption(split)
        if found:
            path, offset = found
            return CorruptDataError(f"{path}: the record at byte {offset} is corrupt")
    return None


def _check_cluster_address(task: str) -> None:
    if "TF_CONFIG" in os.environ:
        told = json.loads(os.environ["TF_CONFIG"])
        _check_free(task, told["cluster"][told["task"]["type"]][told["task"]["index"]])


def _check_free(task: str, address: str) -> None:
    """TensorFlow says only that its server could not be started; a taken port is named here."""
    if not is_free(int(address.rpartition(":")[2])):
        raise AddressTakenError(
            f"{address}: the port of {task} is taken by another process; free it, or leave "
            "engine.first_port=null so that free ports are found"
        )


def _serve_data(experiment: Experiment, folder: RunFolder, task: str, recorder: Recorder) -> None:
    """A task of tf.data service: its dispatchers, or one data worker."""
    from input_pipelines.data_worker import register_parts, start_data_worker, start_dispatchers
    from launcher.training_job import data_service, make_feed
    from strategies.model import seed_everything

    role, _, index = task.rpartition("-")
    addresses = data_service()
    dispatchers, data_workers = addresses[DISPATCHER], addresses[DATA_WORKER]
    own = dispatchers if role == DISPATCHER else [data_workers[int(index)]]
    for address in own:
        _check_free(task, address)

    def work() -> Any:
        dispatcher = dispatchers[int(index)]
        server = start_data_worker(own[0], dispatcher)
        seed_everything(experiment.seed)
        register_parts(
            make_feed(experiment, folder.task_folder(task)),
            dispatcher,
            replicas=experiment.batch.replicas,
            batch=experiment.batch.per_replica,
            part=int(index),
            parts=len(data_workers),
        )
        return server

    _serve((lambda: start_dispatchers(own)) if role == DISPATCHER else work, recorder)


def _serve(start: Callable[[], Any], recorder: Recorder) -> None:
    """What `start` starts serves until SIGTERM: a parameter server, a coordinator's worker, a task
    of tf.data service."""
    leaving = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.set())
    _HELD.append(start())
    recorder.event("cluster_joined")
    recorder.state("serving")
    while not leaving.wait(0.2):
        pass
    recorder.event("finished", reason="told to leave")


def _wait_for_peers(folder: RunFolder, peers: list[str]) -> None:
    """A chief that leaves first takes the cluster's coordination with it, and the others die of
    missed heartbeats."""
    limit = time.monotonic() + _PEERS_SECONDS
    while time.monotonic() < limit:
        last = [folder.events(task)[-1]["event"] for task in peers]
        if all(event in ("finished", "failed") for event in last):
            return
        time.sleep(0.02)


def _leave(code: int) -> None:
    """Ends the process at once: TensorFlow's own threads may wait for peers that are gone."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
