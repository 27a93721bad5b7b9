"""A sweep's folder, new or gone on with: locked, with its journal, or refused untouched."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from launcher import folders
from launcher.holding import the_host, the_sweep
from launcher.sweeps import journal as rules
from launcher.sweeps.cells import Composed, Manner, words_of_runs
from launcher.sweeps.identity import identity
from launcher.sweeps.resuming import check_same, taken_up
from results.errors import UserError
from results.run_folder import now
from results.sweep_folder import Journal, is_sweep, read_journal, write_journal

_KEY = "hydra.sweep.dir"


@contextmanager
def opened(
    configuration: DictConfig, manner: Manner, composed: Sequence[Composed], words: Sequence[str]
) -> Iterator[tuple[Path, Journal]]:
    """The sweep's folder and its journal, for this process alone.

    Args:
      words: of the command line, what begins the same sweep once more.

    Raises UserError where the folder is no sweep's, another process is at work in it, or the sweep
    is another by now.
    """
    same = identity(words_of_runs(configuration), manner.repeat, composed)
    if manner.resume is not None:
        with _gone_on_with(manner.resume, manner, same) as journal:
            yield manner.resume, journal
        return
    with the_host(manner.wait) as name_folder:
        folder = folders.check(_KEY, configuration.hydra.sweep)
        _refuse_what_holds_runs(folder)
        folder.mkdir(parents=True, exist_ok=True)
        name_folder(folder)
        with the_sweep(folder, _KEY):
            OmegaConf.save(configuration, folder / "multirun.yaml")  # as Hydra's own sweeper does
            runs = rules.interleaved(
                [each.cell for each in composed], manner.repeat, configuration.seed
            )
            journal = Journal(words=tuple(words), identity=same, runs=runs, created=now())
            write_journal(folder, journal)
            yield folder, journal


@contextmanager
def _gone_on_with(folder: Path, manner: Manner, same: dict[str, object]) -> Iterator[Journal]:
    read_journal(folder, "resume")  # before its lock is made in a folder that is none of ours
    with the_sweep(folder, "resume") as held_before:
        before = read_journal(folder, "resume")
        journal = check_same(folder, before, same, manner.resume_anyway)
        with the_host(manner.wait) as name_folder:
            name_folder(folder)
            journal = taken_up(folder, journal, held_before)
            write_journal(folder, journal)
            yield journal


def _refuse_what_holds_runs(folder: Path) -> None:
    if is_sweep(folder):
        raise UserError(
            f"{_KEY}={folder}: holds a sweep already; go on with it by resume={folder}, or give "
            "another folder"
        )
    if (folder / "0").exists():
        raise UserError(f"{_KEY}={folder}: holds runs already; give another folder")
