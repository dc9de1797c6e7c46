package playbook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bulwark/content/playbooks"
	"bulwark/platform/ledger"
)

// Mode is whether what a playbook asks for is done, or only noted.
type Mode string

// The modes. As shipped, and after its text changed, a playbook is in shadow.
const (
	InShadow Mode = "shadow"
	Active   Mode = "active"
)

// Promotion is the last word on the mode of a playbook. It stands in the ledger alone, where nobody changes it unseen.
type Promotion struct {
	Version string    `json:"version"`
	Active  bool      `json:"active"`
	By      string    `json:"by"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
	Test    int64     `json:"test,omitempty"` // the back-test that it rests on
}

// actMode is what the ledger calls a word on the mode of a playbook.
const actMode = "playbook.mode"

// version is that of a playbook: another text is another version.
func version(f *playbooks.File) string {
	sum := sha256.Sum256([]byte(f.Text))
	return hex.EncodeToString(sum[:6])
}

// promoted is the last word on the mode of a playbook; its zero value: there is none.
func (n *Playbooks) promoted(ctx context.Context, id string) (Promotion, error) {
	page, err := n.needs.Ledger.List(ctx, ledger.Query{Object: "playbook:" + id, Act: actMode, Limit: 1})
	if errors.Is(err, ledger.ErrUnread) {
		return Promotion{}, nil // what cannot be read makes nothing active
	}
	if err != nil || len(page.Entries) == 0 {
		return Promotion{}, err
	}
	e := page.Entries[0]
	test, _ := strconv.ParseInt(e.Detail["test"], 10, 64) // none where it went back
	return Promotion{Version: e.Detail["version"], Active: e.Detail["mode"] == string(Active), By: e.Actor, Reason: e.Detail["reason"], At: e.Time, Test: test}, nil
}

// holds reports whether it makes a version active.
func (p *Promotion) holds(version string) bool { return p.Active && p.Version == version }

// Active reports whether what a playbook asks for is done: a named person said so of the version that is in force. What is not known
// is not.
func (n *Playbooks) Active(ctx context.Context, id string) (bool, error) {
	f, err := n.file(id)
	if err != nil {
		return false, nil
	}
	p, err := n.promoted(ctx, id)
	return err == nil && p.holds(version(f)), err
}

// SetMode has a playbook do what it asks for, or only note it. To make it active takes a named person, and a back-test of this very
// version.
func (n *Playbooks) SetMode(ctx context.Context, actor, id string, to Mode, why string) error {
	f, err := n.file(id)
	if err != nil {
		return err
	}
	if err := checkReason(why); err != nil {
		return err
	}
	detail := map[string]string{"mode": string(to), "version": version(f), "reason": why}
	switch to {
	case InShadow:
	case Active:
		test, err := n.ready(ctx, actor, f)
		if err != nil {
			return err
		}
		detail["test"], detail["result"] = strconv.FormatInt(test.ID, 10), test.Text.EN
	default:
		return refuse("%q is none of shadow, active", to)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	_, err = n.needs.Ledger.Record(ctx, ledger.Entry{Actor: actor, Act: actMode, Object: "playbook:" + id, Outcome: ledger.Done, Detail: detail})
	return err
}

// ready refuses to make a playbook active before it may be, and returns the back-test that allows it.
func (n *Playbooks) ready(ctx context.Context, actor string, f *playbooks.File) (*BackTest, error) {
	if !strings.HasPrefix(actor, "person:") {
		return nil, refuse("a named person makes a playbook active: sign in to the console")
	}
	tests, err := n.tests(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	var passed *BackTest
	for _, t := range tests {
		if passed == nil && t.State == Done && t.Version == version(f) {
			passed = t
		}
	}
	if passed == nil {
		return nil, refuse("there is no finished back-test of version %s: run one first", version(f))
	}
	runs, err := n.runs(ctx, n.needs.DB.Read(), query{playbook: f.ID, live: true})
	if err != nil {
		return nil, err
	}
	for _, r := range runs { // what it asks for would be done, and nobody tested that
		if r.Version != version(f) {
			return nil, refuse("run %d, for incident %s, is of another version: cancel it first", r.ID, r.Incident)
		}
	}
	return passed, nil
}

// file is that of a playbook that can be used.
func (n *Playbooks) file(id string) (*playbooks.File, error) {
	all := n.shelf.Load().files
	for k := range all {
		if f := &all[k]; f.Err == nil && f.ID == id {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrNoPlaybook, id)
}
