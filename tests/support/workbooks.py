"""Workbooks made part by part, as different spreadsheets write them."""

from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."


def text(value, attributes=""):
    """Return a cell with its text in it, as programs without a table of strings write it."""
    return f'<c t="inlineStr"{attributes}><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def row(number, *cells, attributes=""):
    """Return a row of cells without references of their own."""
    return f'<row r="{number}"{attributes}>{"".join(cells)}</row>'


def write_workbook(
    path, rows, *, after="", formats=(), strings=None, main=MAIN, relations=RELATIONS, calculation="", more=None
):
    """Write a workbook of one sheet.

    `rows` is the XML of its rows and `after` what follows them; the cells' style N shows the Nth of `formats`;
    `strings` is the XML of the table of strings; `calculation` an element of the workbook's; `more` are further parts.
    """
    links = f'<Relationship Id="rId1" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/>'
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}relationships"><Relationship Id="rId1" '
        f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets><sheet name="Sheet1" sheetId="1" '
        f'r:id="rId1"/></sheets>{calculation}</workbook>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData>{after}</worksheet>',
    }
    kinds = {"xl/workbook.xml": "sheet.main", "xl/worksheets/sheet1.xml": "worksheet"}
    if strings is not None:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{main}">{strings}</sst>'
        kinds["xl/sharedStrings.xml"] = "sharedStrings"
        links += f'<Relationship Id="rId2" Type="{relations}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    if formats:
        own = "".join(f'<numFmt numFmtId="{164 + n}" formatCode={quoteattr(f)}/>' for n, f in enumerate(formats))
        styles = "".join(f'<xf numFmtId="{164 + n}" applyNumberFormat="1"/>' for n in range(len(formats)))
        parts["xl/styles.xml"] = (
            f'<styleSheet xmlns="{main}"><numFmts count="{len(formats)}">{own}</numFmts>'
            f'<cellXfs count="{len(formats) + 1}"><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>'
        )
        kinds["xl/styles.xml"] = "styles"
        links += f'<Relationship Id="rId3" Type="{relations}/styles" Target="styles.xml"/>'
    parts["xl/_rels/workbook.xml.rels"] = f'<Relationships xmlns="{_PACKAGE}relationships">{links}</Relationships>'
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{_TYPE}{kind}+xml"/>' for name, kind in kinds.items()
    )
    parts["[Content_Types].xml"] = (
        f'<Types xmlns="{_PACKAGE}content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
        f'package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in (parts | (more or {})).items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + content)
    return path
