"""python -m tests.docs: write the generated parts of the documents."""

from tests.docs.generated import DOCS, PAGES, renewed

for name in PAGES:
    path = DOCS / f"{name}.md"
    path.write_text(renewed(name, path.read_text(encoding="utf-8")), encoding="utf-8")
    print(path.name)
