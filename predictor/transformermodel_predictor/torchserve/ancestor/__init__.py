"""TorchServe's generalized handler for transformers, on our tasks, engines and explanations.

`fallback_path/Transformer_handler_generalized.py` is what archives import; what it does is here, where it is named and
tested by its parts.
"""
