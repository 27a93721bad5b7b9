"""When a run stands still, by what its tasks say; and who waits for whom, by their stacks."""

import pytest

from launcher.engines import Look
from launcher.schema import WatchSettings
from launcher.stalls import StallWatch, explain, own_frame
from results.run_folder import LOG, PROGRESS, RunFolder

SETTINGS = WatchSettings(stall_seconds=60, start_seconds=600)
RUNS, STOPPED = Look(False, 1), Look(True, 1)


def watch(*tasks, servers=()):
    return StallWatch(tasks, servers, SETTINGS, began=0.0)


def said(step, state="training", **more):
    return {"step": step, "state": state, "beats": step, **more}


def looked_at(stalls, moments, at):
    """What the looks at these moments found; `at` gives (progress, looks) for each."""
    return [stalls.look(*at(moment), moment) for moment in moments]


def seconds(end, begin=1):
    return range(begin, end)


def test_run_that_gets_on_is_left_alone():
    stalls = watch("chief-0", "worker-0")
    found = looked_at(
        stalls, seconds(1000), lambda t: ({"chief-0": said(t), "worker-0": said(t)}, {})
    )
    assert set(found) == {None}


def test_run_that_stands_still_is_told_after_its_stall_time_and_not_before():
    stalls = watch("chief-0", "worker-0")

    def at(t):
        return {task: said(min(t, 10)) for task in ("chief-0", "worker-0")}, {}

    found = looked_at(stalls, seconds(100), at)
    first = next(t for t, idle in zip(seconds(100), found, strict=True) if idle)
    assert first == 70
    assert found[first - 1] == ("chief-0", "worker-0")


def test_start_has_a_limit_of_its_own():
    stalls = watch("chief-0")
    found = looked_at(stalls, seconds(700), lambda t: ({"chief-0": {"state": "joining"}}, {}))
    assert next(t for t, idle in zip(seconds(700), found, strict=True) if idle) == 600


def test_long_evaluation_and_long_saving_are_progress():
    stalls = watch("chief-0")

    def at(t):
        record = said(10, "evaluating") if t < 300 else said(10, "saving", written_bytes=t)
        return {"chief-0": {**record, "beats": t if t < 300 else 300}}, {}

    assert set(looked_at(stalls, seconds(600), at)) == {None}


def test_stopped_task_is_told_though_others_go_on():
    stalls = watch("chief-0", "worker-0", servers=("worker-0",))

    def at(t):
        return {"chief-0": said(t)}, {"chief-0": RUNS, "worker-0": STOPPED if t > 5 else RUNS}

    found = looked_at(stalls, seconds(100), at)
    assert next(t for t, idle in zip(seconds(100), found, strict=True) if idle) == 66
    assert found[-1] == ("worker-0",)


def test_worker_of_a_coordinator_that_lags_is_told_while_it_trains_and_not_while_it_evaluates():
    def at(state):
        def of(t):
            lagging, going = said(min(t, 10), "serving"), said(t, "serving")
            return {"chief-0": said(t, state), "worker-0": lagging, "worker-1": going}, {}

        return of

    servers = ("worker-0", "worker-1")
    tasks = ("chief-0", *servers)
    training = looked_at(watch(*tasks, servers=servers), seconds(100), at("training"))
    assert training[-1] == ("worker-0",)
    evaluating = looked_at(watch(*tasks, servers=servers), seconds(100), at("evaluating"))
    assert set(evaluating) == {None}


def test_time_in_which_the_launcher_itself_was_stopped_does_not_count():
    stalls = watch("chief-0")
    assert stalls.look({"chief-0": said(1)}, {}, 1.0) is None
    assert stalls.look({"chief-0": said(1)}, {}, 500.0) is None
    assert stalls.look({"chief-0": said(1)}, {}, 502.0) is None


STACKS = """Thread 0x00007f01 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 331 in wait
  File "/home/me/mine.py", line 2 in outer

Current thread 0x00007f02 (most recent call first):
  File "{innermost}", line 12 in loss
  File "/usr/lib/python3.11/site-packages/tensorflow/python/eager/execute.py", line 3 in call
"""


@pytest.mark.parametrize(
    ("innermost", "expected"),
    [
        ("/home/me/mine.py", "loss (/home/me/mine.py:12)"),
        ("/usr/lib/python3.11/site-packages/tensorflow/x.py", None),
        ("/usr/lib/python3.11/socket.py", None),
        ("<string>", None),
    ],
)
def test_own_code_is_what_a_thread_is_in_right_now(tmp_path, innermost, expected):
    folder = RunFolder(tmp_path)
    folder.task_folder("chief-0").mkdir(parents=True)
    before = 'File "/home/me/old.py", line 1 in earlier\n'
    (folder.task_folder("chief-0") / LOG).write_text(before + STACKS.format(innermost=innermost))
    assert own_frame(folder, "chief-0", len(before)) == expected


def test_who_waits_for_whom_is_told_by_the_stacks(tmp_path):
    folder = RunFolder(tmp_path)
    stalls = watch("chief-0", "worker-0")
    for task, innermost in (("chief-0", "/usr/lib/python3.11/x.py"), ("worker-0", "/me/mine.py")):
        folder.write(f"tasks/{task}/{PROGRESS}", said(10))
        (folder.task_folder(task) / LOG).write_text(STACKS.format(innermost=innermost))
    stalls.look(folder.progress(), {}, 1.0)
    found = explain(folder, stalls, ("chief-0", "worker-0"), {})
    assert (found.task, found.kind, found.step) == ("worker-0", "user", 10)
    assert found.message == (
        "is in loss (/me/mine.py:12); nothing has moved for watch.stall_seconds=60 s; "
        "chief-0 waits for it"
    )
