"""The one slider of the course."""


def slider(kind, description, value, low, high, step=1, **options):
    """Return a slider: wide, its name in full, and silent until it is let go."""
    return kind(value=value, min=low, max=high, step=step, description=description, continuous_update=False,
                style={"description_width": "11em"}, layout={"width": "34em"}, **options)
