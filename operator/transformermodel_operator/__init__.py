"""The operator: watches TransformerModels and reconciles them."""
