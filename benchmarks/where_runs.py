"""The runs of a folder that `where=` means."""

from results.errors import UserError
from results.loading import Run, read_runs
from results.where import condition


def chosen_runs(folder: str, where: str | None) -> list[Run]:
    """All runs of `folder`, or those that the expression means; raises UserError for none."""
    runs = read_runs(folder)
    if where is None:
        return runs
    rows = [run.row() for run in runs]
    meant = condition(where, list(dict.fromkeys(name for row in rows for name in row)))
    found = [run for run, row in zip(runs, rows, strict=True) if meant(row)]
    if not found:
        raise UserError(f"where={where}: means no run; leave it out to take all of them")
    return found
