"""Draw one figure from the tables that it reads."""

from recurrence_circuits.by_name import module
from recurrence_circuits.figures.style import save_figure
from recurrence_circuits.io.tables import read_tables
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        tables = {
            name: read_tables(name, columns, _paths(smk.input, name)) for name, columns in smk.params.columns.items()
        }
        figure, drawn = module("figures", smk.params.figure).draw(**tables)
        save_figure(figure, drawn, smk.output.pdf, smk.output.png, smk.output.csv)


def _paths(inputs, name: str) -> list[str]:
    return [inputs[name]] if isinstance(inputs[name], str) else list(inputs[name])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
