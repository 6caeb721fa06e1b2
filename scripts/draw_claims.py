"""Draw every criterion of the claims against its threshold, a dot a seed."""

from recurrence_circuits.figures import claims, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = claims.draw(read_table("claims", smk.input.claims))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
