"""The contest: builds the candidates, compares them with the reference, measures their speed, and elects one."""
