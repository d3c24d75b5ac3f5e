"""From notebooks to the book: parameters, papermill, the site."""
