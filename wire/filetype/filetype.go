// Package filetype tells what a file is by its first bytes, whatever it is called and whatever it is said to be. It
// knows the types that matter to a hospital and to those who attack one: documents that carry programs, programs and
// scripts, archives and disk images, pictures and records of medicine.
package filetype

// Type is the type of a file. Zero is one that is not known.
type Type uint8

// kind is what a type is called and what it is.
type kind struct{ name, category string }

// The categories.
const (
	Executable = "executable"
	Script     = "script"
	Document   = "document"
	Archive    = "archive"
	DiskImage  = "disk image"
	Image      = "image"
	Media      = "media"
	Medical    = "medical"
	Text       = "text"
	Database   = "database"
	Key        = "key"
)

// String is the type in one word, as files of it are commonly called: pdf, pe, docx. Empty: not known.
func (t Type) String() string { return kinds[t].name }

// Category is what the type is. Empty: not known.
func (t Type) Category() string { return kinds[t].category }
