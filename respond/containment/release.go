package containment

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// A bedside release: somebody who stands beside a device lifts its containment for a while, with a code that the security team
// gave to the ward. A code is of one lease, and good once.
const (
	releaseLasts   = 30 * time.Minute
	codeLength     = 10 // of 32 letters each: 50 bits
	triesAtOnce    = 5  // of one address
	triesEvery     = time.Minute
	triesKeys      = 4096
	allTriesAtOnce = 60 // of all addresses
	allTriesEvery  = 10 * time.Second
)

// Bedside is who lifts a containment by a code: nobody asks who that is.
const Bedside = "bedside"

// letters of codes leave out those that are taken for others (Crockford's base 32).
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// code is the code of a lease; each release makes another.
func (c *Containment) code(l *Lease) string {
	m := hmac.New(sha256.New, c.needs.Codes[:])
	fmt.Fprintf(m, "release %d %d %s", l.ID, l.Releases, l.Created.Format(time.RFC3339Nano))
	text := base32.NewEncoding(letters).EncodeToString(m.Sum(nil))[:codeLength]
	return text[:codeLength/2] + "-" + text[codeLength/2:]
}

// plainCode is a code as people type it: small letters, O for 0, spaces.
func plainCode(text string) string {
	text = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
	if len(text) != codeLength {
		return ""
	}
	return text[:codeLength/2] + "-" + text[codeLength/2:]
}

// releasable reports whether a lease can be lifted at the bedside.
func (l *Lease) releasable() bool {
	return (l.State.wanted() || l.State == Approved) && l.Effect != "E0" // what is kept as evidence cuts nobody off
}

// Code is the bedside code of a lease. That it was asked for stands in the ledger.
func (c *Containment) Code(ctx context.Context, by string, id uint64) (string, error) {
	c.mu.RLock()
	l, err := c.find(id)
	c.mu.RUnlock()
	switch {
	case err != nil:
		return "", err
	case !l.releasable():
		return "", fmt.Errorf("%w: lease %d is %s", ErrState, id, l.State)
	}
	if _, err := c.needs.Ledger.Record(ctx, ledger.Entry{Actor: by, Act: "containment.code", Object: l.object() + "/code", Outcome: ledger.Done}); err != nil {
		return "", err
	}
	return c.code(l), nil
}

// Release lifts the containment of which somebody has the code, for a while. from is the address that asks.
func (c *Containment) Release(ctx context.Context, text, from string) (Lease, error) {
	for _, x := range []struct {
		limiter interface {
			Allow(string) (bool, time.Duration)
		}
		key string
	}{{c.tries, from}, {c.allTries, ""}} {
		if ok, _ := x.limiter.Allow(x.key); !ok {
			return Lease{}, ErrTooMany
		}
	}
	code := plainCode(text)
	c.mu.Lock()
	defer c.mu.Unlock()
	var found *Lease
	for _, l := range c.leases {
		if l.releasable() && hmac.Equal([]byte(c.code(l)), []byte(code)) {
			found = l
		}
	}
	if found == nil {
		if _, err := c.needs.Ledger.Record(ctx, ledger.Entry{Actor: Bedside, Act: "containment.release", Outcome: ledger.Refused, Detail: map[string]string{"from": from}}); err != nil {
			return Lease{}, err
		}
		return Lease{}, ErrCode
	}
	next, err := c.change(ctx, found, word{by: Bedside, what: "release", reason: "from " + from}, func(l *Lease) error {
		l.State, l.Released, l.Next = Released, db.Time(c.needs.Clock.Now().Add(releaseLasts)), time.Time{}
		l.Releases++
		return nil
	})
	c.nudgePoint(next)
	return *next.copy(), err
}
