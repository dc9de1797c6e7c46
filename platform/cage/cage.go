// Package cage runs a part of the program in a child process that holds nothing.
//
// Whatever parses hostile bytes runs apart from whatever holds keys. The parent opens what the part needs (capture
// sockets, files) and starts the same program again with a hidden subcommand; the child gets those open files, a
// control channel and a pipe for its results, and nothing else:
//
//	// parent                                          // child, in the hidden subcommand
//	p, err := cage.Start(ctx, cage.Spec{               cell, err := cage.Enter(cage.Limits{})
//		Name:  "sensor",                               // ... reads cell.Files, writes cell.Data,
//		Args:  []string{"cage", "sensor"},             // takes orders from cell.Control
//		Files: sockets,
//	})
//	io.Copy(events, p.Data)
//
// The layers, each of which alone would hold most attackers:
//
//   - user: nobody (65534) when the parent is root, else a user namespace where the kernel grants one;
//   - namespaces: an empty network, an empty mount tree, own process ids, IPC and host name;
//   - capabilities: none, and none to be had (bounding set empty, no_new_privs);
//   - landlock: no file may be opened, no TCP port bound or connected;
//   - seccomp: an allow-list of what a Go program needs that only computes, reads what is open and writes to three
//     known descriptors. A capture socket can be listened to and never spoken to: write, sendmsg, close and dup are
//     refused on it by descriptor number. No memory can be made executable. Files that were handed over to be written
//     to are written by position, and no longer than the parent said;
//   - limits: memory, descriptors, no core dump (which would hold patients' data), no ptrace by the same user;
//   - life: the child dies with its parent (PDEATHSIG), and sees its control channel close.
//
// What this kernel or this user cannot have is said in the [Report], in words for people, and never left out. After
// the door has closed the child tries to break out (open, socket, execve, kill, fork, executable memory) and reports
// each refusal; a [Report] with a breach is one to refuse to work with.
//
// The layers that concern single threads (capabilities, landlock) need a program without cgo.
//
// What the child sends is hostile: messages are bounded, descriptors that it sends are dropped, and what comes from
// [Process.Data] must be decoded as bytes from the network are.
package cage

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

const (
	nobody      = 65534
	controlFD   = 3
	dataFD      = 4
	firstFileFD = 5
	maxMessage  = 64 << 10
	maxFiles    = 16 // of one message
)

// Layer is one wall of the cage.
type Layer struct {
	// Name is user, namespaces, files, capabilities, limits, landlock or seccomp.
	Name string `json:"name"`
	// Held tells that the wall stands as it should.
	Held bool `json:"held"`
	// Text says in words what stands, or what is missing and why.
	Text string `json:"text"`
}

func (l Layer) String() string { return l.Name + ": " + l.Text }

// Attempt is one try of the child to break out.
type Attempt struct {
	// What was tried: "open /etc/passwd".
	What string `json:"what"`
	// Refused tells that the kernel said no. It must.
	Refused bool `json:"refused"`
	// Text is the kernel's answer.
	Text string `json:"text"`
}

// Report says how strong a cage is. The zero value says that there is none.
type Report struct {
	Layers   []Layer   `json:"layers"`
	Attempts []Attempt `json:"attempts"`
}

// Missing are the layers that do not stand.
func (r Report) Missing() []Layer {
	var all []Layer
	for _, l := range r.Layers {
		if !l.Held {
			all = append(all, l)
		}
	}
	return all
}

// Breaches are the attempts that the kernel let pass.
func (r Report) Breaches() []Attempt {
	var all []Attempt
	for _, a := range r.Attempts {
		if !a.Refused {
			all = append(all, a)
		}
	}
	return all
}

// String has one line a layer, then one for the attempts.
func (r Report) String() string {
	var b strings.Builder
	for _, l := range r.Layers {
		fmt.Fprintln(&b, l)
	}
	fmt.Fprintf(&b, "attempts: %d of %d refused", len(r.Attempts)-len(r.Breaches()), len(r.Attempts))
	for _, a := range r.Breaches() {
		fmt.Fprintf(&b, ", BREACH: %s", a.What)
	}
	return b.String()
}

// layer appends one wall.
func (r *Report) layer(name string, held bool, format string, args ...any) {
	r.Layers = append(r.Layers, Layer{Name: name, Held: held, Text: fmt.Sprintf(format, args...)})
}

// hello is the parent's first message: what the child cannot find out by itself.
type hello struct {
	Parent     int               // process id, in the parent's namespace
	User       Layer             // which user the child was started as, and why no better
	Files      int               // how many are handed over
	Namespaces map[string]string // the parent's, as /proc/self/ns links
	Wanted     bool              // namespaces were asked for
	FileSize   int64             // as in Spec
	Reason     string            // why they were not granted; empty when they were
}

func decode(message []byte, into any, what string) error {
	if err := json.Unmarshal(message, into); err != nil {
		return fmt.Errorf("reading the %s: %w", what, err)
	}
	return nil
}

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	if n == math.MaxInt64 {
		return "unlimited"
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
