package directory

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// ErrExpired means that the password is right, and must be changed in the directory first.
var ErrExpired = errors.New("directory: the password has expired")

// mostBound is how many bytes a server may answer to one proof of a password.
const mostBound = 1 << 20

// Prove asks whether password is that of the account with this id. It looks where the account is now, so that a moved one still signs in. An
// empty password proves nothing, and is never sent: a server would take its sender for nobody and say yes (RFC 4513, 5.1.2).
func (d *Directory) Prove(ctx context.Context, id, password string) (bool, error) {
	if password == "" || strings.ContainsRune(password, 0) {
		return false, nil
	}
	s, err := d.open(ctx, mostBound)
	if err != nil {
		return false, err
	}
	defer s.end()
	dn, err := s.find(id)
	if err != nil || dn == "" {
		return false, err
	}
	err = s.c.Bind(dn, password)
	switch {
	case err == nil:
		return true, nil
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials):
		return false, expired(err)
	}
	return false, fmt.Errorf("%w: asking %s about a password: %w", ErrAway, s.server, err)
}

// expired is ErrExpired where Active Directory says that only the age of a password is wrong with it: 532 expired, 773 must be changed (system error
// codes in what it adds to invalidCredentials). It says so of right passwords alone.
func expired(err error) error {
	text := err.Error()
	if strings.Contains(text, "data 532,") || strings.Contains(text, "data 773,") {
		return ErrExpired
	}
	return nil
}

// find is the DN of the account with an id; "" where there is none.
func (s *session) find(id string) (string, error) {
	filter := "(entryUUID=" + ldap.EscapeFilter(id) + ")"
	if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 {
		filter = "(objectGUID=" + ldap.EscapeFilter(string(raw)) + ")"
	}
	got, err := s.c.Search(ldap.NewSearchRequest(s.config.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 2, 0, false, filter, []string{"1.1"}, nil))
	if err != nil {
		return "", fmt.Errorf("%w: looking for an account at %s: %w", ErrAway, s.server, err)
	}
	if len(got.Entries) != 1 {
		return "", nil
	}
	return got.Entries[0].DN, nil
}
