"""Settings of the reading site; `make site` builds it (docs/build.py)."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "Customer relationship management, computed"
author = "The crmlib authors"
copyright = "the crmlib authors; text CC BY 4.0, code MIT"  # noqa: A001
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "extension"]
root_doc = "index"
default_role = "py:obj"  # `lifetime_value` in a docstring leads to that function, `alt` stays as it is

# --- notebooks: as they are stored, nothing runs
nb_execution_mode = "off"
nb_render_markdown_format = "myst"  # tables of the claims and of the glossary are outputs
nb_ipywidgets_js = {}  # no widget is stored, so no script for widgets
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4

# --- docstrings: numpydoc, as the house writes them
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]  # "alpha, beta : float" is two names
napoleon_preprocess_types = True  # {"signed", "absolute"} is a choice, not a type
autodoc_typehints = "none"  # the docstring says it with shape and unit
add_module_names = False
suppress_warnings = ["misc.highlighting_failure"]  # an example with a gap, "…", is no Python, and is shown all the same

WIDE = ("notebooks/claims", "notebooks/glossary")  # tables of seven columns

# --- look, and nothing from elsewhere: fonts and icons are files of the theme, MathJax is copied by build.py
html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["course.css"]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False  # the search finds it
html_domain_indices = False
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"options": {"enableMenu": False}}  # its menu would fetch parts that are not here
html_favicon = "static/icon.svg"
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": False,  # a line below each title downloads the notebook itself, not a copy
    "use_fullscreen_button": False,
    "navbar_persistent": [],  # one search button, in the side bar
    "secondary_sidebar_items": {"**": ["page-toc.html"], **dict.fromkeys(WIDE, [])},
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
