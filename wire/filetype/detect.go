package filetype

import "bytes"

// The types.
const (
	Unknown Type = iota
	PDF
	PE
	ELF
	ZIP
	GZIP
	PNG
	JPEG
	GIF
	DICOM
)

var kinds = [...]kind{PDF: {"pdf", Document}, PE: {"pe", Executable}, ELF: {"elf", Executable}, ZIP: {"zip", Archive}, GZIP: {"gzip", Archive},
	PNG: {"png", Image}, JPEG: {"jpeg", Image}, GIF: {"gif", Image}, DICOM: {"dicom", Medical}}

// magic is a text that stands at a place in all files of a type.
type magic struct {
	at   int
	text string
	t    Type
}

var magics = [...]magic{{0, "%PDF-", PDF}, {0, "MZ", PE}, {0, "\x7fELF", ELF}, {0, "PK\x03\x04", ZIP}, {0, "\x1f\x8b\x08", GZIP},
	{0, "\x89PNG\r\n\x1a\n", PNG}, {0, "\xff\xd8\xff", JPEG}, {0, "GIF8", GIF}, {128, "DICM", DICOM}}

// Detect is the type of the file that begins with head. The first 4096 bytes tell all that can be told.
func Detect(head []byte) Type {
	for i := range magics {
		m := &magics[i]
		if len(head) >= m.at+len(m.text) && bytes.HasPrefix(head[m.at:], []byte(m.text)) {
			return m.t
		}
	}
	return Unknown
}
