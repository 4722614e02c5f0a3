"""Pages for learners: claiming a badge, and all that they have."""
