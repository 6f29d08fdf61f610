"""What Sphinx has to be told: anchors in raw HTML, terms of the glossary, and names of the library in the text."""

import re
from functools import cache

from docutils import nodes
from pages import Terms, term_anchor

from crmlib.teaching import course, glossary

GLOSSARY = "notebooks/glossary"
NO_TERMS = (GLOSSARY, "notebooks/claims")
# a term of several words is told by them; these single words mean the same wherever they stand, "margin" does not
ALONE = ("bg/nbd", "bootstrap", "churn", "cohort", "confounding", "cross-selling", "cross-validation", "gamma-gamma",
         "log-likelihood", "mbg/nbd", "pareto/nbd", "topsis", "uplift", "win-back")


def register_anchors(app, doctree):
    """Let links lead to the anchors of cells and terms: a link to one that is not there is then a warning."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for node in doctree.findall(nodes.raw):
        for name in re.findall(r'class="anchor" id="([^"]+)"', node.astext()):
            slugs[name] = (node.line, name, name)


@cache
def terms() -> tuple[Terms, dict[str, str]]:
    """Return the glossary, and of its terms those that can be told in a text, and have one meaning only."""
    known = Terms(course.find_root())
    names = [glossary.name_of(term) for term in known.names]
    return known, {name: term for name, term in zip(names, known.names, strict=True)
                   if (" " in name or name in ALONE) and names.count(name) == 1}


def link_terms(app, doctree, docname):
    """Lead the first mention of a term on a page to the glossary, unless the page defines it."""
    if not docname.startswith(("notebooks/", "datasets/")) or docname in NO_TERMS:
        return
    known, names = terms()
    there = app.builder.get_relative_uri(docname, GLOSSARY)
    defined = {node.get("refuri", "").partition("#")[2] for node in doctree.findall(nodes.reference)}
    names = {name: term for name, term in names.items() if term_anchor(term) not in defined}
    for text in list(doctree.findall(nodes.Text)):
        if names and isinstance(text.parent, nodes.paragraph):
            parts = []
            for before, shown, name in mentions(text.astext(), names):
                parts.append(nodes.Text(before))
                if name:
                    term = names.pop(name)
                    parts.append(nodes.reference(shown, shown, refuri=f"{there}#{term_anchor(term)}", internal=True,
                                                 reftitle=known.meaning[known.names[term]], classes=["term"]))
            text.parent.replace(text, parts)


def mentions(text: str, names) -> list[tuple[str, str, str]]:
    """Return a text in pieces: what stands before the first mention of a name, the mention, the name; last the rest.

    Examples
    --------
    >>> mentions("Retention rates; the retention rate.", ["retention rate"])
    [('', 'Retention rates', 'retention rate'), ('; the retention rate.', '', '')]
    """
    pieces, last, seen = [], 0, set()
    longest_first = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    for found in re.finditer(rf"\b({longest_first})s?\b", text, re.IGNORECASE):
        if (name := found[1].lower()) not in seen:
            pieces.append((text[last:found.start()], found[0], name))
            last = found.end()
            seen.add(name)
    return [*pieces, (text[last:], "", "")]


def link_library(app, doctree, docname):
    """Lead `clv.lifetime_value` in a text to the page of that function."""
    known = app.env.domains["py"].objects
    for literal in list(doctree.findall(nodes.literal)):
        found = re.match(r"(?:crmlib\.)?([a-z_]+(?:\.\w+)+)", literal.astext())
        entry = known.get(f"crmlib.{found[1]}") if found else None
        if entry and not isinstance(literal.parent, nodes.reference) and entry.docname != docname:
            uri = f"{app.builder.get_relative_uri(docname, entry.docname)}#{entry.node_id}"
            literal.replace_self(nodes.reference("", "", literal.deepcopy(), refuri=uri, internal=True))


def setup(app):
    """Connect the three."""
    app.connect("doctree-read", register_anchors)
    app.connect("doctree-resolved", link_terms)
    app.connect("doctree-resolved", link_library)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
