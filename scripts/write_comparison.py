"""Write the page on the experiments of one task: the figure of their claims, and tables that lead to their reports."""

from recurrence_circuits.claims.text import rule_of_verdicts
from recurrence_circuits.figures import compared
from recurrence_circuits.io.files import write_text
from recurrence_circuits.io.tables import read_tables
from recurrence_circuits.report import comparison, page
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]) as logger:
        tables = {name: read_tables(name, columns, smk.input[name]) for name, columns in smk.params.columns.items()}
        supported, task = compared.support(tables["claims"]), smk.wildcards.task
        groups = compared.in_groups(smk.params.experiments, supported)
        experiments = {name: smk.params.experiments[name] for group in groups.values() for name in group}
        n_models = len(tables["quality"][["experiment", "seed"]].drop_duplicates())
        views = page.figure_views([smk.input.figure], smk.params.captions)
        html = page.render(
            smk.params.template,
            task=task,
            opening=comparison.opening(task, supported, n_models),
            reference=smk.params.reference,
            other_tasks=smk.params.other_tasks,
            rule=rule_of_verdicts(smk.params.agreement_min),
            figures=[view | {"title": "Claims by experiment"} for view in views],
            tables=[
                comparison.claims_table(list(experiments), supported),
                comparison.quality_table(experiments, tables["quality"]),
                comparison.predictors_table(list(experiments), tables["predictions"], smk.params.first_determined),
            ],
        )
        write_text(smk.output.page, html)
        logger.info("%s: %d experiments, %.1f MB", smk.output.page, len(experiments), len(html) / 1e6)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
