"""One law fitted to several groups of runs at once."""
