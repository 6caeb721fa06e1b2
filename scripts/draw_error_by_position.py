"""Draw the error at each position: the model against every baseline and the Bayes floor."""

from recurrence_circuits.figures import error_by_position, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = error_by_position.draw(read_table("predictions", smk.input.predictions))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
