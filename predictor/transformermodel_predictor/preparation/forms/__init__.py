"""The forms in which a model can be stored for serving: one builder per form."""
