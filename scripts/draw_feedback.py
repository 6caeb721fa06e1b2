"""Draw what each layer's attention answers to a shift of the estimate it reads."""

from recurrence_circuits.figures import feedback, style
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        figure, drawn = feedback.draw(read_table("feedback", smk.input.feedback))
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
