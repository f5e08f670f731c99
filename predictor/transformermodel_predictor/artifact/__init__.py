"""What preparation hands to the predictor: a verified, content-addressed directory."""
