"""``python -m agnet`` is the ``agnet`` command."""

from agnet.cli import main

main()
