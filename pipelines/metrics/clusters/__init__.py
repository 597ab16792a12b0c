"""Regional science: specialisation, concentration, complexity, spatial association, and the tables made of them."""

REASONS = {
    "not_observed": "No sector of this zone and year has a figure.",
    "sector_missing": "At least one sector of this zone and year has no figure; shares cannot be compared.",
    "no_employment": "All sectors of this zone and year are zero, so that there are no shares.",
    "reference_too_small": "Fewer than two zones have complete sectors in this year; there is no reference.",
    "industry_empty": "No zone of the reference has employment in this industry and year.",
    "coordinate_missing": "The zone has no latitude or longitude and is left out of the spatial measures.",
    "too_few_zones": "Not more than neighbours + 1 zones can be placed: all of them would be neighbours.",
    "constant": "The location quotient is the same in all zones that are compared or can be placed.",
    "island": "The zone has no neighbour in the spatial weights.",
    "quotient_zero": "The location quotient is zero and has no logarithm that could be standardised.",
    "zero_share": "At least one zone has no employment in this industry; Theil's L is infinite by its formula.",
    "previous_year_missing": "The zone, or the year, cannot be compared with the year before.",
    "zero_diversity": "The zone has no advantage in any industry and is set aside from the complexity index.",
    "zero_ubiquity": "No zone has an advantage in this industry; it is set aside from the complexity index.",
    "disconnected": "Zones and industries form groups without a shared advantage; the index is undefined.",
    "no_variation": "The advantages have no second dimension along which zones could be ordered.",
    "eigenvalue_tied": "Two orders of the zones explain the advantages equally well; there is no one index.",
    "sign_undetermined": "The complexity index does not correlate with diversity; its direction is unknown.",
}
