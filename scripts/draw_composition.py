"""Draw how much later heads read of what earlier heads write."""

from recurrence_circuits.figures import composition, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = composition.draw(read_table("composition", smk.input.composition))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
