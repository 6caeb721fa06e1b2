"""Draw what groups of heads are worth together, and what each does alone."""

from recurrence_circuits.figures import groups, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = groups.draw(read_table("groups", smk.input.groups))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
