"""Open Badges 3.0 of 1EdTech: the model, composing and linting a badge, verifying one."""
