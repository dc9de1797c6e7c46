package directory

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// accountDisable is the bit of userAccountControl that refuses an account (MS-ADTS §2.2.16, ADS_UF_ACCOUNT_DISABLE).
const accountDisable = 2

// hours are how many bytes logonHours has: a bit for each hour of the week.
const hours = 21

// change is one attribute that an act changes. Values that are nil are not there.
type change struct {
	object, attribute string
	held              bool   // it is so now
	now, set, before  []byte // its value, the one of the act, and the one that puts back
	never             error  // the account is not to be touched, whatever it was when the act began
	said              string
}

// before finds the account, and says how it is. What is so already is refused: it would not be ours to undo.
func (s *session) before(o Order) (memo, error) {
	e, err := s.account(o.User)
	if err != nil {
		return memo{}, err
	}
	if err := s.d.config.never(e); err != nil {
		return memo{}, err
	}
	m := memo{User: hex.EncodeToString(e.GetRawAttributeValue("objectGUID")), DN: e.DN}
	switch o.Act {
	case DisableAccount:
		m.Was = e.GetRawAttributeValue("userAccountControl")
	case RevokeSessions:
		m.Was = e.GetRawAttributeValue("logonHours")
	case RemoveGroup:
		g, err := s.group(o.Group)
		if err != nil {
			return memo{}, err
		}
		m.Group = hex.EncodeToString(g.GetRawAttributeValue("objectGUID"))
	}
	c, err := s.changeOf(o.Act, m)
	if err == nil && c.held {
		err = fmt.Errorf("%w: %s", ErrSo, e.DN)
	}
	return m, err
}

// changeOf is the change that an act makes of what was before, with how it is now.
func (s *session) changeOf(act string, m memo) (change, error) {
	e, err := s.byID(m.User)
	if err != nil {
		return change{}, err
	}
	if act != RemoveGroup && parent(e.DN) != parent(m.DN) {
		return change{}, fmt.Errorf("%w: from %s to %s", ErrTaken, m.DN, e.DN)
	}
	var c change
	switch act {
	case DisableAccount:
		c, err = disable(e)
	case RevokeSessions:
		c = refuse(e, m.Was)
	case RemoveGroup:
		c, err = s.leave(e, m.Group)
	default:
		err = fmt.Errorf("%w: %q is no act", ErrOrder, act)
	}
	c.never = s.d.config.never(e)
	return c, err
}

// disable sets one bit, and takes that bit away: others may change meanwhile.
func disable(e *ldap.Entry) (change, error) {
	now := e.GetAttributeValue("userAccountControl")
	n, err := strconv.ParseInt(now, 10, 32)
	if err != nil {
		return change{}, fmt.Errorf("%w: userAccountControl of %s is %q: is the account allowed to read it?", ErrOrder, e.DN, now)
	}
	text := func(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
	return change{object: e.DN, attribute: "userAccountControl", held: n&accountDisable != 0, now: []byte(now), set: text(n | accountDisable),
		before: text(n &^ accountDisable), said: fmt.Sprintf("%s: userAccountControl %d becomes %d (ACCOUNTDISABLE)", e.DN, n, n|accountDisable)}, nil
}

// refuse leaves no hour in which the account may sign on.
func refuse(e *ldap.Entry, was []byte) change {
	now, none := e.GetRawAttributeValue("logonHours"), make([]byte, hours)
	if len(now) == 0 {
		now = nil
	}
	if len(was) == 0 {
		was = nil
	}
	said := "every hour"
	if now != nil {
		said = hex.EncodeToString(now)
	}
	return change{object: e.DN, attribute: "logonHours", held: bytes.Equal(now, none), now: now, set: none, before: was,
		said: fmt.Sprintf("%s: logonHours, now %s, becomes no hour at all", e.DN, said)}
}

// leave takes an account out of a group. A group in which it is again was a person's doing.
func (s *session) leave(e *ldap.Entry, group string) (change, error) {
	g, err := s.byID(group)
	if err != nil {
		return change{}, fmt.Errorf("the group: %w", err)
	}
	in, err := s.member(g.DN, e.DN)
	c := change{object: g.DN, attribute: "member", held: !in, before: []byte(e.DN), said: fmt.Sprintf("%s: member loses %s", g.DN, e.DN)}
	if in {
		c.now = []byte(e.DN)
	}
	return c, err
}

// apply changes a value for another, if it is still the one that was read.
func (s *session) apply(object, attribute string, now, next []byte) error {
	r := ldap.NewModifyRequest(object, nil)
	if now != nil {
		r.Delete(attribute, []string{string(now)})
	}
	if next != nil {
		r.Add(attribute, []string{string(next)})
	}
	if err := s.c.Modify(r); err != nil {
		return fmt.Errorf("changing %s of %s: %w", attribute, object, err)
	}
	return nil
}

// parent is the place of an account in the tree.
func parent(dn string) string {
	d, err := ldap.ParseDN(dn)
	if err != nil || len(d.RDNs) == 0 {
		return dn
	}
	d.RDNs = d.RDNs[1:]
	return strings.ToLower(d.String())
}

// rid is the last number of a SID (MS-DTYP §2.4.2): 0 where there is none.
func rid(sid []byte) uint32 {
	if len(sid) < 12 {
		return 0
	}
	return binary.LittleEndian.Uint32(sid[len(sid)-4:])
}
