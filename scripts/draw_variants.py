"""Draw which claims hold in which experiment."""

import pandas as pd
from recurrence_circuits.figures import style, variants
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        claims = pd.concat([read_table("claims", path) for path in smk.input.claims], ignore_index=True)
        figure, drawn = variants.draw(claims)
        style.save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
