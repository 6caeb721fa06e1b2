"""Draw how much the error changes when a component is replaced: layer × head, a panel a kind."""

from recurrence_circuits.figures import ablation, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = ablation.draw(read_table("ablation", smk.input.ablation))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
