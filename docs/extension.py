"""What Sphinx has to be told: anchors in raw HTML, terms of the glossary, and names of the library in the text."""

import re

from docutils import nodes
from pages import Terms, term_anchor

from crmlib.teaching import course, glossary

GLOSSARY = "notebooks/glossary"


def register_anchors(app, doctree):
    """Let links lead to the anchors of cells and terms: a link to one that is not there is then a warning."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for node in doctree.findall(nodes.raw):
        for name in re.findall(r'class="anchor" id="([^"]+)">', node.astext()):
            slugs[name] = (node.line, name, name)


def names_of_terms(terms: Terms) -> dict[str, str]:
    """Return the terms that can be told in a text: of several words, and of one meaning only."""
    names = [glossary.name_of(term) for term in terms.names]
    return {glossary.name_of(term): term for term in terms.names
            if " " in glossary.name_of(term) and names.count(glossary.name_of(term)) == 1}


def link_terms(app, doctree, docname):
    """Lead the first mention of a term on a page to the glossary, unless the page defines it."""
    if not docname.startswith(("notebooks/", "datasets/")) or docname in (GLOSSARY, "notebooks/claims"):
        return
    terms = app.env.course_terms = getattr(app.env, "course_terms", None) or Terms(course.find_root())
    names = names_of_terms(terms)
    there = app.builder.get_relative_uri(docname, GLOSSARY)
    linked = {node.get("refuri", "").partition("#")[2] for node in doctree.findall(nodes.reference)}
    names = {name: term for name, term in names.items() if term_anchor(term) not in linked}
    for text in list(doctree.findall(nodes.Text)):
        if not names or not isinstance(text.parent, nodes.paragraph):
            continue
        pattern = r"\b(" + "|".join(map(re.escape, sorted(names, key=len, reverse=True))) + r")s?\b"
        parts, last, seen = [], 0, set()
        for found in re.finditer(pattern, text.astext(), re.IGNORECASE):
            name = found[1].lower()
            if name in seen:
                continue
            seen.add(name)
            uri = f"{there}#{term_anchor(names[name])}"
            meaning = terms.meaning[terms.names[names[name]]]
            parts += [nodes.Text(text.astext()[last:found.start()]),
                      nodes.reference(found[0], found[0], refuri=uri, internal=True, reftitle=meaning, classes=["term"])]
            last = found.end()
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(text.astext()[last:])])
            names = {name: term for name, term in names.items() if name not in seen}


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
