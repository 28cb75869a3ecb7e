"""AG-Net inside of other packages, one file a package: imported by name, as their extras are."""
