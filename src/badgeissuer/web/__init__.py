"""HTTP: the only place that serves it."""
