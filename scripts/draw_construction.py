"""Draw the error of the hand-made transformers beside the trained models and simple references."""

from recurrence_circuits.figures import construction, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = construction.draw(
            read_table("construction", smk.input.construction), read_table("predictions", smk.input.predictions)
        )
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
