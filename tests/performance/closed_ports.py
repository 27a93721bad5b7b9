"""The ports of every task of every strategy, tried from outside the run's network.

python -m tests.performance.closed_ports [--save]
"""

import argparse
import socket
import tempfile
from pathlib import Path
from typing import Any

import psutil

from launcher.session import Session
from results.run_folder import PLAN
from tests.faults.running import Running
from tests.performance.record import save

CLUSTERS = {
    "one_device": 1,
    "mirrored": 2,
    "central_storage": 2,
    "multiworker": 3,
    "parameter_server": 2,
}


def own_hosts() -> list[str]:
    """Every address of this machine."""
    found = {
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in (socket.AF_INET, socket.AF_INET6)
    }
    return sorted(found)


def answers(host: str, port: int) -> bool:
    """Whether anybody answers there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def tried(session: Session, folder: Path, strategy: str, isolation: str) -> list[dict[str, Any]]:
    """For each task that listens, the hosts of this machine where its port answers."""
    run = Running(
        session,
        folder,
        f"strategy={strategy}",
        f"workers={CLUSTERS[strategy]}",
        f"isolation={isolation}",
        "until.seconds=8",
        "report=false",
    )
    run.wait_for("chief-0", "first_call_done")
    tasks = [task for task in run.folder.read(PLAN)["tasks"] if task["address"]]
    rows = []
    for task in tasks:
        port = int(task["address"].rpartition(":")[2])
        open_at = [host for host in own_hosts() if answers(host, port)]
        rows.append(
            {
                "strategy": strategy,
                "isolation": isolation,
                "task": task["task"],
                "address": task["address"],
                "answers_at": open_at,
            }
        )
    run.end()
    return rows


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as place, Session() as session:
        for strategy in CLUSTERS:
            for isolation in ("namespace", "none"):
                rows += tried(session, Path(place) / f"{strategy}-{isolation}", strategy, isolation)
    for row in rows:
        print(row)
    if asked.save:
        save("closed_ports", {"hosts": len(own_hosts()), "tasks": rows})


if __name__ == "__main__":
    main()
