"""The house style of figures, and the one way to show one in a notebook."""

import io

import matplotlib.pyplot as plt
from cycler import cycler
from PIL import Image

# Okabe and Ito's colours, told apart with every common kind of colour blindness. Their yellow is
# left out: on white paper, or on a projector, nobody can see it.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def use_style() -> None:
    """Set the course's figure style: colours, sizes and grid. Call it once per notebook.

    Examples
    --------
    >>> use_style()
    >>> plt.rcParams["figure.dpi"]
    110.0
    """
    plt.rcParams.update({
        "axes.prop_cycle": cycler(color=PALETTE),
        "axes.edgecolor": "#444444",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.labelsize": 14,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.dpi": 110,
        "figure.facecolor": "white",
        "figure.figsize": (8.0, 4.5),
        "font.size": 13,
        "grid.color": "#dddddd",
        "image.cmap": "cividis",
        "legend.frameon": False,
        "lines.linewidth": 2.5,
        "lines.markersize": 7,
        "savefig.facecolor": "white",
        "svg.hashsalt": "crmlib",
        "xtick.labelsize": 12,
        "ytick.labelsize": 12,
    })


def axes(ax=None, height=4.2):
    """Return `ax`, or new Axes of the width of a notebook and this height, in inches."""
    return plt.subplots(figsize=(8, height))[1] if ax is None else ax


def thousands(axis) -> None:
    """Write the numbers along an axis in full, thousands grouped: 20,000."""
    axis.set_major_formatter(plt.FuncFormatter(lambda value, _: f"{value:,.0f}"))


def show(figure, *, alt: str) -> None:
    """Display a figure once, as a PNG with a description, and close it.

    The same drawing gives the same bytes, so that a refreshed notebook does not change. In a
    terminal, where no picture can be shown, the description takes its place.

    Parameters
    ----------
    figure : matplotlib Figure or Axes, or a seaborn grid
        What to display.
    alt : str
        One sentence for readers who cannot see the figure: what is drawn and what it shows.
        At least 25 characters and five words.

    Raises
    ------
    ValueError
        If `alt` is no sentence, or `figure` is no figure.

    Examples
    --------
    >>> _, ax = plt.subplots()
    >>> show(ax, alt="chart")
    Traceback (most recent call last):
    ValueError: alt='chart' does not describe the figure: write one sentence (25 characters or more, \
five words or more) that says what is drawn and what it shows
    >>> show(ax, alt="Empty axes from zero to one in both directions.")
    Empty axes from zero to one in both directions.
    """
    from IPython.display import display

    words = alt.split() if isinstance(alt, str) else []
    if len(" ".join(words)) < 25 or len(words) < 5:
        raise ValueError(
            f"alt={alt!r} does not describe the figure: write one sentence (25 characters or more, "
            "five words or more) that says what is drawn and what it shows"
        )
    fig = getattr(figure, "figure", figure)
    if not hasattr(fig, "savefig"):
        raise ValueError(f"show() needs a figure or axes, not {type(figure).__name__}")
    display(_Picture(_png(fig), " ".join(words)))
    plt.close(fig)


def _png(fig):
    """Return the figure as the same small PNG each time: 256 colours do, and a third of the bytes."""
    drawn, small = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", dpi=fig.dpi, bbox_inches="tight")
    picture = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(small, format="PNG", optimize=True)  # writes no metadata: no version, no date
    return small.getvalue()


class _Picture:
    """A PNG with its description, for `IPython.display.display`."""

    def __init__(self, png, alt):
        self.png, self.alt = png, alt

    def __repr__(self):
        return self.alt

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}
