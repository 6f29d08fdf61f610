"""The explorer of chapter 04: points for five criteria, the list they make, and what it is worth."""

from crmlib.teaching.widgets.slider import slider


def value_list(criteria, points, *, places: int, method: str = "minmax"):
    """Return who gets a place, and what each criterion contributes to the score.

    Parameters
    ----------
    criteria : pandas.DataFrame
        Raw values, a row per customer and a column per criterion, more being better.
    points : mapping
        Points by criterion, zero or more, not all zero.
    places : int
    method : {"minmax", "z", "rank"}
        Of `crmlib.value.normalise`.

    Returns
    -------
    pandas.DataFrame
        The chosen, best first: a column per criterion, weight times normalised value. The sum is the score.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"sales": [0, 50, 100], "credit": [1.0, 0.5, 0.0]}, index=["a", "b", "c"])
    >>> value_list(table, {"sales": 30, "credit": 10}, places=2)
       sales  credit
    c  0.750   0.000
    b  0.375   0.125
    """
    from crmlib import value

    normal = value.normalise(criteria, method=method)
    weights = value.check_weights(points, criteria.columns, total="rescale")
    parts = normal * weights
    return parts.loc[value.choose(parts.sum(axis=1), places, ties="order")]


def value_list_summary(criteria, points, *, places: int, method: str = "minmax", rival, worth):
    """Return three lines on a list: what decides it, who is also on the rival list, and what it is worth in truth.

    Parameters
    ----------
    criteria, points, places, method
        As in `value_list`.
    rival : pandas.Series
        Another ranking of the same customers, by lifetime value for instance.
    worth : pandas.Series
        What each customer brings in truth, in yuan.

    Returns
    -------
    str

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"sales": [0, 50, 100], "credit": [1.0, 0.5, 0.2]}, index=["a", "b", "c"])
    >>> worth = pd.Series([10.0, 30.0, 20.0], index=["a", "b", "c"])
    >>> print(value_list_summary(table, {"sales": 30, "credit": 10}, places=1, rival=worth, worth=worth))
    sales has 75 % of the points and makes 149 % of the differences.
    0 of 1 places go to the same customers as by lifetime value.
    In truth the list is worth 67 % of the best possible one.
    """
    from crmlib import value

    chosen = value_list(criteria, points, places=places, method=method).index
    weights = value.check_weights(points, criteria.columns, total="rescale")
    effective = value.effective_weights(value.normalise(criteria, method=method), weights)
    first = effective.idxmax()
    same = len(chosen.intersection(value.choose(rival, places, ties="order")))
    share = worth[chosen].sum() / worth.nlargest(places).sum()
    return (f"{first} has {100 * weights[first]:.0f} % of the points and makes {100 * effective[first]:.0f} % of the "
            f"differences.\n{same} of {places} places go to the same customers as by lifetime value.\n"
            f"In truth the list is worth {100 * share:.0f} % of the best possible one.")


def explore_value_list(criteria, *, points, places: int, rival, worth, method: str = "minmax"):
    """Return the explorer of chapter 04: a slider per criterion, a choice of scale, the list and a sentence on it.

    Parameters
    ----------
    criteria, places, rival, worth
        As in `value_list_summary`.
    points : mapping
        Where the sliders start.
    method : {"minmax", "z", "rank"}
        The scale at the start.

    Returns
    -------
    ipywidgets.VBox
    """
    import ipywidgets as widgets
    from IPython.display import Markdown, display

    from crmlib import plots

    sliders = {f"p{k}": slider(widgets.IntSlider, str(name), int(points[name]), 0, 100, 5)
               for k, name in enumerate(criteria.columns)}
    scale = widgets.Dropdown(options=["minmax", "z", "rank"], value=method, description="scale",
                             style={"description_width": "11em"})

    def draw(scale, **given):
        stated = dict(zip(criteria.columns, given.values(), strict=True))
        if not sum(stated.values()):
            display(Markdown("All points are zero: at least one criterion has to count."))
            return
        parts = value_list(criteria, stated, places=places, method=scale)
        display(Markdown(value_list_summary(criteria, stated, places=places, method=scale, rival=rival, worth=worth)))
        plots.show(plots.score_parts(parts), alt="Scores of the chosen customers, best on top, split by criterion.")

    return widgets.VBox([*sliders.values(), scale, widgets.interactive_output(draw, {**sliders, "scale": scale})])
