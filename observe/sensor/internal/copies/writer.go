package copies

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/vault"
)

// writer is the goroutine that writes.
type writer struct {
	s    *Store
	open map[key]*filling
	made uint64
	full bool
}

// filling is a copy that is being written.
type filling struct {
	name string
	file *os.File
	out  *vault.Writer
	sum  hash.Hash
	room int64 // bytes that are reserved and not written
}

const (
	chunk = 32 << 10 // of a sealed file: many are open at a time
	grow  = 1 << 20  // bytes that are reserved at a time
)

// do does one job.
func (w *writer) do(j job) {
	f := w.open[j.key]
	var err error
	switch {
	case j.step == link.FileBegin && f == nil:
		err = w.begin(j)
	case f == nil:
		return
	case j.step == link.FileBytes:
		_, _ = f.sum.Write(j.data) // never fails (hash.Hash)
		err = w.put(f, j.data)
	case j.step == link.FileEnd:
		err = w.end(j.key, f)
	default:
		w.remove(j.key, f)
		return
	}
	w.tell(err)
	if err != nil {
		w.s.count(&w.s.state.Refused)
		if f = w.open[j.key]; f != nil {
			w.remove(j.key, f)
		}
	}
}

// tell says when there is no more room, and when there is again.
func (w *writer) tell(err error) {
	if full := err != nil; full != w.full {
		w.full = full
		if w.s.Full != nil {
			w.s.Full(full, err)
		}
	}
}

func (w *writer) begin(j job) error {
	w.made++
	name := filepath.Join(incoming, strconv.FormatUint(w.made, 10))
	file, err := w.s.keeper.Create(name, grow)
	if err != nil {
		return err
	}
	f := &filling{name: name, file: file, sum: sha256.New(), room: grow}
	w.open[j.key] = f
	layout := vault.Layout{Chunk: chunk}
	data, err := vault.Create(file, w.s.Key, vault.Options{Kind: kind, Created: w.s.Clock.Now(), Layout: layout})
	if err != nil {
		return err
	}
	if f.out, err = vault.NewWriter(file, data, layout); err != nil {
		return err
	}
	return w.put(f, append(binary.BigEndian.AppendUint32(nil, uint32(len(j.data))), j.data...))
}

// put writes bytes, and reserves room for more where they need it.
func (w *writer) put(f *filling, p []byte) error {
	for f.room -= int64(len(p)) + int64(len(p))/1000; f.room < 2*chunk; f.room += grow {
		if err := w.s.keeper.Grow(f.name, grow); err != nil {
			return err
		}
	}
	_, err := f.out.Write(p)
	return err
}

// end keeps a copy, unless its content is kept already.
func (w *writer) end(k key, f *filling) error {
	if err := errors.Join(f.out.Close(), f.file.Close()); err != nil {
		return err
	}
	delete(w.open, k)
	to := place(hex.EncodeToString(f.sum.Sum(nil)))
	if w.s.keeper.Touch(to) {
		w.s.count(&w.s.state.Again)
		return w.s.keeper.Remove(f.name)
	}
	if err := w.s.keeper.Rename(f.name, to); err != nil {
		if errors.Is(err, fs.ErrExist) { // it was there, but cannot be touched
			err = nil
		}
		return errors.Join(err, w.s.keeper.Remove(f.name))
	}
	w.s.keeper.Release(to)
	w.s.count(&w.s.state.Kept)
	return nil
}

// remove forgets a copy.
func (w *writer) remove(k key, f *filling) {
	delete(w.open, k)
	_ = f.file.Close() // what is in it does not matter any more
	if err := w.s.keeper.Remove(f.name); err != nil {
		w.tell(err)
	}
}

// forget forgets copies whose rest will not come.
func (w *writer) forget(keys []key) {
	for _, k := range keys {
		if f := w.open[k]; f != nil {
			w.remove(k, f)
		}
	}
}

// rest does the jobs that wait.
func (w *writer) rest() {
	for {
		select {
		case j := <-w.s.queue:
			w.do(j)
		default:
			return
		}
	}
}

// close forgets what is not whole.
func (w *writer) close() {
	for k, f := range w.open {
		w.remove(k, f)
	}
}
