// Package directory is the enforcement point in the hospital's directory, Active Directory, by LDAP over TLS. It disables an
// account, refuses it every hour of the week, or takes it out of a group, and puts back what was before.
//
// Each change is made as "not what I read any more: change nothing": the old value is taken away and the new one added in one
// request, so that what a person changes meanwhile is never written over.
package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"bulwark/platform/conf"
	"bulwark/platform/ldaps"
)

// Config is what can be set.
type Config struct {
	// Servers are the domain controllers, as ldaps://dc1.ad.hospital.example. The first that answers is used. Empty: no account is touched.
	Servers []string `conf:"servers"`
	// Authority is a file with the certificates (PEM) that signed those of the domain controllers. Empty means those this machine trusts.
	Authority string `conf:"authority"`
	// Account is who signs on there: bulwark@ad.hospital.example. It needs the right to write what the acts change, and no more.
	Account string `conf:"account"`
	// Password is that account's.
	Password conf.Secret `conf:"password"`
	// Base is below what accounts and groups are looked for: DC=ad,DC=hospital,DC=example. Empty means the whole domain.
	Base string `conf:"base"`
	// Never are accounts that are never touched, by sign-on name: those for emergencies, those that programs use.
	Never []string `conf:"never"`
}

// Check refuses settings that cannot work.
func (c *Config) Check() error {
	for i, s := range c.Servers {
		if err := ldaps.CheckServer(s); err != nil {
			return conf.At(fmt.Sprintf("servers[%d]", i), err)
		}
	}
	if len(c.Servers) > 0 && (c.Account == "" || c.Password.IsZero()) { // without a password a server takes anybody for nobody
		return conf.At("account", errors.New("servers need an account and its password"))
	}
	if c.Base != "" {
		if _, err := ldap.ParseDN(c.Base); err != nil {
			return conf.At("base", err)
		}
	}
	return nil
}

// Order is what is to be so, or so no more.
type Order struct {
	ID    uint64
	Act   string
	User  string // jdurand, HOSPITAL\jdurand, jdurand@ad.hospital.example
	Group string // of RemoveGroup: its name or its DN
	Memo  string // by [Directory.Prepare]
}

// The acts.
const (
	DisableAccount = "disable-account" // userAccountControl gets ACCOUNTDISABLE (MS-ADTS §2.2.16), and no other bit
	RevokeSessions = "revoke-sessions" // logonHours has no hour any more (MS-ADA1 §2.377)
	RemoveGroup    = "remove-group"    // the group's member loses the account
)

// Acts are what it can do.
func Acts() []string { return []string{DisableAccount, RevokeSessions, RemoveGroup} }

// What is wrong with an order, or with the directory.
var (
	ErrOff    = errors.New("directory: directory.servers is empty")
	ErrOrder  = errors.New("directory: that cannot be done")
	ErrNever  = errors.New("directory: that account is never touched")
	ErrSo     = errors.New("directory: it is so already, so there is nothing to do, and nothing would be put back")
	ErrTaken  = errors.New("directory: a person moved the account meanwhile: it is theirs")
	ErrGone   = errors.New("directory: there is no such account any more")
	ErrAbsent = errors.New("directory: nobody is known by that name")
)

// Directory is the enforcement point. Make it with [New]; it is safe for concurrent use.
type Directory struct {
	config Config
	log    *slog.Logger
}

// New makes the enforcement point. It touches nothing.
func New(c Config, l *slog.Logger) *Directory { return &Directory{config: c, log: l} }

// memo is how it was before.
type memo struct {
	User  string `json:"user"` // objectGUID, in hex
	DN    string `json:"dn"`
	Group string `json:"group,omitempty"` // objectGUID
	Was   []byte `json:"was,omitempty"`   // the attribute; nil: there was none
}

// Try says step by step what an order would do, or why it would not be done. It asks the directory, and changes nothing.
func (d *Directory) Try(ctx context.Context, o Order) ([]string, error) {
	s, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	m, err := s.before(o)
	if err != nil {
		return nil, err
	}
	c, err := s.changeOf(o.Act, m)
	if err != nil {
		return nil, err
	}
	return append([]string{fmt.Sprintf("%s: %s", s.server, c.said)}, lasts(o.Act)), nil
}

// lasts is what an act does not do.
func lasts(act string) string {
	switch act {
	case DisableAccount:
		return "tickets that were given out stay good until they end (10 hours as shipped); Windows gives none on the ground of one older than 20 minutes"
	case RevokeSessions:
		return "nobody signs on with it; open shares are closed where the domain's policy closes them outside the hours; tickets stay good until they end (10 hours as shipped)"
	}
	return "who is signed on keeps the group's rights until the next sign-on, or until tickets end (10 hours as shipped)"
}

// Prepare says how it is before an order: what puts it back. It refuses what Try refuses.
func (d *Directory) Prepare(ctx context.Context, o Order) (string, error) {
	s, err := d.open(ctx)
	if err != nil {
		return "", err
	}
	defer s.close()
	m, err := s.before(o)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(m)
	return string(text), err
}

// Drive makes the orders so and puts the undone ones back. It returns why single ones could not be.
func (d *Directory) Drive(ctx context.Context, want, undo []Order) (refused map[uint64]error, err error) {
	s, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	refused = map[uint64]error{}
	for i, o := range slices.Concat(want, undo) {
		if err := s.drive(o, i < len(want)); err != nil {
			refused[o.ID] = fmt.Errorf("%s: %w", s.server, err)
		}
	}
	return refused, ctx.Err()
}

// drive makes one order so, or puts it back. What is as it should be is not touched.
func (s *session) drive(o Order, wanted bool) error {
	m, err := parse(o.Memo)
	switch {
	case err != nil:
		return err
	case m == nil && wanted:
		return fmt.Errorf("%w: it is not known how it was before", ErrOrder)
	case m == nil: // nothing was ever touched
		return nil
	}
	c, err := s.changeOf(o.Act, *m)
	switch {
	case err == nil && c.held == wanted:
		return nil
	case err == nil && wanted && c.never != nil:
		return c.never
	case err == nil && wanted:
		return s.apply(c.object, c.attribute, c.now, c.set)
	case err == nil:
		return s.apply(c.object, c.attribute, c.now, c.before)
	case !wanted && (errors.Is(err, ErrTaken) || errors.Is(err, ErrGone)):
		s.d.log.Info("an account was left as a person made it", "lease", o.ID, "account", m.DN, "why", err)
		return nil
	}
	return err
}

// Read says which of the orders are in force, by asking the directory; of which that could not be found out, why stands in unknown.
func (d *Directory) Read(ctx context.Context, orders []Order) (held map[uint64]bool, unknown map[uint64]error, err error) {
	s, err := d.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer s.close()
	held, unknown = map[uint64]bool{}, map[uint64]error{}
	for _, o := range orders {
		m, err := parse(o.Memo)
		if m == nil && err == nil {
			continue
		}
		var c change
		if err == nil {
			c, err = s.changeOf(o.Act, *m)
		}
		switch {
		case err == nil:
			held[o.ID] = c.held
		case !errors.Is(err, ErrTaken) && !errors.Is(err, ErrGone):
			unknown[o.ID] = err
		}
	}
	return held, unknown, ctx.Err()
}

// parse reads what Prepare said; nil: it said nothing.
func parse(text string) (*memo, error) {
	if text == "" {
		return nil, nil
	}
	m := &memo{}
	if err := json.Unmarshal([]byte(text), m); err != nil {
		return nil, fmt.Errorf("reading how it was before: %w", err)
	}
	return m, nil
}

// never refuses accounts that are never touched.
func (c *Config) never(e *ldap.Entry) error {
	sam, upn := e.GetAttributeValue("sAMAccountName"), e.GetAttributeValue("userPrincipalName")
	is := func(name string) bool {
		_, bare, found := strings.Cut(name, `\`)
		if !found {
			bare = name
		}
		local, _, _ := strings.Cut(bare, "@")
		return strings.EqualFold(bare, e.DN) || strings.EqualFold(bare, upn) || strings.EqualFold(local, sam)
	}
	why := ""
	switch rid := rid(e.GetRawAttributeValue("objectSid")); {
	case rid == 500, rid == 501:
		why = "it is built in"
	case rid == 502, strings.HasPrefix(strings.ToLower(sam), "krbtgt"):
		why = "every ticket of the domain depends on it"
	case e.GetAttributeValue("isCriticalSystemObject") == "TRUE":
		why = "the directory cannot be without it"
	case slices.ContainsFunc(e.GetAttributeValues("objectClass"), func(c string) bool { return strings.EqualFold(c, "computer") }):
		why = "it is a computer's"
	case is(c.Account):
		why = "it is Bulwark's own"
	case slices.ContainsFunc(c.Never, is):
		why = "directory.never names it"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s: %s", ErrNever, sam, why)
}
