"""Draw how much of what layer 0 writes reaches the prediction by each input of each head of the last layer."""

from recurrence_circuits.figures import paths, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = paths.draw(read_table("paths", smk.input.paths))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
