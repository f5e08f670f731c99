"""Reading a checkpoint: its folder, configuration, tokenizer and weights, without running anything that it holds."""
