"""`thresher run --budget`: steps that are worth their seconds, one after the other; the best is kept."""
