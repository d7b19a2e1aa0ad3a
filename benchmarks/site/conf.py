"""Settings of the site's generator, Sphinx with MyST (Markdown) and the theme Furo."""

from __future__ import annotations

from typing import Any

from benchmarks.site.docstrings import convert, signature
from keras_norms.version import __version__

project, author, release = "keras_norms", "The keras_norms contributors", __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Call arguments", "params_style")]
napoleon_use_param = False  # several arguments may be told of together
napoleon_use_rtype = False
autodoc_member_order = "bysource"
add_module_names = False
maximum_signature_line_length = 80

html_theme = "furo"
html_title = f"keras_norms {release}"
html_static_path = ["style.css"]
html_css_files = ["style.css"]
# A page opened from a folder may not read the others, of which the search would show lines.
html_show_search_summary = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", convert, priority=400)  # before Napoleon's sections
    app.connect("autodoc-process-signature", signature)
