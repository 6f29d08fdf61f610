"""What makes a notebook a lesson: widgets, questions with feedback, and the care of the notebooks."""
