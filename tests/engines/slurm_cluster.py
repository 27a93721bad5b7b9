"""A real Slurm of four nodes on this one machine, up in a second and gone without a trace.

Every daemon lives in a process namespace of its own, a node (its `slurmd`, and whatever runs under
it) also under a host name and an address of its own, so that a node can be killed as a power cut
kills it, and nothing outlives the process that made the cluster, however that ends. What a real
cluster has apart is apart here but for cores, memory and network, which are this machine's.

`python -m tests.engines.slurm_cluster` keeps one up until Ctrl-C or SIGTERM, also where its
input has ended, from which it reads `kill n3`, `revive n3`; needs root, and installs Debian's
packages where they are missing.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from launcher.addresses import choose_addresses

NODES = ("n1", "n2", "n3", "n4")
_REVIVED = (*NODES, "slurmctld")
_PACKAGES = ("slurm-wlm", "munge")
_PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "unshare", "setpriv")
_SBIN = "/usr/sbin:/sbin"
_UP_SECONDS = 20.0
_HOSTS = "127.0.0.1 localhost ctl\n" + "".join(
    f"127.0.1.{number} {node}\n" for number, node in enumerate(NODES, start=1)
)


class NoSlurm(Exception):
    """There can be no cluster here; says why."""


@dataclass
class SlurmCluster:
    """A cluster that is up."""

    folder: Path
    daemons: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    """By `munged`, `slurmctld` and the nodes' names; each ends with all that it has started."""

    @property
    def variables(self) -> dict[str, str]:
        """What makes Slurm's commands talk to this cluster."""
        path = f"{os.environ['PATH']}:{_SBIN}"
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    @property
    def environment(self) -> dict[str, str]:
        """This process's, with those."""
        return {**os.environ, **self.variables}

    def run(self, *words: str, seconds: float = 60) -> "subprocess.CompletedProcess[str]":
        """One of Slurm's commands, to its end."""
        return subprocess.run(
            words, capture_output=True, text=True, env=self.environment, timeout=seconds
        )

    def kill(self, daemon: str) -> None:
        """A power cut: `daemon` and everything under it end at this moment."""
        self.daemons[daemon].kill()
        self.daemons.pop(daemon).wait()

    def revive(self, daemon: str) -> None:
        """Start what was killed, and wait until it is of use again: a controller also needs to hear
        of the nodes that are up."""
        if daemon == "slurmctld":
            self._start_controller()
            self._wait_until_heard_of([node for node in NODES if node in self.daemons])
        else:
            self._start_node(daemon)
            self._wait_until_idle([daemon])

    def up(self) -> None:
        """Start everything; returns when all nodes are idle."""
        munged = f"--socket={self.folder}/munge.socket --key-file={self.folder}/munge.key"
        files = " ".join(
            f"--{kind}-file={self.folder}/munged.{kind}" for kind in ("pid", "log", "seed")
        )
        self._start("munged", f"munged --foreground --force {munged} {files}")
        self._wait_for(self.folder / "munge.socket")
        self._start_controller()
        for node in NODES:
            self._start_node(node)
        self._wait_until_idle(NODES)

    def down(self) -> None:
        """End everything that still runs."""
        for daemon in reversed(list(self.daemons)):
            self.kill(daemon)

    def _start_controller(self) -> None:
        self._start("slurmctld", "slurmctld -D", host="ctl")

    def _start_node(self, node: str) -> None:
        self._start(node, f"slurmd -D -N {node}", host=node)

    def _start(self, daemon: str, command: str, host: str | None = None) -> None:
        """In namespaces that end with this process; `bash` is their process 1 and reaps."""
        named = f"mount --bind {self.folder}/hosts /etc/hosts && hostname {host} && " * bool(host)
        apart = "unshare --fork --kill-child --pid --mount-proc --uts"
        script = f"{named}{{ {command} & wait; }}"
        self.daemons[daemon] = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *apart.split(), "bash", "-c", script],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / f"{daemon}.out").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _wait_for(self, path: Path) -> None:
        limit = time.monotonic() + _UP_SECONDS
        while not path.exists():
            if time.monotonic() > limit:
                raise NoSlurm(f"{path.name} didn't come up: {self._said()}")
            time.sleep(0.02)

    def _wait_until_idle(self, nodes: Sequence[str]) -> None:
        self._wait_until(nodes, lambda state: state == "idle")

    def _wait_until_heard_of(self, nodes: Sequence[str]) -> None:
        """They may be at work, or ending a job."""
        unheard = ("*", "down", "unk")
        self._wait_until(nodes, lambda state: not any(word in state for word in unheard))

    def _wait_until(self, nodes: Sequence[str], is_so: Callable[[str], bool]) -> None:
        limit, wanted = time.monotonic() + _UP_SECONDS, set(nodes)
        while True:
            told = self.run("sinfo", "--noheader", "--Node", "--format=%N %t")
            states = dict(line.split() for line in told.stdout.splitlines())
            found = {node for node, state in states.items() if is_so(state)}
            if told.returncode == 0 and wanted <= found:
                return
            if time.monotonic() > limit:
                raise NoSlurm(f"nodes didn't come up: {states} {told.stderr}{self._said()}")
            time.sleep(0.05)

    def _said(self) -> str:
        return "\n".join(
            f"{path.name}: {path.read_text(errors='replace')[-500:]}"
            for path in (*self.folder.glob("*.out"), *self.folder.glob("*.log"))
        )


@contextmanager
def slurm_cluster(more: Mapping[str, str] | None = None) -> Iterator[SlurmCluster]:
    """A cluster for as long as the context lasts; its folder goes with it, whatever happens.

    Args:
      more: lines of `slurm.conf` beyond the usual ones, or instead of them, by key.

    Raises NoSlurm where there can be none.
    """
    _require_programs()
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    # Ends when its standard input does: with this process at the latest, SIGKILL included.
    janitor = subprocess.Popen(
        ["sh", "-c", 'cat >/dev/null; until rm -rf "$0"; do sleep 0.1; done', str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    cluster = SlurmCluster(folder)
    try:
        _write_files(folder, more or {})
        cluster.up()
        yield cluster
    finally:
        cluster.down()
        janitor.communicate()


@contextmanager
def a_cluster_or_skip() -> Iterator[SlurmCluster]:
    """For tests: where there can be no cluster they are skipped, and say why."""
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(slurm_cluster())
        except NoSlurm as why:
            pytest.skip(f"no Slurm: {why}")
        yield cluster


def _require_programs() -> None:
    """Installs what is missing. Raises NoSlurm."""
    if sys.platform != "linux" or os.getuid() != 0:
        raise NoSlurm("a Slurm of several nodes on one machine needs Linux and root")
    path = f"{os.environ['PATH']}:{_SBIN}"
    missing = [name for name in _PROGRAMS if shutil.which(name, path=path) is None]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise NoSlurm(f"{', '.join(missing)}: not installed, and there is no apt-get")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update",), ("install", "-y", "--no-install-recommends", *_PACKAGES)):
        done = subprocess.run(["apt-get", "-qq", *words], env=quiet, capture_output=True, text=True)
        if done.returncode:
            raise NoSlurm(f"apt-get {words[0]}: {done.stderr.strip()[-300:]}")
    missing = [name for name in _PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        raise NoSlurm(f"{', '.join(missing)}: not in Debian's packages {', '.join(_PACKAGES)}")


def _write_files(folder: Path, more: Mapping[str, str]) -> None:
    folder.chmod(0o755)  # munged refuses a socket that not everybody can reach
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    (folder / "hosts").write_text(_HOSTS)
    for name in ("state", *(f"spool/{node}" for node in NODES)):
        (folder / name).mkdir(parents=True)
    ports = [address.rpartition(":")[2] for address in choose_addresses(1 + len(NODES))]
    lines = [f"{key}={value}" for key, value in {**_settings(folder, ports[0]), **more}.items()]
    lines += [
        f"NodeName={node} NodeAddr=127.0.1.{number} Port={port} CPUs=2 RealMemory=5000 "
        f"Feature={'fast' if number < 3 else 'slow'}"
        for number, (node, port) in enumerate(zip(NODES, ports[1:], strict=True), start=1)
    ]
    lines += [
        "PartitionName=main Nodes=ALL Default=YES MaxTime=60 PriorityTier=1 GraceTime=20",
        "PartitionName=urgent Nodes=ALL PriorityTier=10 PreemptMode=OFF",
        "PartitionName=two Nodes=n[1-2] MaxNodes=2",
    ]
    (folder / "slurm.conf").write_text("\n".join(lines) + "\n")


def _settings(folder: Path, port: str) -> dict[str, str]:
    """Timeouts as low as a nervous administrator would set them; no accounting."""
    return {
        "ClusterName": "laboratory",
        "SlurmctldHost": "ctl(127.0.0.1)",
        "SlurmctldPort": port,
        "SlurmUser": "root",
        "SlurmdUser": "root",
        # After a requeue a job waits until what its first start was allowed with has expired; less
        # than 5 s count as the usual 120.
        "AuthInfo": f"socket={folder}/munge.socket,cred_expire=5",
        "StateSaveLocation": f"{folder}/state",
        "SlurmdSpoolDir": f"{folder}/spool/%n",
        "SlurmctldPidFile": f"{folder}/slurmctld.pid",
        "SlurmdPidFile": f"{folder}/%n.pid",
        "SlurmctldLogFile": f"{folder}/slurmctld.log",
        "SlurmdLogFile": f"{folder}/%n.log",
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "MpiDefault": "none",
        "ReturnToService": "2",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_CPU_Memory",
        "DefMemPerCPU": "2000",
        "SlurmdParameters": "config_overrides",
        "SlurmdTimeout": "10",
        "KillWait": "10",
        "PreemptType": "preempt/partition_prio",
        "PreemptMode": "REQUEUE",
        "SchedulerParameters": "bf_interval=2,sched_interval=2",
        "AccountingStorageType": "accounting_storage/none",
        "JobAcctGatherType": "jobacct_gather/none",
    }


def main() -> None:
    """Keeps a cluster up until it is told to end, and says how to talk to it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with slurm_cluster() as cluster:
            print(f"export SLURM_CONF={cluster.folder}/slurm.conf", flush=True)
            for line in sys.stdin:
                _obey(cluster, line.split())
            signal.pause()
    except KeyboardInterrupt:
        pass


def _obey(cluster: SlurmCluster, words: Sequence[str]) -> None:
    match words:
        case ["kill", daemon] if daemon in cluster.daemons:
            cluster.kill(daemon)
        case ["revive", daemon] if daemon in _REVIVED and daemon not in cluster.daemons:
            cluster.revive(daemon)
        case _:
            up, down = ", ".join(cluster.daemons), ", ".join({*_REVIVED} - {*cluster.daemons})
            print(
                f"{' '.join(words)}: kill one of {up}; revive one of {down or 'those killed'}",
                file=sys.stderr,
            )


if __name__ == "__main__":
    main()
