package directory

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"bulwark/platform/ldaps"
	"bulwark/platform/web"
)

const (
	// mostRead is how many bytes a server may answer to one reading: 100,000 people with their groups.
	mostRead = 512 << 20
	// mostPeople and mostGroups are how many a directory may have.
	mostPeople = 100000
	mostGroups = 100000
	page       = 500 // entries in one answer (RFC 2696)
	// deepest is how far groups in groups are followed.
	deepest = 64
)

var (
	// ErrAway means that no server of the directory answers as it should.
	ErrAway = errors.New("directory: no server answers")
	// ErrEmpty means that nobody was found: a wrong base, a filter that takes nobody, an account that may not read.
	ErrEmpty = errors.New("directory: nobody was found")
	// ErrMany means more entries than are taken.
	ErrMany = errors.New("directory: too many entries")
)

// Account is a person as the directory has them.
type Account struct {
	ID       string // objectGUID or entryUUID: stays when they are renamed or moved
	DN       string
	Login    string
	Name     string
	Duties   []web.Duty // in order
	Roles    []string   // in order
	Units    []string   // in order
	Disabled bool       // there, or ended there
}

// Reading is what was read of a directory.
type Reading struct {
	Server   string
	Accounts []Account
	// Nameless counts entries without an id or a login.
	Nameless int
	// Unknown are the mappings whose group is not there.
	Unknown []string
	// Referred counts the places that it names other servers for. Nobody is asked there: whoever answers would be sent the account's password.
	Referred int
}

// Directory is one directory. It is safe for concurrent use; its zero value is none.
type Directory struct{ Config Config }

// session is being signed on at one server.
type session struct {
	config *Config
	server string
	c      *ldap.Conn
	// referred are the referrals that searches gave, told apart.
	referred map[string]bool
	end      func()
}

// open signs on at the first server that answers, as account.
func (d *Directory) open(ctx context.Context, most int) (*session, error) {
	password, err := d.Config.Password.Reveal()
	if err != nil {
		return nil, err
	}
	s, err := d.dial(ctx, most)
	if err != nil {
		return nil, err
	}
	if err := s.c.Bind(d.Config.Account, password); err != nil {
		s.end()
		return nil, fmt.Errorf("%w: signing on at %s as %s: %w", ErrAway, s.server, d.Config.Account, err)
	}
	return s, nil
}

// dial connects to the first server that answers.
func (d *Directory) dial(ctx context.Context, most int) (*session, error) {
	why := ErrAway
	for _, server := range d.Config.Servers {
		c, end, err := ldaps.Dial(ctx, server, d.Config.Authority, most)
		if err == nil {
			return &session{config: &d.Config, server: server, c: c, end: end, referred: map[string]bool{}}, nil
		}
		why = errors.Join(why, fmt.Errorf("%s: %w", server, err))
	}
	return nil, why
}

// Read reads everybody. now is what ended accounts are told by.
func (d *Directory) Read(ctx context.Context, now time.Time) (*Reading, error) {
	s, err := d.open(ctx, mostRead)
	if err != nil {
		return nil, err
	}
	defer s.end()
	groups, err := s.all(cmp.Or(s.config.Groups, s.config.Base), s.config.isGroup(), mostGroups, "cn", "sAMAccountName", "memberOf", "member", "uniqueMember", "memberUid")
	if err != nil {
		return nil, err
	}
	people, err := s.all(s.config.Base, s.config.filter(), mostPeople, append([]string{"objectGUID", "entryUUID", "sAMAccountName", "uid", "displayName", "cn", "memberOf",
		"userAccountControl", "accountExpires", "pwdAccountLockedTime"}, s.config.unitAttributes()...)...)
	if err != nil {
		return nil, err
	}
	r := &Reading{Server: s.server, Referred: len(s.referred)}
	m := newMembership(s.config, groups)
	for _, e := range people {
		a := s.config.account(e, m, now)
		if a.ID == "" || a.Login == "" {
			r.Nameless++
			continue
		}
		r.Accounts = append(r.Accounts, a)
	}
	if len(r.Accounts) == 0 {
		return nil, ErrEmpty
	}
	r.Unknown = m.unknown()
	return r, nil
}

func (c *Config) unitAttributes() []string {
	if c.UnitAttribute == "" {
		return nil
	}
	return []string{c.UnitAttribute}
}

// all reads what a filter takes, page by page.
func (s *session) all(base, filter string, most int, attributes ...string) ([]*ldap.Entry, error) {
	var all []*ldap.Entry
	paging := ldap.NewControlPaging(page)
	for {
		got, err := s.c.Search(ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, []ldap.Control{paging}))
		if err != nil {
			return nil, fmt.Errorf("%w: searching %s below %s at %s: %w", ErrAway, filter, base, s.server, err)
		}
		s.refer(got.Referrals)
		if all = append(all, got.Entries...); len(all) > most {
			return nil, fmt.Errorf("%w: more than %d of %s", ErrMany, most, filter)
		}
		next, ok := ldap.FindControl(got.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 {
			return all, nil
		}
		paging.SetCookie(next.Cookie)
	}
}

// mostReferred bounds the referrals that are told apart.
const mostReferred = 1000

// refer counts the places that a search was referred to (RFC 4511, 4.5.3). They are not followed.
func (s *session) refer(to []string) {
	for _, r := range to {
		if len(s.referred) < mostReferred {
			s.referred[r] = true
		}
	}
}

// account is what an entry says of a person.
func (c *Config) account(e *ldap.Entry, m *membership, now time.Time) Account {
	a := Account{DN: e.DN, Login: strings.ToLower(first(e, "sAMAccountName", "uid")), Name: first(e, "displayName", "cn"), Disabled: disabled(e, now)}
	if guid := e.GetRawAttributeValue("objectGUID"); len(guid) == 16 {
		a.ID = hex.EncodeToString(guid)
	} else {
		a.ID = strings.ToLower(e.GetAttributeValue("entryUUID"))
	}
	in := m.of(e)
	roles := m.gives(c.Roles, e.DN, in)
	a.Duties, a.Roles = split(roles)
	a.Units = m.gives(c.Units, e.DN, in)
	if c.UnitAttribute != "" {
		for _, v := range e.GetAttributeValues(c.UnitAttribute) {
			if u := unit(v); u != "" {
				a.Units = append(a.Units, u)
			}
		}
	}
	slices.Sort(a.Units)
	a.Units = slices.Compact(a.Units)
	return a
}

func first(e *ldap.Entry, names ...string) string {
	for _, n := range names {
		if v := strings.TrimSpace(e.GetAttributeValue(n)); v != "" {
			return v
		}
	}
	return ""
}

// unit is the value of an attribute as a unit is called: small letters, no space around, 63 bytes at most.
func unit(v string) string {
	v = strings.ToLower(strings.Join(strings.Fields(v), " "))
	for len(v) > 63 {
		v = v[:len(v)-1]
	}
	return strings.ToValidUTF8(v, "")
}

// disabled tells whether an account is disabled or has ended: ACCOUNTDISABLE of userAccountControl (MS-ADTS, 2.2.16), accountExpires in 100 ns
// since 1601 (MS-ADA1, 2.2), or what OpenLDAP's password policy locks for good (draft-behera-ldap-password-policy, 5.3.3).
func disabled(e *ldap.Entry, now time.Time) bool {
	if flags, err := strconv.ParseUint(e.GetAttributeValue("userAccountControl"), 10, 32); err == nil && flags&2 != 0 {
		return true
	}
	if ends, err := strconv.ParseInt(e.GetAttributeValue("accountExpires"), 10, 64); err == nil && ends > 0 && ends < 1<<62 {
		const to1970 = 11644473600
		if now.Unix() >= ends/1e7-to1970 {
			return true
		}
	}
	return e.GetAttributeValue("pwdAccountLockedTime") == "000001010000Z"
}

// Changed tells whether people or groups changed since mark, which Changed gave before; "" gives the first. It misses entries that are gone.
func (d *Directory) Changed(ctx context.Context, mark string) (next string, changed bool, err error) {
	s, err := d.open(ctx, 8<<20)
	if err != nil {
		return mark, false, err
	}
	defer s.end()
	of := "modifyTimestamp"
	if d.Config.ad() {
		of = "uSNChanged"
	}
	if next, err = s.mark(of); err != nil || mark == "" || d.Config.ad() && next == mark {
		return next, false, err
	}
	for _, x := range [][2]string{{s.config.Base, s.config.filter()}, {cmp.Or(s.config.Groups, s.config.Base), s.config.isGroup()}} {
		some, err := s.some(x[0], "(&"+x[1]+"("+of+">="+ldap.EscapeFilter(mark)+"))")
		if err != nil {
			return mark, false, err
		}
		changed = changed || some
	}
	return next, changed, nil
}

// some tells whether a filter takes anything.
func (s *session) some(base, filter string) (bool, error) {
	got, err := s.c.Search(ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 1, int(ldaps.Patience/time.Second), false, filter, []string{"1.1"}, nil))
	if ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("%w: looking for changes at %s: %w", ErrAway, s.server, err)
	}
	return len(got.Entries) > 0, nil
}

// mark is how far the directory is: the next number of Active Directory (MS-ADTS, 3.1.1.3.2.14), or the time,
// two minutes back for clocks that differ.
func (s *session) mark(of string) (string, error) {
	if of == "modifyTimestamp" {
		return time.Now().UTC().Add(-2 * time.Minute).Format("20060102150405Z"), nil
	}
	root, err := s.c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 0, false, "(objectClass=*)", []string{"highestCommittedUSN"}, nil))
	if err != nil || len(root.Entries) == 0 {
		return "", fmt.Errorf("%w: reading how far %s is: %w", ErrAway, s.server, err)
	}
	n, err := strconv.ParseUint(root.Entries[0].GetAttributeValue("highestCommittedUSN"), 10, 64)
	return strconv.FormatUint(n+1, 10), err
}
