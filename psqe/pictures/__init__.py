"""Pictures as they come with data: what a file is, and its pixels, in bounded memory and without its code.

A picture of a stranger may be a web page, a pointer, a pipe or a bomb. :mod:`psqe.pictures.content` reads the
bytes and says what they are, :mod:`psqe.pictures.raster` decodes pixels, :mod:`psqe.pictures.drawing` checks
vector drawings and takes references to other files out of them, and :mod:`psqe.pictures.renderer` renders
them in a process of its own.
"""
