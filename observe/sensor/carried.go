package sensor

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"bulwark/observe/sensor/internal/copies"
	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/health"
	"bulwark/platform/vault"
	"bulwark/wire/filetype"
)

// FilesConfig is what is done with the files that protocols carry.
type FilesConfig struct {
	// Hashes are the digests that are made of files besides SHA-256, which is always made: md5, sha1. Each takes the core
	// some time per byte: MD5 more than the other two together.
	Hashes []string `conf:"hashes"`
	// Pages tells of the parts of web pages as files too, not only of documents and programs.
	Pages bool `conf:"pages"`
	// Most is how many files are followed at a time; more are counted, and not told of. One takes about 1 KiB.
	Most int `conf:"most"`
	// Memory is for unpacking what is packed on its way (gzip, deflate, brotli, zstd).
	Memory conf.Size `conf:"memory"`
	// Unpacked is how much is unpacked of one file.
	Unpacked conf.Size `conf:"unpacked"`
	// Ratio is how many times larger than what crossed a file may become, from 16 MiB on, before it is taken for a bomb.
	Ratio int `conf:"ratio"`
	// Extract keeps copies of files on disk, sealed with the site's key, for bulwark files.
	Extract ExtractConfig `conf:"extract"`
}

// ExtractConfig is of which files copies are kept, and for how long.
type ExtractConfig struct {
	// Types are the types by content whose files are kept: names such as pe, docx, pdf, dicom, or categories: executable,
	// script, document, archive, "disk image", image, media, medical, text, mail, database, secret. "all" is all. Empty
	// keeps none.
	Types []string `conf:"types"`
	// Apps are the protocols whose files are kept: http, http2, smb, ftp-data, smtp, imap, pop3, nfs, dicom, tftp. Empty means
	// all.
	Apps []string `conf:"apps"`
	// Direction is which way they go: read, to the side that asked; write, from it; or both.
	Direction string `conf:"direction"`
	// Smallest is how large a file must be to be kept.
	Smallest conf.Size `conf:"smallest"`
	// Largest is how much is kept of one file; the rest is cut off.
	Largest conf.Size `conf:"largest"`
	// Size is how much of the disk the copies may take; the oldest go first.
	Size conf.Size `conf:"size"`
	// Age is how long they are kept, from when their content was last seen. 0 means as long as there is room.
	Age time.Duration `conf:"age"`
	// Free is how many bytes of the disk must stay free for others.
	Free conf.Size `conf:"free"`
}

func defaultFiles() FilesConfig {
	return FilesConfig{Most: 16 << 10, Memory: 128 << 20, Unpacked: 256 << 20, Ratio: 200,
		Extract: ExtractConfig{Direction: "both", Largest: 32 << 20, Size: 4 << 30, Age: 30 * 24 * time.Hour, Free: 2 << 30}}
}

// Check refuses settings that cannot work.
func (c *FilesConfig) Check() error {
	var errs []error
	for i, h := range c.Hashes {
		if h != "md5" && h != "sha1" && h != "sha256" {
			errs = append(errs, conf.At(fmt.Sprintf("hashes[%d]", i), fmt.Errorf("%q is none of md5, sha1, sha256", h)))
		}
	}
	if c.Most < 16 {
		errs = append(errs, conf.At("most", fmt.Errorf("%d is less than 16", c.Most)))
	}
	if c.Memory < 1<<20 {
		errs = append(errs, conf.At("memory", fmt.Errorf("%v is less than 1MiB", c.Memory)))
	}
	if c.Unpacked < 1<<20 {
		errs = append(errs, conf.At("unpacked", fmt.Errorf("%v is less than 1MiB", c.Unpacked)))
	}
	if c.Ratio < 2 {
		errs = append(errs, conf.At("ratio", fmt.Errorf("%d is less than 2", c.Ratio)))
	}
	return errors.Join(errs...)
}

// Check refuses settings that cannot work.
func (c *ExtractConfig) Check() error {
	var errs []error
	for i, t := range c.Types {
		if t != "all" && !filetype.Known(t) {
			errs = append(errs, conf.At(fmt.Sprintf("types[%d]", i), fmt.Errorf("%q is no type or category that is known", t)))
		}
	}
	if c.Direction != "read" && c.Direction != "write" && c.Direction != "both" {
		errs = append(errs, conf.At("direction", fmt.Errorf("%q is none of read, write, both", c.Direction)))
	}
	if c.Largest < filetype.Head || c.Largest > 2<<30 {
		errs = append(errs, conf.At("largest", fmt.Errorf("%v is not between 4KiB and 2GiB", c.Largest)))
	}
	if c.Size < 16<<20 || c.Size < c.Largest {
		errs = append(errs, conf.At("size", fmt.Errorf("%v is less than 16MiB, or than largest", c.Size)))
	}
	for key, n := range map[string]int64{"age": int64(c.Age), "free": int64(c.Free), "smallest": int64(c.Smallest)} {
		if n < 0 {
			errs = append(errs, conf.At(key, errors.New("it is less than 0")))
		}
	}
	return errors.Join(errs...)
}

// On reports whether copies are kept.
func (c *ExtractConfig) On() bool { return len(c.Types) > 0 }

// orders are what the child is told.
func (c *FilesConfig) orders(extract bool) link.Files {
	f := link.Files{MD5: slices.Contains(c.Hashes, "md5"), SHA1: slices.Contains(c.Hashes, "sha1"), Pages: c.Pages, Most: c.Most,
		Memory: int(c.Memory), Unpacked: int(c.Unpacked), Ratio: c.Ratio}
	if e := &c.Extract; extract && e.On() {
		f.Extract = &link.Extract{Types: e.Types, Apps: e.Apps, Read: e.Direction != "write", Write: e.Direction != "read",
			Least: uint64(e.Smallest), Most: uint64(e.Largest)}
	}
	return f
}

// Files keeps copies of files.
type Files struct {
	*copies.Store
	children atomic.Uint64
}

// FilesNeeds are what [OpenFiles] takes. All are required.
type FilesNeeds struct {
	Config ExtractConfig
	Dir    string // of its own
	Key    vault.Key
	Clock  clock.Clock
	Health *health.Tracker
	Log    *slog.Logger
}

// KeptFile is a copy that is kept.
type KeptFile = copies.Kept

// FilesState is what is known of the copies.
type FilesState = copies.State

// FilePassword is that of the archives in which copies are handed out.
const FilePassword = copies.Password

// ErrNoFile means that no such copy is kept.
var ErrNoFile = copies.ErrNone

// OpenFiles opens the copies in their folder. Run writes what comes.
func OpenFiles(n FilesNeeds) (*Files, error) {
	s, err := copies.Open(copies.Options{Dir: n.Dir, Key: n.Key, Most: int64(n.Config.Largest), Clock: n.Clock,
		Bounds: vault.Bounds{Bytes: int64(n.Config.Size), Age: n.Config.Age, Free: int64(n.Config.Free)},
		Full: func(full bool, why error) {
			if !full {
				n.Health.Clear(&filesFull, "")
				return
			}
			n.Log.Error("keeping a copy of a file", "error", why)
			n.Health.Set(&filesFull, health.Args{"reason": why.Error()})
		}})
	if err != nil {
		return nil, fmt.Errorf("opening the copies of files: %w", err)
	}
	return &Files{Store: s}, nil
}

// Name is the name of the room.
func (*Files) Name() string { return "files" }

// from is how a new child's copies are told from those of others.
func (f *Files) from() uint64 { return f.children.Add(1) }

// heardPart takes a part of a copy from a child; where no copies are kept the child had no order to make any.
func (s *Sensor) heardPart(child uint64, payload []byte) error {
	p, err := link.ParsePart(payload)
	if err == nil && s.opt.Copies == nil {
		err = fmt.Errorf("%w: a copy that nobody asked for", link.ErrFrame)
	}
	if err == nil {
		s.opt.Copies.Take(child, p)
	}
	return err
}
