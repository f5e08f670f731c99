"""From what is observed to what should be done: pure, one file per concern. `decision.decide` composes them."""
