"""Judge the claims: compare every criterion with its threshold, in all seeds and in the untrained control."""

from recurrence_circuits.claims.standing import EXPLORATION, standing
from recurrence_circuits.claims.text import claims_markdown
from recurrence_circuits.claims.verdicts import judge_claims
from recurrence_circuits.io.files import write_text
from recurrence_circuits.io.reading import read_record
from recurrence_circuits.io.tables import read_tables, write_table
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]) as logger:
        columns = dict(smk.params.columns)
        written, of_null = columns.pop("claims"), columns.pop("null")
        tables = {name: read_tables(name, columns[name], smk.input[name]) for name in columns}
        null = read_tables("null", of_null, smk.input.null)
        thresholds, confidence = smk.params.thresholds, smk.params.confidence
        records, confirming = [read_record(path) for path in smk.input.records], smk.params.confirmation_seeds
        stands = standing(records, confirming, smk.params.criteria, smk.params.commit)
        exploring = [seed for seed in sorted(tables["predictions"]["seed"].unique()) if seed not in confirming]
        roles = {EXPLORATION: exploring} | ({stands.role: confirming} if confirming else {})
        n_layers, first = smk.params.n_layers, smk.params.first_determined
        claims = judge_claims(tables, null, thresholds, n_layers, confidence, first, roles)
        claims = claims.assign(experiment=smk.wildcards.experiment)
        write_table("claims", written, claims, smk.output.table)
        write_text(smk.output.standing, stands.to_json())
        write_text(smk.output.page, claims_markdown(claims, stands, confidence, thresholds["agreement_min"]))
        logger.info("%s", stands.sentence)
        for (claim, role), rows in claims.groupby(["claim", "role"], sort=False):
            logger.info("claim %s, %s: %s", claim, role, rows["claim_verdict"].iloc[0])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
