"""Reports: pages and figures that put several rooms together."""
