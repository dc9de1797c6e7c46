// Package group is what a centre may ask of the sites of its group: it proposes containments, which wait for the yes of a person at the
// site and are judged by the site's own interlock, and it tightens: it ends containments, sooner or now, and stops automation. There
// is no order that loosens. Orders are signed, for one site, and good for minutes; both sides keep what was asked in their ledgers.
package group

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Deed is what an order does.
type Deed string

// The deeds. All but Propose and Look tighten.
const (
	Propose Deed = "propose" // a containment waits for a yes at the site
	Lift    Deed = "lift"    // a containment ends now
	Shorten Deed = "shorten" // a containment ends sooner
	Freeze  Deed = "freeze"  // nothing is automatic until a person of the site thaws it
	Shadow  Deed = "shadow"  // what would be automatic is only noted until a person of the site changes that
	Look    Deed = "look"    // nothing: the containments that are live are told
)

// Order is what a centre asks of a site.
type Order struct {
	ID      string    `json:"id,omitempty"`   // of this order, once
	Node    string    `json:"node,omitempty"` // the site it is for
	At      time.Time `json:"at,omitzero"`
	By      string    `json:"by,omitempty"` // who asks, as the centre calls them
	Do      Deed      `json:"do"`
	Act     string    `json:"act,omitempty"`
	Target  string    `json:"target,omitempty"` // address, user or domain: numbers of devices are each site's own
	Scope   string    `json:"scope,omitempty"`
	Lease   uint64    `json:"lease,omitempty"` // at the site
	Minutes int       `json:"minutes,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

// signed is an order as it travels.
type signed struct {
	Order     []byte `json:"order"`
	Signature []byte `json:"signature"`
}

// Answer is what a site says to an order.
type Answer struct {
	Lease  json.RawMessage `json:"lease,omitempty"`  // that was proposed, or that ends
	Leases json.RawMessage `json:"leases,omitempty"` // those that are live
	Error  string          `json:"error,omitempty"`  // why nothing was done
}

// What can be wrong with what is asked.
var (
	ErrWrong   = errors.New("group: that cannot be asked of a site")
	ErrNoSite  = errors.New("group: no such site has joined")
	ErrAway    = errors.New("group: the site does not answer")
	ErrRefused = errors.New("group: the site refused")
)

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrWrong, fmt.Sprintf(format, args...))
}

// Bounds of an order.
const (
	maxReason = 500 // characters
	maxText   = 100 // bytes
)

// check refuses an order that cannot be.
func (o *Order) check() error {
	o.Reason = strings.TrimSpace(o.Reason)
	for _, text := range []string{o.By, o.Act, o.Target, o.Scope} {
		if len(text) > maxText || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			return wrong("by, act, target and scope are short texts")
		}
	}
	switch {
	case o.Do == Look:
		return nil
	case o.Reason == "" || utf8.RuneCountInString(o.Reason) > maxReason || strings.ContainsRune(o.Reason, 0):
		return wrong("say why, in %d characters at most", maxReason)
	case o.By == "":
		return wrong("nobody asks")
	}
	switch o.Do {
	case Propose:
		if kind, _, _ := strings.Cut(o.Target, ":"); kind != "address" && kind != "user" && kind != "domain" {
			return wrong("%q is none of address:X, user:X, domain:X: numbers are another site's", o.Target)
		}
	case Lift, Freeze, Shadow:
	case Shorten:
		if o.Minutes < 1 {
			return wrong("%d minutes are none: lift it", o.Minutes)
		}
	default:
		return wrong("%q is none of propose, lift, shorten, freeze, shadow", o.Do)
	}
	return nil
}

// Site is a site as a centre may touch it.
type Site interface {
	// Propose has a containment wait for the yes of a person of the site.
	Propose(ctx context.Context, by string, o Order) (lease any, err error)
	// Tighten ends a containment, or stops automation.
	Tighten(ctx context.Context, by string, o Order) (lease any, err error)
	// Look is the containments that are live.
	Look() (leases any)
}
