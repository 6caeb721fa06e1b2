"""Draw how alike the outputs of every two heads point, a matrix a seed."""

from recurrence_circuits.figures import cosines, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = cosines.draw(read_table("cosines", smk.input.cosines))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
