"""Draw what each head adds to the prediction against the last term it has seen."""

from recurrence_circuits.figures import contributions, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = contributions.draw(
            read_table("contributions", smk.input.contributions), read_table("similarity", smk.input.similarity)
        )
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
