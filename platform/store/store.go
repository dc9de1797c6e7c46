// Package store keeps events and answers the questions of those who hunt in them.
//
// It is a small door before the storage library of VictoriaLogs (docs/decisions/0010-event-store.md). An event is a
// row: its kind is the only stream field, its attributes are the row's fields. The bus is the log that makes rows
// safe against a crash: what was acknowledged there is in the store after a restart, once.
package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"

	"github.com/prometheus/client_golang/prometheus"

	"bulwark/event"
	_ "bulwark/platform/store/internal/hush" // before the library's own initialisation
)

// Options say where the store is and how much it keeps. Dir must be set; each other zero value has a default.
type Options struct {
	Dir string // folder of the store; it is made where it is not there

	FlowRetention  time.Duration // how long flow and statistics events are kept; 0 means 30 days
	Retention      time.Duration // how long other events are kept; 0 means 180 days
	AuditRetention time.Duration // how long findings and health are kept; 0 means 365 days

	MaxBytes int64 // bytes on disk, all together, beyond which the oldest days are dropped; 0 means no limit
	MinFree  int64 // bytes that must stay free on the disk; below, the store stops taking events; 0 means 2 GiB

	Memory  int64 // bytes the library may use for its caches; 0 means a quarter of the machine's; the first Open of a process decides
	Queries int   // queries that run at a time; 0 means 2

	Warn     func(full bool)       // called when the disk has become full, and when it has room again; nil means nobody
	Registry prometheus.Registerer // counters go here; nil means nowhere
	Log      *slog.Logger          // nil means silence
}

// Store is an open event store. Its methods may be called by several goroutines at a time.
type Store struct {
	added    atomic.Uint64 // events since it was opened
	held     *os.File      // the lock of the folder
	shelves  []shelf
	shelfOf  []uint8 // index of the shelf, by kind
	slots    slots
	erasures *erasures
	minFree  int64
	maxBytes int64
	ran      atomic.Bool // Run was called
	full     clock       // used by the goroutine of Run alone
	warn     func(bool)
	log      *slog.Logger
	m        *metrics

	stop context.CancelFunc
	wg   sync.WaitGroup
}

// shelf is the part of the store that keeps some kinds for one length of time.
type shelf struct {
	dir  string
	db   *logstorage.Storage
	keep time.Duration
}

// libraryOnce guards the settings that the library keeps for the whole process.
var libraryOnce sync.Once

func settleLibrary(o Options) (err error) {
	libraryOnce.Do(func() {
		if !flag.Parsed() { // the library panics where nobody has parsed flags
			err = flag.CommandLine.Parse(nil)
		}
		limit := flag.Set("memory.allowedPercent", "25")
		if o.Memory > 0 {
			limit = flag.Set("memory.allowedBytes", strconv.FormatInt(o.Memory, 10))
		}
		err = errors.Join(err, limit, flag.Set("loggerLevel", "WARN"), flag.Set("loggerDisableTimestamps", "true"))
		logger.SetOutputForTests(libraryLog{o.Log})
	})
	return err
}

// libraryLog turns the library's lines (level, place, text, separated by tabs) into records of the program's log.
type libraryLog struct{ log *slog.Logger }

func (l libraryLog) Write(p []byte) (int, error) {
	level, rest, _ := strings.Cut(strings.TrimSpace(string(p)), "\t")
	place, text, _ := strings.Cut(rest, "\t")
	text, _, _ = strings.Cut(text, "log entry") // what follows may be a row, which no log should hold
	at := slog.LevelError
	if level == "warn" {
		at = slog.LevelWarn
	}
	l.log.Log(context.Background(), at, "event storage library", "text", text, "place", place)
	return len(p), nil
}

// Open opens the store, or makes it. Call Run to let events in.
func Open(o Options) (*Store, error) {
	if o.Dir == "" {
		return nil, errors.New("store: no folder")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Warn == nil {
		o.Warn = func(bool) {}
	}
	if err := settleLibrary(o); err != nil {
		return nil, fmt.Errorf("store: settling the storage library: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	held, err := lock(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{held: held, slots: make(slots, orInt(o.Queries, 2)), minFree: or(o.MinFree, 2<<30), maxBytes: o.MaxBytes,
		warn: o.Warn, log: o.Log, m: newMetrics(o.Registry)}
	if s.erasures, err = openErasures(filepath.Join(o.Dir, "erasures.json")); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	s.openShelves(o)
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.wg.Go(func() { s.watch(ctx) })
	return s, nil
}

// openShelves opens the storages: the first keeps all kinds that no other names.
func (s *Store) openShelves(o Options) {
	s.shelfOf = make([]uint8, 256)
	for i, c := range []struct {
		name  string
		keep  time.Duration
		kinds []event.Kind
	}{
		{"event", or(o.Retention, 180*24*time.Hour), nil},
		{"flow", or(o.FlowRetention, 30*24*time.Hour), []event.Kind{event.KindFlow, event.KindStats}},
		{"audit", or(o.AuditRetention, 365*24*time.Hour), []event.Kind{event.KindFinding, event.KindIncident, event.KindHealth, event.KindAccess}},
	} {
		dir := filepath.Join(o.Dir, c.name)
		s.shelves = append(s.shelves, shelf{dir, logstorage.MustOpenStorage(dir, &logstorage.StorageConfig{
			Retention: c.keep, FutureRetention: futureRetention, MaxBackfillAge: c.keep,
			FlushInterval: time.Second, MinFreeDiskSpaceBytes: s.minFree,
		}), c.keep})
		for _, k := range c.kinds {
			s.shelfOf[k] = uint8(i)
		}
	}
}

func or[T ~int64](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

func orInt(v, otherwise int) int { return int(or(int64(v), int64(otherwise))) }

// Close writes what is in memory to the disk and closes the store. Neither Run nor a query may be going on.
func (s *Store) Close() {
	s.stop()
	s.wg.Wait()
	for _, sh := range s.shelves {
		sh.db.MustClose()
	}
	_ = s.held.Close()
}

// ErrInUse means that another process has the store open.
var ErrInUse = errors.New("store: its folder is in use by another process")

// lock takes the folder for this process until the file is closed, by whatever end of the process. The library would
// panic.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrInUse, dir), f.Close())
	}
	return f, nil
}

// dayStart is when the day of that name begins, in unix nanoseconds.
func dayStart(name string) int64 {
	t, err := time.Parse(dayForm, name)
	if err != nil {
		return 0
	}
	return t.UnixNano()
}

// Stats is how much the store holds.
type Stats struct {
	Bytes    uint64    // on disk
	Rows     uint64    // rows, of all kinds
	Oldest   time.Time // zero when the store is empty
	Newest   time.Time
	ReadOnly bool // the disk is full: events wait on the bus
}

// Stats is how much the store holds now.
func (s *Store) Stats() Stats {
	var all Stats
	for _, sh := range s.shelves {
		var st logstorage.StorageStats
		sh.db.UpdateStats(&st)
		all.Rows += rowsOf(&st)
		all.Bytes += st.CompressedSmallPartSize + st.CompressedBigPartSize + st.IndexdbSizeBytes
		all.ReadOnly = all.ReadOnly || st.IsReadOnly
	}
	if oldest, newest := s.extent(); newest >= oldest {
		all.Oldest, all.Newest = time.Unix(0, oldest).UTC(), time.Unix(0, newest).UTC()
	}
	return all
}

// extent is the first and the last nanosecond of which there may be rows; last < first when there is none.
func (s *Store) extent() (oldest, newest int64) {
	oldest, newest = math.MaxInt64, math.MinInt64
	for _, sh := range s.shelves {
		days := sh.db.PartitionList()
		if len(days) == 0 {
			continue
		}
		var st logstorage.StorageStats
		sh.db.UpdateStats(&st)
		from, to := st.MinTimestamp, st.MaxTimestamp
		// The library's are those of its first and last day; a day whose rows are all in a buffer has none.
		if from == math.MaxInt64 || from == math.MinInt64 {
			from = dayStart(slices.Min(days))
		}
		if to == math.MaxInt64 || to == math.MinInt64 {
			to = dayStart(slices.Max(days)) + int64(24*time.Hour) - 1
		}
		oldest, newest = min(oldest, from), max(newest, to)
	}
	return oldest, newest
}
