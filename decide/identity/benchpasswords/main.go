// Command benchpasswords measures what passwords cost: to look one up in the list of stolen ones, and to check one while many sign in at once.
// Its last lines are RESULT lines.
package main

import (
	"bufio"
	"context"
	"crypto/sha1" // the published lists are of SHA-1
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"bulwark/decide/identity/internal/breach"
	"bulwark/decide/identity/internal/password"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "benchpasswords:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	micros, bits, err := lookUps(ctx)
	if err != nil {
		return err
	}
	perSecond, refused, err := signIns(ctx)
	if err != nil {
		return err
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	fmt.Printf("%.0f of %d askers at once were told to come back; %d MiB at most\n", refused, askers, used.Maxrss>>10)
	fmt.Printf("RESULT breach_check_us %.3f us\n", micros)
	fmt.Printf("RESULT breach_bits_per_entry %.2f bits\n", bits)
	fmt.Printf("RESULT password_checks_per_s %.1f /s\n", perSecond)
	return nil
}

// lookUps makes a list of millions, and asks it about passwords that are in it and about others.
func lookUps(ctx context.Context) (micros, bits float64, err error) {
	const entries, asked = 3_000_000, 3_000_000
	dir, err := os.MkdirTemp("", "benchpasswords")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "stolen")
	r, w := io.Pipe()
	go func() { w.CloseWithError(list(w, entries)) }()
	from := time.Now()
	if _, err := breach.Make(ctx, r, name, breach.Options{}); err != nil {
		return 0, 0, err
	}
	fmt.Printf("a list of %d was made in %.1f s\n", entries, time.Since(from).Seconds())
	f, err := breach.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	passwords := make([]string, 1<<16)
	for i := range passwords {
		passwords[i] = fmt.Sprintf("stolen or not %d", i*2*entries/len(passwords)) // every second is in the list
	}
	before := cpu()
	for i := range asked {
		if _, err := f.Has(passwords[i%len(passwords)]); err != nil {
			return 0, 0, err
		}
	}
	return (cpu() - before).Seconds() * 1e6 / asked, 8 * float64(f.Size()) / entries, nil
}

// list writes the SHA-1 of n passwords in order.
func list(w io.Writer, n int) error {
	sums := make([][sha1.Size]byte, n)
	for i := range sums {
		sums[i] = sha1.Sum(fmt.Appendf(nil, "stolen or not %d", i))
	}
	slices.SortFunc(sums, func(a, b [sha1.Size]byte) int {
		x, y := binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(b[:])
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	out := bufio.NewWriter(w)
	for _, s := range sums {
		fmt.Fprintf(out, "%X:3\n", s)
	}
	return out.Flush()
}

// cpu is what this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail with this argument
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// askers is how many sign in at the same moment, again and again.
const askers = 64

// signIns is how many passwords are checked in a second while many ask at once, and how many of them were told to come back at a time.
func signIns(ctx context.Context) (perSecond, refused float64, err error) {
	h := password.NewHasher([32]byte{1}, password.Recommended())
	hash, err := h.Hash(ctx, "tournevis-girafe-lundi-bocal")
	if err != nil {
		return 0, 0, err
	}
	const lasts = 5 * time.Second
	var done, busy, rounds atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	from := time.Now()
	for range askers {
		all.Go(func() {
			for time.Since(from) < lasts {
				rounds.Add(1)
				_, err := h.Verify(ctx, hash, "not this one")
				switch {
				case errors.Is(err, password.ErrBusy):
					busy.Add(1)
					time.Sleep(100 * time.Millisecond)
				case err != nil:
					failed.Store(&err)
					return
				default:
					done.Add(1)
				}
			}
		})
	}
	all.Wait()
	if e := failed.Load(); e != nil {
		return 0, 0, *e
	}
	return float64(done.Load()) / time.Since(from).Seconds(), askers * float64(busy.Load()) / float64(rounds.Load()), nil
}
