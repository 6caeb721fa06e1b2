"""Judge the claims: every criterion against its threshold, over all seeds, beside the untrained control."""

from recurrence_circuits.files import write_text
from recurrence_circuits.logs import log_to
from recurrence_circuits.tables import read_table, write_table
from recurrence_circuits.verdicts import claims_markdown, judge_claims


def main(smk):
    with log_to(smk.log[0]) as logger:
        tables = {name: read_table(name, path) for name, path in smk.input.items()}
        claims = judge_claims(tables, smk.params.thresholds, smk.params.n_layers, smk.params.confidence)
        claims = claims.assign(experiment=smk.wildcards.experiment)
        write_table("claims", claims, smk.output.table)
        write_text(smk.output.page, claims_markdown(claims))
        for claim, rows in claims.groupby("claim", sort=False):
            logger.info("claim %s: %s", claim, rows["claim_verdict"].iloc[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
