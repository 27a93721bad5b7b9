"""What Slurm's commands print, as Slurm 22.05 printed it, and what is made of it; no cluster."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.engines.slurm.commands import SlurmError
from launcher.engines.slurm.job import JobLook
from launcher.engines.slurm.refusals import refusal
from launcher.engines.slurm.request import Request, seconds_of
from launcher.engines.slurm.step import numbers
from results.errors import UserError
from results.text import last_line

NOTHING = {
    "partition": None,
    "time": None,
    "account": None,
    "cpus_per_task": None,
    "mem": None,
    "constraint": None,
    "nodes": None,
    "extra": [],
}
PENDING = (
    "JobId=1 JobName=x.sh UserId=root(0) GroupId=root(0) MCS_label=N/A Priority=4294901759 Nice=0 "
    "Account=(null) QOS=(null) JobState=PENDING Reason=Priority Dependency=(null) Requeue=1 "
    "Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:00:00 TimeLimit=01:00:00 "
    "TimeMin=N/A SubmitTime=1795618549 EligibleTime=1795618549 AccrueTime=Unknown "
    "StartTime=Unknown EndTime=Unknown Deadline=N/A SuspendTime=None SecsPreSuspend=0 "
    "LastSchedEval=1795618549 Scheduler=Main Partition=main AllocNode:Sid=localhost:25238 "
    "ReqNodeList=(null) ExcNodeList=(null) NodeList= NumNodes=2-2 NumCPUs=2 NumTasks=2 "
    "CPUs/Task=1 ReqB:S:C:T=0:0:*:* TRES=cpu=2,mem=4000M,node=2,billing=2 Features=(null) "
    "Command=/tmp/a folder/x.sh WorkDir=/tmp/a folder StdErr=/tmp/o StdIn=/dev/null Power= \n"
)
RUNNING = (
    "JobId=30 JobName=job15.sh JobState=RUNNING Reason=None Dependency=(null) Requeue=1 Restarts=1 "
    "ExitCode=0:0 StartTime=1795618174 EndTime=1795618299 PreemptEligibleTime=1795618174 "
    "PreemptTime=1795618279 NodeList=n[1,4] BatchHost=n1 NumNodes=2"
)
HELD = (
    "JobId=28 JobState=PENDING Reason=launch_failed_requeued_held Restarts=1 StartTime=Unknown "
    "EndTime=Unknown NodeList=(null) ExitCode=0:0"
)


def look_of(state: str, reason: str = "None", restarts: int = 0) -> JobLook:
    return JobLook.parsed(f"JobId=7 JobState={state} Reason={reason} Restarts={restarts}")


def request(**given: object) -> Request:
    return Request.of({**NOTHING, **given})


def test_a_waiting_job_is_read_with_its_reason_and_without_times():
    seen = JobLook.parsed(PENDING)
    assert (seen.state, seen.reason, seen.nodes, seen.end) == ("PENDING", "Priority", "", None)
    assert seen.waits
    assert not seen.has_ended
    assert not seen.waits_in_vain


def test_a_job_that_makes_room_is_read_with_its_times_and_nodes():
    seen = JobLook.parsed(RUNNING)
    assert (seen.nodes, seen.batch_host, seen.restarts) == ("n[1,4]", "n1", 1)
    assert (seen.end, seen.preempted) == (1795618299.0, 1795618279.0)
    assert not seen.waits
    assert not seen.has_ended


@pytest.mark.parametrize(
    ("state", "reason", "waits", "in_vain", "ended"),
    [
        ("PENDING", "Resources", True, False, False),
        ("PENDING", "BeginTime", True, False, False),
        ("PENDING", "PartitionConfig", True, True, False),
        ("PENDING", "PartitionTimeLimit", True, True, False),
        ("CONFIGURING", "None", True, False, False),
        ("RUNNING", "None", False, False, False),
        ("COMPLETING", "None", False, False, False),
        ("COMPLETED", "None", False, False, True),
        ("TIMEOUT", "TimeLimit", False, False, True),
        ("FAILED", "JobLaunchFailure", False, False, True),
        ("CANCELLED", "None", False, False, True),
        ("NODE_FAIL", "NodeDown", False, False, True),
    ],
)
def test_states_tell_whether_a_job_waits_or_has_ended(state, reason, waits, in_vain, ended):
    seen = look_of(state, reason)
    assert (seen.waits, seen.waits_in_vain, seen.has_ended) == (waits, in_vain, ended)


def test_a_job_that_somebody_must_release_is_told_from_others():
    assert JobLook.parsed(HELD).is_held
    assert look_of("PENDING", "JobHeldUser").is_held
    assert not look_of("PENDING", "Resources").is_held


def test_what_tells_of_no_job_is_an_error():
    with pytest.raises(SlurmError, match="nothing of a job"):
        JobLook.parsed("slurm_load_jobs error: something else")


@pytest.mark.parametrize(
    ("said", "key", "right"),
    [
        (
            "sbatch: error: invalid partition specified: nope\n"
            "allocation failure: Invalid partition name specified",
            "engine.partition=nope:",
            "no such partition",
        ),
        ("allocation failure: Invalid feature specification", "engine.constraint=x:", "feature"),
        (
            "allocation failure: Requested node configuration is not available",
            "engine.nodes=9 engine.mem=900G engine.partition=nope:",
            "more than the cluster has in this partition for the run's 3 tasks with 2 GPUs each",
        ),
        (
            "sbatch: error: Invalid generic resource (gres) specification",
            "devices=gpu:",
            "no such GPUs",
        ),
        (
            "sbatch: unrecognized option '--frobnicate'\nTry \"sbatch --help\" for more",
            "engine.extra=[--frobnicate]:",
            "one of these options",
        ),
        (
            "sbatch: error: Batch job submission failed: Invalid account or account/partition "
            "combination specified",
            "engine.account=me:",
            "no such account",
        ),
        ("sbatch: error: something new", "engine=slurm:", "something new"),
    ],
)
def test_what_sbatch_refuses_is_a_line_with_key_and_value(said, key, right):
    options = {
        **NOTHING,
        "partition": "nope",
        "constraint": "x",
        "nodes": 9,
        "mem": "900G",
        "account": "me",
        "extra": ["--frobnicate"],
    }
    line = str(refusal(SlurmError(said), options, 3, gpus=2, gpus_asked="devices=gpu"))
    assert line.startswith(key)
    assert right in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("10", 600),
        ("10:30", 630),
        ("1:00:00", 3600),
        ("1-0", 86_400),
        ("1-12", 129_600),
        ("1-0:30", 88_200),
        ("2-1:00:05", 176_405),
        ("0", 0),
        ("soon", None),
        ("1:2:3:4", None),
        ("", None),
        ("-5", None),
    ],
)
def test_times_are_read_as_sbatch_reads_them(time, seconds):
    assert seconds_of(time) == seconds


@given(st.integers(0, 9), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_days_and_hours_add_up(days, hours, minutes, seconds):
    whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    assert seconds_of(f"{days}-{hours}:{minutes:02}:{seconds:02}") == whole


@pytest.mark.parametrize(
    ("given_", "named"),
    [
        ({"time": "soon"}, "engine.time=soon"),
        ({"time": "2"}, "engine.time=2: 120 s"),
        ({"mem": "lots"}, "engine.mem=lots"),
        ({"extra": ["--output=x"]}, "sets --output itself"),
        ({"extra": ["-n4"]}, "sets -n4 itself"),
        ({"extra": ["--mem=4G"]}, "give engine.mem"),
        ({"extra": ["-p", "main"]}, "give engine.partition"),
        ({"extra": ["exclusive"]}, "exclusive is no option"),
        ({"extra": ["--arr=0-1"]}, "--arr may be short for --array"),
        ({"extra": ["--part=main"]}, "--part may be short for --partition"),
        ({"extra": ["--help"]}, "sets --help itself"),
        ({"extra": ["-V"]}, "sets -V itself"),
        ({"cpus_per_task": 0.5}, "engine.cpus_per_task=0.5: a whole number"),
    ],
)
def test_what_can_not_be_asked_for_is_named(given_, named):
    with pytest.raises(UserError) as refused:
        request(**given_)
    assert named in str(refused.value)


def test_options_that_others_begin_with_go_through():
    extra = ["--gpus=2", "--time-min=5", "--nodelist=n1", "--exclusive"]
    assert request(extra=extra).words(2, 0)[-4:] == extra


@pytest.mark.parametrize(("code", "signal"), [("0:9", 9), ("1:0", None), ("0:0", None)])
def test_a_signal_that_ended_the_script_is_told_from_its_exit_code(code, signal):
    assert JobLook.parsed(f"JobId=7 JobState=FAILED ExitCode={code}").signal == signal


def test_a_request_becomes_the_words_of_sbatch():
    asked = request(partition="main", time="1-0", cpus_per_task=4, mem="16G", extra=["--exclusive"])
    assert asked.words(tasks=3, gpus_per_task=2) == [
        "--partition=main",
        "--time=1-0",
        "--cpus-per-task=4",
        "--mem=16G",
        "--ntasks=3",
        "--gpus-per-task=2",
        "--exclusive",
    ]
    assert request().words(tasks=1, gpus_per_task=0) == ["--ntasks=1"]
    with pytest.raises(UserError, match=r"engine\.nodes=3: the run has 2 tasks; give 2 at most"):
        request(nodes=3).words(tasks=2, gpus_per_task=0)


@given(st.integers(5, 100_000), st.floats(0.1, 3600))
def test_the_warning_leaves_at_least_half_of_the_time(minutes, grace):
    warning = request(time=str(minutes)).warning_seconds(grace)
    assert 0 < warning <= minutes * 30
    assert request().warning_seconds(grace) >= grace + 60


@pytest.mark.parametrize(
    ("text", "expected"), [("0", [0]), ("0-2", [0, 1, 2]), ("0,2-4,7", [0, 2, 3, 4, 7])]
)
def test_lists_of_tasks_are_spelled_out(text, expected):
    assert numbers(text) == expected


def test_the_last_line_is_the_last_that_says_something():
    assert last_line("one\ntwo\n\n") == "two"
    assert last_line("") == "no output"
