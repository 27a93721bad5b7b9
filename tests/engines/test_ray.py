"""`engine=ray` on a real cluster of three nodes in this machine, and on one of the launcher's."""

import importlib.metadata
import json
import os
import socket
from pathlib import Path

import psutil
import pytest

from launcher.errors import NotApplicable
from launcher.session import Session
from results.errors import UserError
from results.run_folder import CLOCK, ENVIRONMENT, PLAN, STATUS
from tests.engines.ray_cluster import ray_cluster
from tests.faults.commands import LONG, Command
from tests.faults.running import Running, until
from tests.launcher.command_line import launch
from tests.runs import experiment

TWO = ("engine=ray", "strategy=multiworker", "workers=2")
DRIVER, AGENT = "launcher.engines.ray.driver", "launcher.engines.agent"
SECONDS_TO_DIE = 20.0


def words_of_processes(module):
    """The command lines of this machine's processes that run the module."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if module in words:
            found.append(words)
    return found


def agents_of(folder):
    return [words for words in words_of_processes(AGENT) if str(folder) in words]


def drivers_of(folder):
    """Those of commands that were started in `folder`; a test beside this one has others."""
    return [words for words in words_of_processes(DRIVER) if str(folder) in words[-1]]


@pytest.fixture(scope="module")
def cluster():
    with ray_cluster(nodes=3) as made:
        yield made


def raylet(node):
    return node.all_processes["raylet"][0].process.pid


def task_on_a_node_that_may_go(run, cluster):
    """A task and its node, which isn't the head."""
    for task in ("chief-0", "worker-0"):
        above = {process.pid for process in psutil.Process(run.pid(task)).parents()}
        for node in cluster.worker_nodes:
            if raylet(node) in above:
                return task, node
    raise AssertionError("both tasks are on the head")


@pytest.mark.ci
def test_more_tasks_than_the_cluster_has_room_for_are_refused_with_what_it_has(cluster, tmp_path):
    words = (f"engine.address={cluster.address}", "engine.placement=STRICT_SPREAD")
    ended = launch(tmp_path, *TWO, *words, "workers=4")
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "4 tasks of 1 CPU, placed STRICT_SPREAD; the cluster has 3 nodes with 1 CPU each" in line
    assert not list(tmp_path.iterdir())
    assert drivers_of(tmp_path) == []


@pytest.mark.ci
def test_run_goes_on_without_a_node_that_was_removed_and_names_it(cluster, tmp_path, capfd):
    words = ("until.steps=500", "checkpoint.every_steps=50", "restarts=1", "report=false")
    with Session() as session:
        run = Running(session, tmp_path / "run", *TWO, f"engine.address={cluster.address}", *words)
        until(lambda: list(run.folder.path.glob("checkpoints/*/manifest.json")))
        task, node = task_on_a_node_that_may_go(run, cluster)
        cluster.remove_node(node, allow_graceful=False)
        outcome = run.end()
        until(lambda: not agents_of(run.folder.path))
    assert outcome.state == "done"
    status = run.folder.read(STATUS)
    first, second = status["attempts"]
    named = f"(Ray node {node.node_id[:12]} at {node.node_ip_address})"
    assert (first["cause"]["task"], second["cause"]) == (task, None)
    assert "was lost with its host" in first["cause"]["message"]
    assert named in first["cause"]["message"]
    assert second["restored_step"] > 0
    clocks = [(run.folder.task_folder(each) / CLOCK).is_file() for each in ("chief-0", "worker-0")]
    assert clocks == [True, True]
    assert list(run.folder.read(ENVIRONMENT)["hosts"]) == [socket.gethostname()]
    assert run.folder.read(PLAN)["engine"] == "ray"
    assert not list(run.folder.path.glob(".*"))
    said = capfd.readouterr()
    assert named in said.err
    assert "asks for no password" in said.err
    assert "raylet" not in said.out + said.err


@pytest.mark.ci
def test_killed_launcher_takes_its_own_cluster_with_it_and_its_folder_says_so(tmp_path):
    command = Command(tmp_path, *TWO, *LONG, "engine.cpus_per_task=0.5")
    command.wait_for("worker-0", "first_call_done")
    (driver,) = drivers_of(tmp_path)
    temporary = json.loads(driver[-1])["temporary"]
    assert Path(temporary).is_dir()
    assert len(agents_of(command.run.path)) == 2
    command.kill()
    assert command.all_gone(SECONDS_TO_DIE), command.processes()
    assert agents_of(command.run.path) == []
    status = command.run.read(STATUS)
    assert (status["state"], status["reason"]) == ("interrupted", "the launcher was killed")
    assert command.files_left() == []
    assert not list(command.run.path.glob(".host-*"))
    assert not Path(temporary).exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["engine.placement=SPRED"], "engine.placement=SPRED: did you mean SPREAD"),
        (["engine.cpus_per_task=0"], "engine.cpus_per_task=0.0: more than 0 is needed"),
    ],
)
def test_value_that_cannot_be_is_refused_with_what_would_be_right(words, expected):
    with pytest.raises(UserError, match=expected):
        experiment(*TWO, *words)


def test_keys_of_ray_apply_to_no_engine_without_them():
    with pytest.raises(NotApplicable, match=r"engine.address=auto: .*engine=local, only to ray"):
        experiment("engine.address=auto")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("nonsense", "host:port or auto is needed"),
        ("box:70000", "host:port or auto is needed"),
        ("ray://box:10001", "run the launcher on a node of the cluster"),
        ("127.0.0.1:1", "no Ray answers there"),
    ],
)
def test_address_that_leads_nowhere_is_refused_in_one_line(address, expected, tmp_path):
    from launcher.engines.ray.engine import ray_engine

    options = {"address": address, "placement": None, "cpus_per_task": None, "gpus_per_task": 0}
    with pytest.raises(UserError, match=f"engine.address={address}: .*{expected}") as refused:
        ray_engine("fork", options)
    assert "\n" not in str(refused.value)


def test_without_ray_the_extra_that_brings_it_is_named(monkeypatch):
    from launcher.engines.ray import engine

    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    options = {"address": None, "placement": None, "cpus_per_task": None, "gpus_per_task": 0}
    with pytest.raises(UserError, match=r"engine=ray: .*distribute-bench\[ray\]"):
        engine.ray_engine("fork", options)


@pytest.mark.parametrize(
    ("node_types", "expected"),
    [
        ((), None),
        ({f"node_{'0' * 56}", f"node_{'1' * 56}"}, False),
        ({"headgroup"}, True),
        ({"ray.head.default", "small"}, True),
    ],
)
def test_cluster_autoscales_where_nodes_have_types_that_ray_did_not_make_up(node_types, expected):
    from launcher.engines.ray.autoscaling import among

    assert among(node_types) is expected


def test_nodes_are_told_where_code_lies_but_for_what_is_installed_there(tmp_path, monkeypatch):
    from launcher.engines.ray.engine import _own_code

    monkeypatch.syspath_prepend(str(tmp_path))
    told = _own_code().split(os.pathsep)
    assert str(tmp_path) in told
    assert not any("site-packages" in path for path in told)
