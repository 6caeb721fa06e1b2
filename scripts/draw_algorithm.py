"""Draw how far the trained models are from each candidate predictor, in every condition."""

from recurrence_circuits.figures import algorithm, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = algorithm.draw(
            read_table("algorithm", smk.input.algorithm), read_table("nearest", smk.input.nearest)
        )
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
