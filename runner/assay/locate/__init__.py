"""The first wrong step, the rule it breaks, and the card that says so."""
