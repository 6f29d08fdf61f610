"""Mark a class: each submitted exercise notebook, on its student's own company, in a process that is held on a lead.

What a notebook prints counts for nothing. It hands its answers to ``check``; `sandbox` runs it and takes them as JSON,
`marking` compares them, in our own process, with what the question's computation gives for the seed in the roster. So
whatever a notebook does to the library or to its own record, all it can hand in is an answer.
Nothing is imported here: every submission's process starts by this package.
"""
