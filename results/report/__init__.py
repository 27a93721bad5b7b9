"""One page about a run or a sweep, that stands alone; its plots also as files beside it."""

from pathlib import Path

from results.errors import UserError
from results.loading import UNREADABLE, is_single, read_runs
from results.run_folder import replace_file

HTML, MARKDOWN = "html", "markdown"
FORMATS = {HTML: "report.html", MARKDOWN: "report.md"}
SVG, PNG = "svg", "png"
PLOTS = "plots"


def write_report(folder: Path, form: str = HTML, plots: str = SVG) -> Path:
    """Write the report on the run or sweep in `folder` into it; returns where it lies.

    `form` is `HTML` or `MARKDOWN` (a short one, without plots); `plots` is the kind of the files
    under `plots/`, `SVG` or `PNG`, which take the place of the other kind. Only reads what the run
    folders hold. Raises UserError where there is no run, or where a single run can't be read,
    OSError where something can't be written: an older report stays whole then.
    """
    runs = read_runs(folder)
    single = is_single(folder)
    if single and runs[0].state == UNREADABLE:
        raise UserError(str(runs[0].reason))
    from results.report.content import Content

    content = Content(folder, runs, single)
    if form == MARKDOWN:
        from results.report.markdown import markdown

        text = markdown(content)
    else:
        from results.report.page import page

        text = page(content)
        for plot in content.plots:
            file = plot.png() if plots == PNG else plot.file()
            replace_file(folder / PLOTS / f"{plot.name}.{plots}", file)
            other = SVG if plots == PNG else PNG
            (folder / PLOTS / f"{plot.name}.{other}").unlink(missing_ok=True)
    replace_file(folder / FORMATS[form], text)
    return folder / FORMATS[form]
