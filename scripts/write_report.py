"""Write the report of one experiment: verdicts, figures, tables and provenance in one HTML file."""

from recurrence_circuits import report, sentences
from recurrence_circuits.costs import cost_table, gather_costs
from recurrence_circuits.files import write_text
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]) as logger:
        claims = read_table("claims", smk.input.claims)
        numbers = sentences.headline_numbers(read_table("predictions", smk.input.predictions))
        records = [report.read_record(path) for path in smk.input.records]
        experiment, settings = smk.wildcards.experiment, smk.params.settings
        html = report.render(
            smk.params.template,
            experiment=experiment,
            subtitle=sentences.subtitle(settings, list(numbers.index)),
            headline=sentences.headline_sentence(numbers),
            claims=sentences.claim_views(claims, settings["analysis"]["confidence"]),
            rule=sentences.rule_of_verdicts(settings["claims"]["agreement_min"]),
            figures=report.figure_views(smk.input.figures, smk.params.captions),
            tables=[
                sentences.headline_table(numbers),
                *sentences.criteria_tables(claims),
                sentences.nearest_table(read_table("nearest", smk.input.nearest)),
                sentences.cost_listing(cost_table(gather_costs(smk.input.costs))),
            ],
            settings=report.settings_yaml(experiment, settings),
            provenance=report.provenance(records),
        )
        write_text(smk.output.report, html)
        logger.info("%s: %d figures, %.1f MB", smk.output.report, len(smk.input.figures), len(html) / 1e6)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
