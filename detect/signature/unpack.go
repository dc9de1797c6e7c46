package signature

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Limits of what is unpacked.
const (
	maxUnpacked = 128 << 20 // bytes, of all files of a source
	maxEntries  = 10_000    // of an archive
	maxName     = 200       // bytes of a path within an archive
)

// Faults of archives.
var (
	ErrTooLarge = errors.New("signature: too large")
	ErrArchive  = errors.New("signature: bad archive")
)

// unpack takes the files of rules out of r: an archive (tar, gzip), or a file of rules, which may be packed by gzip. What is
// no rule, and none of the files that come with rules, is left out.
func unpack(r io.Reader, name string) ([]File, error) {
	in := bufio.NewReaderSize(&limited{r: r, left: maxUnpacked}, 64<<10)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		defer z.Close()
		in = bufio.NewReaderSize(&limited{r: z, left: maxUnpacked}, 64<<10)
		name = strings.TrimSuffix(name, ".gz")
	}
	if magic, _ := in.Peek(4); string(magic) == "PK\x03\x04" {
		return unzip(in)
	}
	if head, _ := in.Peek(512); len(head) >= 262 && string(head[257:262]) == "ustar" {
		return untar(in)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	return []File{{Name: name, Text: text}}, nil
}

// unzip takes the files of rules out of an archive as SigmaHQ releases them.
func unzip(r io.Reader) ([]File, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	e := entries{known: map[string]bool{}, left: maxUnpacked}
	for _, f := range z.File {
		h := &tar.Header{Name: f.Name, Size: int64(min(f.UncompressedSize64, math.MaxInt64)), Typeflag: tar.TypeReg}
		if f.Mode().IsDir() {
			h.Typeflag = tar.TypeDir
		} else if !f.Mode().IsRegular() {
			h.Typeflag = tar.TypeSymlink
		}
		in, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		err = e.add(h, io.LimitReader(in, h.Size))
		in.Close()
		if err != nil {
			return nil, err
		}
	}
	return e.files, nil
}

// limited ends with ErrTooLarge behind so many bytes.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		var one [1]byte
		if n, err := l.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, maxUnpacked)
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// untar takes the files of rules out of an archive. Links, devices and paths that lead out of it are refused: nobody who
// makes rules puts them there.
func untar(r io.Reader) ([]File, error) {
	t := tar.NewReader(r)
	e := entries{known: map[string]bool{}, left: maxUnpacked}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			if _, err := io.Copy(io.Discard, r); err != nil { // the sum of what was packed stands at its end
				return nil, archiveFault(err)
			}
			return e.files, nil
		}
		if err != nil {
			return nil, archiveFault(err)
		}
		if err := e.add(h, t); err != nil {
			return nil, err
		}
	}
}

// entries collects the files of rules of an archive.
type entries struct {
	files []File
	known map[string]bool
	count int
	left  int64 // bytes, of what entries say they are: one with holes is more than the archive has
}

func (e *entries) add(h *tar.Header, r io.Reader) error {
	if e.count++; e.count > maxEntries {
		return fmt.Errorf("%w: more than %d entries", ErrTooLarge, maxEntries)
	}
	name, err := inside(h)
	if err != nil || h.Typeflag != tar.TypeReg || kindOf(name) == noFile {
		return err
	}
	if e.known[name] {
		return fmt.Errorf("%w: %q is there twice", ErrArchive, name)
	}
	e.known[name] = true
	if e.left -= h.Size; e.left < 0 {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, maxUnpacked)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return archiveFault(err)
	}
	e.files = append(e.files, File{Name: name, Text: text, Data: kindOf(name) == dataFile})
	return nil
}

func archiveFault(err error) error {
	if errors.Is(err, ErrTooLarge) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrArchive, err)
}

// inside is the path of an entry within its archive.
func inside(h *tar.Header) (string, error) {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir, tar.TypeXGlobalHeader:
	default:
		return "", fmt.Errorf("%w: %q is a link or a device", ErrArchive, h.Name)
	}
	name := path.Clean(h.Name)
	switch {
	case strings.ContainsAny(h.Name, "\\\x00") || !utf8.ValidString(h.Name):
		return "", fmt.Errorf("%w: %q is no name of a file", ErrArchive, h.Name)
	case !filepath.IsLocal(name):
		return "", fmt.Errorf("%w: %q leads out of the archive", ErrArchive, h.Name)
	case len(name) > maxName:
		return "", fmt.Errorf("%w: a name of %d bytes", ErrArchive, len(name))
	}
	return name, nil
}
