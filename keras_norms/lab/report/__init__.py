"""Claims, tables, figures, and the page that shows them."""
