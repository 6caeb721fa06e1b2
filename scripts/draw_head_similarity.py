"""Draw what the heads' direct contributions go with, layer by layer, beside untrained models."""

from recurrence_circuits.figures import head_similarity, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = head_similarity.draw(read_table("similarity", smk.input.similarity))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
