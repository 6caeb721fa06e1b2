"""Write the report of an experiment, one HTML file: claims, figures, tables and provenance."""

from recurrence_circuits.claims import text
from recurrence_circuits.claims.standing import Standing
from recurrence_circuits.io.files import write_text
from recurrence_circuits.io.reading import read_record, read_text
from recurrence_circuits.io.tables import read_tables
from recurrence_circuits.report import headline, opening, page, sentences
from recurrence_circuits.report.agreement import agreement_view
from recurrence_circuits.report.costs import cost_table, gather_costs
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]) as logger:
        tables = {name: read_tables(name, columns, smk.input[name]) for name, columns in smk.params.columns.items()}
        claims, numbers = tables["claims"], headline.headline_numbers(tables["quality"], tables["predictions"])
        records = [read_record(path) for path in smk.input.records]
        experiment, settings = smk.wildcards.experiment, smk.params.settings
        stands = Standing.from_json(smk.input.standing, read_text(smk.input.standing, "the standing of verdicts"))
        html = page.render(
            smk.params.template,
            experiment=experiment,
            subtitle=sentences.subtitle(settings, list(numbers.index)),
            standing=stands.sentence,
            headline=headline.headline_sentence(numbers),
            claims=opening.claim_rows(claims, settings["analysis"]["confidence"]),
            story=opening.STORY,
            marks=text.MARKS,
            rule=text.rule_of_verdicts(settings["claims"]["agreement_min"]),
            agreement=agreement_view(
                tables["agreement"],
                settings["claims"]["ablation_kind"],
                settings["data"]["n_test"],
                settings["analysis"]["confidence"],
            ),
            figures=page.figure_views(smk.input.figures, smk.params.captions),
            tables=[
                headline.headline_table(numbers),
                sentences.nearest_table(tables["nearest"]),
                sentences.cost_listing(cost_table(gather_costs(smk.input.costs))),
            ],
            settings=page.settings_yaml(experiment, settings),
            provenance=page.provenance(records),
        )
        write_text(smk.output.report, html)
        logger.info("%s: %d figures, %.1f MB", smk.output.report, len(smk.input.figures), len(html) / 1e6)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
