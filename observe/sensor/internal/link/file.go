package link

import (
	"encoding/binary"
	"fmt"
)

// Files is what is done with the files that cross.
type Files struct {
	MD5      bool     `json:"md5"` // the digests that are made besides SHA-256
	SHA1     bool     `json:"sha1"`
	Pages    bool     `json:"pages"`    // the parts of pages are files too
	Most     int      `json:"most"`     // files under way at a time
	Memory   int      `json:"memory"`   // bytes of the decoders that unpack them
	Unpacked int      `json:"unpacked"` // bytes that are unpacked of one
	Ratio    int      `json:"ratio"`    // beyond which it is a bomb
	Extract  *Extract `json:"extract,omitempty"`
}

// Extract is which files are copied to the parent.
type Extract struct {
	Types []string `json:"types"`
	Apps  []string `json:"apps"`
	Read  bool     `json:"read"`
	Write bool     `json:"write"`
	Least uint64   `json:"least"`
	Most  uint64   `json:"most"`
}

// FileStep is what happens to the copy of a file.
type FileStep byte

// The steps of a copy.
const (
	FileBegin FileStep = 'b' // Data says what it is, as JSON
	FileBytes FileStep = 'd'
	FileEnd   FileStep = 'e' // it is to be kept
	FileDrop  FileStep = 'x' // it is not
)

// FilePart is one step of the copy of a file. Copies of different files come mixed.
type FilePart struct {
	Step FileStep
	ID   uint64 // of the copy; the child chooses it
	Data []byte // valid as long as the frame
}

// MaxPart is how many bytes a part has at most.
const MaxPart = 64 << 10

const partHead = 9 // the step and the id

// AppendPart appends a frame with a part.
func AppendPart(dst []byte, p FilePart) []byte {
	dst = append(AppendHead(dst, FrameFile, 0, partHead+len(p.Data)), byte(p.Step))
	return append(binary.LittleEndian.AppendUint64(dst, p.ID), p.Data...)
}

// ParsePart reads the payload of a frame.
func ParsePart(b []byte) (FilePart, error) {
	if len(b) < partHead {
		return FilePart{}, fmt.Errorf("%w: part of a file: %d bytes", ErrFrame, len(b))
	}
	p := FilePart{Step: FileStep(b[0]), ID: binary.LittleEndian.Uint64(b[1:]), Data: b[partHead:]}
	switch p.Step {
	case FileBegin, FileBytes, FileEnd, FileDrop:
		return p, nil
	}
	return p, fmt.Errorf("%w: part of a file: step %q", ErrFrame, p.Step)
}
