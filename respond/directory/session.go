package directory

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"bulwark/platform/ldaps"
)

// mostRead is how many bytes a server may answer in one session.
const mostRead = 8 << 20

// session is being signed on at one server.
type session struct {
	d      *Directory
	server string
	base   string
	c      *ldap.Conn
	end    func()
}

// open signs on at the first server that answers.
func (d *Directory) open(ctx context.Context) (*session, error) {
	if len(d.config.Servers) == 0 {
		return nil, ErrOff
	}
	var why error
	for _, server := range d.config.Servers {
		s, err := d.signOn(ctx, server)
		if err == nil {
			return s, nil
		}
		why = errors.Join(why, fmt.Errorf("%s: %w", server, err))
	}
	return nil, why
}

func (d *Directory) signOn(ctx context.Context, server string) (_ *session, err error) {
	password, err := d.config.Password.Reveal()
	if err != nil {
		return nil, err
	}
	c, end, err := ldaps.Dial(ctx, server, d.config.Authority, mostRead)
	if err != nil {
		return nil, err
	}
	s := &session{d: d, server: server, base: d.config.Base, c: c, end: end}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := s.c.Bind(d.config.Account, password); err != nil {
		return nil, fmt.Errorf("signing on as %s: %w", d.config.Account, err)
	}
	if s.base == "" {
		root, err := s.search("", ldap.ScopeBaseObject, "(objectClass=*)", 1)
		if err != nil {
			return nil, err
		}
		s.base = root[0].GetAttributeValue("defaultNamingContext")
	}
	return s, nil
}

func (s *session) close() { s.end() }

// search looks for entries; there must be one at least.
func (s *session) search(base string, scope int, filter string, most int) ([]*ldap.Entry, error) {
	got, err := s.c.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, most+1, int(ldaps.Patience/time.Second), false, filter,
		[]string{"objectGUID", "objectSid", "objectClass", "sAMAccountName", "userPrincipalName", "userAccountControl", "logonHours", "isCriticalSystemObject", "defaultNamingContext"}, nil))
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded), err == nil && len(got.Entries) > most:
		return nil, fmt.Errorf("%w: several are called so", ErrOrder)
	case err != nil:
		return nil, fmt.Errorf("searching %s below %q: %w", filter, base, err)
	case len(got.Entries) == 0:
		return nil, ErrAbsent
	}
	return got.Entries, nil
}

// one finds the only entry that a filter takes.
func (s *session) one(filter, name string) (*ldap.Entry, error) {
	all, err := s.search(s.base, ldap.ScopeWholeSubtree, filter, 1)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	return all[0], nil
}

// account finds a person's account by a sign-on name. A domain before the name is not asked about; one after it must be this one, or
// the whole the account's own.
func (s *session) account(name string) (*ldap.Entry, error) {
	if _, bare, ok := strings.Cut(name, `\`); ok {
		name = bare
	}
	local, domain, at := strings.Cut(name, "@")
	match := "(sAMAccountName=" + ldap.EscapeFilter(name) + ")"
	if at {
		match = "(userPrincipalName=" + ldap.EscapeFilter(name) + ")"
		if strings.EqualFold(domain, s.domain()) {
			match = "(|" + match + "(sAMAccountName=" + ldap.EscapeFilter(local) + "))"
		}
	}
	return s.one("(&(objectClass=user)"+match+")", name)
}

// domain is the name of the domain: of DC=ad,DC=hospital,DC=example it is ad.hospital.example.
func (s *session) domain() string {
	d, err := ldap.ParseDN(s.base)
	if err != nil {
		return ""
	}
	var parts []string
	for _, r := range d.RDNs {
		if a := r.Attributes[0]; strings.EqualFold(a.Type, "DC") {
			parts = append(parts, a.Value)
		}
	}
	return strings.Join(parts, ".")
}

// group finds a group by its name or DN.
func (s *session) group(name string) (*ldap.Entry, error) {
	n := ldap.EscapeFilter(name)
	return s.one("(&(objectClass=group)(|(sAMAccountName="+n+")(cn="+n+")(distinguishedName="+n+")))", name)
}

// byID finds what was found before, wherever it is now.
func (s *session) byID(id string) (*ldap.Entry, error) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != 16 {
		return nil, fmt.Errorf("%w: %q is no objectGUID", ErrOrder, id)
	}
	e, err := s.one("(objectGUID="+ldap.EscapeFilter(string(raw))+")", id)
	if errors.Is(err, ErrAbsent) {
		return nil, ErrGone
	}
	return e, err
}

// member reports whether an account is in a group by that group's own list.
func (s *session) member(group, account string) (bool, error) {
	_, err := s.search(group, ldap.ScopeBaseObject, "(member="+ldap.EscapeFilter(account)+")", 1)
	if errors.Is(err, ErrAbsent) {
		return false, nil
	}
	return err == nil, err
}
