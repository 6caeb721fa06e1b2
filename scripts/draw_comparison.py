"""Draw the figure of several experiments and the claims that hold in them."""

from recurrence_circuits.figures.comparison import draw
from recurrence_circuits.figures.style import save_figure
from recurrence_circuits.io.tables import read_tables
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        tables = {name: read_tables(name, columns, smk.input[name]) for name, columns in smk.params.columns.items()}
        figure, drawn = draw(**tables, experiments=smk.params.experiments, reference=smk.params.reference)
        save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
