"""Draw how much of the predictions reduced models explain, and what they lose."""

from recurrence_circuits.figures import explained, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = explained.draw(read_table("explained", smk.input.explained))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
