"""Awarding decisions: from the proven bytes of a delivery to "this learner earned that", without any I/O.

`signature` proves who sent a body, `adapter` turns it into `event.LearningEvent`s, `rule` decides on each of them.
"""
