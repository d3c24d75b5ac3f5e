"""RDF in every form that strangers' files have: what a file is, its statements, names, and blank nodes."""
