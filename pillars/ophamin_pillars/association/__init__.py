"""Association of two columns: Pearson, Spearman, Kendall, and the bootstrap for statistics without a distribution."""
