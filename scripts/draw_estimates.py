"""Draw the error of the estimate after each layer against that of copying the last term."""

from recurrence_circuits.figures import estimates, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = estimates.draw(
            read_table("estimates", smk.input.estimates), read_table("predictions", smk.input.predictions)
        )
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
