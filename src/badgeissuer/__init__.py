"""Open Badges 3.0: define and approve achievements, issue them from LMS events, verify them by URL."""
