"""Draw what each head's weights make of the term and of the estimate it attends to."""

from recurrence_circuits.figures import circuits, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = circuits.draw(read_table("circuits", smk.input.circuits))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
