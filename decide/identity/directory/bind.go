package directory

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

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

// Holder is the id of the account with a security identifier (MS-DTYP, 2.4.2) as it stands in the directory now; "" where nobody has it who is a
// person there and may sign in.
func (d *Directory) Holder(ctx context.Context, sid string, now time.Time) (id string, err error) {
	raw, err := binarySID(sid)
	if err != nil {
		return "", nil
	}
	s, err := d.open(ctx, mostBound)
	if err != nil {
		return "", err
	}
	defer s.end()
	filter := "(&(objectSid=" + ldap.EscapeFilter(string(raw)) + ")" + s.config.filter() + ")"
	got, err := s.c.Search(ldap.NewSearchRequest(s.config.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 2, 0, false, filter, []string{"objectGUID", "userAccountControl", "accountExpires"}, nil))
	if err != nil {
		return "", fmt.Errorf("%w: looking for an account at %s: %w", ErrAway, s.server, err)
	}
	if len(got.Entries) != 1 || disabled(got.Entries[0], now) {
		return "", nil
	}
	return hex.EncodeToString(got.Entries[0].GetRawAttributeValue("objectGUID")), nil
}

// binarySID is S-1-5-21-1-2-3-1104 as a directory keeps it: revision, number of parts, authority, parts (MS-DTYP, 2.4.2.2).
func binarySID(text string) ([]byte, error) {
	parts := strings.Split(text, "-")
	if len(parts) < 4 || len(parts) > 18 || parts[0] != "S" || parts[1] != "1" {
		return nil, errors.New("directory: no security identifier")
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return nil, err
	}
	b := []byte{1, byte(len(parts) - 3)}
	b = append(b, binary.BigEndian.AppendUint64(nil, authority)[2:]...)
	for _, p := range parts[3:] {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, err
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return b, nil
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
