// Package filetype tells what a file is by its first bytes, whatever it is called and whatever it is said to be. It
// knows the types that matter to a hospital and to those who attack one: documents that carry programs, programs and
// scripts, archives and disk images, pictures, records of medicine, and what holds passwords and keys.
//
// Sources: the specifications of the formats where there are any, else the signatures that libmagic and PRONOM publish.
package filetype

// Type is the type of a file. Zero is one that is not known.
type Type uint8

// String is the type in one word, as files of it are commonly called: pdf, pe, docx. Empty: not known.
func (t Type) String() string { return kinds[t].name }

// Category is what the type is, one of the constants below. Empty: not known.
func (t Type) Category() string { return kinds[t].category }

// Known reports whether s names a type or a category.
func Known(s string) bool {
	for _, k := range kinds {
		if s != "" && (s == k.name || s == k.category) {
			return true
		}
	}
	return false
}

// The categories.
const (
	Executable = "executable" // runs when it is opened, or is a part of what runs
	Script     = "script"
	Document   = "document"
	Archive    = "archive"
	DiskImage  = "disk image"
	Image      = "image"
	Media      = "media" // sound and film
	Medical    = "medical"
	Text       = "text"
	Mail       = "mail"
	Database   = "database"
	Secret     = "secret" // keys, passwords and what they can be read from
	Font       = "font"
	Capture    = "capture" // of network traffic
)

// Head is how many of the first bytes of a file tell all that can be told without [Later].
const Head = 4 << 10

// Detect is the type of the file that begins with head, its first [Head] bytes or all that it has.
func Detect(head []byte) Type {
	t := byMagic(head)
	switch t {
	case ZIP:
		return zipType(head)
	case OLE:
		return oleType(head)
	case PE:
		return peType(head)
	case RIFF:
		return riffType(head)
	case ISOMedia:
		return brandType(head)
	case JavaClass:
		return classType(head)
	case Unknown:
		return byText(head)
	}
	return t
}

// Later says where in a file stand bytes that would tell more of it than its head did: n of them from the offset at.
// n is 0 when none would.
func Later(t Type, head []byte) (at uint64, n int) {
	switch t {
	case OLE:
		return oleDirectory(head)
	case Unknown, Binary:
		return isoAt, isoSize // the first 32 KiB of an ISO 9660 image are for others to use
	}
	return 0, 0
}

// Refine is the type of a file that seemed to be t, by the bytes that [Later] asked for.
func Refine(t Type, p []byte) Type {
	switch t {
	case OLE:
		return oleEntries(p)
	case Unknown, Binary:
		return isoType(t, p)
	}
	return t
}
