package identity

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"
	"github.com/uptrace/bun"

	"bulwark/decide/identity/directory"
	"bulwark/internal/directorytest"
	"bulwark/platform/conf"
	"bulwark/platform/ldaps"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

const (
	theirs  = "Soleil-vert-de-Rennes-7"
	crowd   = 2000
	people  = "OU=Personnel," + directorytest.Base
	groups  = "OU=Groupes," + directorytest.Base
	wardsOU = "OU=Urgences," + people
)

// domain is a hospital's Active Directory (Samba), as its administrator sees it.
type domain struct {
	*directorytest.Domain
	*ldap.Conn
	t *testing.T
}

func newDomain(t *testing.T) *domain {
	d := &domain{Domain: directorytest.New(t), t: t}
	d.signOn()
	return d
}

func (d *domain) signOn() {
	d.t.Helper()
	c, end, err := ldaps.Dial(context.Background(), "ldaps://"+directorytest.Address, d.Authority, 1<<30)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(end)
	c.SetTimeout(time.Minute)
	if err := c.Bind("administrator@"+strings.ToLower(directorytest.Realm), directorytest.Password); err != nil {
		d.t.Fatal(err)
	}
	d.Conn = c
}

func (d *domain) add(dn string, pairs ...string) {
	d.t.Helper()
	r := ldap.NewAddRequest(dn, nil)
	values := map[string][]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = append(values[pairs[i]], pairs[i+1])
	}
	for name, v := range values {
		r.Attribute(name, v)
	}
	if err := d.Add(r); err != nil {
		d.t.Fatalf("adding %s: %v", dn, err)
	}
}

func (d *domain) set(dn, name string, values ...string) {
	d.t.Helper()
	r := ldap.NewModifyRequest(dn, nil)
	r.Replace(name, values)
	if err := d.Modify(r); err != nil {
		d.t.Fatalf("setting %s of %s: %v", name, dn, err)
	}
}

// unicodePwd is a password as Active Directory takes it (MS-ADTS, 3.1.1.3.1.5).
func unicodePwd(password string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(`"` + password + `"`)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return string(out)
}

func dnOf(n int) string { return fmt.Sprintf("CN=Personne %04d,%s", n, wardsOU) }

// fill makes a hospital of people: doctors by a group in a group, nurses by their own.
func (d *domain) fill() {
	d.t.Helper()
	for _, ou := range []string{people, groups, wardsOU} {
		d.add(ou, "objectClass", "organizationalUnit")
	}
	var doctors, nurses []string
	for n := range crowd {
		d.add(dnOf(n), "objectClass", "user", "sAMAccountName", fmt.Sprintf("p%04d", n), "displayName", fmt.Sprintf("Prénom Nom-%04d", n), "userAccountControl", "544")
		if n%4 == 0 {
			doctors = append(doctors, dnOf(n))
		} else {
			nurses = append(nurses, dnOf(n))
		}
	}
	d.add("CN=GG-Urgentistes,"+groups, "objectClass", "group", "sAMAccountName", "GG-Urgentistes")
	d.add("CN=GG-Medecins,"+groups, "objectClass", "group", "sAMAccountName", "GG-Medecins", "member", "CN=GG-Urgentistes,"+groups)
	d.add("CN=GG-Soins,"+groups, "objectClass", "group", "sAMAccountName", "GG-Soins")
	d.set("CN=GG-Urgentistes,"+groups, "member", append(doctors, "CN=GG-Medecins,"+groups)...) // each in the other
	d.set("CN=GG-Soins,"+groups, "member", nurses...)
	for _, n := range []int{0, 1, 2, 3} {
		d.set(dnOf(n), "unicodePwd", unicodePwd(theirs))
		d.set(dnOf(n), "userAccountControl", "512")
	}
}

func (d *domain) config() directory.Config {
	return directory.Config{Name: "ad", Servers: []string{"ldaps://" + directorytest.Address}, Authority: d.Authority,
		Account: "administrator@" + strings.ToLower(directorytest.Realm), Password: conf.NewSecret(directorytest.Password), Base: people, Groups: groups,
		Roles: []directory.Mapping{{From: "GG-Medecins", To: "doctor"}, {From: "CN=GG-Soins," + groups, To: "nurse"}},
		Units: []directory.Mapping{{From: wardsOU, To: "urgences"}}}
}

func (s *site) read(confirmed bool) DirectoryView {
	s.t.Helper()
	v, err := s.SyncDirectory(s.t.Context(), "ad", ledger.Host, confirmed)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

func (s *site) row(login string) *personRow {
	s.t.Helper()
	p := &personRow{}
	if err := s.db.Read().NewSelect().Model(p).Where("login = ?", login).Scan(s.t.Context()); err != nil {
		s.t.Fatalf("%s: %v", login, err)
	}
	return p
}

// TestPeopleOfActiveDirectory takes a hospital of 2,000 through joining, moving and leaving, with a real domain controller.
func TestPeopleOfActiveDirectory(t *testing.T) {
	d := newDomain(t)
	d.fill()
	s := sqliteSite(t)
	admin := s.administrator()
	s.sources = newSources([]directory.Config{d.config()})
	if c := d.config(); c.Check() != nil {
		t.Error(c.Check())
	}
	begun := time.Now()
	v := s.read(false)
	fmt.Printf("RESULT directory_sync_s %.2f s\nRESULT directory_people_synced %d/%d share\n", time.Since(begun).Seconds(), v.Joined, crowd)
	if v.Joined != crowd || v.Active != crowd || v.Leaving != 0 || len(v.Unknown) != 0 {
		t.Fatalf("%+v", v)
	}
	if v = s.read(false); v.Moved != 0 || v.Joined != crowd {
		t.Errorf("read again, it changes something: %+v", v)
	}
	doctor, nurse := s.row("p0000"), s.row("p0001")
	if strings.Join(doctor.Roles, ",") != "doctor" || strings.Join(nurse.Roles, ",") != "nurse" || strings.Join(doctor.Units, ",") != "urgences" {
		t.Errorf("roles %q and %q, unit %q", doctor.Roles, nurse.Roles, doctor.Units)
	}

	b := s.browser()
	t.Run("somebody of the directory signs in with its password, and adds a second factor", func(t *testing.T) {
		for name, secret := range map[string]string{"an empty password": "", "one with a zero in it": theirs + "\x00", "a wrong one": "Soleil-vert-de-Rennes-8"} {
			want(t, name, b.form("/sign-in", "login", "p0000", "password", secret), http.StatusUnprocessableEntity)
		}
		want(t, "a login that is a filter", b.form("/sign-in", "login", "p*)(cn=*", "password", theirs), http.StatusUnprocessableEntity)
		if a := b.form("/sign-in", "login", "p0000", "password", theirs); a.to() != "/factors" {
			t.Fatalf("%d, to %q", a.StatusCode, a.to())
		}
		b.enrol("p0000")
		want(t, "being in", b.call("GET", "/api/me", nil, nil), http.StatusOK)
		want(t, "changing the password here", changes(b, theirs, another), http.StatusConflict)
		want(t, "a link for a new one", admin.call("POST", "/api/people/"+doctor.ID+"/reset", nil, nil), http.StatusConflict)
	})
	t.Run("whose password has expired is told so, once it was right", func(t *testing.T) {
		d.set(dnOf(3), "pwdLastSet", "0")
		if a := s.browser().form("/sign-in", "login", "p0003", "password", theirs); !strings.Contains(a.text, "expired") {
			t.Errorf("%d %.3000s", a.StatusCode, a.text)
		}
		if a := s.browser().form("/sign-in", "login", "p0003", "password", "wrong"); strings.Contains(a.text, "expired") {
			t.Error("a wrong password learns that the right one has expired")
		}
	})
	t.Run("who is renamed and moved stays the same person", func(t *testing.T) {
		d.set(dnOf(2), "sAMAccountName", "durand.p")
		if err := d.ModifyDN(ldap.NewModifyDNRequest(dnOf(2), "CN=Durand", true, people)); err != nil {
			t.Fatal(err)
		}
		before := s.row("p0002").ID
		s.read(false)
		if got := s.row("durand.p"); got.ID != before || len(got.Units) != 0 {
			t.Errorf("%+v", got)
		}
		if a := s.browser().form("/sign-in", "login", "durand.p", "password", theirs); a.to() != "/factors" {
			t.Errorf("signing in: %d to %q", a.StatusCode, a.to())
		}
	})
	t.Run("who is disabled there is out here, and comes back", func(t *testing.T) {
		mark, _, err := s.sources["ad"].Changed(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		d.set(dnOf(0), "userAccountControl", "514")
		if _, changed, err := s.sources["ad"].Changed(t.Context(), mark); err != nil || !changed {
			t.Errorf("the change is not seen: %v, %v", changed, err)
		}
		s.read(false)
		want(t, "the open session", b.call("GET", "/api/me", nil, nil), http.StatusUnauthorized)
		want(t, "signing in", b.form("/sign-in", "login", "p0000", "password", theirs), http.StatusUnprocessableEntity)
		d.set(dnOf(0), "userAccountControl", "512")
		s.read(false)
		if a := b.signIn("p0000", theirs, ""); a.to() != "/" {
			t.Errorf("back again: %d to %q", a.StatusCode, a.to())
		}
	})
	t.Run("many who are gone at once stay until somebody says so", func(t *testing.T) {
		for n := crowd - 250; n < crowd; n++ {
			if err := d.Del(ldap.NewDelRequest(dnOf(n), nil)); err != nil {
				t.Fatal(err)
			}
		}
		if v := s.read(false); v.Leaving != 250 || !s.row(fmt.Sprintf("p%04d", crowd-1)).Disabled.IsZero() {
			t.Errorf("%+v", v)
		}
		if v := s.read(true); v.Left != 250 || v.Leaving != 0 || s.row(fmt.Sprintf("p%04d", crowd-1)).Disabled.IsZero() {
			t.Errorf("confirmed: %+v", v)
		}
	})
	t.Run("who was invited before is joined by an administrator", func(t *testing.T) {
		d.add("CN=Rose,"+people, "objectClass", "user", "sAMAccountName", "rose", "displayName", "Rose Petit", "userAccountControl", "544")
		_, id := s.invited(admin, "rose", web.Reader)
		if v := s.read(false); strings.Join(v.Taken, ",") != "rose" || s.row("rose").Source != "" {
			t.Errorf("%+v", v)
		}
		want(t, "joining", admin.call("POST", "/api/directories/ad/adopt", map[string]string{"login": "rose"}, nil), http.StatusNoContent)
		if p := s.row("rose"); p.ID != id || p.Source != "ad" || words(p.Duties) != "reader" || p.Name != "Rose Petit" {
			t.Errorf("%+v", p)
		}
		want(t, "once more", admin.call("POST", "/api/directories/ad/adopt", map[string]string{"login": "rose"}, nil), http.StatusConflict)
		want(t, "the former password", s.browser().form("/sign-in", "login", "rose", "password", good), http.StatusUnprocessableEntity)
	})
	t.Run("somebody of the domain comes by the ticket of their workstation", func(t *testing.T) {
		here := *d
		here.t = t
		here.tickets(s)
	})
	t.Run("when the directory is gone, sessions go on and those who are known here sign in", func(t *testing.T) {
		d.Stop()
		want(t, "the open session", b.call("GET", "/api/me", nil, nil), http.StatusOK)
		want(t, "a password of the directory", s.browser().form("/sign-in", "login", "p0001", "password", theirs), http.StatusServiceUnavailable)
		want(t, "a login of nobody", s.browser().form("/sign-in", "login", "nobody", "password", theirs), http.StatusServiceUnavailable)
		if a := s.browser().signIn("alix", good, ""); a.to() != "/" {
			t.Errorf("the administrator: %d to %q", a.StatusCode, a.to())
		}
		if _, err := s.SyncDirectory(t.Context(), "ad", ledger.Host, true); err == nil || !s.row("p0001").Disabled.IsZero() {
			t.Errorf("%v, and p0001 may not sign in", err)
		}
		if v := s.Directories()[0]; v.Fault == "" {
			t.Errorf("%+v", v)
		}
		if !s.isDegraded(&sessionRow{Who: s.row("p0001")}) || s.isDegraded(&sessionRow{Who: s.row("alix")}) {
			t.Error("sessions of those whose directory is gone, and of no others, are to be marked")
		}
	})
	t.Run("when it is back, the time without it is told", func(t *testing.T) {
		var told []Outage
		s.came = func(o Outage) { told = append(told, o) }
		d.Domain.Start()
		s.read(true)
		s.read(true)
		if len(told) != 1 || told[0].What != "directory" || told[0].Name != "ad" || told[0].From.After(told[0].Until) {
			t.Errorf("told %+v", told)
		}
		if s.isDegraded(&sessionRow{Who: s.row("p0001")}) {
			t.Error("the session is marked still")
		}
	})
}

// TestTheLastAdministratorStays keeps Bulwark from being left alone by a directory.
func TestTheLastAdministratorStays(t *testing.T) {
	s := sqliteSite(t)
	s.administrator()
	s.sources = newSources([]directory.Config{{Name: "ad", Roles: []directory.Mapping{{From: "g", To: "administrator"}}}})
	of := s.sources["ad"]
	all := func(accounts ...directory.Account) {
		t.Helper()
		if err := s.take(t.Context(), of, &directory.Reading{Accounts: accounts}, ledger.Host, true); err != nil {
			t.Fatal(err)
		}
	}
	boss := directory.Account{ID: "1", Login: "boss", Name: "Boss", Duties: []web.Duty{web.Administrator}}
	all(boss)
	err := s.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*personRow)(nil)).Set("disabled = ?", s.clock.Now()).Where("login = 'alix'").Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	boss.Duties = nil
	all(boss)
	if p := s.row("boss"); words(p.Duties) != "administrator" {
		t.Errorf("duties = %q", p.Duties)
	}
	boss.Disabled = true
	all(boss)
	if p := s.row("boss"); !p.Disabled.IsZero() {
		t.Error("the last administrator is disabled")
	}
}
