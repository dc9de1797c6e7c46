// Package health holds what is wrong right now as values, so that the console, /readyz, the logs and the reports
// say the same thing. A part declares its [Warnable]s once, sets one when it holds and clears it when it no longer
// does. "What is not protected right now" is [Tracker.Warnings].
package health

import (
	"encoding"
	"fmt"
)

// Severity is how much the hospital loses while a warning stands. The zero value is [Notice].
type Severity uint8

const (
	// Notice means that nothing is lost yet, and that somebody should look at it some day.
	Notice Severity = iota
	// Degraded means that protection is weaker than it looks.
	Degraded
	// Unprotected means that something is not watched or not defended at all.
	Unprotected
)

var _ encoding.TextMarshaler = Notice

func (s Severity) String() string {
	switch s {
	case Degraded:
		return "degraded"
	case Unprotected:
		return "unprotected"
	}
	return "notice"
}

// MarshalText writes the severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Warnable is a state that a part of the program can be in and that a person must hear of. It is declared once,
// beside the code that sets it, and never changes.
type Warnable struct {
	// ID names the warnable for machines: "sensor.no-packets". It is stable across versions.
	ID       string
	Severity Severity
	// Title is a few words, Text one or two sentences, NextStep what to do about it.
	Title, Text, NextStep Text
	// Per is the name of the argument that tells several warnings of this kind apart ("interface"). Empty means
	// that there is at most one.
	Per string
	// NotReady makes /readyz answer "no" while the warning stands.
	NotReady bool
}

// Check tells what is missing in the declaration: an id, a text in one of the languages, or an argument that only
// one language names.
func (w *Warnable) Check() error {
	if w.ID == "" {
		return fmt.Errorf("health: a warnable without an id: %q", w.Title.EN)
	}
	for what, t := range map[string]Text{"title": w.Title, "text": w.Text, "next step": w.NextStep} {
		if t.FR == "" || t.EN == "" {
			return fmt.Errorf("health: %s: the %s needs French and English", w.ID, what)
		}
		if f, e := set(names(t.FR)), set(names(t.EN)); !same(f, e) {
			return fmt.Errorf("health: %s: the %s names %v in French, %v in English", w.ID, what, names(t.FR), names(t.EN))
		}
	}
	return nil
}

func set(names []string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

func same(a, b map[string]bool) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if !b[k] {
			return false
		}
	}
	return true
}
