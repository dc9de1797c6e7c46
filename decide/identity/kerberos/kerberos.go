// Package kerberos recognises people by the tickets of their workstation: it is the acceptor of SPNEGO over HTTP (RFC 4559) for services whose
// keys are in a keytab. It asks nobody: what a ticket proves, its keys prove.
package kerberos

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"bulwark/internal/spnego"
)

var (
	// ErrTicket means that a ticket proves nothing here: it is too old, of another realm or service, of a weak cipher, or comes again.
	ErrTicket = errors.New("kerberos: the ticket is refused")
	// ErrKeytab means that the keys of the service cannot be read.
	ErrKeytab = errors.New("kerberos: the keytab cannot be read")
)

const (
	// skew is by how much clocks may differ (RFC 4120, 1.6).
	skew = 5 * time.Minute
	// mostSeen is how many tickets shown within ten minutes are remembered. More are refused: the directory of no hospital has as many people.
	mostSeen = 200_000
	// mostKeytab bounds a keytab, in bytes.
	mostKeytab = 1 << 20
)

// Caller is who a ticket names.
type Caller struct {
	Name string // in its realm, as the ticket writes it
	SID  string // of the account, where a domain controller signed it (MS-PAC): it stays when the account is renamed
}

// Acceptor recognises people by tickets. Make it with [New]; it is safe for concurrent use.
type Acceptor struct {
	config Config
	signed bool // callers are told by what a domain controller signed

	mu      sync.Mutex
	keys    *keytab.Keytab
	changed time.Time // of the file
	seen    map[[sha256.Size]byte]time.Time
	swept   time.Time
}

// New is an acceptor. Where signed, a ticket must say by which SID its account is known, signed by a domain controller: names can be
// given to others (CVE-2020-25719).
func New(c Config, signed bool) *Acceptor {
	return &Acceptor{config: c, signed: signed, seen: map[[sha256.Size]byte]time.Time{}}
}

// Test reads the keys now.
func (a *Acceptor) Test() error {
	_, err := a.keytab()
	return err
}

// keytab are the keys, as the file has them now: an administrator renews them.
func (a *Acceptor) keytab() (*keytab.Keytab, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fail := func(err error) (*keytab.Keytab, error) { return nil, fmt.Errorf("%w: %w", ErrKeytab, err) }
	f, err := os.Open(a.config.Keytab)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	at, err := f.Stat()
	if err != nil {
		return fail(err)
	}
	if at.Mode().Perm()&0o077 != 0 {
		return fail(fmt.Errorf("%s may be read by others: chmod 600 it", a.config.Keytab))
	}
	if a.keys != nil && at.ModTime().Equal(a.changed) {
		return a.keys, nil
	}
	text, err := io.ReadAll(io.LimitReader(f, mostKeytab))
	if err != nil {
		return fail(err)
	}
	keys := keytab.New()
	if err := guarded(func() error { return keys.Unmarshal(text) }); err != nil {
		return fail(fmt.Errorf("%s is no keytab", a.config.Keytab)) // the library's words may hold what is in it
	}
	good := keys.Entries[:0]
	for _, e := range keys.Entries {
		if spnego.Strong(e.Key.KeyType) && e.Principal.Realm == a.config.Realm && len(e.Principal.Components) == 2 && e.Principal.Components[0] == "HTTP" {
			good = append(good, e)
		}
	}
	keys.Entries = good
	if len(keys.Entries) == 0 {
		return fail(fmt.Errorf("%s has no AES key of a service HTTP/... of %s", a.config.Keytab, a.config.Realm))
	}
	a.keys, a.changed = keys, at.ModTime()
	return keys, nil
}

// Accept is who shows a ticket in an Authorization header.
func (a *Acceptor) Accept(header string) (*Caller, error) {
	raw, err := token(header)
	if err != nil {
		return nil, err
	}
	keys, err := a.keytab()
	if err != nil {
		return nil, err
	}
	var r messages.APReq
	if err := guarded(func() error { return r.Unmarshal(raw) }); err != nil {
		return nil, fmt.Errorf("%w: its AP-REQ", spnego.ErrToken)
	}
	if err := a.prove(&r, keys); err != nil {
		return nil, err
	}
	c, err := a.caller(&r, keys)
	if err != nil {
		return nil, err
	}
	return c, a.first(&r)
}

// token takes the AP-REQ out of what a browser sent as Authorization (RFC 4559, 4.2).
func token(header string) ([]byte, error) {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "negotiate") || len(text) > base64.StdEncoding.EncodedLen(spnego.MostToken) {
		return nil, fmt.Errorf("%w: another scheme, or longer than any", spnego.ErrToken)
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("%w: it is not base64", spnego.ErrToken)
	}
	raw, _, err := spnego.Open(b)
	return raw, err
}

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrTicket}, args...)...)
}

// prove checks a ticket, and that who shows it holds its key now (RFC 4120, 3.2.3).
func (a *Acceptor) prove(r *messages.APReq, keys *keytab.Keytab) error {
	t := &r.Ticket
	switch {
	case t.Realm != a.config.Realm:
		return refused("it is of another realm")
	case !spnego.Strong(t.EncPart.EType) || !spnego.Strong(r.EncryptedAuthenticator.EType):
		return refused("its cipher is not AES")
	case types.IsFlagSet(&r.APOptions, flags.APOptionUseSessionKey):
		return refused("it is for a person, not for a service")
	}
	name := own(t, keys)
	if name == nil {
		return refused("it is not for this service")
	}
	var ok bool
	err := guarded(func() (err error) {
		ok, err = r.Verify(keys, skew, types.HostAddress{}, name)
		return err
	})
	if err != nil || !ok {
		return refused("%s", because(err))
	}
	in := &t.DecryptedEncPart
	switch {
	case !spnego.Strong(in.Key.KeyType):
		return refused("its cipher is not AES")
	case in.CRealm != a.config.Realm || r.Authenticator.CRealm != a.config.Realm:
		return refused("who shows it is of another realm")
	case len(in.CName.NameString) != 1 || in.CName.NameString[0] == "" || strings.HasSuffix(in.CName.NameString[0], "$"):
		return refused("it is not of a person")
	}
	return nil
}

// own is the name in the keytab of the service that a ticket is for: directories do not mind capitals, keytabs do. nil: it is for another.
func own(t *messages.Ticket, keys *keytab.Keytab) *types.PrincipalName {
	want := strings.Join(t.SName.NameString, "/")
	for _, e := range keys.Entries {
		if strings.EqualFold(strings.Join(e.Principal.Components, "/"), want) {
			return &types.PrincipalName{NameType: e.Principal.NameType, NameString: e.Principal.Components}
		}
	}
	return nil
}

// because is why the library refuses a ticket, without what it would say of who shows it.
func because(err error) string {
	var k messages.KRBError
	if errors.As(err, &k) {
		return errorcode.Lookup(k.ErrorCode)
	}
	return "it is not for this service, or was changed"
}

// caller is who a ticket names.
func (a *Acceptor) caller(r *messages.APReq, keys *keytab.Keytab) (*Caller, error) {
	c := &Caller{Name: r.Ticket.DecryptedEncPart.CName.NameString[0]}
	if !a.signed {
		return c, nil
	}
	err := guarded(func() error {
		there, p, err := r.Ticket.GetPACType(keys, own(&r.Ticket, keys), log.New(io.Discard, "", 0))
		switch {
		case err != nil || !there || p.KerbValidationInfo == nil:
			return refused("no domain controller signed whose it is")
		case p.S4UDelegationInfo != nil:
			return refused("a service had it made for somebody")
		}
		c.SID = fmt.Sprintf("%s-%d", p.KerbValidationInfo.LogonDomainID.String(), p.KerbValidationInfo.UserID)
		return nil
	})
	if err != nil && !errors.Is(err, ErrTicket) {
		err = refused("no domain controller signed whose it is")
	}
	return c, err
}

// first refuses what was shown before (RFC 4120, 3.2.3): an authenticator is good for twice the skew at most.
func (a *Acceptor) first(r *messages.APReq) error {
	key, now := sha256.Sum256(r.EncryptedAuthenticator.Cipher), time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.swept).Abs() > skew {
		for k, at := range a.seen {
			if now.Sub(at).Abs() > 2*skew+time.Minute {
				delete(a.seen, k)
			}
		}
		a.swept = now
	}
	if _, there := a.seen[key]; there {
		return refused("it was shown before")
	}
	if len(a.seen) >= mostSeen {
		return refused("too many were shown in ten minutes")
	}
	a.seen[key] = now
	return nil
}

// guarded has a panic of the library be an error: what it reads, others wrote.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("kerberos: %v", p)
		}
	}()
	return do()
}
