package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bulwark/platform/conf"
)

// What a device says of itself. It may lie, if it was taken over: posture finds those that were neglected, not those that deceive.

// Posture is what a device must report of itself to be taken for sound.
type Posture struct {
	// Require are the checks that must be good: disk-encryption, firewall, updates, screen-lock. Empty means that enrolled devices are sound without a report.
	Require []string `conf:"require"`
	// Stale is how old a report may be. 0 means 3 days.
	Stale time.Duration `conf:"stale"`
}

// postureChecks are those that there are.
func postureChecks() []string {
	return []string{"disk-encryption", "firewall", "updates", "screen-lock"}
}

// Check refuses checks that there are not.
func (p *Posture) Check() error {
	var bad []error
	for n, c := range p.Require {
		if !slices.Contains(postureChecks(), c) {
			bad = append(bad, conf.At(fmt.Sprintf("require[%d]", n), fmt.Errorf("%q is none of %s", c, strings.Join(postureChecks(), ", "))))
		}
	}
	if p.Stale < 0 || p.Stale > 90*24*time.Hour {
		bad = append(bad, conf.At("stale", errors.New("is not between 0 and 90 days")))
	}
	return errors.Join(bad...)
}

func (p *Posture) stale() time.Duration {
	if p.Stale == 0 {
		return 3 * 24 * time.Hour
	}
	return p.Stale
}

// Report is what a device says of itself. A check is "good", "bad" or "unknown".
type Report struct {
	System string            `json:"system"` // "Debian GNU/Linux 12 (bookworm)"
	Checks map[string]string `json:"checks"`
}

// ErrReport means that a report is none.
var ErrReport = errors.New("identity: not a report of a device")

// kept is the report as it is kept: checks that there are, nothing that is too long.
func (r Report) kept() (Report, error) {
	k := Report{System: printable(r.System, 100), Checks: map[string]string{}}
	if len(r.Checks) > 100 {
		return k, ErrReport
	}
	for _, c := range postureChecks() {
		switch v := r.Checks[c]; v {
		case "good", "bad", "unknown":
			k.Checks[c] = v
		case "":
			k.Checks[c] = "unknown"
		default:
			return k, ErrReport
		}
	}
	return k, nil
}

// faults are why a device is not sound: checks that are not good, or "no-report".
func (p *Posture) faults(r Report, reported, now time.Time) []string {
	all := []string{}
	if len(p.Require) == 0 {
		return all
	}
	if reported.IsZero() || now.Sub(reported) > p.stale() {
		return append(all, "no-report")
	}
	for _, c := range p.Require {
		if r.Checks[c] != "good" {
			all = append(all, c)
		}
	}
	return all
}
