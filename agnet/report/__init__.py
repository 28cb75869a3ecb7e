"""Reports of runs: figures, and the page that shows them."""
